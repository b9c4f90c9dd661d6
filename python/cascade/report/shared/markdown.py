"""Markdown for governance posts: tables, and text that stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

__all__ = ["escaped", "markdown_table"]


def markdown_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, figures_from: int | None = None, is_escaped: bool = False
) -> Iterator[str]:
    """A table's lines and an empty one.

    Parameters
    ----------
    figures_from : int, optional
        First column set to the right.
    is_escaped : bool
        Whether the cells are Markdown already.
    """
    right = len(headings) if figures_from is None else figures_from
    yield "| " + " | ".join(headings) + " |"
    yield "|" + "|".join("---" if column < right else "---:" for column in range(len(headings))) + "|"
    for row in rows:
        yield "| " + " | ".join(cell if is_escaped else escaped(cell) for cell in row) + " |"
    yield ""


def escaped(text: str) -> str:
    """Text that stays text: no cell, tag, link or emphasis begins in it."""
    return re.sub(r"([\\|<>\[\]`*_#&])", r"\\\1", " ".join(text.split()))
