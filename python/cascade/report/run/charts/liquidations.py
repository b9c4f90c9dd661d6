"""Liquidations one by one, and summed."""

from __future__ import annotations

from typing import Any

import altair as alt

from cascade.report.shared.style import (
    BLUE,
    ORANGE,
    RED,
    dollar_axis,
    spec,
)

__all__ = ["cumulated", "liquidations"]


def liquidations(time: alt.X) -> dict[str, Any]:
    """One dot a liquidation."""
    chart = (
        alt.Chart(alt.NamedData("liquidations"))
        .transform_calculate(outcome="datum.deficit > 0 ? 'left a deficit' : 'debt fully covered by collateral'")
        .mark_circle(size=46, opacity=0.6, cursor="pointer")
        .encode(
            x=time,
            y=alt.Y(
                "covered:Q",
                title="debt covered in one liquidation",
                axis=dollar_axis(values=[10**power for power in range(13)]),
                scale=alt.Scale(type="log", nice=True),
            ),
            color=alt.Color(
                "outcome:N",
                scale=alt.Scale(domain=["debt fully covered by collateral", "left a deficit"], range=[BLUE, RED]),
                legend=alt.Legend(symbolType="circle"),
            ),
            tooltip=[
                alt.Tooltip("time:N", title="UTC"),
                alt.Tooltip("borrower:N"),
                alt.Tooltip("keeper:N"),
                alt.Tooltip("covered:Q", title="debt covered", format="$,.2f"),
                alt.Tooltip("deficit:Q", format="$,.2f"),
                alt.Tooltip("hf_before:Q", title="health before", format=".4f"),
                alt.Tooltip("tx:N", title="transaction"),
            ],
        )
    )
    return spec(chart.transform_filter("datum.covered > 0"), height=320)


def cumulated(time: alt.X) -> dict[str, Any]:
    """Debt covered and collateral seized so far."""
    base = alt.Chart(alt.NamedData("cumulated")).encode(
        x=time,
        y=alt.Y("usd:Q", title="since the start", axis=dollar_axis()),
        color=alt.Color(
            "series:N", scale=alt.Scale(domain=["debt covered", "collateral seized"], range=[BLUE, ORANGE])
        ),
        tooltip=[
            alt.Tooltip("series:N"),
            alt.Tooltip("time:N", title="UTC"),
            alt.Tooltip("usd:Q", format="$,.0f"),
            alt.Tooltip("count:Q", title="liquidations", format=",d"),
        ],
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2)
    return spec(line + base.mark_point(size=60, opacity=0, filled=True), height=320)
