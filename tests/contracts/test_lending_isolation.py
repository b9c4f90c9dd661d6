"""Isolation mode and siloed borrowing: what may be collateral, what may be owed, and what counts against a ceiling.

The conformance tests compare every rule with Aave itself; these need nothing but the project, and fix the figures.
"""

from __future__ import annotations

import pytest

from cascade.chain.local import Contract, address_of

from ..conftest import EventReader, LendingWorld

LOOPER, FRIEND = address_of("looper"), address_of("friend")
LIQUIDATOR, LENDER = address_of("liquidator"), address_of("lender-of-ether")
USDE = 10**18
USDC = 10**6
UINT_MAX = 2**256 - 1
CEILING = 100_000  # cents: 1,000 dollars
EMODE = 3


@pytest.fixture
def isolated(lending: LendingWorld) -> LendingWorld:
    """Without interest; USDe is isolated collateral with a ceiling of 1,000 dollars, against which USDC is lent."""
    stage = lending.stage
    for token in (lending.usdc, lending.usde, lending.weth):
        rates = b"".join(value.to_bytes(32, "big") for value in (8000, 0, 0, 0))
        stage.send(lending.configurator, "setReserveInterestRateData", token.address, rates)
    stage.send(lending.configurator, "setDebtCeiling", lending.usde.address, CEILING)
    stage.send(lending.configurator, "setBorrowableInIsolation", lending.usdc.address, True)
    lending.supply(LENDER, lending.weth, 10 * USDE)
    return lending


def is_collateral(lending: LendingWorld, account: str, token: Contract) -> bool:
    flags: int = lending.stage.view(lending.pool, "getUserConfiguration", account)
    number = list(lending.assets.values()).index(token)
    return bool(flags >> 2 * number & 2)


def switch(lending: LendingWorld, token: Contract, on: bool = True) -> str:
    return lending.stage.refusal(lending.pool, "setUserUseReserveAsCollateral", token.address, on, sender=LOOPER)


def enter(lending: LendingWorld, tokens: int) -> None:
    lending.supply(LOOPER, lending.usde, tokens * USDE)
    lending.stage.send(lending.pool, "setUserUseReserveAsCollateral", lending.usde.address, True, sender=LOOPER)


def refused(lending: LendingWorld, token: Contract, amount: int) -> str:
    return lending.stage.refusal(lending.pool, "borrow", token.address, amount, 2, 0, LOOPER, sender=LOOPER)


def counted(lending: LendingWorld) -> int:
    """Cents that count against the ceiling of USDe: the last word of what `getReserveData` returns."""
    data = lending.stage.view(lending.pool, "getReserveData", lending.usde.address)
    return int(data[-1] if not isinstance(data[-1], (list, tuple)) else data[-1][-1])


def test_supply__isolated_collateral__is_not_switched_on_by_itself(isolated: LendingWorld) -> None:
    isolated.supply(LOOPER, isolated.usde, USDE)
    assert not is_collateral(isolated, LOOPER, isolated.usde)

    isolated.stage.send(isolated.pool, "setUserUseReserveAsCollateral", isolated.usde.address, True, sender=LOOPER)
    assert is_collateral(isolated, LOOPER, isolated.usde)


def test_collateral__isolated_and_other__exclude_each_other(isolated: LendingWorld) -> None:
    enter(isolated, 1)

    isolated.supply(LOOPER, isolated.weth, USDE)
    assert not is_collateral(isolated, LOOPER, isolated.weth)
    assert switch(isolated, isolated.weth) == "UserInIsolationModeOrLtvZero"
    isolated.stage.send(isolated.pool, "setUserUseReserveAsCollateral", isolated.usde.address, False, sender=LOOPER)
    isolated.stage.send(isolated.pool, "setUserUseReserveAsCollateral", isolated.weth.address, True, sender=LOOPER)
    assert switch(isolated, isolated.usde) == "UserInIsolationModeOrLtvZero"


def test_borrow__in_isolation__reaches_the_ceiling_and_not_a_cent_more(
    isolated: LendingWorld, event: EventReader
) -> None:
    enter(isolated, 2_000)

    assert refused(isolated, isolated.weth, 1) == "AssetNotBorrowableInIsolation"
    assert refused(isolated, isolated.usdc, 1_000 * USDC + 10_000) == "DebtCeilingExceeded"
    receipt = isolated.stage.send(
        isolated.pool, "borrow", isolated.usdc.address, 1_000 * USDC, 2, 0, LOOPER, sender=LOOPER
    )
    assert event(receipt, "IsolationModeTotalDebtUpdated") == {"asset": isolated.usde.address, "totalDebt": 100_000}
    assert counted(isolated) == 100_000
    # A cent has 10,000 units of USDC; what is less does not count.
    assert refused(isolated, isolated.usdc, 10_000) == "DebtCeilingExceeded"
    isolated.borrow(LOOPER, isolated.usdc, 9_999)
    assert counted(isolated) == 100_000


