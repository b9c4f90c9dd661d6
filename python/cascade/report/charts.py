"""The charts, as Vega-Lite specifications over named datasets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from cascade.report.datasets import Dataset

__all__ = ["CONFIG", "Chart", "charts"]

INK, MUTED, GRID = "#1d2733", "#5b6875", "#e6eaee"
BLUE, TEAL, ORANGE, PURPLE, GREY, RED, GREEN = (
    "#1f5fa8", "#12877b", "#d9730d", "#7a5fb0", "#8c98a4", "#c0322b", "#2f8f5b",
)  # fmt: skip

CONFIG: dict[str, Any] = {
    "background": "#ffffff",
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED, "titleColor": MUTED, "gridColor": GRID, "domainColor": "#c9d1d8", "tickColor": "#c9d1d8",
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "titlePadding": 10, "labelPadding": 5,
        "tickSize": 4,
    },
    "axisX": {"grid": False},
    "axisY": {"domain": False, "ticks": False, "tickCount": 6},
    "legend": {
        "orient": "top", "title": None, "labelColor": INK, "labelFontSize": 12, "symbolStrokeWidth": 3,
        "symbolType": "stroke", "symbolSize": 110, "labelLimit": 260, "columnPadding": 18, "padding": 0, "offset": 12,
    },
    "text": {"color": INK, "fontSize": 12},
}  # fmt: skip
"""Looks common to every chart; the font is the renderer's choice."""

_KIND_COLOURS = {"oracle": BLUE, "spot": TEAL, "exit": ORANGE, "redemption": PURPLE, "path": GREY}
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


def charts(data: dict[str, Dataset], *, day: str) -> list[Chart]:
    """Every chart of a run, in the order of the page.

    Parameters
    ----------
    data : dict
        Datasets by name; the specifications refer to them and hold no data.
    day : str
        Day of the crash phase, for the time axis.
    """
    time = _time(data["prices"], day)
    liquidated = _time(data["liquidations"], day)
    return [
        Chart(
            "prices",
            {
                "market": _prices(data["prices"], time, "linear", exit_too=False),
                "with exit": _prices(data["prices"], time, "linear", exit_too=True),
                "with exit, log": _prices(data["prices"], time, "log", exit_too=True),
            },
        ),
        Chart(
            "health",
            {
                "collateral": _health(data["health"], time, "collateral", "collateral at the oracle", money=True),
                "positions": _health(data["health"], time, "positions", "open positions", money=False),
            },
        ),
        Chart("liquidations", {"each": _liquidations(liquidated), "cumulated": _cumulated(time)}),
        Chart("deficit", {"": _deficit(time)}),
        Chart(
            "shortfall",
            {"at all prices": _shortfall(time, exit_too=True), "without exit": _shortfall(time, exit_too=False)},
        ),
        Chart("waterfall", {"": _waterfall(data["waterfall"])}),
        Chart("parties", {"": _parties(data["parties"])}),
        Chart("depth", {"": _depth(data["depth"], time)}),
        Chart("leverage", {"": _leverage()}),
        Chart("risk", {"": _risk()}),
    ]


def _time(data: Dataset, day: str) -> alt.X:
    moments = [row[data.columns.index("t")] for row in data.rows]
    short = bool(moments) and max(moments) - min(moments) < _SHORT_MS
    axis = alt.Axis(format="%H:%M:%S" if short else "%H:%M", tickCount=9, labelFlush=True)
    return alt.X("t:T", title=f"{day}, UTC", scale=alt.Scale(type="utc"), axis=axis)


def _dollars(**more: Any) -> alt.Axis:
    return alt.Axis(format="$~s", labelExpr="datum.value === 0 ? '$0' : datum.label", **more)


def _spec(chart: alt.Chart | alt.LayerChart, *, height: int = 300) -> dict[str, Any]:
    sized = chart.properties(width="container", height=height)
    specification: dict[str, Any] = sized.to_dict(validate=True)
    specification["config"] = CONFIG
    specification["autosize"] = {"type": "fit-x", "contains": "padding"}
    return specification


