"""What made prices fall, and which liquidation came of which."""

from __future__ import annotations

from typing import Any

import altair as alt

from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
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

_KINDS = {
    "liquidation": RED,
    "voluntary": BLUE,
    "exogenous": GREY,
    "liquidity": TEAL,
    "switch": PURPLE,
    "time": ORANGE,
    "unexplained": "#c9d1d8",
}

_MOST_LABELS = 24

_WHOLE = "datum.value % 1 ? '' : format(datum.value, ',d')"

_RHO_TOOLTIP = [
    alt.Tooltip("series:N"),
    alt.Tooltip("time:N", title="UTC"),
    alt.Tooltip("rho:Q", format=".3f"),
    alt.Tooltip("price:Q", title="oracle price", format="$.4f"),
    alt.Tooltip("tokens:Q", title="collateral, tokens", format=",.0f"),
]

_BLOCK_TOOLTIP = [
    alt.Tooltip("time:N", title="UTC"),
    alt.Tooltip("queued:Q", title="waiting", format=",d"),
    alt.Tooltip("used:Q", title="gas used, %", format=".1f"),
    alt.Tooltip("gwei:Q", title="base fee", format=",.3f"),
]


def charts(data: dict[str, Dataset], time: alt.X) -> list[Chart]:
    """Ledger, graph, generations, stability and block space."""
    found = [
        Chart("ledger", {name: _ledger(data["ledger"], name) for name in _ledgers(data["ledger"])}),
        Chart("graph", {"": _graph(data["graph"], time)}),
        Chart("generations", {"": _generations(data["generations"])}),
    ]
    if data["rho"].rows:
        found.append(Chart("rho", {"over time": _rho_over_time(data["rho"], time), "with the price": _rho_by_price()}))
    return [*found, Chart("blockspace", {"queue": _queue(time), "base fee": _base_fee(time)})]


def _ledgers(data: Dataset) -> list[str]:
    at = data.columns.index("ledger")
    return list(dict.fromkeys(row[at] for row in data.rows))


def _ledger(data: Dataset, name: str) -> dict[str, Any]:
    rows = [row for row in data.rows if row[data.columns.index("ledger")] == name]
    order = [row[data.columns.index("class")] for row in rows]
    reaches = [row[data.columns.index(end)] for row in rows for end in ("down", "up")]
    low, high = min(0.0, *reaches), max(0.0, *reaches)
    room = 0.16 * (high - low)
    base = (
        alt.Chart(alt.NamedData("ledger"))
        .transform_filter(alt.FieldEqualPredicate(field="ledger", equal=name))
        .encode(
            y=alt.Y(
                "class:N",
                sort=order,
                title=None,
                axis=alt.Axis(labelLimit=260, labelColor=INK, labelFontSize=12.5, grid=False),
            ),
            tooltip=[
                alt.Tooltip("class:N"),
                alt.Tooltip("down:Q", format="+.6f"),
                alt.Tooltip("up:Q", format="+.6f"),
                alt.Tooltip("net:Q", format="+.6f"),
                alt.Tooltip("moves:Q", format=",d"),
            ],
        )
    )
    down = base.mark_bar(height={"band": 0.6}, color="#e2918b", cornerRadius=2).encode(
        x=alt.X(
            "down:Q",
            title="moves down and moves up, each summed; the mark is the net",
            axis=alt.Axis(format="+.3~f", grid=True, tickCount=8),
            scale=alt.Scale(domain=[low - room / 4, high + room], nice=False),
        )
    )
    up = base.mark_bar(height={"band": 0.6}, color="#9ccdb2", cornerRadius=2).encode(x="up:Q")
    net = base.mark_tick(color=INK, thickness=3, height={"band": 0.85}).encode(x="net:Q")
    words = base.mark_text(align="left", dx=8, color=INK).encode(x="reach:Q", text="text:N")
    return spec(down + up + net + words, height=30 + 36 * len(order))


