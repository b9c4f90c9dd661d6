"""Charts that compare runs: prices and health factors of each run, on a scale that all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import altair as alt

from cascade.analysis.frames import Frames
from cascade.analysis.series.lending import health_over_time
from cascade.report.run.datasets import health_stride
from cascade.report.shared.colours import BLUE, GREEN, GREY, INK, OCHRE, ORANGE, PALE_BLUE, PURPLE, RED, TEAL
from cascade.report.shared.datasets import Cell, Dataset
from cascade.report.shared.style import Specification, dollar_axis, spec, stepped, time_axis
from cascade.units import BPS, e8_to_float

__all__ = [
    "Point",
    "dataset_of",
    "health_chart",
    "health_points",
    "line_chart",
    "price_points",
    "scale_of",
]

_LINE_COLOURS = (BLUE, ORANGE, TEAL, PURPLE, RED, GREY, GREEN, INK, OCHRE)
_LIQUIDATABLE, _HEALTHY = "under 1", "1 and above"
_HEIGHT = 260


@dataclass(frozen=True)
class Point:
    """One point of a line or an area.

    Attributes
    ----------
    timestamp : int
        Unix time in seconds.
    series : str
        Name of the line or area.
    usd : float
        Its value in dollars.
    """

    timestamp: int
    series: str
    usd: float


def dataset_of(points: Sequence[Point]) -> Dataset:
    """Return points as the dataset of a chart, with columns `t` (Unix milliseconds), `time`, `series` and `value`."""
    rows: list[list[Cell]] = [
        [point.timestamp * 1000, f"{datetime.fromtimestamp(point.timestamp, UTC):%H:%M:%S}", point.series, point.usd]
        for point in points
    ]
    return Dataset(["t", "time", "series", "value"], rows)


def scale_of(points: Sequence[Point]) -> tuple[float, float]:
    """Return the smallest and the largest value of points; 0 and 1 where there are none."""
    values = [point.usd for point in points]
    return min(values, default=0.0), max(values, default=1.0)


def price_points(frames: Frames, asset: str, sources: Sequence[str], *, series: str | None = None) -> list[Point]:
    """Return the prices of one asset through the crash, from its first block to its last.

    Parameters
    ----------
    frames : Frames
        The run.
    asset : str
        Symbol of the asset.
    sources : sequence of str
        Sources of the prices, as the table `prices` names them.
    series : str, optional
        Name of the line; None takes the name of the source.
    """
    start, end = (int(frames.timestamps[block]) for block in (frames.first_chain_block, frames.last_block))
    prices = frames.prices[(frames.prices["asset"] == asset) & frames.prices["price_e8"].notna()]
    points: list[Point] = []
    for source in sources:
        found = prices[prices["source"] == source].sort_values("block_number", kind="stable")
        changes = list(zip(found["timestamp"].tolist(), found["price_e8"].tolist(), strict=True))
        # A price is recorded when it changes and holds until the next one: a line starts with the last price before
        # the crash, and ends with the last price of all.
        before = [price for timestamp, price in changes if timestamp < start]
        line = [(start, before[-1])] if before else []
        line += [(timestamp, price) for timestamp, price in changes if timestamp >= start]
        if line:
            line.append((end, line[-1][1]))
        points += [Point(timestamp, series or source, e8_to_float(price)) for timestamp, price in line]
    return points


def health_points(frames: Frames) -> list[Point]:
    """Return the collateral of the open positions through the crash, under a health factor of 1 and above it."""
    health = health_over_time(frames, every=health_stride(frames))
    columns = (health["timestamp"].tolist(), health["health_high_bps"].tolist(), health["collateral_usd"].tolist())
    totals: dict[tuple[int, str], float] = {}
    for timestamp, high_bps, collateral_usd in zip(*columns, strict=True):
        key = int(timestamp), _LIQUIDATABLE if high_bps <= BPS else _HEALTHY
        totals[key] = totals.get(key, 0.0) + float(collateral_usd)
    return [Point(timestamp, series, usd) for (timestamp, series), usd in sorted(totals.items())]


def line_chart(name: str, data: Dataset, *, title: str, day: str, scale: tuple[float, float]) -> Specification:
    """Return lines over time on a stated scale, so that two charts can be compared by eye."""
    order = list(dict.fromkeys(data.texts("series")))
    base = alt.Chart(alt.NamedData(name)).encode(
        x=time_axis(data, day),
        y=alt.Y(
            "value:Q",
            title=title,
            scale=alt.Scale(domain=list(scale), zero=False, nice=True),
            axis=alt.Axis(format="$.3~f"),
        ),
        # The range must not be empty, even for a chart without lines.
        color=alt.Color("series:N", scale=alt.Scale(domain=order, range=list(_LINE_COLOURS[: max(1, len(order))]))),
        tooltip=[alt.Tooltip("series:N"), alt.Tooltip("time:N", title="UTC"), alt.Tooltip("value:Q", format="$.4f")],
    )
    return spec(stepped(base), height=_HEIGHT)


def health_chart(name: str, data: Dataset, *, day: str, high: float) -> Specification:
    """Return collateral by health as stacked areas, the liquidatable at the bottom, up to a stated value."""
    chart = (
        alt.Chart(alt.NamedData(name))
        .mark_area(interpolate="step-after")
        .encode(
            x=time_axis(data, day),
            y=alt.Y(
                "value:Q",
                title="collateral at the oracle",
                stack="zero",
                scale=alt.Scale(domain=[0, high]),
                axis=dollar_axis(),
            ),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=[_LIQUIDATABLE, _HEALTHY], range=[RED, PALE_BLUE]),
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
    return spec(chart, height=_HEIGHT)
