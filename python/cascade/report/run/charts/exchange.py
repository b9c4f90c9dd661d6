"""Draw the exchange: prices of its books, bids, leverage and margin levels of accounts, and forced sales."""

from __future__ import annotations

import altair as alt

from cascade.report.shared.colours import BAR_AMBER, BAR_GREEN, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, TEAL
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import Chart, Specification, dollar_axis, spec, stepped
from cascade.vocabulary import AccountLevel

__all__ = ["charts"]

_SERIES = {"own price": RED, "reference": GREY, "redemption value": PURPLE}

_LEVELS = {
    AccountLevel.FREE: BAR_GREEN,
    AccountLevel.WARNING: BAR_AMBER,
    AccountLevel.REDUCE_ONLY: ORANGE,
    AccountLevel.LIQUIDATION: RED,
}

_MOST_PCT = 150
"""Largest share of bids on the scale, at which more is drawn too.

The middle of an empty book can lie beside a forgotten order, whose size would flatten everything else.
"""

_COLOURS = [ORANGE, TEAL, BLUE, PURPLE, GREY, RED, GREEN]


def charts(data: dict[str, Dataset], time: alt.X) -> list[Chart]:
    """Return the charts of a run with an exchange."""
    books = data["books"].names("book")
    return [
        Chart("books", {book: _prices(data["books"], book, time) for book in books}),
        Chart("bids", {"": _bids(data["bids"], time)}),
        Chart("cohorts", {"": _leverage(data["cohorts"], time)}),
        Chart("levels", {"": _accounts(time)}),
        Chart("forced", {"": _forced(data["forced"], time)}),
    ]


def _prices(data: Dataset, book: str, time: alt.X) -> Specification:
    columns = zip(data.texts("book"), data.texts("series"), strict=True)
    present = {series for found, series in columns if found == book}
    order = [name for name in _SERIES if name in present]
    dashes = [[1, 0] if name == "own price" else [5, 4] for name in order]
    base = (
        alt.Chart(alt.NamedData("books"))
        .transform_filter(alt.FieldEqualPredicate(field="book", equal=book))
        .encode(
            x=time,
            y=alt.Y("price:Q", title="stablecoins or dollars per token", axis=alt.Axis(format="~r")),
            color=alt.Color("series:N", scale=alt.Scale(domain=order, range=[_SERIES[name] for name in order])),
            tooltip=[
                alt.Tooltip("series:N"),
                alt.Tooltip("time:N", title="UTC"),
                alt.Tooltip("price:Q", format=",.4f"),
            ],
        )
    )
    dash = alt.StrokeDash("series:N", scale=alt.Scale(domain=order, range=dashes))
    return spec(stepped(base, dash=dash), height=320)


def _lines(
    name: str, column: str, order: list[str], time: alt.X, *, y: alt.Y, tooltip: list[alt.Tooltip]
) -> Specification:
    base = alt.Chart(alt.NamedData(name)).encode(
        x=time,
        y=y,
        color=alt.Color(f"{column}:N", scale=alt.Scale(domain=order, range=_COLOURS)),
        tooltip=[alt.Tooltip(f"{column}:N"), alt.Tooltip("time:N", title="UTC"), *tooltip],
    )
    return spec(stepped(base), height=260)


def _bids(data: Dataset, time: alt.X) -> Specification:
    return _lines(
        "bids",
        "book",
        data.names("book"),
        time,
        y=alt.Y("pct:Q", title="% of the start", scale=alt.Scale(domain=[0, _MOST_PCT], clamp=True)),
        tooltip=[alt.Tooltip("tokens:Q", format=",.0f"), alt.Tooltip("pct:Q", title="% of the start", format=".1f")],
    )


def _leverage(data: Dataset, time: alt.X) -> Specification:
    return _lines(
        "cohorts",
        "cohort",
        data.names("cohort"),
        time,
        y=alt.Y("leverage:Q", title="gross exposure over equity", scale=alt.Scale(type="log", nice=True)),
        tooltip=[alt.Tooltip("leverage:Q", format=".2f"), alt.Tooltip("equity_usd:Q", title="equity", format="$,.0f")],
    )


def _accounts(time: alt.X) -> Specification:
    chart = (
        alt.Chart(alt.NamedData("levels"))
        .mark_area(interpolate="step-after")
        .encode(
            x=time,
            y=alt.Y("accounts:Q", title="accounts", stack="zero"),
            color=alt.Color(
                "level:N",
                scale=alt.Scale(domain=[level.value for level in _LEVELS], range=list(_LEVELS.values())),
                legend=alt.Legend(symbolType="square"),
            ),
            # From the safest level at the bottom to the most dangerous at the top.
            order=alt.Order("rank:Q"),
            tooltip=[alt.Tooltip("level:N"), alt.Tooltip("time:N", title="UTC"), alt.Tooltip("accounts:Q")],
        )
        .transform_calculate(rank=f"indexof({[level.value for level in _LEVELS]}, datum.level)")
    )
    return spec(chart, height=220)


def _forced(data: Dataset, time: alt.X) -> Specification:
    return _lines(
        "forced",
        "series",
        data.names("series"),
        time,
        y=alt.Y("usd:Q", title="proceeds since the start", axis=dollar_axis()),
        tooltip=[alt.Tooltip("usd:Q", format="$,.0f")],
    )
