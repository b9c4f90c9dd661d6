"""Health of an account with several collaterals and debts: every move's part is exact, against plain fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.analysis.causes.pivots import Basket, Blame, Pair, Weighted
from cascade.analysis.causes.signals import MOVE, Steps, total
from cascade.units import WAD

E8 = 10**8


def steps(prices: list[int], first_event: int) -> Steps:
    """A price in whole steps, one move at each point after the first."""
    moves = range(1, len(prices))
    return Steps(
        answers=np.array(prices, dtype=np.int64),
        event=np.array([first_event + i for i in moves], dtype=np.int64),
        label=np.array([MOVE for _ in moves], dtype=np.int64),
        amount=np.array([prices[i] - prices[i - 1] for i in moves], dtype=np.int64),
        arrival=np.array(list(moves), dtype=np.int64),
    )


PRICES = st.lists(st.integers(min_value=10**6, max_value=10**13), min_size=4, max_size=4)
AMOUNT = st.integers(min_value=1, max_value=10**30)


@given(
    st.lists(st.tuples(PRICES, AMOUNT), min_size=1, max_size=4),
    st.lists(st.tuples(PRICES, AMOUNT), min_size=1, max_size=3),
)
def test_change__of_any_composition__is_the_sum_of_its_moves_exactly(
    secured: list[tuple[list[int], int]], owed: list[tuple[list[int], int]]
) -> None:
    sides = [[(steps(prices, 10 * i), weight) for i, (prices, weight) in enumerate(side)] for side in (secured, owed)]
    basket = Basket(*([Weighted(price, weight) for price, weight in side] for side in sides))
    health_wad = 9 * 10**17

    def ratio(point: int) -> Fraction:
        worth = sum(weight * prices[point] for prices, weight in secured)
        return Fraction(worth, sum(weight * prices[point] for prices, weight in owed))

    for start in range(3):
        before, after = health_wad * ratio(start) / ratio(3), Fraction(health_wad)
        assert basket.health_at(start, end=3, health_wad=health_wad) == before
        parts = basket.change(start, 3, health_wad=health_wad)
        moved = sum((part.factor * total([part.piece]) for part in parts), Fraction(0))
        assert moved == after - before


def test_change__one_collateral_move__has_the_share_of_its_dollars() -> None:
    # 2 WETH at 83 % and 3,000 USDe at 75 % secure 5,000 USDC. WETH falls from 4,000 to 3,500, USDe from 1.00 to 0.98:
    # the weighted value falls by 830 and by 45, from 8,890 to 8,015; the health factor from 1.778 to 1.603.
    weth, usde, usdc = steps([4000 * E8, 3500 * E8, 3500 * E8], 0), steps([E8, E8, 98 * 10**6], 10), steps([E8] * 3, 20)
    basket = Basket([Weighted(weth, 2 * 8300), Weighted(usde, 3000 * 7500)], [Weighted(usdc, 5000 * 10_000)])
    end = 1603 * 10**15

    assert basket.health_at(0, end=2, health_wad=end) == 1778 * 10**15
    fell: dict[int, Fraction] = {}
    for part in basket.change(0, 2, health_wad=end):
        for event, amount in zip(part.piece.event.tolist(), part.piece.amount.tolist(), strict=True):
            fell[event] = fell.get(event, Fraction(0)) + part.factor * amount
    # 830 / 5,000 and 45 / 5,000; moves of nothing have no part.
    assert {event: part for event, part in fell.items() if part} == {
        1: Fraction(-166 * 10**15),
        12: Fraction(-9 * 10**15),
    }


def test_change__debt_in_a_volatile_asset__counts_its_rise_at_the_collaterals_of_the_start() -> None:
    # 10,000 USDe at 75 % secure 1 WETH, which rises from 6,000 to 7,500: 1.25 to 1.00.
    usde, weth = steps([E8, E8], 0), steps([6000 * E8, 7500 * E8], 10)
    basket = Basket([Weighted(usde, 10_000 * 7500)], [Weighted(weth, 10_000)])

    parts = basket.change(0, 1, health_wad=WAD)

    assert sum((part.factor * total([part.piece]) for part in parts), Fraction(0)) == -WAD // 4
    assert basket.blame(0) == Blame(event=11, label=MOVE)


def test_blame__two_collaterals_fall_at_once__is_the_one_that_cost_more_dollars() -> None:
    # The same step: WETH loses 10 % of 1,000 dollars, USDe 2 % of 8,000.
    weth, usde, usdc = steps([4000 * E8, 3600 * E8], 0), steps([E8, 98 * 10**6], 10), steps([E8, E8], 20)
    basket = Basket(
        [Weighted(weth, 8300), Weighted(usde, 4 * 8000 * 8300)],
        [Weighted(usdc, 4 * 6000 * 10_000)],
    )

    assert basket.blame(0) == Blame(event=11, label=MOVE)


@pytest.mark.parametrize("health_wad", [WAD - 1, 8 * 10**17])
def test_basket__of_one_pair__is_the_pair(health_wad: int) -> None:
    prices = [100 * 10**6, 97 * 10**6, 99 * 10**6, 91 * 10**6, 90 * 10**6]
    collateral, debt = steps(prices, 0), steps([E8, E8 + 5, E8 - 7, E8, E8 + 1], 10)
    pair = Pair(collateral, debt)
    basket = Basket([Weighted(collateral, 7 * 8300)], [Weighted(debt, 11)])

    for point in range(5):
        here = basket.health_at(point, end=4, health_wad=health_wad)
        assert here == pair.health_at(point, end=4, health_wad=health_wad)
        assert basket.healthy(start=point, end=4, health_wad=health_wad) == pair.healthy(
            start=point, end=4, health_wad=health_wad
        )
        theirs = [part.factor for part in pair.change(point, 4, health_wad=health_wad)]
        assert [part.factor for part in basket.change(point, 4, health_wad=health_wad)] == theirs
    assert [basket.blame(i) for i in range(4)] == [pair.blame(i) for i in range(4)]


def test_healthy__exactly_one__is_the_last_healthy_point() -> None:
    # 1,000 of one and 500 of the other, both at 80 %, secure 1,000: the health factor is 1.2, 1.0, and 1.0 less a hair.
    first, second, debt = (
        steps([E8, 80_000_000, 80_000_000], 0),
        steps([E8, 90_000_000, 89_999_999], 10),
        steps([E8] * 3, 20),
    )
    basket = Basket([Weighted(first, 1000 * 8000), Weighted(second, 500 * 8000)], [Weighted(debt, 1000 * 10_000)])
    end = Fraction(1000 * 8000 * 80_000_000 + 500 * 8000 * 89_999_999, 1000 * 10_000 * E8) * WAD

    assert end.denominator == 1
    assert basket.health_at(1, end=2, health_wad=int(end)) == WAD
    assert basket.healthy(start=0, end=2, health_wad=int(end)) == (0, 1)
