"""Print the outcome of an examination of endogeneity on a terminal."""

from __future__ import annotations

from rich.console import Console

from cascade.experiments.endogeneity.result import Endogeneity
from cascade.experiments.endogeneity.words import (
    CRITERIA_HEADINGS,
    QUANTILE_HEADINGS,
    RUN_HEADINGS,
    criteria_rows,
    quantile_rows,
    run_rows,
)
from cascade.report.shared.figures import counted
from cascade.report.shared.terminal import print_table, print_text

__all__ = ["print_endogeneity"]


def print_endogeneity(found: Endogeneity, *, console: Console | None = None) -> None:
    """Print the criteria, the quantiles over the seeds, and how far each parameter moves the trough."""
    console = console or Console()
    print_text(console, f"Market: {found.market}")
    print_table(console, "Is the crash endogenous?", CRITERIA_HEADINGS, criteria_rows(found))
    print_table(
        console,
        f"Over {counted(len(found.seeds), 'seed')}, with intervals of 95 % confidence",
        QUANTILE_HEADINGS,
        quantile_rows(found),
    )
    print_table(console, "Sensitivity to each parameter", RUN_HEADINGS, run_rows(found))
    print_text(
        console,
        "Intervals are pairs of order statistics, chosen by the binomial distribution. A dash stands for an end that "
        "too few seeds bound.",
    )
