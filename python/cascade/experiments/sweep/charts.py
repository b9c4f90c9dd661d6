"""The charts of a sweep's page: keys that decide, maps with the edge of the safe region, curves, and points to open."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from cascade.experiments.seeds.figures import unit_of
from cascade.experiments.sweep.deciding import Bar
from cascade.experiments.sweep.grouping import Groups, groups_of
from cascade.report.shared.colours import BLUE, GREEN, INK, PALE_BLUE
from cascade.report.shared.datasets import Cell, Dataset
from cascade.report.shared.style import Specification, label_axis, spec

__all__ = [
    "bar_chart",
    "bar_data",
    "curve_chart",
    "curve_data",
    "map_chart",
    "map_data",
    "point_chart",
    "point_data",
]


def bar_data(bars: Sequence[Bar]) -> Dataset:
    """Return what keys decide of one figure, a row per key."""
    return Dataset(["key", "value", "low", "high"], [[bar.path, bar.value, bar.low, bar.high] for bar in bars])


def bar_chart(name: str, data: Dataset, *, axis: str, is_share: bool) -> Specification:
    """Return a bar per key, with its interval; shares are shown in per cent."""
    numbers = "~%" if is_share else "~s"
    base = alt.Chart(alt.NamedData(name)).encode(y=alt.Y("key:N", sort=None, title=None, axis=label_axis(limit=420)))
    bars = base.mark_bar(color=PALE_BLUE).encode(
        x=alt.X("value:Q", title=axis, axis=alt.Axis(format=numbers)),
        tooltip=[
            alt.Tooltip("key:N"),
            alt.Tooltip("value:Q", format=",.4~g"),
            alt.Tooltip("low:Q", title="at least", format=",.4~g"),
            alt.Tooltip("high:Q", title="at most", format=",.4~g"),
        ],
    )
    ends = base.mark_rule(color=INK).encode(x=alt.X("low:Q", title=axis), x2="high:Q")
    return spec(bars + ends, height=34 * max(2, len(data.rows)))


def map_data(frame: pd.DataFrame, paths: Sequence[str], figure: str) -> Dataset:
    """Return the cells of a map over two keys: the mean of a figure, and on which sides the safe region ends.

    A cell is safe where the figure is 0 or less in every run of it. `right` and `below` are 1 where the cell and its
    neighbour there differ in that.
    """
    across, down = groups_of(frame[paths[0]]), groups_of(frame[paths[1]])
    cells: dict[tuple[int, int], tuple[float, bool]] = {}
    values = frame[figure].groupby([across.of.rename("x"), down.of.rename("y")]).agg(["mean", "max"])
    for (x, y), mean, most in values.itertuples(name=None):
        if not pd.isna(mean):
            cells[int(x), int(y)] = float(mean), bool(most <= 0)
    rows: list[list[Cell]] = []
    # In the order of both axes, which follow the order of the rows.
    for y, below in enumerate(down.labels):
        for x, right in enumerate(across.labels):
            if (x, y) in cells:
                mean, safe = cells[x, y]
                edges = [int(cells.get(other, (0, safe))[1] != safe) for other in ((x + 1, y), (x, y + 1))]
                rows.append([right, below, mean, int(safe), *edges])
    return Dataset(["x", "y", "value", "safe", "right", "below"], rows)


def map_chart(name: str, frame: pd.DataFrame, paths: Sequence[str], figure: str) -> Specification:
    """Return a map over two keys, with a line along the edge of the safe region."""
    across, down = groups_of(frame[paths[0]]), groups_of(frame[paths[1]])

    def at(channel: type[alt.X] | type[alt.Y], place: float | None) -> alt.X | alt.Y:
        field, labels, title = ("x:N", across.labels, paths[0]) if channel is alt.X else ("y:N", down.labels, paths[1])
        return channel(
            field,
            sort=labels,
            title=title,
            axis=alt.Axis(labelAngle=0),
            bandPosition=alt.Undefined if place is None else place,
        )

    base = alt.Chart(alt.NamedData(name))
    cells = base.mark_rect().encode(
        x=at(alt.X, None),
        y=at(alt.Y, None),
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
    edge = base.mark_rule(color=GREEN, strokeWidth=4, strokeCap="square")
    upright = edge.transform_filter("datum.right == 1").encode(
        x=at(alt.X, 1), y=at(alt.Y, 0), y2=alt.Y2("y", bandPosition=1)
    )
    flat = edge.transform_filter("datum.below == 1").encode(
        x=at(alt.X, 0), x2=alt.X2("x", bandPosition=1), y=at(alt.Y, 1)
    )
    return spec(cells + upright + flat, height=320)


def curve_data(frame: pd.DataFrame, path: str, figure: str) -> Dataset:
    """Return mean, smallest and largest value of a figure by the value of a key, or by parts of its range."""
    groups = groups_of(frame[path])
    found = frame[figure].groupby(groups.of).agg(["mean", "min", "max"])
    rows: list[list[Cell]] = []
    for place, mean, low, high in found.itertuples(name=None):
        if not pd.isna(mean):
            rows.append([_place(groups, int(place)), groups.labels[int(place)], float(mean), float(low), float(high)])
    return Dataset(["x", "label", "mean", "low", "high"], rows)


def curve_chart(name: str, path: str, figure: str, data: Dataset) -> Specification:
    """Return a figure by one key: its mean over all other keys, and the range of the runs."""
    is_number = all(isinstance(row[0], (int, float)) for row in data.rows)
    x = alt.X("x:Q" if is_number else "x:N", title=path, scale=alt.Scale(zero=False) if is_number else alt.Undefined)
    base = alt.Chart(alt.NamedData(name)).encode(x=x)
    band = base.mark_area(opacity=0.2, color=BLUE) if is_number else base.mark_rule(opacity=0.4, color=BLUE, size=6)
    band = band.encode(y=alt.Y("low:Q", title=_title(figure), axis=alt.Axis(format="~s")), y2="high:Q")
    line = base.mark_line(color=BLUE, point=True) if is_number else base.mark_point(color=BLUE, filled=True, size=70)
    line = line.encode(
        y=alt.Y("mean:Q", title=_title(figure)),
        tooltip=[
            alt.Tooltip("label:N", title=path),
            alt.Tooltip("mean:Q", format=",.2f"),
            alt.Tooltip("low:Q", title="smallest", format=",.2f"),
            alt.Tooltip("high:Q", title="largest", format=",.2f"),
        ],
    )
    return spec(band + line, height=260)


def point_data(frame: pd.DataFrame, paths: Sequence[str], figure: str) -> Dataset:
    """Return a row per run: its keys as `x0`, `x1` and so on, the figure, and the place of its row on the page."""
    columns = ["run", "seed", "value", "anchor", *(f"x{number}" for number in range(len(paths)))]
    rows: list[list[Cell]] = []
    cells = zip(
        frame["id"].tolist(),
        frame["seed"].tolist(),
        frame[figure].tolist(),
        *(frame[path].tolist() for path in paths),
        strict=True,
    )
    for run, seed, value, *keys in cells:
        if not pd.isna(value):
            rows.append([run, str(seed), float(value), f"#run-{run}", *keys])
    return Dataset(columns, rows)


def point_chart(name: str, number: int, path: str, figure: str, data: Dataset) -> Specification:
    """Return a point per run over one key; a click on it leads to the row of the run."""
    is_number = all(isinstance(row[4 + number], (int, float)) for row in data.rows)
    field = f"x{number}:Q" if is_number else f"x{number}:N"
    chart = (
        alt.Chart(alt.NamedData(name))
        .mark_point(filled=True, size=55, opacity=0.55, color=BLUE, cursor="pointer")
        .encode(
            x=alt.X(field, title=path, scale=alt.Scale(zero=False) if is_number else alt.Undefined),
            y=alt.Y("value:Q", title=_title(figure), axis=alt.Axis(format="~s")),
            tooltip=[
                alt.Tooltip("run:N"),
                alt.Tooltip("seed:N"),
                alt.Tooltip(field, title=path),
                alt.Tooltip("value:Q", title=figure, format=",.2f"),
            ],
        )
    )
    return spec(chart, height=260)


def _place(groups: Groups, number: int) -> Cell:
    return groups.labels[number] if groups.places is None else groups.places[number]


def _title(figure: str) -> str:
    return figure if not unit_of(figure) else f"{figure} ({unit_of(figure)})"
