"""Draw the causes: who made each price fall, and which liquidation led to which."""

from __future__ import annotations

import json
from typing import assert_never

import altair as alt

from cascade.report.run.class_words import pivot_name
from cascade.report.shared.colours import (
    BAR_GREEN,
    BAR_RED,
    BLUE,
    EDGE,
    FILL_PURPLE,
    GREEN,
    GREY,
    INK,
    LINK,
    OCHRE,
    ORANGE,
    PAPER,
    PURPLE,
    RED,
    TEAL,
)
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import Chart, Specification, dollar_axis, label_axis, scale_from_zero, spec, stepped
from cascade.vocabulary import PivotKind

__all__ = ["charts"]

_MOST_LABELS = 24
"""Bars that are labelled, at most: the labels of more would overlap."""

_WHOLE = "datum.value % 1 ? '' : format(datum.value, ',d')"
"""Labels an axis at whole numbers only; Vega-Lite puts ticks between them where the range is small."""

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
    """Return the charts of the ledger, the graph, the generations, the stability number and block space."""
    found = [
        Chart(
            "ledger", {name: _ledger(data["ledger"], name) for name in dict.fromkeys(data["ledger"].texts("ledger"))}
        ),
        Chart("graph", {"": _graph(data["graph"], time)}),
        Chart("generations", {"": _generations(data["generations"])}),
    ]
    if data["rho"].rows:
        variants = {"over time": _rho_over_time(data["rho"], time)}
        if _has_liquidatable(data["rho"]):
            variants["with the price"] = _rho_by_price()
        found.append(Chart("rho", variants))
    return [*found, Chart("blockspace", {"queue": _queue(data["blockspace"], time), "base fee": _base_fee(time)})]