def _graph(data: Dataset, time: alt.X) -> dict[str, Any]:
    kinds = [name for name in _KINDS if name in series_names(data, "pivot")]
    height = alt.Y(
        "y:Q",
        title="generation",
        scale=alt.Scale(zero=False, nice=False, padding=14),
        axis=alt.Axis(labelExpr=_WHOLE, grid=True),
    )
    base = alt.Chart(alt.NamedData("graph"))
    width = alt.StrokeWidth("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.4, 3]), legend=None)
    ends = base.encode(x=time, y=height, x2="t2:Q", y2="y2:Q", strokeWidth=width)
    edges = ends.transform_filter("datum.kind === 'edge'").mark_rule(color="#7c8894", opacity=0.22)
    pivots = ends.transform_filter("datum.kind === 'pivot edge'").mark_rule(color=INK, opacity=0.55)
    dots = (
        base.transform_filter("datum.kind === 'liquidation'")
        .mark_circle(opacity=0.75, stroke="#ffffff", strokeWidth=0.6, cursor="pointer")
        .encode(
            x=time,
            y=height,
            size=alt.Size("covered:Q", scale=alt.Scale(range=[14, 520]), legend=None),
            color=alt.Color(
                "pivot:N",
                scale=alt.Scale(domain=kinds, range=[_KINDS[name] for name in kinds]),
                legend=alt.Legend(symbolType="circle"),
            ),
            tooltip=[
                alt.Tooltip("time:N", title="UTC"),
                alt.Tooltip("borrower:N"),
                alt.Tooltip("generation:Q"),
                alt.Tooltip("covered:Q", title="debt covered", format="$,.2f"),
                alt.Tooltip("pivot:N"),
                alt.Tooltip("by:N", title="pivot made by"),
                alt.Tooltip("tx:N", title="transaction"),
                alt.Tooltip("pivot_tx:N", title="pivot's transaction"),
            ],
        )
    )
    return spec(edges + pivots + dots, height=380)


def _generations(data: Dataset) -> dict[str, Any]:
    base = alt.Chart(alt.NamedData("generations")).encode(
        x=alt.X("generation:O", title="generation", axis=alt.Axis(labelAngle=0)),
        tooltip=[
            alt.Tooltip("generation:O"),
            alt.Tooltip("liquidations:Q", format=",d"),
            alt.Tooltip("usd:Q", title="debt covered", format="$,.0f"),
            alt.Tooltip("r:Q", title="R", format=".3f"),
        ],
    )
    bars = base.mark_bar(color=RED, opacity=0.8, cornerRadius=2).encode(
        y=alt.Y("usd:Q", title="debt covered", axis=dollar_axis())
    )
    words = base.mark_text(dy=-8, color=INK).encode(y="usd:Q", text="text:N")
    return spec(bars + words if len(data.rows) <= _MOST_LABELS else bars, height=230)


def _rho_over_time(data: Dataset, time: alt.X) -> dict[str, Any]:
    order = series_names(data, "series")
    colours = [RED if name.endswith("liquidatable") else ORANGE for name in order]
    base = alt.Chart().encode(
        x=time,
        y=alt.Y("rho:Q", title="stability number", scale=alt.Scale(type="symlog", constant=0.1)),
        color=alt.Color("series:N", scale=alt.Scale(domain=order, range=colours)),
        tooltip=_RHO_TOOLTIP,
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2)
    points = base.mark_point(size=60, opacity=0, filled=True)
    return spec(alt.LayerChart(data=alt.NamedData("rho"), layer=[line, points, _line_at_one()]), height=260)


def _rho_by_price() -> dict[str, Any]:
    dots = (
        alt.Chart()
        .transform_filter("datum.near === 0 && datum.rho > 0")
        .mark_circle(size=34, opacity=0.6)
        .encode(
            x=alt.X("price:Q", title="oracle price", scale=alt.Scale(zero=False), axis=alt.Axis(format="$.3~f")),
            y=alt.Y("rho:Q", title="stability number", scale=alt.Scale(type="symlog", constant=0.1)),
            color=alt.Color(
                "asset:N", scale=alt.Scale(range=[RED, BLUE, TEAL, PURPLE]), legend=alt.Legend(symbolType="circle")
            ),
            tooltip=_RHO_TOOLTIP,
        )
    )
    return spec(alt.LayerChart(data=alt.NamedData("rho"), layer=[dots, _line_at_one()]), height=260)


def _line_at_one() -> alt.Chart:
    # One rule, not one a row.
    one = alt.Chart().transform_aggregate(rows="count()")
    line: alt.Chart = one.mark_rule(color=INK, strokeDash=[4, 4], strokeWidth=1).encode(y=alt.datum(1))
    return line


def _queue(time: alt.X) -> dict[str, Any]:
    chart = (
        alt.Chart(alt.NamedData("blockspace"))
        .mark_area(interpolate="step-after", color="#d6cbe8", line={"color": PURPLE, "strokeWidth": 2})
        .encode(
            x=time,
            y=alt.Y("queued:Q", title="transactions waiting", axis=alt.Axis(labelExpr=_WHOLE)),
            tooltip=_BLOCK_TOOLTIP,
        )
    )
    return spec(chart, height=170)


def _base_fee(time: alt.X) -> dict[str, Any]:
    chart = (
        alt.Chart(alt.NamedData("blockspace"))
        .mark_line(interpolate="step-after", color=GREEN, strokeWidth=2)
        .encode(x=time, y=alt.Y("gwei:Q", title="base fee, gwei", scale=alt.Scale(zero=False)), tooltip=_BLOCK_TOOLTIP)
    )
    return spec(chart, height=170)
