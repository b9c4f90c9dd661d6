"""Deleverager: a loop comes down in one transaction, even where nothing can be withdrawn, and nothing stays behind."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi import encode

from cascade.chain.local import Contract, address_of
from cascade.errors import RevertedCall

from ..conftest import EventReader, LendingWorld

UINT_MAX = 2**256 - 1
LOOPER, LP, FEES, HEIR = (address_of(name) for name in ("looper", "liquidity-provider", "fee-collector", "heir"))
STRANGER, USDE_BORROWER = address_of("stranger"), address_of("usde-borrower")
HOLD, STABLE_SWAP, CONSTANT_PRODUCT = 0, 1, 2
COLLATERAL, DEBT = 100_000 * 10**18, 79_000 * 10**6
PREMIUM_BPS, THRESHOLD_BPS = 5, 83_00
YEAR = 365 * 86_400


def health_factor(collateral_base: int, debt_base: int) -> int:
    """As Aave computes it: threshold times value over debt, a wad division rounded half up, then bps."""
    return (collateral_base * THRESHOLD_BPS * 10**18 + debt_base // 2) // debt_base // 10_000


class Desk:
    """A lending market with one loop, and two venues that buy its collateral."""

    def __init__(self, lending: LendingWorld) -> None:
        self.lending, self.stage = lending, lending.stage
        stage, usdc, usde = lending.stage, lending.usdc, lending.usde
        self.curve = stage.deploy(
            "StableSwapPool", "LP", "LP", [usdc.address, usde.address], 200, 10**6, 5 * 10**10, 5 * 10**9, FEES
        )
        for token, amount in ((usdc, 10_000_000 * 10**6), (usde, 10_000_000 * 10**18)):
            stage.fund(token, LP, amount, spender=self.curve)
        stage.send(self.curve, "add_liquidity", [10_000_000 * 10**6, 10_000_000 * 10**18], 0, sender=LP)
        self.pair = stage.deploy("ConstantProductPair", usde.address, usdc.address)
        stage.send(usde, "mint", self.pair.address, 50_000_000 * 10**18)
        stage.send(usdc, "mint", self.pair.address, 50_000_000 * 10**6)
        stage.send(self.pair, "mint", LP)
        self.deleverager = stage.deploy("Deleverager", lending.pool.address)
        self.a_token, self.debt_token = lending.tokens["USDe"][0], lending.tokens["USDC"][1]
        lending.supply(LOOPER, usde, COLLATERAL)
        self.approve(LOOPER)

    def approve(self, owner: str, amount: int = UINT_MAX) -> None:
        self.stage.send(self.a_token, "approve", self.deleverager.address, amount, sender=owner)

    def order(self, **changes: Any) -> tuple[Any, ...]:
        order = {
            "collateralAsset": self.lending.usde.address,
            "debtAsset": self.lending.usdc.address,
            "collateralToSell": UINT_MAX,
            "cash": 0,
            "exit": STABLE_SWAP,
            "venue": self.curve.address,
            "minProceeds": 0,
            "beneficiary": HEIR,
        }
        assert set(changes) <= set(order)
        return tuple((order | changes).values())

    def unwind(self, *, timestamp: int | None = None, **changes: Any) -> Any:
        order = self.order(**changes)
        return self.stage.send(self.deleverager, "unwind", order, sender=LOOPER, timestamp=timestamp)

    def refusal(self, sender: str = LOOPER, **changes: Any) -> str:
        return str(self.stage.refusal(self.deleverager, "unwind", self.order(**changes), sender=sender))

    def quote(self, amount: int) -> int:
        return int(self.stage.view(self.curve, "get_dy", 1, 0, amount))

    def at(self, token: Contract, holder: str, timestamp: int) -> int:
        return int(self.stage.view(token, "balanceOf", holder, timestamp=timestamp))

    def next_debt(self) -> int:
        """Debt as the next block's timestamp will see it."""
        return self.at(self.debt_token, LOOPER, self.stage.chain.timestamp + 1)

    def assert_contract_is_empty(self) -> None:
        tokens = (self.lending.usdc, self.lending.usde, self.a_token, self.debt_token)
        assert [self.stage.balance(token, self.deleverager) for token in tokens] == [0, 0, 0, 0]
        assert self.stage.view(self.a_token, "scaledBalanceOf", self.deleverager.address) == 0
        allowance = self.stage.view(self.lending.usdc, "allowance", self.deleverager.address, self.lending.pool.address)
        assert allowance == 0


@pytest.fixture
def desk(lending: LendingWorld) -> Desk:
    return Desk(lending)


