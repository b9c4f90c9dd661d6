"""Assembles `oracles.html`: every oracle design of a scenario on one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cascade.experiments.oracles.words import HEADINGS, design_row, oracle_note, recovery_note
from cascade.report.run.words import day_of
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.document import document
from cascade.report.shared.overlays import line_chart, price_data

if TYPE_CHECKING:
    from cascade.experiments.oracles.compare import OracleComparison

__all__ = ["build_oracles"]

_TEMPLATE = Path(__file__).with_name("oracles.html.j2")


def build_oracles(comparison: OracleComparison, folder: Path) -> Path:
    """Write `oracles.html` into a folder.

    Returns
    -------
    Path
        The page, in one file.
    """
    day = day_of(comparison.designs[0].run.frames)
    datasets = {"market": _lines(comparison, "market"), "oracle": _lines(comparison, "oracle")}
    seen = [row[3] for data in datasets.values() for row in data.rows]
    scale = {"low": min(seen, default=0.0), "high": max(seen, default=1.0)}
    charts = {
        name: {"": line_chart(name, data, title="dollars a token", day=day, **scale)} for name, data in datasets.items()
    }
    page = document(
        _TEMPLATE,
        content={
            "datasets": {name: {"columns": data.columns, "rows": data.rows} for name, data in datasets.items()},
            "charts": charts,
        },
        title=comparison.scenario.spec.name,
        seed=comparison.scenario.seed,
        day=day,
        recovery=recovery_note(comparison),
        note=oracle_note(comparison),
        headings=HEADINGS,
        rows=[design_row(design) for design in comparison.designs],
        sources=[(design.name, design.sources, design.run.manifest.run_id) for design in comparison.designs],
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "oracles.html"
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


def _lines(comparison: OracleComparison, what: str) -> Dataset:
    rows = []
    for design in comparison.designs:
        trough = design.run.summary["trough_at"]
        if trough is not None and (what == "oracle" or design.market is not None):
            source = "oracle" if what == "oracle" or design.market is None else design.market.source
            rows += price_data(design.run.frames, trough["asset"], [source], series=design.name)
    return Dataset(["t", "time", "series", "value"], rows)
