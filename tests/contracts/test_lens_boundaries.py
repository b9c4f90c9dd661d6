"""Lens at the lines that a liquidation has: a health factor of exactly one, and collateral that is not used as such."""

from __future__ import annotations

import pytest
from eth_abi import encode

from cascade.chain.local import Contract, address_of

from ..conftest import LendingWorld, Stage

LOOPER = address_of("looper")
WAD, USDE, USDC = 10**18, 10**18, 10**6
HEALTH, DEBT, COLLATERAL, COVER, RECEIVED, FEE, BONUS, CLOSE_FACTOR = range(8)


@pytest.fixture
def lens(stage: Stage) -> Contract:
    return stage.deploy("Lens")


def without_interest(lending: LendingWorld) -> None:
    rate = encode(["(uint16,uint32,uint32,uint32)"], [(8000, 0, 0, 0)])
    lending.stage.send(lending.configurator, "setReserveInterestRateData", lending.usdc.address, rate)


def preview(lens: Contract, lending: LendingWorld) -> list[int]:
    pair = (lending.usde.address, lending.usdc.address)
    return list(lending.stage.view(lens, "previewLiquidations", lending.pool.address, *pair, [LOOPER]))


def test_preview__health_factor_of_one_and_just_under__is_healthy_and_is_not(
    lens: Contract, lending: LendingWorld
) -> None:
    without_interest(lending)
    lending.supply(LOOPER, lending.usde, 10_000 * USDE)
    # 83 % of 8,000 dollars.
    lending.borrow(LOOPER, lending.usdc, 6_640 * USDC)
    lending.post("USDe", 80_000_000)
    assert preview(lens, lending)[:9] == [WAD, 6_640 * USDC, 10_000 * USDE, 0, 0, 0, 0, 0, 6_640 * 10**8]
    lending.post("USDe", 79_999_999)
    words = preview(lens, lending)
    assert words[HEALTH] < WAD
    assert (words[COVER], words[BONUS], words[CLOSE_FACTOR]) == (3_320 * USDC, 105_00, 50_00)


@pytest.mark.parametrize(("price_e8", "close_factor"), [(76_000_001, 50_00), (76_000_000, 100_00)])
def test_preview__health_factor_of_nineteen_twentieths__may_be_closed_whole(
    lens: Contract, lending: LendingWorld, price_e8: int, close_factor: int
) -> None:
    without_interest(lending)
    lending.supply(LOOPER, lending.usde, 10_000 * USDE)
    lending.borrow(LOOPER, lending.usdc, 6_640 * USDC)
    # 0.95 times the 0.80 at which it is one.
    lending.post("USDe", price_e8)
    assert preview(lens, lending)[CLOSE_FACTOR] == close_factor


