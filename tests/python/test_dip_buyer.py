"""Leveraged buyers: buy, supply, borrow, buy again, one action a block, as far as pool and lenders go."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.agents.dip_buyer import DipBuyer
from cascade.chain.local import address_of
from cascade.scenario.model import DipBuyerSpec
from cascade.scenario.streams import stream

from .agent_views import E8, USDC, USDE, WAD, View, asked, contract, position, world

BUYER = "dips-0"
LOW_WAD = 8 * WAD // 10


def buyer(**keys: Any) -> DipBuyer:
    spec = DipBuyerSpec.model_validate(
        {
            "kind": "dip-buyer",
            "venue": "pool",
            "capital": 10_000,
            "rounds": 2,
            "ltv_bps": 7500,
            "buy_below": {"kind": "fixed", "value": 0.9},
            **keys,
        }
    )
    return DipBuyer(BUYER, spec, stream(1, BUYER))


def act(
    agent: DipBuyer,
    *,
    quote: int = 0,
    asset: int = 0,
    collateral: int = 0,
    debt: int = 0,
    spot_wad: int = LOW_WAD,
    oracle_e8: int = 80_000_000,
    **keys: Any,
) -> tuple[str, int] | None:
    """What it does, and how much of it: whole tokens go in, smallest units come out."""
    state = position(BUYER, collateral=collateral * USDE, debt=debt * USDC, price_e8=oracle_e8)
    view = View(
        world(), spot_wad=spot_wad, states={BUYER: state}, wallet={"USDC": quote * USDC, "USDe": asset * USDE}, **keys
    )
    proposals = asked(agent, view)
    if not proposals:
        return None
    (proposal,) = proposals
    assert (proposal.sender, proposal.key) == (address_of(BUYER), "act")
    if proposal.function == "swap":
        assert proposal.arguments[0] == "USDC"
        assert proposal.arguments[3] == address_of(BUYER)
        return "buy", proposal.arguments[1]
    assert proposal.contract == contract("lending pool")
    assert proposal.intent == "loop"
    token = {"supply": "USDe", "borrow": "USDC"}[proposal.function]
    assert proposal.arguments[0] == contract(token).address
    assert proposal.arguments[-2 if token == "USDe" else -1] == address_of(BUYER)
    return proposal.function, proposal.arguments[1]


def test_dip_buyer__below_its_line__completes_its_rounds_and_stops() -> None:
    agent = buyer()

    assert act(agent, quote=10_000) == ("buy", 10_000 * USDC)
    assert act(agent, asset=12_500) == ("supply", 12_500 * USDE)
    # 12,500 USDe at 0.80 are 10,000 dollars; three quarters, less two units that rounding may take.
    assert act(agent, collateral=12_500) == ("borrow", 7_500 * USDC - 2)
    assert act(agent, quote=7_500, collateral=12_500, debt=7_500) == ("buy", 7_500 * USDC)
    assert act(agent, asset=9_375, collateral=12_500, debt=7_500) == ("supply", 9_375 * USDE)
    assert act(agent, collateral=21_875, debt=7_500) == ("borrow", 5_625 * USDC - 2)
    assert act(agent, quote=5_625, collateral=21_875, debt=13_125) == ("buy", 5_625 * USDC)
    assert act(agent, asset=7_031, collateral=21_875, debt=13_125) == ("supply", 7_031 * USDE)
    assert act(agent, collateral=28_906, debt=13_125) is None, "two rounds are done"


@pytest.mark.parametrize(("spot_wad", "buys"), [(9 * WAD // 10, False), (9 * WAD // 10 - 1, True)])
def test_dip_buyer__price_under_its_line_and_not_at_it__begins(spot_wad: int, buys: bool) -> None:
    assert (act(buyer(), quote=10_000, spot_wad=spot_wad) is not None) == buys


def test_dip_buyer__price_back_above_its_line__continues() -> None:
    agent = buyer()
    act(agent, quote=10_000)

    assert act(agent, asset=12_500, spot_wad=WAD) == ("supply", 12_500 * USDE)


def test_dip_buyer__loan_that_failed__does_not_count_as_a_round() -> None:
    agent = buyer(rounds=1)
    act(agent, quote=10_000)
    asked = [act(agent, collateral=12_500) for _ in range(3)]

    assert asked == [("borrow", 7_500 * USDC - 2)] * 3
    assert act(agent, quote=7_500, collateral=12_500, debt=7_500) == ("buy", 7_500 * USDC)
    assert act(agent, collateral=21_875, debt=7_500) is None


def test_dip_buyer__purchase_that_fails__is_tried_again_and_counts_once() -> None:
    agent = buyer(rounds=2)
    act(agent, quote=10_000)
    act(agent, collateral=12_500)
    assert [act(agent, quote=7_500, collateral=12_500, debt=7_500) for _ in range(3)] == [("buy", 7_500 * USDC)] * 3

    assert act(agent, collateral=21_875, debt=7_500) == ("borrow", 5_625 * USDC - 2)


@pytest.mark.parametrize(("cash", "asked"), [(10**6, 7_500 * USDC - 2), (7_000, 7_000 * USDC), (99, None)])
def test_dip_buyer__pool_short_of_cash__asks_for_what_is_there(cash: int, asked: int | None) -> None:
    agent = buyer()
    act(agent, quote=10_000)

    assert act(agent, collateral=12_500, pool_cash=cash * USDC) == (None if asked is None else ("borrow", asked))


def test_dip_buyer__liquidated_to_its_limit__borrows_nothing() -> None:
    agent = buyer()
    act(agent, quote=10_000)

    assert act(agent, collateral=12_500, debt=7_500) is None
    assert act(agent) is None


def test_dip_buyer__price_refused_by_the_oracle__borrows_nothing() -> None:
    agent = buyer()
    act(agent, quote=10_000)

    assert act(agent, collateral=12_500, oracle_e8=0) is None
    prices = {"USDe": E8, "USDC": 0, "WETH": E8}
    assert act(agent, collateral=12_500, **{"oracle_e8": E8}) is not None
    view = View(
        world(), spot_wad=LOW_WAD, oracle_e8=prices, states={BUYER: position(BUYER, collateral=12_500 * USDE, debt=0)}
    )
    assert asked(agent, view) == []
