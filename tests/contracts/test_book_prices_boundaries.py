"""What SpotBook says of its prices at the limits: depth, own price, index and circuit breaker."""

from __future__ import annotations

import pytest

from ..conftest import EventReader, Stage
from .exchange_world import (
    ALT,
    BUY,
    EXCHANGE,
    LOT,
    MAKER,
    SECOND_MAKER,
    SELL,
    TAKER,
    TICK,
    WAD,
    Exchange,
    error,
    events,
    open_exchange,
    price,
)

NOWHERE = "0x" + "0" * 40
LARGEST_WINDOW, LONGEST_HALT = 2**32 - 1, 365 * 86_400


# --- Depth


@pytest.mark.parametrize(("side", "at", "over"), [(BUY, 0.9, 0.9 - 0.0001), (SELL, 1.1, 1.1 + 0.0001)])
def test_depth__one_side_empty__is_measured_from_the_last_price(
    exchange: Exchange, side: int, at: float, over: float
) -> None:
    exchange.limit(SECOND_MAKER, BUY, price(1), 1)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    exchange.limit(MAKER, side, price(at), 3)
    exchange.limit(MAKER, side, price(over), 5)
    near, all_ = [3, 3 * round(at * 10_000)], [8, 3 * round(at * 10_000) + 5 * round(over * 10_000)]
    none = [0, 0]
    expected = [near + none, all_ + none] if side == BUY else [none + near, none + all_]
    assert exchange.view("depth", [1_000, 1_001]) == expected[0] + expected[1]


def test_depth__of_an_empty_book__is_none(exchange: Exchange) -> None:
    assert exchange.view("depth", [0, 10_000]) == [0] * 8


def test_depth__distance_between_ticks__counts_what_is_within_it(exchange: Exchange) -> None:
    exchange.act("requote", [(TICK, 7)], [(price(1), 9)], sender=MAKER)
    # The middle is 5,000.5 ticks; 99.98 % of it away are 1.0001 and 9,999.9999.
    both = [7, 7, 9, 90_000]
    assert exchange.view("depth", [9_998, 9_999, 10_000]) == [0] * 4 + both * 2


def test_levels__none_asked_for__are_none(exchange: Exchange) -> None:
    exchange.limit(MAKER, BUY, price(1), 1)
    assert exchange.view("levels", BUY, 0) == []
    assert exchange.view("levels", BUY, 1) == [price(1), 1]


# --- Own price and index


def test_own_price__before_a_trade__is_the_middle_rounded_down(stage: Stage) -> None:
    exchange = open_exchange(stage)
    arguments = (exchange.vault.address, exchange.alt.address, exchange.usdt.address, 1, ALT, 0, 0, EXCHANGE)
    book = stage.deploy("SpotBook", *arguments)
    stage.send(exchange.vault, "setOperator", book.address, True, sender=EXCHANGE)
    stage.send(book, "requote", [(10, 1)], [(13, 1)], sender=MAKER)
    assert stage.view(book, "ownPrice") == 11


@pytest.mark.parametrize(
    ("bid", "ask", "expected"), [(1, 1.0001, 1), (1.0001, 1.0002, 1.0001), (0.9998, 0.9999, 0.9999), (0.9999, 1, 1)]
)
def test_own_price__last_at_and_beyond_the_best_orders__is_held_between_them(
    exchange: Exchange, bid: float, ask: float, expected: float
) -> None:
    exchange.limit(MAKER, BUY, price(1), 1)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    exchange.act("requote", [(price(bid), 1)], [(price(ask), 1)], sender=MAKER)
    assert exchange.view("ownPrice") == price(expected)


@pytest.mark.parametrize(("answer", "units"), [(-1, 0), (0, 0), (1, 3 * 10**9)])
def test_index__redemption_feed_without_a_price__counts_nothing(stage: Stage, answer: int, units: int) -> None:
    exchange = open_exchange(stage)
    dai = stage.token("DAI", 18)
    # In a quote of 18 decimals the feed's smallest answer is 10**10 units.
    arguments = (exchange.vault.address, exchange.alt.address, dai.address, 10**14, LOT, 0, 0, EXCHANGE)
    book = stage.deploy("SpotBook", *arguments)
    stage.send(exchange.vault, "setOperator", book.address, True, sender=EXCHANGE)
    exchange.give(MAKER, dai, 100 * WAD)
    stage.send(book, "requote", [(WAD, 1)], [(3 * WAD, 1)], sender=MAKER)
    feed = stage.deploy("PostedPriceFeed", "redemption", answer, EXCHANGE)
    stage.send(book, "setIndex", feed.address, 30_00, 0, sender=EXCHANGE)
    assert stage.view(book, "index") == 2 * WAD * 7 // 10 + units


