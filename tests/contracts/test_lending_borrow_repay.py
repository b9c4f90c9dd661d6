"""Borrowing and repaying: the LTV line from both sides, caps, who may repay what, eModes."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.chain.local import Contract, address_of

from ..conftest import EventReader, LendingWorld

LOOPER = address_of("looper")
FRIEND = address_of("friend")
USDE = 10**18
USDC = 10**6
UINT_MAX = 2**256 - 1
EMODE = 11


@pytest.fixture
def calm(lending: LendingWorld) -> LendingWorld:
    """The market without interest, so that amounts are round."""
    for token in (lending.usdc, lending.usde, lending.weth):
        rates = b"".join(value.to_bytes(32, "big") for value in (8000, 0, 0, 0))
        lending.stage.send(lending.configurator, "setReserveInterestRateData", token.address, rates)
    return lending


def open_emode(lending: LendingWorld) -> None:
    usde, usdc = lending.usde.address, lending.usdc.address
    lending.stage.send(lending.configurator, "setEModeCategory", EMODE, 90_00, 93_00, 102_00, "USDe Stablecoin")
    lending.stage.send(lending.configurator, "setAssetCollateralInEMode", usde, EMODE, True)
    lending.stage.send(lending.configurator, "setAssetBorrowableInEMode", usdc, EMODE, True)


def try_borrow(lending: LendingWorld, token: Contract, amount: int, *, mode: int = 2, owed_by: str = LOOPER) -> str:
    return lending.stage.refusal(lending.pool, "borrow", token.address, amount, mode, 0, owed_by, sender=LOOPER)


def test_borrow__exactly_the_ltv__passes_and_pays(calm: LendingWorld, event: EventReader) -> None:
    stage = calm.stage
    calm.supply(LOOPER, calm.usde, 1_000 * USDE)

    over = try_borrow(calm, calm.usdc, 800 * USDC + 1)
    receipt = stage.send(calm.pool, "borrow", calm.usdc.address, 800 * USDC, 2, 3, LOOPER, sender=LOOPER)

    assert over == "CollateralCannotCoverNewBorrow"
    assert event(receipt, "Borrow") == {
        "reserve": calm.usdc.address,
        "user": LOOPER,
        "onBehalfOf": LOOPER,
        "amount": 800 * USDC,
        "interestRateMode": 2,
        "borrowRate": 0,
        "referralCode": 3,
    }
    assert stage.balance(calm.usdc, LOOPER) == 800 * USDC
    assert stage.balance(calm.tokens["USDC"][1], LOOPER) == 800 * USDC
    collateral, debt, available, threshold, ltv, health = stage.view(calm.pool, "getUserAccountData", LOOPER)
    assert (collateral, debt, available, threshold, ltv) == (1_000 * 10**8, 800 * 10**8, 0, 83_00, 80_00)
    assert health == 1_000 * 83 * 10**18 // (800 * 100)


def test_borrow__several_collaterals__weighs_their_ltv_and_threshold_by_value(calm: LendingWorld) -> None:
    calm.stage.send(calm.configurator, "configureReserveAsCollateral", calm.weth.address, 60_00, 70_00, 105_00)
    calm.supply(LOOPER, calm.usde, 1_000 * USDE)
    calm.supply(LOOPER, calm.weth, USDE)

    collateral, _, available, threshold, ltv, _ = calm.stage.view(calm.pool, "getUserAccountData", LOOPER)

    assert collateral == 3_000 * 10**8
    assert ltv == (1_000 * 80_00 + 2_000 * 60_00) // 3_000
    assert threshold == (1_000 * 83_00 + 2_000 * 70_00) // 3_000
    assert available == 3_000 * 10**8 * ltv // 100_00


def test_borrow__without_collateral_or_ltv__is_refused(calm: LendingWorld) -> None:
    assert try_borrow(calm, calm.usdc, 1) == "LtvValidationFailed"


def test_borrow__price_fell_below_health__is_refused(calm: LendingWorld) -> None:
    calm.supply(LOOPER, calm.usde, 1_000 * USDE)
    calm.borrow(LOOPER, calm.usdc, 700 * USDC)
    calm.post("USDe", 84_000_000)

    assert try_borrow(calm, calm.usdc, 1 * USDC) == "HealthFactorLowerThanLiquidationThreshold"


def test_borrow__cap__is_reached_and_not_passed(calm: LendingWorld) -> None:
    calm.stage.send(calm.configurator, "setBorrowCap", calm.usdc.address, 500)
    calm.supply(LOOPER, calm.usde, 1_000 * USDE)

    over = try_borrow(calm, calm.usdc, 500 * USDC + 1)
    calm.borrow(LOOPER, calm.usdc, 500 * USDC)

    assert over == "BorrowCapExceeded"
    assert calm.stage.balance(calm.usdc, LOOPER) == 500 * USDC


def test_borrow__what_is_not_offered__is_refused(calm: LendingWorld) -> None:
    calm.supply(LOOPER, calm.usde, 1_000 * USDE)

    assert try_borrow(calm, calm.usdc, 1, mode=1) == "InvalidInterestRateModeSelected"
    assert try_borrow(calm, calm.usdc, 1, owed_by=FRIEND) == "OperationNotSupported"
    assert try_borrow(calm, calm.usdc, 0) == "InvalidAmount"
    assert try_borrow(calm, calm.weth, 1) == "InvalidAmount"
    calm.stage.send(calm.configurator, "setReserveBorrowing", calm.usdc.address, False)
    assert try_borrow(calm, calm.usdc, 1) == "BorrowingNotEnabled"


def test_withdraw__with_debt__stops_at_the_liquidation_threshold(calm: LendingWorld) -> None:
    calm.supply(LOOPER, calm.usde, 1_000 * USDE)
    calm.borrow(LOOPER, calm.usdc, 415 * USDC)

    def withdraw(amount: int) -> Any:
        return calm.stage.attempt(calm.pool, "withdraw", calm.usde.address, amount, LOOPER, sender=LOOPER)

    # 415 / 0.83 = 500 must stay, in steps of the oracle's 8 decimals
    assert withdraw(500 * USDE + 10**10).revert_reason == "HealthFactorLowerThanLiquidationThreshold"
    assert withdraw(500 * USDE).ok
    assert calm.stage.view(calm.pool, "getUserAccountData", LOOPER)[5] == 10**18


def test_collateral__switched_off_with_debt__is_refused(calm: LendingWorld) -> None:
    calm.supply(LOOPER, calm.usde, 1_000 * USDE)
    calm.borrow(LOOPER, calm.usdc, 1 * USDC)

    def switch(value: bool) -> Any:
        return calm.stage.attempt(calm.pool, "setUserUseReserveAsCollateral", calm.usde.address, value, sender=LOOPER)

    assert switch(False).revert_reason == "HealthFactorLowerThanLiquidationThreshold"
    calm.stage.fund(calm.usdc, LOOPER, 0, spender=calm.pool)
    calm.stage.send(calm.pool, "repay", calm.usdc.address, UINT_MAX, 2, LOOPER, sender=LOOPER)
    assert [log.event for log in switch(False).logs] == ["ReserveUsedAsCollateralDisabled"]
    assert switch(False).logs == ()
    assert [log.event for log in switch(True).logs] == ["ReserveUsedAsCollateralEnabled"]


def test_repay__part_then_all__lowers_debt_and_ends_it(calm: LendingWorld, event: EventReader) -> None:
    stage, debt_token = calm.stage, calm.tokens["USDC"][1]
    calm.supply(LOOPER, calm.usde, 1_000 * USDE)
    calm.borrow(LOOPER, calm.usdc, 800 * USDC)
    stage.fund(calm.usdc, FRIEND, 1_000 * USDC, spender=calm.pool)

    part = stage.send(calm.pool, "repay", calm.usdc.address, 300 * USDC, 2, LOOPER, sender=FRIEND)
    assert event(part, "Repay") == {
        "reserve": calm.usdc.address,
        "user": LOOPER,
        "repayer": FRIEND,
        "amount": 300 * USDC,
        "useATokens": False,
    }
    assert stage.balance(debt_token, LOOPER) == 500 * USDC

    refusal = stage.refusal(calm.pool, "repay", calm.usdc.address, UINT_MAX, 2, LOOPER, sender=FRIEND)
    assert refusal == "NoExplicitAmountToRepayOnBehalf"

    rest = stage.send(calm.pool, "repay", calm.usdc.address, 600 * USDC, 2, LOOPER, sender=FRIEND)
    assert event(rest, "Repay")["amount"] == 500 * USDC
    assert stage.balance(debt_token, LOOPER) == 0
    assert stage.balance(calm.usdc, FRIEND) == 200 * USDC
    assert stage.view(calm.pool, "getUserConfiguration", LOOPER) & 1 << 2 * 0 == 0
    assert stage.view(calm.pool, "getUserAccountData", LOOPER)[5] == UINT_MAX
    again = stage.refusal(calm.pool, "repay", calm.usdc.address, 1, 2, LOOPER, sender=FRIEND)
    assert again == "NoDebtOfSelectedType"


def test_repay_with_atokens__own_supply__burns_both_and_moves_nothing(calm: LendingWorld, event: EventReader) -> None:
    stage, (a_token, debt_token) = calm.stage, calm.tokens["USDC"]
    calm.supply(LOOPER, calm.usde, 1_000 * USDE)
    calm.supply(LOOPER, calm.usdc, 200 * USDC)
    calm.borrow(LOOPER, calm.usdc, 500 * USDC)
    held = stage.balance(calm.usdc, a_token)

    receipt = stage.send(calm.pool, "repayWithATokens", calm.usdc.address, UINT_MAX, 2, sender=LOOPER)

    assert event(receipt, "Repay")["amount"] == 200 * USDC
    assert event(receipt, "Repay")["useATokens"] is True
    assert stage.balance(debt_token, LOOPER) == 300 * USDC
    assert stage.balance(a_token, LOOPER) == 0
    assert stage.balance(calm.usdc, a_token) == held
    assert event(receipt, "ReserveUsedAsCollateralDisabled")["reserve"] == calm.usdc.address


def test_emode__entered__lends_at_its_own_ltv(calm: LendingWorld, event: EventReader) -> None:
    open_emode(calm)
    calm.supply(LOOPER, calm.usde, 1_000 * USDE)

    receipt = calm.stage.send(calm.pool, "setUserEMode", EMODE, sender=LOOPER)

    assert event(receipt, "UserEModeSet") == {"user": LOOPER, "categoryId": EMODE}
    assert try_borrow(calm, calm.usdc, 900 * USDC + 1) == "CollateralCannotCoverNewBorrow"
    calm.borrow(LOOPER, calm.usdc, 900 * USDC)
    account = calm.stage.view(calm.pool, "getUserAccountData", LOOPER)
    assert account[3:] == (93_00, 90_00, 1_000 * 93 * 10**18 // (900 * 100))


def test_emode__left_by_a_position_that_needs_it__is_refused(calm: LendingWorld) -> None:
    open_emode(calm)
    calm.supply(LOOPER, calm.usde, 1_000 * USDE)
    calm.stage.send(calm.pool, "setUserEMode", EMODE, sender=LOOPER)
    calm.borrow(LOOPER, calm.usdc, 830 * USDC + 1)

    refusal = calm.stage.refusal(calm.pool, "setUserEMode", 0, sender=LOOPER)
    calm.stage.fund(calm.usdc, LOOPER, 0, spender=calm.pool)
    calm.stage.send(calm.pool, "repay", calm.usdc.address, 1, 2, LOOPER, sender=LOOPER)
    calm.stage.send(calm.pool, "setUserEMode", 0, sender=LOOPER)

    assert refusal == "HealthFactorLowerThanLiquidationThreshold"
    assert calm.stage.view(calm.pool, "getUserEMode", LOOPER) == 0


def test_emode__asset_outside_it__is_not_borrowable(calm: LendingWorld) -> None:
    open_emode(calm)
    calm.supply(FRIEND, calm.weth, 100 * USDE)
    calm.supply(LOOPER, calm.usde, 10_000 * USDE)
    calm.stage.send(calm.pool, "setUserEMode", EMODE, sender=LOOPER)

    assert try_borrow(calm, calm.weth, 1) == "NotBorrowableInEMode"
    calm.stage.send(calm.pool, "setUserEMode", 0, sender=LOOPER)
    calm.borrow(LOOPER, calm.weth, USDE)
    refusal = calm.stage.refusal(calm.pool, "setUserEMode", EMODE, sender=LOOPER)
    assert refusal == f"InvalidDebtInEmode({calm.weth.address.lower()}, {EMODE})"


def test_emode__that_does_not_exist__is_refused(calm: LendingWorld) -> None:
    assert calm.stage.refusal(calm.pool, "setUserEMode", 5, sender=LOOPER) == "InconsistentEModeCategory"
