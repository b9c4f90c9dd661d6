"""Liquidator: one transaction from an unhealthy loop to a profit, and a report of what was true around it."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.chain.local import Contract, address_of

from ..conftest import EventReader, LendingWorld

UINT_MAX = 2**256 - 1
BOT, LOOPER, LP, TREASURY = (address_of(name) for name in ("bot", "looper", "liquidity-provider", "treasury"))
FEES = address_of("fee-collector")
HOLD, STABLE_SWAP, CONSTANT_PRODUCT = 0, 1, 2
ZERO = "0x" + "0" * 40
COLLATERAL, DEBT = 100_000 * 10**18, 79_000 * 10**6


def percent_mul(value: int, bps: int) -> int:
    return (value * bps + 5000) // 10_000


def percent_div(value: int, bps: int) -> int:
    return (value * 10_000 + bps // 2) // bps


def seizure(cover: int, price_e8: int, bonus_bps: int) -> tuple[int, int]:
    """Collateral to the liquidator and fee to the treasury for USDC at one dollar, with a protocol fee of 10 %."""
    seized = percent_mul(10**8 * cover * 10**18 // (price_e8 * 10**6), bonus_bps)
    fee = percent_mul(seized - percent_div(seized, bonus_bps), 10_00)
    return seized - fee, fee


class Desk:
    """A lending market with one loop, the venues its collateral can be sold at, and a bot's contract."""

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
        self.liquidator = stage.deploy("Liquidator", lending.pool.address, BOT)
        self.open(LOOPER, COLLATERAL, DEBT)

    def open(self, account: str, collateral: int, debt: int) -> None:
        self.lending.supply(account, self.lending.usde, collateral)
        self.lending.borrow(account, self.lending.usdc, debt)

    def order(self, **changes: Any) -> tuple[Any, ...]:
        order = {
            "collateralAsset": self.lending.usde.address,
            "debtAsset": self.lending.usdc.address,
            "borrower": LOOPER,
            "debtToCover": UINT_MAX,
            "exit": STABLE_SWAP,
            "venue": self.curve.address,
            "flashLoan": True,
            "minProfit": -(10**15),
        }
        assert set(changes) <= set(order)
        return tuple((order | changes).values())

    def liquidate(self, **changes: Any) -> Any:
        return self.stage.send(self.liquidator, "liquidate", self.order(**changes), sender=BOT)

    def refusal(self, sender: str = BOT, **changes: Any) -> str:
        return str(self.stage.refusal(self.liquidator, "liquidate", self.order(**changes), sender=sender))

    def next_debt(self, account: str = LOOPER) -> int:
        """Debt as the next block's timestamp will see it."""
        token = self.lending.tokens["USDC"][1]
        return int(self.stage.view(token, "balanceOf", account, timestamp=self.stage.chain.timestamp + 1))

    def held(self, token: Contract) -> int:
        return int(self.stage.balance(token, self.liquidator))


@pytest.fixture
def desk(lending: LendingWorld) -> Desk:
    return Desk(lending)


