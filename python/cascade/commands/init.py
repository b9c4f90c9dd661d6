"""`cascade init`: write a project of one's own, which works before its first line is changed."""

from __future__ import annotations

import string
from importlib.metadata import version
from pathlib import Path

import click

from cascade.errors import CascadeError
from cascade.run.place import require_writable_folder
from cascade.toolchain.paths import shipped
from cascade.toolchain.solc import SOLC_VERSION

__all__ = ["write_project"]

_TEMPLATES = Path(__file__).with_name("project")
_SUFFIX = ".template"
"""Keeps the templates out of the way of linters, type checkers and test runners."""
_DOT = "dot-"
"""Stands for the dot of a hidden file or folder, which packaging tools leave out."""
_AGENT = Path("scenarios") / "agents" / "panic_seller.py"
"""The example that docs/AGENTS.md explains: shipped with the scenarios, and taken over as it is."""


def write_project(folder: Path) -> None:
    """Write the files of a project into a folder that is new or empty, and say what to do next.

    Raises
    ------
    CascadeError
        When the folder has something in it, or cannot be written to. Nothing is left half-written.
    """
    if folder.exists() and not folder.is_dir():
        raise CascadeError(f"{folder}: is a file: expected a folder that is new or empty")
    if folder.is_dir() and any(folder.iterdir()):
        raise CascadeError(f"{folder}: is not empty: expected a folder that is new or empty")
    require_writable_folder(folder, option="DIR")
    _write_all(folder, _rendered(name=folder.resolve().name or "crash"))
    click.echo(f"{folder}: a project with a scenario, an agent and a test; next:")
    for line in (f"cd {folder}", "cascade replay scenarios/my-crash.yaml", "pytest"):
        click.echo(f"  {line}")


def _rendered(*, name: str) -> dict[Path, str]:
    """Return the text of every file by its path in the project."""
    values = {"name": name, "version": version("cascade-replay"), "solidity": SOLC_VERSION}
    found = {_AGENT: (shipped() / _AGENT).read_text(encoding="utf-8")}
    for template in sorted(_TEMPLATES.rglob(f"*{_SUFFIX}")):
        parts = template.relative_to(_TEMPLATES).parts
        path = Path(*(f".{part.removeprefix(_DOT)}" if part.startswith(_DOT) else part for part in parts))
        text = string.Template(template.read_text(encoding="utf-8")).substitute(values)
        found[path.with_name(path.name.removesuffix(_SUFFIX))] = text
    return found


def _write_all(folder: Path, texts: dict[Path, str]) -> None:
    made: list[Path] = []
    try:
        for path, text in texts.items():
            file = folder / path
            missing = [above for above in (file.parent, *file.parent.parents) if not above.exists()]
            for above in reversed(missing):
                above.mkdir()
                made.append(above)
            made.append(file)
            file.write_text(text, encoding="utf-8")
    except BaseException:
        for path in reversed(made):
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        raise
