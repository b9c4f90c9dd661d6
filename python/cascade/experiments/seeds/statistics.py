"""What many seeds say of one figure: quantiles, chance and size of a loss, and paired differences, with intervals.

Intervals assume no distribution of the figure: those of quantiles are order statistics, and Wilson's is of a share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest

from cascade.experiments.endogeneity.intervals import Quantile, quantile

__all__ = ["CONFIDENCE_PCT", "Difference", "Distribution", "Share", "difference_of", "distribution_of", "share_of"]

CONFIDENCE_PCT = 95
"""Chance that an interval holds what it is of, at the least."""

_MEDIAN, _P95, _P99 = 50, 95, 99


@dataclass(frozen=True)
class Share:
    """A share of some seeds, with Wilson's interval of the chance behind it.

    Attributes
    ----------
    count, of : int
        Seeds that count, of all that have the figure.
    low, high : float
        Ends of the interval.
    """

    count: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share."""
        return self.count / self.of


@dataclass(frozen=True)
class Distribution:
    """A figure over seeds.

    Attributes
    ----------
    seeds, missing : int
        Seeds that were run, and those without the figure: these are in nothing below.
    median, p95, p99 : Quantile, optional
        Quantiles; None without any value. For dollars lost, `p95` and `p99` are what risk teams call value at risk.
    mean, worst : float, optional
        Mean, which is the expected loss where the figure is one, and the largest value.
    above_zero : Share, optional
        Seeds in which the figure is above 0, and the chance of that.
    mean_above_zero : float, optional
        Mean of these seeds alone: how severe it is when it happens; None where it never did.
    """

    seeds: int
    missing: int
    median: Quantile | None
    p95: Quantile | None
    p99: Quantile | None
    mean: float | None
    worst: float | None
    above_zero: Share | None
    mean_above_zero: float | None


@dataclass(frozen=True)
class Difference:
    """The differences that a change makes to a figure, each between two runs of one seed.

    Attributes
    ----------
    pairs, missing : int
        Seeds of which both runs have the figure, and those of which one does not.
    median : Quantile, optional
        Median of the differences; None without any.
    rises, falls, equal : int
        Seeds in which the change raises, lowers, and leaves the figure.
    """

    pairs: int
    missing: int
    median: Quantile | None
    rises: int
    falls: int
    equal: int


def distribution_of(values: Sequence[float | None]) -> Distribution:
    """Return what the values of a figure over seeds say; None stands for a run that does not have it."""
    known = [value for value in values if value is not None]
    losses = [value for value in known if value > 0]
    return Distribution(
        seeds=len(values),
        missing=len(values) - len(known),
        median=_quantile(known, _MEDIAN),
        p95=_quantile(known, _P95),
        p99=_quantile(known, _P99),
        mean=sum(known) / len(known) if known else None,
        worst=max(known, default=None),
        above_zero=share_of(len(losses), len(known)) if known else None,
        mean_above_zero=sum(losses) / len(losses) if losses else None,
    )


def difference_of(before: Sequence[float | None], after: Sequence[float | None]) -> Difference:
    """Return what a change does to a figure, from its values before and after in the same order of seeds."""
    found = [
        changed - base for base, changed in zip(before, after, strict=True) if base is not None and changed is not None
    ]
    rises, falls = sum(one > 0 for one in found), sum(one < 0 for one in found)
    return Difference(
        pairs=len(found),
        missing=len(before) - len(found),
        median=_quantile(found, _MEDIAN),
        rises=rises,
        falls=falls,
        equal=len(found) - rises - falls,
    )


def share_of(count: int, of: int) -> Share:
    """Return a share with Wilson's interval; `of` must not be 0."""
    interval = binomtest(count, of).proportion_ci(confidence_level=CONFIDENCE_PCT / 100, method="wilson")
    return Share(count, of, float(interval.low), float(interval.high))


def _quantile(values: Sequence[float], share_pct: int) -> Quantile | None:
    return quantile(values, share_pct, confidence_pct=CONFIDENCE_PCT) if values else None
