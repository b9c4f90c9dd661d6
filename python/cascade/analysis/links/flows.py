"""Links that are made of events with dollars: when they began, were busiest and stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from cascade.analysis.links.evidence import Evidence
from cascade.analysis.links.model import Feeder, Moment, Parts, gathered, scaled

__all__ = ["Event", "busiest", "counted", "ended", "total", "weighed"]

_QUIET_SECONDS = 300
"""How long nothing has happened when a link counts as ended."""

_BUCKET_SECONDS = 60

_PRECISION = 10**18


@dataclass(frozen=True)
class Event:
    """One of the events: when, and dollars."""

    at: Moment
    dollars: Fraction


def counted(number: int, noun: str) -> str:
    """A number and its noun, in the plural where it is one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def total(events: Sequence[Event]) -> Fraction:
    """Dollars of all."""
    return sum((event.dollars for event in events), Fraction(0))


def busiest(events: Sequence[Event], start: int) -> tuple[Moment, Fraction]:
    """First event of the minute with the most dollars, minutes counted from `start`, and those dollars."""
    sums: dict[int, Fraction] = {}
    first: dict[int, Moment] = {}
    for event in events:
        minute = (event.at.timestamp - start) // _BUCKET_SECONDS
        sums[minute] = sums.get(minute, Fraction(0)) + event.dollars
        first.setdefault(minute, event.at)
    minute = max(sums, key=lambda key: (sums[key], -key))
    return first[minute], sums[minute]


def ended(events: Sequence[Event], run: Evidence) -> int:
    """Time of the last event; 0 where it was too near the end of the run to say that it was the last."""
    last = max(event.at.timestamp for event in events)
    return last if run.end.timestamp - last >= _QUIET_SECONDS else 0


def weighed(parts: Sequence[tuple[Event, Parts]]) -> Parts:
    """Splits of many events as one, each weighing its dollars; all alike where no dollars are known.

    Shares are taken to 1e-18, the rest of each event's going to its largest: sums of exact fractions of many events
    would have denominators of thousands of digits.
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