def test_preview__health_factor_one_wei_over_nineteen_twentieths__may_be_closed_by_half(
    lens: Contract, lending: LendingWorld
) -> None:
    without_interest(lending)
    lending.supply(address_of("supplier"), lending.usdc, 30_000_000 * USDC)
    terms = (lending.usde.address, 90_00, 93_50, 105_00)
    lending.stage.send(lending.configurator, "configureReserveAsCollateral", *terms)
    lending.post("USDe", 120_000_000)
    # 93.5 % of 29,465,240.64171123 dollars over 29,000,000 is 0.95 and one wei; at the next lower price it is less.
    lending.supply(LOOPER, lending.usde, 2_946_524_064_171_123 * USDE // 10**8)
    lending.borrow(LOOPER, lending.usdc, 29_000_000 * USDC)
    lending.post("USDe", 100_000_000)
    words = preview(lens, lending)
    assert (words[HEALTH], words[CLOSE_FACTOR]) == (95 * WAD // 100 + 1, 50_00)
    assert words[COVER] == 14_500_000 * USDC
    lending.post("USDe", 99_999_999)
    assert preview(lens, lending)[CLOSE_FACTOR] == 100_00


def test_preview__collateral_that_is_not_used_as_such__has_nothing_to_cover(
    lens: Contract, lending: LendingWorld
) -> None:
    lending.supply(LOOPER, lending.usde, 10_000 * USDE)
    lending.stage.send(lending.pool, "setUserUseReserveAsCollateral", lending.usde.address, False, sender=LOOPER)
    lending.supply(LOOPER, lending.weth, 5 * WAD)
    lending.borrow(LOOPER, lending.usdc, 7_900 * USDC)
    lending.post("WETH", 1_500 * 10**8)
    words = preview(lens, lending)
    assert words[HEALTH] < WAD
    assert (words[COVER], words[RECEIVED], words[FEE]) == (0, 0, 0)
    call = (lending.usde.address, lending.usdc.address, LOOPER, USDC, False)
    reason = lending.stage.refusal(lending.pool, "liquidationCall", *call, sender=address_of("keeper"))
    assert reason == "CollateralCannotBeLiquidated"


# --- Accounts of one pair


def open_loans(lending: LendingWorld, collateral: str, debt: str) -> tuple[str, str, str]:
    """An account that uses the pair alone, one with a second collateral, and one with a second debt."""
    assets = lending.assets
    units = {"USDC": USDC, "USDe": USDE, "WETH": WAD // 2_000}
    [third] = set(assets) - {collateral, debt}
    accounts = address_of("pair-alone"), address_of("second-collateral"), address_of("second-debt")
    for asset in assets:
        lending.supply(address_of("supplier"), assets[asset], 10**6 * units[asset])
    for account in accounts:
        lending.supply(account, assets[collateral], 10_000 * units[collateral])
        lending.borrow(account, assets[debt], 3_000 * units[debt])
    lending.supply(accounts[1], assets[third], 1_000 * units[third])
    lending.borrow(accounts[2], assets[third], 1_000 * units[third])
    return accounts


def gas_of_accounts(lens: Contract, lending: LendingWorld, pair: tuple[str, str], account: str) -> int:
    arguments = (lending.pool.address, *pair, [account] * 20)
    data = lens.encode("accounts(address,address,address,address[])", *arguments)
    return int(str(lending.stage.chain.rpc.call("eth_estimateGas", {"to": lens.address, "data": data})), 16)


@pytest.mark.parametrize(
    ("collateral", "debt"), [("USDe", "USDC"), ("WETH", "USDC"), ("USDe", "WETH"), ("WETH", "USDe"), ("USDC", "WETH")]
)
def test_accounts__any_pair__equal_what_the_pool_says_and_cost_less_where_the_pair_is_all_there_is(
    lens: Contract, lending: LendingWorld, collateral: str, debt: str
) -> None:
    accounts = open_loans(lending, collateral, debt)
    pair = (lending.assets[collateral].address, lending.assets[debt].address)
    words = lending.stage.view(lens, "accounts", lending.pool.address, *pair, list(accounts))
    for k, account in enumerate(accounts):
        told = lending.stage.view(lending.pool, "getUserAccountData", account)
        balances = [
            lending.stage.balance(lending.tokens[collateral][0], account),
            lending.stage.balance(lending.tokens[debt][1], account),
        ]
        assert words[5 * k : 5 * k + 5] == [*balances, told[0], told[1], told[5]], account
    # Only those with something else are asked of the pool.
    alone, second_collateral, second_debt = (gas_of_accounts(lens, lending, pair, account) for account in accounts)
    assert alone < 0.8 * min(second_collateral, second_debt)


@pytest.mark.parametrize("threshold_bps", [1, 2])
def test_accounts__lowest_threshold__still_counts_the_collateral(
    lens: Contract, lending: LendingWorld, threshold_bps: int
) -> None:
    lending.stage.send(
        lending.configurator, "configureReserveAsCollateral", lending.usde.address, threshold_bps, threshold_bps, 105_00
    )
    lending.supply(LOOPER, lending.usde, 10_000 * USDE)
    pair = (lending.usde.address, lending.usdc.address)
    words = lending.stage.view(lens, "accounts", lending.pool.address, *pair, [LOOPER])
    assert words == [10_000 * USDE, 0, 10_000 * 10**8, 0, 2**256 - 1]


def test_accounts__health_factor_just_under_a_half__is_rounded_as_the_pool_rounds_it(
    lens: Contract, lending: LendingWorld
) -> None:
    without_interest(lending)
    weighted = 10_000 * 10**8 * 83_00

    def shows(debt: int) -> bool:
        """Whether rounding half up decides the last digit that is left after the division by ten thousand."""
        quotient, rest = divmod(weighted * WAD, debt * 100)
        return quotient % 10_000 == 9_999 and 50 * debt <= rest < 60 * debt

    debt = next(units for units in range(6_640 * USDC, 6_640 * USDC + 10**6) if shows(units))
    lending.supply(LOOPER, lending.usde, 10_000 * USDE)
    lending.borrow(LOOPER, lending.usdc, debt)
    pair = (lending.usde.address, lending.usdc.address)
    [*_, health] = lending.stage.view(lens, "accounts", lending.pool.address, *pair, [LOOPER])
    assert health == (weighted * WAD // (debt * 100) + 1) // 10_000
    assert health == lending.stage.view(lending.pool, "getUserAccountData", LOOPER)[5]


# --- Markets


def test_stable_swap_state__fresh_pool__is_what_it_was_deployed_and_funded_with(lens: Contract, stage: Stage) -> None:
    usdc, usde, provider = stage.token("USDC", 6), stage.token("USDe", 18), address_of("provider")
    coins = [usdc.address, usde.address]
    pool = stage.deploy("StableSwapPool", "LP", "LP", coins, 200, 10**6, 5 * 10**10, 5 * 10**9, provider)
    for token, amount in ((usdc, 3_000 * USDC), (usde, 4_000 * USDE)):
        stage.fund(token, provider, amount, spender=pool)
    stage.send(pool, "add_liquidity", [3_000 * USDC, 4_000 * USDE], 0, sender=provider)
    amp = stage.view(pool, "A_precise")
    assert amp == 200 * 100
    words = stage.view(lens, "stableSwapState", pool.address)
    # An administrator's fee of half the swap fee was taken out of what was added unevenly.
    balances = [stage.view(pool, "balances", k) for k in (0, 1)]
    assert words == [*balances, 10**30, 10**18, amp, 10**6, 5 * 10**10, 5 * 10**9]
