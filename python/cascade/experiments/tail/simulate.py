"""Subset simulation: the probability of a rare outcome as a product of probabilities that are not rare.

Au and Beck, *Estimation of small failure probabilities in high dimensions by subset simulation* (Probabilistic
Engineering Mechanics 16, 2001). A tenth of the samples of a level lie nearest to the outcome; they are the states that
Markov chains start from which stay in that region, and what the chains visit are the samples of the next level. The
chains move in standard normal space by the conditional sampler of Papaioannou, Betz, Zwirglmaier and Straub (*MCMC
algorithms for subset simulation*, Probabilistic Engineering Mechanics 41, 2015).

Runs are only ever ordered, by tuples of numbers. That a figure is the same in most runs, as a deficit of 0 is, then
does no harm: the numbers after it decide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from cascade.experiments.tail.precision import Chains, coefficient_of_variation
from cascade.scenario.streams import stream

__all__ = ["LEVEL_SHARE", "Level", "Rank", "Ranked", "Sample", "Simulation", "simulate"]

LEVEL_SHARE = 0.1
"""Share of the samples of a level that the next one starts from."""
_MOST_LEVELS = 12
"""Levels after which an outcome counts as not found: its probability is then below 1e-12 or so."""
_LARGEST_SHARE = 0.9
"""Share above which a region is no smaller than the one before it."""
_FIRST_SCALE, _SMALLEST_SCALE, _LARGEST_SCALE = 0.6, 0.05, 1.0
_WANTED_ACCEPTANCE = 0.44
"""Share of accepted moves at which chains in few dimensions mix best (Papaioannou and others, 2015)."""
_SEEDS = 2**32

Rank = tuple[float, ...]
"""How near a run is to the outcome: the greater, the nearer, compared from the first number on."""


@dataclass(frozen=True)
class Sample:
    """A run that is to be made.

    Attributes
    ----------
    normals : tuple of float
        A standard normal number per random key.
    seed : int, optional
        Its seed; None where seeds are not random.
    """

    normals: tuple[float, ...]
    seed: int | None


@dataclass(frozen=True)
class Ranked:
    """A run that was made, and how near it is to the outcome."""

    sample: Sample
    rank: Rank


@dataclass(frozen=True)
class Level:
    """One level of the simulation.

    Attributes
    ----------
    above : tuple of float, optional
        Rank that every sample of the level has at least; None for the first level, which is crude sampling.
    samples : tuple of Ranked
        The samples, chain after chain.
    runs : int
        Runs that were made for it: the states that chains start from were made before.
    share : float
        Share of the samples that lie in the next region, or, in the last level, that meet the outcome.
    variation : float
        Coefficient of variation of the share, the correlation within chains counted.
    acceptance : float, optional
        Share of moves that were accepted; None for the first level.
    """

    above: Rank | None
    samples: tuple[Ranked, ...]
    runs: int
    share: float
    variation: float
    acceptance: float | None


@dataclass(frozen=True)
class Simulation:
    """What subset simulation found.

    Attributes
    ----------
    levels : tuple of Level
        The levels, crude sampling first.
    met : tuple of Ranked
        The samples of the last level that meet the outcome.
    stalled : bool
        Whether the levels ended because samples could no longer be told apart, or after too many of them.
    """

    levels: tuple[Level, ...]
    met: tuple[Ranked, ...]
    stalled: bool

    @property
    def runs(self) -> int:
        """Runs that were made."""
        return sum(level.runs for level in self.levels)

    @property
    def probability(self) -> float:
        """The estimate; where nothing meets the outcome, the probability of the last region, which bounds it."""
        return math.prod(level.share for level in (self.levels if self.met else self.levels[:-1]))

    @property
    def variation(self) -> float:
        """Coefficient of variation of the estimate: the levels' own, as if they were independent of each other."""
        return math.sqrt(sum(level.variation**2 for level in self.levels))


