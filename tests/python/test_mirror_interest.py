"""Interest and scaled amounts, as a mirror computes them: against closed forms, and both ways round."""

from __future__ import annotations

from decimal import Decimal, getcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.world.mirror.interest import (
    RAY,
    compounded_growth_ray,
    debt_of,
    linear_growth_ray,
    scaled_of_debt,
    scaled_of_supply,
    supply_of,
)

YEAR = 365 * 86_400
indexes = st.integers(RAY, 100 * RAY)
amounts = st.integers(0, 2**128 - 1)


@given(scaled=amounts, index=indexes)
def test_scaled_supply__there_and_back__is_the_same(scaled: int, index: int) -> None:
    assert scaled_of_supply(supply_of(scaled, index), index) == scaled


@given(scaled=amounts, index=indexes)
def test_scaled_debt__there_and_back__is_the_same(scaled: int, index: int) -> None:
    assert scaled_of_debt(debt_of(scaled, index), index) == scaled


@pytest.mark.parametrize(
    ("scaled", "index", "supplied", "owed"),
    [
        (10, RAY, 10, 10),
        (10, RAY + RAY // 10, 11, 11),
        # 3 times 1.5 is 4.5: the pool owes 4, and is owed 5.
        (3, RAY + RAY // 2, 4, 5),
        (0, 7 * RAY, 0, 0),
    ],
)
def test_balance__of_a_scaled_amount__rounds_against_the_account(
    scaled: int, index: int, supplied: int, owed: int
) -> None:
    assert (supply_of(scaled, index), debt_of(scaled, index)) == (supplied, owed)


def test_linear_growth__half_a_year_at_eight_per_cent__is_four_per_cent() -> None:
    assert linear_growth_ray(8 * RAY // 100, YEAR // 2) == RAY + 4 * RAY // 100


def test_compounded_growth__a_month_at_a_tenth__is_the_exponential_to_the_fourth_order() -> None:
    getcontext().prec = 60
    seconds = 30 * 86_400
    x = Decimal(seconds) / YEAR / 10
    exact = x.exp() * RAY

    # The series ends at the third order: what is missing is x^4/24 and a little more.
    missing = x**4 / 24 * RAY
    assert missing < exact - compounded_growth_ray(RAY // 10, seconds) < missing * (1 + x)


def test_growth__no_time__is_one() -> None:
    assert linear_growth_ray(RAY, 0) == compounded_growth_ray(RAY, 0) == RAY
