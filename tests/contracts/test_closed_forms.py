"""Contracts against what theory gives exactly: each formula is derived in the docstring of its test."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cascade import load_scenario
from cascade.chain.local import address_of
from cascade.scenario.model.venues import StableSwapVenue
from cascade.toolchain.paths import project_root

from ..conftest import Stage
from .exchange_world import ALT, LOT, MAKER, SELL, TAKER, USDT, open_exchange, price
from .test_stable_swap_pool import solve_invariant

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


def stable_slope(x: Fraction, y: Fraction, invariant: Fraction, amplification: int) -> tuple[Fraction, Fraction]:
    """Return the price p of the coin x in y, and -dp/dx along the invariant.

    The pool holds f(x, y) = 2A (x + y) + D - 2A D - G / (x y) at 0, with G = D^3 / 4. So p = f_x / f_y, y' = -p, and
    dp/dx = ((f_xx + f_xy y') f_y - f_x (f_xy + f_yy y')) / f_y^2. At balance that is -4 / (D (A + 1)).
    """
    g = invariant**3 / 4
    f_x, f_y = 2 * amplification + g / (x * x * y), 2 * amplification + g / (x * y * y)
    f_xx, f_xy, f_yy = -2 * g / (x**3 * y), -g / (x * x * y * y), -2 * g / (x * y**3)
    p = f_x / f_y
    return p, -((f_xx - f_xy * p) * f_y - f_x * (f_xy - f_yy * p)) / f_y**2


def test_stable_slope__at_balance__is_four_over_the_invariant_and_one_more_than_the_amplification() -> None:
    assert stable_slope(Fraction(28), Fraction(28), Fraction(56), 20) == (1, Fraction(4, 56 * 21))


@pytest.mark.parametrize(("side", "improves"), [(Fraction(99, 100), True), (Fraction(101, 100), False)])
@pytest.mark.parametrize("sold_before", [0, 12_000_000])
@pytest.mark.parametrize("held", [5_000_000, 100_000_000])
def test_liquidation__sold_at_the_pool_of_usde_unwind__is_toxic_beyond_mcfarlane_s_bound(
    stage: Stage, sold_before: int, held: int, side: Fraction, improves: bool
) -> None:
    """The bound in a stable pool: q / c < 1 / ((1 + i) lambda), with lambda = 1 + k |p'| / p for k tokens.

    A liquidation that repays a sells s = (1 + i) a / p tokens. The collateral c = k p loses s of its tokens and
    k |p'| s by the price that the pool marks it at: (1 + i) lambda a in all (McFarlane, arXiv 2510.10171, where the
    impact of the price is left general). What the fee leaves in the pool, a twentieth of a per cent of the sale, is
    left out. A hundred million tokens are about what all positions of the scenario hold.
    """
    pool_of = load_scenario(project_root() / "scenarios" / "usde-unwind.yaml").spec.venues["usde-usdc"]
    assert isinstance(pool_of, StableSwapVenue)
    a, bonus, k = pool_of.amplification, Fraction(5, 100), Fraction(held)
    seller, owner = address_of("trader"), address_of("liquidity-provider")
    usdc, usde = stage.token("USDC", 6), stage.token("USDe", 18)
    fee, multiplier = int(pool_of.fee_bps * 10**6), int(pool_of.offpeg_fee_multiplier * 10**10)
    coins = [usdc.address, usde.address]
    pool = stage.deploy("StableSwapPool", "LP", "LP", coins, a, fee, multiplier, 0, owner)
    for token, unit, account in ((usdc, 10**6, owner), (usde, 10**18, owner), (usde, 10**18, seller)):
        stage.fund(token, account, 10**9 * unit, spender=pool)
    deposit = [int(pool_of.reserves[coin]) for coin in ("USDC", "USDe")]
    stage.send(pool, "add_liquidity", [deposit[0] * 10**6, deposit[1] * 10**18], 0, sender=owner)
    if sold_before:
        stage.send(pool, "exchange", 1, 0, sold_before * 10**18, 0, sender=seller)

    dollars, tokens = (Fraction(stage.view(pool, "balances", i), 10**d) for i, d in ((0, 6), (1, 18)))
    invariant = Fraction(solve_invariant(int(dollars * 10**18), int(tokens * 10**18), a), 10**18)
    price_before, slope = stable_slope(tokens, dollars, invariant, a)
    factor = 1 + k * slope / price_before
    worth = k * price_before
    debt = side * worth / ((1 + bonus) * factor)
    repaid = Fraction(200)
    sold = (1 + bonus) * repaid / price_before
    stage.send(pool, "exchange", 1, 0, int(sold * 10**18), 0, sender=seller)

    marked = Fraction(stage.view(pool, "get_p", 0), 10**18)
    assert price_before == pytest.approx(float(marked), rel=1e-4)
    assert ((debt - repaid) / ((k - sold) * marked) < debt / worth) is improves


@pytest.mark.parametrize(("side", "pays"), [(Fraction(99, 100), True), (Fraction(101, 100), False)])
@pytest.mark.parametrize("holders", [1, 4])
def test_holders__who_leave_together__are_bankrupt_beyond_their_critical_leverage(
    stage: Stage, holders: int, side: Fraction, pays: bool
) -> None:
    """The critical leverage is 1 / I, where I is the part of its marked value that a sale of the whole holding loses.

    A holding worth v at the price from before has a debt of v (1 - 1 / L) at the leverage L. Its sale brings v (1 - I),
    so that the debt is repaid iff L <= 1 / I (Caccioli, Bouchaud and Farmer, Impact-adjusted valuation and the
    criticality of leverage, arXiv 1204.0922). Of a constant-product pair with x tokens and a fee that leaves f = 0.997,
    s tokens bring y f s / (x + f s) dollars for v = s y / x, so that 1 / I = (x + f s) / (x + f s - f x). Holders who
    overlap sell one after the other into the same pair, and what counts is the sum of what they hold: four of a
    fiftieth of the pool bear a leverage of 13, one of them 44. That a fee stays in the pair between two sales takes
    a ten-thousandth of what they bring.
    """
    owner = address_of("liquidity-provider")
    weth, usdc = stage.token("WETH", 18), stage.token("USDC", 6)
    pair = stage.deploy("ConstantProductPair", weth.address, usdc.address)
    x, y, each = 5_000 * 10**18, 10_000_000 * 10**6, 100 * 10**18
    for token, amount in ((weth, x), (usdc, y)):
        stage.send(token, "mint", pair.address, amount)
    stage.send(pair, "mint", owner, sender=owner)
    f, s = Fraction(997, 1000), Fraction(holders * each)
    critical = (x + f * s) / (x + f * s - f * x)
    debt = s * y / x * (1 - 1 / (side * critical))

    for number in range(holders):
        seller = address_of(f"holder-{number}")
        reserve_x, reserve_y, _ = stage.view(pair, "getReserves")
        paid = each * 997 * reserve_y // (reserve_x * 1000 + each * 997)
        stage.send(weth, "mint", pair.address, each)
        stage.send(pair, "swap", 0, paid, seller, b"", sender=seller)

    brought = sum(stage.balance(usdc, address_of(f"holder-{number}")) for number in range(holders))
    assert (brought >= debt) is pays
