"""Contracts against what theory gives exactly: each formula is derived in the docstring of its test."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cascade.chain.local import address_of

from ..conftest import Stage
from .exchange_world import ALT, LOT, MAKER, SELL, TAKER, USDT, open_exchange, price

LEVELS, LOTS_PER_LEVEL, STEP = 12, 10, 0.001
"""A ladder of bids from 1.0000 down: 10 lots every 0.001."""


@pytest.mark.parametrize("levels", [1, 5, LEVELS])
def test_sale__into_a_linear_book__costs_and_moves_the_price_as_kyle_s_lambda_says(stage: Stage, levels: int) -> None:
    """A linear book: price p(q) = p0 - lambda q, with lambda = d / n for n lots at each step d.

    A sale of Q = m n lots fills the m best levels. Its proceeds are n (m p0 - d m (m - 1) / 2), the last price is
    p0 - (m - 1) d, and its cost against p0 is lambda Q^2 / 2 - d Q / 2: the area under a line (Kyle 1985, Continuous
    auctions and insider trading), less half a step per lot, because a book has steps. The next bid stands at
    p0 - lambda Q exactly.
    """
    exchange = open_exchange(stage)
    ladder = [(price(1 - STEP * level), LOTS_PER_LEVEL) for level in range(LEVELS + 1)]
    exchange.act("requote", ladder, [], sender=MAKER)
    before, _ = exchange.balance(TAKER, exchange.usdt)

    sold = levels * LOTS_PER_LEVEL
    exchange.act("placeMarket", SELL, sold, 100, sender=TAKER)

    after, _ = exchange.balance(TAKER, exchange.usdt)
    p0, d, n, m = Fraction(1), Fraction(1, 1000), Fraction(LOTS_PER_LEVEL * LOT, ALT), levels
    quantity, kyle = m * n, d / n
    proceeds = Fraction(after - before, USDT)
    assert proceeds == n * (m * p0 - d * m * (m - 1) / 2)
    assert p0 * quantity - proceeds == kyle * quantity**2 / 2 - d * quantity / 2
    last, bid, _ = exchange.top()
    assert Fraction(last, USDT) == p0 - (m - 1) * d
    assert Fraction(bid, USDT) == p0 - kyle * quantity


def test_depth__of_a_linear_book__is_the_fall_over_kyle_s_lambda(stage: Stage) -> None:
    """Depth within a fall f of the price is f / lambda in a linear book, and one level more, which is at the price.

    The distance is measured from the middle: with one ask at 1.0000 + 2 * 0.001 the middle is at 1.001, and within
    1 % of it, down to 0.99099, stand the bids from 1.000 to 0.991: ten levels.
    """
    exchange = open_exchange(stage)
    ladder = [(price(1 - STEP * level), LOTS_PER_LEVEL) for level in range(LEVELS + 1)]
    exchange.act("requote", ladder, [(price(1 + 2 * STEP), 1)], sender=MAKER)

    lots, _, _, _ = exchange.view("depth", [100])

    middle, kyle = Fraction(1001, 1000), Fraction(1, 1000) / LOTS_PER_LEVEL
    lowest = middle * Fraction(99, 100)
    whole_levels = (1 - lowest) // Fraction(1, 1000)
    assert lots == whole_levels * Fraction(1, 1000) / kyle + LOTS_PER_LEVEL == 100


@pytest.mark.parametrize(("side", "improves"), [(Fraction(99, 100), True), (Fraction(101, 100), False)])
@pytest.mark.parametrize("held", [Fraction(1, 20), Fraction(1, 4), Fraction(1)])
def test_liquidation__sold_at_a_constant_product_pair__is_toxic_beyond_mcfarlane_s_bound(
    stage: Stage, held: Fraction, side: Fraction, improves: bool
) -> None:
    """A small liquidation that a pair's price is marked at lowers the LTV only under 1 / ((1 + i) lambda).

    A pair of x collateral and y stable has the spot price p = y / x. A sale of s tokens brings it to
    y (1 - s f / x) / (x + s), so that dp / p = -(1 + f) s / x, where f is the part of the sale that pays after the
    pair's fee, 0.997. A liquidation repays a and sells s = (1 + i) a / p. The collateral c = k p of a borrower with k
    tokens loses (1 + i) a of tokens and k p (1 + f) s / x of price, (1 + i) lambda a in all, with
    lambda = 1 + (1 + f) k / x. The LTV q / c falls iff a / q > (1 + i) lambda a / c, that is, q / c < 1 / ((1 + i)
    lambda). Without a fee lambda is 1 + 2 k / x (McFarlane, Toxicity Bounds for Dynamic Liquidation Incentives, arXiv
    2510.10171). The pair's own reserves say here what the sale did to the price.
    """
    trader, owner = address_of("trader"), address_of("liquidity-provider")
    weth, usdc = stage.token("WETH", 18), stage.token("USDC", 6)
    pair = stage.deploy("ConstantProductPair", weth.address, usdc.address)
    x, y = 5_000 * 10**18, 10_000_000 * 10**6
    for token, amount in ((weth, x), (usdc, y)):
        stage.send(token, "mint", pair.address, amount)
    stage.send(pair, "mint", owner, sender=owner)
    bonus, fee = Fraction(5, 100), Fraction(997, 1000)
    tokens = held * x
    factor = 1 + (1 + fee) * tokens / x
    worth = tokens * y / x
    debt = side * worth / ((1 + bonus) * factor)

    # A hundred-thousandth of the pool: what is of second order is far under the 1 % that decides here.
    repaid = Fraction(y, 100_000)
    sold = int((1 + bonus) * repaid * x / y)
    paid = sold * 997 * y // (x * 1000 + sold * 997)
    stage.send(weth, "mint", pair.address, sold)
    stage.send(pair, "swap", 0, paid, trader, b"", sender=trader)

    reserve_x, reserve_y, _ = stage.view(pair, "getReserves")
    assert reserve_x == x + sold
    left = (tokens - sold) * Fraction(reserve_y, reserve_x)
    assert ((debt - repaid) / left < debt / worth) is improves
