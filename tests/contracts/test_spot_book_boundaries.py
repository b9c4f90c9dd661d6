"""SpotBook at its limits, each from both sides: fees, places in line, own orders, fills, ticks, and a changing book."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from ..conftest import EventReader, Stage
from .exchange_world import (
    ALT,
    BUY,
    EXCHANGE,
    FEES,
    GTC,
    IOC,
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
    open_exchange,
    price,
)

LAST_TICK = 2**24 - 2
MOST_LOTS = 2**48 - 1


def met(receipt: object) -> list[tuple[int, int]]:
    """Identifier and lots of each fill, in order."""
    return [(trade["makerOrderId"], trade["lots"]) for trade in events(receipt, "Trade")]  # type: ignore[arg-type]


def line(exchange: Exchange, side: int, at: int) -> list[tuple[int, int]]:
    """Identifier and lots of each order at a price, first in line first."""
    return [(word >> 80, word >> 32 & MOST_LOTS) for word in exchange.view("queue", side, at)]


# --- Fees


@pytest.mark.parametrize(
    ("lots", "bps", "fee"), [(1, 1, 1), (9_999, 1, 1), (10_000, 1, 1), (10_001, 1, 2), (1_999, 5, 1), (2_001, 5, 2)]
)
def test_trade__fee_at_a_whole_unit_and_beyond__is_rounded_up_for_both(
    stage: Stage, lots: int, bps: int, fee: int
) -> None:
    exchange = open_exchange(stage)
    # Of this grid a lot is one unit of the base, and at the first tick worth one unit of the quote.
    arguments = (exchange.alt.address, exchange.usdt.address, ALT, 1, bps, bps, EXCHANGE)
    book = stage.deploy("SpotBook", exchange.vault.address, *arguments)
    stage.send(exchange.vault, "setOperator", book.address, True, sender=EXCHANGE)
    stage.send(book, "placeLimit", BUY, ALT, lots, GTC, sender=MAKER)

    receipt = stage.send(book, "placeMarket", SELL, lots, 1, sender=TAKER)

    assert [(trade["makerFee"], trade["takerFee"]) for trade in events(receipt, "Trade")] == [(fee, fee)]
    assert exchange.wallets(MAKER, TAKER, FEES) == {
        MAKER: ((1_000 * ALT + lots - fee, 0), (1_000 * USDT - lots, 0)),
        TAKER: ((1_000 * ALT - lots, 0), (1_000 * USDT + lots - fee, 0)),
        FEES: ((fee, 0), (fee, 0)),
    }


def test_trade__fees_of_all__leave_both_sides_nothing(stage: Stage) -> None:
    exchange = open_exchange(stage, maker_fee_bps=100_00, taker_fee_bps=100_00)
    exchange.limit(MAKER, SELL, price(1), 5)
    exchange.act("placeMarket", BUY, 5, 1, sender=TAKER)
    assert exchange.wallets(MAKER, TAKER, FEES) == {
        MAKER: ((1_000 * ALT - 5 * LOT, 0), (1_000 * USDT, 0)),
        TAKER: ((1_000 * ALT, 0), (1_000 * USDT - 50_000, 0)),
        FEES: ((5 * LOT, 0), (50_000, 0)),
    }


def test_trade__purchase__maker_pays_his_fee_in_quote_and_taker_in_base(stage: Stage, event: EventReader) -> None:
    exchange = open_exchange(stage, maker_fee_bps=100, taker_fee_bps=300)
    exchange.limit(MAKER, SELL, price(1), 100)
    trade = event(exchange.act("placeMarket", BUY, 100, 1, sender=TAKER), "Trade")
    assert (trade["makerFee"], trade["takerFee"]) == (10_000, 3 * LOT)
    assert exchange.wallets(FEES) == {FEES: ((3 * LOT, 0), (10_000, 0))}


# --- A grid on which a lot at one tick is worth more than a unit


def test_book__lot_worth_seven_units_at_the_first_tick__locks_pays_and_releases_by_sevens(stage: Stage) -> None:
    world = open_exchange(stage)
    arguments = (world.vault.address, world.alt.address, world.usdt.address, TICK, 7 * LOT, 0, 0, EXCHANGE)
    book = stage.deploy("SpotBook", *arguments)
    stage.send(world.vault, "setOperator", book.address, True, sender=EXCHANGE)
    exchange = replace(world, book=book)

    def locked(account: str) -> tuple[int, int]:
        return exchange.balance(account, exchange.alt)[1], exchange.balance(account, exchange.usdt)[1]

    order = exchange.limit(MAKER, BUY, 10 * TICK, 3)
    assert locked(MAKER) == (0, 7 * 10 * 3)
    exchange.act("cancel", order, sender=MAKER)
    assert locked(MAKER) == (0, 0)
    exchange.act("requote", [(10 * TICK, 3), (9 * TICK, 2)], [(12 * TICK, 4)], sender=MAKER)
    assert locked(MAKER) == (4 * 7 * LOT, 7 * (30 + 18))
    assert exchange.view("depth", [10_000]) == [5, 7 * (30 + 18), 4, 7 * 12 * 4]
    exchange.act("placeMarket", SELL, 4, 1, sender=TAKER)
    assert locked(TAKER) == (7 * LOT, 0)
    assert exchange.balance(TAKER, exchange.usdt) == (1_000 * USDT + 7 * 30, 0)
    exchange.act("continueMarket", TAKER, 1, sender=OUTSIDER)
    assert exchange.balance(TAKER, exchange.usdt) == (1_000 * USDT + 7 * (30 + 9), 0)
    assert exchange.balance(TAKER, exchange.alt) == (1_000 * ALT - 4 * 7 * LOT, 0)
    exchange.act("requote", [(9 * TICK, 1)], [], sender=MAKER)
    assert locked(MAKER) == (0, 7 * 9)
    exchange.act("cancelAll", sender=MAKER)
    assert locked(MAKER) == (0, 0)

    # Of 335 units three lots can be paid at 12 ticks, which are 84 each, and none at 49 ticks.
    exchange.act("requote", [], [(12 * TICK, 9), (49 * TICK, 9)], sender=MAKER)
    stage.send(world.vault, "withdraw", exchange.usdt.address, 1_000 * USDT + 7 * 39 - 335, sender=TAKER)
    assert sum(lots for _, lots in met(exchange.act("placeMarket", BUY, 20, 1, sender=TAKER))) == 3
    assert exchange.balance(TAKER, exchange.usdt) == (335 - 3 * 84, 0)
    assert exchange.view("remainderOf", TAKER)[1] == 0


# --- Places in line


def test_line__cancellations_between__leave_the_others_in_their_order(exchange: Exchange) -> None:
    at = price(1)
    first, second, third, fourth, fifth = (
        exchange.limit(who, SELL, at, lots)
        for who, lots in ((MAKER, 10), (SECOND_MAKER, 20), (MAKER, 30), (SECOND_MAKER, 40), (MAKER, 50))
    )
    assert met(exchange.act("placeMarket", BUY, 4, 9, sender=TAKER)) == [(first, 4)]
    assert line(exchange, SELL, at) == [(first, 6), (second, 20), (third, 30), (fourth, 40), (fifth, 50)]

    exchange.act("cancel", first, sender=MAKER)
    assert line(exchange, SELL, at) == [(second, 20), (third, 30), (fourth, 40), (fifth, 50)]
    exchange.act("cancel", third, sender=MAKER)
    exchange.act("cancel", fifth, sender=MAKER)
    again = exchange.limit(MAKER, SELL, at, 60)
    assert line(exchange, SELL, at) == [(second, 20), (fourth, 40), (again, 60)]
    assert exchange.view("levels", SELL, 9) == [at, 120]

    assert met(exchange.act("placeMarket", BUY, 61, 9, sender=TAKER)) == [(second, 20), (fourth, 40), (again, 1)]
    assert line(exchange, SELL, at) == [(again, 59)]
    exchange.act("cancel", again, sender=MAKER)
    assert (line(exchange, SELL, at), exchange.view("levels", SELL, 9)) == ([], [])
    assert exchange.top() == (at, 0, 0)


def test_line__maker_who_quotes_anew__goes_behind_the_others(exchange: Exchange) -> None:
    exchange.act("requote", [(price(1), 10), (price(0.9), 10)], [], sender=MAKER)
    other = exchange.limit(SECOND_MAKER, BUY, price(1), 5)
    exchange.act("requote", [(price(1), 10), (price(0.9), 10)], [], sender=MAKER)
    [(front, _), (behind, _)] = line(exchange, BUY, price(1))
    assert (front, behind != other) == (other, True)
    receipt = exchange.act("placeMarket", SELL, 17, 9, sender=TAKER)
    assert [(trade["maker"], trade["lots"]) for trade in events(receipt, "Trade")] == [
        (SECOND_MAKER, 5),
        (MAKER, 10),
        (MAKER, 2),
    ]


@pytest.mark.parametrize(("lots", "left"), [(9, [1]), (10, []), (11, [])])
def test_fill__just_under_at_and_over_an_orders_size__leaves_the_rest(
    exchange: Exchange, lots: int, left: list[int]
) -> None:
    exchange.limit(MAKER, BUY, price(1), 10)
    receipt = exchange.act("placeMarket", SELL, lots, 9, sender=TAKER)
    assert [size for _, size in line(exchange, BUY, price(1))] == left
    assert [told["lots"] for told in events(receipt, "OrderExpired")] == [1] * (lots > 10)
    assert exchange.balance(MAKER, exchange.usdt) == (1_000 * USDT - 100_000, 10_000 * sum(left))


# --- Own orders


@pytest.mark.parametrize(("most_fills", "filled", "pending"), [(1, 0, 30), (2, 30, 0)])
def test_match__own_order_first_in_line__takes_one_of_the_fills(
    exchange: Exchange, most_fills: int, filled: int, pending: int
) -> None:
    own = exchange.limit(TAKER, BUY, price(1), 50)
    exchange.limit(MAKER, BUY, price(1), 50)
    receipt = exchange.act("placeMarket", SELL, 30, most_fills, sender=TAKER)
    assert [told["orderId"] for told in events(receipt, "OrderCancelled")] == [own]
    assert sum(trade["lots"] for trade in events(receipt, "Trade")) == filled
    assert exchange.view("remainderOf", TAKER)[1] == pending
    assert exchange.balance(TAKER, exchange.usdt) == (1_000 * USDT + filled * 10_000, 0)


def test_place_limit__across_nothing_but_own_orders__cancels_them_and_rests(exchange: Exchange) -> None:
    own = [exchange.limit(TAKER, SELL, price(at), 5) for at in (1, 1.01, 1.02)]
    receipt = exchange.act("placeLimit", BUY, price(1.01), 7, GTC, sender=TAKER)
    assert [told["orderId"] for told in events(receipt, "OrderCancelled")] == own[:2]
    assert events(receipt, "Trade") == []
    assert exchange.top() == (0, price(1.01), price(1.02))
    assert exchange.wallets(TAKER) == {TAKER: ((1_000 * ALT - 5 * LOT, 5 * LOT), (1_000 * USDT - 70_700, 70_700))}


def test_place_limit__own_order_worse_than_the_limit__stays(exchange: Exchange) -> None:
    own = exchange.limit(TAKER, SELL, price(1) + TICK, 5)
    receipt = exchange.act("placeLimit", BUY, price(1), 7, IOC, sender=TAKER)
    assert events(receipt, "OrderCancelled") == []
    assert line(exchange, SELL, price(1) + TICK) == [(own, 5)]


def test_force_sell__own_bid_first__is_cancelled_and_the_next_is_met(exchange: Exchange, stage: Stage) -> None:
    exchange.limit(TAKER, BUY, price(1), 50)
    other = exchange.limit(MAKER, BUY, price(0.9), 50)
    stage.send(exchange.vault, "setOperator", OUTSIDER, True, sender=EXCHANGE)
    receipt = exchange.act("forceSell", TAKER, 20, 2, sender=OUTSIDER)
    assert met(receipt) == [(other, 20)]
    assert exchange.balance(TAKER, exchange.usdt) == (1_000 * USDT + 20 * 9_000, 0)


@pytest.mark.parametrize(("most_fills", "sold"), [(0, 0), (1, 10), (2, 15)])
def test_force_sell__number_of_fills__is_kept_and_the_rest_expires(
    exchange: Exchange, stage: Stage, most_fills: int, sold: int, event: EventReader
) -> None:
    exchange.act("requote", [(price(1), 10), (price(0.9), 5), (price(0.8), 5)], [], sender=MAKER)
    stage.send(exchange.vault, "setOperator", OUTSIDER, True, sender=EXCHANGE)
    receipt = exchange.act("forceSell", TAKER, 30, most_fills, sender=OUTSIDER)
    assert sum(trade["lots"] for trade in events(receipt, "Trade")) == sold
    assert event(receipt, "OrderExpired")["lots"] == 30 - sold
    assert exchange.view("remainderOf", TAKER)[1] == 0


@pytest.mark.parametrize("lots", [0, MOST_LOTS + 1])
def test_force_sell__size_of_nothing_or_too_much__reverts(exchange: Exchange, stage: Stage, lots: int) -> None:
    stage.send(exchange.vault, "setOperator", OUTSIDER, True, sender=EXCHANGE)
    assert exchange.refusal("forceSell", TAKER, lots, 1, sender=OUTSIDER) == error("InvalidSize", lots)


# --- Sizes and numbers of fills


@pytest.mark.parametrize(("orders", "rests"), [(200, True), (201, False)])
def test_place_limit__as_many_orders_as_it_may_meet__rests_and_with_one_more_expires(
    exchange: Exchange, orders: int, rests: bool
) -> None:
    exchange.act("requote", [], [(price(0.5) + k * TICK, 1) for k in range(orders)], sender=MAKER)
    receipt = exchange.act("placeLimit", BUY, price(0.6), 250, GTC, sender=TAKER)
    assert len(events(receipt, "Trade")) == 200
    assert [told["lots"] for told in events(receipt, "OrderPlaced")] == [50] * rests
    assert [told["lots"] for told in events(receipt, "OrderExpired")] == [50] * (not rests)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_place_market__largest_size__expires_on_an_empty_book(
    exchange: Exchange, event: EventReader, side: int
) -> None:
    assert event(exchange.act("placeMarket", side, MOST_LOTS, 1, sender=TAKER), "OrderExpired")["lots"] == MOST_LOTS


def test_continue_market__no_fills_allowed__reverts_and_keeps_the_order(exchange: Exchange) -> None:
    exchange.act("requote", [(price(1), 10), (price(0.9), 10)], [], sender=MAKER)
    exchange.act("placeMarket", SELL, 15, 1, sender=TAKER)
    assert exchange.refusal("continueMarket", TAKER, 0, sender=OUTSIDER) == "InvalidSize(0)"
    assert tuple(exchange.view("remainderOf", TAKER)) == (SELL, 5)


@pytest.mark.parametrize("rungs", [(256, 0), (0, 256), (100, 156)])
def test_requote__as_many_rungs_as_slots__all_rest_and_fill_the_slots(
    exchange: Exchange, rungs: tuple[int, int]
) -> None:
    bids = [(price(0.1) + k * TICK, 1) for k in range(rungs[0])]
    asks = [(price(1) + k * TICK, 1) for k in range(rungs[1])]
    exchange.act("requote", bids, asks, sender=MAKER)
    assert len(exchange.view("openOrders", MAKER)) == 256
    assert exchange.refusal("placeLimit", BUY, TICK, 1, GTC, sender=MAKER) == "TooManyOrders(256)"


@pytest.mark.parametrize("kind", [GTC, IOC])
@pytest.mark.parametrize(("cash", "works"), [(50_000, True), (49_999, False)])
def test_place_limit__purchase_that_cannot_pay_all_it_meets__reverts_whole(
    exchange: Exchange, stage: Stage, kind: int, cash: int, works: bool
) -> None:
    exchange.limit(MAKER, SELL, price(1), 5)
    stage.send(exchange.vault, "withdraw", exchange.usdt.address, 1_000 * USDT - cash, sender=TAKER)
    attempt = stage.attempt(exchange.book, "placeLimit", BUY, price(1), 5, kind, sender=TAKER)
    assert attempt.ok is works
    if not works:
        assert attempt.revert_reason == error("InsufficientBalance", TAKER, exchange.usdt.address, 50_000, cash)


@pytest.mark.parametrize(("lots", "expired"), [(10, []), (11, [1]), (12, [2])])
def test_force_sell__just_over_what_is_bid__tells_what_expires(
    exchange: Exchange, stage: Stage, lots: int, expired: list[int]
) -> None:
    exchange.limit(MAKER, BUY, price(1), 10)
    stage.send(exchange.vault, "setOperator", OUTSIDER, True, sender=EXCHANGE)
    receipt = exchange.act("forceSell", TAKER, lots, 5, sender=OUTSIDER)
    assert [told["lots"] for told in events(receipt, "OrderExpired")] == expired


# --- Ticks: the tree's words end at powers of 256

EDGES = [1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 131_071, 131_072, 2**24 - 3, LAST_TICK]


def test_levels__prices_at_the_ends_of_the_trees_words__are_found_in_order(exchange: Exchange) -> None:
    scrambled = EDGES[::3] + EDGES[1::3] + EDGES[2::3]
    exchange.act("requote", [], [(tick * TICK, tick % 7 + 1) for tick in scrambled], sender=MAKER)
    expected = [word for tick in EDGES for word in (tick * TICK, tick % 7 + 1)]
    assert exchange.view("levels", SELL, 99) == expected
    exchange.act("cancelAll", sender=MAKER)
    exchange.act("requote", [(tick * TICK, tick % 7 + 1) for tick in scrambled], [], sender=SECOND_MAKER)
    expected = [word for tick in reversed(EDGES) for word in (tick * TICK, tick % 7 + 1)]
    assert exchange.view("levels", BUY, 99) == expected


def test_levels__emptied_one_after_another__the_best_is_the_next(exchange: Exchange) -> None:
    for (low, high), side in ((pair, side) for pair in pairwise(EDGES) for side in (BUY, SELL)):
        near, far = (high, low) if side == BUY else (low, high)
        orders = [exchange.limit(MAKER, side, tick * TICK, 1) for tick in (near, far)]
        best = 1 if side == BUY else 2
        assert exchange.top()[best] == near * TICK
        exchange.act("cancel", orders[0], sender=MAKER)
        assert exchange.top()[best] == far * TICK
        exchange.act("cancel", orders[1], sender=MAKER)
        assert exchange.top()[best] == 0


# --- A market order over several transactions, while the book changes


def test_continue_market__sale_over_three_transactions__meets_the_book_as_it_is_each_time(exchange: Exchange) -> None:
    exchange.act("requote", [(price(1), 10), (price(0.9), 10), (price(0.8), 10)], [], sender=MAKER)
    receipt = exchange.act("placeMarket", SELL, 60, 1, sender=TAKER)
    assert [(trade["price"], trade["lots"]) for trade in events(receipt, "Trade")] == [(price(1), 10)]

    better = exchange.limit(SECOND_MAKER, BUY, price(0.95), 15)
    receipt = exchange.act("continueMarket", TAKER, 1, sender=OUTSIDER)
    assert met(receipt) == [(better, 15)]
    assert [told["lots"] for told in events(receipt, "MarketOrderPending")] == [35]
    assert exchange.balance(TAKER, exchange.alt) == (1_000 * ALT - 60 * LOT, 35 * LOT)

    exchange.act("requote", [(price(0.7), 12)], [], sender=MAKER)
    own = exchange.limit(TAKER, BUY, price(0.75), 3)
    receipt = exchange.act("continueMarket", TAKER, 2, sender=OUTSIDER)
    assert [told["orderId"] for told in events(receipt, "OrderCancelled")] == [own]
    assert [(trade["price"], trade["lots"]) for trade in events(receipt, "Trade")] == [(price(0.7), 12)]
    assert [told["lots"] for told in events(receipt, "OrderExpired")] == [23]
    assert exchange.balance(TAKER, exchange.alt) == (1_000 * ALT - 37 * LOT, 0)
    received = 10 * 10_000 + 15 * 9_500 + 12 * 7_000
    assert exchange.balance(TAKER, exchange.usdt) == (1_000 * USDT + received, 0)


def test_continue_market__purchase_over_three_transactions__pays_as_it_goes(exchange: Exchange) -> None:
    exchange.act("requote", [], [(price(1), 10), (price(1.1), 10), (price(1.2), 10)], sender=MAKER)
    exchange.act("placeMarket", BUY, 40, 1, sender=TAKER)
    assert exchange.balance(TAKER, exchange.usdt) == (1_000 * USDT - 100_000, 0)
    cheaper = exchange.limit(SECOND_MAKER, SELL, price(1.05), 4)
    assert met(exchange.act("continueMarket", TAKER, 1, sender=OUTSIDER)) == [(cheaper, 4)]
    assert tuple(exchange.view("remainderOf", TAKER)) == (BUY, 26)
    receipt = exchange.act("continueMarket", TAKER, 5, sender=OUTSIDER)
    assert [(trade["price"], trade["lots"]) for trade in events(receipt, "Trade")] == [
        (price(1.1), 10),
        (price(1.2), 10),
    ]
    assert [told["lots"] for told in events(receipt, "OrderExpired")] == [6]
    assert exchange.balance(TAKER, exchange.alt) == (1_000 * ALT + 34 * LOT, 0)
    assert exchange.balance(TAKER, exchange.usdt) == (1_000 * USDT - 100_000 - 42_000 - 110_000 - 120_000, 0)


@pytest.mark.parametrize(("lots", "pending"), [(20, 0), (21, 1)])
def test_place_market__filled_with_its_last_fill__leaves_nothing_pending(
    exchange: Exchange, lots: int, pending: int
) -> None:
    exchange.act("requote", [(price(1), 10), (price(0.9), 10), (price(0.8), 10)], [], sender=MAKER)
    receipt = exchange.act("placeMarket", SELL, lots, 2, sender=TAKER)
    assert [told["lots"] for told in events(receipt, "MarketOrderPending")] == [pending] * (pending > 0)
    assert exchange.balance(TAKER, exchange.alt) == (1_000 * ALT - lots * LOT, pending * LOT)


# --- Circuit breaker


@pytest.mark.parametrize(("bid", "halts"), [(0.9, False), (0.8999, True)])
def test_circuit_breaker__sale_at_and_under_the_lowest_price__fills_and_halts(
    exchange: Exchange, bid: float, halts: bool
) -> None:
    exchange.act("requote", [(price(1), 1), (price(bid), 10)], [], sender=MAKER)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    exchange.own(exchange.book, "setCircuitBreaker", 10_00, 60, 300)
    receipt = exchange.act("placeMarket", SELL, 5, 10, sender=TAKER)
    assert (len(events(receipt, "BookHalted")), len(events(receipt, "Trade"))) == (halts, not halts)


@pytest.mark.parametrize(("after", "halts"), [(59, True), (60, False)])
def test_circuit_breaker__window_at_its_end__begins_anew(exchange: Exchange, after: int, halts: bool) -> None:
    exchange.act("requote", [(price(1), 1), (price(0.95), 5), (price(0.89), 5)], [], sender=MAKER)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    exchange.own(exchange.book, "setCircuitBreaker", 10_00, 60, 300)
    start = exchange.stage.chain.timestamp
    exchange.act("placeMarket", SELL, 5, 1, sender=TAKER)
    receipt = exchange.act("placeMarket", SELL, 5, 1, sender=TAKER, timestamp=start + after)
    assert len(events(receipt, "BookHalted")) == halts


def test_circuit_breaker__purchases_and_a_book_without_a_trade__never_halt(exchange: Exchange) -> None:
    exchange.own(exchange.book, "setCircuitBreaker", 10_00, 60, 300)
    exchange.act("requote", [(price(0.1), 5)], [(price(1), 5), (price(9), 5)], sender=MAKER)
    assert events(exchange.act("placeMarket", SELL, 1, 1, sender=TAKER), "BookHalted") == []
    assert events(exchange.act("placeMarket", BUY, 10, 9, sender=TAKER), "BookHalted") == []
    assert exchange.view("haltedUntil") == 0


@pytest.mark.parametrize(("early", "works"), [(1, False), (0, True)])
def test_halt__last_second__refuses_and_the_next_works(exchange: Exchange, early: int, works: bool) -> None:
    exchange.act("requote", [(price(1), 1), (price(0.5), 5)], [], sender=MAKER)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    exchange.own(exchange.book, "setCircuitBreaker", 10_00, 60, 300)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    until = exchange.view("haltedUntil")
    arguments = (exchange.book, "placeMarket", BUY, 1, 1)
    assert exchange.stage.attempt(*arguments, sender=TAKER, timestamp=until - early).ok is works
