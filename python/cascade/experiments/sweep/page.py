"""Assemble `sweep.html`: figures over the varied keys, which of them decide, and the way to every run."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pandas as pd

from cascade.experiments.seeds.figures import unit_of
from cascade.experiments.sweep.charts import (
    bar_chart,
    bar_data,
    curve_chart,
    curve_data,
    map_chart,
    map_data,
    point_chart,
    point_data,
)
from cascade.experiments.sweep.deciding import Deciding, deciding_keys
from cascade.experiments.sweep.grouping import short_names
from cascade.experiments.sweep.open_run import OPENED
from cascade.experiments.sweep.words import (
    FAILURE_HEADINGS,
    FIGURE_HEADINGS,
    SweepResult,
    certificate_words,
    failure_rows,
    figure_rows,
    headline,
    main_figures,
    readers,
)
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.document import document, write_page
from cascade.report.shared.figures import number
from cascade.report.shared.style import Chart, Specification

__all__ = ["build_sweep"]

_TEMPLATE = Path(__file__).with_name("sweep.html.j2")
_MOST_OF_FAILURES = 50
_MOST_OF_RUNS = 1000
_MAPPED = 3
"""Keys of which each two have a map."""

Rows = list[tuple[str, ...]]
_Variant = tuple[str, Dataset, Specification]
"""A way to show a chart: the name of its data, the data, and the specification."""


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
class _RunRow:
    """A run in the table of runs.

    Attributes
    ----------
    id, page : str
        Its id, and where its page is once it has been drawn.
    cells : list of str
        Seed, keys and figures.
    """

    id: str
    page: str
    cells: list[str]


@dataclass(frozen=True)
class _Page:
    """Values that the template shows."""

    name: str
    headline: str
    certificate: str
    figures: tuple[tuple[str, ...], Rows]
    deciding: Deciding
    bars: list[_Drawn]
    failures: tuple[tuple[str, ...], Rows]
    heatmaps: list[_Drawn]
    curves: list[_Drawn]
    points: list[_Drawn]
    run_headings: list[str]
    runs: list[_RunRow]
    runs_left_out: int
    open_command: str
    readers: Rows


class _Charts:
    """The charts of the page, and their data."""

    def __init__(self) -> None:
        self.datasets: dict[str, Dataset] = {}
        self.charts: list[Chart] = []

    def add(self, key: str, caption: str, variants: dict[str, _Variant]) -> _Drawn:
        """Add a chart with its variants by the label of their button."""
        self.datasets |= {name: data for name, data, _ in variants.values()}
        self.charts.append(Chart(key, {label: drawn for label, (_, _, drawn) in variants.items()}))
        return _Drawn(key, caption)


def build_sweep(found: SweepResult) -> Path:
    """Write `sweep.html` into the folder of the dataset, and return its path."""
    charts, deciding, shown = _Charts(), deciding_keys(found), _shown_runs(found)
    keys = [path for path in found.paths if found.frame[path].nunique() > 1]
    figures = main_figures(found)
    bars, heatmaps, curves, points = list[_Drawn](), list[_Drawn](), list[_Drawn](), list[_Drawn]()
    for place, figure in enumerate(figures):
        of_figure = [bar for bar in deciding.bars if bar.figure == figure]
        if of_figure:
            key, data = f"bars-{place}", bar_data(of_figure)
            drawn = bar_chart(key, data, axis=deciding.axis, is_share=deciding.is_share)
            bars.append(charts.add(key, f"{figure}: {deciding.axis} by key.", {"": (key, data, drawn)}))
        if len(keys) > 1:
            first = [path for path in deciding.order(figure) if path in keys] or keys
            heatmaps.append(_add_maps(charts, f"map-{place}", found.ended, first[:_MAPPED], figure))
        if keys:
            curves.append(_add_curves(charts, f"curve-{place}", found.ended, keys, figure))
            points.append(_add_points(charts, f"points-{place}", shown, keys, figure))
    failures: Rows = list(failure_rows(found)[:_MOST_OF_FAILURES])
    page = _Page(
        name=found.plan.grid.name,
        headline=headline(found),
        certificate=certificate_words(found.certificate, engine=found.engine),
        figures=(FIGURE_HEADINGS, figure_rows(found)),
        deciding=deciding,
        bars=bars,
        failures=(FAILURE_HEADINGS, failures),
        heatmaps=heatmaps,
        curves=curves,
        points=points,
        run_headings=["run", "seed", *found.paths, *figures],
        runs=_run_rows(found, shown, figures),
        runs_left_out=len(found.ended) - len(shown),
        open_command=_open_command(found),
        readers=list(readers(found.folder)),
    )
    text = document(_TEMPLATE, page=page, datasets=charts.datasets, charts=charts.charts)
    return write_page(found.folder / "sweep.html", text)


def _add_maps(charts: _Charts, key: str, frame: pd.DataFrame, keys: list[str], figure: str) -> _Drawn:
    """Add a map of a figure over each two of some keys."""
    names, variants, has_edge = short_names(keys), dict[str, _Variant](), False
    for place, pair in enumerate(combinations(keys, 2)):
        data = map_data(frame, pair, figure)
        has_edge |= any(data.numbers("right")) or any(data.numbers("below"))
        name, label = f"{key}-{place}", " and ".join(names[path] for path in pair)
        variants[label] = (name, data, map_chart(name, frame, pair, figure))
    caption = f"{figure}, mean over seeds and other keys."
    if has_edge:
        caption += " The green line is the edge of the safe region: on one side of it, the figure is 0 in every run."
    return charts.add(key, caption, variants)


def _add_curves(charts: _Charts, key: str, frame: pd.DataFrame, keys: list[str], figure: str) -> _Drawn:
    """Add the curve of a figure by each key."""
    names, variants = short_names(keys), dict[str, _Variant]()
    for place, path in enumerate(keys):
        name, data = f"{key}-{place}", curve_data(frame, path, figure)
        variants[names[path]] = (name, data, curve_chart(name, path, figure, data))
    return charts.add(
        key, f"{figure} by one key: mean over all others, and from the smallest to the largest run.", variants
    )


def _add_points(charts: _Charts, key: str, frame: pd.DataFrame, keys: list[str], figure: str) -> _Drawn:
    """Add a point per run, over each key."""
    names, data = short_names(keys), point_data(frame, keys, figure)
    variants = {
        names[path]: (key, data, point_chart(key, place, path, figure, data)) for place, path in enumerate(keys)
    }
    return charts.add(key, f"{figure}: a point per run. A click on it leads to the run in the table below.", variants)


def _shown_runs(found: SweepResult) -> pd.DataFrame:
    """Return the runs that have a row: all of them, or the worst half of so many and others at equal distances."""
    ended = found.ended
    if len(ended) <= _MOST_OF_RUNS:
        return ended
    figures = main_figures(found)
    worst = ended.nlargest(_MOST_OF_RUNS // 2, figures[0]) if figures else ended.head(_MOST_OF_RUNS // 2)
    others = ended.drop(worst.index)
    step = -(-len(others) // (_MOST_OF_RUNS - len(worst)))
    return pd.concat([worst, others.iloc[::step]]).sort_values("number")


def _run_rows(found: SweepResult, shown: pd.DataFrame, figures: list[str]) -> list[_RunRow]:
    rows = []
    for row in shown.to_dict("records"):
        cells = [str(row["seed"]), *(str(row[path]) for path in found.paths)]
        cells += [number(None if pd.isna(row[path]) else float(row[path]), unit_of(path)) for path in figures]
        rows.append(_RunRow(row["id"], f"{OPENED}/{row['run_id']}/report.html", cells))
    return rows


def _open_command(found: SweepResult) -> str:
    return shlex.join(["cascade", "sweep", str(found.plan.grid.file), "--folder", str(found.folder), "--open"]) + " RUN"
