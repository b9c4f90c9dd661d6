"""`cascade contracts`: copy the Solidity sources that the package ships, for a contract of one's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from cascade.errors import CascadeError
from cascade.run.place import require_writable_folder
from cascade.toolchain.paths import shipped

__all__ = ["copy_contracts"]

_LEFT_OUT = shutil.ignore_patterns(".cache", "harness")
"""Libraries that ape has copied, and contracts that only tests deploy."""


def copy_contracts(folder: Path) -> None:
    """Copy the sources into a folder that is new or empty.

    Raises
    ------
    CascadeError
        When the folder has something in it, or cannot be written to. Nothing is left half-copied.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CascadeError(f"{folder}: expected a folder that is new or empty")
    require_writable_folder(folder, option="DIR")
    was_there = folder.is_dir()
    try:
        shutil.copytree(shipped() / "contracts", folder, ignore=_LEFT_OUT, dirs_exist_ok=True)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if was_there:
            folder.mkdir(exist_ok=True)
        raise
    count = sum(1 for _ in folder.rglob("*.sol"))
    click.echo(f"{folder}: {count} sources; a scenario deploys a changed one by its key `contract`")