@pytest.mark.parametrize(("floor", "fits"), [(2**80 - 1, True), (2**80, False)])
def test_set_index__floor_at_its_largest_and_over__is_kept_and_refused(
    exchange: Exchange, floor: int, fits: bool
) -> None:
    if fits:
        exchange.own(exchange.book, "setIndex", NOWHERE, 0, floor)
        assert exchange.view("index") == floor
    else:
        reason = exchange.refusal("setIndex", NOWHERE, 0, floor, sender=EXCHANGE)
        assert reason == error("PriceOffGrid", floor, TICK)


def test_set_index__feed_of_other_decimals__is_refused(exchange: Exchange) -> None:
    reason = exchange.refusal("setIndex", exchange.usdt.address, 1, 0, sender=EXCHANGE)
    assert reason == "InvalidParameters"


# --- Circuit breaker


@pytest.mark.parametrize(
    ("window", "halt", "fits"),
    [
        (LARGEST_WINDOW, LONGEST_HALT, True),
        (LARGEST_WINDOW + 1, LONGEST_HALT, False),
        (LARGEST_WINDOW, LONGEST_HALT + 1, False),
        (1, 1, True),
    ],
)
def test_set_circuit_breaker__longest_times_and_over__are_kept_and_refused(
    exchange: Exchange, event: EventReader, window: int, halt: int, fits: bool
) -> None:
    if fits:
        receipt = exchange.own(exchange.book, "setCircuitBreaker", 100_00, window, halt)
        told = {"fallBps": 100_00, "windowSeconds": window, "haltSeconds": halt}
        assert event(receipt, "CircuitBreakerSet") == told
    else:
        assert exchange.refusal("setCircuitBreaker", 1, window, halt, sender=EXCHANGE) == "InvalidParameters"
    assert exchange.refusal("setCircuitBreaker", 0, 0, 0, sender=MAKER) == error("OwnableUnauthorizedAccount", MAKER)


@pytest.mark.parametrize(("beyond", "fits"), [(0, True), (1, False)])
def test_set_halt__longest_time_and_over__is_kept_and_refused(
    exchange: Exchange, event: EventReader, beyond: int, fits: bool
) -> None:
    until = exchange.stage.chain.timestamp + 1 + LONGEST_HALT + beyond
    if fits:
        assert event(exchange.own(exchange.book, "setHalt", until), "HaltSet") == {"until": until}
        assert exchange.view("haltedUntil") == until
    else:
        assert exchange.refusal("setHalt", until, sender=EXCHANGE) == "InvalidParameters"
    assert exchange.refusal("setHalt", 0, sender=MAKER) == error("OwnableUnauthorizedAccount", MAKER)


def test_set_halt__then_ended__refuses_orders_and_takes_them_again(exchange: Exchange) -> None:
    exchange.act("requote", [(price(1), 1)], [], sender=MAKER)
    until = exchange.stage.chain.timestamp + 1000
    exchange.own(exchange.book, "setHalt", until)
    assert exchange.refusal("placeMarket", SELL, 1, 1, sender=TAKER) == error("BookIsHalted", until)
    exchange.own(exchange.book, "setHalt", 0)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    assert exchange.top()[0] == price(1)


def test_circuit_breaker__switched_off__never_halts(exchange: Exchange) -> None:
    exchange.act("requote", [(price(1), 1), (TICK, 5)], [], sender=MAKER)
    exchange.own(exchange.book, "setCircuitBreaker", 10_00, 60, 300)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    exchange.own(exchange.book, "setCircuitBreaker", 0, 0, 0)
    assert events(exchange.act("placeMarket", SELL, 1, 1, sender=TAKER), "BookHalted") == []


def test_circuit_breaker__set_anew__measures_from_the_price_and_the_time_of_then(exchange: Exchange) -> None:
    exchange.act("requote", [(price(1), 1), (price(0.9), 1), (price(0.82), 9)], [], sender=MAKER)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    exchange.own(exchange.book, "setCircuitBreaker", 10_00, 60, 300)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    exchange.own(exchange.book, "setCircuitBreaker", 10_00, 60, 300)
    # From 0.9 on 0.81 is the lowest.
    assert events(exchange.act("placeMarket", SELL, 1, 1, sender=TAKER), "BookHalted") == []
    assert exchange.top()[0] == price(0.82)


@pytest.mark.parametrize(("bid", "halts"), [(1, True), (2, False)])
def test_circuit_breaker__lowest_price_between_ticks__is_rounded_up(exchange: Exchange, bid: int, halts: bool) -> None:
    # Ten per cent under two ticks are 1.8.
    exchange.act("requote", [(2 * TICK, 1)], [], sender=MAKER)
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    exchange.limit(MAKER, BUY, bid * TICK, 1)
    exchange.own(exchange.book, "setCircuitBreaker", 10_00, 60, 300)
    assert len(events(exchange.act("placeMarket", SELL, 1, 1, sender=TAKER), "BookHalted")) == halts
