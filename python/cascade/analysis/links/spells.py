"""Find the times at which a figure was beyond a line, and join those with short interruptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from cascade.analysis.links.model import Moment, Point

__all__ = ["GAP_SECONDS", "Spell", "lowest_spell"]

GAP_SECONDS = 600
"""Longest interruption that does not end a spell: a price at a line crosses it many times."""


@dataclass(frozen=True)
class Spell:
    """A time under a line.

    Attributes
    ----------
    first : int
        Number of the point at which it began.
    low : int
        Number of its lowest point, the first of equals.
    started, peaked : Moment
        When these were.
    ended : int
        Unix time at which the line was reached again; 0 for never.
    """

    first: int
    low: int
    started: Moment
    peaked: Moment
    ended: int


def lowest_spell(points: Sequence[Point], line: Fraction) -> Spell | None:
    """Return the spell under a line that contains the lowest value; None where no value is under it.

    A value holds until the next one.
    """
    if not points:
        return None
    low = min(range(len(points)), key=lambda number: points[number].value)
    if points[low].value >= line:
        return None
    first = low
    for number in range(low - 1, -1, -1):
        if points[number].value < line:
            # From here the figure rose over the line and came back under it at `first`.
            over = points[number + 1].at.timestamp
            if points[first].at.timestamp - over > GAP_SECONDS and number + 1 != first:
                break
            first = number
    over_since: int | None = None
    for point in points[low:]:
        if point.value >= line:
            over_since = over_since if over_since is not None else point.at.timestamp
            if point.at.timestamp - over_since > GAP_SECONDS:
                break
        elif over_since is not None and point.at.timestamp - over_since > GAP_SECONDS:
            break
        else:
            over_since = None
    return Spell(first, low, points[first].at, points[low].at, over_since or 0)