def test_ceiling__of_all_accounts_together__is_shared(isolated: LendingWorld) -> None:
    enter(isolated, 2_000)
    isolated.borrow(LOOPER, isolated.usdc, 600 * USDC)
    isolated.supply(FRIEND, isolated.usde, 2_000 * USDE)
    isolated.stage.send(isolated.pool, "setUserUseReserveAsCollateral", isolated.usde.address, True, sender=FRIEND)

    call = ("borrow", isolated.usdc.address, 400 * USDC + 10_000, 2, 0, FRIEND)
    assert isolated.stage.refusal(isolated.pool, *call, sender=FRIEND) == "DebtCeilingExceeded"
    isolated.borrow(FRIEND, isolated.usdc, 400 * USDC)
    assert counted(isolated) == CEILING


def test_borrow__of_other_accounts__does_not_count(isolated: LendingWorld) -> None:
    isolated.supply(LOOPER, isolated.weth, 2 * USDE)

    isolated.borrow(LOOPER, isolated.usdc, 2_000 * USDC)

    assert counted(isolated) == 0


def test_repay__in_isolation__gives_the_room_back_and_no_more_than_was_counted(
    isolated: LendingWorld, event: EventReader
) -> None:
    enter(isolated, 2_000)
    isolated.borrow(LOOPER, isolated.usdc, 1_000 * USDC)
    isolated.stage.fund(isolated.usdc, LOOPER, 2_000 * USDC, spender=isolated.pool)

    isolated.stage.send(isolated.pool, "repay", isolated.usdc.address, 250 * USDC + 9_999, 2, LOOPER, sender=LOOPER)
    assert counted(isolated) == 75_000
    isolated.borrow(LOOPER, isolated.usdc, 9_999)
    receipt = isolated.stage.send(isolated.pool, "repay", isolated.usdc.address, UINT_MAX, 2, LOOPER, sender=LOOPER)
    assert event(receipt, "IsolationModeTotalDebtUpdated")["totalDebt"] == 0
    assert counted(isolated) == 0


