"""Assemble `oracles.html`: every oracle design of a scenario on one page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cascade.experiments.charts import Point, dataset_of, line_chart, price_points, scale_of
from cascade.experiments.oracles.result import DesignRun, OracleComparison
from cascade.experiments.oracles.words import HEADINGS, design_row, oracle_note, recovery_note
from cascade.report.run.words import day_of
from cascade.report.shared.document import document, write_page
from cascade.report.shared.style import Chart
from cascade.vocabulary import PriceSource

__all__ = ["build_oracles"]

_TEMPLATE = Path(__file__).with_name("oracles.html.j2")


@dataclass(frozen=True)
class _Page:
    """Values that the template shows.

    Attributes
    ----------
    name : str
        Name of the scenario.
    seed : int
        Seed of every run.
    day : str
        Day of the crash.
    recovery, note : str
        A sentence about the recovery flow, and one about the positions.
    headings, rows : sequence
        The table of outcomes, with a row per design.
    sources : list of tuple
        Name, price sources and run id of each design.
    """

    name: str
    seed: int
    day: str
    recovery: str
    note: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]
    sources: list[tuple[str, str, str]]


def build_oracles(comparison: OracleComparison, folder: Path) -> Path:
    """Write `oracles.html` into a folder.

    Returns
    -------
    Path
        Path of the page, which is one file: it opens from disk and needs no network.
    """
    day = day_of(comparison.designs[0].run.frames)
    lines = {
        "market": _price_lines(comparison, _market_source),
        "oracle": _price_lines(comparison, lambda _: PriceSource.ORACLE),
    }
    scale = scale_of([point for points in lines.values() for point in points])
    datasets = {name: dataset_of(points) for name, points in lines.items()}
    charts = [
        Chart(name, {"": line_chart(name, data, title="dollars per token", day=day, scale=scale)})
        for name, data in datasets.items()
    ]
    page = _Page(
        name=comparison.scenario.spec.name,
        seed=comparison.scenario.seed,
        day=day,
        recovery=recovery_note(comparison),
        note=oracle_note(comparison),
        headings=HEADINGS,
        rows=[design_row(design) for design in comparison.designs],
        sources=[(design.name, design.sources, design.run.manifest.run_id) for design in comparison.designs],
    )
    return write_page(folder / "oracles.html", document(_TEMPLATE, page=page, datasets=datasets, charts=charts))


def _price_lines(comparison: OracleComparison, source_of: Callable[[DesignRun], str | None]) -> list[Point]:
    """Return one line per design: the price of the main collateral at a source; None leaves a design out."""
    points: list[Point] = []
    for design in comparison.designs:
        trough, source = design.run.summary.trough_at, source_of(design)
        if trough is not None and source is not None:
            points += price_points(design.run.frames, trough.asset, [source], series=design.name)
    return points


def _market_source(design: DesignRun) -> str | None:
    return None if design.market is None else design.market.source