def test_liquidate__flash_loan_and_curve_exit__report_profit_and_balances(desk: Desk, event: EventReader) -> None:
    stage, lending = desk.stage, desk.lending
    lending.post("USDe", 93_000_000)
    debt = desk.next_debt()
    cover = percent_mul(debt * 100, 5000) * 10**6 // 10**8
    received, fee = seizure(cover, 93_000_000, 105_00)
    proceeds = stage.view(desk.curve, "get_dy", 1, 0, received)
    premium = -(-cover * 5 // 10_000)

    receipt = desk.liquidate()

    report = event(receipt, "LiquidationReport")
    account = stage.view(lending.pool, "getUserAccountData", LOOPER, timestamp=stage.chain.timestamp)
    assert report["borrower"] == LOOPER
    assert (report["collateralAsset"], report["debtAsset"]) == (lending.usde.address, lending.usdc.address)
    assert (report["collateralPriceE8"], report["debtPriceE8"]) == (93_000_000, 10**8)
    assert (report["collateralBalanceBefore"], report["debtBalanceBefore"]) == (COLLATERAL, debt)
    assert report["totalCollateralBaseBefore"] == 93_000 * 10**8
    assert report["totalDebtBaseBefore"] == debt * 100
    weighted = 93_000 * 10**8 * 83_00 * 10**18
    assert report["healthFactorBeforeWad"] == (weighted + debt * 50) // (debt * 100) // 10_000
    assert (report["totalDebtBaseAfter"], report["healthFactorAfterWad"]) == (account[1], account[5])
    assert report["healthFactorAfterWad"] > report["healthFactorBeforeWad"]
    assert (report["bonusBps"], report["closeFactorBps"]) == (105_00, 50_00)
    assert (report["debtCovered"], report["collateralReceived"]) == (cover, received)
    assert (report["exitProceeds"], report["profit"]) == (proceeds, proceeds - cover - premium)
    assert (report["exit"], report["flashLoan"]) == (STABLE_SWAP, True)
    assert event(receipt, "FlashLoan")["amount"] == cover
    assert event(receipt, "LiquidationCall")["liquidatedCollateralAmount"] == received
    assert desk.held(lending.usdc) == proceeds - cover - premium > 0
    assert desk.held(lending.usde) == 0
    assert stage.balance(lending.tokens["USDe"][0], TREASURY) == fee


def test_liquidate__own_funds_and_pair_exit__no_premium(desk: Desk, event: EventReader) -> None:
    stage, lending = desk.stage, desk.lending
    lending.post("USDe", 93_000_000)
    stage.send(lending.usdc, "mint", desk.liquidator.address, 50_000 * 10**6)
    cover = percent_mul(desk.next_debt() * 100, 5000) // 100

    receipt = desk.liquidate(flashLoan=False, exit=CONSTANT_PRODUCT, venue=desk.pair.address)

    cover_seen = event(receipt, "LiquidationReport")["debtCovered"]
    assert cover <= cover_seen <= cover + 1  # the mint above took a second of interest
    received, _ = seizure(cover_seen, 93_000_000, 105_00)
    kept = received * 997
    proceeds = kept * (50_000_000 * 10**6) // (50_000_000 * 10**18 * 1000 + kept)
    assert event(receipt, "Swap")["amount1Out"] == proceeds
    assert event(receipt, "LiquidationReport")["profit"] == proceeds - cover_seen
    assert desk.held(lending.usdc) == 50_000 * 10**6 + proceeds - cover_seen
    assert not [log for log in receipt.logs if log.event == "FlashLoan"]


def test_liquidate__hold__keeps_the_collateral_and_ignores_the_minimum(desk: Desk, event: EventReader) -> None:
    stage, lending = desk.stage, desk.lending
    lending.post("USDe", 93_000_000)
    stage.send(lending.usdc, "mint", desk.liquidator.address, 10_000 * 10**6)

    receipt = desk.liquidate(flashLoan=False, exit=HOLD, venue=ZERO, debtToCover=10_000 * 10**6, minProfit=10**30)

    received, _ = seizure(10_000 * 10**6, 93_000_000, 105_00)
    report = event(receipt, "LiquidationReport")
    assert (report["debtCovered"], report["collateralReceived"]) == (10_000 * 10**6, received)
    assert (report["exitProceeds"], report["profit"], report["exit"]) == (0, -10_000 * 10**6, HOLD)
    assert (desk.held(lending.usde), desk.held(lending.usdc)) == (received, 0)


def test_liquidate__minimum_at_the_profit_and_one_above__works_and_reverts(desk: Desk, event: EventReader) -> None:
    desk.lending.post("USDe", 93_000_000)
    amount = 10_000 * 10**6
    received, _ = seizure(amount, 93_000_000, 105_00)
    profit = desk.stage.view(desk.curve, "get_dy", 1, 0, received) - amount - amount * 5 // 10_000

    reason = desk.refusal(debtToCover=amount, minProfit=profit + 1)
    assert reason == f"UnprofitableLiquidation({profit}, {profit + 1})"
    receipt = desk.liquidate(debtToCover=amount, minProfit=profit)
    assert event(receipt, "LiquidationReport")["profit"] == profit


def test_liquidate__loss_beyond_the_minimum__named_before_the_loan_fails(desk: Desk) -> None:
    desk.lending.post("USDe", 200_000_000)
    desk.open(address_of("whale"), 100_000 * 10**18, 159_000 * 10**6)
    desk.lending.post("USDe", 180_000_000)
    reason = desk.refusal(borrower=address_of("whale"), minProfit=0)
    assert reason.startswith("UnprofitableLiquidation(-")


def test_liquidate__insolvent_position__takes_all_collateral_and_the_rest_is_deficit(
    desk: Desk, event: EventReader
) -> None:
    stage, lending = desk.stage, desk.lending
    lending.post("USDe", 80_000_000)
    debt = desk.next_debt()
    worth = 80_000_000 * COLLATERAL * 10**6 // (10**8 * 10**18)
    cover = -(-worth * 10_000 // 105_00)

    receipt = desk.liquidate()

    report = event(receipt, "LiquidationReport")
    fee = percent_mul(COLLATERAL - percent_div(COLLATERAL, 105_00), 10_00)
    assert (report["debtCovered"], report["collateralReceived"]) == (cover, COLLATERAL - fee)
    assert (report["closeFactorBps"], report["totalDebtBaseAfter"]) == (100_00, 0)
    assert report["healthFactorAfterWad"] == UINT_MAX
    assert event(receipt, "DeficitCreated")["amountCreated"] == debt - cover
    assert event(receipt, "FlashLoan")["amount"] == cover
    assert stage.view(lending.pool, "getReserveDeficit", lending.usdc.address) == debt - cover
    assert desk.held(lending.usdc) == report["profit"]


def test_liquidate__health_factor_one_or_above__the_pool_says_why(desk: Desk) -> None:
    assert desk.refusal() == "HealthFactorNotBelowThreshold"
    assert desk.refusal(flashLoan=False) == "HealthFactorNotBelowThreshold"


@pytest.mark.parametrize(("price_e8", "close_factor"), [(91_000_000, 50_00), (90_000_000, 100_00)])
def test_liquidate__either_side_of_health_factor_095__half_or_all(
    desk: Desk, event: EventReader, price_e8: int, close_factor: int
) -> None:
    desk.lending.post("USDe", price_e8)
    debt = desk.next_debt()
    report = event(desk.liquidate(), "LiquidationReport")
    assert (report["healthFactorBeforeWad"] > 95 * 10**16) == (close_factor == 50_00)
    assert report["closeFactorBps"] == close_factor
    assert report["debtCovered"] == (debt if close_factor == 100_00 else percent_mul(debt * 100, 5000) // 100)


def test_liquidate__emode_borrower__emode_bonus(desk: Desk, event: EventReader) -> None:
    stage, lending = desk.stage, desk.lending
    stage.send(lending.configurator, "setEModeCategory", 1, 90_00, 93_00, 102_00, "USDe stable")
    stage.send(lending.configurator, "setAssetCollateralInEMode", lending.usde.address, 1, True)
    stage.send(lending.configurator, "setAssetBorrowableInEMode", lending.usdc.address, 1, True)
    stage.send(lending.pool, "setUserEMode", 1, sender=LOOPER)
    lending.post("USDe", 83_500_000)
    report = event(desk.liquidate(debtToCover=10**10), "LiquidationReport")
    assert report["bonusBps"] == 102_00
    assert report["collateralReceived"] == seizure(10**10, 83_500_000, 102_00)[0]


def test_liquidate__maximum_refused_for_dust__covers_the_most_that_passes(desk: Desk, event: EventReader) -> None:
    stage, lending = desk.stage, desk.lending
    mixed = address_of("mixed-borrower")
    lending.supply(mixed, lending.weth, 65 * 10**17)
    desk.open(mixed, 9_500 * 10**18, 17_500 * 10**6)
    lending.post("WETH", 1700 * 10**8)

    explicit = desk.refusal(borrower=mixed, debtToCover=8_500 * 10**6)
    assert explicit == "MustNotLeaveDust"
    receipt = desk.liquidate(borrower=mixed)

    report = event(receipt, "LiquidationReport")
    cover, price = report["debtCovered"], 10**8
    # The most that leaves 1,000 dollars of USDe: the collateral left for one unit more is worth less.
    left = [9_500 * 10**18 - sum(seizure(amount, price, 105_00)) for amount in (cover, cover + 1)]
    assert left[0] * price // 10**18 >= 1000 * 10**8 > left[1] * price // 10**18
    assert report["closeFactorBps"] == 50_00
    assert stage.balance(lending.tokens["USDe"][0], mixed) == left[0]


def test_liquidate__anyone_else__reverts(desk: Desk) -> None:
    assert desk.refusal(sender=LOOPER).lower() == f"OwnableUnauthorizedAccount({LOOPER})".lower()


@pytest.mark.parametrize("venue", ["curve", "pair"])
def test_liquidate__venue_of_other_tokens__reverts(desk: Desk, venue: str) -> None:
    lending = desk.lending
    weth_debtor = address_of("weth-collateral")
    lending.supply(weth_debtor, lending.weth, 10 * 10**18)
    lending.borrow(weth_debtor, lending.usdc, 15_000 * 10**6)
    lending.post("WETH", 1750 * 10**8)
    reason = desk.refusal(
        borrower=weth_debtor,
        collateralAsset=lending.weth.address,
        venue=getattr(desk, venue).address,
        exit=STABLE_SWAP if venue == "curve" else CONSTANT_PRODUCT,
    )
    assert reason.startswith("VenueDoesNotTrade(")


def test_liquidate__invalid_orders__revert_with_their_own_errors(desk: Desk) -> None:
    usdc = desk.lending.usdc.address
    assert desk.refusal(exit=HOLD) == "HoldCannotRepayFlashLoan"
    assert desk.refusal(collateralAsset=usdc).lower() == f"SameAsset({usdc})".lower()


def test_execute_operation__not_the_pool_or_not_its_own_loan__reverts(desk: Desk) -> None:
    stage, usdc = desk.stage, desk.lending.usdc.address
    liquidator = desk.liquidator.address
    direct = stage.refusal(desk.liquidator, "executeOperation", usdc, 1, 0, liquidator, b"", sender=LOOPER)
    assert direct.startswith("UnexpectedFlashLoan")
    through = stage.refusal(desk.lending.pool, "flashLoanSimple", liquidator, usdc, 10**6, b"", 0, sender=LOOPER)
    assert through.startswith("UnexpectedFlashLoan")


def test_sweep__owner_only__whole_balance_leaves(desk: Desk) -> None:
    stage, usdc = desk.stage, desk.lending.usdc
    stage.send(usdc, "mint", desk.liquidator.address, 777)
    reason = stage.refusal(desk.liquidator, "sweep", usdc.address, LOOPER, sender=LOOPER)
    assert reason.startswith("OwnableUnauthorizedAccount")
    stage.send(desk.liquidator, "sweep", usdc.address, FEES, sender=BOT)
    assert (stage.balance(usdc, FEES), desk.held(usdc)) == (777, 0)
