"""Describe links that consist of events with dollars: their start, busiest minute and end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from cascade.analysis.links.evidence import Evidence
from cascade.analysis.links.model import Feeder, Moment, Parts, gathered, scaled

__all__ = ["Event", "busiest", "counted", "ended", "total", "weighed"]

_QUIET_SECONDS = 300
"""Time without an event after which a link counts as ended."""

_BUCKET_SECONDS = 60

_PRECISION = 10**18


@dataclass(frozen=True)
class Event:
    """One event of a link: its moment and its dollars."""

    at: Moment
    dollars: Fraction


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, plural unless the number is 1."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def total(events: Sequence[Event]) -> Fraction:
    """Return the dollars of all events."""
    return sum((event.dollars for event in events), Fraction(0))


def busiest(events: Sequence[Event], start: int) -> tuple[Moment, Fraction]:
    """Return the first event of the minute with the most dollars, and those dollars; minutes count from `start`."""
    sums: dict[int, Fraction] = {}
    first: dict[int, Moment] = {}
    for event in events:
        minute = (event.at.timestamp - start) // _BUCKET_SECONDS
        sums[minute] = sums.get(minute, Fraction(0)) + event.dollars
        first.setdefault(minute, event.at)
    minute = max(sums, key=lambda key: (sums[key], -key))
    return first[minute], sums[minute]


def ended(events: Sequence[Event], run: Evidence) -> int:
    """Return the time of the last event; 0 where it was so near the end of the run that others could have followed."""
    last = max(event.at.timestamp for event in events)
    return last if run.end.timestamp - last >= _QUIET_SECONDS else 0


def weighed(parts: Sequence[tuple[Event, Parts]]) -> Parts:
    """Combine the splits of many events, weighted with their dollars, or equally where no dollars are known.

    Shares are rounded to 1e-18, and the remainder of each event goes to its largest share: sums of exact fractions of
    many events would have denominators of thousands of digits.
    """
    dollars = total([event for event, _ in parts])
    each = Fraction(1, len(parts)) if parts and not dollars else None
    return gathered(
        scaled(Parts.of(_rounded(split.shares)), each if each is not None else event.dollars / dollars)
        for event, split in parts
    )


def _rounded(shares: Mapping[Feeder, Fraction]) -> dict[Feeder, Fraction]:
    rounded = {feeder: Fraction(round(share * _PRECISION), _PRECISION) for feeder, share in shares.items()}
    largest = max(rounded, key=lambda feeder: (rounded[feeder], feeder))
    rounded[largest] += 1 - sum(rounded.values(), Fraction(0))
    return rounded
