"""Build the package with setuptools, and add what stands outside its Python code.

A wheel brings the contracts compiled, so that who installs it needs no compiler. They are taken from the checkout where
`make setup` has compiled them, and compiled first where their sources are newer: only then does the build itself need
ape, npm and solc, which it asks for. An editable installation reads all of it from the checkout.
"""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)
from setuptools.command.build_py import build_py

__all__ = [
    "BuildPackage",
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

_LISTS = ("package.json", "package-lock.json", "requirements-node.lock")
"""The lists from which `cascade setup` installs."""
_PLOTS = ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE")
"""What a page takes of uPlot: who installs the package needs no npm to draw one."""
_HARNESS = "contracts/harness/"
"""Contracts that only tests deploy: no run depends on them, and the package leaves them out."""


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    """Return what the build needs: setuptools alone, unless contracts have to be compiled."""
    found: list[str] = build_meta.get_requires_for_build_wheel(config_settings)
    if _compiled() is not None:
        return found
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*found, *project["dependencies"]]


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    """Build the wheel, after compiling contracts whose sources have changed."""
    if _compiled() is None:
        from cascade.commands.setup import set_up_checkout

        set_up_checkout()
    # setuptools would take over what an earlier build has left there, files that have been removed since included.
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    name: str = build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)
    return name


class BuildPackage(build_py):
    """Copies the Python code, and beside it what the package ships: contracts, scenarios, and npm's lists."""

    def run(self) -> None:
        """Build the package's folder."""
        super().run()
        compiled = _compiled()
        if self.editable_mode or compiled is None:
            return
        shipped = Path(self.build_lib) / "cascade" / "shipped"
        shutil.copytree(ROOT / "scenarios", shipped / "scenarios", ignore=shutil.ignore_patterns("__pycache__"))
        # Sources, for contracts of users that derive from them; `.cache` is ape's.
        shutil.copytree(ROOT / "contracts", shipped / "contracts", ignore=shutil.ignore_patterns(".cache", "harness"))
        for name in _LISTS:
            shutil.copyfile(ROOT / name, shipped / name)
        (shipped / "uplot").mkdir()
        for name in _PLOTS:
            file = ROOT / "node_modules" / "uplot" / name
            if not file.is_file():
                raise SystemExit(f"{file}: is missing, and pages are drawn with it: run `make setup`")
            shutil.copyfile(file, shipped / "uplot" / file.name)
        contracts = {name: entry for name, entry in compiled.items() if not str(entry["source"]).startswith(_HARNESS)}
        text = json.dumps({"sources_sha256": _sources(), "contracts": contracts}, separators=(",", ":"))
        (shipped / "contracts.json").write_text(text, encoding="ascii")


def _sources() -> str:
    from cascade.toolchain.sources import sources_sha256

    return sources_sha256(ROOT)


def _compiled() -> dict[str, dict[str, object]] | None:
    """Return the compiled contracts of the checkout; None where they have to be compiled."""
    from cascade.toolchain.sources import compiled_file, compiled_of

    return compiled_of(compiled_file(ROOT), sources=_sources())
