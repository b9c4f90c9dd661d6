"""Quantiles over seeds, with confidence intervals that assume no distribution.

The interval of a quantile is a pair of order statistics: how many values lie below the true quantile is binomial,
whatever distribution the values have. Few seeds cannot bound a far quantile from above; such an interval has no end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

__all__ = ["Quantile", "quantile"]


@dataclass(frozen=True)
class Quantile:
    """A quantile of some values, with its confidence interval.

    Attributes
    ----------
    share_pct : int
        Share of the values at or below the quantile, in per cent.
    value : float
        The smallest value that at least `share_pct` per cent of all values do not exceed.
    low, high : float, optional
        Ends of the interval; None where too few values bound it on that side.
    """

    share_pct: int
    value: float
    low: float | None
    high: float | None


def quantile(values: Sequence[float], share_pct: int, *, confidence_pct: int = 95) -> Quantile:
    """Return a quantile and its interval, which misses the true quantile on either side with at most equal chances.

    Parameters
    ----------
    values : sequence of float
        At least one value.
    share_pct : int
        The quantile: 50 for the median.
    confidence_pct : int
        Chance that the interval holds the true quantile, at the least.
    """
    ordered, count = sorted(values), len(values)
    miss = Fraction(100 - confidence_pct, 200)
    below = _cumulative_binomial(count, Fraction(share_pct, 100))
    # The j-th smallest value exceeds the true quantile when fewer than j values lie below it.
    lower = max((rank for rank in range(1, count + 1) if below[rank - 1] <= miss), default=0)
    upper = min((rank for rank in range(1, count + 1) if 1 - below[rank - 1] <= miss), default=0)
    return Quantile(
        share_pct=share_pct,
        # The rank is rounded up, by floor division of the negative; ranks count from 1.
        value=ordered[-(-count * share_pct // 100) - 1],
        low=ordered[lower - 1] if lower else None,
        high=ordered[upper - 1] if upper else None,
    )


def _cumulative_binomial(count: int, chance: Fraction) -> list[Fraction]:
    """Return the chances of at most 0, 1, ... `count` successes in `count` trials, exactly."""
    total, cumulative = Fraction(0), []
    for successes in range(count + 1):
        total += comb(count, successes) * chance**successes * (1 - chance) ** (count - successes)
        cumulative.append(total)
    return cumulative
