"""SpotBook's market orders: how they are filled, when they are pending, and when they expire."""

from __future__ import annotations

import pytest

from cascade.chain.local import Receipt

from ..conftest import EventReader
from .exchange_world import (
    ALT,
    BUY,
    LOT,
    MAKER,
    OUTSIDER,
    SECOND_MAKER,
    SELL,
    TAKER,
    TICK,
    USDT,
    Exchange,
    error,
    events,
    price,
    value,
)

# --- Filling


@pytest.mark.parametrize("side", [BUY, SELL])
def test_place_market__empty_book__expires_at_no_price(exchange: Exchange, event: EventReader, side: int) -> None:
    receipt = exchange.act("placeMarket", side, 100, 10, sender=TAKER)
    assert event(receipt, "OrderExpired") == {"account": TAKER, "side": side, "lots": 100}
    assert [log.event for log in receipt.logs] == ["OrderExpired"]
    assert exchange.top() == (0, 0, 0)
    assert exchange.wallets(TAKER) == {TAKER: ((1_000 * ALT, 0), (1_000 * USDT, 0))}


def test_place_market__walks_to_a_forgotten_order__price_is_that_orders(exchange: Exchange, event: EventReader) -> None:
    exchange.limit(SECOND_MAKER, BUY, price(0.0001), 5_000)
    exchange.limit(MAKER, BUY, price(1), 100)

    receipt = exchange.act("placeMarket", SELL, 5_100, 10, sender=TAKER)

    assert [(trade["price"], trade["lots"]) for trade in events(receipt, "Trade")] == [(price(1), 100), (TICK, 5_000)]
    assert event(receipt, "TopMoved") == {"last": TICK, "bid": 0, "ask": 0}
    assert exchange.balance(TAKER, exchange.usdt) == (1_000 * USDT + value(100, price(1)) + 5_000, 0)


def test_place_market__larger_than_its_transaction__goes_on_in_the_next(exchange: Exchange, event: EventReader) -> None:
    rungs = [(price(1) - k * TICK, 10) for k in range(25)]
    exchange.act("requote", rungs, [], sender=MAKER)

    receipt = exchange.act("placeMarket", SELL, 300, 10, sender=TAKER)

    assert len(events(receipt, "Trade")) == 10
    assert event(receipt, "MarketOrderPending") == {"account": TAKER, "side": SELL, "lots": 200}
    assert tuple(exchange.view("remainderOf", TAKER)) == (SELL, 200)
    assert exchange.balance(TAKER, exchange.alt) == (1_000 * ALT - 300 * LOT, 200 * LOT)
    reason = exchange.refusal("placeMarket", SELL, 1, 10, sender=TAKER)
    assert reason == error("MarketOrderUnfinished", TAKER)

    second = exchange.act("continueMarket", TAKER, 10, sender=OUTSIDER)
    assert len(events(second, "Trade")) == 10
    assert exchange.balance(TAKER, exchange.alt) == (1_000 * ALT - 300 * LOT, 100 * LOT)
    third = exchange.act("continueMarket", TAKER, 10, sender=OUTSIDER)
    assert len(events(third, "Trade")) == 5
    assert event(third, "OrderExpired") == {"account": TAKER, "side": SELL, "lots": 50}
    assert exchange.balance(TAKER, exchange.alt) == (1_000 * ALT - 250 * LOT, 0)
    assert exchange.balance(TAKER, exchange.usdt)[0] == 1_000 * USDT + sum(10 * at // TICK for at, _ in rungs)
    assert exchange.refusal("continueMarket", TAKER, 10, sender=OUTSIDER) == error("NoMarketOrder", TAKER)


def test_place_market__purchase_beyond_the_purse__buys_what_it_can_pay(exchange: Exchange, event: EventReader) -> None:
    exchange.give(MAKER, exchange.alt, 9_000 * ALT)
    exchange.limit(MAKER, SELL, price(1.5), 1_000_000)
    receipt = exchange.act("placeMarket", BUY, 100_000, 10, sender=TAKER)
    affordable = 1_000 * USDT // 15_000
    assert event(receipt, "Trade")["lots"] == affordable
    assert event(receipt, "OrderExpired")["lots"] == 100_000 - affordable
    assert exchange.balance(TAKER, exchange.usdt) == (1_000 * USDT - affordable * 15_000, 0)


def test_place_market__sale_of_more_than_is_there__reverts(exchange: Exchange) -> None:
    exchange.give(MAKER, exchange.usdt, 9_000 * USDT)
    exchange.limit(MAKER, BUY, price(1), 200_000)
    reason = exchange.refusal("placeMarket", SELL, 100_001, 10, sender=TAKER)
    assert reason == error("InsufficientBalance", TAKER, exchange.alt.address, 1_000 * ALT + LOT, 1_000 * ALT)
    exchange.act("placeMarket", SELL, 100_000, 10, sender=TAKER)


def test_place_market__no_fills_allowed__reverts(exchange: Exchange) -> None:
    assert exchange.refusal("placeMarket", SELL, 1, 0, sender=TAKER) == "InvalidSize(0)"


def test_cancel_all__with_a_market_order_pending__ends_that_order(exchange: Exchange) -> None:
    exchange.act("requote", [(price(1), 10), (price(0.9), 10)], [], sender=MAKER)
    exchange.limit(TAKER, SELL, price(2), 7)
    exchange.act("placeMarket", SELL, 20, 1, sender=TAKER)
    assert exchange.balance(TAKER, exchange.alt)[1] == 17 * LOT
    exchange.act("cancelAll", sender=TAKER)
    assert exchange.balance(TAKER, exchange.alt) == (1_000 * ALT - 10 * LOT, 0)
    assert exchange.refusal("continueMarket", TAKER, 1, sender=TAKER) == error("NoMarketOrder", TAKER)


# --- Pending and expiring


def leave_cash(exchange: Exchange, amount: int) -> None:
    """Withdraw the taker's USDT down to an amount of units."""
    free, _ = exchange.balance(TAKER, exchange.usdt)
    exchange.stage.send(exchange.vault, "withdraw", exchange.usdt.address, free - amount, sender=TAKER)


def assert_expired(exchange: Exchange, receipt: Receipt, lots: int) -> None:
    """The rest expired, nothing is pending, and the account may place its next order."""
    assert [told["lots"] for told in events(receipt, "OrderExpired")] == [lots]
    assert events(receipt, "MarketOrderPending") == []
    assert tuple(exchange.view("remainderOf", TAKER))[1] == 0
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)


