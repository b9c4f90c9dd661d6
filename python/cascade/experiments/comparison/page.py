"""Assemble `compare.html`: two runs on one page, drawn from their tables and summaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cascade.experiments.charts import (
    Point,
    dataset_of,
    health_chart,
    health_points,
    line_chart,
    price_points,
    scale_of,
)
from cascade.experiments.comparison.divergence import DIVERGENCE_HEADINGS, divergence_rows
from cascade.experiments.comparison.result import Comparison
from cascade.experiments.comparison.words import (
    AT_ONCE_HEADINGS,
    IMPOSSIBLE_HEADINGS,
    at_once_rows,
    column_differences,
    commands,
    counterfactuals,
    figures,
    impossible_rows,
    parameter_groups,
    positions_note,
    row_counts,
    run_facts,
    title,
)
from cascade.report.run.words import day_of
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.document import document, write_page
from cascade.report.shared.style import Chart
from cascade.run.opened import Run
from cascade.vocabulary import PriceSource

__all__ = ["build_comparison"]

_TEMPLATE = Path(__file__).with_name("comparison.html.j2")


@dataclass(frozen=True)
class _NamedPositions:
    """A list of positions, with a row for each."""

    heading: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class _Fate:
    """The accounts that only one of the two runs liquidates."""

    heading: str
    accounts: Sequence[str]


@dataclass(frozen=True)
class _Page:
    """Values that the template shows.

    Attributes
    ----------
    name : str
        Name of the scenario, or of both.
    day : str
        Day of the crash.
    seeds : list of int
        The seed of both runs, or both seeds where they differ.
    note : str
        A sentence about the positions of the runs.
    counterfactuals : list of str
        What is assumed against the record, each text once.
    groups : dict of str to list of tuple
        Key, value before and value after of each parameter that differs, by its group.
    divergence_headings, divergence : sequence
        The table of links of either run.
    named_positions : list of _NamedPositions
        Positions that the change makes impossible or liquidatable at once.
    fates : list of _Fate
        Positions saved and newly lost.
    outcomes : list of tuple
        Name, unit, values and difference of each figure.
    row_counts, column_differences : list of tuple
        How many rows the runs have in common, and how far those differ.
    facts : list of tuple
        Name, run id and hash over the tables of each run.
    commands : list of str
        Commands that make the runs again.
    """

    name: str
    day: str
    seeds: list[int]
    note: str
    counterfactuals: list[str]
    groups: dict[str, list[tuple[str, str, str]]]
    divergence_headings: Sequence[str]
    divergence: Sequence[Sequence[str]]
    named_positions: list[_NamedPositions]
    fates: list[_Fate]
    outcomes: list[tuple[str, ...]]
    row_counts: list[tuple[str, str, str, str]]
    column_differences: list[tuple[str, str, str, str, str]]
    facts: list[tuple[str, str, str]]
    commands: list[str]


def build_comparison(comparison: Comparison, folder: Path) -> Path:
    """Write `compare.html` into a folder.

    Returns
    -------
    Path
        Path of the page, which is one file: it opens from disk and needs no network.
    """
    runs = {"baseline": comparison.baseline, "change": comparison.change}
    datasets, charts = _charts(runs)
    text = document(_TEMPLATE, page=_page(comparison, runs), datasets=datasets, charts=charts)
    return write_page(folder / "compare.html", text)


def _page(comparison: Comparison, runs: dict[str, Run]) -> _Page:
    return _Page(
        name=title(comparison),
        day=day_of(comparison.baseline.frames),
        seeds=sorted({run.manifest.seed for run in runs.values()}),
        note=positions_note(comparison),
        counterfactuals=counterfactuals(comparison),
        groups=parameter_groups(comparison),
        divergence_headings=DIVERGENCE_HEADINGS,
        divergence=divergence_rows(comparison),
        named_positions=[
            _NamedPositions("Impossible under the change", IMPOSSIBLE_HEADINGS, impossible_rows(comparison)),
            _NamedPositions("Liquidatable at once under the change", AT_ONCE_HEADINGS, at_once_rows(comparison)),
        ],
        fates=[
            _Fate("Saved by the change", comparison.saved),
            _Fate("Newly lost under the change", comparison.newly_lost),
        ],
        outcomes=[(outcome.name, outcome.unit, *figures(outcome)) for outcome in comparison.outcomes],
        row_counts=row_counts(comparison),
        column_differences=column_differences(comparison),
        facts=[(name, *run_facts(run)) for name, run in runs.items()],
        commands=commands(comparison),
    )


def _charts(runs: dict[str, Run]) -> tuple[dict[str, Dataset], list[Chart]]:
    """Return the data and the charts of prices and health of each run, on scales that both runs share."""
    prices = {name: _prices(run) for name, run in runs.items()}
    health = {name: health_points(run.frames) for name, run in runs.items()}
    price_scale = scale_of([point for points in prices.values() for point in points])
    highest = max(_highest_total(points) for points in health.values())
    datasets: dict[str, Dataset] = {}
    charts: list[Chart] = []
    for name, run in runs.items():
        day, key = day_of(run.frames), f"prices-{name}"
        datasets[key] = dataset_of(prices[name])
        drawn = line_chart(key, datasets[key], title="dollars per token", day=day, scale=price_scale)
        charts.append(Chart(key, {"": drawn}))
        key = f"health-{name}"
        datasets[key] = dataset_of(health[name])
        charts.append(Chart(key, {"": health_chart(key, datasets[key], day=day, high=highest)}))
    return datasets, charts


def _prices(run: Run) -> list[Point]:
    """Return what the pool sees of the main collateral, and its prices at venues and books."""
    trough = run.summary.trough_at
    if trough is None:
        return []
    asset = trough.asset
    sources = sorted(set(run.prices.loc[run.prices["asset"] == asset, "source"].tolist()))
    return price_points(run.frames, asset, [source for source in sources if _is_drawn(source)])


def _is_drawn(source: str) -> bool:
    return any(kind.is_kind_of(source) for kind in (PriceSource.SPOT, PriceSource.ORACLE, PriceSource.BOOK))


def _highest_total(points: Sequence[Point]) -> float:
    """Return the largest sum of the areas at one moment; 1 where there is nothing, so that the scale is not empty."""
    totals: dict[int, float] = {}
    for point in points:
        totals[point.timestamp] = totals.get(point.timestamp, 0.0) + point.usd
    return max(totals.values(), default=1.0) or 1.0
