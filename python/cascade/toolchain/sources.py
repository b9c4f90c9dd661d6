"""Tell whether the compiled contracts of a checkout are those of its sources, and whether two packages are the same.

This module imports the standard library alone: the build of the package reads it before its requirements are installed.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

__all__ = ["compiled_file", "compiled_of", "package_sha256", "sources_sha256"]

_PACKAGE = Path(__file__).resolve().parents[1]


def compiled_file(root: Path) -> Path:
    """Return the file of a checkout that holds its compiled contracts; it need not exist."""
    return root / ".build" / "contracts.json"


def compiled_of(file: Path, *, sources: str | None) -> dict[str, dict[str, object]] | None:
    """Return the compiled contracts of a file by name, each with its `abi`, `bytecode` and `source`.

    Parameters
    ----------
    sources : str, optional
        The hash of the sources that they must have been compiled from; None accepts any.

    Returns
    -------
    dict, optional
        None where the file is missing, is damaged, or was compiled from other sources.
    """
    try:
        found = json.loads(file.read_text(encoding="ascii"))
        contracts: dict[str, dict[str, object]] = found["contracts"]
        stated = found["sources_sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return contracts if sources is None or sources == stated else None


def sources_sha256(root: Path) -> str:
    """Return the hash over everything that decides the bytecode of a checkout's contracts, in hex."""
    digest = hashlib.sha256()
    # The configuration sets the compiler and its optimiser, the lock file the version of OpenZeppelin.
    files = [root / "ape-config.yaml", root / "package-lock.json", *sorted((root / "contracts").rglob("*.sol"))]
    for file in files:
        relative = file.relative_to(root).as_posix()
        # ape copies the libraries that it compiled with into contracts/.cache.
        if "/.cache/" not in relative:
            digest.update(f"{relative}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def package_sha256(folder: Path = _PACKAGE) -> str:
    """Return the hash over the Python source of a package, in hex: the same in a checkout and where it is installed."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(f"{file.relative_to(folder).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()
