"""`cascade doctor`: what is there of the tools that cascade starts, and the command that installs what is missing."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from cascade.chain.artifacts import load_artifacts
from cascade.errors import CascadeError, ToolMissing
from cascade.run.place import require_writable_folder
from cascade.scenario.shipped import shipped_scenarios
from cascade.toolchain.aave import aave_modules
from cascade.toolchain.npm import find_node
from cascade.toolchain.paths import (
    FOUNDRY_VERSION,
    OPENZEPPELIN_VERSION,
    anvil_binary,
    cache_folder,
    checkout,
    forge_binary,
    openzeppelin_folder,
    setup_command,
    shipped,
)
from cascade.toolchain.solc import SOLC_VERSION, solc_binary

__all__ = ["Finding", "SomethingMissing", "examine", "show_findings"]

_PYTHONS = ((3, 11), (3, 12))
_PACKAGES = ("eth-ape", "ape-foundry", "ape-solidity", "py-solc-x", "pandas", "numpy", "pyarrow", "pydantic")


class SomethingMissing(CascadeError):
    """Raised when something is missing without which no scenario runs."""

    exit_code = 1


@dataclass(frozen=True)
class Finding:
    """The state of one thing that cascade uses.

    Attributes
    ----------
    name : str
        What it is.
    found : str
        Version and place, or why it cannot be used.
    is_there : bool
        Whether it can be used.
    needed_for : str
        What needs it; empty where every run does.
    remedy : str
        What installs it, as a sentence; empty where it is there.
    """

    name: str
    found: str
    is_there: bool = True
    needed_for: str = ""
    remedy: str = ""

    @property
    def word(self) -> str:
        """`ok`, `missing`, or `optional` where only some uses of cascade need what is missing."""
        return "ok" if self.is_there else "optional" if self.needed_for else "missing"


def show_findings(out: Path) -> None:
    """Print the state of everything that cascade uses, a line each.

    Parameters
    ----------
    out : Path
        Folder that runs are to be written to.

    Raises
    ------
    SomethingMissing
        After everything is printed, when something is missing without which no scenario runs.
    """
    findings = examine(out)
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        use = f"  (for {finding.needed_for})" if finding.needed_for and not finding.is_there else ""
        remedy = f": {finding.remedy}" if finding.remedy else ""
        click.echo(f"{finding.word:<8}  {finding.name:<{width}}  {finding.found}{remedy}{use}")
    missing = [finding.name for finding in findings if finding.word == "missing"]
    if missing:
        raise SomethingMissing(f"missing: {', '.join(missing)}; the lines above say what helps")


def examine(out: Path) -> list[Finding]:
    """Return the state of everything that cascade uses; nothing is installed, written or downloaded."""
    return [
        _package(),
        _python(),
        _tool("anvil", lambda: f"{FOUNDRY_VERSION}  {anvil_binary()}"),
        _tool("contracts", _contracts),
        _tool("scenarios", _scenarios),
        _folder("results", out, "--out"),
        _folder("temporary files", Path(tempfile.gettempdir()), "TMPDIR"),
        *(Finding(name, importlib.metadata.version(name)) for name in _PACKAGES),
        _tool("solc", lambda: f"{SOLC_VERSION}  {_solc()}", needed_for="contracts of your own"),
        _tool("OpenZeppelin", _openzeppelin, needed_for="contracts of your own"),
        _node(),
        _tool("forge", lambda: f"{FOUNDRY_VERSION}  {forge_binary()}", needed_for="property tests of contracts"),
        _tool("Aave V3.6", lambda: str(aave_modules()), needed_for="lending.engine: aave-v3"),
        _in_process_engine(),
        _folder("cache", cache_folder(), "XDG_CACHE_HOME", needed_for="cascade setup"),
    ]


def _package() -> Finding:
    root = checkout()
    place = f"the checkout {root}" if root is not None else str(Path(__file__).parents[1])
    return Finding("cascade", f"{importlib.metadata.version('cascade-replay')}  {place}")


def _python() -> Finding:
    found = f"{platform.python_version()}  {sys.executable}"
    if sys.version_info[:2] in _PYTHONS:
        return Finding("python", found)
    return Finding("python", found, is_there=False, remedy="use Python 3.11 or 3.12")


def _tool(name: str, look: Callable[[], str], *, needed_for: str = "") -> Finding:
    try:
        return Finding(name, look())
    except CascadeError as error:
        # The message names the command that helps.
        return Finding(name, " ".join(str(error).split()), is_there=False, needed_for=needed_for)


def _contracts() -> str:
    contracts = [artifact for artifact in load_artifacts().values() if artifact.bytecode != "0x"]
    return f"{len(contracts)} compiled"


def _scenarios() -> str:
    if not shipped_scenarios():
        raise ToolMissing(f"{shipped() / 'scenarios'}: has no scenario: install the package again")
    return f"{len(shipped_scenarios())}: {', '.join(shipped_scenarios())}"


def _folder(name: str, folder: Path, option: str, *, needed_for: str = "") -> Finding:
    try:
        require_writable_folder(folder, option=option)
    except CascadeError as error:
        return Finding(name, str(error), is_there=False, needed_for=needed_for)
    return Finding(name, f"{folder.absolute()} can be written to")


def _solc() -> Path:
    binary = solc_binary()
    if binary is None:
        raise ToolMissing(f"solc {SOLC_VERSION}: not installed: run {setup_command()}")
    try:
        subprocess.run([str(binary), "--version"], capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolMissing(f"{binary}: does not run ({error}): remove it, and run {setup_command()}") from error
    return binary


def _openzeppelin() -> str:
    folder = openzeppelin_folder()
    if folder is None:
        raise ToolMissing(f"not installed: run {setup_command()}")
    return f"{OPENZEPPELIN_VERSION}  {folder}"


def _node() -> Finding:
    tools, needed_for = find_node(), "cascade setup, which brings one where it is missing"
    if tools is None:
        return Finding("node", "not found", is_there=False, needed_for=needed_for, remedy=f"run {setup_command()}")
    try:
        done = subprocess.run([tools[1], "--version"], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("node", f"{tools[1]}: does not run ({error})", is_there=False, needed_for=needed_for)
    return Finding("node", f"{done.stdout.strip()}  {tools[1]}")


def _in_process_engine() -> Finding:
    try:
        return Finding("pyrevm", importlib.metadata.version("pyrevm"))
    except importlib.metadata.PackageNotFoundError:
        remedy = "run `pip install 'cascade-replay[revm]'`"
        return Finding("pyrevm", "not installed", is_there=False, needed_for="chain.engine: revm", remedy=remedy)
