"""What lenders and borrowers lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    RED,
    dollar_axis,
    spec,
)

__all__ = ["deficit", "parties", "shortfall", "waterfall"]


def deficit(time: alt.X) -> dict[str, Any]:
    """Written off so far."""
    chart = (
        alt.Chart(alt.NamedData("deficit"))
        .mark_area(interpolate="step-after", color="#f1c4c1", line={"color": RED, "strokeWidth": 2})
        .encode(
            x=time,
            y=alt.Y("usd:Q", title="deficit so far", axis=dollar_axis(tickCount=4)),
            tooltip=[
                alt.Tooltip("time:N", title="UTC"),
                alt.Tooltip("usd:Q", title="deficit", format="$,.2f"),
                alt.Tooltip("count:Q", title="liquidations with a deficit", format=",d"),
            ],
        )
    )
    return spec(chart, height=170)


def shortfall(time: alt.X, *, exit_too: bool) -> dict[str, Any]:
    """What open positions lack, at three prices."""
    colours = {"at oracle": BLUE, "at exit": ORANGE, "at redemption": PURPLE}
    shown = [name for name in colours if exit_too or name != "at exit"]
    base = (
        alt.Chart(alt.NamedData("shortfall"))
        .transform_filter(alt.FieldOneOfPredicate(field="series", oneOf=shown))
        .encode(
            x=time,
            y=alt.Y("usd:Q", title="shortfall of open positions", axis=dollar_axis()),
            color=alt.Color("series:N", scale=alt.Scale(domain=shown, range=[colours[name] for name in shown])),
            tooltip=[
                alt.Tooltip("series:N"),
                alt.Tooltip("time:N", title="UTC"),
                alt.Tooltip("usd:Q", format="$,.0f"),
            ],
        )
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2)
    return spec(line + base.mark_point(size=60, opacity=0, filled=True), height=280)


def _bars(name: str, ends: Sequence[float], *, height: int) -> dict[str, Any]:
    low, high, value = ("low", "high", "change") if name == "waterfall" else ("zero", "usd", "usd")
    start, end = min(0.0, *ends), max(0.0, *ends)
    room = 0.12 * (end - start)
    base = (
        alt.Chart(alt.NamedData(name))
        .transform_calculate(
            zero="0",
            reach=f"max(datum.{high}, {'datum.low' if name == 'waterfall' else '0'})",
            text=f"(datum.{value} < 0 ? '\u2212' : '') + '$' + format(abs(datum.{value}), ',.3~s')",
        )
        .encode(
            y=alt.Y(
                "label:N",
                sort=alt.EncodingSortField("order"),
                title=None,
                axis=alt.Axis(labelLimit=260, labelColor=INK, labelFontSize=12.5, grid=False),
            )
        )
    )
    bars = base.mark_bar(height={"band": 0.62}, cornerRadius=2).encode(
        x=alt.X(
            f"{low}:Q",
            title=None,
            axis=dollar_axis(grid=True, tickCount=8),
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


def waterfall(data: Dataset) -> dict[str, Any]:
    """From own capital at the start to what is left."""
    return _bars(
        "waterfall", [row[data.columns.index(end)] for row in data.rows for end in ("low", "high")], height=290
    )


def parties(data: Dataset) -> dict[str, Any]:
    """Gain or loss of each party."""
    return _bars("parties", [row[data.columns.index("usd")] for row in data.rows], height=190)
