"""Endogeneity on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cascade.experiments.endogeneity.examine import Endogeneity
from cascade.experiments.endogeneity.words import (
    CRITERIA_HEADINGS,
    QUANTILE_HEADINGS,
    RUN_HEADINGS,
    criteria_rows,
    quantile_rows,
    run_rows,
)

__all__ = ["print_endogeneity"]


def print_endogeneity(found: Endogeneity, *, console: Console | None = None) -> None:
    """Print the criteria, the quantiles over the seeds and the sensitivity table."""
    console = console or Console()
    console.print(f"Market: {found.market}", markup=False, highlight=False)
    for title, headings, rows in (
        ("Caused from within?", CRITERIA_HEADINGS, criteria_rows(found)),
        (f"Over {len(found.seeds)} seeds, with intervals of 95 % confidence", QUANTILE_HEADINGS, quantile_rows(found)),
        ("What each parameter moves", RUN_HEADINGS, run_rows(found)),
    ):
        console.print(_table(title, headings, rows))
    console.print("Intervals: order statistics by the binomial distribution; a dash: too few seeds to bound that end")


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="right" if position else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table
