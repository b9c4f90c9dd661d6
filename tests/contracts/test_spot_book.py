"""SpotBook: price-time priority, the kinds of orders, fees, the index and the circuit breaker, each by hand."""

from __future__ import annotations

import pytest

from cascade.chain.local import address_of
from cascade.errors import RevertedCall

from ..conftest import EventReader, Stage
from .exchange_world import (
    ALT,
    BUY,
    E8,
    EXCHANGE,
    FEES,
    GTC,
    IOC,
    LOT,
    MAKER,
    OUTSIDER,
    POST_ONLY,
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
    value,
)

MOST_LOTS = 2**48 - 1
LAST_TICK = 2**24 - 2


def ceil_bps(amount: int, bps: int) -> int:
    return -(-amount * bps // 10_000)


# --- Construction


@pytest.mark.parametrize(("tick", "lot"), [(0, LOT), (TICK, 0), (TICK, LOT // 10), (TICK // 2, LOT), (TICK, LOT + 1)])
def test_constructor__a_lot_at_a_tick_is_no_whole_unit__reverts(
    exchange: Exchange, stage: Stage, tick: int, lot: int
) -> None:
    assert refused_book(exchange, stage, tick=tick, lot=lot) == error("TickDoesNotDivide", tick, lot, ALT)


def test_constructor__coarser_grid__works(exchange: Exchange, stage: Stage) -> None:
    assert refused_book(exchange, stage, tick=TICK * 10, lot=LOT // 10) == ""
    assert refused_book(exchange, stage, tick=TICK, lot=3 * LOT) == ""


def test_constructor__base_against_itself__reverts(exchange: Exchange, stage: Stage) -> None:
    reason = refused_book(exchange, stage, base=exchange.usdt.address)
    assert reason == error("IdenticalAssets", exchange.usdt.address)


def test_constructor__fees_of_more_than_the_amount__revert(exchange: Exchange, stage: Stage) -> None:
    assert refused_book(exchange, stage, maker_fee=100_01) == "InvalidBps(10001)"
    assert refused_book(exchange, stage, maker_fee=100_00) == ""


def refused_book(
    exchange: Exchange, stage: Stage, *, base: str = "", tick: int = TICK, lot: int = LOT, maker_fee: int = 0
) -> str:
    """Why such a book cannot be deployed; empty where it can."""
    arguments = (base or exchange.alt.address, exchange.usdt.address, tick, lot, maker_fee, 0, EXCHANGE)
    try:
        stage.deploy("SpotBook", exchange.vault.address, *arguments)
    except RevertedCall as failure:
        return failure.reason
    return ""


# --- Resting


def test_place_limit__bid_on_an_empty_book__rests_and_locks_its_value(exchange: Exchange, event: EventReader) -> None:
    receipt = exchange.act("placeLimit", BUY, price(0.95), 2_000, GTC, sender=MAKER)

    placed = event(receipt, "OrderPlaced")
    assert {**placed, "orderId": 0} == {
        "orderId": 0,
        "maker": MAKER,
        "side": BUY,
        "price": price(0.95),
        "lots": 2_000,
    }
    assert event(receipt, "TopMoved") == {"last": 0, "bid": price(0.95), "ask": 0}
    assert exchange.balance(MAKER, exchange.usdt) == (981 * USDT, 19 * USDT)
    assert exchange.balance(MAKER, exchange.alt) == (1_000 * ALT, 0)
    assert exchange.view("levels", BUY, 5) == [price(0.95), 2_000]


def test_place_limit__ask_on_an_empty_book__rests_and_locks_its_lots(exchange: Exchange) -> None:
    exchange.limit(MAKER, SELL, price(1.05), 2_000)
    assert exchange.balance(MAKER, exchange.alt) == (980 * ALT, 20 * ALT)
    assert exchange.view("levels", SELL, 5) == [price(1.05), 2_000]
    assert exchange.top() == (0, 0, price(1.05))


@pytest.mark.parametrize("at", [0, TICK - 1, TICK + 1, (LAST_TICK + 1) * TICK])
def test_place_limit__price_off_the_grid__reverts(exchange: Exchange, at: int) -> None:
    assert exchange.refusal("placeLimit", SELL, at, 1, GTC, sender=MAKER) == error("PriceOffGrid", at, TICK)


@pytest.mark.parametrize("at", [TICK, LAST_TICK * TICK])
def test_place_limit__first_and_last_tick__rest_and_can_be_cancelled(exchange: Exchange, at: int) -> None:
    order = exchange.limit(MAKER, SELL, at, 1)
    assert exchange.top() == (0, 0, at)
    exchange.act("cancel", order, sender=MAKER)
    assert exchange.top() == (0, 0, 0)


@pytest.mark.parametrize("lots", [0, MOST_LOTS + 1])
def test_place__size_of_nothing_or_too_much__reverts(exchange: Exchange, lots: int) -> None:
    expected = error("InvalidSize", lots)
    assert exchange.refusal("placeLimit", SELL, price(1), lots, GTC, sender=MAKER) == expected
    assert exchange.refusal("placeMarket", SELL, lots, 10, sender=MAKER) == expected


def test_place_limit__maker_without_inventory__reverts_and_all_he_has_works(exchange: Exchange) -> None:
    lots = 1_000 * ALT // LOT
    reason = exchange.refusal("placeLimit", SELL, price(1), lots + 1, GTC, sender=MAKER)
    assert reason == error("InsufficientBalance", MAKER, exchange.alt.address, 1_000 * ALT + LOT, 1_000 * ALT)
    exchange.limit(MAKER, SELL, price(1), lots)
    reason = exchange.refusal("placeLimit", BUY, price(0.5), 2 * lots + 1, GTC, sender=MAKER)
    assert reason == error("InsufficientBalance", MAKER, exchange.usdt.address, 1_000 * USDT + 5_000, 1_000 * USDT)
    exchange.limit(MAKER, BUY, price(0.5), 2 * lots)
    assert exchange.wallets(MAKER) == {MAKER: ((0, 1_000 * ALT), (0, 1_000 * USDT))}


def test_place_limit__more_orders_than_slots__reverts_until_one_is_cancelled(exchange: Exchange) -> None:
    rungs = [(price(0.1) + k * TICK, 1) for k in range(256)]
    exchange.act("requote", rungs, [], sender=MAKER)
    reason = exchange.refusal("placeLimit", BUY, price(0.01), 1, GTC, sender=MAKER)
    assert reason == "TooManyOrders(256)"
    words = exchange.view("openOrders", MAKER)
    exchange.act("cancel", words[77] >> 80, sender=MAKER)
    exchange.limit(MAKER, BUY, price(0.01), 1)
    assert len(exchange.view("openOrders", MAKER)) == 256


def test_place_limit__frozen_account__reverts(exchange: Exchange, stage: Stage) -> None:
    stage.send(exchange.vault, "setOperator", OUTSIDER, True, sender=EXCHANGE)
    stage.send(exchange.vault, "setFrozen", MAKER, True, sender=OUTSIDER)
    expected = error("AccountFrozen", MAKER)
    assert exchange.refusal("placeLimit", BUY, price(1), 1, GTC, sender=MAKER) == expected
    assert exchange.refusal("placeMarket", BUY, 1, 1, sender=MAKER) == expected
    assert exchange.refusal("requote", [], [], sender=MAKER) == expected
    exchange.act("cancelAll", sender=MAKER)


# --- Matching


def test_place_limit__crossing__fills_at_the_makers_price_and_moves_every_balance(
    exchange: Exchange, event: EventReader
) -> None:
    order = exchange.limit(MAKER, SELL, price(1.01), 5_000)

    receipt = exchange.act("placeLimit", BUY, price(1.05), 2_000, GTC, sender=TAKER)

    assert event(receipt, "Trade") == {
        "maker": MAKER,
        "taker": TAKER,
        "makerOrderId": order,
        "takerSide": BUY,
        "price": price(1.01),
        "lots": 2_000,
        "makerFee": 0,
        "takerFee": 0,
    }
    assert event(receipt, "TopMoved") == {"last": price(1.01), "bid": 0, "ask": price(1.01)}
    paid = value(2_000, price(1.01))
    assert paid == 20_200_000
    assert exchange.wallets(MAKER, TAKER) == {
        MAKER: ((950 * ALT, 30 * ALT), (1_000 * USDT + paid, 0)),
        TAKER: ((1_020 * ALT, 0), (1_000 * USDT - paid, 0)),
    }
    assert exchange.view("levels", SELL, 2) == [price(1.01), 3_000]


def test_match__several_prices_and_makers__takes_best_price_first_then_first_come(exchange: Exchange) -> None:
    worse = exchange.limit(MAKER, BUY, price(0.90), 300)
    first = exchange.limit(SECOND_MAKER, BUY, price(0.95), 100)
    second = exchange.limit(MAKER, BUY, price(0.95), 200)
    third = exchange.limit(SECOND_MAKER, BUY, price(0.95), 50)
    assert [word >> 80 for word in exchange.view("queue", BUY, price(0.95))] == [first, second, third]

    receipt = exchange.act("placeMarket", SELL, 400, 10, sender=TAKER)

    met = [(trade["makerOrderId"], trade["price"], trade["lots"]) for trade in events(receipt, "Trade")]
    assert met == [
        (first, price(0.95), 100),
        (second, price(0.95), 200),
        (third, price(0.95), 50),
        (worse, price(0.90), 50),
    ]
    assert exchange.top() == (price(0.90), price(0.90), 0)
    received = value(350, price(0.95)) + value(50, price(0.90))
    assert exchange.balance(TAKER, exchange.usdt) == (1_000 * USDT + received, 0)
    assert exchange.balance(TAKER, exchange.alt) == (996 * ALT, 0)


def test_match__cancelled_from_the_middle_of_a_queue__the_others_keep_their_places(exchange: Exchange) -> None:
    orders = [exchange.limit(MAKER, SELL, price(1), 10 + k) for k in range(4)]
    exchange.act("cancel", orders[1], sender=MAKER)
    late = exchange.limit(SECOND_MAKER, SELL, price(1), 99)
    left = [orders[0], orders[2], orders[3], late]
    assert [word >> 80 for word in exchange.view("queue", SELL, price(1))] == left

    receipt = exchange.act("placeMarket", BUY, 10 + 12 + 13 + 1, 10, sender=TAKER)

    assert [trade["makerOrderId"] for trade in events(receipt, "Trade")] == left


def test_place_limit__partly_crossing__rests_with_what_is_left(exchange: Exchange, event: EventReader) -> None:
    exchange.limit(MAKER, SELL, price(1), 300)
    receipt = exchange.act("placeLimit", BUY, price(1), 500, GTC, sender=TAKER)
    assert event(receipt, "OrderPlaced")["lots"] == 200
    assert exchange.top() == (price(1), price(1), 0)
    assert exchange.balance(TAKER, exchange.usdt) == (1_000 * USDT - 5 * USDT, 2 * USDT)


def test_place_limit__immediate_or_cancel__fills_to_its_limit_and_expires(
    exchange: Exchange, event: EventReader
) -> None:
    exchange.limit(MAKER, SELL, price(1), 300)
    exchange.limit(MAKER, SELL, price(1.01), 300)
    receipt = exchange.act("placeLimit", BUY, price(1), 500, IOC, sender=TAKER)
    assert event(receipt, "OrderExpired") == {"account": TAKER, "side": BUY, "lots": 200}
    assert exchange.top() == (price(1), 0, price(1.01))
    assert exchange.balance(TAKER, exchange.usdt) == (997 * USDT, 0)


def test_place_limit__post_only__reverts_at_the_best_price_and_rests_a_tick_away(exchange: Exchange) -> None:
    exchange.limit(MAKER, SELL, price(1), 10)
    reason = exchange.refusal("placeLimit", BUY, price(1), 10, POST_ONLY, sender=TAKER)
    assert reason == error("WouldCross", price(1), price(1))
    exchange.limit(TAKER, BUY, price(1) - TICK, 10, POST_ONLY)
    assert exchange.top() == (0, price(1) - TICK, price(1))


def test_match__own_resting_order__is_cancelled_and_matching_goes_on(exchange: Exchange, event: EventReader) -> None:
    own = exchange.limit(TAKER, SELL, price(1), 50)
    other = exchange.limit(MAKER, SELL, price(1), 50)

    receipt = exchange.act("placeMarket", BUY, 30, 10, sender=TAKER)

    assert event(receipt, "OrderCancelled") == {
        "orderId": own,
        "maker": TAKER,
        "side": SELL,
        "price": price(1),
        "lots": 50,
    }
    assert event(receipt, "Trade")["makerOrderId"] == other
    assert exchange.balance(TAKER, exchange.alt) == (1_000 * ALT + 30 * LOT, 0)


def test_place_limit__over_two_hundred_orders_met__what_is_left_does_not_rest_across(
    exchange: Exchange, event: EventReader
) -> None:
    exchange.act("requote", [], [(price(1) + k * TICK, 1) for k in range(201)], sender=MAKER)
    receipt = exchange.act("placeLimit", BUY, price(2), 500, GTC, sender=TAKER)
    assert len(events(receipt, "Trade")) == 200
    assert event(receipt, "OrderExpired") == {"account": TAKER, "side": BUY, "lots": 300}
    assert exchange.top() == (price(1) + 199 * TICK, 0, price(1) + 200 * TICK)


# --- Fees


def test_trade__with_fees__each_pays_out_of_what_it_receives_rounded_up(stage: Stage, event: EventReader) -> None:
    exchange = open_exchange(stage, maker_fee_bps=2, taker_fee_bps=10)
    exchange.limit(MAKER, BUY, price(0.9999), 333)

    receipt = exchange.act("placeMarket", SELL, 333, 10, sender=TAKER)

    worth = 333 * 9_999
    maker_fee, taker_fee = ceil_bps(333 * LOT, 2), ceil_bps(worth, 10)
    trade = event(receipt, "Trade")
    assert (trade["makerFee"], trade["takerFee"]) == (maker_fee, taker_fee)
    assert taker_fee * 10_000 != worth * 10
    assert exchange.wallets(MAKER, TAKER, FEES) == {
        MAKER: ((1_000 * ALT + 333 * LOT - maker_fee, 0), (1_000 * USDT - worth, 0)),
        TAKER: ((1_000 * ALT - 333 * LOT, 0), (1_000 * USDT + worth - taker_fee, 0)),
        FEES: ((maker_fee, 0), (taker_fee, 0)),
    }


def test_set_fees__by_the_owner__changes_both_and_nobody_else_may(exchange: Exchange, event: EventReader) -> None:
    receipt = exchange.own(exchange.book, "setFees", 3, 4)
    assert event(receipt, "FeesSet") == {"makerFeeBps": 3, "takerFeeBps": 4}
    assert (exchange.view("makerFeeBps"), exchange.view("takerFeeBps")) == (3, 4)
    assert exchange.refusal("setFees", 0, 0, sender=MAKER) == error("OwnableUnauthorizedAccount", MAKER)
    assert exchange.refusal("setFees", 0, 100_01, sender=EXCHANGE) == "InvalidBps(10001)"


# --- Cancelling


def test_cancel__one_order__releases_its_lock(exchange: Exchange, event: EventReader) -> None:
    order = exchange.limit(MAKER, BUY, price(0.9), 100)
    receipt = exchange.act("cancel", order, sender=MAKER)
    assert event(receipt, "OrderCancelled") == {
        "orderId": order,
        "maker": MAKER,
        "side": BUY,
        "price": price(0.9),
        "lots": 100,
    }
    assert event(receipt, "TopMoved") == {"last": 0, "bid": 0, "ask": 0}
    assert exchange.balance(MAKER, exchange.usdt) == (1_000 * USDT, 0)
    assert exchange.refusal("cancel", order, sender=MAKER) == error("UnknownOrder", order)


def test_cancel__anothers_or_a_slots_earlier_order__reverts(exchange: Exchange) -> None:
    old = exchange.limit(MAKER, BUY, price(0.9), 100)
    assert exchange.refusal("cancel", old, sender=TAKER) == error("CallerNotMaker", TAKER)
    exchange.act("cancel", old, sender=MAKER)
    new = exchange.limit(MAKER, BUY, price(0.9), 100)
    assert (new != old, new % 2**32) == (True, old % 2**32)
    assert exchange.refusal("cancel", old, sender=MAKER) == error("UnknownOrder", old)
    exchange.act("cancel", new, sender=MAKER)


def test_cancel_all__both_sides_partly_filled__releases_what_is_left(exchange: Exchange, event: EventReader) -> None:
    exchange.act("requote", [(price(0.9), 100), (price(0.8), 50)], [(price(1.1), 70)], sender=MAKER)
    exchange.act("placeMarket", SELL, 30, 10, sender=TAKER)

    receipt = exchange.act("cancelAll", sender=MAKER)

    assert event(receipt, "AllCancelled") == {"maker": MAKER, "orders": 3, "bidLots": 120, "askLots": 70}
    spent = value(30, price(0.9))
    assert exchange.wallets(MAKER) == {MAKER: ((1_000 * ALT + 30 * LOT, 0), (1_000 * USDT - spent, 0))}
    assert exchange.top() == (price(0.9), 0, 0)
    assert exchange.view("openOrders", MAKER) == []


# --- Requoting


def test_requote__twice__replaces_the_ladder_and_locks_just_it(exchange: Exchange, event: EventReader) -> None:
    first = [(price(0.99), 100), (price(0.98), 200)], [(price(1.01), 100), (price(1.02), 200)]
    second = [(price(0.98), 300)], [(price(1), 50)]
    exchange.act("requote", *first, sender=MAKER)
    assert exchange.wallets(MAKER)[MAKER] == ((997 * ALT, 3 * ALT), (1_000 * USDT - 2_950_000, 2_950_000))

    receipt = exchange.act("requote", *second, sender=MAKER)

    told = event(receipt, "Requoted")
    assert (told["maker"], told["cancelled"]) == (MAKER, 4)
    fields = [(word >> 32 & 2**48 - 1, (word >> 8 & 2**24 - 1) * TICK, word & 1) for word in told["orders"]]
    assert fields == [(300, price(0.98), BUY), (50, price(1), SELL)]
    assert list(told["orders"]) == exchange.view("openOrders", MAKER)
    assert exchange.top() == (0, price(0.98), price(1))
    assert exchange.wallets(MAKER)[MAKER] == ((1_000 * ALT - 50 * LOT, 50 * LOT), (1_000 * USDT - 2_940_000, 2_940_000))
    assert exchange.view("levels", BUY, 9) == [price(0.98), 300]


def test_requote__to_nothing__withdraws_all_quotes(exchange: Exchange) -> None:
    exchange.act("requote", [(price(0.99), 100)], [(price(1.01), 100)], sender=MAKER)
    exchange.act("requote", [], [], sender=MAKER)
    assert exchange.top() == (0, 0, 0)
    assert exchange.wallets(MAKER) == {MAKER: ((1_000 * ALT, 0), (1_000 * USDT, 0))}


def test_requote__own_bid_at_own_ask__reverts_and_a_tick_apart_works(exchange: Exchange) -> None:
    reason = exchange.refusal("requote", [(price(1), 1)], [(price(1), 1)], sender=MAKER)
    assert reason == error("CrossedQuotes", price(1), price(1))
    exchange.act("requote", [(price(1), 1)], [(price(1) + TICK, 1)], sender=MAKER)


def test_requote__rung_across_anothers_order__is_left_out(exchange: Exchange, event: EventReader) -> None:
    exchange.limit(SECOND_MAKER, SELL, price(1), 10)
    exchange.limit(SECOND_MAKER, BUY, price(0.9), 10)
    receipt = exchange.act("requote", [(price(1), 5), (price(1) - TICK, 6)], [(price(1.2), 7)], sender=MAKER)
    assert len(event(receipt, "Requoted")["orders"]) == 2
    assert exchange.top() == (0, price(1) - TICK, price(1))
    assert exchange.balance(MAKER, exchange.usdt)[1] == value(6, price(1) - TICK)


def test_requote__invalid_rung__reverts(exchange: Exchange) -> None:
    assert exchange.refusal("requote", [(price(1), 0)], [], sender=MAKER) == "InvalidSize(0)"
    reason = exchange.refusal("requote", [], [(price(1) + 1, 5)], sender=MAKER)
    assert reason == error("PriceOffGrid", price(1) + 1, TICK)
    reason = exchange.refusal("requote", [(TICK, 1)] * 257, [], sender=MAKER)
    assert reason == "TooManyOrders(257)"


# --- Forced


def test_force_sell__by_an_operator__sells_the_accounts_base(
    exchange: Exchange, stage: Stage, event: EventReader
) -> None:
    exchange.limit(MAKER, BUY, price(0.5), 100)
    stage.send(exchange.vault, "setOperator", OUTSIDER, True, sender=EXCHANGE)
    receipt = exchange.act("forceSell", TAKER, 150, 10, sender=OUTSIDER)
    assert event(receipt, "Trade")["taker"] == TAKER
    assert event(receipt, "OrderExpired") == {"account": TAKER, "side": SELL, "lots": 50}
    assert exchange.wallets(TAKER) == {TAKER: ((999 * ALT, 0), (1_000 * USDT + 500_000, 0))}


def test_force__by_anyone_else__reverts(exchange: Exchange) -> None:
    expected = error("CallerNotOperator", MAKER)
    assert exchange.refusal("forceSell", TAKER, 1, 1, sender=MAKER) == expected
    assert exchange.refusal("forceCancelAll", TAKER, sender=MAKER) == expected


# --- Views


def test_depth__by_distance_from_the_middle__counts_lots_and_value_within(exchange: Exchange) -> None:
    bids = [(price(0.9951), 10), (price(0.99), 20), (price(0.5), 40)]
    asks = [(price(1.0049), 30), (price(1.01), 50)]
    exchange.act("requote", bids, asks, sender=MAKER)
    near, far, all_ = 10 * 9_951, 10 * 9_951 + 20 * 9_900, 10 * 9_951 + 20 * 9_900 + 40 * 5_000
    assert exchange.view("depth", [48, 49, 100, 5_000, 20_000]) == [
        0, 0, 0, 0,
        10, near, 30, 30 * 10_049,
        30, far, 80, 30 * 10_049 + 50 * 10_100,
        70, all_, 80, 30 * 10_049 + 50 * 10_100,
        70, all_, 80, 30 * 10_049 + 50 * 10_100,
    ]  # fmt: skip


def test_levels__more_than_asked_for__are_cut_and_in_order(exchange: Exchange) -> None:
    exchange.act("requote", [(price(0.2), 2), (price(0.9), 1), (price(0.0001), 3)], [], sender=MAKER)
    assert exchange.view("levels", BUY, 2) == [price(0.9), 1, price(0.2), 2]
    assert exchange.view("levels", SELL, 2) == []


def test_own_price__bid_ask_and_last__is_last_held_between_them(exchange: Exchange) -> None:
    assert exchange.view("ownPrice") == 0
    exchange.act("requote", [(price(0.9), 9)], [], sender=MAKER)
    assert exchange.view("ownPrice") == 0
    exchange.act("requote", [(price(0.9), 9)], [(price(1) + TICK, 9)], sender=MAKER)
    assert exchange.view("ownPrice") == (price(0.9) + price(1) + TICK) // 2
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    assert exchange.view("ownPrice") == price(0.9)
    exchange.act("requote", [(price(0.95), 9)], [(price(1), 9)], sender=MAKER)
    assert exchange.view("ownPrice") == price(0.95)
    exchange.act("requote", [], [(price(0.6), 9)], sender=MAKER)
    assert exchange.view("ownPrice") == price(0.6)
    exchange.act("cancelAll", sender=MAKER)
    assert (exchange.view("ownPrice"), exchange.view("lastPrice")) == (price(0.9), price(0.9))


def test_index__weighted_with_redemption__is_the_mean_and_at_least_the_floor(
    exchange: Exchange, stage: Stage, event: EventReader
) -> None:
    exchange.limit(MAKER, BUY, price(0.6567), 100)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    assert exchange.view("index") == price(0.6567)
    feed = stage.deploy("PostedPriceFeed", "redemption", 99_900_000, EXCHANGE)

    receipt = exchange.own(exchange.book, "setIndex", feed.address, 30_00, 0)

    assert event(receipt, "IndexSet") == {
        "redemptionFeed": feed.address,
        "redemptionWeightBps": 30_00,
        "floorPrice": 0,
    }
    assert exchange.view("index") == (7 * 656_700 + 3 * 999_000) // 10
    exchange.own(exchange.book, "setIndex", feed.address, 100_00, 0)
    assert exchange.view("index") == 999_000
    exchange.own(exchange.book, "setIndex", feed.address, 30_00, 900_001)
    assert exchange.view("index") == 900_001
    assert exchange.view("ownPrice") == price(0.6567)


def test_set_index__invalid_parameters__revert(exchange: Exchange, stage: Stage) -> None:
    nowhere = "0x" + "0" * 40
    feed = stage.deploy("PostedPriceFeed", "redemption", E8, EXCHANGE)
    assert exchange.refusal("setIndex", feed.address, 100_01, 0, sender=EXCHANGE) == "InvalidBps(10001)"
    assert exchange.refusal("setIndex", nowhere, 1, 0, sender=EXCHANGE) == "InvalidParameters"
    assert exchange.refusal("setIndex", feed.address, 1, 0, sender=MAKER) == error("OwnableUnauthorizedAccount", MAKER)
    exchange.own(exchange.book, "setIndex", nowhere, 0, 5)


# --- Circuit breaker


def test_circuit_breaker__sale_beyond_the_fall__stops_at_the_floor_and_halts(
    exchange: Exchange, event: EventReader
) -> None:
    exchange.act("requote", [(price(1), 10), (price(0.9), 10), (price(0.9) - TICK, 10)], [], sender=MAKER)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    exchange.own(exchange.book, "setCircuitBreaker", 10_00, 60, 300)

    receipt = exchange.act("placeMarket", SELL, 25, 10, sender=TAKER)

    now = exchange.stage.chain.timestamp
    assert [trade["price"] for trade in events(receipt, "Trade")] == [price(1), price(0.9)]
    assert event(receipt, "BookHalted") == {"anchor": price(1), "until": now + 300}
    assert event(receipt, "OrderExpired")["lots"] == 6
    assert exchange.view("haltedUntil") == now + 300

    reason = exchange.refusal("placeMarket", BUY, 1, 1, sender=TAKER)
    assert reason == error("BookIsHalted", now + 300)
    exchange.act("requote", [(price(0.95), 10)], [(price(0.97), 10)], sender=SECOND_MAKER)
    reason = exchange.refusal("placeLimit", BUY, price(0.97), 1, GTC, sender=TAKER)
    assert reason == error("BookIsHalted", now + 300)
    exchange.act("placeLimit", BUY, price(0.97), 1, GTC, sender=TAKER, timestamp=now + 300)
    assert exchange.top()[0] == price(0.97)


def test_circuit_breaker__same_fall_in_two_windows__does_not_halt(exchange: Exchange) -> None:
    exchange.act("requote", [(price(1), 10), (price(0.95), 10), (price(0.89), 10)], [], sender=MAKER)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    exchange.own(exchange.book, "setCircuitBreaker", 10_00, 60, 300)
    start = exchange.stage.chain.timestamp
    exchange.act("placeMarket", SELL, 10, 10, sender=TAKER, timestamp=start + 1)
    assert exchange.top()[0] == price(0.95)
    exchange.act("placeMarket", SELL, 10, 10, sender=TAKER, timestamp=start + 60)
    assert (exchange.top()[0], exchange.view("haltedUntil")) == (price(0.89), 0)


def test_set_circuit_breaker__invalid_parameters__revert(exchange: Exchange) -> None:
    assert exchange.refusal("setCircuitBreaker", 100_01, 1, 1, sender=EXCHANGE) == "InvalidBps(10001)"
    assert exchange.refusal("setCircuitBreaker", 1, 0, 1, sender=EXCHANGE) == "InvalidParameters"
    assert exchange.refusal("setCircuitBreaker", 1, 1, 0, sender=EXCHANGE) == "InvalidParameters"
    exchange.own(exchange.book, "setCircuitBreaker", 0, 0, 0)


# --- Priority against an independent book


def test_match__many_random_orders__fills_as_a_sorted_list_would(exchange: Exchange) -> None:
    makers = [address_of(f"ladder-maker-{k}") for k in range(3)]
    for maker in makers:
        exchange.give(maker, exchange.usdt, 1_000 * USDT)
    resting: list[tuple[int, int, int, int]] = []
    for k in range(24):
        tick, lots = 5_000 + (k * 7_919) % 5 * 997, 1 + (k * 31) % 17
        resting.append((-tick, k, exchange.limit(makers[k % 3], BUY, tick * TICK, lots), lots))
    expected, left = [], 120
    for negative, _, order, lots in sorted(resting):
        if left:
            expected.append((order, -negative * TICK, min(lots, left)))
            left -= expected[-1][2]

    receipt = exchange.act("placeMarket", SELL, 120, 50, sender=TAKER)

    assert left == 0
    assert [(t["makerOrderId"], t["price"], t["lots"]) for t in events(receipt, "Trade")] == expected