@pytest.mark.parametrize(
    ("price_e8", "covered", "deficit"), [(75_000_000, 892_857_143, 107_142_857), (40_000_000, 476_190_477, 523_809_523)]
)
def test_liquidation__in_isolation__takes_off_what_is_covered_and_not_what_is_written_off(
    isolated: LendingWorld, price_e8: int, covered: int, deficit: int
) -> None:
    # 1,250 USDe are worth 937.50 or 500 dollars. With the bonus of 5 % they cover a 1.05th of that, rounded up to units
    # of USDC; the rest of the 1,000 USDC owed is the reserve's deficit, and goes on counting.
    assert covered == -(-1_250 * price_e8 // 100 * 100 // 105)
    assert covered + deficit == 1_000 * USDC
    enter(isolated, 1_250)
    isolated.borrow(LOOPER, isolated.usdc, 1_000 * USDC)
    isolated.post("USDe", price_e8)
    isolated.stage.fund(isolated.usdc, LIQUIDATOR, 1_000 * USDC, spender=isolated.pool)

    call = ("liquidationCall", isolated.usde.address, isolated.usdc.address, LOOPER, UINT_MAX, False)
    isolated.stage.send(isolated.pool, *call, sender=LIQUIDATOR)

    assert isolated.stage.view(isolated.pool, "getReserveDeficit", isolated.usdc.address) == deficit
    assert counted(isolated) == 100_000 - covered // 10_000


def test_ceiling__set_to_zero__forgets_what_counted_and_cannot_come_back(
    isolated: LendingWorld, event: EventReader
) -> None:
    enter(isolated, 2_000)
    isolated.borrow(LOOPER, isolated.usdc, 1_000 * USDC)
    usde = isolated.usde.address

    receipt = isolated.stage.send(isolated.configurator, "setDebtCeiling", usde, 0)

    assert event(receipt, "DebtCeilingChanged") == {
        **{"asset": usde, "oldDebtCeiling": CEILING},
        "newDebtCeiling": 0,
    }
    assert event(receipt, "IsolationModeTotalDebtUpdated") == {"asset": usde, "totalDebt": 0}
    isolated.borrow(LOOPER, isolated.usdc, 100 * USDC)
    assert counted(isolated) == 0
    isolated.supply(LOOPER, isolated.weth, USDE)
    assert is_collateral(isolated, LOOPER, isolated.weth)
    refusal = isolated.stage.refusal(isolated.configurator, "setDebtCeiling", usde, 1)
    assert refusal == "ReserveLiquidityNotZero"


def test_ceiling__largest__is_below_two_to_the_fortieth(isolated: LendingWorld) -> None:
    usde = isolated.usde.address

    assert isolated.stage.refusal(isolated.configurator, "setDebtCeiling", usde, 2**40) == "InvalidDebtCeiling"
    isolated.stage.send(isolated.configurator, "setDebtCeiling", usde, 2**40 - 1)
    word: int = isolated.stage.view(isolated.pool, "getConfiguration", usde)
    assert word >> 212 & (2**40 - 1) == 2**40 - 1
    assert word >> 252 == 1  # virtual accounting stands above it


def test_mode__isolated_collateral_in_it__is_isolated_all_the_same(isolated: LendingWorld) -> None:
    stage, usde, weth = isolated.stage, isolated.usde.address, isolated.weth.address
    stage.send(isolated.configurator, "setEModeCategory", EMODE, 90_00, 93_00, 102_00, "")
    stage.send(isolated.configurator, "setAssetCollateralInEMode", usde, EMODE, True)
    stage.send(isolated.configurator, "setAssetBorrowableInEMode", weth, EMODE, True)
    enter(isolated, 2_000)
    stage.send(isolated.pool, "setUserEMode", EMODE, sender=LOOPER)

    assert refused(isolated, isolated.weth, 10**17) == "AssetNotBorrowableInIsolation"


def test_silo__owed__stands_alone(isolated: LendingWorld) -> None:
    lending = isolated
    lending.stage.send(lending.configurator, "setSiloedBorrowing", lending.usdc.address, True)
    lending.supply(LOOPER, lending.weth, 10 * USDE)

    lending.borrow(LOOPER, lending.usdc, USDC)
    lending.borrow(LOOPER, lending.usdc, USDC)
    assert refused(lending, lending.weth, 1) == "SiloedBorrowingViolation"
    lending.stage.fund(lending.usdc, LOOPER, 10 * USDC, spender=lending.pool)
    lending.stage.send(lending.pool, "repay", lending.usdc.address, UINT_MAX, 2, LOOPER, sender=LOOPER)
    lending.borrow(LOOPER, lending.weth, 10**17)
    assert refused(lending, lending.usdc, USDC) == "SiloedBorrowingViolation"


def test_silo__of_an_asset_that_is_owed__is_refused_until_nobody_owes_it(
    isolated: LendingWorld, event: EventReader
) -> None:
    lending, usdc = isolated, isolated.usdc.address
    lending.supply(LOOPER, lending.weth, USDE)
    lending.borrow(LOOPER, lending.usdc, USDC)

    assert lending.stage.refusal(lending.configurator, "setSiloedBorrowing", usdc, True) == "ReserveDebtNotZero"
    lending.stage.fund(lending.usdc, LOOPER, USDC, spender=lending.pool)
    lending.stage.send(lending.pool, "repay", usdc, UINT_MAX, 2, LOOPER, sender=LOOPER)
    receipt = lending.stage.send(lending.configurator, "setSiloedBorrowing", usdc, True)
    assert event(receipt, "SiloedBorrowingChanged") == {"asset": usdc, "oldState": False, "newState": True}
    receipt = lending.stage.send(lending.configurator, "setSiloedBorrowing", usdc, False)
    assert event(receipt, "SiloedBorrowingChanged") == {"asset": usdc, "oldState": True, "newState": False}


def test_data_provider__ceiling_and_silo__are_read_back(isolated: LendingWorld) -> None:
    stage = isolated.stage
    provider = stage.deploy("PoolDataProvider", isolated.provider.address)
    stage.send(isolated.configurator, "setSiloedBorrowing", isolated.weth.address, True)

    assert stage.view(provider, "getDebtCeiling", isolated.usde.address) == CEILING
    assert stage.view(provider, "getDebtCeiling", isolated.usdc.address) == 0
    assert stage.view(provider, "getDebtCeilingDecimals") == 2
    assert stage.view(provider, "getSiloedBorrowing", isolated.weth.address) is True
    assert stage.view(provider, "getSiloedBorrowing", isolated.usdc.address) is False
