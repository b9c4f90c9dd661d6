"""Random streams by name: switching one actor off leaves every other's draws alone."""

from __future__ import annotations

import hashlib

import numpy as np

from cascade.scenario.model import Distribution

__all__ = ["draw", "stream"]


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator of one actor.

    Parameters
    ----------
    seed : int
        Seed of the run.
    name : str
        Name of the actor; streams of different names are independent.
    """
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, int.from_bytes(digest[:8], "big")])))


def draw(distribution: Distribution, count: int, rng: np.random.Generator) -> list[float]:
    """Draw a figure for each member of a group, as a scenario describes it."""
    low, high = float(distribution.low or 0), float(distribution.high or 0)
    if distribution.kind == "fixed":
        assert distribution.value is not None
        return [float(distribution.value)] * count
    if distribution.kind == "uniform":
        return [float(x) for x in rng.uniform(low, high, count)]
    assert distribution.median is not None
    assert distribution.sigma is not None
    drawn = float(distribution.median) * np.exp(float(distribution.sigma) * rng.standard_normal(count))
    return [float(x) for x in np.clip(drawn, low, high)]
