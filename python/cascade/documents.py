"""Documents that are made from the code: written by `make docs`, and checked to be current."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["write_or_check"]


def write_or_check(file: Path, text: str, arguments: Sequence[str]) -> int:
    """Write a generated document, or with `--check` among the arguments only say whether it is current.

    Returns
    -------
    int
        Exit code: 1 for a document that is not current.
    """
    if "--check" not in arguments:
        file.write_text(text, encoding="utf-8")
        return 0
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"docs/{file.name}: is not what the code says: run `make docs`\n")
    return 1
