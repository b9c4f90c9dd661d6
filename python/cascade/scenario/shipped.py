"""Find scenarios by name: those that the package ships need no path."""

from __future__ import annotations

from pathlib import Path

from cascade.errors import ScenarioError, unknown_name
from cascade.toolchain.paths import shipped

__all__ = ["is_bare_name", "scenario_file", "shipped_scenarios"]


def shipped_scenarios() -> dict[str, Path]:
    """Return the files of the scenarios that the package ships, by name in alphabetical order."""
    return {file.stem: file for file in sorted((shipped() / "scenarios").glob("*.yaml"))}


def is_bare_name(named: str) -> bool:
    """Return whether a text could be the name of a shipped scenario: neither a path nor a file with a suffix."""
    path = Path(named)
    return path.name == named and not path.suffix


def scenario_file(named: str | Path, *, beside: Path = Path(), file: str = "", key: str = "") -> Path:
    """Return the file of a scenario, given as a path or as the bare name of a shipped one, such as `october-2025`.

    Parameters
    ----------
    beside : Path
        Folder that a relative path starts from. A file in it precedes a shipped scenario of the same name.
    file, key : str
        Where the name was given, for the message; empty on the command line.

    Raises
    ------
    ScenarioError
        When a bare name is neither a file nor the name of a shipped scenario.
    """
    path = beside / named
    if path.is_file() or not is_bare_name(str(named)):
        return path
    known = shipped_scenarios()
    if str(named) in known:
        return known[str(named)]
    expected = f"no such file, and {unknown_name('scenario', str(named), known)}"
    raise ScenarioError(file=file or str(named), key=key, value=named if file else None, expected=expected)
