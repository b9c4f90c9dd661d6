"""Print a comparison over seeds on a terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from cascade.experiments.seeds.result import SeedsComparison
from cascade.experiments.seeds.words import (
    DIFFERENCE_HEADINGS,
    LOSS_HEADINGS,
    VERDICT_HEADINGS,
    difference_rows,
    headlines,
    loss_rows,
    unchanged_words,
    verdict_rows,
)
from cascade.report.shared.terminal import print_table, print_text

__all__ = ["print_seeds"]


def print_seeds(found: SeedsComparison, *, files: tuple[Path, ...] = (), console: Console | None = None) -> None:
    """Print what the change does to the main figures, the verdicts, and every difference; then the files written."""
    console = console or Console()
    for sentence in headlines(found):
        print_text(console, sentence)
    if found.verdicts:
        print_table(console, "verdicts", VERDICT_HEADINGS, verdict_rows(found))
    print_table(console, f"over {len(found.seeds)} seeds", DIFFERENCE_HEADINGS, list(difference_rows(found)))
    if unchanged_words(found):
        print_text(console, unchanged_words(found))
    losses = list(loss_rows(found))
    if losses:
        print_table(console, "losses", LOSS_HEADINGS, losses)
    for file in files:
        print_text(console, str(file), wrap=False)
