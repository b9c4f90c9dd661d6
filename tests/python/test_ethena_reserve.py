"""What the issuer proposes, from what it sees alone: no chain, closed forms."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cascade.agents.ethena_reserve import EthenaReserve, _Sight
from cascade.chain.abi import Interface
from cascade.chain.local import Contract
from cascade.deployment.reserve import funding_rate_wad
from cascade.observation import ReserveState
from cascade.scenario.model import EthenaReserveSpec, ParMintVenue

USDE, USDC, ETH = 10**18, 10**6, 10**18
UINT_MAX = 2**256 - 1
HOUR = 3600
ANY = Contract("0x" + "1" * 40, Interface("HedgedReserve", []))


def agent(*, refill: int = 0) -> EthenaReserve:
    """One that settles every eight hours and refills so many tokens a block."""
    minting = ParMintVenue.model_validate({"kind": "par-mint", "asset_in": "USDC", "asset_out": "USDe"})
    ethena = SimpleNamespace(minting="minting", rewards_interval_seconds=8 * HOUR)
    scenario: Any = SimpleNamespace(
        require_ethena=lambda: ethena,
        venues={"minting": minting},
        assets={"USDC": SimpleNamespace(decimals=6), "USDe": SimpleNamespace(decimals=18)},
    )
    spec = EthenaReserveSpec.model_validate({"kind": "ethena-reserve", "refill_per_block": refill})
    return EthenaReserve("reserve", spec, scenario)


def sight(time: int, *, vesting: bool = False, mintable: int = UINT_MAX, **tokens: int) -> _Sight:
    """10 ETH of spot and short, opened at 2,000; in whole tokens: cash, funding, undistributed, buffer."""
    amounts = {"cash": 0, "funding": 0, "undistributed": 0, "buffer": 1000, "short": 10, **tokens}
    state = ReserveState(
        spot_raw=amounts["short"] * ETH,
        short_raw=amounts["short"] * ETH,
        short_entry_raw=amounts["short"] * 2000 * USDC,
        mark_e8=123 * 10**8,
        cash_raw=amounts["cash"] * USDC,
        funding_raw=amounts["funding"] * USDC,
        undistributed_raw=amounts["undistributed"] * USDC,
        nav_raw=0,
        buffer_raw=amounts["buffer"] * USDC,
        usde_supply_raw=0,
        staked_assets_raw=0,
        staked_shares_raw=0,
    )
    return _Sight(ANY, state, time, vesting, mintable)


def decide(runner: EthenaReserve, seen: _Sight) -> list[tuple[str, tuple[int, ...]]]:
    return [(proposal.function, proposal.arguments) for proposal in runner.propose(seen)]


def test_reserve__an_interval_after_its_first_block__settles_once() -> None:
    runner = agent()
    assert decide(runner, sight(0, funding=5)) == []
    assert decide(runner, sight(8 * HOUR - 1, funding=5)) == []
    assert decide(runner, sight(8 * HOUR, funding=5)) == [("settleFunding", ())]
    assert decide(runner, sight(8 * HOUR + 1, funding=5)) == []
    assert decide(runner, sight(16 * HOUR, funding=5)) == [("settleFunding", ())]


@pytest.mark.parametrize(("vesting", "mintable", "paid"), [(False, 7, True), (True, 7, False), (False, 6, False)])
def test_reserve__settled_funding__becomes_rewards_once_the_last_vested_and_minting_takes_it(
    vesting: bool, mintable: int, paid: bool
) -> None:
    seen = sight(0, undistributed=7, cash=7, vesting=vesting, mintable=mintable * USDE)
    assert decide(agent(), seen) == ([("distribute", (7 * USDC,))] if paid else [])


def test_reserve__funding_owed__is_paid_from_twice_the_cash_or_the_hedge_is_closed_first() -> None:
    runner = agent()
    decide(runner, sight(0))
    # 40 are owed; 80 are wanted, as more may be owed by the next block.
    assert decide(runner, sight(8 * HOUR, funding=-40, cash=79)) == [("close", (closing(1),))]
    assert decide(runner, sight(8 * HOUR, funding=-40, cash=80)) == [("settleFunding", ())]


def closing(tokens: int) -> int:
    """Quantity that was opened at so many dollars and two units: at 2,000 an ETH."""
    units = (tokens * USDC + 2) * 10 * ETH
    return -(-units // (10 * 2000 * USDC))


def test_reserve__buffer_drained__is_refilled_from_cash_by_the_limit_up_to_its_start() -> None:
    runner = agent(refill=300)
    assert decide(runner, sight(0, cash=10_000, buffer=1000)) == []
    assert decide(runner, sight(12, cash=10_000, buffer=600)) == [("refillBuffer", (300 * USDC,))]
    assert decide(runner, sight(24, cash=10_000, buffer=900)) == [("refillBuffer", (100 * USDC,))]
    assert decide(runner, sight(36, cash=10_000, buffer=1001)) == []


def test_reserve__cash_short__closes_what_brings_the_rest_whatever_the_mark_is() -> None:
    # 100 of cash, of which 60 are the stakers': 40 are free, and 260 come from what was opened at 2,000 an ETH.
    runner = agent(refill=300)
    decide(runner, sight(0))
    assert decide(runner, sight(12, cash=100, undistributed=60, buffer=0, vesting=True)) == [
        ("close", (closing(260),)),
        ("refillBuffer", (300 * USDC,)),
    ]


def test_reserve__hedge_smaller_than_the_missing_amount__closes_all_and_refills_the_proceeds() -> None:
    # One ETH opened at 2,000 brings 2,000, less two units for roundings, with 5 of cash.
    runner = agent(refill=3000)
    decide(runner, sight(0, buffer=9000))
    assert decide(runner, sight(12, cash=5, buffer=0, short=1)) == [
        ("close", (ETH,)),
        ("refillBuffer", (2005 * USDC - 2,)),
    ]


def test_reserve__nothing_left__proposes_nothing() -> None:
    runner = agent(refill=3000)
    decide(runner, sight(0, buffer=9000))
    assert decide(runner, sight(12, buffer=0, short=0)) == []


@pytest.mark.parametrize(
    ("bps", "rate"), [(0, 0), (1095, 10**14), (-1095, -(10**14)), (1, 91_324_200_913), (-1, -91_324_200_913)]
)
def test_funding_rate__per_year__is_divided_by_1095_towards_zero(bps: int, rate: int) -> None:
    assert funding_rate_wad(bps) == rate
