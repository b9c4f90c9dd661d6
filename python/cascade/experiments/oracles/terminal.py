"""Print a comparison of oracle designs on a terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from cascade.experiments.oracles.result import OracleComparison
from cascade.experiments.oracles.words import HEADINGS, design_row, oracle_note, recovery_note
from cascade.report.shared.terminal import print_table, print_text

__all__ = ["print_oracles"]


def print_oracles(comparison: OracleComparison, *, page: Path | None = None, console: Console | None = None) -> None:
    """Print one row of figures per design, below the recovery flow that every design shares.

    Parameters
    ----------
    page : Path, optional
        The page of the comparison, whose path is printed last.
    """
    console = console or Console()
    print_text(console, recovery_note(comparison))
    print_text(console, oracle_note(comparison))
    print_table(console, "Oracle designs", HEADINGS, [design_row(design) for design in comparison.designs])
    for design in comparison.designs:
        print_text(console, f"{design.name}: {design.run.folder / 'report.html'}", wrap=False)
    if page is not None:
        print_text(console, f"Comparison: {page}", wrap=False)