def _ledger(data: Dataset, name: str) -> Specification:
    columns = zip(data.texts("ledger"), data.texts("class"), data.numbers("down"), data.numbers("up"), strict=True)
    rows = [(actor_class, down, up) for ledger, actor_class, down, up in columns if ledger == name]
    order = [actor_class for actor_class, _, _ in rows]
    reaches = [reach for _, down, up in rows for reach in (down, up)]
    low, high = min(0.0, *reaches), max(0.0, *reaches)
    # The net of a class stands to the right of its bar, also where the bar is the longest.
    room = 0.16 * (high - low)
    base = (
        alt.Chart(alt.NamedData("ledger"))
        .transform_filter(alt.FieldEqualPredicate(field="ledger", equal=name))
        .encode(
            y=alt.Y(
                "class:N",
                sort=order,
                title=None,
                axis=label_axis(),
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
    down = base.mark_bar(height={"band": 0.6}, color=BAR_RED, cornerRadius=2).encode(
        x=alt.X(
            "down:Q",
            title="sum of the moves down, and of the moves up; the mark is the net",
            axis=alt.Axis(format="+.3~f", grid=True, tickCount=8),
            scale=alt.Scale(domain=[low - room / 4, high + room], nice=False),
        )
    )
    up = base.mark_bar(height={"band": 0.6}, color=BAR_GREEN, cornerRadius=2).encode(x="up:Q")
    net = base.mark_tick(color=INK, thickness=3, height={"band": 0.85}).encode(x="net:Q")
    words = base.mark_text(align="left", dx=8, color=INK).encode(x="reach:Q", text="text:N")
    return spec(down + up + net + words, height=30 + 36 * len(order))


def _graph(data: Dataset, time: alt.X) -> Specification:
    present = set(data.texts("pivot"))
    kinds = [kind for kind in PivotKind if kind in present]
    names = {kind.value: pivot_name(kind) for kind in kinds}
    height = alt.Y(
        "y:Q",
        title="generation",
        scale=alt.Scale(zero=False, nice=False, padding=14),
        axis=alt.Axis(labelExpr=_WHOLE, grid=True),
    )
    base = alt.Chart(alt.NamedData("graph"))
    width = alt.StrokeWidth("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.4, 3]), legend=None)
    ends = base.encode(x=time, y=height, x2="t2:Q", y2="y2:Q", strokeWidth=width)
    # Drawn in this order: pivots over the other edges, dots over both.
    edges = ends.transform_filter("datum.kind === 'edge'").mark_rule(color=LINK, opacity=0.22)
    pivots = ends.transform_filter("datum.kind === 'pivot edge'").mark_rule(color=INK, opacity=0.55)
    dots = (
        base.transform_filter("datum.kind === 'liquidation'")
        .mark_circle(opacity=0.75, stroke=PAPER, strokeWidth=0.6, cursor="pointer")
        .encode(
            x=time,
            y=height,
            size=alt.Size("covered:Q", scale=alt.Scale(range=[14, 520]), legend=None),
            color=alt.Color(
                "pivot:N",
                scale=alt.Scale(domain=list(names), range=[_colour(kind) for kind in kinds]),
                legend=alt.Legend(symbolType="circle", labelExpr=f"({json.dumps(names)})[datum.label]"),
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
    # A layer without rows has no extent to scale.
    drawn = set(data.texts("kind"))
    layers = [
        layer for kind, layer in (("edge", edges), ("pivot edge", pivots), ("liquidation", dots)) if kind in drawn
    ]
    return spec(alt.LayerChart(layer=layers or [dots], data=alt.NamedData("graph")), height=380)


def _colour(kind: PivotKind) -> str:
    match kind:
        case PivotKind.LIQUIDATION:
            return RED
        case PivotKind.VOLUNTARY:
            return BLUE
        case PivotKind.EXOGENOUS:
            return GREY
        case PivotKind.FORCED:
            return OCHRE
        case PivotKind.LIQUIDITY:
            return TEAL
        case PivotKind.SWITCH:
            return PURPLE
        case PivotKind.TIME:
            return ORANGE
        case PivotKind.ROUNDING | PivotKind.UNEXPLAINED:
            return EDGE
        case _:
            assert_never(kind)


def _generations(data: Dataset) -> Specification:
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


def _rho_over_time(data: Dataset, time: alt.X) -> Specification:
    order = data.names("series")
    colours = [RED if name.endswith("liquidatable") else ORANGE for name in order]
    # A symmetric logarithm, because the number is zero for most of a run and large at its worst.
    base = alt.Chart().encode(
        x=time,
        y=alt.Y("rho:Q", title="stability number", scale=alt.Scale(type="symlog", constant=0.1)),
        color=alt.Color("series:N", scale=alt.Scale(domain=order, range=colours)),
        tooltip=_RHO_TOOLTIP,
    )
    return spec(alt.LayerChart(data=alt.NamedData("rho"), layer=[*stepped(base).layer, _line_at_one()]), height=260)


def _has_liquidatable(data: Dataset) -> bool:
    """Return whether any collateral was liquidatable, so that its stability number is not zero."""
    return any(near == 0 and rho > 0 for near, rho in zip(data.numbers("near"), data.numbers("rho"), strict=True))


def _rho_by_price() -> Specification:
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
    # Aggregated, so that there is one rule and not one per row.
    one = alt.Chart().transform_aggregate(rows="count()")
    line: alt.Chart = one.mark_rule(color=INK, strokeDash=[4, 4], strokeWidth=1).encode(y=alt.datum(1))
    return line


def _queue(data: Dataset, time: alt.X) -> Specification:
    chart = (
        alt.Chart(alt.NamedData("blockspace"))
        .mark_area(interpolate="step-after", color=FILL_PURPLE, line={"color": PURPLE, "strokeWidth": 2})
        .encode(
            x=time,
            y=alt.Y(
                "queued:Q",
                title="transactions waiting",
                axis=alt.Axis(labelExpr=_WHOLE),
                scale=scale_from_zero(data.numbers("queued"), least=1),
            ),
            tooltip=_BLOCK_TOOLTIP,
        )
    )
    return spec(chart, height=170)


def _base_fee(time: alt.X) -> Specification:
    chart = (
        alt.Chart(alt.NamedData("blockspace"))
        .mark_line(interpolate="step-after", color=GREEN, strokeWidth=2)
        .encode(x=time, y=alt.Y("gwei:Q", title="base fee, gwei", scale=alt.Scale(zero=False)), tooltip=_BLOCK_TOOLTIP)
    )
    return spec(chart, height=170)
