"""Liquidation: who may be liquidated, how much of it, what it does to health, dust and deficit.

The position is 10,000 USDe against 8,000 USDC at a threshold of 83 % and a bonus of 5 %, so HF = 1.0375 x price.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from cascade.chain.local import address_of

from ..conftest import EventReader, LendingWorld

LOOPER = address_of("looper")
LIQUIDATOR = address_of("liquidator")
TREASURY = address_of("treasury")
UMBRELLA = address_of("umbrella")
USDE = 10**18
USDC = 10**6
WAD = 10**18
UINT_MAX = 2**256 - 1
COLLATERAL = 10_000 * USDE
DEBT = 8_000 * USDC
THRESHOLD = Fraction(83, 100)
BONUS = Fraction(105, 100)
FEE_SHARE = Fraction(10, 100)


@pytest.fixture
def position(lending: LendingWorld) -> LendingWorld:
    """A looped position in a market without interest, and a liquidator who can pay."""
    for token in (lending.usdc, lending.usde):
        rates = b"".join(value.to_bytes(32, "big") for value in (8000, 0, 0, 0))
        lending.stage.send(lending.configurator, "setReserveInterestRateData", token.address, rates)
    lending.supply(LOOPER, lending.usde, COLLATERAL)
    lending.borrow(LOOPER, lending.usdc, DEBT)
    lending.stage.fund(lending.usdc, LIQUIDATOR, 100_000 * USDC, spender=lending.pool)
    return lending


def try_liquidate(lending: LendingWorld, cover: int, *, receive_a_token: bool = False, sender: str = LIQUIDATOR) -> Any:
    return lending.stage.attempt(
        lending.pool,
        "liquidationCall",
        lending.usde.address,
        lending.usdc.address,
        LOOPER,
        cover,
        receive_a_token,
        sender=sender,
    )


def liquidate(lending: LendingWorld, cover: int, *, receive_a_token: bool = False) -> Any:
    receipt = try_liquidate(lending, cover, receive_a_token=receive_a_token)
    assert receipt.ok, receipt.revert_reason
    return receipt


def health(lending: LendingWorld) -> int:
    return int(lending.stage.view(lending.pool, "getUserAccountData", LOOPER)[5])


def position_of(lending: LendingWorld) -> tuple[int, int]:
    return lending.stage.balance(lending.tokens["USDe"][0], LOOPER), lending.stage.balance(
        lending.tokens["USDC"][1], LOOPER
    )


def seizure(covered: int, price: Fraction) -> tuple[int, int]:
    """Collateral taken for a repayment, and the protocol's part of it; exact in these cases."""
    seized = Fraction(covered, USDC) / price * BONUS * USDE
    fee = (seized - seized / BONUS) * FEE_SHARE
    return round(seized), round(fee)


def test_liquidation__healthy_by_the_smallest_step__is_refused(position: LendingWorld) -> None:
    position.post("USDe", 96_385_543)  # HF = 1.0375 x 0.96385543 = 1.00000000...
    assert health(position) >= WAD
    assert try_liquidate(position, UINT_MAX).revert_reason == "HealthFactorNotBelowThreshold"

    position.post("USDe", 96_385_542)
    assert health(position) < WAD
    assert try_liquidate(position, UINT_MAX).ok


def test_liquidation__partial__pays_bonus_and_fee_and_moves_health_as_the_identity_says(
    position: LendingWorld, event: EventReader
) -> None:
    price, covered = Fraction(95, 100), 1_900 * USDC
    position.post("USDe", 95_000_000)
    before = health(position)
    seized, fee = seizure(covered, price)
    stage, (a_token, _) = position.stage, position.tokens["USDe"]

    receipt = liquidate(position, covered)

    assert event(receipt, "LiquidationCall") == {
        "collateralAsset": position.usde.address,
        "debtAsset": position.usdc.address,
        "user": LOOPER,
        "debtToCover": covered,
        "liquidatedCollateralAmount": seized - fee,
        "liquidator": LIQUIDATOR,
        "receiveAToken": False,
    }
    assert (seized, fee) == (2_100 * USDE, 10 * USDE)
    assert position_of(position) == (COLLATERAL - seized, DEBT - covered)
    assert stage.balance(position.usde, LIQUIDATOR) == seized - fee
    assert stage.balance(position.usdc, LIQUIDATOR) == 100_000 * USDC - covered
    assert stage.balance(a_token, TREASURY) == fee

    # HF' - HF = r (HF - LT (1 + b)) / (B - r)
    exact_before = THRESHOLD * 10_000 * price / 8_000
    change = Fraction(1_900) * (exact_before - THRESHOLD * BONUS) / (8_000 - 1_900)
    assert before == int(exact_before * WAD)
    assert abs(Fraction(health(position), WAD) - (exact_before + change)) < Fraction(1, 10**17)
    assert change > 0


