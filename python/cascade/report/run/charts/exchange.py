"""The exchange: prices of its books, bids, leverage and levels of accounts, forced sales."""

from __future__ import annotations

from typing import Any

import altair as alt

from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    TEAL,
    Chart,
    dollar_axis,
    series_names,
    spec,
)

__all__ = ["charts"]

_SERIES = {"own price": RED, "reference": GREY, "redemption value": PURPLE}

_LEVELS = {"free": "#9ccdb2", "warning": "#f0cf8a", "reduce-only": ORANGE, "liquidation": RED}

_MOST_PCT = 150
"""Bids beyond it are drawn at it: the middle of an empty book may lie beside a forgotten order."""

_COLOURS = [ORANGE, TEAL, BLUE, PURPLE, GREY, RED, GREEN]


def charts(data: dict[str, Dataset], time: alt.X) -> list[Chart]:
    """Charts of a run with an exchange."""
    books = series_names(data["books"], "book")
    return [
        Chart("books", {book: _prices(data["books"], book, time) for book in books}),
        Chart("bids", {"": _bids(data["bids"], time)}),
        Chart("cohorts", {"": _leverage(data["cohorts"], time)}),
        Chart("levels", {"": _accounts(time)}),
        Chart("forced", {"": _forced(data["forced"], time)}),
    ]


def _prices(data: Dataset, book: str, time: alt.X) -> dict[str, Any]:
    at, of = data.columns.index("series"), data.columns.index("book")
    present = {row[at] for row in data.rows if row[of] == book}
    order = [name for name in _SERIES if name in present]
    dashes = [[1, 0] if name == "own price" else [5, 4] for name in order]
    base = (
        alt.Chart(alt.NamedData("books"))
        .transform_filter(alt.FieldEqualPredicate(field="book", equal=book))
        .encode(
            x=time,
            y=alt.Y("price:Q", title="in the stable, or dollars", axis=alt.Axis(format="~r")),
            color=alt.Color("series:N", scale=alt.Scale(domain=order, range=[_SERIES[name] for name in order])),
            tooltip=[
                alt.Tooltip("series:N"),
                alt.Tooltip("time:N", title="UTC"),
                alt.Tooltip("price:Q", format=",.4f"),
            ],
        )
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2).encode(
        strokeDash=alt.StrokeDash("series:N", scale=alt.Scale(domain=order, range=dashes))
    )
    return spec(line + base.mark_point(size=60, opacity=0, filled=True), height=320)


def _lines(name: str, column: str, order: list[str], time: alt.X, *, y: alt.Y, tooltip: list[Any]) -> dict[str, Any]:
    base = alt.Chart(alt.NamedData(name)).encode(
        x=time,
        y=y,
        color=alt.Color(f"{column}:N", scale=alt.Scale(domain=order, range=_COLOURS)),
        tooltip=[alt.Tooltip(f"{column}:N"), alt.Tooltip("time:N", title="UTC"), *tooltip],
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2)
    return spec(line + base.mark_point(size=60, opacity=0, filled=True), height=260)


def _bids(data: Dataset, time: alt.X) -> dict[str, Any]:
    return _lines(
        "bids",
        "book",
        series_names(data, "book"),
        time,
        y=alt.Y("pct:Q", title="% of the start", scale=alt.Scale(domain=[0, _MOST_PCT], clamp=True)),
        tooltip=[alt.Tooltip("tokens:Q", format=",.0f"), alt.Tooltip("pct:Q", title="% of the start", format=".1f")],
    )


def _leverage(data: Dataset, time: alt.X) -> dict[str, Any]:
    return _lines(
        "cohorts",
        "cohort",
        series_names(data, "cohort"),
        time,
        y=alt.Y("leverage:Q", title="gross over equity", scale=alt.Scale(type="log", nice=True)),
        tooltip=[alt.Tooltip("leverage:Q", format=".2f"), alt.Tooltip("equity_usd:Q", title="equity", format="$,.0f")],
    )


def _accounts(time: alt.X) -> dict[str, Any]:
    chart = (
        alt.Chart(alt.NamedData("levels"))
        .mark_area(interpolate="step-after")
        .encode(
            x=time,
            y=alt.Y("accounts:Q", title="accounts", stack="zero"),
            color=alt.Color(
                "level:N",
                scale=alt.Scale(domain=list(_LEVELS), range=list(_LEVELS.values())),
                legend=alt.Legend(symbolType="square"),
            ),
            order=alt.Order("rank:Q"),
            tooltip=[alt.Tooltip("level:N"), alt.Tooltip("time:N", title="UTC"), alt.Tooltip("accounts:Q")],
        )
        .transform_calculate(rank=f"indexof({list(_LEVELS)}, datum.level)")
    )
    return spec(chart, height=220)


def _forced(data: Dataset, time: alt.X) -> dict[str, Any]:
    return _lines(
        "forced",
        "series",
        series_names(data, "series"),
        time,
        y=alt.Y("usd:Q", title="brought since the start", axis=dollar_axis()),
        tooltip=[alt.Tooltip("usd:Q", format="$,.0f")],
    )
