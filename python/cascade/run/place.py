"""Check that results can be written, before a run spends minutes on making them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cascade.errors import CascadeError

__all__ = ["require_writable_file", "require_writable_folder"]

_LEAST_FREE_BYTES = 64 * 2**20
"""Free space that is asked for: several times what the largest shipped run takes."""


def require_writable_folder(folder: Path, *, option: str = "--out") -> None:
    """Check that a folder can be made and written to, without making it.

    Parameters
    ----------
    folder : Path
        The folder; it need not exist.
    option : str
        Option that names it, for the message.

    Raises
    ------
    CascadeError
        When it, or the folder above it that exists, is a file, is read-only, or lies on a full disk.
    """
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path))
    if not existing.is_dir():
        raise CascadeError(f"{option} = {folder}: {existing} is no folder: expected one, or a path to make one at")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise CascadeError(f"{option} = {folder}: {existing} cannot be written to: expected a folder that can")
    free = shutil.disk_usage(existing).free
    if free < _LEAST_FREE_BYTES:
        raise CascadeError(
            f"{option} = {folder}: {free // 2**20} MiB are free on its disk: expected at least "
            f"{_LEAST_FREE_BYTES // 2**20}"
        )


def require_writable_file(file: Path, *, option: str) -> None:
    """Check that a file can be written, in a folder that exists.

    Raises
    ------
    CascadeError
        When its folder is missing or cannot be written to, or when the path is that of a folder.
    """
    if file.is_dir():
        raise CascadeError(f"{option} = {file}: is a folder: expected the path of a file")
    if not file.absolute().parent.is_dir():
        raise CascadeError(f"{option} = {file}: {file.parent} does not exist: make that folder first")
    require_writable_folder(file.absolute().parent, option=option)
    if file.exists() and not os.access(file, os.W_OK):
        raise CascadeError(f"{option} = {file}: cannot be written to: expected a file that can")
