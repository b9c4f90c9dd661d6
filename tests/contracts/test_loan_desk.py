"""LoanDesk: lines of LTV, margin calls, sales into the book, and who pays for a shortfall."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.chain.local import Contract, address_of
from cascade.errors import RevertedCall

from ..conftest import EventReader, Stage
from .exchange_world import (
    ALT,
    BUY,
    E8,
    EXCHANGE,
    GTC,
    INSURANCE,
    LOT,
    MAKER,
    OUTSIDER,
    SECOND_MAKER,
    SELL,
    TAKER,
    USDT,
    Exchange,
    error,
    open_exchange,
    price,
)

WHALE, KEEPER, LENDER = address_of("whale"), address_of("keeper"), address_of("lender")
LINES = (65_00, 75_00, 83_00)
HOUR, YEAR, RAY = 3_600, 365 * 86_400, 10**27
ALL, MANY = 2**48 - 1, 100
DESK_CASH = 10_000 * USDT


def terms(
    lines: tuple[int, int, int] = LINES,
    *,
    fee_bps: int = 0,
    share_bps: int = 100_00,
    call_seconds: int = HOUR,
    pause: int = 0,
    rate_ray: int = 0,
) -> tuple[int, ...]:
    return (*lines, fee_bps, share_bps, call_seconds, pause, rate_ray)


class Desk:
    """One line, valued by a posted price of 1.00; the whale pledges 1,000 ALT and owes 650 USDT."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.exchange: Exchange = open_exchange(stage)
        self.feed = stage.deploy("PostedPriceFeed", "ALT / USD", E8, EXCHANGE)
        self.desk: Contract = stage.deploy("LoanDesk", self.exchange.vault.address, INSURANCE, EXCHANGE)
        stage.send(self.exchange.vault, "setOperator", self.desk.address, True, sender=EXCHANGE)
        self.own("addLine", self.exchange.book.address, self.feed.address, terms())
        stage.fund(self.exchange.usdt, LENDER, DESK_CASH, spender=self.exchange.vault)
        cash = (self.exchange.usdt.address, DESK_CASH, self.desk.address)
        stage.send(self.exchange.vault, "deposit", *cash, sender=LENDER)
        self.exchange.give(WHALE, self.exchange.alt, 1_500 * ALT)
        self.opened = self.act("borrow", 0, 1_000 * ALT, 650 * USDT)

    def own(self, function: str, *arguments: Any) -> Any:
        return self.stage.send(self.desk, function, *arguments, sender=EXCHANGE)

    def act(self, function: str, *arguments: Any, sender: str = WHALE, timestamp: int | None = None) -> Any:
        return self.stage.send(self.desk, function, *arguments, sender=sender, timestamp=timestamp)

    def refusal(self, function: str, *arguments: Any, sender: str = WHALE) -> str:
        return str(self.stage.refusal(self.desk, function, *arguments, sender=sender))

    def post(self, dollars: float) -> None:
        self.stage.send(self.feed, "post", round(dollars * 10_000) * 10_000, sender=EXCHANGE)

    def bid(self, dollars: float, lots: int) -> None:
        """A bid with money for it."""
        self.exchange.give(MAKER, self.exchange.usdt, 10**6 * USDT)
        self.exchange.limit(MAKER, BUY, price(dollars), lots)

    def loan(self, timestamp: int | None = None) -> tuple[int, int, int, int]:
        """Pledged, debt, LTV, deadline."""
        words = self.stage.view(self.desk, "loans", 0, [WHALE], timestamp=timestamp)
        return tuple(words[:4])

    def paused_until(self) -> int:
        return int(self.stage.view(self.desk, "loans", 0, [WHALE])[4])

    def free(self, account: str | Contract) -> tuple[int, int]:
        """ALT and USDT, free."""
        alt, usdt = (self.exchange.balance(account, token)[0] for token in (self.exchange.alt, self.exchange.usdt))
        return alt, usdt


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage)


# --- Lines


