"""Who may configure, what is refused, and what clients read back."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.chain.local import address_of

from ..conftest import LendingWorld

STRANGER = address_of("stranger")
RAY = 10**27


def encoded(*values: int) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)


def test_configurator__called_by_a_stranger__refuses(lending: LendingWorld) -> None:
    usde = lending.usde.address
    calls: list[tuple[Any, ...]] = [
        ("initReserves", []),
        ("configureReserveAsCollateral", usde, 1, 2, 101_00),
        ("setReserveBorrowing", usde, True),
        ("setReserveFlashLoaning", usde, True),
        ("setReserveActive", usde, True),
        ("setReserveFreeze", usde, True),
        ("setReservePause(address,bool)", usde, True),
        ("setReservePause(address,bool,uint40)", usde, True, 0),
        ("disableLiquidationGracePeriod", usde),
        ("setReserveFactor", usde, 1),
        ("setBorrowCap", usde, 1),
        ("setSupplyCap", usde, 1),
        ("setLiquidationProtocolFee", usde, 1),
        ("setDebtCeiling", usde, 1),
        ("setBorrowableInIsolation", usde, True),
        ("setSiloedBorrowing", usde, True),
        ("setEModeCategory", 1, 90_00, 93_00, 102_00, ""),
        ("setAssetCollateralInEMode", usde, 1, True),
        ("setAssetBorrowableInEMode", usde, 1, True),
        ("setAssetLtvzeroInEMode", usde, 1, True),
        ("setReserveLtvzero", usde, True),
        ("setReserveInterestRateData", usde, encoded(1, 1, 1, 1)),
        ("updateFlashloanPremium", 1),
    ]

    for call in calls:
        assert lending.stage.refusal(lending.configurator, *call, sender=STRANGER) == "CallerNotPoolAdmin", call


def test_pool__configured_past_the_configurator__refuses(lending: LendingWorld) -> None:
    usde = lending.usde.address
    calls: list[tuple[Any, ...]] = [
        ("initReserve", usde, usde, usde),
        ("setConfiguration", usde, 0),
        ("syncIndexesState", usde),
        ("syncRatesState", usde),
        ("setLiquidationGracePeriod", usde, 1),
        ("resetIsolationModeTotalDebt", usde),
        ("configureEModeCategory", 1, (1, 1, 1, "")),
        ("configureEModeCategoryCollateralBitmap", 1, 1),
        ("configureEModeCategoryBorrowableBitmap", 1, 1),
        ("configureEModeCategoryLtvzeroBitmap", 1, 1),
        ("updateFlashloanPremium", 1),
    ]

    for call in calls:
        assert lending.stage.refusal(lending.pool, *call) == "CallerNotPoolConfigurator", call


@pytest.mark.parametrize(
    ("ltv", "threshold", "bonus"),
    [
        (83_01, 83_00, 105_00),  # LTV over the threshold
        (80_00, 83_00, 100_00),  # no bonus
        (95_00, 96_00, 105_00),  # threshold x bonus over 100 %
        (0, 100_01, 105_00),
        (1, 0, 0),
    ],
)
def test_collateral_parameters__that_cannot_work__are_refused(
    lending: LendingWorld, ltv: int, threshold: int, bonus: int
) -> None:
    refusal = lending.stage.refusal(
        lending.configurator, "configureReserveAsCollateral", lending.usde.address, ltv, threshold, bonus
    )

    assert refusal == "InvalidReserveParams"


def test_parameters__over_their_limit__are_refused(lending: LendingWorld) -> None:
    usde, cap = lending.usde.address, 2**36

    def refusal(*call: Any) -> str:
        return lending.stage.refusal(lending.configurator, *call)

    assert refusal("setReserveFactor", usde, 100_01) == "InvalidReserveFactor"
    assert refusal("setSupplyCap", usde, cap) == "InvalidSupplyCap"
    assert refusal("setBorrowCap", usde, cap) == "InvalidBorrowCap"
    assert refusal("setLiquidationProtocolFee", usde, 100_01) == "InvalidLiquidationProtocolFee"
    assert refusal("setReservePause(address,bool,uint40)", usde, False, 4 * 3600 + 1) == "InvalidGracePeriod"
    assert refusal("setReserveFreeze", usde, False) == "InvalidFreezeState"
    assert refusal("updateFlashloanPremium", 100_01) == "FlashloanPremiumInvalid"
    assert refusal("setEModeCategory", 0, 90_00, 93_00, 102_00, "") == "EModeCategoryReserved"
    assert refusal("setReserveInterestRateData", usde, encoded(100_01, 0, 0, 0)) == "InvalidOptimalUsageRatio"
    assert refusal("setReserveInterestRateData", usde, encoded(80_00, 0, 2, 1)) == "Slope2MustBeGteSlope1"
    assert refusal("setReserveInterestRateData", usde, encoded(80_00, 1, 0, 1_000_00)) == "InvalidMaxRate"
    assert refusal("setAssetCollateralInEMode", STRANGER, 1, True) == "AssetNotListed"
    assert refusal("setSupplyCap", STRANGER, 1) == "AssetNotListed"


def test_reserve__listed_twice__is_refused(lending: LendingWorld) -> None:
    a_token, v_token = lending.tokens["USDe"]
    entry = (lending.usde.address, a_token.address, v_token.address, (80_00, 0, 0, 0))

    assert lending.stage.refusal(lending.configurator, "initReserves", [entry]) == "ReserveAlreadyInitialized"


def test_configuration_word__has_aaves_bit_positions(lending: LendingWorld) -> None:
    usde, configurator, stage = lending.usde.address, lending.configurator, lending.stage
    stage.send(configurator, "setReserveFactor", usde, 25_00)
    stage.send(configurator, "setBorrowCap", usde, 72_000_000)
    stage.send(configurator, "setSupplyCap", usde, 80_000_000)
    stage.send(configurator, "setReserveFreeze", usde, True)
    stage.send(configurator, "setReservePause(address,bool)", usde, True)

    # the LTV in bits 0 to 15 is zero: freezing takes it
    expected = 83_00 << 16 | 105_00 << 32 | 18 << 48 | 1 << 56 | 1 << 57 | 1 << 58 | 1 << 60 | 1 << 63
    expected |= 25_00 << 64 | 72_000_000 << 80 | 80_000_000 << 116 | 10_00 << 152 | 1 << 252
    assert stage.view(lending.pool, "getConfiguration", usde) == expected


def test_rates_changed__interest_until_then__is_at_the_old_rate(lending: LendingWorld) -> None:
    stage, usdc = lending.stage, lending.usdc.address
    looper = address_of("looper")
    lending.supply(looper, lending.usde, 200_000_000 * 10**18)
    lending.borrow(looper, lending.usdc, 80_000_000 * 10**6)
    start = stage.view(lending.pool, "getReserveData", usdc)[6]
    later = start + 30 * 24 * 3600
    expected = stage.view(lending.pool, "getReserveNormalizedVariableDebt", usdc, timestamp=later)

    stage.send(lending.configurator, "setReserveInterestRateData", usdc, encoded(80_00, 0, 0, 0), timestamp=later)

    state = stage.view(lending.pool, "getReserveData", usdc)
    assert state[3] == expected > RAY
    assert state[4] == 0


def test_data_provider__reads__what_the_pool_holds(lending: LendingWorld) -> None:
    stage, usde, looper = lending.stage, lending.usde.address, address_of("looper")
    views = stage.deploy("PoolDataProvider", lending.provider.address)
    stage.send(lending.provider, "setPoolDataProvider", views.address)
    lending.supply(looper, lending.usde, 1_000 * 10**18)
    lending.borrow(looper, lending.usdc, 500 * 10**6)
    a_token, v_token = lending.tokens["USDe"]

    assert stage.view(lending.provider, "getPoolDataProvider") == views.address
    assert stage.view(views, "POOL") == lending.pool.address
    assert stage.view(views, "getReserveConfigurationData", usde) == (
        18,
        80_00,
        83_00,
        105_00,
        0,
        True,
        True,
        False,
        True,
        False,
    )
    assert stage.view(views, "getReserveTokensAddresses", usde) == (
        a_token.address,
        "0x" + "00" * 20,
        v_token.address,
    )
    assert [symbol for symbol, _ in stage.view(views, "getAllReservesTokens")] == ["USDC", "USDe", "WETH"]
    assert [symbol for symbol, _ in stage.view(views, "getAllATokens")] == ["aUSDC", "aUSDe", "aWETH"]
    assert stage.view(views, "getReserveCaps", usde) == (0, 0)
    assert stage.view(views, "getLiquidationProtocolFee", usde) == 10_00
    assert stage.view(views, "getATokenTotalSupply", usde) == 1_000 * 10**18
    user = stage.view(views, "getUserReserveData", usde, looper)
    assert (user[0], user[2], user[8]) == (1_000 * 10**18, 0, True)
    user = stage.view(views, "getUserReserveData", lending.usdc.address, looper)
    assert (user[0], user[2], user[4], user[8]) == (0, 500 * 10**6, 500 * 10**6, False)


def test_addresses_provider__set_by_another_account__reverts(lending: LendingWorld) -> None:
    refusal = lending.stage.refusal(lending.provider, "setPool", STRANGER, sender=STRANGER)

    assert refusal.startswith("OwnableUnauthorizedAccount")


def test_freeze__of_collateral__takes_its_ltv_everywhere_and_unfreezing_gives_none_back(lending: LendingWorld) -> None:
    stage, usde, configurator, pool = lending.stage, lending.usde.address, lending.configurator, lending.pool
    looper = address_of("looper")
    stage.send(configurator, "setEModeCategory", 1, 90_00, 93_00, 102_00, "stable")
    stage.send(configurator, "setAssetCollateralInEMode", usde, 1, True)
    lending.supply(looper, lending.usde, 1_000 * 10**18)

    receipt = stage.send(configurator, "setReserveFreeze", usde, True)

    assert [log.event for log in receipt.logs] == [
        "PendingLtvChanged",
        "CollateralConfigurationChanged",
        "AssetLtvzeroInEModeChanged",
        "ReserveFrozen",
    ]
    assert stage.view(configurator, "getPendingLtv", usde) == 80_00
    assert stage.view(pool, "getUserAccountData", looper)[3:5] == (83_00, 0)
    assert stage.view(pool, "getEModeCategoryLtvzeroBitmap", 1) == 1 << 1
    assert stage.refusal(configurator, "setReserveLtvzero", usde, False) == "ReserveFrozen"
    assert stage.refusal(configurator, "setAssetLtvzeroInEMode", usde, 1, False) == "ReserveFrozen"
    refusal = stage.refusal(pool, "setUserEMode", 1, sender=looper)
    assert refusal == f"InvalidCollateralInEmode({usde.lower()}, 1)"

    stage.send(configurator, "setReserveFreeze", usde, False)
    assert stage.view(pool, "getUserAccountData", looper)[4] == 0
    stage.send(configurator, "setReserveLtvzero", usde, False)
    stage.send(configurator, "setAssetLtvzeroInEMode", usde, 1, False)
    stage.send(pool, "setUserEMode", 1, sender=looper)
    assert stage.view(pool, "getUserAccountData", looper)[3:5] == (93_00, 90_00)
    assert stage.refusal(configurator, "setReserveLtvzero", usde, False) == "InvalidLtvzeroState"


def test_ltv_of_zero__beside_other_collateral__must_be_withdrawn_first(lending: LendingWorld) -> None:
    stage, looper = lending.stage, address_of("looper")
    lending.supply(looper, lending.usde, 1_000 * 10**18)
    lending.supply(looper, lending.weth, 10**18)
    lending.borrow(looper, lending.usdc, 10**6)
    stage.send(lending.configurator, "setReserveLtvzero", lending.usde.address, True)

    refusal = stage.refusal(lending.pool, "withdraw", lending.weth.address, 1, looper, sender=looper)
    stage.send(lending.pool, "withdraw", lending.usde.address, 2**256 - 1, looper, sender=looper)
    stage.send(lending.pool, "withdraw", lending.weth.address, 1, looper, sender=looper)

    assert refusal == "LtvValidationFailed"


def test_ltv_of_zero__next_to_it__no_other_collateral_can_be_switched_off(lending: LendingWorld) -> None:
    stage, holder = lending.stage, address_of("holder")
    lending.supply(holder, lending.usde, 1_000 * 10**18)
    lending.supply(holder, lending.weth, 10**18)
    stage.send(lending.configurator, "setReserveLtvzero", lending.usde.address, True)

    def switch_off(asset: str) -> Any:
        return stage.attempt(lending.pool, "setUserUseReserveAsCollateral", asset, False, sender=holder)

    assert switch_off(lending.weth.address).revert_reason == "LtvValidationFailed"
    assert switch_off(lending.usde.address).ok
    assert switch_off(lending.weth.address).ok
