"""Print a comparison on a terminal: parameters first, then outcomes, then the largest differences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cascade.experiments.comparison.divergence import DIVERGENCE_HEADINGS, divergence_rows
from cascade.experiments.comparison.result import Comparison
from cascade.experiments.comparison.words import (
    AT_ONCE_HEADINGS,
    IMPOSSIBLE_HEADINGS,
    at_once_rows,
    column_differences,
    figures,
    impossible_rows,
    parameter_groups,
    positions_note,
    row_counts,
)
from cascade.report.shared.figures import count
from cascade.report.shared.terminal import print_table, print_text

__all__ = ["print_comparison"]

_MOST_NAMED = 40
"""A terminal names this many positions at most; the page names all of them."""


def print_comparison(comparison: Comparison, *, page: Path | None = None, console: Console | None = None) -> None:
    """Print which parameters differ, how the outcomes differ, and how far the rows of both runs differ.

    Parameters
    ----------
    page : Path, optional
        The page of the comparison, which is referred to where a list is cut short, and whose path is printed last.
    """
    console = console or Console()
    _print_parameters(console, comparison)
    print_text(console, positions_note(comparison))
    _print_positions(console, "Impossible under the change", IMPOSSIBLE_HEADINGS, impossible_rows(comparison), page)
    _print_positions(console, "Liquidatable at once under the change", AT_ONCE_HEADINGS, at_once_rows(comparison), page)
    print_table(
        console,
        "Outcomes",
        ("outcome", "baseline", "change", "difference"),
        [(outcome.name, *figures(outcome)) for outcome in comparison.outcomes],
    )
    links = divergence_rows(comparison)
    if links:
        print_table(
            console, "Where the runs diverge", DIVERGENCE_HEADINGS, links, text_columns=len(DIVERGENCE_HEADINGS)
        )
    for name, accounts in (("Saved", comparison.saved), ("Newly lost", comparison.newly_lost)):
        if accounts:
            print_text(console, f"{name}: {_names(accounts, page)}")
    _print_differences(console, comparison)
    print_text(console, f"Baseline: {comparison.baseline.folder / 'report.html'}", wrap=False)
    print_text(console, f"Change: {comparison.change.folder / 'report.html'}", wrap=False)
    if page is not None:
        print_text(console, f"Comparison: {page}", wrap=False)


def _print_parameters(console: Console, comparison: Comparison) -> None:
    rows: list[tuple[str | Text, str, str]] = []
    for group, changes in parameter_groups(comparison).items():
        # A row without values is the heading of its group.
        rows.append((Text(group, style="bold"), "", ""))
        rows += changes
    print_table(console, "Parameters", ("parameter", "baseline", "change"), rows, text_columns=3)


def _print_differences(console: Console, comparison: Comparison) -> None:
    print_table(
        console,
        "Rows",
        ("table", "in both", "only baseline", "only change"),
        row_counts(comparison),
    )
    print_table(
        console,
        "Largest differences, over the rows in both",
        ("table", "column", "unit", "rows", "largest"),
        column_differences(comparison),
        text_columns=3,
    )
    verdict = "the same in both runs" if comparison.is_identical else "NOT the same in both runs"
    print_text(console, f"Rows and columns compared: {verdict}")


def _print_positions(
    console: Console, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], page: Path | None
) -> None:
    if not rows:
        return
    print_table(console, f"{title}: {count(len(rows))}", headings, rows[:_MOST_NAMED], text_columns=3)
    if len(rows) > _MOST_NAMED:
        print_text(console, f"... and {_rest(rows, page)}")


def _names(accounts: Sequence[str], page: Path | None) -> str:
    shown = ", ".join(accounts[:_MOST_NAMED])
    return f"{shown} and {_rest(accounts, page)}" if len(accounts) > _MOST_NAMED else shown


def _rest(rows: Sequence[object], page: Path | None) -> str:
    return f"{count(len(rows) - _MOST_NAMED)} more" + ("" if page is None else f", all named in {page}")
