"""An arbitrageur's decisions, from what it sees alone: no chain, closed forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from cascade.agents.arbitrageur import Arbitrageur, _Sight
from cascade.chain.abi import AbiEntry, Interface
from cascade.chain.local import Contract
from cascade.observation import BlockView
from cascade.scenario.model import ArbitrageurSpec, ParMintVenue, StableSwapVenue
from cascade.world.venues import DeployedVenue, MintingContract, StableSwapPool

USDE, USDC, WAD = 10**18, 10**6, 10**18
TOKENS = {"USDC": "0x" + "4" * 40, "USDe": "0x" + "3" * 40}
FEE_BPS = 10
POOL_ABI: list[AbiEntry] = [
    {
        "type": "function",
        "name": "exchange",
        "outputs": [],
        "inputs": [{"name": "", "type": kind} for kind in ("int128", "int128", "uint256", "uint256", "address")],
    },
]
MINTING_ABI: list[AbiEntry] = [
    {
        "type": "function",
        "name": "redeem",
        "outputs": [],
        "inputs": [{"name": "", "type": kind} for kind in ("uint256", "address")],
    },
]
NOWHERE = Contract("0x" + "9" * 40, Interface("Router", []))


def at(name: str, abi: Sequence[AbiEntry]) -> Contract:
    return Contract("0x" + "11" * 20, Interface(name, abi))


def pool(name: str) -> DeployedVenue:
    spec = StableSwapVenue.model_validate(
        {"kind": "stable-swap", "coins": ["USDC", "USDe"], "reserves": {"USDC": 1, "USDe": 1}}
    )
    return StableSwapPool(name=name, spec=spec, contract=at(name, POOL_ABI), router=NOWHERE, tokens=TOKENS)


POOL, SECOND = pool("pool"), pool("second")
MINTING = MintingContract(
    name="minting",
    spec=ParMintVenue.model_validate(
        {"kind": "par-mint", "asset_in": "USDC", "asset_out": "USDe", "redemption": {"fee_bps": FEE_BPS}}
    ),
    contract=at("minting", MINTING_ABI),
    router=NOWHERE,
    tokens=TOKENS,
)


def sight(**changes: Any) -> _Sight:
    """A pool at 0.98, a window of 2 M a block and 30 M in all; the gap costs 5 M, cash is 10 M. In whole tokens."""
    tokens = {
        "per_block": 2_000_000,
        "in_all": 30_000_000,
        "to_target": 5_000_000,
        "cash": 10_000_000,
        "held": 0,
        "most": 10**12,
        **{key: value for key, value in changes.items() if key not in ("price", "other", "there")},
    }
    return _Sight(
        here=POOL,
        there=changes.get("there", MINTING),
        price_wad=changes.get("price", 98 * WAD // 100),
        other_wad=changes.get("other", WAD - WAD * FEE_BPS // 10_000),
        per_block_raw=tokens["per_block"] * USDE,
        in_all_raw=tokens["in_all"] * USDE,
        to_target_raw=tokens["to_target"] * USDC,
        quote_raw=tokens["cash"] * USDC,
        asset_raw=tokens["held"] * USDE,
        quote_unit=USDC,
        asset_unit=USDE,
        most_raw=tokens["most"] * USDE,
    )


def decide(*sights: _Sight) -> dict[str, tuple[int, int]]:
    """What the same agent proposes after a row of sights: amount and least proceeds, by intent."""
    agent = Arbitrageur(
        "a",
        ArbitrageurSpec.model_validate({"kind": "arbitrageur", "venue": "pool", "against": "minting", "capital": 1}),
    )
    found: dict[str, tuple[int, int]] = {}
    for seen in sights:
        found = {}
        for proposal in agent.propose(seen):
            swapped = proposal.arguments
            found[proposal.intent] = (swapped[2], swapped[3]) if len(swapped) == 5 else (swapped[0], 0)
    return found


@pytest.mark.parametrize(
    ("changes", "spent"),
    [
        # The gap itself; the cash; the window: 2 M USDe at 0.98 each; what is left in the buffer; its own limit.
        ({"to_target": 700_000}, 700_000),
        ({"cash": 400_000}, 400_000),
        ({}, 1_960_000),
        ({"in_all": 500_000}, 490_000),
        ({"most": 300_000}, 294_000),
        # 100 tokens are the least that is worth a transaction.
        ({"to_target": 100}, 100),
    ],
)
def test_arbitrageur__purchase__is_bounded_by_gap_cash_window_and_own_limit(
    changes: dict[str, int], spent: int
) -> None:
    assert decide(sight(**changes))["buy"][0] == spent * USDC


@pytest.mark.parametrize("changes", [{"to_target": 99}, {"cash": 99}, {"per_block": 0}, {"in_all": 101}])
def test_arbitrageur__no_gap_no_cash_or_closed_window__buys_nothing(changes: dict[str, int]) -> None:
    # A buffer of 101 USDe at 0.98 is worth 98.98, less than a trade.
    assert decide(sight(**changes)) == {}


def test_arbitrageur__what_it_holds__is_redeemed_while_it_buys_the_whole_next_window() -> None:
    # The next block's window is fresh: giving 2 M now leaves 2 M for what is bought now.
    found = decide(sight(held=2_000_000))
    assert found["redeem"][0] == 2_000_000 * USDE
    assert found["buy"][0] == 1_960_000 * USDC


def test_arbitrageur__more_held_than_a_block_takes__keeps_room_for_the_rest() -> None:
    # 2 M of 3.5 M go now, 1.5 M in the next block, which leaves 0.5 M to buy.
    found = decide(sight(held=3_500_000))
    assert found["redeem"][0] == 2_000_000 * USDE
    assert found["buy"][0] == 490_000 * USDC


def test_arbitrageur__held_uses_up_the_buffer__buys_only_what_the_buffer_still_pays() -> None:
    # The buffer pays 2.6 M in all: 2 M now, and 0.6 M of what is bought now.
    found = decide(sight(held=2_000_000, in_all=2_600_000))
    assert found["redeem"][0] == 2_000_000 * USDE
    assert found["buy"][0] == 588_000 * USDC


def test_arbitrageur__pool_back_at_par__still_redeems_what_it_holds() -> None:
    assert decide(sight(price=WAD, to_target=0, held=1000)) == {"redeem": (1000 * USDE, 0)}


@pytest.mark.parametrize("fee_bps", [0, 10, 33])
@pytest.mark.parametrize("spent", [100, 12_345, 1_000_003])
def test_arbitrageur__purchase_at_its_least_proceeds__redeems_for_no_less_than_it_cost(
    spent: int, fee_bps: int
) -> None:
    other = WAD - WAD * fee_bps // 10_000
    cost, least = decide(sight(to_target=spent, other=other))["buy"]

    def redeemed(usde: int) -> int:
        # What EthenaMinting pays, rounded down.
        return usde * (10_000 - fee_bps) // (10_000 * 10**12)

    assert redeemed(least) >= cost
    # One unit less would have lost a unit of USDC.
    assert redeemed(least - 1) < cost


def test_arbitrageur__second_pool__sells_for_no_less_than_it_may_have_paid() -> None:
    bought = sight(there=SECOND, other=99 * WAD // 100, to_target=1_000_000)
    held = sight(there=SECOND, other=985 * WAD // 1000, to_target=0, held=1_000_000, price=99 * WAD // 100)

    # 1 M USDe, bought where 0.99 was the most it could be worth: 990,000 USDC, whatever the second pool says since.
    assert decide(bought, held) == {"redeem": (1_000_000 * USDE, 990_000 * USDC)}


def test_arbitrageur__second_pool_with_nothing_left__forgets_what_it_paid() -> None:
    bought = sight(there=SECOND, other=99 * WAD // 100, to_target=1_000_000)
    empty = sight(there=SECOND, to_target=0)
    held = sight(there=SECOND, to_target=0, held=200)

    assert decide(bought, empty, held) == {"redeem": (200 * USDE, 0)}


class View:
    """What an arbitrageur asks of a block view, at two pools whose trades are linear: 1,000 tokens a basis point."""

    def __init__(self, here: int, there: int, held: int = 0) -> None:
        self._spot = {"pool": here, "second": there}
        self._held = held
        assets = {"USDC": type("A", (), {"decimals": 6}), "USDe": type("A", (), {"decimals": 18})}
        scenario = type("S", (), {"spec": type("T", (), {"assets": assets})})
        self.world = type("W", (), {"venues": {"pool": POOL, "second": SECOND}, "scenario": scenario})

    def spot_price_wad(self, name: str) -> int:
        return self._spot[name] * WAD // 10_000

    def wallet_raw(self, address: str, asset: str) -> int:
        return self._held * USDE if asset == "USDe" else 10**9 * USDC

    def trade_to_price(self, name: str, target_wad: int) -> tuple[str, int]:
        gap = target_wad * 10_000 - self._spot[name] * WAD
        return ("USDC", gap * 1000 * USDC // WAD) if gap > 0 else ("USDe", -gap * 1000 * USDE // WAD)


def shown(here: int, there: int) -> BlockView:
    return cast(BlockView, View(here, there))


def test_see__two_pools__meet_in_the_middle_less_fees_and_edge() -> None:
    # Fees of 5 bps at most (1 bps x 5) at both, an edge of 10: from 0.97 and 0.99 they meet at 0.98.
    agent = Arbitrageur(
        "a", ArbitrageurSpec.model_validate({"kind": "arbitrageur", "venue": "pool", "against": "second", "capital": 1})
    )
    seen = agent.see(shown(9700, 9900))

    middle = 98 * WAD // 100
    net = middle * 9995 // 10_000
    target = net * 9990 // 10_000 * 9995 // 10_000
    assert seen.other_wad == net
    assert seen.per_block_raw == 100 * 1000 * USDE
    assert seen.to_target_raw == (target * 10_000 - 9700 * WAD) * 1000 * USDC // WAD


@pytest.mark.parametrize(("here", "there"), [(9900, 9900), (9950, 9900), (9890, 9900)])
def test_see__gap_within_fees_and_edge__is_no_gap(here: int, there: int) -> None:
    agent = Arbitrageur(
        "a", ArbitrageurSpec.model_validate({"kind": "arbitrageur", "venue": "pool", "against": "second", "capital": 1})
    )
    assert decide(agent.see(shown(here, there))) == {}
