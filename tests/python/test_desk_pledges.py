"""Loops whose equity the exchange's desk lent: what is planned of the loan, and what the pool has no say in."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from cascade.experiments.comparison.positions import impossible_positions
from cascade.positions.plan import DeskPledge, plan_positions
from cascade.positions.preflight import check_liquidity
from cascade.scenario.load import Scenario, load_scenario

from .test_exchange_refusals import UNWIND, WHALES, WITH_EXCHANGE

USDC, ALT = 10**6, 10**18


def scenario(**changes: Any) -> Scenario:
    return load_scenario(UNWIND, set={**WITH_EXCHANGE, "positions": {"whales": WHALES}, "agents": {}, **changes})


@pytest.mark.parametrize(("price", "ltv"), [(1, Fraction(6, 10)), (0.25, Fraction(615, 1000))])
def test_plan__pledge_of_the_desk__is_in_the_borrower_s_own_account_at_the_book_s_price(
    price: float, ltv: Fraction
) -> None:
    planned = plan_positions(
        scenario(
            **{
                "positions.whales.pledge.ltv": {"kind": "fixed", "value": float(ltv)},
                "exchange.books.alt.initial_price": price,
                "exchange.books.alt.reference": {"kind": "fixed", "price": price},
            }
        )
    )

    assert [plan.borrower for plan in planned] == ["whales-0", "whales-1"]
    # 1,000 of equity are 1,000 USDC at par; the pledge is worth that over the LTV, rounded up, at 1e-8 of a dollar.
    worth_e8 = int(1_000 * 10**8 / ltv)
    pledged = -(-worth_e8 * ALT // int(Fraction(price) * 10**8))
    assert [plan.pledge for plan in planned] == [
        DeskPledge(plan.borrower, "ALT", pledged, 1_000 * USDC, int(ltv * 10**6), "alt") for plan in planned
    ]


@pytest.mark.parametrize("line", ["alt", None])
def test_lenders__of_the_pool__lend_what_the_loops_borrow_and_not_what_the_desk_does(line: str | None) -> None:
    # Two loops of leverage 2 on 1,000 borrow 2,000 of the pool; the first layers 2,000 of whoever lends them.
    enough = 2_000 if line else 4_000
    pledge = {"collateral": "ALT" if line else "WETH", "ltv": {"kind": "fixed", "value": 0.6}, "line": line}
    # A leverage to a millionth of an LTV is a hundredth of a token short of 2.
    changes = {"positions.whales.pledge": pledge, "lending.reserves.USDC.lenders_supply": enough}
    made = scenario(**changes)
    check_liquidity(made, plan_positions(made))

    short = scenario(**{**changes, "lending.reserves.USDC.lenders_supply": enough - 1})
    with pytest.raises(ValueError, match="lenders_supply"):
        check_liquidity(short, plan_positions(short))


def test_impossible__pledge_at_the_desk__is_not_checked_against_the_pool() -> None:
    baseline = scenario()
    change = scenario(**{"lending.reserves.WETH.ltv_bps": 100})

    assert impossible_positions(baseline, change) == ()