def _series(data: Dataset, column: str) -> list[str]:
    return sorted({row[data.columns.index(column)] for row in data.rows})


def _prices(data: Dataset, time: alt.X, scale: Literal["linear", "log"], *, exit_too: bool) -> dict[str, Any]:
    names, kinds = data.columns.index("series"), data.columns.index("kind")
    kind_of = {row[names]: row[kinds] for row in data.rows if exit_too or row[kinds] != "exit"}
    order = sorted(kind_of, key=lambda name: (list(_KIND_COLOURS).index(kind_of[name]), name))
    colour = alt.Color("series:N", scale=alt.Scale(domain=order, range=[_KIND_COLOURS[kind_of[n]] for n in order]))
    dashes = [[5, 4] if kind_of[name] in ("path", "redemption") else [1, 0] for name in order]
    shown = alt.Chart(alt.NamedData("prices")).transform_filter(alt.FieldOneOfPredicate(field="series", oneOf=order))
    base = shown.encode(
        x=time,
        y=alt.Y(
            "price:Q", title="dollars a token", scale=alt.Scale(type=scale, zero=False, nice=True),
            axis=alt.Axis(format="$.3~f"),
        ),
        color=colour,
        tooltip=[alt.Tooltip("series:N"), alt.Tooltip("time:N", title="UTC"), alt.Tooltip("price:Q", format="$.4f")],
    )  # fmt: skip
    line = base.mark_line(interpolate="step-after", strokeWidth=2, clip=True).encode(
        strokeDash=alt.StrokeDash("series:N", scale=alt.Scale(domain=order, range=dashes))
    )
    return _spec(line + base.mark_point(size=60, opacity=0, filled=True), height=340)


def _health(data: Dataset, time: alt.X, field: str, title: str, *, money: bool) -> dict[str, Any]:
    names, lows = data.columns.index("bucket"), data.columns.index("low")
    low_of = {row[names]: row[lows] for row in data.rows}
    order = sorted(low_of, key=lambda name: low_of[name])
    under = [name for name in order if low_of[name] < 10_000]
    colours = _ramp("#8f1d18", "#f2b8a8", len(under)) + _ramp("#cfe0f1", "#1c4f88", len(order) - len(under))
    chart = (
        alt.Chart(alt.NamedData("health"))
        .mark_area(interpolate="step-after", line=False, opacity=1)
        .encode(
            x=time,
            y=alt.Y(
                f"{field}:Q", title=title, stack="zero", axis=_dollars() if money else alt.Axis(format=",d")
            ),
            color=alt.Color(
                "bucket:N", scale=alt.Scale(domain=order, range=colours),
                legend=alt.Legend(symbolType="square", columns=7),
            ),
            order=alt.Order("low:Q"),
            tooltip=[
                alt.Tooltip("bucket:N", title="health factor"), alt.Tooltip("time:N", title="UTC"),
                alt.Tooltip(f"{field}:Q", format="$,.0f" if money else ",d"),
            ],
        )
    )  # fmt: skip
    return _spec(chart, height=320)


