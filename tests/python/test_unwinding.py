"""What a sale of a loop's collateral leaves in cash when its LTV stays, and what the order says."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cascade.agents.unwinding import Sale
from cascade.observation import ExitCurve

from .agent_views import USDC, USDE, at_price, position


def sale(*, collateral: int, debt: int, curve: ExitCurve, premium_bps: int = 5) -> Sale:
    return Sale(position("loops-0", collateral=collateral, debt=debt), curve, 0, 1, premium_bps)


@given(
    st.integers(USDE, 10**6 * USDE), st.integers(0, 10**6 * USDC), st.integers(0, 10_000), st.sampled_from([0, 5, 9])
)
def test_cash__of_a_sale_in_proportion__leaves_the_ltv_and_rounds_against_the_owner(
    collateral: int, debt: int, share_bps: int, premium_bps: int
) -> None:
    amount = collateral * share_bps // 10_000
    found = sale(collateral=collateral, debt=debt, curve=at_price(9, 10), premium_bps=premium_bps).cash_raw(amount)
    repaid = Fraction(debt * amount, collateral)
    exact = Fraction(amount * USDC * 9, USDE * 10) - repaid * (1 + Fraction(premium_bps, 10_000))

    assert exact - 4 < found <= exact


def test_cash__of_a_loop_under_water__is_negative() -> None:
    found = sale(collateral=1000 * USDE, debt=950 * USDC, curve=at_price(9, 10), premium_bps=0)

    assert found.cash_raw(100 * USDE) == -5 * USDC


def test_most__is_bounded_by_the_position_and_by_what_is_asked() -> None:
    found = sale(collateral=1000 * USDE, debt=0, curve=at_price(1))

    assert found.most_raw(10**9 * USDE) == 1000 * USDE
    assert found.most_raw(7) == 7
    assert found.most_raw(0) == 0
