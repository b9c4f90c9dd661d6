"""Assemble `compare.html`: two runs on one page, drawn from their tables and summaries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
from cascade.report.shared.overlays import health_chart, health_data, line_chart, price_data
from cascade.run.opened import Run

__all__ = ["build_comparison"]

_TEMPLATE = Path(__file__).with_name("comparison.html.j2")

_COLUMNS = ["t", "time", "series", "value"]


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
        counterfactuals=list(
            dict.fromkeys(run.summary["counterfactual"] for run in runs.values() if run.summary["counterfactual"])
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
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


def _charts(runs: dict[str, Run]) -> tuple[dict[str, Dataset], dict[str, dict[str, Any]]]:
    """Return the data and charts of prices and health of each run, both runs on the same scales."""
    datasets, charts = {}, {}
    for name, run in runs.items():
        datasets[f"prices-{name}"] = Dataset(_COLUMNS, _prices(run))
        datasets[f"health-{name}"] = health_data(run.frames)
    seen = [row[3] for name in runs for row in datasets[f"prices-{name}"].rows]
    totals = [_highest(datasets[f"health-{name}"]) for name in runs]
    for name, run in runs.items():
        day = day_of(run.frames)
        prices, health = f"prices-{name}", f"health-{name}"
        charts[prices] = line_chart(
            prices,
            datasets[prices],
            title="dollars per token",
            day=day,
            low=min(seen, default=0.0),
            high=max(seen, default=1.0),
        )
        charts[health] = health_chart(health, day=day, high=max(totals))
    return datasets, charts


def _prices(run: Run) -> list[list[Any]]:
    trough = run.summary["trough_at"]
    if trough is None:
        return []
    asset = trough["asset"]
    sources = sorted(set(run.prices.loc[run.prices["asset"] == asset, "source"].tolist()))
    return price_data(
        run.frames, asset, [source for source in sources if source.startswith(("spot:", "oracle", "book:"))]
    )


def _highest(data: Dataset) -> float:
    totals: dict[int, float] = {}
    for moment, _, _, value in data.rows:
        totals[moment] = totals.get(moment, 0.0) + value
    return max(totals.values(), default=1.0) or 1.0
