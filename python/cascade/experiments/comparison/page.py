"""Assemble `compare.html`: two runs on one page, drawn from their tables and summaries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cascade.experiments.charts import (
    Point,
    Specification,
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
    commands,
    figures,
    impossible_rows,
    parameter_groups,
    positions_note,
    run_facts,
    title,
)
from cascade.report.run.words import day_of
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.document import document
from cascade.run.opened import Run
from cascade.vocabulary import PriceSource

__all__ = ["build_comparison"]

_TEMPLATE = Path(__file__).with_name("comparison.html.j2")


def build_comparison(comparison: Comparison, folder: Path) -> Path:
    """Write `compare.html` into a folder.

    Returns
    -------
    Path
        Path of the page, which is one file: it opens from disk and needs no network.
    """
    runs = {"baseline": comparison.baseline, "change": comparison.change}
    datasets, charts = _charts(runs)
    page = document(
        _TEMPLATE,
        content={
            "datasets": {name: {"columns": data.columns, "rows": data.rows} for name, data in datasets.items()},
            "charts": {name: {"": specification} for name, specification in charts.items()},
        },
        title=title(comparison),
        seeds=sorted({run.manifest.seed for run in runs.values()}),
        day=day_of(comparison.baseline.frames),
        note=positions_note(comparison),
        # Both runs usually have the same counterfactual, which is shown once.
        counterfactuals=list(
            dict.fromkeys(run.summary.counterfactual for run in runs.values() if run.summary.counterfactual)
        ),
        groups=parameter_groups(comparison),
        outcomes=[(outcome.name, outcome.unit, *figures(outcome)) for outcome in comparison.outcomes],
        divergence_headings=DIVERGENCE_HEADINGS,
        divergence=divergence_rows(comparison),
        named=[
            ("Impossible under the change", IMPOSSIBLE_HEADINGS, impossible_rows(comparison)),
            ("Liquidatable at once under the change", AT_ONCE_HEADINGS, at_once_rows(comparison)),
        ],
        fates=[("Saved by the change", comparison.saved), ("Newly lost under the change", comparison.newly_lost)],
        columns=comparison.columns,
        rows=comparison.rows,
        facts=[(name, *run_facts(run)) for name, run in runs.items()],
        commands=commands(comparison),
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "compare.html"
    # One kind of line end, so that the page has the same bytes on every platform.
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


def _charts(runs: dict[str, Run]) -> tuple[dict[str, Dataset], dict[str, Specification]]:
    """Return the data and the charts of prices and health of each run, on scales that both runs share."""
    prices = {name: _prices(run) for name, run in runs.items()}
    health = {name: health_points(run.frames) for name, run in runs.items()}
    price_scale = scale_of([point for points in prices.values() for point in points])
    highest = max(_highest_total(points) for points in health.values())
    datasets: dict[str, Dataset] = {}
    charts: dict[str, Specification] = {}
    for name, run in runs.items():
        day, key = day_of(run.frames), f"prices-{name}"
        datasets[key] = dataset_of(prices[name])
        charts[key] = line_chart(key, datasets[key], title="dollars per token", day=day, scale=price_scale)
        key = f"health-{name}"
        datasets[key] = dataset_of(health[name])
        charts[key] = health_chart(key, day=day, high=highest)
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
