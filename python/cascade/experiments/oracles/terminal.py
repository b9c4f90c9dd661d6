"""Oracle designs on a terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cascade.experiments.oracles.compare import OracleComparison
from cascade.experiments.oracles.words import HEADINGS, design_row, oracle_note, recovery_note

__all__ = ["print_oracles"]


def print_oracles(comparison: OracleComparison, *, page: Path | None = None, console: Console | None = None) -> None:
    """Print a row for each design under the flow that holds in all of them."""
    console = console or Console()
    console.print(recovery_note(comparison), markup=False, highlight=False)
    console.print(oracle_note(comparison), markup=False, highlight=False)
    table = Table(title="Oracle designs", title_justify="left")
    for position, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="right" if position else "left", overflow="fold")
    for design in comparison.designs:
        table.add_row(*map(escape, design_row(design)))
    console.print(table)
    for design in comparison.designs:
        console.print(
            f"{design.name}: {design.run.folder / 'report.html'}", markup=False, highlight=False, soft_wrap=True
        )
    if page is not None:
        console.print(f"Comparison: {page}", markup=False, highlight=False, soft_wrap=True)
