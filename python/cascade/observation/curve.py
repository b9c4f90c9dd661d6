"""Approximate the proceeds of selling to a pool, from some points that are read."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["ExitCurve", "largest", "smallest"]


def largest(limit: int, holds: Callable[[int], bool]) -> int:
    """Return the largest amount up to a limit for which a condition holds; 0 where it holds for none.

    The condition must stay broken above an amount that breaks it.
    """
    # Often all of it; and a rounded figure may break the condition right below a limit that holds exactly.
    if limit > 0 and holds(limit):
        return limit
    low, high = 0, max(limit - 1, 0)
    while low < high:
        # Rounded up: with `low` at the last amount that holds, a middle rounded down would never move it.
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low


def smallest(limit: int, holds: Callable[[int], bool]) -> int:
    """Return the smallest amount for which a condition holds; the limit where it holds for none below.

    The condition must stay met above an amount that meets it.
    """
    return min(limit, largest(limit, lambda amount: not holds(amount)) + 1) if not holds(0) else 0


@dataclass(frozen=True)
class ExitCurve:
    """Proceeds of selling an asset at a venue, read at some amounts and interpolated in between.

    A pool pays ever less for the next unit, so that a straight line between two points never promises too much.
    """

    amounts: tuple[int, ...]
    proceeds: tuple[int, ...]

    def pays(self, amount: int) -> int:
        """Return the proceeds of selling an amount at once, in smallest units.

        Beyond the last point nothing more is paid.
        """
        if amount <= 0:
            return 0
        after = bisect.bisect_left(self.amounts, amount)
        # An amount that was never quoted is worth what the largest quoted one is: too little rather than too much.
        if after == len(self.amounts):
            return self.proceeds[-1]
        low_amount, low_paid = (self.amounts[after - 1], self.proceeds[after - 1]) if after else (0, 0)
        width, rise = self.amounts[after] - low_amount, self.proceeds[after] - low_paid
        return low_paid + rise * (amount - low_amount) // width

    def most_at(self, price_numerator: int, price_denominator: int, *, limit: int) -> int:
        """Return the largest amount that can be sold at once at a price or better on average (proceeds per amount)."""
        return largest(
            min(limit, self.amounts[-1]),
            lambda amount: self.pays(amount) * price_denominator >= amount * price_numerator,
        )

    def next_after(self, amount: int) -> tuple[int, int]:
        """Return amount and proceeds of the segment that contains an amount: their ratio is the marginal price."""
        after = min(bisect.bisect_left(self.amounts, amount), len(self.amounts) - 1)
        low_amount, low_paid = (self.amounts[after - 1], self.proceeds[after - 1]) if after else (0, 0)
        return self.amounts[after] - low_amount, self.proceeds[after] - low_paid
