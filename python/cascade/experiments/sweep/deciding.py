"""Which keys decide a figure of a sweep, by the method that its points allow, for the terminal and for the page."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.experiments.seeds.figures import unit_of
from cascade.experiments.sweep.grid import shares_of
from cascade.experiments.sweep.salib import Estimate, morris_effects, saltelli_indices
from cascade.experiments.sweep.sensitivity import indices_of
from cascade.experiments.sweep.words import SweepResult, main_figures
from cascade.report.shared.figures import number

__all__ = ["Bar", "Deciding", "deciding_keys"]

_GRID = (
    "Share of the variance of a figure over the grid, seeds averaged out: what a key decides alone, and what it "
    "decides alone and together with others. These are Sobol's first-order and total indices, exact for this grid."
)
_MORRIS = (
    "Screening by Morris' method: how much a figure changes, on average and without its sign, when one key alone goes "
    "over its whole range, with a 95 % interval. A spread as large as the effect means that it bends or depends on "
    "other keys. Keys without an effect can be left out of the next sweep."
)
_SALTELLI = (
    "Share of the variance of a figure, estimated from Saltelli's sample, seeds averaged out: Sobol's first-order "
    "index is what a key decides alone, the total one what it decides alone and together with others. The intervals "
    "are of 95 %, from a bootstrap."
)
_WITHOUT = (
    "Points of this sample say nothing of single keys: sample with method morris to screen keys, and saltelli for "
    "shares of variance."
)
_FAILED = "A point without a figure, because its run failed, leaves this unknown."


@dataclass(frozen=True)
class Bar:
    """What a key decides of a figure, as a bar with its interval.

    Attributes
    ----------
    figure, path : str
        The figure and the key.
    value, low, high : float
        The effect or share, and the ends of its interval; both are the value itself where it is exact.
    """

    figure: str
    path: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Deciding:
    """Which keys decide the main figures.

    Attributes
    ----------
    explanation : str
        The method, in a few sentences.
    headings : tuple of str
        Headings of the table.
    rows : list of tuple of str
        A row per main figure and key, the most important key of each figure first.
    bars : list of Bar
        The same as bars: total shares of variance, or effects.
    axis : str
        What the bars measure.
    is_share : bool
        Whether they are shares of 1.
    """

    explanation: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]
    bars: list[Bar]
    axis: str
    is_share: bool = True

    def order(self, figure: str) -> list[str]:
        """Return the keys, those that decide most of a figure first."""
        return [bar.path for bar in self.bars if bar.figure == figure]


def deciding_keys(found: SweepResult) -> Deciding:
    """Return which keys decide the main figures of a sweep: exactly on a full grid, else as its sample estimates it."""
    sample = found.plan.grid.spec.sample
    if sample is None:
        return _of_grid(found)
    if sample.method == "morris":
        return _of_morris(found)
    if sample.method == "saltelli":
        return _of_saltelli(found)
    return Deciding(_WITHOUT, (), [], [], "")


def _of_grid(found: SweepResult) -> Deciding:
    rows: list[tuple[str, ...]] = []
    bars = []
    for figure in main_figures(found):
        for index in indices_of(found.ended, found.paths, figure) or []:
            rows.append((figure, index.path, f"{index.first_order:.1%}", f"{index.total:.1%}"))
            bars.append(Bar(figure, index.path, index.total, index.total, index.total))
    return Deciding(_GRID, ("figure", "key", "decides alone", "decides in all"), rows, bars, "share of the variance")


def _of_morris(found: SweepResult) -> Deciding:
    sample = found.plan.grid.spec.sample
    rows: list[tuple[str, ...]] = []
    bars = []
    for figure in main_figures(found):
        values, unit = found.values_by_point(figure), unit_of(figure)
        if values is None or sample is None:
            continue
        shares = shares_of(sample, keys=len(found.paths))
        for effect in morris_effects(shares, found.paths, values, levels=sample.levels, seed=sample.seed):
            ends = _ends(effect.size)
            shown = (number(one, unit) for one in (effect.size.value, *ends, effect.spread))
            rows.append((figure, effect.path, *shown))
            bars.append(Bar(figure, effect.path, effect.size.value, *ends))
    headings = ("figure", "key", "effect", "at least", "at most", "spread")
    return Deciding(_MORRIS if rows else _FAILED, headings, rows, bars, "effect over the whole range of the key", False)


def _of_saltelli(found: SweepResult) -> Deciding:
    sample = found.plan.grid.spec.sample
    rows: list[tuple[str, ...]] = []
    bars = []
    for figure in main_figures(found):
        values = found.values_by_point(figure)
        if values is None or sample is None:
            continue
        for index in saltelli_indices(found.paths, values, seed=sample.seed) or []:
            rows.append((figure, index.path, _with_interval(index.first_order), _with_interval(index.total)))
            bars.append(Bar(figure, index.path, index.total.value, *_ends(index.total)))
    headings = ("figure", "key", "decides alone", "decides in all")
    return Deciding(_SALTELLI if rows else _FAILED, headings, rows, bars, "total share of the variance")


def _ends(estimate: Estimate) -> tuple[float, float]:
    # Both effects and shares are 0 at the least.
    return max(0.0, estimate.value - estimate.half), estimate.value + estimate.half


def _with_interval(estimate: Estimate) -> str:
    # Not cut off at 0: an estimate below it says that the sample is too small.
    return f"{estimate.value:.1%} ({estimate.value - estimate.half:.1%} to {estimate.value + estimate.half:.1%})"
