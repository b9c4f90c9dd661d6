"""ExchangeLens: what the vault holds of many accounts, and their unfinished market orders, in one call each."""

from __future__ import annotations

import pytest

from ..conftest import Stage
from .exchange_world import ALT, BUY, LOT, MAKER, OUTSIDER, SELL, TAKER, USDT, Exchange, open_exchange, price, value


@pytest.fixture
def exchange(stage: Stage) -> Exchange:
    return open_exchange(stage)


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
