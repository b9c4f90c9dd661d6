"""Represent a price over the points of a run, and split its change between any two points by move, exactly.

Prices are dollars with 8 decimals. A change is a sum of pieces: integers over one denominator, each of which belongs to
a move or to one of the labels below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from math import lcm
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cascade.analysis.causes.moves import Ints, Moves
from cascade.errors import CascadeError

__all__ = [
    "MOVE",
    "PSEUDO_CLASSES",
    "ROUNDING",
    "SWITCH",
    "UNEXPLAINED",
    "Delayed",
    "Piece",
    "Selected",
    "Signal",
    "Steps",
    "StepsBuilder",
    "TimeWeighted",
    "UnsupportedSource",
    "as_steps",
    "total",
]

MOVE, ROUNDING, SWITCH, UNEXPLAINED = 0, 1, 2, 3
"""Owner of a part of a change: a move, an integer division, a change of the selected source, or unknown."""

PSEUDO_CLASSES = {ROUNDING: "rounding", SWITCH: "switch", UNEXPLAINED: "unexplained"}

_INT64_SAFE = 2**62
_NEVER = 2**61


class UnsupportedSource(CascadeError, NotImplementedError):
    """Raised when a tree of price sources cannot be replayed from the tables."""


@dataclass(frozen=True)
class Piece:
    """Part of a change of a price: `amount / over`, entry by entry, in 1e-8 dollars.

    Attributes
    ----------
    event : array of int64
        Move that each entry belongs to; -1 for none. A switch names the move at which it happened.
    label : array of int64
        One of the labels of this module.
    amount : array
        Signed numerators; int64, or Python ints where those would not hold them.
    over : int
        Denominator.
    """

    event: Ints
    label: Ints
    amount: npt.NDArray[Any]
    over: int


def total(pieces: Sequence[Piece]) -> Fraction:
    """Return the sum of a change."""
    return sum((Fraction(int(piece.amount.sum()), piece.over) for piece in pieces), Fraction(0))


def _single(event: int, label: int, amount: int, over: int) -> Piece:
    # numpy wraps int64 without a warning: amounts that might are Python integers, which cannot.
    dtype = np.int64 if abs(amount) < _INT64_SAFE else object
    return Piece(np.array([event], dtype=np.int64), np.array([label], dtype=np.int64), np.array([amount], dtype), over)


class Signal(Protocol):
    """A price that the pool, or a source of its oracle, shows."""

    @property
    def answers(self) -> Ints:
        """Price at each point, in dollars with 8 decimals."""

    def pieces(self, start: int, end: int) -> list[Piece]:
        """Return the pieces of the change from one point to a later one; they sum to the change exactly."""


@dataclass(frozen=True)
class Steps:
    """A price that changes in whole steps, each of which belongs to a move.

    Attributes
    ----------
    answers : array of int64
        Price at each point.
    event, label, amount : array of int64
        Entries, as in `Piece`.
    arrival : array of int64
        Point at which each entry takes effect, ascending.
    """

    answers: Ints
    event: Ints
    label: Ints
    amount: Ints
    arrival: Ints

    def pieces(self, start: int, end: int) -> list[Piece]:
        """Return the entries that took effect after `start` and up to `end`."""
        low, high = np.searchsorted(self.arrival, [start, end], side="right").tolist()
        if low == high:
            return []
        return [Piece(self.event[low:high], self.label[low:high], self.amount[low:high], 1)]


class StepsBuilder:
    """Collect the entries of `Steps` in order.

    Parameters
    ----------
    points : int
        Number of points.
    start : int
        Price at the first one.
    """

    def __init__(self, points: int, start: int) -> None:
        self._points, self._start = points, start
        self._rows: list[tuple[int, int, int, int]] = []

    def add(self, *, point: int, amount: int, event: int = -1, label: int = MOVE) -> None:
        """Add an entry; entries come in the order of their points."""
        if amount:
            self._rows.append((event, label, amount, point))

    def add_pieces(self, *, point: int, pieces: Sequence[Piece]) -> int:
        """Add the whole part of every entry at a point, and return the sum added.

        Returns
        -------
        int
            What was added.
        """
        added = 0
        for piece in pieces:
            # Entries arrive whole: a source of steps has a denominator of one, and `as_steps` refuses any other.
            whole = [int(amount) // piece.over for amount in piece.amount.tolist()]
            for event, label, amount in zip(piece.event.tolist(), piece.label.tolist(), whole, strict=True):
                self.add(point=point, amount=amount, event=event, label=label)
                added += amount
        return added

    def build(self) -> Steps:
        """Return the steps; the price at each point is the sum of the entries that have arrived."""
        columns = np.array(self._rows, dtype=np.int64).reshape(-1, 4).T.copy()
        changes = np.zeros(self._points, dtype=np.int64)
        np.add.at(changes, columns[3], columns[2])
        return Steps(self._start + np.cumsum(changes), *columns)


@dataclass(frozen=True)
class Delayed:
    """Another price as it was at an earlier point.

    Attributes
    ----------
    source : Signal
        The other price.
    read : array of int64
        Point of it that each point shows, never falling.
    """

    source: Signal
    read: Ints

    @cached_property
    def answers(self) -> Ints:
        """Price at each point."""
        return self.source.answers[self.read]

    def pieces(self, start: int, end: int) -> list[Piece]:
        """Return the pieces of the other price's change between the points that are shown."""
        return self.source.pieces(int(self.read[start]), int(self.read[end]))


