"""What the charts share: looks, axes, and how a chart becomes a specification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt

from cascade.report.shared.datasets import Dataset

__all__ = [
    "BLUE",
    "CONFIG",
    "GREEN",
    "GREY",
    "INK",
    "MUTED",
    "OCHRE",
    "ORANGE",
    "PALE_BLUE",
    "PURPLE",
    "RED",
    "TEAL",
    "Chart",
    "dollar_axis",
    "series_names",
    "spec",
    "time_axis",
]

INK, MUTED, GRID = "#1d2733", "#5b6875", "#e6eaee"
BLUE, TEAL, ORANGE, PURPLE, GREY, RED, GREEN = (
    "#1f5fa8",
    "#12877b",
    "#d9730d",
    "#7a5fb0",
    "#8c98a4",
    "#c0322b",
    "#2f8f5b",
)
PALE_BLUE, OCHRE = "#a9c4e0", "#b08d00"

CONFIG: dict[str, Any] = {
    "background": "#ffffff",
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "gridColor": GRID,
        "domainColor": "#c9d1d8",
        "tickColor": "#c9d1d8",
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

_SHORT_MS = 40 * 60 * 1000


@dataclass(frozen=True)
class Chart:
    """One figure of the page.

    Attributes
    ----------
    key : str
        Name of its place on the page and of its picture.
    variants : dict
        Specifications by the label of the button that shows them; the first is shown at first.
    """

    key: str
    variants: dict[str, dict[str, Any]]


def time_axis(data: Dataset, day: str) -> alt.X:
    """Axis of time, to the second where the run is short."""
    moments = [row[data.columns.index("t")] for row in data.rows]
    short = bool(moments) and max(moments) - min(moments) < _SHORT_MS
    axis = alt.Axis(format="%H:%M:%S" if short else "%H:%M", tickCount=9, labelFlush=True)
    return alt.X("t:T", title=f"{day}, UTC", scale=alt.Scale(type="utc"), axis=axis)


def dollar_axis(**more: Any) -> alt.Axis:
    """Axis of dollars."""
    return alt.Axis(format="$~s", labelExpr="datum.value === 0 ? '$0' : datum.label", **more)


def spec(chart: alt.Chart | alt.LayerChart, *, height: int = 300) -> dict[str, Any]:
    """Finish a chart as wide as its place on the page."""
    sized = chart.properties(width="container", height=height)
    specification: dict[str, Any] = sized.to_dict(validate=True)
    specification["config"] = CONFIG
    specification["autosize"] = {"type": "fit-x", "contains": "padding"}
    return specification


def series_names(data: Dataset, column: str) -> list[str]:
    """Names that occur in a column, sorted."""
    return sorted({row[data.columns.index(column)] for row in data.rows})
