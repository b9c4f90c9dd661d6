"""Quantiles over seeds with confidence intervals that assume no distribution.

The interval of a quantile is a pair of order statistics: the number of values under the true quantile is binomial,
whatever they are distributed like. Few seeds cannot bound a far quantile from above, and then no bound is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

__all__ = ["Quantile", "quantile"]


@dataclass(frozen=True)
class Quantile:
    """A quantile of some values.

    Attributes
    ----------
    value : float
        Smallest value that at least the share `share_pct` of all does not exceed.
    low, high : float, optional
        Ends of its interval; None where too few values bound it on that side.
    """

    share_pct: int
    value: float
    low: float | None
    high: float | None


def quantile(values: Sequence[float], share_pct: int, *, confidence_pct: int = 95) -> Quantile:
    """A quantile and its interval, equal chances of a miss on both sides at the most.

    Parameters
    ----------
    values : sequence of float
        At least one.
    share_pct : int
        50 for the median.
    """
    ordered, count = sorted(values), len(values)
    miss = Fraction(100 - confidence_pct, 200)
    below = _cumulated_binomial(count, Fraction(share_pct, 100))
    # The j-th smallest value exceeds the true quantile when fewer than j values lie under it.
    lower = max((rank for rank in range(1, count + 1) if below[rank - 1] <= miss), default=0)
    upper = min((rank for rank in range(1, count + 1) if 1 - below[rank - 1] <= miss), default=0)
    return Quantile(
        share_pct=share_pct,
        value=ordered[-(-count * share_pct // 100) - 1],
        low=ordered[lower - 1] if lower else None,
        high=ordered[upper - 1] if upper else None,
    )


def _cumulated_binomial(count: int, chance: Fraction) -> list[Fraction]:
    """Chance of at most 0, 1, ... successes in so many trials."""
    total, cumulated = Fraction(0), []
    for successes in range(count + 1):
        total += comb(count, successes) * chance**successes * (1 - chance) ** (count - successes)
        cumulated.append(total)
    return cumulated
