"""Run Slither, and refuse each finding of high or medium severity that `slither-accepted.toml` does not explain.

Slither's requirements do not fit beside ape's, so it has an environment of its own, `.venv-slither`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NotRequired, TypedDict

import solcx

from cascade.errors import CascadeError, ToolMissing
from cascade.toolchain.paths import forge_binary, project_root
from cascade.toolchain.solc import SOLC_VERSION

__all__ = ["accepted_findings", "main", "run_slither"]

_SEVERE = ("High", "Medium")
_SHOWN_LINES = 20


class _Fields(TypedDict):
    parent: _Element


class _Element(TypedDict):
    """A piece of source that a finding names; all but contracts have a parent."""

    type: str
    name: str
    type_specific_fields: _Fields


class _Finding(TypedDict):
    check: str
    impact: str
    description: str
    elements: list[_Element]


class _Results(TypedDict):
    detectors: NotRequired[list[_Finding]]


class _Answer(TypedDict):
    """Slither's JSON, as far as it is read here."""

    success: bool
    error: str | None
    results: _Results


class _Accepted(TypedDict):
    """One entry of `slither-accepted.toml`."""

    detector: str
    where: list[str]


def run_slither(root: Path) -> dict[tuple[str, str], str]:
    """Run Slither on a checkout and return its findings of high and medium severity.

    Returns
    -------
    dict of (str, str) to str
        Slither's description by detector and `Contract.function`.

    Raises
    ------
    ToolMissing
        When Slither is not installed, or did not finish.
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
    answer: _Answer = json.loads(done.stdout)
    if not answer["success"]:
        raise ToolMissing(f"slither: {answer['error']}")
    severe = [found for found in answer["results"].get("detectors", []) if found["impact"] in _SEVERE]
    return {(found["check"], _place(found["elements"])): found["description"].strip() for found in severe}


def accepted_findings(path: Path) -> set[tuple[str, str]]:
    """Return detector and `Contract.function` of every finding that the file explains."""
    entries: list[_Accepted] = tomllib.loads(path.read_text(encoding="utf-8"))["accepted"]
    return {(entry["detector"], place) for entry in entries for place in entry["where"]}


def main() -> int:
    """Print new findings and explained ones that are no longer found; return 1 when there is any, else 0."""
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


def _place(elements: list[_Element]) -> str:
    """Return `Contract.function` of the first element of a finding; a local variable counts as its function."""
    element = elements[0]
    while element["type"] not in ("function", "contract"):
        element = element["type_specific_fields"]["parent"]
    if element["type"] == "contract":
        return element["name"]
    return f"{element['type_specific_fields']['parent']['name']}.{element['name']}"


if __name__ == "__main__":
    sys.exit(main())