@pytest.mark.parametrize(
    ("price_e8", "rises"),
    [(84_000_000, False), (84_010_000, True)],  # HF = LT (1 + b) = 0.8715 at a price of 0.84
)
def test_liquidation__around_the_toxic_line__raises_health_only_above_it(
    position: LendingWorld, price_e8: int, rises: bool
) -> None:
    position.post("USDe", price_e8)
    before = health(position)

    liquidate(position, 1_000 * USDC)

    assert (health(position) > before) is rises


def test_liquidation__under_the_toxic_line__lowers_health(position: LendingWorld) -> None:
    position.post("USDe", 80_000_000)
    before = health(position)

    liquidate(position, 1_000 * USDC)

    assert health(position) < before


@pytest.mark.parametrize(
    ("price_e8", "close_factor_bps"),
    [(96_000_000, 50_00), (91_566_266, 50_00), (91_566_265, 100_00)],  # HF 0.95 at a price of 0.9156626506...
)
def test_liquidation__close_factor__is_half_only_above_095(
    position: LendingWorld, price_e8: int, close_factor_bps: int
) -> None:
    position.post("USDe", price_e8)

    receipt = liquidate(position, UINT_MAX)

    covered = next(log.arguments["debtToCover"] for log in receipt.logs if log.event == "LiquidationCall")
    assert covered == DEBT * close_factor_bps // 100_00
    assert (health(position) == UINT_MAX) is (close_factor_bps == 100_00)


def test_liquidation__debt_left_of_a_thousand_dollars__passes_and_a_unit_less_is_dust(position: LendingWorld) -> None:
    position.post("USDe", 90_000_000)

    assert try_liquidate(position, 7_000 * USDC + 1).revert_reason == "MustNotLeaveDust"
    liquidate(position, 7_000 * USDC)

    assert position_of(position)[1] == 1_000 * USDC


