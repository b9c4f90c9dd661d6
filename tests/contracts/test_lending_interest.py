"""Rates at, under and over the kink; growth of the indexes; what the treasury gets; flash loan premiums."""

from __future__ import annotations

import math

import pytest

from cascade.chain.local import address_of

from ..conftest import EventReader, LendingWorld

LOOPER = address_of("looper")
SUPPLIER = address_of("supplier")
USDE = 10**18
USDC = 10**6
RAY = 10**27
YEAR = 365 * 24 * 3600
SUPPLIED = 100_000_000 * USDC


def half_up(x: int, y: int, denominator: int) -> int:
    return (2 * x * y + denominator) // (2 * denominator)


def reserve(lending: LendingWorld) -> dict[str, int]:
    word, liquidity_index, liquidity_rate, borrow_index, borrow_rate, _, updated, _, *rest = lending.stage.view(
        lending.pool, "getReserveData", lending.usdc.address
    )
    return {
        "configuration": word,
        "liquidity_index": liquidity_index,
        "liquidity_rate": liquidity_rate,
        "borrow_index": borrow_index,
        "borrow_rate": borrow_rate,
        "updated": updated,
        "treasury_scaled": rest[4],
    }


def borrow_share(lending: LendingWorld, share_bps: int) -> None:
    lending.supply(LOOPER, lending.usde, 200_000_000 * USDE)
    lending.borrow(LOOPER, lending.usdc, SUPPLIED * share_bps // 100_00)


@pytest.mark.parametrize(
    ("share_bps", "rate_bps"),
    [
        (40_00, 200 + 450),  # half way to the kink: base + slope1 / 2
        (80_00, 200 + 900),  # at it: base + slope1
        (90_00, 200 + 900 + 3750),  # half way from it to full use: + slope2 / 2
        (100_00, 200 + 900 + 7500),
    ],
)
def test_rates__at_a_utilisation__follow_the_kink(lending: LendingWorld, share_bps: int, rate_bps: int) -> None:
    lending.stage.send(lending.configurator, "setReserveFactor", lending.usdc.address, 10_00)

    borrow_share(lending, share_bps)

    state = reserve(lending)
    assert state["borrow_rate"] == rate_bps * RAY // 100_00
    assert state["liquidity_rate"] == rate_bps * share_bps * 90_00 * RAY // 100_00**3


def test_rates__one_unit_over_the_kink__use_the_second_slope(lending: LendingWorld) -> None:
    lending.supply(LOOPER, lending.usde, 200_000_000 * USDE)
    borrowed = SUPPLIED * 8 // 10 + 1
    lending.borrow(LOOPER, lending.usdc, borrowed)

    usage = half_up(borrowed, RAY, SUPPLIED)
    excess = half_up(usage - RAY * 8 // 10, RAY, RAY * 2 // 10)

    assert reserve(lending)["borrow_rate"] == RAY * 11 // 100 + half_up(RAY * 75 // 100, excess, RAY)


def test_rates__without_debt__are_the_base_and_nothing_for_suppliers(lending: LendingWorld) -> None:
    assert reserve(lending)["borrow_rate"] == RAY * 2 // 100
    assert reserve(lending)["liquidity_rate"] == 0


@pytest.mark.parametrize("days", [1, 30, 365])
def test_indexes__after_a_time__grow_by_the_stated_formulas(lending: LendingWorld, days: int) -> None:
    lending.stage.send(lending.configurator, "setReserveFactor", lending.usdc.address, 10_00)
    borrow_share(lending, 80_00)
    before = reserve(lending)
    elapsed = days * 24 * 3600
    now = before["updated"] + elapsed

    income = lending.stage.view(lending.pool, "getReserveNormalizedIncome", lending.usdc.address, timestamp=now)
    debt = lending.stage.view(lending.pool, "getReserveNormalizedVariableDebt", lending.usdc.address, timestamp=now)

    x = before["borrow_rate"] * elapsed // YEAR
    compounded = RAY + x + half_up(x, x // 2 + half_up(x, x // 6, RAY), RAY)
    assert debt == half_up(compounded, before["borrow_index"], RAY)
    assert income == half_up(RAY + before["liquidity_rate"] * elapsed // YEAR, before["liquidity_index"], RAY)
    assert debt / RAY == pytest.approx(math.exp(0.11 * days / 365), rel=1e-5)
    assert income / RAY == pytest.approx(1 + 0.11 * 0.8 * 0.9 * days / 365, rel=1e-12)


def test_treasury__share_of_interest__is_accrued_and_minted(lending: LendingWorld, event: EventReader) -> None:
    stage, a_token = lending.stage, lending.tokens["USDC"][0]
    stage.send(lending.configurator, "setReserveFactor", lending.usdc.address, 10_00)
    borrow_share(lending, 80_00)
    before = reserve(lending)
    debt_scaled = stage.view(lending.tokens["USDC"][1], "scaledTotalSupply")
    now = before["updated"] + YEAR
    stage.fund(lending.usdc, SUPPLIER, USDC, spender=lending.pool)

    stage.send(lending.pool, "supply", lending.usdc.address, USDC, SUPPLIER, 0, sender=SUPPLIER, timestamp=now)
    after = reserve(lending)
    interest = debt_scaled * (after["borrow_index"] - before["borrow_index"]) // RAY
    scaled = half_up(interest, 10_00, 100_00) * RAY // after["liquidity_index"]
    assert after["treasury_scaled"] - before["treasury_scaled"] == scaled

    receipt = stage.send(lending.pool, "mintToTreasury", [lending.usdc.address])
    income = stage.view(lending.pool, "getReserveNormalizedIncome", lending.usdc.address)
    assert event(receipt, "MintedToTreasury")["amountMinted"] == after["treasury_scaled"] * income // RAY
    assert stage.view(a_token, "scaledBalanceOf", address_of("treasury")) == after["treasury_scaled"]
    assert reserve(lending)["treasury_scaled"] == 0


def test_borrower__after_a_year__owes_more_and_can_repay_all(lending: LendingWorld) -> None:
    stage, debt_token = lending.stage, lending.tokens["USDC"][1]
    borrow_share(lending, 80_00)
    start = reserve(lending)["updated"]
    stage.fund(lending.usdc, LOOPER, SUPPLIED, spender=lending.pool)
    owed = stage.view(debt_token, "balanceOf", LOOPER, timestamp=start + YEAR)

    stage.send(
        lending.pool, "repay", lending.usdc.address, 2**256 - 1, 2, LOOPER, sender=LOOPER, timestamp=start + YEAR
    )

    assert owed == pytest.approx(80_000_000 * USDC * math.exp(0.11), rel=1e-5)
    assert stage.balance(debt_token, LOOPER) == 0
    assert stage.balance(lending.usdc, LOOPER) == SUPPLIED + 80_000_000 * USDC - owed


def flash_params(*, answer: bool = True, missing: int = 0) -> bytes:
    return int(answer).to_bytes(32, "big") + missing.to_bytes(32, "big")


def test_flash_loan__repaid_with_premium__goes_to_the_treasury(lending: LendingWorld, event: EventReader) -> None:
    stage, a_token = lending.stage, lending.tokens["USDC"][0]
    borrower = stage.deploy("FlashBorrower", lending.pool.address)
    amount = 1_000_001
    premium = -(-amount * 5 // 100_00)  # 5 bps, rounded up
    stage.fund(lending.usdc, borrower.address, premium)

    receipt = stage.send(
        lending.pool,
        "flashLoanSimple",
        borrower.address,
        lending.usdc.address,
        amount,
        flash_params(),
        9,
        sender=LOOPER,
    )

    assert premium == 501
    assert event(receipt, "FlashLoan") == {
        "target": borrower.address,
        "initiator": LOOPER,
        "asset": lending.usdc.address,
        "amount": amount,
        "interestRateMode": 0,
        "premium": premium,
        "referralCode": 9,
    }
    assert stage.balance(lending.usdc, borrower) == 0
    assert stage.balance(lending.usdc, a_token) == SUPPLIED + premium
    assert stage.view(lending.pool, "getVirtualUnderlyingBalance", lending.usdc.address) == SUPPLIED + premium
    assert reserve(lending)["treasury_scaled"] == premium


def test_flash_loan__not_repaid_or_refused_by_the_receiver__reverts(lending: LendingWorld) -> None:
    stage = lending.stage
    borrower = stage.deploy("FlashBorrower", lending.pool.address)
    stage.fund(lending.usdc, borrower.address, 10**6)

    def refusal(amount: int, params: bytes) -> str:
        return stage.refusal(lending.pool, "flashLoanSimple", borrower.address, lending.usdc.address, amount, params, 0)

    assert refusal(10**6, flash_params(answer=False)) == "InvalidFlashloanExecutorReturn"
    assert refusal(10**6, flash_params(missing=1)).startswith("ERC20InsufficientAllowance")
    assert refusal(SUPPLIED + 1, flash_params()) == "InvalidAmount"
    stage.send(lending.configurator, "setReserveFlashLoaning", lending.usdc.address, False)
    assert refusal(1, flash_params()) == "FlashloanDisabled"
