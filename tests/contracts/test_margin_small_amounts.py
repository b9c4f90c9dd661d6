"""UnifiedMargin's smallest positions, prices and debts, where a rounding or a bound that is one off can be seen."""

from __future__ import annotations

import pytest

from cascade.errors import RevertedCall

from ..conftest import EventReader, Stage
from .exchange_world import ALT, EXCHANGE, USDT, WAD, events
from .margin_world import (
    CAPITAL,
    EIGHT_HOURS,
    ENDLESS,
    INT_MAX,
    LONG,
    MANY,
    NO_LIMIT,
    OTHER,
    OWNER,
    RAY,
    SHORT,
    YEAR,
    Margin,
)

UINT_MAX = 2**256 - 1


# --- One contract


def test_account__one_contract__gains_and_loses_what_the_mark_moves(margin: Margin) -> None:
    for account in (LONG, SHORT):
        margin.give(account, usdt=100)
    margin.pair(1)
    margin.post("ETH", 2_200)
    assert (margin.account(LONG)["profit"], margin.account(SHORT)["profit"]) == (2 * USDT, -2 * USDT)
    margin.post("ETH", 1_900)
    assert (margin.account(LONG)["profit"], margin.account(SHORT)["profit"]) == (-1 * USDT, 1 * USDT)
    margin.act("quotePerp", 0, 1, 0, 0, sender=SHORT)
    assert margin.act("tradePerp", 0, -1, 0, MANY, sender=LONG).ok
    assert (margin.position(LONG), margin.position(SHORT)) == ((0, 0), (0, 0))
    assert (margin.cash(LONG), margin.cash(SHORT)) == (99 * USDT, 101 * USDT)
    margin.assert_conserved()


@pytest.mark.parametrize(("cash", "leverage"), [(1, 20 * USDT * WAD), (0, UINT_MAX), (2, 10 * USDT * WAD)])
def test_account__equity_of_a_unit_or_none__has_that_leverage_or_the_highest(
    margin: Margin, cash: int, leverage: int
) -> None:
    for account in (LONG, SHORT):
        margin.give(account, usdt=100)
    margin.pair(1)
    margin.stage.send(margin.vault, "setOperator", OTHER, True, sender=EXCHANGE)
    margin.stage.send(margin.vault, "move", margin.usdt.address, LONG, OTHER, 100 * USDT - cash, sender=OTHER)
    figures = margin.account(LONG)
    assert (figures["equity"], figures["leverageWad"]) == (cash, leverage)


