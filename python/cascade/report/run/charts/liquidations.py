"""Draw liquidations one by one, and summed."""

from __future__ import annotations

import altair as alt

from cascade.report.shared.colours import BLUE, ORANGE, RED
from cascade.report.shared.style import Specification, dollar_axis, spec, stepped

__all__ = ["cumulated", "liquidations"]


_COVERED, _LEFT_DEFICIT = "debt fully covered by collateral", "left a deficit"


def liquidations(time: alt.X) -> Specification:
    """Return one dot per liquidation."""
    chart = (
        alt.Chart(alt.NamedData("liquidations"))
        .transform_calculate(outcome=f"datum.deficit > 0 ? '{_LEFT_DEFICIT}' : '{_COVERED}'")
        .mark_point(size=46, opacity=0.6, filled=True, cursor="pointer")
        .encode(
            x=time,
            y=alt.Y(
                "covered:Q",
                title="debt covered in one liquidation",
                # Powers of ten only: the labels of a logarithmic scale overlap otherwise.
                axis=dollar_axis(values=[10**power for power in range(13)]),
                scale=alt.Scale(type="log", nice=True),
            ),
            color=alt.Color(
                "outcome:N",
                scale=alt.Scale(domain=[_COVERED, _LEFT_DEFICIT], range=[BLUE, RED]),
                legend=alt.Legend(),
            ),
            # A triangle is told from a circle without colour.
            shape=alt.Shape(
                "outcome:N",
                scale=alt.Scale(domain=[_COVERED, _LEFT_DEFICIT], range=["circle", "triangle-up"]),
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
    # A logarithmic scale has no place for zero.
    return spec(chart.transform_filter("datum.covered > 0"), height=320)


def cumulated(time: alt.X) -> Specification:
    """Return the debt covered and the collateral seized so far."""
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
    return spec(stepped(base), height=320)