def test_liquidation__collateral_gone__leaves_the_rest_as_deficit(position: LendingWorld, event: EventReader) -> None:
    stage = position.stage
    position.post("USDe", 60_000_000)
    covered = -(-6_000 * USDC * 100 // 105)  # what pays for all the collateral, rounded up
    deficit = DEBT - covered

    receipt = liquidate(position, UINT_MAX)

    assert event(receipt, "LiquidationCall")["debtToCover"] == covered
    assert event(receipt, "DeficitCreated") == {
        "user": LOOPER,
        "debtAsset": position.usdc.address,
        "amountCreated": deficit,
    }
    assert event(receipt, "ReserveUsedAsCollateralDisabled")["user"] == LOOPER
    assert position_of(position) == (0, 0)
    assert stage.view(position.pool, "getReserveDeficit", position.usdc.address) == deficit
    assert stage.view(position.pool, "getUserConfiguration", LOOPER) == 0


def test_deficit__covered_by_umbrella__burns_its_atokens(position: LendingWorld, event: EventReader) -> None:
    stage, a_token = position.stage, position.tokens["USDC"][0]
    position.post("USDe", 60_000_000)
    liquidate(position, UINT_MAX)
    deficit = stage.view(position.pool, "getReserveDeficit", position.usdc.address)
    position.supply(UMBRELLA, position.usdc, 10_000 * USDC)

    def cover(amount: int) -> Any:
        return stage.attempt(position.pool, "eliminateReserveDeficit", position.usdc.address, amount, sender=UMBRELLA)

    assert cover(1).revert_reason == "CallerNotUmbrella"
    stage.send(position.provider, "setAddress", b"UMBRELLA".ljust(32, b"\0"), UMBRELLA)
    assert cover(0).revert_reason == "InvalidAmount"
    receipt = cover(UINT_MAX)

    assert event(receipt, "DeficitCovered") == {
        "reserve": position.usdc.address,
        "caller": UMBRELLA,
        "amountCovered": deficit,
    }
    assert stage.balance(a_token, UMBRELLA) == 10_000 * USDC - deficit
    assert stage.view(position.pool, "getReserveDeficit", position.usdc.address) == 0
    assert cover(1).revert_reason == "ReserveNotInDeficit"


def test_liquidation__paid_in_atokens__gives_them_without_the_flag(position: LendingWorld) -> None:
    position.post("USDe", 95_000_000)
    seized, fee = seizure(1_900 * USDC, Fraction(95, 100))

    liquidate(position, 1_900 * USDC, receive_a_token=True)

    assert position.stage.balance(position.tokens["USDe"][0], LIQUIDATOR) == seized - fee
    assert position.stage.balance(position.usde, LIQUIDATOR) == 0
    assert position.stage.view(position.pool, "getUserConfiguration", LIQUIDATOR) == 0


def test_liquidation__of_oneself_or_of_what_is_no_collateral__is_refused(position: LendingWorld) -> None:
    stage = position.stage
    position.post("USDe", 80_000_000)

    def refusal(collateral: Any, debt: Any, sender: str = LIQUIDATOR) -> str:
        arguments = (collateral.address, debt.address, LOOPER, UINT_MAX, False)
        return stage.refusal(position.pool, "liquidationCall", *arguments, sender=sender)

    assert refusal(position.usde, position.usdc, LOOPER) == "SelfLiquidation"
    assert refusal(position.weth, position.usdc) == "CollateralCannotBeLiquidated"
    assert refusal(position.usde, position.weth) == "SpecifiedCurrencyNotBorrowedByUser"


def test_liquidation__in_the_grace_period__is_refused_to_its_last_second(position: LendingWorld) -> None:
    stage, usde = position.stage, position.usde.address
    position.post("USDe", 80_000_000)
    stage.send(position.configurator, "setReservePause(address,bool)", usde, True)
    assert try_liquidate(position, UINT_MAX).revert_reason == "ReservePaused"
    stage.send(position.configurator, "setReservePause(address,bool,uint40)", usde, False, 3_600)
    until = stage.view(position.pool, "getLiquidationGracePeriod", usde)
    assert until == stage.chain.timestamp + 3_600

    def at(timestamp: int) -> Any:
        arguments = (usde, position.usdc.address, LOOPER, 1_000 * USDC, False)
        return stage.attempt(position.pool, "liquidationCall", *arguments, sender=LIQUIDATOR, timestamp=timestamp)

    assert at(until).revert_reason == "LiquidationGraceSentinelCheckFailed"
    assert at(until + 1).ok


def test_liquidation__under_emode__uses_its_bonus(position: LendingWorld, event: EventReader) -> None:
    stage, usde, usdc = position.stage, position.usde.address, position.usdc.address
    stage.send(position.configurator, "setEModeCategory", 11, 90_00, 93_00, 102_00, "USDe Stablecoin")
    stage.send(position.configurator, "setAssetCollateralInEMode", usde, 11, True)
    stage.send(position.configurator, "setAssetBorrowableInEMode", usdc, 11, True)
    stage.send(position.pool, "setUserEMode", 11, sender=LOOPER)
    position.post("USDe", 85_000_000)  # HF = 0.93 x 8,500 / 8,000 = 0.988

    receipt = liquidate(position, 850 * USDC)

    seized = 1_000 * USDE * 102 // 100
    assert event(receipt, "LiquidationCall")["liquidatedCollateralAmount"] == seized - 20 * USDE // 10
    assert position_of(position)[0] == COLLATERAL - seized