@dataclass(frozen=True)
class Selected:
    """One of several prices at each point: that of a median, or the lower of a price and its cap.

    Where the choice changes, the change of the newly chosen price at that point belongs to its own movers; the distance
    between both prices right before it is the switch.

    Attributes
    ----------
    sources : tuple of Signal
        The prices.
    choice : array of int64
        Which of them holds at each point.
    """

    sources: tuple[Signal, ...]
    choice: Ints
    event: Ints
    """Number of the move right before each point."""

    @cached_property
    def answers(self) -> Ints:
        """Price at each point."""
        table = np.array([source.answers for source in self.sources])
        chosen: Ints = table[self.choice, np.arange(len(self.choice))]
        return chosen

    @cached_property
    def _changes(self) -> Ints:
        return (np.flatnonzero(np.diff(self.choice)) + 1).astype(np.int64)

    def pieces(self, start: int, end: int) -> list[Piece]:
        """Return the pieces of the price that is chosen at each point, and the switches between prices."""
        low, high = np.searchsorted(self._changes, [start, end], side="right").tolist()
        found: list[Piece] = []
        at = start
        for change in self._changes[low:high].tolist():
            before, after = (self.sources[int(self.choice[point])] for point in (change - 1, change))
            found += before.pieces(at, change - 1)
            # The distance is taken right before the change, so that the move after it belongs to the newly chosen
            # price.
            jump = int(after.answers[change - 1] - before.answers[change - 1])
            if jump:
                found.append(_single(int(self.event[change]), SWITCH, jump, 1))
            found += after.pieces(change - 1, change)
            at = change
        return found + self.sources[int(self.choice[end])].pieces(at, end)


