"""Word the outcome of an examination of endogeneity: the same rows for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.experiments.endogeneity.result import Endogeneity, RunFigures
from cascade.report.shared.figures import NOTHING, number
from cascade.report.shared.markdown import escaped, markdown_table
from cascade.scenario.tree import shown

__all__ = [
    "CRITERIA_HEADINGS",
    "QUANTILE_HEADINGS",
    "RUN_HEADINGS",
    "criteria_rows",
    "endogeneity_markdown",
    "quantile_rows",
    "run_rows",
]

CRITERIA_HEADINGS = ("claim", "outcome", "holds")
QUANTILE_HEADINGS = ("over seeds", "median", "95 %", "99 %")
RUN_HEADINGS = ("run", "trough", "against baseline", "liquidations", "deficit, USD")

_QUANTILES = (
    ("fall, USD", "fall_usd", "USD each"),
    ("deficit, USD", "deficit_usd", "USD"),
    ("shortfall at oracle, USD", "shortfall_oracle_usd", "USD"),
    ("shortfall at exit, USD", "shortfall_exit_usd", "USD"),
)


def criteria_rows(found: Endogeneity) -> list[tuple[str, str, str]]:
    """Return a row per criterion of an endogenous crash."""
    # In capitals, because a criterion that fails decides the examination.
    return [(criterion.claim, criterion.outcome, "yes" if criterion.met else "NO") for criterion in found.criteria]


def quantile_rows(found: Endogeneity) -> list[tuple[str, ...]]:
    """Return a row per figure: its quantiles over the seeds, each with its interval.

    An end of an interval is a dash where there are too few seeds to bound it.
    """
    rows = []
    for name, figure, unit in _QUANTILES:
        quantiles = found.quantiles(figure)
        cells = [
            f"{number(one.value, unit)} [{number(one.low, unit)} to {number(one.high, unit)}]" for one in quantiles
        ]
        # A figure that one run lacks has no quantiles at all.
        rows.append((name, *(cells or [NOTHING] * 3)))
    return rows


def run_rows(found: Endogeneity) -> list[tuple[str, ...]]:
    """Return a row for the baseline, for the runs without leverage and without liquidations, and per value tried."""
    named = [("baseline", found.baseline), ("without leverage", found.without_leverage)]
    if found.without_liquidations is not None:
        named.append(("without liquidations", found.without_liquidations))
    named += [(f"{trial.path} = {shown(trial.value)}", trial.figures) for trial in found.trials]
    return [_run_row(name, run, found.baseline) for name, run in named]


def _run_row(name: str, run: RunFigures, baseline: RunFigures) -> tuple[str, ...]:
    return (
        name,
        f"{run.trough_usd:.4f}",
        f"{run.trough_usd - baseline.trough_usd:+.4f}",
        number(run.liquidations, ""),
        number(run.deficit_usd, "USD"),
    )


def endogeneity_markdown(found: Endogeneity) -> str:
    """Return the whole examination as Markdown."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Endogeneity) -> Iterator[str]:
    first, last = found.seeds[0].seed, found.seeds[-1].seed
    yield from (f"# {escaped(found.scenario.spec.name)}: is the crash endogenous?", "")
    yield from (f"Market: {escaped(found.market)}. Seeds {first} to {last}.", "")
    yield from markdown_table(CRITERIA_HEADINGS, criteria_rows(found))
    yield from ("## Over the seeds", "")
    yield from markdown_table(QUANTILE_HEADINGS, quantile_rows(found), figures_from=1)
    yield from (
        "In brackets the interval of 95 % confidence: order statistics by the binomial distribution, which assume "
        "nothing about how the values are distributed. A dash stands for an end that too few seeds bound.",
        "",
    )
    seeds = [
        (
            str(run.seed),
            "yes" if run.met else "NO",
            f"{run.trough_usd:.4f}",
            number(run.liquidations, ""),
            number(run.deficit_usd, "USD"),
        )
        for run in found.seeds
    ]
    yield from markdown_table(("seed", "as expected", "trough", "liquidations", "deficit, USD"), seeds, figures_from=2)
    yield from ("## Sensitivity to each parameter", "")
    yield from markdown_table(RUN_HEADINGS, run_rows(found), figures_from=1)
