"""Interest of a reserve, and the balances that scaled amounts stand for, with the roundings of Aave V3.6.

An index and a rate are in ray (1e27). A scaled amount times its index is a balance: a supplier's is rounded down, a
debtor's up.
"""

from __future__ import annotations

__all__ = [
    "RAY",
    "compounded_growth_ray",
    "debt_of",
    "linear_growth_ray",
    "scaled_of_debt",
    "scaled_of_supply",
    "supply_of",
]

RAY = 10**27
"""One, in ray."""

_HALF_RAY = RAY // 2
_SECONDS_PER_YEAR = 365 * 24 * 60 * 60


def linear_growth_ray(rate_ray: int, seconds: int) -> int:
    """Return the growth of a supplier's index over a time, in ray: one plus rate times time."""
    return RAY + rate_ray * seconds // _SECONDS_PER_YEAR


def compounded_growth_ray(rate_ray: int, seconds: int) -> int:
    """Return the growth of a debtor's index over a time, in ray: the exponential, to the third order."""
    x = rate_ray * seconds // _SECONDS_PER_YEAR
    return RAY + x + ray_mul(x, x // 2 + ray_mul(x, x // 6))


def ray_mul(x: int, y: int) -> int:
    """Return the product of two rays, rounded half up."""
    return (x * y + _HALF_RAY) // RAY


def supply_of(scaled: int, index_ray: int) -> int:
    """Return the balance of a scaled supply."""
    return scaled * index_ray // RAY


def debt_of(scaled: int, index_ray: int) -> int:
    """Return the balance of a scaled debt."""
    return -(-scaled * index_ray // RAY)


def scaled_of_supply(balance: int, index_ray: int) -> int:
    """Return the scaled supply of a balance: the only one, because an index is never under one."""
    return -(-balance * RAY // index_ray)


def scaled_of_debt(balance: int, index_ray: int) -> int:
    """Return the scaled debt of a balance: the only one, because an index is never under one."""
    return balance * RAY // index_ray
