"""Describe the points of a price file: where they begin and end, how far they reach, and their shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cascade.prices.path import PricePoint

__all__ = ["PriceDigest", "digest_of", "sparkline"]

_BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class PriceDigest:
    """Extremes of a series of prices.

    Attributes
    ----------
    first, last : PricePoint
        The points at both ends.
    lowest, highest : PricePoint
        The first point with the lowest, and the first with the highest price.
    step : tuple of PricePoint, optional
        The two points next to each other between which the price changes by the largest share; None for a single point.
    longest : tuple of PricePoint, optional
        The two points next to each other that are furthest apart in time; None for a single point.
    """

    first: PricePoint
    last: PricePoint
    lowest: PricePoint
    highest: PricePoint
    step: tuple[PricePoint, PricePoint] | None
    longest: tuple[PricePoint, PricePoint] | None


def digest_of(points: Sequence[PricePoint]) -> PriceDigest:
    """Return the extremes of a series that has at least one point, in the order of time."""
    pairs = list(pairwise(points))
    return PriceDigest(
        first=points[0],
        last=points[-1],
        lowest=min(points, key=lambda point: point.price_e8),
        highest=max(points, key=lambda point: point.price_e8),
        step=max(pairs, key=_share, default=None),
        longest=max(pairs, key=lambda pair: pair[1].timestamp - pair[0].timestamp, default=None),
    )


def _share(pair: tuple[PricePoint, PricePoint]) -> float:
    low, high = sorted(point.price_e8 for point in pair)
    return high / low


def sparkline(points: Sequence[PricePoint], *, width: int = 60) -> str:
    """Return the shape of a series as a line of blocks: the lowest price of each share of its time.

    The lowest block is the lowest price of all, the highest block the highest of those shown. A share of the time
    without a point is blank, so that gaps are seen.

    Parameters
    ----------
    width : int
        Number of shares, of equal length.
    """
    start, seconds = points[0].timestamp, points[-1].timestamp - points[0].timestamp
    lowest: dict[int, int] = {}
    for point in points:
        place = (point.timestamp - start) * width // (seconds + 1)
        lowest[place] = min(point.price_e8, lowest.get(place, point.price_e8))
    bottom, top = min(lowest.values()), max(lowest.values())
    steps = len(_BLOCKS) - 1

    def block(price: int) -> str:
        return _BLOCKS[(price - bottom) * steps // (top - bottom)] if top > bottom else _BLOCKS[steps // 2]

    return "".join(block(lowest[place]) if place in lowest else " " for place in range(width)).rstrip()
