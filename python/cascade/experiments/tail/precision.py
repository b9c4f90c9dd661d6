"""How exact an estimate of subset simulation is: its coefficient of variation, interval, and worth in crude runs.

Au and Beck (2001), equations 25 to 30. The states of a chain resemble each other, so that a level is worth fewer
samples than it has; by how much is estimated from the chains themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TypeVar

from cascade.experiments.seeds.statistics import CONFIDENCE_PCT

__all__ = ["Chains", "coefficient_of_variation", "crude_runs", "interval"]

T = TypeVar("T")
Chains = list[list[T]]
"""States of every chain, in the order in which it visited them."""


def coefficient_of_variation(hits: Sequence[Sequence[bool]]) -> float:
    """Return the coefficient of variation of the share of hits among the states of some chains; 0 without any hit.

    With a share `p` of `N` states, it is `sqrt((1 - p) / (p N) (1 + gamma))`, where `gamma` is twice the sum of the
    autocorrelations of the hits, each weighted by the pairs of states at its distance over `N`. A negative `gamma`
    counts as 0: chains are never worth more than independent samples.
    """
    size = sum(map(len, hits))
    share = sum(map(sum, hits)) / size
    if share == 0:
        return 0.0
    variance = share * (1 - share)
    if variance == 0:
        return 0.0
    gamma = 0.0
    for distance in range(1, max(map(len, hits))):
        pairs = [chain[place] and chain[place + distance] for chain in hits for place in range(len(chain) - distance)]
        if pairs:
            gamma += 2 * len(pairs) / size * (sum(pairs) / len(pairs) - share**2) / variance
    return math.sqrt((1 - share) / (share * size) * (1 + max(gamma, 0.0)))


def interval(probability: float, variation: float) -> tuple[float, float]:
    """Return the ends of the 95 % interval of an estimate, as if its logarithm were normally distributed."""
    sigma = math.sqrt(math.log1p(variation**2))
    z = NormalDist().inv_cdf((1 + CONFIDENCE_PCT / 100) / 2)
    return probability * math.exp(-z * sigma), min(1.0, probability * math.exp(z * sigma))


def crude_runs(probability: float, variation: float) -> int:
    """Return how many independent runs have the same coefficient of variation: `(1 - p) / (p variation^2)`."""
    return math.ceil((1 - probability) / (probability * variation**2))
