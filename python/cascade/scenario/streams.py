"""Random streams by name, so that switching one actor off leaves every other actor's draws unchanged."""

from __future__ import annotations

import hashlib

import numpy as np

from cascade.scenario.model import Distribution, Fixed, Uniform

__all__ = ["draw", "stream"]


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random generator of one actor.

    Parameters
    ----------
    seed : int
        Seed of the run.
    name : str
        Name of the actor; streams of different names are independent.
    """
    # A hash instead of Python's own: `hash` of a text differs from process to process.
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, int.from_bytes(digest[:8], "big")])))


def draw(distribution: Distribution, count: int, rng: np.random.Generator) -> list[float]:
    """Draw a figure for each member of a group from the distribution that a scenario describes."""
    shape = distribution.shape
    # A fixed figure draws nothing. Each actor has a stream of its own, so that no other actor notices.
    if isinstance(shape, Fixed):
        return [float(shape.value)] * count
    low, high = float(shape.low), float(shape.high)
    if isinstance(shape, Uniform):
        return [float(x) for x in rng.uniform(low, high, count)]
    drawn = float(shape.median) * np.exp(float(shape.sigma) * rng.standard_normal(count))
    # Clipped and not drawn again: the number of draws must not depend on the bounds.
    return [float(x) for x in np.clip(drawn, low, high)]