def _ramp(first: str, last: str, count: int) -> list[str]:
    ends = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (first, last)]
    shares = [i / max(1, count - 1) for i in range(count)]
    return ["#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(*ends, strict=True)) for share in shares]


def _liquidations(time: alt.X) -> dict[str, Any]:
    chart = (
        alt.Chart(alt.NamedData("liquidations"))
        .transform_calculate(outcome="datum.deficit > 0 ? 'left a deficit' : 'debt fully covered by collateral'")
        .mark_circle(size=46, opacity=0.6, cursor="pointer")
        .encode(
            x=time,
            y=alt.Y(
                "covered:Q", title="debt covered in one liquidation",
                axis=_dollars(values=[10**power for power in range(13)]),
                scale=alt.Scale(type="log", nice=True),
            ),
            color=alt.Color(
                "outcome:N",
                scale=alt.Scale(domain=["debt fully covered by collateral", "left a deficit"], range=[BLUE, RED]),
                legend=alt.Legend(symbolType="circle"),
            ),
            tooltip=[
                alt.Tooltip("time:N", title="UTC"), alt.Tooltip("borrower:N"), alt.Tooltip("keeper:N"),
                alt.Tooltip("covered:Q", title="debt covered", format="$,.2f"),
                alt.Tooltip("deficit:Q", format="$,.2f"),
                alt.Tooltip("hf_before:Q", title="health before", format=".4f"),
                alt.Tooltip("tx:N", title="transaction"),
            ],
        )
    )  # fmt: skip
    return _spec(chart.transform_filter("datum.covered > 0"), height=320)


def _cumulated(time: alt.X) -> dict[str, Any]:
    base = alt.Chart(alt.NamedData("cumulated")).encode(
        x=time,
        y=alt.Y("usd:Q", title="since the start", axis=_dollars()),
        color=alt.Color(
            "series:N", scale=alt.Scale(domain=["debt covered", "collateral seized"], range=[BLUE, ORANGE])
        ),
        tooltip=[
            alt.Tooltip("series:N"), alt.Tooltip("time:N", title="UTC"), alt.Tooltip("usd:Q", format="$,.0f"),
            alt.Tooltip("count:Q", title="liquidations", format=",d"),
        ],
    )  # fmt: skip
    line = base.mark_line(interpolate="step-after", strokeWidth=2)
    return _spec(line + base.mark_point(size=60, opacity=0, filled=True), height=320)


def _deficit(time: alt.X) -> dict[str, Any]:
    chart = (
        alt.Chart(alt.NamedData("deficit"))
        .mark_area(interpolate="step-after", color="#f1c4c1", line={"color": RED, "strokeWidth": 2})
        .encode(
            x=time,
            y=alt.Y("usd:Q", title="deficit so far", axis=_dollars(tickCount=4)),
            tooltip=[
                alt.Tooltip("time:N", title="UTC"), alt.Tooltip("usd:Q", title="deficit", format="$,.2f"),
                alt.Tooltip("count:Q", title="liquidations with a deficit", format=",d"),
            ],
        )
    )  # fmt: skip
    return _spec(chart, height=170)


def _shortfall(time: alt.X, *, exit_too: bool) -> dict[str, Any]:
    colours = {"at oracle": BLUE, "at exit": ORANGE, "at redemption": PURPLE}
    shown = [name for name in colours if exit_too or name != "at exit"]
    base = (
        alt.Chart(alt.NamedData("shortfall"))
        .transform_filter(alt.FieldOneOfPredicate(field="series", oneOf=shown))
        .encode(
            x=time,
            y=alt.Y("usd:Q", title="shortfall of open positions", axis=_dollars()),
            color=alt.Color("series:N", scale=alt.Scale(domain=shown, range=[colours[name] for name in shown])),
            tooltip=[
                alt.Tooltip("series:N"), alt.Tooltip("time:N", title="UTC"), alt.Tooltip("usd:Q", format="$,.0f"),
            ],
        )
    )  # fmt: skip
    line = base.mark_line(interpolate="step-after", strokeWidth=2)
    return _spec(line + base.mark_point(size=60, opacity=0, filled=True), height=280)


def _bars(name: str, ends: Sequence[float], *, height: int) -> dict[str, Any]:
    low, high, value = ("low", "high", "change") if name == "waterfall" else ("zero", "usd", "usd")
    start, end = min(0.0, *ends), max(0.0, *ends)
    room = 0.12 * (end - start)
    base = (
        alt.Chart(alt.NamedData(name))
        .transform_calculate(
            zero="0", reach=f"max(datum.{high}, {'datum.low' if name == 'waterfall' else '0'})",
            text=f"(datum.{value} < 0 ? '\u2212' : '') + '$' + format(abs(datum.{value}), ',.3~s')",
        )
        .encode(
            y=alt.Y(
                "label:N", sort=alt.EncodingSortField("order"), title=None,
                axis=alt.Axis(labelLimit=260, labelColor=INK, labelFontSize=12.5, grid=False),
            )
        )
    )  # fmt: skip
    bars = base.mark_bar(height={"band": 0.62}, cornerRadius=2).encode(
        x=alt.X(
            f"{low}:Q", title=None, axis=_dollars(grid=True, tickCount=8),
            scale=alt.Scale(domain=[start - (room / 4 if start < 0 else 0), end + room], nice=False),
        ),
        x2=f"{high}:Q",
        color=alt.Color(
            "kind:N", scale=alt.Scale(domain=["equity", "loss", "gain"], range=[BLUE, RED, GREEN]), legend=None
        ),
        tooltip=[alt.Tooltip("label:N"), alt.Tooltip(f"{value}:Q", title="dollars", format="$,.2f")],
    )  # fmt: skip
    labels = base.mark_text(align="left", dx=6).encode(x="reach:Q", text="text:N")
    return _spec(bars + labels, height=height)


def _waterfall(data: Dataset) -> dict[str, Any]:
    return _bars(
        "waterfall", [row[data.columns.index(end)] for row in data.rows for end in ("low", "high")], height=290
    )


def _parties(data: Dataset) -> dict[str, Any]:
    return _bars("parties", [row[data.columns.index("usd")] for row in data.rows], height=190)


def _depth(data: Dataset, time: alt.X) -> dict[str, Any]:
    order: Sequence[str] = sorted(_series(data, "series"), key=lambda name: (name.split(", within ")[0], _within(name)))
    base = alt.Chart(alt.NamedData("depth")).encode(
        x=time,
        y=alt.Y("tokens:Q", title="tokens that could be sold", axis=alt.Axis(format="~s")),
        color=alt.Color(
            "series:N", scale=alt.Scale(domain=list(order), range=[ORANGE, TEAL, BLUE, PURPLE, GREY, RED, GREEN])
        ),
        tooltip=[alt.Tooltip("series:N"), alt.Tooltip("time:N", title="UTC"), alt.Tooltip("tokens:Q", format=",.0f")],
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2)
    return _spec(line + base.mark_point(size=60, opacity=0, filled=True), height=280)


def _within(series: str) -> float:
    return float(series.rsplit("within ", 1)[1].removesuffix(" %"))


def _leverage() -> dict[str, Any]:
    chart = (
        alt.Chart(alt.NamedData("leverage"))
        .mark_bar(stroke="#ffffff", strokeWidth=0.8)
        .encode(
            x=alt.X(
                "low:Q", bin="binned", title="collateral over own capital, once built",
                axis=alt.Axis(format=".2~f", tickCount=8), scale=alt.Scale(zero=False),
            ),
            x2="high:Q",
            y=alt.Y("positions:Q", title="positions", stack="zero", axis=alt.Axis(format=",d")),
            color=alt.Color(
                "fate:N", scale=alt.Scale(domain=["survived", "liquidated"], range=["#a9c4e0", RED]),
                legend=alt.Legend(symbolType="square"),
            ),
            tooltip=[
                alt.Tooltip("low:Q", title="from", format=".2f"), alt.Tooltip("high:Q", title="to", format=".2f"),
                alt.Tooltip("fate:N"), alt.Tooltip("positions:Q", format=",d"),
            ],
        )
    )  # fmt: skip
    return _spec(chart, height=260)


def _risk() -> dict[str, Any]:
    chart = (
        alt.Chart(alt.NamedData("risk"))
        .mark_area(
            interpolate="step-after", color="#f3c9b8", line={"color": RED, "strokeWidth": 2}
        )
        .encode(
            x=alt.X("fall_pct:Q", title="fall of the oracle price, %", axis=alt.Axis(tickCount=10)),
            y=alt.Y("debt_usd:Q", title="debt then liquidatable", axis=_dollars()),
            tooltip=[
                alt.Tooltip("fall_pct:Q", title="fall, %"), alt.Tooltip("debt_usd:Q", title="debt", format="$,.0f"),
                alt.Tooltip("positions:Q", format=",d"),
            ],
        )
    )  # fmt: skip
    return _spec(chart, height=260)
