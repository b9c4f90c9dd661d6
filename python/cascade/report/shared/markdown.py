"""Write Markdown for governance posts: tables, and text that stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

__all__ = ["escaped", "markdown_table"]


def markdown_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, figures_from: int | None = None, is_escaped: bool = False
) -> Iterator[str]:
    """Yield the lines of a table, and an empty one after it.

    Parameters
    ----------
    figures_from : int, optional
        Number of the first column that holds figures, which are set to the right; None sets all to the left.
    is_escaped : bool
        Whether the cells are Markdown already, such as code or a link.
    """
    right = len(headings) if figures_from is None else figures_from
    yield "| " + " | ".join(headings) + " |"
    yield "|" + "|".join("---" if column < right else "---:" for column in range(len(headings))) + "|"
    for row in rows:
        yield "| " + " | ".join(cell if is_escaped else escaped(cell) for cell in row) + " |"
    yield ""


def escaped(text: str) -> str:
    """Return text in which no cell, tag, link or emphasis begins."""
    # Scenarios and their names come from strangers, and a line break would end the row of a table.
    return re.sub(r"([\\|<>\[\]`*_#&])", r"\\\1", " ".join(text.split()))
