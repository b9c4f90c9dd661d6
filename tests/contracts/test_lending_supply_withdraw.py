"""Supplying and withdrawing: balances, events, collateral flags, caps, switches."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.chain.local import Contract, address_of

from ..conftest import EventReader, LendingWorld

SUPPLIER = address_of("supplier-of-usde")
FRIEND = address_of("friend")
USDE = 10**18
RAY = 10**27
UINT_MAX = 2**256 - 1


def stored(lending: LendingWorld, token: Contract) -> Any:
    return lending.stage.view(lending.pool, "getReserveData", token.address)


def collateral_bit(lending: LendingWorld, token: Contract) -> int:
    return 2 << 2 * int(stored(lending, token)[7])


def flags(lending: LendingWorld, user: str) -> int:
    return int(lending.stage.view(lending.pool, "getUserConfiguration", user))


def test_supply__first_of_a_user__mints_and_becomes_collateral(lending: LendingWorld, event: EventReader) -> None:
    stage, a_token = lending.stage, lending.tokens["USDe"][0]
    stage.fund(lending.usde, SUPPLIER, 1_000 * USDE, spender=lending.pool)

    receipt = stage.send(lending.pool, "supply", lending.usde.address, 600 * USDE, FRIEND, 7, sender=SUPPLIER)

    assert event(receipt, "Supply") == {
        "reserve": lending.usde.address,
        "user": SUPPLIER,
        "onBehalfOf": FRIEND,
        "amount": 600 * USDE,
        "referralCode": 7,
    }
    assert event(receipt, "Mint")["value"] == 600 * USDE
    assert event(receipt, "ReserveUsedAsCollateralEnabled") == {"reserve": lending.usde.address, "user": FRIEND}
    assert stage.balance(lending.usde, SUPPLIER) == 400 * USDE
    assert stage.balance(lending.usde, a_token) == 600 * USDE
    assert stage.balance(a_token, FRIEND) == 600 * USDE
    assert stage.view(lending.pool, "getVirtualUnderlyingBalance", lending.usde.address) == 600 * USDE
    assert flags(lending, FRIEND) == collateral_bit(lending, lending.usde)
    assert flags(lending, SUPPLIER) == 0


def test_supply__asset_without_ltv__does_not_become_collateral(lending: LendingWorld) -> None:
    lending.stage.send(lending.configurator, "configureReserveAsCollateral", lending.usde.address, 0, 83_00, 105_00)

    lending.supply(SUPPLIER, lending.usde, 10 * USDE)

    assert flags(lending, SUPPLIER) == 0
    refusal = lending.stage.refusal(
        lending.pool, "setUserUseReserveAsCollateral", lending.usde.address, True, sender=SUPPLIER
    )
    assert refusal == "UserInIsolationModeOrLtvZero"


def test_supply__cap__is_reached_and_not_passed(lending: LendingWorld) -> None:
    lending.stage.send(lending.configurator, "setSupplyCap", lending.usde.address, 1_000)
    lending.supply(SUPPLIER, lending.usde, 1_000 * USDE)
    lending.stage.fund(lending.usde, SUPPLIER, 1)

    refusal = lending.stage.refusal(lending.pool, "supply", lending.usde.address, 1, SUPPLIER, 0, sender=SUPPLIER)

    assert refusal == "SupplyCapExceeded"


@pytest.mark.parametrize(
    ("switch", "value", "error"),
    [("setReserveActive", False, "ReserveInactive"), ("setReserveFreeze", True, "ReserveFrozen")],
)
def test_supply__reserve_switched_off__is_refused(lending: LendingWorld, switch: str, value: bool, error: str) -> None:
    lending.stage.send(lending.configurator, switch, lending.usde.address, value)

    assert lending.stage.refusal(lending.pool, "supply", lending.usde.address, 1, SUPPLIER, 0, sender=SUPPLIER) == error


def test_supply__to_the_atoken_or_of_nothing__is_refused(lending: LendingWorld) -> None:
    a_token = lending.tokens["USDe"][0]

    def refusal(amount: int, receiver: str) -> str:
        return lending.stage.refusal(lending.pool, "supply", lending.usde.address, amount, receiver, 0)

    assert refusal(0, SUPPLIER) == "InvalidAmount"
    assert refusal(1, a_token.address) == "SupplyToAToken"


def test_withdraw__part_then_rest__pays_and_ends_collateral(lending: LendingWorld, event: EventReader) -> None:
    stage, a_token = lending.stage, lending.tokens["USDe"][0]
    lending.supply(SUPPLIER, lending.usde, 1_000 * USDE)

    part = stage.send(lending.pool, "withdraw", lending.usde.address, 400 * USDE, FRIEND, sender=SUPPLIER)
    assert event(part, "Withdraw") == {
        "reserve": lending.usde.address,
        "user": SUPPLIER,
        "to": FRIEND,
        "amount": 400 * USDE,
    }
    assert flags(lending, SUPPLIER) == collateral_bit(lending, lending.usde)

    rest = stage.send(lending.pool, "withdraw", lending.usde.address, UINT_MAX, SUPPLIER, sender=SUPPLIER)
    assert event(rest, "Withdraw")["amount"] == 600 * USDE
    assert event(rest, "ReserveUsedAsCollateralDisabled") == {"reserve": lending.usde.address, "user": SUPPLIER}
    assert stage.balance(lending.usde, FRIEND) == 400 * USDE
    assert stage.balance(lending.usde, SUPPLIER) == 600 * USDE
    assert stage.balance(a_token, SUPPLIER) == 0
    assert flags(lending, SUPPLIER) == 0


def test_withdraw__one_unit_over_the_balance__is_refused(lending: LendingWorld) -> None:
    lending.supply(SUPPLIER, lending.usde, 1_000 * USDE)

    def refusal(amount: int, receiver: str) -> str:
        return lending.stage.refusal(lending.pool, "withdraw", lending.usde.address, amount, receiver, sender=SUPPLIER)

    assert refusal(1_000 * USDE + 1, SUPPLIER) == "NotEnoughAvailableUserBalance"
    assert refusal(1, lending.tokens["USDe"][0].address) == "WithdrawToAToken"


def test_withdraw__what_is_lent_out__panics_as_aave(lending: LendingWorld) -> None:
    looper = address_of("looper")
    lending.supply(looper, lending.usde, 1_000_000 * USDE)
    lending.borrow(looper, lending.usdc, 500_000 * 10**6)
    supplier = address_of("supplier")

    refusal = lending.stage.refusal(
        lending.pool, "withdraw", lending.usdc.address, 99_500_000 * 10**6 + 1, supplier, sender=supplier
    )

    assert refusal == "Panic(0x11)"


def test_withdraw__paused_reserve__is_refused(lending: LendingWorld) -> None:
    lending.supply(SUPPLIER, lending.usde, USDE)
    lending.stage.send(lending.configurator, "setReservePause(address,bool)", lending.usde.address, True)

    assert (
        lending.stage.refusal(lending.pool, "withdraw", lending.usde.address, 1, SUPPLIER, sender=SUPPLIER)
        == "ReservePaused"
    )


def test_atoken__transferred_by_a_supplier__moves_the_balance_but_not_the_flag(
    lending: LendingWorld, event: EventReader
) -> None:
    stage, a_token = lending.stage, lending.tokens["USDe"][0]
    lending.supply(SUPPLIER, lending.usde, 1_000 * USDE)

    receipt = stage.send(a_token, "transfer", FRIEND, 1_000 * USDE, sender=SUPPLIER)

    assert event(receipt, "BalanceTransfer") == {
        "from": SUPPLIER,
        "to": FRIEND,
        "value": 1_000 * USDE,
        "index": RAY,
    }
    assert event(receipt, "ReserveUsedAsCollateralDisabled")["user"] == SUPPLIER
    assert stage.balance(a_token, FRIEND) == 1_000 * USDE
    assert stage.balance(a_token, SUPPLIER) == 0
    assert flags(lending, SUPPLIER) == flags(lending, FRIEND) == 0


def test_atoken__spent_by_another__needs_an_allowance(lending: LendingWorld) -> None:
    stage, a_token = lending.stage, lending.tokens["USDe"][0]
    lending.supply(SUPPLIER, lending.usde, 1_000 * USDE)
    stage.send(a_token, "approve", FRIEND, 10 * USDE, sender=SUPPLIER)

    too_much = stage.refusal(a_token, "transferFrom", SUPPLIER, FRIEND, 10 * USDE + 1, sender=FRIEND)
    stage.send(a_token, "transferFrom", SUPPLIER, FRIEND, 10 * USDE, sender=FRIEND)

    assert too_much.startswith("ERC20InsufficientAllowance")
    assert stage.view(a_token, "allowance", SUPPLIER, FRIEND) == 0
    assert stage.balance(a_token, FRIEND) == 10 * USDE


def test_atoken__transfer_that_would_break_health__is_refused(lending: LendingWorld) -> None:
    stage, a_token = lending.stage, lending.tokens["USDe"][0]
    looper = address_of("looper")
    lending.supply(looper, lending.usde, 1_000 * USDE)
    lending.borrow(looper, lending.usdc, 700 * 10**6)

    refusal = stage.refusal(a_token, "transfer", FRIEND, 200 * USDE, sender=looper)
    stage.send(a_token, "transfer", FRIEND, 100 * USDE, sender=looper)

    assert refusal == "HealthFactorLowerThanLiquidationThreshold"
    assert stage.balance(a_token, looper) == 900 * USDE


def test_tokens__called_by_anyone_but_the_pool__refuse(lending: LendingWorld) -> None:
    a_token, v_token = lending.tokens["USDe"]

    def refusal(contract: Any, function: str, *arguments: Any) -> str:
        return lending.stage.refusal(contract, function, *arguments, sender=FRIEND)

    assert refusal(a_token, "mint", FRIEND, FRIEND, 1, RAY) == "CallerMustBePool"
    assert refusal(a_token, "burn", FRIEND, FRIEND, 1, 1, RAY) == "CallerMustBePool"
    assert refusal(a_token, "mintToTreasury", 1, RAY) == "CallerMustBePool"
    assert refusal(a_token, "transferOnLiquidation", FRIEND, FRIEND, 1, 1, RAY) == "CallerMustBePool"
    assert refusal(a_token, "transferUnderlyingTo", FRIEND, 1) == "CallerMustBePool"
    assert refusal(v_token, "mint", FRIEND, FRIEND, 1, 1, RAY) == "CallerMustBePool"
    assert refusal(v_token, "burn", FRIEND, 1, RAY) == "CallerMustBePool"
    assert refusal(v_token, "transfer", FRIEND, 1) == "OperationNotSupported"
    assert refusal(lending.pool, "finalizeTransfer", lending.usde.address, FRIEND, SUPPLIER, 1, 1) == "CallerNotAToken"