@pytest.mark.parametrize(("contracts", "price"), [(1, 33), (3, 33), (7, 41)])
def test_trade_perp__part_of_a_position_closed__realises_its_share_of_the_entry(
    margin: Margin, contracts: int, price: int
) -> None:
    for account in (LONG, SHORT):
        margin.give(account, usdt=1_000)
    margin.pair(5)
    margin.post("ETH", 100 * price)
    margin.pair(5)
    entry = 5 * 20 * USDT + 5 * price * USDT
    margin.act("quotePerp", 0, contracts, 0, 0, sender=SHORT)
    receipt = margin.act("tradePerp", 0, -contracts, 0, MANY, sender=LONG)
    profit = contracts * price * USDT - entry * contracts // 10
    assert [told["amount"] for told in events(receipt, "Realised") if told["account"] == LONG] == [profit]
    assert margin.position(LONG) == (10 - contracts, entry - entry * contracts // 10)
    margin.assert_conserved()


# --- Funding


@pytest.mark.parametrize("rate_wad", [WAD // 1_000, -WAD // 1_000])
def test_funding__over_whole_periods__is_exact_for_both_sides(margin: Margin, rate_wad: int) -> None:
    for account in (LONG, SHORT):
        margin.give(account, usdt=1_000)
    margin.act("quotePerp", 0, 0, 100, 0, sender=SHORT)
    margin.own("setMarket", 0, margin.tiers, rate_wad, 0)
    begun = margin.stage.chain.timestamp
    margin.act("tradePerp", 0, 100, NO_LIMIT, MANY, sender=LONG, timestamp=begun + EIGHT_HOURS)
    margin.act("quotePerp", 0, 100, 0, 0, sender=SHORT)
    owed = 2_000 * USDT * rate_wad // WAD
    at = begun + 2 * EIGHT_HOURS
    views = {
        account: margin.stage.view(margin.margin, "accountOf", account, timestamp=at)[4] for account in (LONG, SHORT)
    }
    assert views == {LONG: -owed, SHORT: owed}
    receipt = margin.act("tradePerp", 0, -100, 0, MANY, sender=LONG, timestamp=at)
    assert {told["account"]: told["amount"] for told in events(receipt, "FundingPaid")} == {LONG: owed, SHORT: -owed}
    assert margin.view("totals")[2] == 0
    margin.assert_conserved()


@pytest.mark.parametrize("rate_wad", [WAD // 1_000, -WAD // 1_000])
def test_funding__mark_that_moves__each_stretch_pays_at_its_own_mark(margin: Margin, rate_wad: int) -> None:
    """Funding over a path is the sum of size x rate x mark x time over the stretches that begin when somebody settles.

    A hundred contracts of 0.01 ETH: the long pays nothing for three periods before it opens, one period at 2,000, at
    whose end the rate is set again, and one at 1,000.
    """
    for account in (LONG, SHORT):
        margin.give(account, usdt=1_000)
    margin.act("quotePerp", 0, 0, 100, 0, sender=SHORT)
    margin.own("setMarket", 0, margin.tiers, rate_wad, 0)
    begun = margin.stage.chain.timestamp
    opened = begun + 3 * EIGHT_HOURS
    margin.act("tradePerp", 0, 100, NO_LIMIT, MANY, sender=LONG, timestamp=opened)
    margin.act("quotePerp", 0, 100, 0, 0, sender=SHORT)
    margin.act("setMarket", 0, margin.tiers, rate_wad, 0, sender=EXCHANGE, timestamp=opened + EIGHT_HOURS)
    margin.stage.send(margin.feeds["ETH"], "post", 1_000 * 10**8, sender=EXCHANGE)

    receipt = margin.act("tradePerp", 0, -100, 0, MANY, sender=LONG, timestamp=opened + 2 * EIGHT_HOURS)

    owed = (2_000 + 1_000) * USDT * rate_wad // WAD
    assert {told["account"]: told["amount"] for told in events(receipt, "FundingPaid")} == {LONG: owed, SHORT: -owed}
    margin.assert_conserved()


def test_funding__mark_falls_while_a_position_is_open__owes_for_its_own_time_alone(margin: Margin) -> None:
    """A long that opens at a mark of 2,000 and holds for one period at 1,000 owes one period at 1,000, and no more."""
    for account in (LONG, SHORT):
        margin.give(account, usdt=1_000)
    margin.act("quotePerp", 0, 0, 100, 0, sender=SHORT)
    margin.own("setMarket", 0, margin.tiers, WAD // 1_000, 0)
    opened = margin.stage.chain.timestamp + 3 * EIGHT_HOURS
    margin.act("tradePerp", 0, 100, NO_LIMIT, MANY, sender=LONG, timestamp=opened)
    margin.stage.send(margin.feeds["ETH"], "post", 1_000 * 10**8, sender=EXCHANGE)

    margin.act("quotePerp", 0, 100, 0, 0, sender=SHORT)
    receipt = margin.act("tradePerp", 0, -100, 0, MANY, sender=LONG, timestamp=opened + EIGHT_HOURS)

    assert {told["account"]: told["amount"] for told in events(receipt, "FundingPaid")}[LONG] == 1 * USDT
    margin.assert_conserved()


@pytest.mark.parametrize(("rate_wad", "paid_by_long", "paid_by_short"), [(1, 1, 0), (-1, 0, 1)])
def test_funding__of_a_part_of_a_unit__is_rounded_up_for_who_owes_and_down_for_who_gets(
    margin: Margin, rate_wad: int, paid_by_long: int, paid_by_short: int
) -> None:
    for account in (LONG, SHORT):
        margin.give(account, usdt=1_000)
    margin.own("setMarket", 0, margin.tiers, rate_wad, 0)
    margin.pair(1)
    opened = margin.stage.chain.timestamp
    margin.act("quotePerp", 0, 1, 0, 0, sender=SHORT)
    margin.act("tradePerp", 0, -1, 0, MANY, sender=LONG, timestamp=opened + EIGHT_HOURS)
    assert (margin.cash(LONG), margin.cash(SHORT)) == (1_000 * USDT - paid_by_long, 1_000 * USDT - paid_by_short)
    assert margin.view("totals")[2] == 1
    margin.assert_conserved()


# --- Prices


@pytest.mark.parametrize(("answer", "value"), [(0, 0), (1, 10_000), (2, 20_000)])
def test_account__smallest_price_of_an_asset__is_what_it_is_worth(margin: Margin, answer: int, value: int) -> None:
    margin.exchange.give(OWNER, margin.alt, 10**6 * ALT)
    margin.stage.send(margin.feeds["ALT"], "post", answer, sender=EXCHANGE)
    assert margin.account(OWNER)["assetValue"] == value


def test_account__value_of_a_part_of_a_unit__is_rounded_down(margin: Margin) -> None:
    margin.exchange.give(OWNER, margin.alt, 3 * 10**12 - 1)
    assert margin.account(OWNER)["assetValue"] == 2
    assert margin.account(OWNER)["collateralValue"] == 1


@pytest.mark.parametrize(("answer", "mark"), [(10_000, 1), (19_999, 1), (20_000, 2)])
def test_mark__smallest_answers__are_rounded_down(margin: Margin, answer: int, mark: int) -> None:
    # A contract is a hundredth, and the feed has two decimals more than the cash.
    margin.stage.send(margin.feeds["ETH"], "post", answer, sender=EXCHANGE)
    assert margin.view("markPrice", 0) == mark


@pytest.mark.parametrize("answer", [1, 9_999])
def test_mark__less_than_a_unit__is_no_price(margin: Margin, answer: int) -> None:
    margin.stage.send(margin.feeds["ETH"], "post", answer, sender=EXCHANGE)
    with pytest.raises(RevertedCall, match=rf"PriceNotAvailable\({answer}\)"):
        margin.view("markPrice", 0)


@pytest.mark.parametrize("asset", [2, 3])
def test_collateral_value__unknown_asset__reverts(margin: Margin, asset: int) -> None:
    with pytest.raises(RevertedCall, match=rf"UnknownAsset\({asset}\)"):
        margin.view("collateralValueOf", asset, 1)


def test_uni_mmr__under_water__is_rounded_towards_minus_infinity(margin: Margin) -> None:
    margin.own("setLending", 0, [(ENDLESS, 10_00)])
    margin.give(OWNER, alt=1)
    margin.act("borrow", 25, sender=OWNER)
    margin.withdraw(OWNER, 25)
    margin.stage.send(margin.feeds["ALT"], "post", 0, sender=EXCHANGE)
    # 25 owed, and 3 of margin.
    assert margin.account(OWNER)["maintenance"] == 3
    assert margin.account(OWNER)["uniMmrWad"] == -25 * WAD // 3


# --- Debts


def test_borrow__without_any_margin_for_debt__needs_only_that_nothing_is_missing(margin: Margin) -> None:
    margin.own("setLending", 0, [(ENDLESS, 0)])
    margin.give(OWNER, alt=1_000)
    margin.act("borrow", 700 * USDT, sender=OWNER)
    margin.withdraw(OWNER, 700 * USDT)
    assert (margin.account(OWNER)["adjustedEquity"], margin.account(OWNER)["uniMmrWad"]) == (0, INT_MAX)
    assert margin.refusal("borrow", 0, sender=OWNER) == "InvalidAmount"
    assert margin.stage.refusal(margin.vault, "withdraw", margin.alt.address, 10**12, sender=OWNER).startswith(
        f"MarginTooLow(-{2**255}"
    )


def test_interest__over_two_rates__is_exact_to_the_unit(margin: Margin, event: EventReader) -> None:
    first, second, seconds = RAY // 7, RAY // 3, 1_000_003
    margin.own("setLending", first, [(ENDLESS, 10_00)])
    begun = margin.stage.chain.timestamp
    margin.give(OWNER, alt=1_000)
    margin.act("borrow", 600 * USDT, sender=OWNER)
    borrowed = margin.stage.chain.timestamp
    changed = begun + seconds
    margin.stage.send(margin.margin, "setLending", second, [(ENDLESS, 10_00)], sender=EXCHANGE, timestamp=changed)
    then = RAY + first * (borrowed - begun) // YEAR
    at_change = RAY + first * seconds // YEAR
    for later in (0, 1, 777_777):
        index = at_change * (RAY + second * later // YEAR) // RAY
        debt = -(-600 * USDT * index // then)
        assert margin.view("debtOf", OWNER, timestamp=changed + later) == debt
    margin.act("repay", 1, sender=OWNER, timestamp=changed + 777_777)
    assert margin.view("totals")[:2] == (debt - 1, debt - 600 * USDT)
    assert margin.cash(margin.margin) == CAPITAL - 600 * USDT + 1


def test_lending__before_its_rate_is_set__costs_nothing(margin: Margin, stage: Stage) -> None:
    engine = stage.deploy("UnifiedMargin", margin.vault.address, margin.usdt.address, OTHER, EXCHANGE)
    stage.send(margin.vault, "setOperator", engine.address, True, sender=EXCHANGE)
    book, feed = margin.exchange.book.address, margin.feeds["ALT"].address
    stage.send(engine, "addAsset", book, feed, [(ENDLESS, 70_00)], sender=EXCHANGE)
    margin.exchange.give(OTHER, margin.usdt, 1_000 * USDT)
    stage.send(margin.vault, "setOperator", OTHER, True, sender=EXCHANGE)
    stage.send(margin.vault, "move", margin.usdt.address, OTHER, engine.address, 1_000 * USDT, sender=OTHER)
    margin.give(OWNER, alt=1_000)
    stage.send(engine, "borrow", 600 * USDT, sender=OWNER)
    now = stage.chain.timestamp
    assert stage.view(engine, "debtOf", OWNER, timestamp=now + 5 * YEAR) == 600 * USDT
    assert stage.view(engine, "accountOf", OWNER)[8] == 0
