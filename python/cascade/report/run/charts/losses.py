"""Draw the losses of lenders and borrowers."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from cascade.report.shared.colours import BLUE, FILL_RED, GREEN, ORANGE, PURPLE, RED
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.figures import MINUS
from cascade.report.shared.style import Specification, dollar_axis, label_axis, scale_from_zero, spec, stepped

__all__ = ["deficit", "parties", "shortfall", "waterfall"]


_LEAST_DOLLARS = 100
"""Largest value of a scale of dollars, at least: fractions of a dollar are of no interest."""


def deficit(time: alt.X) -> Specification:
    """Return the debt written off so far."""
    chart = (
        alt.Chart(alt.NamedData("deficit"))
        .mark_area(interpolate="step-after", color=FILL_RED, line={"color": RED, "strokeWidth": 2})
        .encode(
            x=time,
            y=alt.Y("usd:Q", title="deficit so far", axis=dollar_axis(ticks=4)),
            tooltip=[
                alt.Tooltip("time:N", title="UTC"),
                alt.Tooltip("usd:Q", title="deficit", format="$,.2f"),
                alt.Tooltip("count:Q", title="liquidations with a deficit", format=",d"),
            ],
        )
    )
    return spec(chart, height=170)


def shortfall(data: Dataset, time: alt.X, *, exit_too: bool) -> Specification:
    """Return the shortfall of open positions at three prices.

    The exit price of a thin venue can hide the other two, so the page can leave it out.
    """
    colours = {"at oracle": BLUE, "at exit": ORANGE, "at redemption": PURPLE}
    shown = [name for name in colours if exit_too or name != "at exit"]
    points = zip(data.texts("series"), data.numbers("usd"), strict=True)
    values = [value for series, value in points if series in shown]
    base = (
        alt.Chart(alt.NamedData("shortfall"))
        .transform_filter(alt.FieldOneOfPredicate(field="series", oneOf=shown))
        .encode(
            x=time,
            y=alt.Y(
                "usd:Q",
                title="shortfall of open positions",
                axis=dollar_axis(),
                scale=scale_from_zero(values, least=_LEAST_DOLLARS),
            ),
            color=alt.Color("series:N", scale=alt.Scale(domain=shown, range=[colours[name] for name in shown])),
            tooltip=[
                alt.Tooltip("series:N"),
                alt.Tooltip("time:N", title="UTC"),
                alt.Tooltip("usd:Q", format="$,.0f"),
            ],
        )
    )
    return spec(stepped(base), height=280)


def _bars(name: str, ends: Sequence[float], *, height: int) -> Specification:
    # A step of the waterfall floats between two values; the bar of a party starts at zero.
    low, high, value = ("low", "high", "change") if name == "waterfall" else ("zero", "usd", "usd")
    start, end = min(0.0, *ends), max(0.0, *ends)
    # The label of a bar stands to its right, also where the bar ends at the largest value.
    room = 0.12 * (end - start)
    base = (
        alt.Chart(alt.NamedData(name))
        .transform_calculate(
            zero="0",
            reach=f"max(datum.{high}, {'datum.low' if name == 'waterfall' else '0'})",
            # The sign comes before the dollar sign, which no number format of Vega does.
            text=f"(datum.{value} < 0 ? '{MINUS}' : '') + '$' + format(abs(datum.{value}), ',.3~s')",
        )
        .encode(
            y=alt.Y(
                "label:N",
                sort=alt.EncodingSortField("order"),
                title=None,
                axis=label_axis(),
            )
        )
    )
    bars = base.mark_bar(height={"band": 0.62}, cornerRadius=2).encode(
        x=alt.X(
            f"{low}:Q",
            title=None,
            axis=dollar_axis(ticks=8),
            scale=alt.Scale(domain=[start - (room / 4 if start < 0 else 0), end + room], nice=False),
        ),
        x2=f"{high}:Q",
        color=alt.Color(
            "kind:N", scale=alt.Scale(domain=["equity", "loss", "gain"], range=[BLUE, RED, GREEN]), legend=None
        ),
        tooltip=[alt.Tooltip("label:N"), alt.Tooltip(f"{value}:Q", title="dollars", format="$,.2f")],
    )
    labels = base.mark_text(align="left", dx=6).encode(x="reach:Q", text="text:N")
    return spec(bars + labels, height=height)


def waterfall(data: Dataset) -> Specification:
    """Return the steps from the equity at the start to the equity at the end."""
    return _bars("waterfall", [*data.numbers("low"), *data.numbers("high")], height=290)


def parties(data: Dataset) -> Specification:
    """Return the gain or loss of each party."""
    return _bars("parties", data.numbers("usd"), height=190)
