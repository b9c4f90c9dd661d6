"""Assemble `sweep.html`: figures over the varied keys, which of them decide, and the runs that failed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import altair as alt
import pandas as pd

from cascade.experiments.seeds.figures import unit_of
from cascade.experiments.sweep.words import (
    FAILURE_HEADINGS,
    FIGURE_HEADINGS,
    INDEX_HEADINGS,
    SweepResult,
    certificate_words,
    failure_rows,
    figure_rows,
    headline,
    index_rows,
    main_figures,
    readers,
)
from cascade.report.shared.colours import BLUE, GREEN
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.document import document, write_page
from cascade.report.shared.style import Chart, Specification, spec

__all__ = ["build_sweep"]

_TEMPLATE = Path(__file__).with_name("sweep.html.j2")
_MOST_OF_FAILURES = 50

Rows = list[tuple[str, ...]]


@dataclass(frozen=True)
class _Drawn:
    """A chart of the page.

    Attributes
    ----------
    key, caption : str
        Its place, and what it shows.
    """

    key: str
    caption: str


@dataclass(frozen=True)
class _Page:
    """Values that the template shows."""

    name: str
    headline: str
    certificate: str
    figures: tuple[tuple[str, ...], Rows]
    indices: tuple[tuple[str, ...], Rows]
    failures: tuple[tuple[str, ...], Rows]
    heatmaps: list[_Drawn]
    curves: list[_Drawn]
    readers: Rows


def build_sweep(found: SweepResult) -> Path:
    """Write `sweep.html` into the folder of the dataset, and return its path."""
    datasets: dict[str, Dataset] = {}
    charts: list[Chart] = []
    heatmaps, curves = [], []
    keys = [path for path in found.paths if found.frame[path].nunique() > 1]
    for place, figure in enumerate(main_figures(found)):
        if len(keys) > 1:
            key = f"map-{place}"
            datasets[key] = _cells(found.ended, keys[:2], figure)
            charts.append(Chart(key, {"": _heatmap(key, keys[:2], figure)}))
            heatmaps.append(
                _Drawn(key, f"{figure}, mean over seeds and other keys; a frame marks where it is 0 in every run.")
            )
        for number, path in enumerate(keys):
            key = f"curve-{place}-{number}"
            datasets[key] = _curve_data(found.ended, path, figure)
            charts.append(Chart(key, {"": _curve(key, path, figure, datasets[key])}))
            curves.append(_Drawn(key, f"{figure} by {path}: mean, and from the smallest to the largest run."))
    failures: Rows = list(failure_rows(found)[:_MOST_OF_FAILURES])
    page = _Page(
        name=found.plan.grid.name,
        headline=headline(found),
        certificate=certificate_words(found.certificate),
        figures=(FIGURE_HEADINGS, figure_rows(found)),
        indices=(INDEX_HEADINGS, list(index_rows(found))),
        failures=(FAILURE_HEADINGS, failures),
        heatmaps=heatmaps,
        curves=curves,
        readers=list(readers(found.folder)),
    )
    text = document(_TEMPLATE, page=page, datasets=datasets, charts=charts)
    return write_page(found.folder / "sweep.html", text)


def _cells(frame: pd.DataFrame, paths: list[str], figure: str) -> Dataset:
    grouped = frame.groupby(paths, observed=True)[figure].agg(["mean", "max"]).reset_index()
    rows = grouped.itertuples(index=False, name=None)
    return Dataset(
        ["x", "y", "value", "safe"],
        [[str(x), str(y), float(mean), int(most <= 0)] for x, y, mean, most in rows if not pd.isna(mean)],
    )


def _heatmap(key: str, paths: list[str], figure: str) -> Specification:
    base = alt.Chart(alt.NamedData(key)).encode(
        x=alt.X("x:N", sort=None, title=paths[0], axis=alt.Axis(labelAngle=0)),
        y=alt.Y("y:N", sort=None, title=paths[1]),
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "value:Q",
            title=figure,
            scale=alt.Scale(scheme="blues"),
            legend=alt.Legend(format="~s", orient="right", symbolType="square"),
        ),
        tooltip=[
            alt.Tooltip("x:N", title=paths[0]),
            alt.Tooltip("y:N", title=paths[1]),
            alt.Tooltip("value:Q", title=figure, format=",.2f"),
        ],
    )
    safe = base.transform_filter("datum.safe == 1").mark_rect(filled=False, stroke=GREEN, strokeWidth=2)
    return spec(cells + safe, height=320)


def _curve_data(frame: pd.DataFrame, path: str, figure: str) -> Dataset:
    grouped = frame.groupby(path, observed=True)[figure].agg(["mean", "min", "max"]).reset_index()
    rows = grouped.itertuples(index=False, name=None)
    return Dataset(["x", "mean", "low", "high"], [list(row) for row in rows if not any(map(pd.isna, row))])


def _curve(key: str, path: str, figure: str, data: Dataset) -> Specification:
    is_number = all(isinstance(row[0], (int, float)) for row in data.rows)
    x = alt.X("x:Q" if is_number else "x:N", title=path, scale=alt.Scale(zero=False) if is_number else alt.Undefined)
    title = figure if not unit_of(figure) else f"{figure} ({unit_of(figure)})"
    base = alt.Chart(alt.NamedData(key)).encode(x=x)
    band = base.mark_area(opacity=0.2, color=BLUE) if is_number else base.mark_rule(opacity=0.4, color=BLUE, size=6)
    band = band.encode(y=alt.Y("low:Q", title=title, axis=alt.Axis(format="~s")), y2="high:Q")
    line = base.mark_line(color=BLUE, point=True) if is_number else base.mark_point(color=BLUE, filled=True, size=70)
    line = line.encode(
        y=alt.Y("mean:Q", title=title),
        tooltip=[
            alt.Tooltip("x:Q" if is_number else "x:N", title=path),
            alt.Tooltip("mean:Q", format=",.2f"),
            alt.Tooltip("low:Q", title="smallest", format=",.2f"),
            alt.Tooltip("high:Q", title="largest", format=",.2f"),
        ],
    )
    return spec(band + line, height=260)
