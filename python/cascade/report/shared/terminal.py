"""Print tables and lines of text on a terminal, for every command."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

__all__ = ["print_pairs", "print_table", "print_text"]


def print_table(
    console: Console,
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    *,
    text_columns: int = 1,
) -> None:
    """Print a table; cells that are too wide for the terminal are folded, never cut.

    Parameters
    ----------
    rows : sequence
        One sequence of cells per row. A string is shown as it is, brackets included; a `Text` brings its own style.
    text_columns : int
        How many of the first columns hold text, set to the left; the others hold figures, set to the right.
    """
    table = Table(title=escape(title), title_justify="left")
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="left" if position < text_columns else "right", overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) if isinstance(cell, str) else cell for cell in row))
    console.print(table)


def print_pairs(console: Console, title: str, pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and their values as a table of two columns without headings."""
    table = Table(title=escape(title), title_justify="left", show_header=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(escape(name), escape(value))
    console.print(table)


def print_text(console: Console, text: str, *, wrap: bool = True) -> None:
    """Print text as it is.

    Parameters
    ----------
    wrap : bool
        Whether lines are broken between words at the terminal's width. Paths are not, so that they can be copied.
    """
    console.print(text, markup=False, highlight=False, soft_wrap=not wrap)
