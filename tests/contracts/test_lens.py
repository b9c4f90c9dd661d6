"""Lens: packed reads equal single views, and previews equal what the transaction then does."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from cascade.chain.local import Contract, address_of
from cascade.errors import RevertedCall

from ..conftest import EventReader, LendingWorld, Stage

UINT_MAX = 2**256 - 1
LP, TRADER, KEEPER, TREASURY = (address_of(n) for n in ("liquidity-provider", "trader", "keeper", "treasury"))
HOLD, STABLE_SWAP, CONSTANT_PRODUCT = 0, 1, 2
HEALTH, DEBT, COLLATERAL, COVER, RECEIVED, FEE, BONUS, CLOSE_FACTOR, TOTAL_DEBT, NONE_LEFT = range(10)


@pytest.fixture
def lens(stage: Stage) -> Contract:
    return stage.deploy("Lens")


class Curve:
    """A stable pool of USDC and USDe and somebody to trade with it."""

    def __init__(self, stage: Stage, a: int = 200) -> None:
        self.stage = stage
        self.usdc, self.usde = stage.token("USDC", 6), stage.token("USDe", 18)
        self.pool = stage.deploy(
            "StableSwapPool",
            "LP",
            "LP",
            [self.usdc.address, self.usde.address],
            a,
            10**6,
            5 * 10**10,
            5 * 10**9,
            LP,
        )
        for account in (LP, TRADER):
            stage.fund(self.usdc, account, 10**9 * 10**6, spender=self.pool)
            stage.fund(self.usde, account, 10**9 * 10**18, spender=self.pool)
        stage.send(self.pool, "add_liquidity", [10_000_000 * 10**6, 10_000_000 * 10**18], 0, sender=LP)

    def price(self) -> int:
        return int(self.stage.view(self.pool, "get_p", 0))

    def price_after(self, i: int, dx: int) -> int:
        with self.stage.chain.rolled_back():
            self.stage.send(self.pool, "exchange", i, 1 - i, dx, 0, sender=TRADER)
            return self.price()


def less(amount: int) -> int:
    """A billionth less than an amount, and one unit for the rounding."""
    return amount - amount // 10**9 - 1


# ---- lending


def open_random_positions(lending: LendingWorld, count: int) -> list[str]:
    """Loops of all sizes: some in the eMode, some with WETH beside, some owing WETH too."""
    rng = random.Random(1011)
    stage, pool, configurator = lending.stage, lending.pool, lending.configurator
    stage.send(configurator, "setEModeCategory", 1, 90_00, 93_00, 102_00, "USDe stable")
    stage.send(configurator, "setAssetCollateralInEMode", lending.usde.address, 1, True)
    stage.send(configurator, "setAssetBorrowableInEMode", lending.usdc.address, 1, True)
    lending.supply(address_of("weth-supplier"), lending.weth, 10_000 * 10**18)
    users = []
    for k in range(count):
        user = address_of(f"looper-{k}")
        users.append(user)
        dollars = int(10 ** rng.uniform(2.6, 6))
        lending.supply(user, lending.usde, dollars * 10**18 + rng.randrange(10**18))
        emode = k % 3 == 0
        if emode:
            stage.send(pool, "setUserEMode", 1, sender=user)
        elif k % 3 == 1:
            lending.supply(user, lending.weth, int(dollars * rng.uniform(0.2, 4)) * 10**18 // 2000)
        if k % 6 == 1:
            lending.borrow(user, lending.weth, int(dollars * 0.1) * 10**18 // 2000 + 1)
        available = stage.view(pool, "getUserAccountData", user)[2]
        share = rng.uniform(0.93, 0.999)
        lending.borrow(user, lending.usdc, int(available * share) // 100)
    return users


def test_positions__several_users__equal_single_views(lens: Contract, lending: LendingWorld) -> None:
    stage = lending.stage
    users = [*open_random_positions(lending, 4), address_of("nobody")]
    words = stage.view(lens, "positions", lending.pool.address, lending.usde.address, lending.usdc.address, users)
    assert len(words) == 8 * len(users)
    for k, user in enumerate(users):
        account = stage.view(lending.pool, "getUserAccountData", user)
        collateral = stage.balance(lending.tokens["USDe"][0], user)
        debt = stage.balance(lending.tokens["USDC"][1], user)
        assert words[8 * k : 8 * k + 8] == [collateral, debt, *account]


@pytest.mark.parametrize("price_e8", [1, 65_670_000, 99_999_999, 104_000_000])
def test_accounts__any_state_of_a_position__equal_what_the_pool_says(
    lens: Contract, lending: LendingWorld, price_e8: int
) -> None:
    stage, pool = lending.stage, lending.pool
    users = [*open_random_positions(lending, 12), address_of("nobody"), address_of("weth-supplier")]
    without_flag = address_of("without-flag")
    lending.supply(without_flag, lending.usde, 1000 * 10**18)
    stage.send(pool, "setUserUseReserveAsCollateral", lending.usde.address, False, sender=without_flag)
    lending.post("USDe", price_e8)
    later = stage.chain.timestamp + 40 * 86_400
    stage.send(lending.usdc, "mint", KEEPER, 1, timestamp=later)
    pair = (lending.usde.address, lending.usdc.address)

    words = stage.view(lens, "accounts", pool.address, *pair, [*users, without_flag], timestamp=later + 7)

    assert stage.view(pool, "getReserveNormalizedVariableDebt", lending.usdc.address) > 10**27
    for k, user in enumerate([*users, without_flag]):
        at = {"timestamp": later + 7}
        account = stage.view(pool, "getUserAccountData", user, **at)
        collateral = stage.view(lending.tokens["USDe"][0], "balanceOf", user, **at)
        debt = stage.view(lending.tokens["USDC"][1], "balanceOf", user, **at)
        assert words[5 * k : 5 * k + 5] == [collateral, debt, account[0], account[1], account[5]], user


def test_accounts__price_refused__have_no_value_and_nobody_is_unhealthy(lens: Contract, lending: LendingWorld) -> None:
    user = open_random_positions(lending, 1)[0]
    lending.post("USDe", 0)
    pair = (lending.usde.address, lending.usdc.address)

    words = lending.stage.view(lens, "accounts", lending.pool.address, *pair, [user])

    assert words[0] > 0
    assert words[1] > 0
    assert words[2:] == [0, 0, UINT_MAX]


def test_balances__two_tokens__are_in_the_order_of_users(lens: Contract, stage: Stage) -> None:
    tokens = [stage.token("A", 18), stage.token("B", 6)]
    users = [LP, TRADER, KEEPER]
    for k, user in enumerate(users):
        stage.send(tokens[0], "mint", user, 10 + k)
        stage.send(tokens[1], "mint", user, 20 + k)
    words = stage.view(lens, "balances", [token.address for token in tokens], users)
    assert words == [10, 20, 11, 21, 12, 22]


def test_prices__one_without_a_feed__reads_zero(lens: Contract, lending: LendingWorld) -> None:
    lending.post("USDe", 65_670_000)
    assets = [lending.usdc.address, address_of("unlisted"), lending.usde.address]
    assert lending.stage.view(lens, "prices", lending.oracle.address, assets) == [10**8, 0, 65_670_000]


def open_position_that_leaves_dust(lending: LendingWorld) -> str:
    """Half of its debt, with the bonus, is all but 800 of its USDe once USDe is at 0.90; WETH stands beside it."""
    user = address_of("dusty")
    lending.supply(user, lending.usde, 11_000 * 10**18)
    lending.supply(user, lending.weth, 5553 * 10**15)
    lending.borrow(user, lending.usdc, 17_500 * 10**6)
    return user


@pytest.mark.parametrize(
    ("price_e8", "expected"),
    [
        (94_000_000, {"healthy", "50 % at 10500", "100 % at 10500"}),
        (90_000_000, {"healthy", "50 % at 10500", "100 % at 10500", "50 % at 10200", "100 % at 10200", "dust"}),
        (78_000_000, {"healthy", "50 % at 10500", "100 % at 10500", "100 % at 10200"}),
    ],
)
def test_preview_liquidations__random_positions__is_what_the_call_does(
    lens: Contract, lending: LendingWorld, event: EventReader, price_e8: int, expected: set[str]
) -> None:
    stage, pool = lending.stage, lending.pool
    users = [*open_random_positions(lending, 18), open_position_that_leaves_dust(lending)]
    lending.post("USDe", price_e8)
    lending.post("WETH", 1900 * 10**8)
    stage.fund(lending.usdc, KEEPER, 10**15, spender=pool)
    at = stage.chain.timestamp + 1
    pair = (lending.usde.address, lending.usdc.address)
    words = stage.view(lens, "previewLiquidations", pool.address, *pair, users, timestamp=at)
    a_token, debt_token = lending.tokens["USDe"][0], lending.tokens["USDC"][1]
    kinds: set[str] = set()
    for k, user in enumerate(users):
        row = words[10 * k : 10 * k + 10]
        account = stage.view(pool, "getUserAccountData", user, timestamp=at)
        assert (row[HEALTH], row[TOTAL_DEBT]) == (account[5], account[1])
        assert row[DEBT] == stage.view(debt_token, "balanceOf", user, timestamp=at)
        assert row[COLLATERAL] == stage.view(a_token, "balanceOf", user, timestamp=at)

        def liquidate(amount: int, user: str = user) -> Any:
            return stage.attempt(pool, "liquidationCall", *pair, user, amount, False, sender=KEEPER, timestamp=at)

        with stage.chain.rolled_back():
            treasury = stage.balance(a_token, TREASURY)
            receipt = liquidate(UINT_MAX)
            if receipt.ok:
                called = event(receipt, "LiquidationCall")
                assert (row[COVER], row[RECEIVED]) == (called["debtToCover"], called["liquidatedCollateralAmount"])
                assert abs(stage.balance(a_token, TREASURY) - treasury - row[FEE]) <= 1
                written_off = any(log.event == "DeficitCreated" for log in receipt.logs)
                assert row[NONE_LEFT] or not written_off
                after = stage.view(pool, "getUserAccountData", user, timestamp=at)
                assert row[NONE_LEFT] == (after[0] == 0)
                kinds.add(f"{row[CLOSE_FACTOR] // 100} % at {row[BONUS]}")
                continue
        if receipt.revert_reason == "HealthFactorNotBelowThreshold":
            assert row[HEALTH] >= 10**18
            assert row[COVER : CLOSE_FACTOR + 1] == [0, 0, 0, 0, 0]
            kinds.add("healthy")
            continue
        assert receipt.revert_reason == "MustNotLeaveDust"
        kinds.add("dust")
        with stage.chain.rolled_back():
            assert liquidate(row[COVER] + 1).revert_reason == "MustNotLeaveDust"
        with stage.chain.rolled_back():
            called = event(liquidate(row[COVER]), "LiquidationCall")
            assert (row[COVER], row[RECEIVED]) == (called["debtToCover"], called["liquidatedCollateralAmount"])
    assert kinds == expected


def test_preview_liquidations__paused_or_in_grace__nothing_to_cover(lens: Contract, lending: LendingWorld) -> None:
    stage, pool = lending.stage, lending.pool
    users = open_random_positions(lending, 1)
    lending.post("USDe", 80_000_000)
    arguments = (pool.address, lending.usde.address, lending.usdc.address, users)
    assert stage.view(lens, "previewLiquidations", *arguments)[COVER] > 0
    stage.send(lending.configurator, "setReservePause", lending.usdc.address, True)
    assert stage.view(lens, "previewLiquidations", *arguments)[COVER] == 0
    stage.send(lending.configurator, "setReservePause", lending.usdc.address, False, 3600)
    until = stage.chain.timestamp + 3600
    assert stage.view(lens, "previewLiquidations", *arguments, timestamp=until)[COVER] == 0
    assert stage.view(lens, "previewLiquidations", *arguments, timestamp=until + 1)[COVER] > 0


# ---- markets


def test_quote_cumulative__stable_swap__is_what_selling_the_sum_pays(
    lens: Contract, stage: Stage, event: EventReader
) -> None:
    curve = Curve(stage)
    amounts = [100_000 * 10**18, 0, 900_000 * 10**18, 8_000_000 * 10**18]
    tokens = (curve.usde.address, curve.usdc.address)
    quotes = stage.view(lens, "quoteCumulative", curve.pool.address, STABLE_SWAP, *tokens, amounts)
    for k in range(len(amounts)):
        with stage.chain.rolled_back():
            receipt = stage.send(curve.pool, "exchange", 1, 0, sum(amounts[: k + 1]), 0, sender=TRADER)
            assert event(receipt, "TokenExchange")["tokens_bought"] == quotes[k]
    assert quotes[1] == quotes[0]
    assert stage.view(lens, "quoteCumulative", curve.pool.address, HOLD, *tokens, amounts) == [0] * 4


def make_pair(stage: Stage) -> tuple[Any, Any, Any]:
    weth, usdc = stage.token("WETH", 18), stage.token("USDC", 6)
    pair = stage.deploy("ConstantProductPair", weth.address, usdc.address)
    stage.send(weth, "mint", pair.address, 5_000 * 10**18)
    stage.send(usdc, "mint", pair.address, 10_000_000 * 10**6)
    stage.send(pair, "mint", LP)
    return pair, weth, usdc


def test_quote_cumulative__constant_product__closed_form_both_ways(lens: Contract, stage: Stage) -> None:
    pair, weth, usdc = make_pair(stage)
    amounts = [10**18, 50 * 10**18, 4000 * 10**18]
    quotes = stage.view(lens, "quoteCumulative", pair.address, CONSTANT_PRODUCT, weth.address, usdc.address, amounts)
    sums = [10**18, 51 * 10**18, 4051 * 10**18]
    x, y = 5_000 * 10**18, 10_000_000 * 10**6
    assert quotes == [997 * sold * y // (1000 * x + 997 * sold) for sold in sums]
    back = stage.view(lens, "quoteCumulative", pair.address, CONSTANT_PRODUCT, usdc.address, weth.address, [10**9])
    assert back == [997 * 10**9 * x // (1000 * y + 997 * 10**9)]


def test_quote_cumulative__tokens_the_venue_does_not_trade__reverts(lens: Contract, stage: Stage) -> None:
    pair, weth, _ = make_pair(stage)
    for kind in (CONSTANT_PRODUCT, STABLE_SWAP):
        venue = pair if kind == CONSTANT_PRODUCT else Curve(stage).pool
        with pytest.raises(RevertedCall, match="VenueDoesNotTrade"):
            stage.view(lens, "quoteCumulative", venue.address, kind, weth.address, TRADER, [1])


@pytest.mark.parametrize("target", [10**18 - 10**13, 999 * 10**15, 65 * 10**16, 10**16, 1001 * 10**15, 3 * 10**18])
def test_trade_to_price__either_side__reaches_it_and_a_billionth_less_does_not(
    lens: Contract, stage: Stage, target: int
) -> None:
    curve = Curve(stage)
    i, j, dx = stage.view(lens, "stableSwapTradeToPrice", curve.pool.address, target)
    assert (i, j) == ((1, 0) if target < 10**18 else (0, 1))
    reached, short = curve.price_after(i, dx), curve.price_after(i, less(dx))
    assert reached <= target < short if i == 1 else reached >= target > short


@pytest.mark.parametrize(("distance", "trades"), [(10**12, False), (2 * 10**12, True)])
def test_trade_to_price__within_a_millionth__nothing_to_trade(
    lens: Contract, stage: Stage, distance: int, trades: bool
) -> None:
    curve = Curve(stage)
    for target in (10**18 - distance + 10**6, 10**18 + distance):
        _, _, dx = stage.view(lens, "stableSwapTradeToPrice", curve.pool.address, target)
        assert (dx > 0) == trades


def test_trade_to_price__after_a_depeg__brings_it_back(lens: Contract, stage: Stage) -> None:
    curve = Curve(stage)
    stage.send(curve.pool, "exchange", 1, 0, 9_700_000 * 10**18, 0, sender=TRADER)
    assert curve.price() < 65 * 10**16
    i, _, dx = stage.view(lens, "stableSwapTradeToPrice", curve.pool.address, 98 * 10**16)
    assert i == 0
    assert abs(Decimal(curve.price_after(0, dx)) / 10**18 - Decimal("0.98")) < Decimal("1e-6")


@pytest.mark.parametrize(
    ("a", "to_065", "to_062"),
    [(200, 9.66, 9.73), (50, 9.28, 9.41), (20, 8.78, 8.99), (10, 8.18, 8.46), (5, 7.29, 7.67)],
)
def test_trade_to_price__published_table__millions_sold(
    lens: Contract, stage: Stage, a: int, to_065: float, to_062: float
) -> None:
    curve = Curve(stage, a)
    for target, millions in ((65 * 10**16, to_065), (62 * 10**16, to_062)):
        _, _, dx = stage.view(lens, "stableSwapTradeToPrice", curve.pool.address, target)
        assert abs(Decimal(dx) / 10**24 - Decimal(str(millions))) <= Decimal("0.01")


def test_trades_to_prices__targets_on_both_sides__are_reached_and_not_by_a_billionth_less(
    lens: Contract, stage: Stage
) -> None:
    curve = Curve(stage)
    stage.send(curve.pool, "exchange", 1, 0, 9_000_000 * 10**18, 0, sender=TRADER)
    price = curve.price()
    targets = [98 * 10**16, 65 * 10**16, price, 101 * 10**16]
    words = stage.view(lens, "stableSwapTradesToPrices", curve.pool.address, targets)
    assert len(words) == 8
    assert words[4:6] == [0, 0]
    for k, sold in ((0, 0), (1, 1), (3, 0)):
        coin, amount = words[2 * k : 2 * k + 2]
        reached, short = curve.price_after(coin, amount), curve.price_after(coin, less(amount))
        assert coin == sold
        assert reached <= targets[k] < short if coin == 1 else reached >= targets[k] > short
    assert stage.view(lens, "stableSwapTradesToPrices", curve.pool.address, []) == []


def test_constant_product_spot_price__both_tokens__ratio_of_whole_tokens(lens: Contract, stage: Stage) -> None:
    pair, weth, usdc = make_pair(stage)
    prices = [stage.view(lens, "constantProductSpotPriceWad", pair.address, token.address) for token in (weth, usdc)]
    assert prices == [2_000 * 10**18, 5 * 10**14]
    with pytest.raises(RevertedCall, match="VenueDoesNotTrade"):
        stage.view(lens, "constantProductSpotPriceWad", pair.address, TRADER)


@pytest.mark.parametrize("target_bps", [35, 90, 9_999, 10_000, 10_001, 11_000, 40_000])
@pytest.mark.parametrize("priced", ["WETH", "USDC"])
def test_constant_product_trade_to_price__either_side__is_the_smallest_amount_that_reaches_it(
    lens: Contract, stage: Stage, target_bps: int, priced: str
) -> None:
    pair, weth, usdc = make_pair(stage)
    units = {weth.address: 10**18, usdc.address: 10**6}
    reserves = {weth.address: 5_000 * 10**18, usdc.address: 10_000_000 * 10**6}
    token, other = (weth, usdc) if priced == "WETH" else (usdc, weth)
    target = (2_000 * 10**18 if priced == "WETH" else 5 * 10**14) * target_bps // 10_000

    sold, amount = stage.view(lens, "constantProductTradeToPrice", pair.address, token.address, target)

    if target_bps == 10_000:
        assert amount == 0
        return
    assert sold == (token if target_bps < 10_000 else other).address

    def price_after(paid: int) -> int:
        bought = other.address if sold == token.address else token.address
        received = 997 * paid * reserves[bought] // (1000 * reserves[sold] + 997 * paid)
        held = reserves | {sold: reserves[sold] + paid, bought: reserves[bought] - received}
        return held[other.address] * 10**18 * units[token.address] // (held[token.address] * units[other.address])

    if target_bps < 10_000:
        assert price_after(amount) <= target < price_after(amount - 1)
    else:
        assert price_after(amount) >= target > price_after(amount - 1)


def test_constant_product_trade_to_price__traded__reaches_the_price(lens: Contract, stage: Stage) -> None:
    pair, weth, usdc = make_pair(stage)
    target = 1_300 * 10**18
    sold, amount = stage.view(lens, "constantProductTradeToPrice", pair.address, weth.address, target)
    quote = stage.view(lens, "quoteCumulative", pair.address, CONSTANT_PRODUCT, weth.address, usdc.address, [amount])[0]
    assert sold == weth.address

    stage.send(weth, "mint", pair.address, amount)
    stage.send(pair, "swap", 0, quote, TRADER, b"")

    reached = stage.view(lens, "constantProductSpotPriceWad", pair.address, weth.address)
    assert target - 10**15 < reached <= target


@pytest.mark.parametrize(("distance", "trades"), [(2 * 10**15, False), (3 * 10**15, True)])
def test_constant_product_trade_to_price__within_a_millionth__nothing_to_trade(
    lens: Contract, stage: Stage, distance: int, trades: bool
) -> None:
    pair, weth, _ = make_pair(stage)
    for target in (2_000 * 10**18 - distance + 10**10, 2_000 * 10**18 + distance):
        _, amount = stage.view(lens, "constantProductTradeToPrice", pair.address, weth.address, target)
        assert (amount > 0) == trades


def test_constant_product_trade_to_price__beyond_any_trade__reverts(lens: Contract, stage: Stage) -> None:
    pair, weth, _ = make_pair(stage)
    with pytest.raises(RevertedCall, match=rf"PriceOutOfReach\({10**50}\)"):
        stage.view(lens, "constantProductTradeToPrice", pair.address, weth.address, 10**50)


def test_stable_swap_depth__three_distances__selling_and_buying_reach_them(
    lens: Contract, stage: Stage, event: EventReader
) -> None:
    curve = Curve(stage)
    stage.send(curve.pool, "exchange", 1, 0, 2_000_000 * 10**18, 0, sender=TRADER)
    price = curve.price()
    distances = [50, 200, 1000]
    words = stage.view(lens, "stableSwapDepth", curve.pool.address, [*distances, 0])
    assert words[6:] == [0, 0]
    for k, bps in enumerate(distances):
        sold, bought = words[2 * k : 2 * k + 2]
        assert curve.price_after(1, sold) <= price * (10_000 - bps) // 10_000 < curve.price_after(1, less(sold))
        paid = stage.view(lens, "stableSwapTradeToPrice", curve.pool.address, price * (10_000 + bps) // 10_000)[2]
        with stage.chain.rolled_back():
            receipt = stage.send(curve.pool, "exchange", 0, 1, paid, 0, sender=TRADER)
            assert event(receipt, "TokenExchange")["tokens_bought"] == bought


def test_constant_product_depth__both_tokens__trade_moves_the_price_by_the_distance(
    lens: Contract, stage: Stage
) -> None:
    pair, weth, usdc = make_pair(stage)
    reserves = {weth.address: 5_000 * 10**18, usdc.address: 10_000_000 * 10**6}
    for token, other in ((weth, usdc), (usdc, weth)):
        x, y = reserves[token.address], reserves[other.address]
        words = stage.view(lens, "constantProductDepth", pair.address, token.address, [50, 1000])
        for k, bps in enumerate((50, 1000)):
            sold, bought = words[2 * k : 2 * k + 2]
            received = 997 * sold * y // (1000 * x + 997 * sold)
            fallen = Decimal(y - received) / (x + sold) / (Decimal(y) / x)
            assert abs(fallen - (1 - Decimal(bps) / 10_000)) < Decimal("1e-9")
            # What must be paid to take `bought` out, with the 0.3 % fee.
            paid = 1000 * y * bought // (997 * (x - bought)) + 1
            risen = Decimal(y + paid) / (x - bought) / (Decimal(y) / x)
            assert abs(risen - (1 + Decimal(bps) / 10_000)) < Decimal("1e-9")


def test_depth__fall_of_the_whole_price__reverts(lens: Contract, stage: Stage) -> None:
    pool, (pair, weth, _) = Curve(stage).pool, make_pair(stage)
    with pytest.raises(RevertedCall, match=r"DistanceTooLarge\(10000\)"):
        stage.view(lens, "stableSwapDepth", pool.address, [10_000])
    with pytest.raises(RevertedCall, match=r"DistanceTooLarge\(10000\)"):
        stage.view(lens, "constantProductDepth", pair.address, weth.address, [10_000])
