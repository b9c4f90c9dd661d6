"""What a venue pays between the points read of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cascade.observation import ExitCurve


def constant_product(amount: int, *, depth: int = 10**9) -> int:
    return depth * amount // (depth + amount)


AMOUNTS = tuple(10**3 * 2**k for k in range(20))
CURVE = ExitCurve(AMOUNTS, tuple(constant_product(amount) for amount in AMOUNTS))


@given(st.integers(1, AMOUNTS[-1]))
def test_curve__of_a_pool__never_promises_more_than_the_pool_pays(amount: int) -> None:
    assert CURVE.pays(amount) <= constant_product(amount) + 1


@given(st.integers(0, 2 * AMOUNTS[-1]), st.integers(0, 2 * AMOUNTS[-1]))
def test_curve__more_sold__pays_no_less(first: int, second: int) -> None:
    low, high = sorted((first, second))

    assert CURVE.pays(low) <= CURVE.pays(high)


def test_curve__at_a_point_read__is_that_point() -> None:
    assert [CURVE.pays(amount) for amount in AMOUNTS] == list(CURVE.proceeds)


def test_curve__beyond_its_end__pays_nothing_more() -> None:
    assert CURVE.pays(10 * AMOUNTS[-1]) == CURVE.proceeds[-1]
    assert CURVE.pays(0) == 0