@pytest.fixture
def loop(desk: Desk) -> Desk:
    desk.lending.borrow(LOOPER, desk.lending.usdc, DEBT)
    return desk


def events(receipt: Any) -> set[str]:
    return {log.event for log in receipt.logs}


def test_unwind__part_right_above_health_factor_one__report_and_every_balance(loop: Desk, event: EventReader) -> None:
    stage, lending = loop.stage, loop.lending
    lending.post("USDe", 95_200_000)
    before = health_factor(95_200 * 10**8, loop.next_debt() * 100)
    assert 10**18 < before < 1001 * 10**15
    plain = stage.refusal(lending.pool, "withdraw", lending.usde.address, 100 * 10**18, LOOPER, sender=LOOPER)
    assert plain == "HealthFactorLowerThanLiquidationThreshold"
    sold, cash = 20_000 * 10**18, 1_000 * 10**6
    proceeds, debt = loop.quote(sold), loop.next_debt()
    repaid = (proceeds - cash) * 10_000 // (10_000 + PREMIUM_BPS)
    premium = -(-repaid * PREMIUM_BPS // 10_000)
    paid = proceeds - repaid - premium
    assert cash <= paid <= cash + 1
    # One unit more of debt would take of the cash.
    assert proceeds - (repaid + 1) - -(-(repaid + 1) * PREMIUM_BPS // 10_000) < cash

    receipt = loop.unwind(collateralToSell=sold, cash=cash)

    now = stage.chain.timestamp
    left = loop.at(loop.debt_token, LOOPER, now)
    assert debt - repaid <= left <= debt - repaid + 1
    assert event(receipt, "Unwound") == {
        "owner": LOOPER,
        "collateralAsset": lending.usde.address,
        "debtAsset": lending.usdc.address,
        "collateralSold": sold,
        "proceeds": proceeds,
        "debtRepaid": repaid,
        "premium": premium,
        "cashPaid": paid,
        "healthFactorBeforeWad": health_factor(95_200 * 10**8, debt * 100),
        "healthFactorAfterWad": health_factor(80_000 * 95_200_000, left * 100),
        "collateralPriceE8": 95_200_000,
        "debtPriceE8": 10**8,
    }
    assert event(receipt, "FlashLoan")["amount"] == event(receipt, "Repay")["amount"] == repaid
    assert stage.balance(lending.usdc, HEIR) == paid
    assert stage.balance(loop.a_token, LOOPER) == COLLATERAL - sold
    assert (stage.balance(lending.usdc, LOOPER), stage.balance(lending.usde, LOOPER)) == (DEBT, 0)
    assert stage.balance(lending.usde, loop.curve) == 10_000_000 * 10**18 + sold
    loop.assert_contract_is_empty()


def test_unwind__pair_exit__sells_by_its_formula(loop: Desk, event: EventReader) -> None:
    sold = 30_000 * 10**18
    kept = sold * 997
    proceeds = kept * (50_000_000 * 10**6) // (50_000_000 * 10**18 * 1000 + kept)

    receipt = loop.unwind(collateralToSell=sold, exit=CONSTANT_PRODUCT, venue=loop.pair.address)

    report = event(receipt, "Unwound")
    assert event(receipt, "Swap")["amount1Out"] == report["proceeds"] == proceeds
    assert report["debtRepaid"] == proceeds * 10_000 // 10_005
    assert loop.stage.balance(loop.lending.usdc, HEIR) == report["cashPaid"] <= 1
    loop.assert_contract_is_empty()


def test_unwind__everything_with_indexes_above_one__leaves_neither_collateral_nor_debt(
    loop: Desk, event: EventReader
) -> None:
    stage, lending = loop.stage, loop.lending
    lending.supply(USDE_BORROWER, lending.weth, 40 * 10**18)
    lending.borrow(USDE_BORROWER, lending.usde, 50_001 * 10**18 + 7)
    # The reserve holds half of the USDe only; a supplier brings what the withdrawal pays out.
    lending.supply(STRANGER, lending.usde, 100_000 * 10**18)
    later = stage.chain.timestamp + YEAR
    owned, debt = loop.at(loop.a_token, LOOPER, later), loop.at(loop.debt_token, LOOPER, later)
    assert (owned > COLLATERAL, debt > DEBT) == (True, True)
    proceeds, premium = loop.quote(owned), -(-debt * PREMIUM_BPS // 10_000)

    receipt = loop.unwind(timestamp=later)

    report = event(receipt, "Unwound")
    assert (report["collateralSold"], report["debtRepaid"]) == (owned, debt)
    assert (report["proceeds"], report["cashPaid"]) == (proceeds, proceeds - debt - premium)
    assert report["healthFactorAfterWad"] == UINT_MAX
    assert stage.balance(lending.usdc, HEIR) == proceeds - debt - premium
    for token in (loop.a_token, loop.debt_token):
        assert stage.view(token, "scaledBalanceOf", LOOPER) == 0
    assert stage.view(lending.pool, "getUserConfiguration", LOOPER) == 0
    loop.assert_contract_is_empty()


@pytest.mark.parametrize("offset", [0, 1, 13, 86_399])
def test_unwind__odd_part_with_indexes_above_one__contract_keeps_no_scaled_unit(loop: Desk, offset: int) -> None:
    stage, lending = loop.stage, loop.lending
    lending.supply(USDE_BORROWER, lending.weth, 40 * 10**18)
    lending.borrow(USDE_BORROWER, lending.usde, 50_001 * 10**18 + 7)
    later = stage.chain.timestamp + YEAR + offset
    owned = loop.at(loop.a_token, LOOPER, later)
    sold = 12_345 * 10**18 + 6_789 + offset

    loop.unwind(timestamp=later, collateralToSell=sold)

    assert owned - sold - 2 <= loop.at(loop.a_token, LOOPER, later) <= owned - sold
    loop.assert_contract_is_empty()


def test_unwind__no_debt__plain_withdrawal_and_sale(desk: Desk, event: EventReader) -> None:
    sold = 40_000 * 10**18
    proceeds = desk.quote(sold)

    receipt = desk.unwind(collateralToSell=sold)

    report = event(receipt, "Unwound")
    assert (report["debtRepaid"], report["premium"], report["cashPaid"]) == (0, 0, proceeds)
    assert (report["healthFactorBeforeWad"], report["healthFactorAfterWad"]) == (UINT_MAX, UINT_MAX)
    assert not events(receipt) & {"FlashLoan", "Repay"}
    assert desk.stage.balance(desk.lending.usdc, HEIR) == proceeds
    assert desk.stage.balance(desk.a_token, LOOPER) == COLLATERAL - sold
    desk.assert_contract_is_empty()


def test_unwind__cash_above_the_proceeds__all_is_cash_and_no_debt_is_repaid(desk: Desk, event: EventReader) -> None:
    desk.lending.borrow(LOOPER, desk.lending.usdc, 10_000 * 10**6)
    debt, proceeds = desk.next_debt(), desk.quote(10**22)

    receipt = desk.unwind(collateralToSell=10**22, cash=proceeds + 1)

    report = event(receipt, "Unwound")
    assert (report["debtRepaid"], report["cashPaid"]) == (0, proceeds)
    assert report["healthFactorAfterWad"] == health_factor(90_000 * 10**8, debt * 100)
    assert desk.stage.balance(desk.lending.usdc, HEIR) == proceeds
    assert "FlashLoan" not in events(receipt)


def test_unwind__one_unit_left_for_debt__is_cash_as_the_pool_would_refuse_it(loop: Desk, event: EventReader) -> None:
    stage, lending, sold = loop.stage, loop.lending, 10**21
    stage.fund(lending.usdc, LP, 10, spender=lending.pool)
    refusal = stage.refusal(lending.pool, "repay", lending.usdc.address, 1, 2, LOOPER, sender=LP)
    assert refusal == "InvalidBurnAmount"
    proceeds = loop.quote(sold)

    receipt = loop.unwind(collateralToSell=sold, cash=proceeds - 2)

    report = event(receipt, "Unwound")
    assert (report["debtRepaid"], report["premium"], report["cashPaid"]) == (0, 0, proceeds)
    receipt = loop.unwind(collateralToSell=sold, cash=loop.quote(sold) - 3)
    assert event(receipt, "Unwound")["debtRepaid"] == event(receipt, "Repay")["amount"] == 2


def test_unwind__cash_that_the_health_factor_does_not_allow__the_pool_refuses(loop: Desk) -> None:
    loop.lending.post("USDe", 95_200_000)
    sold = 20_000 * 10**18
    # Without a premium the limit is cash = proceeds - debt + 0.83 x value left; 0.05 % of what is repaid comes on top.
    most = loop.quote(sold) - loop.next_debt() + 80_000 * 952 * 83 * 10
    reason = loop.refusal(collateralToSell=sold, cash=most)
    assert reason == "HealthFactorLowerThanLiquidationThreshold"
    loop.unwind(collateralToSell=sold, cash=most - 10 * 10**6)


def test_unwind__minimum_at_the_proceeds_and_one_above__works_and_reverts(loop: Desk, event: EventReader) -> None:
    proceeds = loop.quote(10**22)
    reason = loop.refusal(collateralToSell=10**22, minProceeds=proceeds + 1)
    assert reason == f"ProceedsTooLow({proceeds}, {proceeds + 1})"
    receipt = loop.unwind(collateralToSell=10**22, minProceeds=proceeds)
    assert event(receipt, "Unwound")["proceeds"] == proceeds


def test_unwind__allowance_of_what_is_sold__suffices_and_one_unit_less_reverts(loop: Desk) -> None:
    sold = 10_000 * 10**18
    loop.approve(LOOPER, sold - 1)
    assert loop.refusal(collateralToSell=sold).startswith("ERC20InsufficientAllowance")
    loop.approve(LOOPER, sold)
    loop.unwind(collateralToSell=sold)
    assert loop.stage.view(loop.a_token, "allowance", LOOPER, loop.deleverager.address) == 0


def test_unwind__invalid_orders__revert_with_their_own_errors(loop: Desk) -> None:
    usdc, usde = loop.lending.usdc.address, loop.lending.usde.address
    assert loop.refusal(exit=HOLD) == "HoldCannotRepayDebt"
    assert loop.refusal(collateralAsset=usdc).lower() == f"SameAsset({usdc})".lower()
    assert loop.refusal(collateralToSell=0).lower() == f"NothingToSell({LOOPER}, {usde})".lower()
    assert loop.refusal(venue=loop.pair.address, exit=CONSTANT_PRODUCT, debtAsset=loop.lending.weth.address).startswith(
        "VenueDoesNotTrade("
    )


def test_unwind__stranger__has_no_position_of_his_own_to_unwind(loop: Desk) -> None:
    usde = loop.lending.usde.address
    assert loop.refusal(sender=STRANGER).lower() == f"NothingToSell({STRANGER}, {usde})".lower()


def test_execute_operation__not_the_pool_or_not_its_own_loan__reverts(loop: Desk) -> None:
    stage, usdc = loop.stage, loop.lending.usdc.address
    contract = loop.deleverager.address
    direct = stage.refusal(loop.deleverager, "executeOperation", usdc, 1, 0, contract, b"", sender=STRANGER)
    assert direct.startswith("UnexpectedFlashLoan")
    through = stage.refusal(loop.lending.pool, "flashLoanSimple", contract, usdc, 10**6, b"", 0, sender=STRANGER)
    assert through.startswith("UnexpectedFlashLoan")


def test_preview_unwind__same_state__is_what_unwinding_then_reports(loop: Desk, event: EventReader) -> None:
    order = loop.order(collateralToSell=25_000 * 10**18, cash=3_000 * 10**6)
    at = loop.stage.chain.timestamp + 1
    preview = loop.stage.view(loop.deleverager, "previewUnwind", LOOPER, order, timestamp=at)

    report = event(loop.unwind(collateralToSell=25_000 * 10**18, cash=3_000 * 10**6), "Unwound")

    assert preview == tuple((report | {"healthFactorAfterWad": 0}).values())[3:]
    assert (preview[2] > 21_000 * 10**6, preview[4] >= 3_000 * 10**6) == (True, True)


def test_preview_unwind__nothing_supplied__reverts_with_that_error(loop: Desk) -> None:
    with pytest.raises(RevertedCall, match="NothingToSell"):
        loop.stage.view(loop.deleverager, "previewUnwind", STRANGER, loop.order())


@pytest.mark.parametrize(("sold", "repaid", "premium", "paid"), [(11 * 10**11, 0, 0, 1), (21 * 10**11, 1, 1, 0)])
def test_unwind__proceeds_of_a_unit_or_two_before_any_interest__repay_a_whole_unit_of_debt(
    desk: Desk, event: EventReader, sold: int, repaid: int, premium: int, paid: int
) -> None:
    without_interest = encode(["(uint16,uint32,uint32,uint32)"], [(8000, 0, 0, 0)])
    lending = desk.lending
    desk.stage.send(lending.configurator, "setReserveInterestRateData", lending.usdc.address, without_interest)
    lending.borrow(LOOPER, lending.usdc, DEBT)
    # A unit of USDC is 10**12 of USDe; the pair keeps 0.3 %.
    receipt = desk.unwind(collateralToSell=sold, exit=CONSTANT_PRODUCT, venue=desk.pair.address)
    told = event(receipt, "Unwound")
    assert (told["debtRepaid"], told["premium"], told["cashPaid"]) == (repaid, premium, paid)
    assert desk.next_debt() == DEBT - repaid