def simulate(
    dimensions: int,
    *,
    evaluate: Callable[[Sequence[Sample]], Sequence[Rank]],
    is_met: Callable[[Rank], bool],
    samples: int,
    seed: int,
    draws_seeds: bool,
) -> Simulation:
    """Estimate the probability that a run meets an outcome.

    Parameters
    ----------
    dimensions : int
        Number of random keys.
    evaluate : callable
        Makes the runs of some samples, and returns their ranks in the same order.
    is_met : callable
        Whether a rank meets the outcome. Every greater rank must meet it too.
    samples : int
        Samples of a level.
    seed : int
        Seed of the simulation: the same seed draws the same samples.
    draws_seeds : bool
        Whether the seeds of runs are random as well. A seed is redrawn in every second move, and then as a whole: no
        seed is near another one.
    """
    draws = _Draws(seed, dimensions, draws_seeds=draws_seeds)
    firsts = [draws.first(number) for number in range(samples)]
    ranked = [Ranked(sample, rank) for sample, rank in zip(firsts, evaluate(firsts), strict=True)]
    chains: Chains[Ranked] = [[one] for one in ranked]
    levels: list[Level] = []
    above: Rank | None = None
    acceptance, scale, runs = None, _FIRST_SCALE, samples
    while True:
        ranked = [one for chain in chains for one in chain]
        met = [one for one in ranked if is_met(one.rank)]
        threshold = None if len(met) >= LEVEL_SHARE * samples else _next_region([one.rank for one in ranked])
        is_last = threshold is None or len(levels) == _MOST_LEVELS - 1
        inside = _inside(is_met if is_last or threshold is None else threshold)
        hits = [[inside(one) for one in chain] for chain in chains]
        share = sum(map(sum, hits)) / samples
        variation = coefficient_of_variation(hits)
        levels.append(Level(above, tuple(ranked), runs, share, variation, acceptance))
        if is_last or threshold is None:
            return Simulation(tuple(levels), tuple(met), stalled=len(met) < LEVEL_SHARE * samples)
        if acceptance is not None:
            scale = min(max(scale * math.exp(acceptance - _WANTED_ACCEPTANCE), _SMALLEST_SCALE), _LARGEST_SCALE)
        starts = [one for one in ranked if one.rank >= threshold]
        above = threshold
        move = partial(draws.moved, level=len(levels), scale=scale)
        chains, runs, acceptance = _walk(starts, above, samples=samples, move=move, evaluate=evaluate)


class _Draws:
    """Every random number of a simulation, by its place in it."""

    def __init__(self, seed: int, dimensions: int, *, draws_seeds: bool) -> None:
        self._seed, self._dimensions, self._draws_seeds = seed, dimensions, draws_seeds

    def first(self, number: int) -> Sample:
        """Return a sample of the first level."""
        rng = stream(self._seed, f"tail/0/{number}")
        normals = tuple(rng.standard_normal(self._dimensions).tolist())
        return Sample(normals, int(rng.integers(_SEEDS)) if self._draws_seeds else None)

    def moved(self, sample: Sample, name: str, *, level: int, scale: float) -> Sample:
        """Return a move from a sample, which leaves the joint distribution of keys and seed as it is."""
        rng = stream(self._seed, f"tail/{level}/{name}")
        kept = math.sqrt(1 - scale**2)
        fresh = rng.standard_normal(self._dimensions).tolist()
        normals = tuple(kept * old + scale * new for old, new in zip(sample.normals, fresh, strict=True))
        redraws, other = rng.random() < 1 / 2, int(rng.integers(_SEEDS))
        return Sample(normals, other if self._draws_seeds and redraws else sample.seed)


def _walk(
    starts: Sequence[Ranked],
    above: Rank,
    *,
    samples: int,
    move: Callable[[Sample, str], Sample],
    evaluate: Callable[[Sequence[Sample]], Sequence[Rank]],
) -> tuple[Chains[Ranked], int, float]:
    """Return the chains of a level, the runs that they took, and the share of moves that were accepted.

    All chains take a step together, so that the runs of a step can be made at the same time.
    """
    least, longer = divmod(samples, len(starts))
    chains = [[start] for start in starts]
    runs = accepted = 0
    for step in range(1, least + 1):
        walking = [number for number in range(len(starts)) if step < least or number < longer]
        moved = [move(chains[number][-1].sample, f"{number}/{step}") for number in walking]
        for number, sample, rank in zip(walking, moved, evaluate(moved), strict=True):
            stays = rank < above
            chains[number].append(chains[number][-1] if stays else Ranked(sample, rank))
            accepted += not stays
        runs += len(moved)
    return chains, runs, accepted / runs


def _next_region(ranks: Sequence[Rank]) -> Rank | None:
    """Return the rank that the next region begins at; None where the samples cannot be told apart any more.

    It is that of the last sample of the nearest tenth. Where many samples share it, it is the next greater one.
    """
    ordered = sorted(ranks, reverse=True)
    edge = ordered[max(1, round(LEVEL_SHARE * len(ranks))) - 1]
    if sum(rank >= edge for rank in ranks) <= len(ranks) / 2:
        return edge
    greater = [rank for rank in ordered if rank > edge]
    if greater:
        return greater[-1]
    return edge if sum(rank >= edge for rank in ranks) <= _LARGEST_SHARE * len(ranks) else None


def _inside(region: Rank | Callable[[Rank], bool]) -> Callable[[Ranked], bool]:
    if callable(region):
        return lambda one: region(one.rank)
    return lambda one: one.rank >= region
