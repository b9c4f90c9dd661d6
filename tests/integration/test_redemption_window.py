"""The minting contract of a scenario: who may use it, and the window that the crash finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from cascade import load_scenario
from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import Contract, LocalChain, Transaction, address_of
from cascade.deployment.deploy import deploy_world
from cascade.deployment.venues import prepare_redemption, whitelist
from cascade.errors import ScenarioError
from cascade.observation import BlockView
from cascade.positions.build import build_positions
from cascade.positions.plan import plan_positions
from cascade.world.conservation import check_conservation
from cascade.world.world import World

from .conftest import SCENARIOS

USDE, USDC = 10**18, 10**6
UINT_MAX = 2**256 - 1
CUSTODY = address_of("custody")
WINDOW = "venues.usde-minting.redemption"
FEW: dict[str, Any] = {
    "timeline.start": datetime(2025, 10, 10, 21, 0, tzinfo=UTC),
    "positions.whales.count": 2,
    "positions.loopers.count": 3,
}


@dataclass(frozen=True)
class Built:
    """A world whose loops stand, the window not yet prepared."""

    world: World
    paid_in: int
    """USDC units paid to the minting contract."""

    @property
    def minting(self) -> Contract:
        return self.world.venues["usde-minting"].contract

    def view(self) -> BlockView:
        return BlockView(self.world, book=[], step=0, next_timestamp=self.world.chain.timestamp + 12)

    def asked(self, function: str, *arguments: Any) -> Any:
        return self.world.chain.call(self.minting, function, *arguments)

    def usdc(self, account: str) -> int:
        return int(self.world.chain.call(self.world.tokens["USDC"], "balanceOf", account))

    def try_to(self, function: str, amount: int, sender: str, token: str) -> str:
        """Reason of refusal of a mint or redemption; empty where it went through."""
        chain, asset = self.world.chain, self.world.tokens[token]
        approve = asset.encode("approve", self.minting.address, UINT_MAX)
        act = self.minting.encode(f"{function}(uint256,address)", amount, sender)
        calls = [
            Transaction(sender, asset.address, approve, 200_000),
            Transaction(sender, self.minting.address, act, 500_000),
        ]
        return chain.mine(calls, timestamp=chain.timestamp + 1).receipts[1].revert_reason


@pytest.fixture(scope="module")
def chain() -> Iterator[LocalChain]:
    with Anvil(timestamp=int(datetime(2025, 10, 10, 20, 0, tzinfo=UTC).timestamp())) as anvil:
        chain = LocalChain(anvil.rpc)
        yield chain
        chain.close()


@pytest.fixture
def build(chain: LocalChain) -> Iterator[Callable[..., Built]]:
    def made(**window: Any) -> Built:
        changes = {f"{WINDOW}.{key}": value for key, value in window.items()}
        scenario = load_scenario(SCENARIOS / "usde-unwind.yaml", set={**FEW, **changes})
        world = World(chain=chain, scenario=scenario, artifacts=load_artifacts())
        deploy_world(world)
        plans = plan_positions(scenario)
        rounds = build_positions(world, plans)
        minted = sum(entry.swapped_raw for entry in rounds) + sum(p.equity_raw for p in plans if p.pledge)
        assert minted % 10**12 == 0
        return Built(world, minted // 10**12)

    with chain.rolled_back():
        yield made


def test_prepare_redemption__open__leaves_limits_fee_and_exactly_the_buffer(build: Callable[..., Built]) -> None:
    built = build(open=True, limit_per_block=2_000_000, mint_limit_per_block=5, fee_bps=10, buffer=750_000)
    assert built.usdc(built.minting.address) == built.paid_in

    prepare_redemption(built.world)

    assert built.usdc(built.minting.address) == 750_000 * USDC
    assert built.usdc(CUSTODY) == built.paid_in - 750_000 * USDC
    assert built.asked("maxRedeemPerBlock") == 2_000_000 * USDE
    assert built.asked("maxMintPerBlock") == 5 * USDE
    assert (built.asked("redeemFeeBps"), built.asked("mintFeeBps")) == (10, 0)
    # Less than the limit, so the buffer says: the last unit before a unit of USDC more would be due at 0.999.
    assert built.view().redeemable_raw("usde-minting") == -(-(750_000 * USDC + 1) * 10**16 // 9990) - 1
    check_conservation(built.world)


def test_prepare_redemption__open_without_keys__redeems_what_was_paid_in_without_limit(
    build: Callable[..., Built],
) -> None:
    built = build(open=True)
    prepare_redemption(built.world)

    assert (built.asked("maxMintPerBlock"), built.asked("maxRedeemPerBlock")) == (UINT_MAX, UINT_MAX)
    assert built.usdc(built.minting.address) == built.paid_in
    assert built.view().redeemable_raw("usde-minting") == (built.paid_in + 1) * 10**12 - 1


def test_prepare_redemption__closed__gatekeeper_closes_both_ways(build: Callable[..., Built]) -> None:
    built = build(open=False)
    looper, world = address_of("loopers-0"), built.world
    world.mint("USDC", [(looper, 1000 * USDC)])
    assert built.try_to("mint", 500 * USDC, looper, "USDC") == ""

    prepare_redemption(world)

    assert built.view().redeemable_raw("usde-minting") == 0
    assert built.try_to("mint", 1 * USDC, looper, "USDC") == "MaxMintPerBlockExceeded"
    assert built.try_to("redeem", 1 * USDE, looper, "USDe") == "MaxRedeemPerBlockExceeded"
    check_conservation(world)


def test_redeemable__after_a_block_that_used_its_limit__is_the_whole_limit_again(build: Callable[..., Built]) -> None:
    built = build(open=True, limit_per_block=400)
    looper, world = address_of("loopers-0"), built.world
    world.mint("USDC", [(looper, 1000 * USDC)])
    assert built.try_to("mint", 1000 * USDC, looper, "USDC") == ""
    prepare_redemption(world)

    assert built.try_to("redeem", 400 * USDE + 1, looper, "USDe") == "MaxRedeemPerBlockExceeded"
    assert built.try_to("redeem", 400 * USDE, looper, "USDe") == ""
    assert built.asked("availableToRedeem") == 0
    assert built.view().redeemable_raw("usde-minting") == 400 * USDE


def test_prepare_redemption__buffer_above_what_was_paid_in__refused_with_what_is_there(
    build: Callable[..., Built],
) -> None:
    built = build(open=True, buffer=900_000_000)

    with pytest.raises(ScenarioError) as refusal:
        prepare_redemption(built.world)

    assert str(refusal.value) == (
        f"usde-unwind.yaml: {WINDOW}.buffer = 900000000: minting holds {built.paid_in // USDC} USDC, and no more "
        "can be left there"
    )


def test_minting__members_and_their_pledges__only_who_swaps_there_may_mint(build: Callable[..., Built]) -> None:
    built = build(open=True)
    for member in ("loopers-0", "loopers-2", "whales-0", "whales-1"):
        assert built.asked("isWhitelistedBenefactor", address_of(member)), member
    for other in ("whales-0-pledge", "lender", "deployer"):
        assert not built.asked("isWhitelistedBenefactor", address_of(other)), other
    built.world.mint("USDC", [(address_of("lender"), 1000 * USDC)])
    assert built.try_to("mint", 1 * USDC, address_of("lender"), "USDC") == "BenefactorNotWhitelisted"


def test_whitelist__more_than_one_batch__knows_the_first_and_the_last_of_each(build: Callable[..., Built]) -> None:
    built = build(open=True)
    members = [address_of(f"member-{i}") for i in range(1001)]
    whitelist(built.world, built.world.venues["usde-minting"], members)

    for i in (0, 499, 500, 999, 1000):
        assert built.asked("isWhitelistedBenefactor", members[i]), i


def test_whitelist__a_pool__sends_no_transaction(build: Callable[..., Built]) -> None:
    built = build(open=True)
    before = built.world.chain.block_number
    whitelist(built.world, built.world.venues["usde-usdc"], [address_of("member")])
    assert built.world.chain.block_number == before
