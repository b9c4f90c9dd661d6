"""Endogeneity in words: the same rows for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

from cascade.report.shared.figures import number
from cascade.report.shared.markdown import escaped, markdown_table

if TYPE_CHECKING:
    from cascade.experiments.endogeneity.examine import Endogeneity, Figures

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
    """What an endogenous crash must show."""
    return [(one.claim, one.outcome, "yes" if one.met else "NO") for one in found.criteria]


def quantile_rows(found: Endogeneity) -> list[tuple[str, ...]]:
    """Quantiles over the seeds, each with its interval; a missing end is one that too few seeds bound."""
    rows = []
    for name, figure, unit in _QUANTILES:
        quantiles = found.quantiles(figure)
        cells = [
            f"{number(one.value, unit)} [{number(one.low, unit)} to {number(one.high, unit)}]" for one in quantiles
        ]
        rows.append((name, *(cells or ["-"] * 3)))
    return rows


def run_rows(found: Endogeneity) -> list[tuple[str, ...]]:
    """The baseline, the runs without leverage and without liquidations, and every value tried."""
    named = [("baseline", found.baseline), ("without leverage", found.without_leverage)]
    if found.without_liquidations is not None:
        named.append(("without liquidations", found.without_liquidations))
    named += [(f"{trial.path} = {_shown(trial.value)}", trial.figures) for trial in found.trials]
    return [_row(name, one, found.baseline) for name, one in named]


def _row(name: str, one: Figures, baseline: Figures) -> tuple[str, ...]:
    return (
        name,
        f"{one.trough_usd:.4f}",
        f"{one.trough_usd - baseline.trough_usd:+.4f}",
        number(one.liquidations, ""),
        number(one.deficit_usd, "USD"),
    )


def _shown(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=10**6).removesuffix("\n").removesuffix("\n...")


def endogeneity_markdown(found: Endogeneity) -> str:
    """The whole examination as Markdown."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Endogeneity) -> Iterator[str]:
    first, last = found.seeds[0].seed, found.seeds[-1].seed
    yield from (f"# {escaped(found.scenario.spec.name)}: caused from within?", "")
    yield from (f"Market: {escaped(found.market)}. Seeds {first} to {last}.", "")
    yield from markdown_table(CRITERIA_HEADINGS, criteria_rows(found))
    yield from ("## Over the seeds", "")
    yield from markdown_table(QUANTILE_HEADINGS, quantile_rows(found), figures_from=1)
    yield from (
        "In brackets the interval of 95 % confidence: order statistics by the binomial distribution, which assume "
        "nothing of how the values are distributed. A dash is an end that so few seeds cannot bound.",
        "",
    )
    seeds = [
        (
            str(one.seed),
            "yes" if one.met else "NO",
            f"{one.trough_usd:.4f}",
            number(one.liquidations, ""),
            number(one.deficit_usd, "USD"),
        )
        for one in found.seeds
    ]
    yield from markdown_table(("seed", "as expected", "trough", "liquidations", "deficit, USD"), seeds, figures_from=2)
    yield from ("## What each parameter moves", "")
    yield from markdown_table(RUN_HEADINGS, run_rows(found), figures_from=1)
