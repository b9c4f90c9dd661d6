"""A comparison on a terminal: parameters first, then outcomes, then the largest differences."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from cascade.experiments.compare import Comparison, Outcome

__all__ = ["print_comparison"]


def print_comparison(comparison: Comparison, *, console: Console | None = None) -> None:
    """Print what was changed, what came of it, and how far the rows of both runs differ."""
    console = console or Console()
    parameters = _table("Parameters", "parameter", "baseline", "change", text=3)
    for changed in comparison.parameters:
        parameters.add_row(changed.key, _text(changed.baseline), _text(changed.change))
    console.print(parameters)
    outcomes = _table("Outcomes", "outcome", "baseline", "change", "difference")
    for outcome in comparison.outcomes:
        outcomes.add_row(outcome.name, *_figures(outcome))
    console.print(outcomes)
    rows = _table("Rows", "table", "in both", "only baseline", "only change")
    for match in comparison.rows:
        rows.add_row(match.table, f"{match.both:,}", f"{match.only_baseline:,}", f"{match.only_change:,}")
    console.print(rows)
    columns = _table("Largest differences, over the rows in both", "table", "column", "unit", "rows", "largest", text=3)
    for column in comparison.columns:
        columns.add_row(column.table, column.column, column.unit, f"{column.rows_differing:,}", f"{column.largest:,}")
    console.print(columns)
    verdict = "the same in both runs" if comparison.is_identical else "NOT the same in both runs"
    console.print(f"Rows and columns compared: {verdict}", markup=False, highlight=False)
    for name, run in (("Baseline", comparison.baseline), ("Change", comparison.change)):
        console.print(f"{name}: {run.folder / 'report.html'}", markup=False, highlight=False, soft_wrap=True)


def _table(title: str, *headings: str, text: int = 1) -> Table:
    """A table whose first columns are text, the others figures."""
    table = Table(title=title, title_justify="left")
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="left" if position < text else "right", overflow="fold")
    return table


def _text(value: str | None) -> str:
    return "-" if value is None else value


def _figures(outcome: Outcome) -> tuple[str, str, str]:
    difference = None
    if outcome.baseline is not None and outcome.change is not None:
        difference = outcome.change - outcome.baseline
    first, second, third = (_number(value, outcome.unit) for value in (outcome.baseline, outcome.change, difference))
    return first, second, third


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "USD":
        return f"{value:,.2f}"
    return f"{value:.6f}" if unit else f"{value:,.0f}"
