"""Value buyers: what is spent follows the stated demand, at the price that the purchase leaves."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from typing import Any

import pytest

from cascade.agents.value_buyer import ValueBuyer
from cascade.chain.local import address_of
from cascade.observation import ExitCurve
from cascade.scenario.model import ValueBuyerSpec

from .agent_views import USDC, USDE, WAD, View, asked, world

CAPITAL = 400_000


def buyer(**keys: Any) -> ValueBuyer:
    spec = ValueBuyerSpec.model_validate(
        {"kind": "value-buyer", "venue": "pool", "capital": CAPITAL, "from_price": 1, "to_price": 0.5, **keys}
    )
    return ValueBuyer("buyers-0", spec)


def asks(*steps: tuple[int, str]) -> ExitCurve:
    """A pool that sells, for so many USDC each, at prices that rise: its marginal price is known everywhere."""
    paid = list(accumulate(usdc * USDC for usdc, _ in steps))
    got = list(accumulate(int(Fraction(usdc) / Fraction(price) * USDE) for usdc, price in steps))
    return ExitCurve(tuple(paid), tuple(got))


def bought(agent: ValueBuyer, curve: ExitCurve, *, spot: str = "0.79", spent: int = 0, capital: int = CAPITAL) -> int:
    """Quote spent by the one purchase, 0 for none."""
    view = View(world(), spot_wad=int(Fraction(spot) * WAD), buys=curve, wallet={"USDC": capital * USDC - spent * USDC})
    proposals = asked(agent, view)
    if not proposals:
        return 0
    (proposal,) = proposals
    asset_in, amount, least, receiver = proposal.arguments
    assert (asset_in, receiver, proposal.sender) == ("USDC", address_of("buyers-0"), address_of("buyers-0"))
    assert least == curve.pays(amount) * 95 // 100
    assert proposal.intent == "buy"
    return int(amount)


@pytest.mark.parametrize("spent", [0, 30_000, 159_900])
def test_purchase__leaves_spent_what_the_demand_says_at_its_price(spent: int) -> None:
    # At 0.80 the schedule has spent 400,000 x (1 - 0.8) / (1 - 0.5) = 160,000.
    assert spent * USDC + bought(buyer(), asks((300_000, "0.8")), spent=spent) == 160_000 * USDC


@pytest.mark.parametrize("spent", [160_000, 159_901, 200_000])
def test_purchase__nothing_or_less_than_a_hundred_missing__is_not_made(spent: int) -> None:
    assert bought(buyer(), asks((300_000, "0.8")), spent=spent) == 0


def test_purchase__price_rises_on_the_way__stops_where_the_demand_is_met() -> None:
    # At 0.625 it wants 300,000, at 0.64 288,000, at 0.8 160,000: it buys through the first two steps.
    assert bought(buyer(), asks((90_000, "0.625"), (60_000, "0.64"), (200_000, "0.8"))) == 160_000 * USDC
    # With 150,000 spent before, 60,000 at 0.64 would be 300,000 > 288,000.
    curve = asks((90_000, "0.625"), (60_000, "0.64"), (200_000, "0.8"))
    assert bought(buyer(), curve, spent=150_000) == 138_000 * USDC


def test_purchase__demand_met_at_the_next_step__stops_at_the_step() -> None:
    # At 0.8 it wants 160,000, beyond 100,000 the price is 0.96, where it wants 32,000.
    assert bought(buyer(), asks((100_000, "0.8"), (200_000, "0.96"))) == 100_000 * USDC


@pytest.mark.parametrize(("spot", "buys"), [("1", False), ("0.9999999", True)])
def test_purchase__price_under_the_first_and_not_at_it__is_made(spot: str, buys: bool) -> None:
    assert (bought(buyer(), asks((300_000, "0.8")), spot=spot) > 0) == buys


def test_purchase__fee_lifts_its_price_over_the_first__is_not_made() -> None:
    assert bought(buyer(), asks((300_000, "1.0000001")), spot="0.9999") == 0


@pytest.mark.parametrize("price", ["0.5", "0.4"])
def test_purchase__at_or_under_the_last_price__spends_all_and_no_more(price: str) -> None:
    assert bought(buyer(), asks((10**6, price)), spent=1_000) == 399_000 * USDC


def test_purchase__pool_runs_out__buys_what_is_there() -> None:
    drained = ExitCurve((50_000 * USDC, 400_000 * USDC), (100_000 * USDE, 100_000 * USDE))

    assert bought(buyer(), drained) == 50_000 * USDC


def test_purchase__pool_is_empty__is_not_made() -> None:
    assert bought(buyer(), ExitCurve((400_000 * USDC,), (0,))) == 0


def test_buyers_of_one_entry__buy_equal_parts_of_one_demand_schedule() -> None:
    four = buyer(count=4)

    assert 4 * bought(four, asks((300_000, "0.8")), capital=100_000) == 160_000 * USDC
    # Together they reach the step at 100,000.
    assert 4 * bought(four, asks((100_000, "0.8"), (200_000, "0.96")), capital=100_000) == 100_000 * USDC