@pytest.mark.parametrize(
    "lines",
    [(0, 75_00, 83_00), (75_00, 75_00, 83_00), (65_00, 83_00, 83_00), (83_00, 75_00, 65_00), (65_00, 75_00, 100_01)],
)
def test_add_line__lines_in_the_wrong_order__reverts(desk: Desk, lines: tuple[int, int, int]) -> None:
    expected = error("LtvLinesInWrongOrder", *lines)
    book, feed = desk.exchange.book.address, desk.feed.address
    assert desk.refusal("addLine", book, feed, terms(lines), sender=EXCHANGE) == expected
    assert desk.refusal("setTerms", 0, terms(lines), sender=EXCHANGE) == expected


@pytest.mark.parametrize("lines", [LINES, (78_00, 85_00, 91_00), (1, 2, 3), (99_98, 99_99, 100_00)])
def test_set_terms__lines_in_order__are_kept(desk: Desk, lines: tuple[int, int, int]) -> None:
    desk.own("setTerms", 0, terms(lines))
    book, feed, *kept = desk.stage.view(desk.desk, "line", 0)
    assert (book, feed, tuple(kept)) == (desk.exchange.book.address, desk.feed.address, terms(lines))


def test_set_terms__invalid_shares_and_other_callers__revert(desk: Desk) -> None:
    assert desk.refusal("setTerms", 0, terms(fee_bps=100_01), sender=EXCHANGE) == "InvalidBps(10001)"
    assert desk.refusal("setTerms", 0, terms(share_bps=0), sender=EXCHANGE) == "InvalidBps(0)"
    assert desk.refusal("setTerms", 1, terms(), sender=EXCHANGE) == "UnknownLine(1)"
    assert desk.refusal("setTerms", 0, terms(), sender=WHALE) == error("OwnableUnauthorizedAccount", WHALE)


def test_add_line__asset_pledged_here_and_lent_there__reverts(desk: Desk, stage: Stage) -> None:
    third = stage.token("EURT", 6)
    arguments = (desk.exchange.usdt.address, third.address, 100, 10**4, 0, 0, EXCHANGE)
    book = stage.deploy("SpotBook", desk.exchange.vault.address, *arguments)
    reason = desk.refusal("addLine", book.address, desk.feed.address, terms(), sender=EXCHANGE)
    assert reason == error("AssetOnBothSides", desk.exchange.usdt.address)


# --- Borrowing


def test_borrow__to_the_initial_ltv__pays_and_a_unit_more_reverts(desk: Desk, event: EventReader) -> None:
    assert event(desk.opened, "Borrowed") == {
        "lineId": 0,
        "account": WHALE,
        "pledged": 1_000 * ALT,
        "amount": 650 * USDT,
    }
    assert desk.free(WHALE) == (500 * ALT, 650 * USDT)
    assert desk.free(desk.desk) == (1_000 * ALT, DESK_CASH - 650 * USDT)
    assert desk.loan() == (1_000 * ALT, 650 * USDT, 65_00, 0)
    assert desk.stage.view(desk.desk, "totalDebt", 0) == 650 * USDT
    assert desk.refusal("borrow", 0, 0, 1) == "LtvTooHigh(6501, 6500)"
    assert desk.refusal("borrow", 0, 0, 0) == "InvalidAmount"


def test_borrow__more_cash_than_the_desk_has__reverts(desk: Desk) -> None:
    desk.exchange.give(WHALE, desk.exchange.alt, 99_000 * ALT)
    left = DESK_CASH - 650 * USDT
    reason = desk.refusal("borrow", 0, 99_000 * ALT, left + 1)
    assert reason == error("InsufficientBalance", desk.desk.address, desk.exchange.usdt.address, left + 1, left)
    desk.act("borrow", 0, 99_000 * ALT, left)


