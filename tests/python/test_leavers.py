"""Liquidity providers and lenders who leave: tranches that add up to the share, whatever the price does later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cascade.agents.interface import Proposal
from cascade.agents.lender_exit import LenderExit
from cascade.agents.provider_exit import ProviderExit
from cascade.chain.local import address_of
from cascade.scenario.model import ConstantProductVenue, LenderExitSpec, ProviderExitSpec
from cascade.world.venues import ConstantProductPair

from .agent_views import USDC, WAD, View, asked, contract, world

Leaver = LenderExit | ProviderExit

LINE_WAD = 95 * WAD // 100
SHARES = 1_000 * WAD


def provider(**keys: Any) -> ProviderExit:
    spec = ProviderExitSpec.model_validate(
        {
            "kind": "provider-exit",
            "venue": "pool",
            "below_price": 0.95,
            "share_bps": 5000,
            "tranche_bps": 1500,
            **keys,
        }
    )
    return ProviderExit("providers", spec)


def lender(**keys: Any) -> LenderExit:
    spec = LenderExitSpec.model_validate(
        {
            "kind": "lender-exit",
            "asset": "USDC",
            "venue": "pool",
            "below_price": 0.95,
            "share_bps": 5000,
            "tranche_bps": 1500,
            **keys,
        }
    )
    return LenderExit("lenders", spec)


def acts(agent: Leaver, *, spot_wad: int = LINE_WAD - 1, **keys: Any) -> list[Proposal]:
    return asked(agent, View(world(), spot_wad=spot_wad, **keys))


def test_provider__tranche_by_tranche__takes_out_its_share_and_no_more() -> None:
    agent, shares, taken = provider(), SHARES, []
    for _ in range(4):
        (proposal,) = acts(agent, balance=shares)
        assert proposal.function == "remove_liquidity(uint256,uint256[])"
        assert proposal.arguments[1] == [0, 0]
        assert proposal.sender == address_of("liquidity-provider")
        taken.append(proposal.arguments[0])
        shares -= taken[-1]

    assert [amount // WAD for amount in taken] == [150, 150, 150, 50]
    assert sum(taken) == SHARES // 2
    assert acts(agent, balance=shares) == []


@pytest.mark.parametrize("make", [provider, lender])
@pytest.mark.parametrize(("spot_wad", "leaves"), [(LINE_WAD, False), (LINE_WAD - 1, True)])
def test_leaver__price_under_its_line_and_not_at_it__leaves(
    make: Callable[..., Leaver], spot_wad: int, leaves: bool
) -> None:
    assert bool(acts(make(), spot_wad=spot_wad, balance=SHARES)) == leaves


@pytest.mark.parametrize("make", [provider, lender])
def test_leaver__price_back_above_its_line__continues_to_leave(make: Callable[..., Leaver]) -> None:
    agent = make()
    acts(agent, balance=SHARES)

    assert len(acts(agent, spot_wad=WAD, balance=SHARES)) == 1


@pytest.mark.parametrize("make", [provider, lender])
def test_leaver__share_of_zero_or_one__withdraws_nothing_or_everything(make: Callable[..., Leaver]) -> None:
    assert acts(make(share_bps=0), balance=SHARES) == []
    assert acts(make(share_bps=10_000, tranche_bps=10_000), balance=SHARES) != []


def test_provider__of_a_pair__sends_its_tokens_and_burns_them_right_after() -> None:
    spec = ConstantProductVenue.model_construct(kind="constant-product")
    router = contract("router")
    pair = ConstantProductPair(name="pool", spec=spec, contract=contract("pool"), router=router, tokens={})
    view = View(world(), spot_wad=LINE_WAD - 1, balance=SHARES)
    view.world.venues["pool"] = pair
    agent = provider()
    first, second = asked(agent, view)

    assert (first.function, first.arguments) == ("transfer", (contract("pool").address, 150 * WAD))
    assert (second.function, second.arguments) == ("burn", (address_of("liquidity-provider"),))
    assert first.tip_wei == second.tip_wei, "one behind the other, in the order proposed"
    assert first.key != second.key


def test_lender__tranche_by_tranche__takes_out_its_share_and_the_interest_since() -> None:
    agent, supplied, asked = lender(), 1_000 * USDC, []
    for _ in range(4):
        (proposal,) = acts(agent, balance=supplied)
        assert proposal.function == "withdraw"
        token, amount, receiver = proposal.arguments
        assert (token, receiver) == (contract("USDC").address, address_of("lender"))
        asked.append(amount)
        supplied += USDC - amount  # a token of interest a block

    # 500 and the interest of the three blocks before the last.
    assert [amount // USDC for amount in asked] == [150, 150, 150, 53]
    assert supplied == 501 * USDC


@pytest.mark.parametrize(("rest_raw", "asks"), [(100_000, True), (99_999, False)])
def test_lender__rest_of_interest_under_a_ten_thousandth__is_left(rest_raw: int, asks: bool) -> None:
    agent = lender()
    acts(agent, balance=1_000 * USDC)

    assert bool(acts(agent, balance=500 * USDC + rest_raw)) == asks


def test_lender__pool_without_cash__repeats_its_request_with_that_reason() -> None:
    agent = lender()
    for _ in range(3):
        (proposal,) = acts(agent, balance=1_000 * USDC, pool_cash=0)
        assert proposal.arguments[1] == 150 * USDC
        assert proposal.reason == "pool at 0.9500, cash 0"
        assert proposal.key == "lenders"
