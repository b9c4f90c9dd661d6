"""Draw the health of the open positions, and how they were built."""

from __future__ import annotations

import altair as alt

from cascade.report.shared.colours import DARK_BLUE, DARK_RED, FILL_RED, LIGHT_BLUE, LIGHT_RED, PALE_BLUE, PAPER, RED
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import Specification, dollar_axis, spec
from cascade.units import BPS

__all__ = ["health", "leverage", "risk"]


def health(data: Dataset, time: alt.X, field: str, title: str, *, money: bool) -> Specification:
    """Return the open positions by bucket of health factor, the weakest at the bottom and those under 1 in red."""
    low_of = dict(zip(data.texts("bucket"), data.numbers("low"), strict=True))
    order = sorted(low_of, key=lambda name: low_of[name])
    under = [name for name in order if low_of[name] < BPS]
    # Darker towards both ends: the two buckets beside 1, where a position changes its colour, are the palest.
    colours = _ramp(DARK_RED, LIGHT_RED, len(under)) + _ramp(LIGHT_BLUE, DARK_BLUE, len(order) - len(under))
    chart = (
        alt.Chart(alt.NamedData("health"))
        .mark_area(interpolate="step-after", line=False, opacity=1)
        .encode(
            x=time,
            y=alt.Y(f"{field}:Q", title=title, stack="zero", axis=dollar_axis() if money else alt.Axis(format=",d")),
            color=alt.Color(
                "bucket:N",
                scale=alt.Scale(domain=order, range=colours),
                legend=alt.Legend(symbolType="square", columns=7),
            ),
            # The weakest positions at the bottom; the default would put the first name on top.
            order=alt.Order("low:Q"),
            tooltip=[
                alt.Tooltip("bucket:N", title="health factor"),
                alt.Tooltip("time:N", title="UTC"),
                alt.Tooltip(f"{field}:Q", format="$,.0f" if money else ",d"),
            ],
        )
    )
    return spec(chart, height=320)


def _ramp(first: str, last: str, count: int) -> list[str]:
    """Return colours in equal steps from one to another."""
    ends = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (first, last)]
    shares = [i / max(1, count - 1) for i in range(count)]
    return ["#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(*ends, strict=True)) for share in shares]


def leverage() -> Specification:
    """Return the histogram of leverage when the build ended, by whether the position was liquidated later."""
    chart = (
        alt.Chart(alt.NamedData("leverage"))
        .mark_bar(stroke=PAPER, strokeWidth=0.8)
        .encode(
            x=alt.X(
                "low:Q",
                bin="binned",
                title="collateral over equity, when the build ended",
                axis=alt.Axis(format=".2~f", tickCount=8),
                scale=alt.Scale(zero=False),
            ),
            x2="high:Q",
            y=alt.Y("positions:Q", title="positions", stack="zero", axis=alt.Axis(format=",d")),
            color=alt.Color(
                "fate:N",
                scale=alt.Scale(domain=["survived", "liquidated"], range=[PALE_BLUE, RED]),
                legend=alt.Legend(symbolType="square"),
            ),
            tooltip=[
                alt.Tooltip("low:Q", title="from", format=".2f"),
                alt.Tooltip("high:Q", title="to", format=".2f"),
                alt.Tooltip("fate:N"),
                alt.Tooltip("positions:Q", format=",d"),
            ],
        )
    )
    return spec(chart, height=260)


def risk() -> Specification:
    """Return the debt that a fall of the oracle price would make liquidatable."""
    chart = (
        alt.Chart(alt.NamedData("risk"))
        .mark_area(interpolate="step-after", color=FILL_RED, line={"color": RED, "strokeWidth": 2})
        .encode(
            x=alt.X("fall_pct:Q", title="fall of the oracle price, %", axis=alt.Axis(tickCount=10)),
            y=alt.Y("debt_usd:Q", title="debt then liquidatable", axis=dollar_axis()),
            tooltip=[
                alt.Tooltip("fall_pct:Q", title="fall, %"),
                alt.Tooltip("debt_usd:Q", title="debt", format="$,.0f"),
                alt.Tooltip("positions:Q", format=",d"),
            ],
        )
    )
    return spec(chart, height=260)