@pytest.mark.parametrize("answer", [0, -1])
def test_loan__without_a_price__is_neither_made_nor_liquidated_and_can_be_repaid(desk: Desk, answer: int) -> None:
    desk.stage.send(desk.feed, "post", answer, sender=EXCHANGE)
    expected = error("PriceNotAvailable", answer)
    assert desk.refusal("borrow", 0, 0, 1) == expected
    assert desk.refusal("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER) == expected
    assert desk.loan() == (1_000 * ALT, 650 * USDT, 2**256 - 1, 0)
    assert desk.stage.view(desk.desk, "isLiquidatable", 0, WHALE) is False
    assert desk.stage.view(desk.desk, "saleLots", 0, WHALE) == 0
    desk.act("repay", 0, 650 * USDT)
    desk.act("withdrawPledge", 0, 1_000 * ALT)


def test_withdraw_pledge__down_to_the_initial_ltv__pays_and_a_unit_more_reverts(desk: Desk, event: EventReader) -> None:
    desk.act("repay", 0, 130 * USDT)
    assert desk.refusal("withdrawPledge", 0, 200 * ALT + 10**12) == "LtvTooHigh(6501, 6500)"
    receipt = desk.act("withdrawPledge", 0, 200 * ALT)
    assert event(receipt, "PledgeWithdrawn") == {"lineId": 0, "account": WHALE, "amount": 200 * ALT}
    assert desk.loan() == (800 * ALT, 520 * USDT, 65_00, 0)
    assert desk.free(WHALE) == (700 * ALT, 520 * USDT)
    assert desk.refusal("withdrawPledge", 0, 800 * ALT + 1) == error("ExceedsPledge", 800 * ALT + 1, 800 * ALT)


def test_repay__more_than_is_owed__takes_the_debt_alone(desk: Desk, event: EventReader) -> None:
    desk.exchange.give(WHALE, desk.exchange.usdt, 50 * USDT)
    receipt = desk.act("repay", 0, 700 * USDT)
    assert event(receipt, "Repaid") == {"lineId": 0, "account": WHALE, "amount": 650 * USDT}
    assert desk.loan() == (1_000 * ALT, 0, 0, 0)
    assert desk.free(WHALE) == (500 * ALT, 50 * USDT)
    assert desk.free(desk.desk) == (1_000 * ALT, DESK_CASH)
    assert desk.refusal("repay", 0, 1) == error("NoDebt", WHALE)


def test_interest__a_year_at_twelve_per_cent__is_owed_and_booked(desk: Desk) -> None:
    desk.own("setTerms", 0, terms(rate_ray=12 * RAY // 100))
    start = desk.stage.chain.timestamp
    assert desk.loan(start + YEAR)[1] == 728 * USDT
    desk.exchange.give(WHALE, desk.exchange.usdt, 100 * USDT)
    desk.act("repay", 0, 800 * USDT, timestamp=start + YEAR)
    assert desk.stage.view(desk.desk, "interestBooked", 0) == 78 * USDT
    assert desk.free(desk.desk)[1] == DESK_CASH + 78 * USDT
    assert desk.stage.view(desk.desk, "totalDebt", 0) == 0


# --- Margin calls


def test_margin_call__at_its_line__sets_a_deadline_and_a_price_above_reverts(desk: Desk, event: EventReader) -> None:
    desk.post(0.8668)
    assert desk.refusal("marginCall", 0, WHALE, sender=KEEPER) == "BelowMarginCall(7499, 7500)"
    desk.post(0.8667)
    receipt = desk.act("marginCall", 0, WHALE, sender=KEEPER)
    deadline = desk.stage.chain.timestamp + HOUR
    assert event(receipt, "MarginCalled") == {
        "lineId": 0,
        "account": WHALE,
        "ltvBps": 75_00,
        "deadline": deadline,
    }
    assert desk.loan()[3] == deadline
    assert desk.refusal("marginCall", 0, WHALE, sender=KEEPER) == error("AlreadyCalled", WHALE, deadline)


def test_margin_call__topped_up_under_the_line__is_met_and_too_little_is_not(desk: Desk, event: EventReader) -> None:
    desk.post(0.85)
    desk.act("marginCall", 0, WHALE, sender=KEEPER)
    first = desk.act("topUp", 0, 10 * ALT)
    assert event(first, "ToppedUp") == {"lineId": 0, "account": WHALE, "amount": 10 * ALT}
    assert [log.event for log in first.logs if log.event == "MarginCallMet"] == []
    second = desk.act("topUp", 0, 10 * ALT)
    assert event(second, "MarginCallMet") == {"lineId": 0, "account": WHALE, "ltvBps": 74_98}
    assert desk.loan() == (1_020 * ALT, 650 * USDT, 74_98, 0)
    assert desk.free(WHALE) == (480 * ALT, 650 * USDT)


def test_margin_call__repaid_under_the_line__is_met(desk: Desk, event: EventReader) -> None:
    desk.post(0.85)
    desk.act("marginCall", 0, WHALE, sender=KEEPER)
    receipt = desk.act("repay", 0, 13 * USDT)
    assert event(receipt, "MarginCallMet")["ltvBps"] == 74_95


def test_end_call__after_the_price_came_back__ends_it_and_not_before(desk: Desk) -> None:
    desk.post(0.85)
    desk.act("marginCall", 0, WHALE, sender=KEEPER)
    assert desk.refusal("endCall", 0, WHALE, sender=KEEPER) == "CallNotMet(7648, 7500)"
    desk.post(0.87)
    desk.act("endCall", 0, WHALE, sender=KEEPER)
    assert desk.loan()[3] == 0


def test_liquidate__call_not_met_by_its_deadline__works_a_second_after_it(desk: Desk) -> None:
    desk.post(0.85)
    desk.bid(0.85, 100_000)
    desk.act("marginCall", 0, WHALE, sender=KEEPER)
    deadline = desk.loan()[3]
    early = desk.stage.attempt(desk.desk, "liquidate", 0, WHALE, ALL, MANY, sender=KEEPER, timestamp=deadline)
    assert (early.ok, early.revert_reason) == (False, "NotLiquidatable(7648, 8300)")
    desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER, timestamp=deadline + 1)
    assert desk.loan()[2:] == (65_00, 0)


# --- Liquidations


def test_liquidate__a_price_above_the_line__reverts(desk: Desk) -> None:
    desk.post(0.7833)
    desk.bid(0.7, 100_000)
    assert desk.refusal("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER) == "NotLiquidatable(8299, 8300)"
    desk.post(0.7832)
    desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER)


def test_liquidate__deep_book_at_the_index__sells_back_to_the_initial_ltv(desk: Desk, event: EventReader) -> None:
    desk.post(0.78)
    desk.bid(0.78, 100_000)
    # s = (650 - 0.65 * 780) / 0.35 = 408.57 dollars, 523.81 ALT, up to a lot.
    lots = -(-(650_000_000 - 65 * 780_000_000 // 100) * 100 * ALT // (35 * 780_000 * LOT))
    assert lots == 52_381
    assert desk.stage.view(desk.desk, "saleLots", 0, WHALE) == lots

    receipt = desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER)

    proceeds = lots * 7_800
    assert event(receipt, "LoanLiquidated") == {
        "lineId": 0,
        "account": WHALE,
        "priceE8": 78_000_000,
        "ltvBpsBefore": 83_34,
        "soldLots": lots,
        "proceeds": proceeds,
        "fee": 0,
        "repaid": proceeds,
        "returned": 0,
    }
    assert desk.loan() == (1_000 * ALT - lots * LOT, 650 * USDT - proceeds, 65_00, 0)
    assert desk.free(desk.desk) == (1_000 * ALT - lots * LOT, DESK_CASH - 650 * USDT + proceeds)
    assert desk.free(WHALE) == (500 * ALT, 650 * USDT)
    assert desk.refusal("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER) == "NotLiquidatable(6500, 8300)"


def test_liquidate__with_a_fee__sells_more_and_the_fund_gets_it(desk: Desk, event: EventReader) -> None:
    desk.own("setTerms", 0, terms(fee_bps=2_00))
    desk.post(0.78)
    desk.bid(0.78, 100_000)
    told = event(desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER), "LoanLiquidated")
    lots = -(-(650_000_000 - 65 * 780_000_000 // 100) * 100 * ALT // (33 * 780_000 * LOT))
    proceeds = lots * 7_800
    fee = -(-proceeds * 2 // 100)
    assert (told["soldLots"], told["proceeds"], told["fee"], told["repaid"]) == (lots, proceeds, fee, proceeds - fee)
    assert desk.free(INSURANCE) == (0, fee)
    assert desk.loan()[2] == 65_00


def test_liquidate__share_and_pause__sells_a_fifth_and_waits(desk: Desk, event: EventReader) -> None:
    desk.own("setTerms", 0, terms(share_bps=20_00, pause=30))
    desk.post(0.66)
    desk.bid(0.66, 100_000)
    receipt = desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER)
    until = desk.stage.chain.timestamp + 30
    assert event(receipt, "LoanLiquidated")["soldLots"] == 20_000
    assert desk.paused_until() == until
    assert desk.refusal("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER) == error("LiquidationPaused", until)
    receipt = desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER, timestamp=until)
    assert event(receipt, "LoanLiquidated")["soldLots"] == 16_000


def test_liquidate__thin_book__sells_what_it_takes_and_not_more_than_allowed(desk: Desk, event: EventReader) -> None:
    desk.post(0.7)
    desk.bid(0.5, 300)
    told = event(desk.act("liquidate", 0, WHALE, 200, MANY, sender=KEEPER), "LoanLiquidated")
    assert (told["soldLots"], told["repaid"]) == (200, 200 * 5_000)
    told = event(desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER), "LoanLiquidated")
    assert (told["soldLots"], told["repaid"]) == (100, 100 * 5_000)
    assert desk.loan()[:2] == (997 * ALT, 650 * USDT - 300 * 5_000)
    assert desk.refusal("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER) == "NothingSold"


def test_liquidate__first_bid_beyond_the_circuit_breaker__halts_the_book_and_leaves_the_loan(
    desk: Desk, event: EventReader
) -> None:
    book = desk.exchange
    book.limit(SECOND_MAKER, BUY, price(1), 1)
    book.act("placeMarket", SELL, 1, 1, sender=TAKER)
    book.own(book.book, "setCircuitBreaker", 10_00, 60, 300)
    desk.bid(0.5, 300)
    desk.post(0.7)
    before = desk.loan()

    receipt = desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER)

    now = desk.stage.chain.timestamp
    assert [log.event for log in receipt.logs] == ["BookHalted", "OrderExpired"]
    assert book.view("haltedUntil") == now + 300
    assert desk.loan() == before


def test_liquidate__sale_above_the_index__returns_what_is_over_the_debt(desk: Desk, event: EventReader) -> None:
    desk.post(0.66)
    desk.bid(1.0, 100_000)
    told = event(desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER), "LoanLiquidated")
    over = told["proceeds"] - 650 * USDT
    assert (told["repaid"], told["returned"]) == (650 * USDT, over)
    assert over > 0
    assert desk.free(WHALE) == (500 * ALT, 650 * USDT + over)
    assert desk.loan() == (1_000 * ALT - told["soldLots"] * LOT, 0, 0, 0)


@pytest.mark.parametrize(
    ("fund", "covered", "loss"), [(0, 0, 350), (100 * USDT, 100, 250), (350 * USDT, 350, 0), (400 * USDT, 350, 0)]
)
def test_liquidate__pledge_sold_and_debt_left__fund_pays_and_the_desk_loses_the_rest(
    desk: Desk, stage: Stage, event: EventReader, fund: int, covered: int, loss: int
) -> None:
    if fund:
        desk.exchange.give(INSURANCE, desk.exchange.usdt, fund)
    desk.post(0.3)
    desk.bid(0.3, 100_000)

    receipt = desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER)

    named = {
        log.event: log.arguments["amount"] for log in receipt.logs if log.event in ("ShortfallCovered", "DeskLoss")
    }
    expected = {"ShortfallCovered": covered * USDT, "DeskLoss": loss * USDT}
    assert named == {name: amount for name, amount in expected.items() if amount}
    assert desk.loan() == (0, 0, 0, 0)
    assert desk.free(INSURANCE) == (0, fund - covered * USDT)
    assert desk.free(desk.desk) == (0, DESK_CASH - loss * USDT)
    assert stage.view(desk.desk, "lossOf", 0) == loss * USDT
    assert stage.view(desk.desk, "totalDebt", 0) == 0


def test_liquidate__less_than_a_lot_pledged__is_settled_without_a_sale(desk: Desk) -> None:
    desk.post(0.3)
    desk.bid(0.3, 100_000)
    desk.act("topUp", 0, LOT - 1)
    desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER)
    assert desk.loan() == (0, 0, 0, 0)
    assert desk.free(INSURANCE) == (LOT - 1, 0)


def test_liquidate__on_the_books_own_index__each_sale_lowers_the_next_ltv(desk: Desk, stage: Stage) -> None:
    pegged = stage.deploy("PostedPriceFeed", "USDT / USD", E8, EXCHANGE)
    feed = stage.deploy("ExchangeIndexFeed", desk.exchange.book.address, pegged.address)
    desk.own("addLine", desk.exchange.book.address, feed.address, terms())
    desk.exchange.give(MAKER, desk.exchange.usdt, 10_000 * USDT)
    desk.exchange.act("requote", [(price(1), 100), (price(0.9), 100), (price(0.75), 90_000)], [], sender=MAKER)
    desk.exchange.act("placeMarket", SELL, 50, 9, sender=TAKER)
    desk.act("borrow", 1, 100 * ALT, 65 * USDT)
    assert stage.view(desk.desk, "isLiquidatable", 1, WHALE) is False
    desk.exchange.act("placeMarket", SELL, 151, 9, sender=TAKER)
    assert stage.view(feed, "latestAnswer") == 75_000_000
    assert stage.view(desk.desk, "isLiquidatable", 1, WHALE) is True
    desk.act("liquidate", 1, WHALE, ALL, MANY, sender=KEEPER)


# --- Feed


def test_exchange_index_feed__book_and_quote__multiplies_and_passes_a_bad_quote_on(desk: Desk, stage: Stage) -> None:
    quote = stage.deploy("PostedPriceFeed", "USDT / USD", 98_765_432, EXCHANGE)
    feed = stage.deploy("ExchangeIndexFeed", desk.exchange.book.address, quote.address)
    assert stage.view(feed, "latestAnswer") == 0
    assert (stage.view(feed, "decimals"), stage.view(feed, "description")) == (8, "ALT / USD, exchange index")
    desk.bid(0.6567, 10)
    desk.exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    assert stage.view(feed, "latestAnswer") == 656_700 * 98_765_432 // USDT
    stage.send(quote, "post", -3, sender=EXCHANGE)
    assert stage.view(feed, "latestAnswer") == -3


def test_add_line__feed_of_other_decimals__reverts(desk: Desk, stage: Stage) -> None:
    with pytest.raises(RevertedCall):
        stage.deploy("ExchangeIndexFeed", desk.exchange.book.address, desk.exchange.usdt.address)
    reason = desk.refusal("addLine", desk.exchange.book.address, desk.exchange.usdt.address, terms(), sender=EXCHANGE)
    assert reason == error("UnsupportedDecimals", desk.exchange.usdt.address, 6)


def test_place_limit__pledged_alts__are_the_desks_and_not_the_whales(desk: Desk) -> None:
    reason = desk.exchange.refusal("placeLimit", SELL, price(1), 50_001, GTC, sender=WHALE)
    assert reason.startswith("InsufficientBalance(")
    desk.exchange.limit(WHALE, SELL, price(1), 50_000)
    assert desk.refusal("addLine", OUTSIDER, OUTSIDER, terms(), sender=WHALE).startswith("Ownable")
