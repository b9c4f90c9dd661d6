"""The looks of every chart, their axes, and how a chart becomes a specification."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from cascade.report.shared.colours import EDGE, INK, LINE, MUTED, PAPER
from cascade.report.shared.datasets import Dataset

__all__ = [
    "CONFIG",
    "Chart",
    "Specification",
    "data_name",
    "dollar_axis",
    "label_axis",
    "scale_from_zero",
    "spec",
    "stepped",
    "time_axis",
]

Specification = dict[str, Any]
"""A Vega-Lite chart, ready for JSON; the type is altair's own."""

CONFIG: Mapping[str, object] = {
    "background": PAPER,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "gridColor": LINE,
        "domainColor": EDGE,
        "tickColor": EDGE,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "labelPadding": 5,
        "tickSize": 4,
    },
    "axisX": {"grid": False},
    "axisY": {"domain": False, "ticks": False, "tickCount": 6},
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": INK,
        "labelFontSize": 12,
        "symbolStrokeWidth": 3,
        "symbolType": "stroke",
        "symbolSize": 110,
        "labelLimit": 260,
        "columnPadding": 18,
        "padding": 0,
        "offset": 12,
    },
    "text": {"color": INK, "fontSize": 12},
}
"""Looks common to every chart; the font is the renderer's choice."""

_DASHES = ([1, 0], [7, 3], [2, 2], [10, 3, 2, 3], [4, 4], [12, 4], [1, 3])
"""Dashes of the lines of one chart, in the order of its legend."""

_SHORT_MS = 40 * 60 * 1000
"""A run that is shorter has seconds on its axis of time."""


@dataclass(frozen=True)
class Chart:
    """One chart of a page.

    Attributes
    ----------
    key : str
        Name of its place on the page and of its picture.
    variants : dict of str to Specification
        Specifications by the label of the button that shows them; the first is shown at first.
    """

    key: str
    variants: dict[str, Specification]


def time_axis(data: Dataset, day: str) -> alt.X:
    """Return the axis of time of a dataset, to the second where the run is short."""
    moments = data.numbers("t")
    is_short = bool(moments) and max(moments) - min(moments) < _SHORT_MS
    axis = alt.Axis(format="%H:%M:%S" if is_short else "%H:%M", tickCount=9, labelFlush=True, labelOverlap=True)
    return alt.X("t:T", title=f"{day}, UTC", scale=alt.Scale(type="utc"), axis=axis)


def dollar_axis(*, grid: bool = True, ticks: int | None = None, values: Sequence[float] | None = None) -> alt.Axis:
    """Return an axis of dollars, with `$0` where the format alone would say `$0.0`.

    Parameters
    ----------
    ticks : int, optional
        Number of ticks to aim at.
    values : sequence of float, optional
        The ticks themselves.
    """
    return alt.Axis(
        format="$~s",
        labelExpr="datum.value === 0 ? '$0' : datum.label",
        grid=grid,
        tickCount=alt.Undefined if ticks is None else ticks,
        values=alt.Undefined if values is None else list(values),
    )


def scale_from_zero(values: Sequence[float], *, least: float) -> alt.Scale:
    """Return a scale from zero to the largest of some values, or to `least` where all are smaller.

    On a scale of its own, a line of zeros alone would be drawn in the middle of the chart.
    """
    return alt.Scale(domain=[0, max([least, *(value for value in values if math.isfinite(value))])], nice=True)


def label_axis(*, limit: int = 260, grid: bool = False) -> alt.Axis:
    """Return an axis of names, one per bar."""
    return alt.Axis(labelLimit=limit, labelColor=INK, labelFontSize=12.5, grid=grid, labelPadding=8)


def stepped(base: alt.Chart, *, dash: alt.StrokeDash | None = None) -> alt.LayerChart:
    """Return lines that hold each value until the next one.

    Parameters
    ----------
    dash : StrokeDash, optional
        Dashes of the lines. Without it, lines that differ in colour differ in their dashes too, so that they can be
        told apart without colour.
    """
    line = base.mark_line(interpolate="step-after", strokeWidth=2, clip=True)
    color = base.to_dict(validate=False)["encoding"].get("color", {})
    if dash is None and "field" in color:
        domain = color.get("scale", {}).get("domain", [])
        dashes = [_DASHES[i % len(_DASHES)] for i in range(len(domain))]
        scale = alt.Scale(domain=domain, range=dashes) if domain else alt.Undefined
        dash = alt.StrokeDash(f"{color['field']}:N", scale=scale)
    if dash is not None:
        line = line.encode(strokeDash=dash)
    # A tooltip belongs to a mark: invisible points let the pointer find every value along the line.
    both: alt.LayerChart = line + base.mark_point(size=60, opacity=0, filled=True)
    return both


def spec(chart: alt.Chart | alt.LayerChart, *, height: int = 300) -> Specification:
    """Return the specification of a chart that is as wide as its place on the page."""
    sized = chart.properties(width="container", height=height)
    # Validated here: a browser would only leave the place of a faulty chart empty.
    specification: Specification = sized.to_dict(validate=True)
    specification["config"] = dict(CONFIG)
    # Labels of the axes count as part of the width, or they would stand outside the card.
    specification["autosize"] = {"type": "fit-x", "contains": "padding"}
    return specification


def data_name(specification: Specification) -> str:
    """Return the name of the dataset that a specification refers to."""
    return str(specification["data"]["name"])
