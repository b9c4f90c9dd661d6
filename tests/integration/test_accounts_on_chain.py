"""Accounts of a file on a chain: each stands as the file states it, and the pool agrees with what was judged before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cascade.chain.artifacts import load_artifacts
from cascade.chain.in_process import InProcessChain
from cascade.chain.transaction import Transaction
from cascade.deployment.deploy import deploy_world
from cascade.deployment.lending import reconfigure_lending
from cascade.positions.accounts.build import build_accounts
from cascade.positions.accounts.plan import AccountsPlan, plan_accounts, scenario_to_build
from cascade.scenario.load import Scenario, load_scenario
from cascade.vocabulary import AccountStatus, Obstacle
from cascade.world.world import World

from .conftest import SCENARIOS

A, B, C, D, E, F = (f"0x{digit * 40}" for digit in "123456")
G = "0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB"
USDE, USDC, WETH, WBTC = 10**18, 10**6, 10**18, 10**8

# Balances that are all different, so that no two accounts can be confused: a loop in its mode at the very line, two
# collaterals and two debts, a supply that is no collateral, one whose mode alone makes it collateral, and one supplier.
ROWS = f"""account,asset,supplied,borrowed,used_as_collateral,emode
{A},USDe,100000,0,true,1
{A},USDC,0,92999.99,true,1
{B},USDe,50000,0,true,0
{B},WETH,10,1,true,0
{B},USDC,0,60000,true,0
{C},USDC,20000,0,false,0
{C},WETH,2,0,true,0
{C},WBTC,0,0.01,,0
{D},USDe,100000,0,true,1
{D},USDC,0,94000,true,1
{E},WBTC,1,0,true,2
{E},USDC,0,70000,,2
{F},WBTC,3,0,true,0
{F},WETH,1,0,false,0
{G.lower()},WETH,7,0,true,0
"""

LENDING = {
    "reserves": {
        "USDe": {"ltv_bps": 8000, "liquidation_threshold_bps": 8300, "liquidation_bonus_bps": 500, "borrowing": False},
        "USDC": {
            "ltv_bps": 7500, "liquidation_threshold_bps": 7800, "liquidation_bonus_bps": 450,
            "rate": {"optimal_usage_bps": 9000, "base_bps": 0, "slope1_bps": 900, "slope2_bps": 4000},
        },
        "WETH": {
            "ltv_bps": 8000, "liquidation_threshold_bps": 8300, "liquidation_bonus_bps": 500, "supply_cap": 100,
            "lenders_supply": 50,
        },
        "WBTC": {"lenders_supply": 1},
    },
    "emodes": {
        1: {
            "ltv_bps": 9000, "liquidation_threshold_bps": 9300, "liquidation_bonus_bps": 200,
            "collateral": ["USDe"], "borrowable": ["USDC"],
        },
        2: {
            "ltv_bps": 7000, "liquidation_threshold_bps": 7500, "liquidation_bonus_bps": 300,
            "collateral": ["WBTC"], "borrowable": ["USDC", "WETH"],
        },
    },
}  # fmt: skip


def scenario_of(folder: Path, **changes: Any) -> Scenario:
    (folder / "book.csv").write_text(ROWS, encoding="utf-8")
    (folder / "frictionless-loop.csv").write_text(
        (SCENARIOS / "frictionless-loop.csv").read_text(encoding="utf-8"), encoding="utf-8"
    )
    (folder / "mine.yaml").write_text(f"extends: {SCENARIOS}/frictionless-loop.yaml\nprovenance: []\n", "utf-8")
    return load_scenario(
        folder / "mine.yaml",
        set={
            "assets.WETH": {"decimals": 18},
            "assets.WBTC": {"decimals": 8},
            "oracle.WETH": {"kind": "posted", "initial_price_usd": 4000},
            "oracle.WBTC": {"kind": "posted", "initial_price_usd": 100_000},
            "lending.reserves": LENDING["reserves"],
            "lending.emodes": LENDING["emodes"],
            "positions.looper": {
                "kind": "accounts",
                "file": "book.csv",
                "skip": True,
                "utilisation_bps": {"USDC": 8000},
            },
            **changes,
        },
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, AccountsPlan]:
    scenario = scenario_of(tmp_path_factory.mktemp("accounts"))
    plan = plan_accounts(scenario)
    chain = InProcessChain(timestamp=scenario.spec.timeline.genesis_timestamp, gas_limit=10**9)
    world = World(chain=chain, scenario=scenario_to_build(scenario, plan), artifacts=load_artifacts())
    deploy_world(world)
    build_accounts(world, plan)
    reconfigure_lending(world, scenario)
    return world, plan


def ask(world: World, function: str, *arguments: object) -> Any:
    return world.chain.call(world.pool, function, *arguments)


def held(world: World, account: str) -> dict[str, tuple[int, int, bool]]:
    """Supply, debt and collateral bit of each reserve that an account is in, read from the tokens and the pool."""
    found = {}
    bits = int(ask(world, "getUserConfiguration", account))
    for asset, token in world.tokens.items():
        number = int(ask(world, "getReserveData", token.address)[7])
        supplied = int(world.chain.call(world.a_tokens[asset], "balanceOf", account))
        owed = int(world.chain.call(world.debt_tokens[asset], "balanceOf", account))
        if supplied or owed:
            found[asset] = supplied, owed, bool(bits >> (2 * number + 1) & 1)
    return found


def test_accounts__that_the_pool_would_refuse__are_left_out(built: tuple[World, AccountsPlan]) -> None:
    world, plan = built

    assert [one.obstacle for one in plan.planned if one.status is AccountStatus.NOT_BUILT] == [Obstacle.HEALTH_FACTOR]
    assert held(world, D) == {}


@pytest.mark.parametrize(
    ("account", "mode", "expected"),
    [
        (A, 1, {"USDe": (100_000 * USDE, 0, True), "USDC": (0, 92_999_990_000, False)}),
        (B, 0, {"USDe": (50_000 * USDE, 0, True), "WETH": (10 * WETH, WETH, True), "USDC": (0, 60_000 * USDC, False)}),
        (C, 0, {"USDC": (20_000 * USDC, 0, False), "WETH": (2 * WETH, 0, True), "WBTC": (0, WBTC // 100, False)}),
        (E, 2, {"WBTC": (WBTC, 0, True), "USDC": (0, 70_000 * USDC, False)}),
        # Outside mode 2 WBTC is no collateral, whatever its switch says in the file.
        (F, 0, {"WBTC": (3 * WBTC, 0, False), "WETH": (WETH, 0, False)}),
        (G, 0, {"WETH": (7 * WETH, 0, True)}),
    ],
)
def test_account__built__holds_what_the_file_states(
    built: tuple[World, AccountsPlan], account: str, mode: int, expected: dict[str, tuple[int, int, bool]]
) -> None:
    world, _ = built

    found = held(world, account)

    assert int(ask(world, "getUserEMode", account)) == mode
    assert found.keys() == expected.keys()
    for asset, (supplied, owed, flag) in expected.items():
        # Seconds of interest, at most 10 % a year for a minute, and a unit of rounding either way.
        assert -1 <= found[asset][0] - supplied <= supplied * 10**-6, asset
        assert 0 <= found[asset][1] - owed <= owed * 10**-6 + 1, asset
        assert found[asset][2] == flag, asset


def test_health_factor__judged_before_deployment__is_the_pools(built: tuple[World, AccountsPlan]) -> None:
    world, plan = built

    for planned in plan.planned:
        if planned.status is AccountStatus.BUILT and planned.worth.debt_e8:
            collateral, debt, _, _, _, health = ask(world, "getUserAccountData", planned.account.address)
            worth = planned.worth
            assert (collateral, debt) == pytest.approx((worth.collateral_e8, worth.debt_e8), rel=1e-6)
            # Interest of the seconds since then alone makes the difference.
            assert 0 <= worth.health_factor_wad - health <= worth.health_factor_wad * 10**-6


def test_utilisation__once_the_accounts_stand__is_as_stated(built: tuple[World, AccountsPlan]) -> None:
    world, _ = built
    supplied = int(world.chain.call(world.a_tokens["USDC"], "totalSupply"))
    owed = int(world.chain.call(world.debt_tokens["USDC"], "totalSupply"))

    assert owed / supplied == pytest.approx(0.8, abs=1e-7)


def test_lending_lines__once_the_accounts_stand__are_the_scenarios(built: tuple[World, AccountsPlan]) -> None:
    world, _ = built
    word = int(ask(world, "getConfiguration", world.tokens["WETH"].address))

    assert (word & 0xFFFF, word >> 116 & (2**36 - 1)) == (8000, 100)
    assert [int(line) for line in ask(world, "getEModeCategoryCollateralConfig", 1)] == [9000, 9300, 10_200]


def test_borrowing__more_than_the_ltv__is_refused_once_the_accounts_stand(built: tuple[World, AccountsPlan]) -> None:
    world, _ = built
    # 90,000 of collateral lend 72,000 and are liquidatable at 74,700: 64,000 are owed, and 9,000 more are asked for.
    arguments = (world.tokens["USDC"].address, 9_000 * USDC, 2, 0, B)
    data = world.pool.encode("borrow", *arguments)

    block = world.chain.mine([Transaction(B, world.pool.address, data, 10**6)], timestamp=world.chain.timestamp + 1)

    assert not block.receipts[0].ok
    assert block.receipts[0].revert_reason.startswith("CollateralCannotCoverNewBorrow")