@pytest.mark.parametrize("most_fills", [1, 2])
def test_place_market__purchase_that_cannot_pay_one_lot__expires_whatever_its_number_of_fills(
    exchange: Exchange, most_fills: int
) -> None:
    exchange.limit(MAKER, SELL, price(1), 100)
    leave_cash(exchange, 9_999)
    receipt = exchange.act("placeMarket", BUY, 5, most_fills, sender=TAKER)
    assert events(receipt, "Trade") == []
    assert_expired(exchange, receipt, 5)


def test_place_market__purchase_of_which_the_last_fill_takes_all_cash__expires(exchange: Exchange) -> None:
    exchange.limit(MAKER, SELL, price(1), 100)
    leave_cash(exchange, 39_999)
    receipt = exchange.act("placeMarket", BUY, 5, 1, sender=TAKER)
    assert [trade["lots"] for trade in events(receipt, "Trade")] == [3]
    assert_expired(exchange, receipt, 2)


@pytest.mark.parametrize(("left_over", "pending"), [(0, 0), (10_099, 0), (10_100, 4), (20_200, 4)])
def test_place_market__fills_used_up__is_pending_only_with_the_price_of_one_lot_of_the_next(
    exchange: Exchange, left_over: int, pending: int
) -> None:
    exchange.limit(MAKER, SELL, price(1), 6)
    exchange.limit(MAKER, SELL, price(1.01), 6)
    leave_cash(exchange, 6 * 10_000 + left_over)
    receipt = exchange.act("placeMarket", BUY, 10, 1, sender=TAKER)
    assert [trade["lots"] for trade in events(receipt, "Trade")] == [6]
    if not pending:
        assert_expired(exchange, receipt, 4)
        return
    assert [told["lots"] for told in events(receipt, "MarketOrderPending")] == [pending]
    assert tuple(exchange.view("remainderOf", TAKER)) == (BUY, pending)


def test_continue_market__cash_withdrawn_in_between__expires_and_the_next_order_works(exchange: Exchange) -> None:
    exchange.act("requote", [], [(price(1), 6), (price(1.01), 6)], sender=MAKER)
    exchange.act("placeMarket", BUY, 10, 1, sender=TAKER)
    leave_cash(exchange, 10_099)
    receipt = exchange.act("continueMarket", TAKER, 1, sender=OUTSIDER)
    assert events(receipt, "Trade") == []
    assert_expired(exchange, receipt, 4)


def test_place_market__sale_that_empties_the_bids_with_its_last_fill__expires(exchange: Exchange) -> None:
    exchange.limit(MAKER, BUY, price(1), 6)
    receipt = exchange.act("placeMarket", SELL, 10, 1, sender=TAKER)
    assert_expired(exchange, receipt, 4)
    assert exchange.balance(TAKER, exchange.alt) == (1_000 * ALT - 6 * LOT, 0)


@pytest.mark.parametrize(("lots", "fits"), [(100_000, True), (100_001, False)])
def test_place_market__sale_pending_beyond_the_inventory__reverts_and_all_of_it_works(
    exchange: Exchange, lots: int, fits: bool
) -> None:
    exchange.act("requote", [(price(1), 10), (price(0.9), 10)], [], sender=MAKER)
    arguments = ("placeMarket", SELL, lots, 1)
    if fits:
        exchange.act(*arguments, sender=TAKER)
        assert exchange.balance(TAKER, exchange.alt) == (0, (lots - 10) * LOT)
        return
    left = 1_000 * ALT - 10 * LOT
    expected = error("InsufficientBalance", TAKER, exchange.alt.address, left + LOT, left)
    assert exchange.refusal(*arguments, sender=TAKER) == expected
