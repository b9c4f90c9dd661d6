"""Samples of SALib that change one key at a time, and what their figures say of each key.

Morris' method screens: the effect of a key is the change of a figure when the key alone goes over its range, taken
along several trajectories. Saltelli's sample estimates Sobol's indices: shares of a figure's variance. Both have
intervals from a bootstrap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cascade.experiments.seeds.statistics import CONFIDENCE_PCT

__all__ = ["Effect", "Estimate", "SampledIndex", "morris_effects", "salib_shares", "saltelli_indices"]

_RESAMPLES = 1000
"""Times that the sample is drawn from itself, for the intervals."""
_SEEDS = 2**32 - 2
"""SALib takes seeds of 32 bits, of which 0 stands for none."""


@dataclass(frozen=True)
class Estimate:
    """A number with half the width of its 95 % interval."""

    value: float
    half: float


@dataclass(frozen=True)
class Effect:
    """The effect of a key on a figure, by Morris' method.

    Attributes
    ----------
    path : str
        The key.
    size : Estimate
        Mean of the absolute changes of the figure when the key goes over its whole range, in units of the figure.
    spread : float
        Standard deviation of the signed changes: large beside `size` where the effect bends, or depends on other keys.
    """

    path: str
    size: Estimate
    spread: float


@dataclass(frozen=True)
class SampledIndex:
    """Share of a figure's variance that a key decides, estimated from Saltelli's sample.

    Attributes
    ----------
    path : str
        The key.
    first_order, total : Estimate
        What the key decides alone, and alone and together with others.
    """

    path: str
    first_order: Estimate
    total: Estimate


def salib_shares(keys: int, *, seed: int, size: int | None, trajectories: int | None, levels: int) -> list[list[float]]:
    """Return the points of a sample of Morris, or of Saltelli where a size is given, as shares of each range.

    Parameters
    ----------
    keys : int
        Number of keys.
    size : int, optional
        Base size of Saltelli's sample; None draws the trajectories of Morris.
    trajectories, levels : int
        Number of trajectories, and of values of each key, of Morris.
    """
    # Imported where it is needed: it takes a second, and most sweeps are grids.
    import SALib.sample.morris
    import SALib.sample.sobol

    problem = _problem([f"x{number}" for number in range(keys)])
    if size is not None:
        drawn = SALib.sample.sobol.sample(problem, size, calc_second_order=False, seed=_seed(seed))
    else:
        drawn = SALib.sample.morris.sample(problem, trajectories, num_levels=levels, seed=_seed(seed))
    shares: list[list[float]] = drawn.tolist()
    return shares


def morris_effects(
    shares: Sequence[Sequence[float]], paths: Sequence[str], values: Sequence[float], *, levels: int, seed: int
) -> list[Effect]:
    """Return the effect of every key on a figure, the largest first.

    Parameters
    ----------
    shares : sequence
        The points, as `salib_shares` returns them.
    values : sequence of float
        The figure at each point.
    """
    import SALib.analyze.morris

    found = SALib.analyze.morris.analyze(
        _problem(paths),
        np.array(shares, dtype=np.float64),
        np.array(values, dtype=np.float64),
        num_levels=levels,
        num_resamples=_RESAMPLES,
        conf_level=CONFIDENCE_PCT / 100,
        seed=_seed(seed),
    )
    effects = [
        Effect(path, Estimate(float(size), float(half)), float(spread))
        for path, size, half, spread in zip(paths, found["mu_star"], found["mu_star_conf"], found["sigma"], strict=True)
    ]
    return sorted(effects, key=lambda effect: (-effect.size.value, effect.path))


def saltelli_indices(paths: Sequence[str], values: Sequence[float], *, seed: int) -> list[SampledIndex] | None:
    """Return the indices of every key, the largest total first; None where the figure is the same at every point.

    Parameters
    ----------
    values : sequence of float
        The figure at each point, in the order of `salib_shares`.
    """
    import SALib.analyze.sobol

    if min(values) == max(values):
        return None
    found = SALib.analyze.sobol.analyze(
        _problem(paths),
        np.array(values, dtype=np.float64),
        calc_second_order=False,
        num_resamples=_RESAMPLES,
        conf_level=CONFIDENCE_PCT / 100,
        seed=_seed(seed),
    )
    indices = [
        SampledIndex(path, Estimate(float(first), float(first_half)), Estimate(float(total), float(total_half)))
        for path, first, first_half, total, total_half in zip(
            paths, found["S1"], found["S1_conf"], found["ST"], found["ST_conf"], strict=True
        )
    ]
    return sorted(indices, key=lambda index: (-index.total.value, index.path))


def _problem(paths: Sequence[str]) -> Mapping[str, Any]:
    return {"num_vars": len(paths), "names": np.array(paths, dtype=object), "bounds": [[0.0, 1.0]] * len(paths)}


def _seed(seed: int) -> int:
    return seed % _SEEDS + 1