class TimeWeighted:
    """The mean of another price, as it was observed, over a window of time.

    Each observation holds until the next. Before the window is full, the mean goes back to the first observation. The
    weight of a move is the share of the window during which it had been observed.

    Parameters
    ----------
    source : Steps
        The other price.
    observed : array of int64
        Points at which it was observed, ascending, one a block at the most.
    window_seconds : int
        Length of the window.
    moves : Moves
        For the points' times.
    """

    def __init__(self, source: Steps, observed: Ints, window_seconds: int, moves: Moves) -> None:
        self._source, self._observed, self._window = source, observed, window_seconds
        self._time, self._event = moves.time, moves.event
        self._observed_at: Ints = moves.time[observed]
        index = np.searchsorted(observed, source.arrival, side="left")
        # A change that is never observed until the end of the run never enters the mean.
        self._seen_at: Ints = np.append(self._observed_at, _NEVER)[index]
        # Sums of absolute changes up to each entry, as Python integers: `pieces` asks for one at each liquidation.
        self._sums = [0, *accumulate(abs(int(size)) for size in source.amount.tolist())]
        self.answers: Ints = self._means()

    def _means(self) -> Ints:
        seen = [int(value) for value in self._source.answers[self._observed].tolist()]
        times = self._observed_at.tolist()
        if not seen:
            return np.full(len(self._time), int(self._source.answers[0]), dtype=np.int64)
        summed = [0]
        for value, since, until in zip(seen, times, times[1:], strict=False):
            summed.append(summed[-1] + value * (until - since))

        def integral(moment: int) -> int:
            last = int(np.searchsorted(self._observed_at, moment, side="right")) - 1
            held: int = summed[last] + seen[last] * (moment - times[last])
            return held

        known: dict[int, int] = {}
        for moment in set(self._time.tolist()):
            length = min(self._window, moment - times[0])
            known[moment] = (integral(moment) - integral(moment - length)) // length if length > 0 else seen[0]
        return np.array([known[moment] for moment in self._time.tolist()], dtype=np.int64)

    def _length(self, point: int) -> int:
        if not len(self._observed):
            return 0
        return max(0, min(self._window, int(self._time[point]) - int(self._observed_at[0])))

    def _overlap(self, point: int, length: int, chosen: slice) -> Ints:
        # Of a window of no length the first observation is all.
        seen = self._seen_at[chosen]
        if length == 0:
            first = int(self._observed_at[0]) if len(self._observed) else -1
            return (seen <= first).astype(np.int64)
        return np.clip(int(self._time[point]) - seen, 0, length).astype(np.int64)

    def pieces(self, start: int, end: int) -> list[Piece]:
        """Return the change of weight of each move times its size, and the roundings of the division."""
        lengths = self._length(start), self._length(end)
        low = int(np.searchsorted(self._seen_at, int(self._time[start]) - lengths[0], side="right"))
        high = int(np.searchsorted(self._seen_at, int(self._time[end]), side="left"))
        chosen = slice(low if lengths[0] else 0, high if lengths[1] else len(self._seen_at))
        # Both weights over one denominator, so that their difference is an integer.
        over = lcm(*(max(1, length) for length in lengths))
        before, after = (
            self._overlap(point, length, chosen) * (over // max(1, length))
            for point, length in zip((start, end), lengths, strict=True)
        )
        sizes: npt.NDArray[Any] = self._source.amount[chosen]
        # A bound of every partial sum, so that int64 cannot wrap.
        if over * (self._sums[chosen.stop] - self._sums[chosen.start]) >= _INT64_SAFE:
            sizes = sizes.astype(object)
        amount = sizes * (after - before)
        kept = np.flatnonzero(amount)
        found = []
        if len(kept):
            events, labels = self._source.event[chosen][kept], self._source.label[chosen][kept]
            found.append(Piece(events, labels, amount[kept], over))
        # What is missing from the recorded change is the division of the mean, and of nobody.
        rounded = int(self.answers[end] - self.answers[start]) * over - int(amount.sum())
        return [*found, _single(-1, ROUNDING, rounded, over)] if rounded else found


def as_steps(signal: Signal, points: int) -> Steps:
    """Return a price as steps.

    Raises
    ------
    UnsupportedSource
        For one that holds a mean: its changes are no whole steps, and the mean of a mean is not replayed.
    """
    if isinstance(signal, Steps):
        return signal
    builder = StepsBuilder(points, int(signal.answers[0]))
    for point in range(1, points):
        pieces = signal.pieces(point - 1, point)
        if any(piece.over != 1 for piece in pieces):
            raise UnsupportedSource("a time-weighted price of a time-weighted price is not replayed")
        builder.add_pieces(point=point, pieces=pieces)
    return builder.build()
