"""Slither over the contracts: no finding of high or medium severity that `slither-accepted.toml` does not explain.

Slither's requirements do not fit beside ape's, so it has an environment of its own, `.venv-slither`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import solcx

from cascade.errors import CascadeError, ToolMissing
from cascade.toolchain.paths import forge_binary, project_root
from cascade.toolchain.solc import SOLC_VERSION

__all__ = ["accepted_findings", "main", "run_slither"]

_SEVERE = ("High", "Medium")
_SHOWN_LINES = 20


def run_slither(root: Path) -> dict[tuple[str, str], str]:
    """Findings of high and medium severity: (detector, `Contract.function`) -> what Slither says of it.

    Raises
    ------
    ToolMissing
        When Slither is not installed, or did not get to an answer.
    """
    slither = root / ".venv-slither" / "bin" / "slither"
    if not slither.is_file():
        raise ToolMissing(f"{slither.relative_to(root)}: not found: run `make check`, which installs it")
    environment = {
        **os.environ,
        "PATH": f"{forge_binary().parent}{os.pathsep}{os.environ['PATH']}",
        "FOUNDRY_SOLC": str(solcx.install.get_executable(SOLC_VERSION)),
        "FOUNDRY_OUT": ".build/slither/out",
        "FOUNDRY_CACHE_PATH": ".build/slither/cache",
    }
    # ape leaves the libraries it compiled with in contracts/.cache.
    elsewhere = "node_modules|contracts/.cache"
    command = [str(slither), ".", "--compile-force-framework", "foundry", "--filter-paths", elsewhere]
    command += ["--foundry-out-directory", ".build/slither/out", "--fail-none", "--json", "-"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if not done.stdout.startswith("{"):
        raise ToolMissing("slither: no answer:\n" + "\n".join(done.stderr.splitlines()[-_SHOWN_LINES:]))
    answer = json.loads(done.stdout)
    if not answer["success"]:
        raise ToolMissing(f"slither: {answer['error']}")
    severe = [found for found in answer["results"].get("detectors", []) if found["impact"] in _SEVERE]
    return {(found["check"], _place(found["elements"])): found["description"].strip() for found in severe}


def accepted_findings(path: Path) -> set[tuple[str, str]]:
    """(detector, `Contract.function`) of every finding that the file explains."""
    entries: Iterable[Mapping[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["accepted"]
    return {(entry["detector"], place) for entry in entries for place in entry["where"]}


def main() -> int:
    """Print what is new and what is no longer found; 0 when neither is."""
    root = project_root()
    path = root / "slither-accepted.toml"
    try:
        found, accepted = run_slither(root), accepted_findings(path)
    except CascadeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    new, gone = sorted(set(found) - accepted), sorted(accepted - set(found))
    for detector, place in new:
        print(f"error: {detector}: {place}: {found[detector, place]}", file=sys.stderr)
    for detector, place in gone:
        print(f"error: {path.name}: {detector} in {place} is explained, but no longer found", file=sys.stderr)
    return 1 if new or gone else 0


def _place(elements: list[dict[str, Any]]) -> str:
    """`Contract.function` of the first element of a finding; a local variable counts as its function."""
    element = elements[0]
    while element["type"] not in ("function", "contract"):
        element = element["type_specific_fields"]["parent"]
    if element["type"] == "contract":
        return str(element["name"])
    return f"{element['type_specific_fields']['parent']['name']}.{element['name']}"


if __name__ == "__main__":
    sys.exit(main())
