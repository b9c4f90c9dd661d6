"""Random draws by name, so that one actor more or less leaves every other actor's draws unchanged.

What is drawn in a known order, one figure for each member of a group, comes from a stream of its own per figure: one
more member at the end draws one more time and changes nothing before. What is drawn about whoever turns up, such as
whether a keeper notices a borrower, comes from `lot`, which knows no order at all.
"""

from __future__ import annotations

import hashlib
import re
from decimal import Context, Decimal

import numpy as np

from cascade.scenario.model import Distribution, Fixed, Uniform

__all__ = ["draw", "lot", "stream"]

_LOTS = 2**64

_EXP_DIGITS = Context(prec=30)

_PADDING = re.compile(r"(?<=-)0+(?=\d)")
"""Zeros before the number of a member: with a tenth member, `keeper-1` is named `keeper-01`, and draws the same."""


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random generator of one actor.

    Parameters
    ----------
    seed : int
        Seed of the run.
    name : str
        Name of the actor; streams of different names are independent. Leading zeros of a member's number do not
        count.
    """
    # A hash instead of Python's own: `hash` of a text differs from process to process.
    digest = hashlib.sha256(_PADDING.sub("", name).encode()).digest()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, int.from_bytes(digest[:8], "big")])))


def lot(seed: int, name: str, below: int) -> int:
    """Return a random integer from 0 to `below` - 1, which depends on the seed and the name alone.

    Parameters
    ----------
    seed : int
        Seed of the run.
    name : str
        What is drawn, such as `agents/keeper-0/17/loopers-03`; draws of different names are independent.
    below : int
        Number of outcomes, far fewer than 2**64: their chances then differ by less than one in 2**64 / `below`.
    """
    # Asked for in every block for every keeper and target: few names have zeros to leave out.
    plain = _PADDING.sub("", name) if "-0" in name else name
    digest = hashlib.sha256(f"{seed}/{plain}".encode()).digest()
    return int.from_bytes(digest[:8], "big") * below // _LOTS


def draw(distribution: Distribution, count: int, rng: np.random.Generator) -> list[float]:
    """Draw a figure for each member of a group from the distribution that a scenario describes."""
    shape = distribution.shape
    # A fixed figure draws nothing. Each actor has a stream of its own, so that no other actor notices.
    if isinstance(shape, Fixed):
        return [float(shape.value)] * count
    low, high = float(shape.low), float(shape.high)
    if isinstance(shape, Uniform):
        return [float(x) for x in rng.uniform(low, high, count)]
    drawn = [float(shape.median) * _exp(float(shape.sigma) * float(x)) for x in rng.standard_normal(count)]
    # Clipped and not drawn again: the number of draws must not depend on the bounds.
    return [min(max(x, low), high) for x in drawn]


def _exp(x: float) -> float:
    """Return e to the power of x, the same on every machine.

    The last digit of `math.exp` depends on the C library, and that of `numpy.exp` on the vector unit of the processor.
    """
    return float(Decimal(x).exp(_EXP_DIGITS))
