"""ExchangeLens: what the vault holds of many accounts, and their unfinished market orders, in one call each."""

from __future__ import annotations

from ..conftest import Stage
from .exchange_world import ALT, BUY, LOT, MAKER, OUTSIDER, SELL, TAKER, USDT, Exchange, price, value


def test_balances__locked_and_free__a_row_an_account_a_pair_an_asset(exchange: Exchange, stage: Stage) -> None:
    lens = stage.deploy("ExchangeLens")
    exchange.limit(MAKER, BUY, price(0.9), 700)
    exchange.limit(TAKER, SELL, price(1.1), 300)

    tokens = [exchange.alt.address, exchange.usdt.address]
    words = stage.view(lens, "balances", exchange.vault.address, tokens, [MAKER, OUTSIDER, TAKER])

    bid = value(700, price(0.9))
    assert words == [
        1_000 * ALT, 0, 1_000 * USDT - bid, bid,
        0, 0, 0, 0,
        1_000 * ALT - 300 * LOT, 300 * LOT, 1_000 * USDT, 0,
    ]  # fmt: skip


def test_remainders__market_order_larger_than_its_transaction__side_and_lots(exchange: Exchange, stage: Stage) -> None:
    lens = stage.deploy("ExchangeLens")
    for bid in (0.9, 0.8, 0.7):
        exchange.limit(MAKER, BUY, price(bid), 7)
    exchange.act("placeMarket", SELL, 20, 2, sender=TAKER)

    words = stage.view(lens, "remainders", exchange.book.address, [MAKER, TAKER])

    # Fourteen of twenty were filled by the two orders that one transaction may meet.
    assert words == [0, 0, SELL, 6]


def test_books__traded_and_halted__every_word_of_each_book_is_its_top_and_depth(
    exchange: Exchange, stage: Stage
) -> None:
    lens = stage.deploy("ExchangeLens")
    exchange.own(exchange.book, "setCircuitBreaker", 10_00, 60, 300)
    exchange.act("requote", [(price(1), 5), (price(0.5), 6)], [(price(1.25), 7)], sender=MAKER)
    exchange.act("placeMarket", SELL, 5, 1, sender=TAKER)
    traded = stage.chain.timestamp
    exchange.act("placeMarket", SELL, 1, 1, sender=TAKER)
    until = stage.chain.timestamp + 300

    words = stage.view(lens, "books", [exchange.book.address] * 2, [5_000, 9_000])

    # The middle is 0.875: half of it away is the bid at 0.5, and the ask at 1.25.
    top = [price(1), traded, price(0.5), 6, price(1.25), 7, price(1), until]
    depth = [6, 30_000, 7, 87_500]
    assert words == [*top, *depth, *depth] * 2
