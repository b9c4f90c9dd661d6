"""Charts of several runs, each drawn from its own tables: prices and health factors on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import altair as alt

from cascade.analysis.frames import Frames
from cascade.analysis.series.lending import health_over_time
from cascade.report.run.datasets import health_stride
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import CONFIG
from cascade.units import e8_to_float

__all__ = ["health_chart", "health_data", "line_chart", "price_data"]

_COLOURS = ("#1f5fa8", "#d9730d", "#12877b", "#7a5fb0", "#c0322b", "#8c98a4", "#2f8f5b", "#1d2733", "#b08d00")
_HEALTHY_BPS = 10_000


def price_data(frames: Frames, asset: str, sources: Sequence[str], *, series: str | None = None) -> list[list[Any]]:
    """Rows `t, time, series, value` of one asset's prices through the crash, each held until the next.

    Parameters
    ----------
    series : str, optional
        Name of the line; its source's where none is given.
    """
    start, end = (int(frames.timestamps[block]) for block in (frames.first_chain_block, frames.last_block))
    prices = frames.prices[frames.prices["asset"] == asset]
    rows = []
    for source in sources:
        found = prices[prices["source"] == source].sort_values("block_number", kind="stable")
        points = list(zip(found["timestamp"].tolist(), found["price_e8"].tolist(), strict=True))
        before = [price for moment, price in points if moment < start]
        shown = [(start, before[-1])] if before else []
        shown += [(moment, price) for moment, price in points if moment >= start]
        if shown:
            shown.append((end, shown[-1][1]))
        rows += [[t * 1000, _clock(t), series or source, e8_to_float(price)] for t, price in shown]
    return rows


def health_data(frames: Frames) -> Dataset:
    """Collateral of the open positions under a health factor of 1, and above, through the crash."""
    totals: dict[tuple[int, str], float] = {}
    for row in health_over_time(frames, every=health_stride(frames)).to_dict("records"):
        key = int(row["timestamp"]), "under 1" if row["health_high_bps"] <= _HEALTHY_BPS else "1 and above"
        totals[key] = totals.get(key, 0.0) + float(row["collateral_usd"])
    rows = [[t * 1000, _clock(t), name, value] for (t, name), value in sorted(totals.items())]
    return Dataset(["t", "time", "series", "value"], rows)


def line_chart(name: str, data: Dataset, *, title: str, day: str, low: float, high: float) -> dict[str, Any]:
    """Lines over time on a stated scale, so that two charts can be compared by eye."""
    order = list(dict.fromkeys(row[2] for row in data.rows))
    base = alt.Chart(alt.NamedData(name)).encode(
        x=_time(day),
        y=alt.Y(
            "value:Q",
            title=title,
            scale=alt.Scale(domain=[low, high], zero=False, nice=True),
            axis=alt.Axis(format="$.3~f"),
        ),
        color=alt.Color("series:N", scale=alt.Scale(domain=order, range=list(_COLOURS[: max(1, len(order))]))),
        tooltip=[alt.Tooltip("series:N"), alt.Tooltip("time:N", title="UTC"), alt.Tooltip("value:Q", format="$.4f")],
    )
    lines = base.mark_line(interpolate="step-after", strokeWidth=2, clip=True)
    return _spec(lines + base.mark_point(size=60, opacity=0, filled=True))


def health_chart(name: str, *, day: str, high: float) -> dict[str, Any]:
    """Collateral by health, liquidatable at the bottom, on a stated scale."""
    chart = (
        alt.Chart(alt.NamedData(name))
        .mark_area(interpolate="step-after")
        .encode(
            x=_time(day),
            y=alt.Y(
                "value:Q",
                title="collateral at the oracle",
                stack="zero",
                scale=alt.Scale(domain=[0, high]),
                axis=alt.Axis(format="$~s"),
            ),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=["under 1", "1 and above"], range=["#c0322b", "#a9c4e0"]),
                legend=alt.Legend(symbolType="square"),
            ),
            order=alt.Order("series:N", sort="descending"),
            tooltip=[
                alt.Tooltip("series:N"),
                alt.Tooltip("time:N", title="UTC"),
                alt.Tooltip("value:Q", format="$,.0f"),
            ],
        )
    )
    return _spec(chart)


def _time(day: str) -> alt.X:
    return alt.X("t:T", title=f"{day}, UTC", scale=alt.Scale(type="utc"), axis=alt.Axis(format="%H:%M", tickCount=7))


def _spec(chart: alt.Chart | alt.LayerChart) -> dict[str, Any]:
    specification: dict[str, Any] = chart.properties(width="container", height=260).to_dict(validate=True)
    return {**specification, "config": CONFIG, "autosize": {"type": "fit-x", "contains": "padding"}}


def _clock(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%H:%M:%S")
