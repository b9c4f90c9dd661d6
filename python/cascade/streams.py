"""Random streams by name: switching one actor off leaves every other's draws alone."""

from __future__ import annotations

import hashlib

import numpy as np

__all__ = ["stream"]


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
