"""Necessity on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cascade.experiments.necessity.examine import Necessity
from cascade.experiments.necessity.words import LINK_HEADINGS, SEED_HEADINGS, link_rows, seed_rows

__all__ = ["print_necessity"]


def print_necessity(found: Necessity, *, console: Console | None = None) -> None:
    """Print what the claim hangs on, and the whole chain seed by seed."""
    console = console or Console()
    console.print(f"The claim: expect.{found.claim}", markup=False, highlight=False)
    for title, headings, rows in (
        ("One change at a time", LINK_HEADINGS, link_rows(found)),
        ("The whole chain", SEED_HEADINGS, seed_rows(found)),
    ):
        table = Table(title=title, title_justify="left")
        for heading in headings:
            table.add_column(heading)
        for row in rows:
            table.add_row(*map(escape, row))
        console.print(table)
