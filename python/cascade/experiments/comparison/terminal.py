"""A comparison on a terminal: parameters first, then outcomes, then the largest differences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cascade.experiments.comparison.compare import Comparison
from cascade.experiments.comparison.diverging import PARTING_HEADINGS, parting_rows
from cascade.experiments.comparison.words import (
    AT_ONCE_HEADINGS,
    IMPOSSIBLE_HEADINGS,
    at_once_rows,
    figures,
    impossible_rows,
    parameter_groups,
    positions_note,
)

__all__ = ["print_comparison"]

_MOST_NAMED = 40


def print_comparison(comparison: Comparison, *, page: Path | None = None, console: Console | None = None) -> None:
    """Print what was changed, what came of it, and how far the rows of both runs differ.

    Parameters
    ----------
    page : Path, optional
        The comparison's page, which names every position where a terminal has no room.
    """
    console = console or Console()
    parameters = _table("Parameters", "parameter", "baseline", "change", text=3)
    for group, rows in parameter_groups(comparison).items():
        parameters.add_row(f"[bold]{escape(group)}[/bold]", "", "")
        for row in rows:
            parameters.add_row(*map(escape, row))
    console.print(parameters)
    console.print(positions_note(comparison), markup=False, highlight=False)
    _positions(console, "Impossible under the change", IMPOSSIBLE_HEADINGS, impossible_rows(comparison), page)
    _positions(console, "Liquidatable at once under the change", AT_ONCE_HEADINGS, at_once_rows(comparison), page)
    outcomes = _table("Outcomes", "outcome", "baseline", "change", "difference")
    for outcome in comparison.outcomes:
        outcomes.add_row(outcome.name, *figures(outcome))
    console.print(outcomes)
    parting = parting_rows(comparison)
    if parting:
        links = _table("Where the two part", *PARTING_HEADINGS, text=len(PARTING_HEADINGS))
        for link in parting:
            links.add_row(*map(escape, link))
        console.print(links)
    for name, accounts in (("Saved", comparison.saved), ("Newly lost", comparison.newly_lost)):
        if accounts:
            console.print(f"{name}: {_names(accounts, page)}", markup=False, highlight=False)
    rows_table = _table("Rows", "table", "in both", "only baseline", "only change")
    for match in comparison.rows:
        rows_table.add_row(match.table, f"{match.both:,}", f"{match.only_baseline:,}", f"{match.only_change:,}")
    console.print(rows_table)
    columns = _table("Largest differences, over the rows in both", "table", "column", "unit", "rows", "largest", text=3)
    for column in comparison.columns:
        columns.add_row(column.table, column.column, column.unit, f"{column.rows_differing:,}", f"{column.largest:,}")
    console.print(columns)
    verdict = "the same in both runs" if comparison.is_identical else "NOT the same in both runs"
    console.print(f"Rows and columns compared: {verdict}", markup=False, highlight=False)
    pages = {"Baseline": comparison.baseline.folder / "report.html", "Change": comparison.change.folder / "report.html"}
    if page is not None:
        pages["Comparison"] = page
    for name, path in pages.items():
        console.print(f"{name}: {path}", markup=False, highlight=False, soft_wrap=True)


def _positions(
    console: Console, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], page: Path | None
) -> None:
    if not rows:
        return
    table = _table(f"{title}: {len(rows):,}", *headings, text=3)
    for row in rows[:_MOST_NAMED]:
        table.add_row(*map(escape, row))
    console.print(table)
    if len(rows) > _MOST_NAMED:
        console.print(f"... and {_rest(rows, page)}", markup=False, highlight=False)


def _names(accounts: Sequence[str], page: Path | None) -> str:
    shown = ", ".join(accounts[:_MOST_NAMED])
    return f"{shown} and {_rest(accounts, page)}" if len(accounts) > _MOST_NAMED else shown


def _rest(rows: Sequence[object], page: Path | None) -> str:
    return f"{len(rows) - _MOST_NAMED:,} more" + ("" if page is None else f", all named in {page}")


def _table(title: str, *headings: str, text: int = 1) -> Table:
    """A table whose first columns are text, the others figures."""
    table = Table(title=title, title_justify="left")
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="left" if position < text else "right", overflow="fold")
    return table
