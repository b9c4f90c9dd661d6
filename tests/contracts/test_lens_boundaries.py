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
