"""UnifiedMargin: joint collateral, lending, perpetuals between accounts and levels, each by hand."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

import pytest

from ..conftest import EventReader, Stage
from .exchange_world import (
    BUY,
    EXCHANGE,
    FEES,
    MAKER,
    OUTSIDER,
    SELL,
    USDT,
    WAD,
    error,
    events,
    price,
)
from .margin_world import (
    CAPITAL,
    EIGHT_HOURS,
    ENDLESS,
    FREE,
    INT_MAX,
    LIQUIDATION,
    LONG,
    MANY,
    NO_LIMIT,
    OTHER,
    OWNER,
    RAY,
    REDUCE_ONLY,
    SHORT,
    WARNING,
    YEAR,
    Margin,
    rules,
)

# --- Collateral


def test_collateral_value__published_vector__is_590_000(margin: Margin) -> None:
    vector = [(300_000 * USDT, 100_00), (500_000 * USDT, 70_00), (1_000_000 * USDT, 30_00)]
    margin.own("setAsset", 0, vector, 0)
    assert margin.view("collateralValueOf", 0, 1_200_000 * USDT) == 590_000 * USDT
    margin.give(OWNER, alt=1_200_000)
    assert margin.account(OWNER)["collateralValue"] == 590_000 * USDT
    assert margin.account(OWNER)["assetValue"] == 1_200_000 * USDT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (300_000, 300_000),
        (300_001, 300_000 + 0.7),
        (500_000, 440_000),
        (500_001, 440_000.3),
        (1_000_000, 590_000),
        (1_000_001, 590_000),
        (10**12, 590_000),
    ],
)
def test_collateral_value__at_the_brackets_ends__counts_each_part_at_its_rate(
    margin: Margin, value: int, expected: float
) -> None:
    margin.own("setAsset", 0, [(300_000 * USDT, 100_00), (500_000 * USDT, 70_00), (1_000_000 * USDT, 30_00)], 0)
    assert margin.view("collateralValueOf", 0, value * USDT) == round(expected * 10) * USDT // 10


def test_collateral_value__haircut_add_on__cuts_what_the_tiers_leave(margin: Margin) -> None:
    margin.own("setAsset", 0, [(ENDLESS, 70_00)], 20_00)
    assert margin.view("collateralValueOf", 0, 1_000 * USDT) == 560 * USDT


@pytest.mark.parametrize(
    ("tiers", "reason"),
    [
        ([], "TiersOutOfOrder"),
        ([(5, 100_00), (5, 50_00)], "TiersOutOfOrder"),
        ([(0, 100_00)], "TiersOutOfOrder"),
        ([(5, 100_01)], "RateOverAll(10001)"),
    ],
)
def test_set_asset__invalid_tiers__revert(margin: Margin, tiers: list[tuple[int, int]], reason: str) -> None:
    assert margin.refusal("setAsset", 0, tiers, 0, sender=EXCHANGE) == reason


def test_configuration__bad_input__is_refused(margin: Margin, stage: Stage) -> None:
    book, feed = margin.exchange.book.address, margin.feeds["ALT"].address
    whole = [(ENDLESS, 100_00)]
    assert margin.refusal("setAsset", 0, whole, 100_01, sender=EXCHANGE) == "RateOverAll(10001)"
    assert margin.refusal("setAsset", 2, whole, 0, sender=EXCHANGE) == "UnknownAsset(2)"
    assert margin.refusal("addAsset", book, feed, whole, sender=EXCHANGE) == error(
        "AssetAlreadyListed", margin.alt.address
    )
    assert margin.refusal("setMarket", 0, [(5, 1)], 0, 0, sender=EXCHANGE) == "TiersOutOfOrder"
    assert margin.refusal("setMarket", 1, whole, 0, 0, sender=EXCHANGE) == "UnknownMarket(1)"
    assert margin.refusal("setMarket", 0, whole, 0, 100_01, sender=EXCHANGE) == "RateOverAll(10001)"
    assert margin.refusal("addMarket", feed, 0, whole, sender=EXCHANGE) == "InvalidAmount"
    assert margin.refusal("addMarket", margin.usdt.address, WAD, whole, sender=EXCHANGE) == error(
        "UnsupportedDecimals", margin.usdt.address, 6
    )
    arguments = (margin.vault.address, margin.usdt.address, margin.usde.address, 10**14, 10**6, 0, 0, EXCHANGE)
    other = stage.deploy("SpotBook", *arguments)
    assert margin.refusal("addAsset", other.address, feed, whole, sender=EXCHANGE) == error(
        "WrongQuote", margin.usde.address, margin.usdt.address
    )


@pytest.mark.parametrize("swapped", [(0, 1), (1, 2), (2, 3)])
def test_set_rules__levels_out_of_order__revert_and_equal_ones_work(margin: Margin, swapped: tuple[int, int]) -> None:
    good = list(rules())
    upper, lower = swapped
    bad = list(good)
    bad[upper], bad[lower] = bad[lower], bad[upper]
    assert margin.refusal("setRules", tuple(bad), sender=EXCHANGE) == error("LevelsOutOfOrder", *bad[:4])
    good[upper] = good[lower]
    margin.own("setRules", (*([good[upper]] * 4), *good[4:]))
    assert margin.refusal("setRules", (*good[:4], 0, 0, 0), sender=EXCHANGE) == "InvalidAmount"


@pytest.mark.parametrize("function", ["setRules", "setLending", "setAsset", "setMarket", "addAsset", "addMarket"])
def test_owner_action__by_anyone_else__reverts(margin: Margin, function: str) -> None:
    feed, whole = margin.feeds["ALT"].address, [(ENDLESS, 100_00)]
    arguments: dict[str, tuple[Any, ...]] = {
        "setRules": (rules(),),
        "setLending": (0, whole),
        "setAsset": (0, whole, 0),
        "setMarket": (0, whole, 0, 0),
        "addAsset": (margin.exchange.book.address, feed, whole),
        "addMarket": (feed, WAD, whole),
    }
    expected = error("OwnableUnauthorizedAccount", OWNER)
    assert margin.refusal(function, *arguments[function], sender=OWNER) == expected


# --- Accounts and lending


def test_account__two_assets_and_a_loan__every_figure_by_hand(margin: Margin) -> None:
    margin.give(OWNER, alt=1_000, usde=700)
    margin.post("USDe", 0.65)
    margin.act("borrow", 800 * USDT, sender=OWNER)
    margin.withdraw(OWNER, 500 * USDT)

    collateral = 700 + 0.95 * 455
    assert margin.account(OWNER) == {
        "cash": 300 * USDT,
        "assetValue": 1_455 * USDT,
        "collateralValue": round(collateral * USDT),
        "debt": 800 * USDT,
        "profit": 0,
        "notional": 0,
        "equity": 955 * USDT,
        "adjustedEquity": round((collateral - 500) * USDT),
        "maintenance": 80 * USDT,
        "uniMmrWad": round((collateral - 500) * USDT) * WAD // (80 * USDT),
        "leverageWad": 1_455 * WAD // 955,
        "level": FREE,
    }
    margin.assert_conserved()


def test_lens__books_accounts_and_positions__are_rows_of_words(margin: Margin, stage: Stage) -> None:
    lens = stage.deploy("ExchangeLens")
    margin.give(LONG, usdt=1_000)
    margin.give(SHORT, usdt=200)
    margin.pair(100)
    margin.post("ETH", 2_500)
    margin.exchange.act("requote", [(price(0.9), 7)], [(price(1.1), 5)], sender=MAKER)

    books = [margin.usde_book.address, margin.exchange.book.address]
    top = [0, 0, price(0.9), 7, price(1.1), 5, price(1), 0]
    assert stage.view(lens, "books", books, [1_000]) == [*[0] * 12, *top, 7, 63_000, 5, 55_000]
    rows = stage.view(lens, "accounts", margin.margin.address, [LONG, SHORT])
    assert rows == [
        1_500 * USDT, 1_500 * USDT, 125 * USDT, 12 * WAD, WAD * 2_500 // 1_500, 0, 2_500 * USDT, FREE,
        0, 0,
        2**256 - 300 * USDT, 2**256 - 300 * USDT, 125 * USDT, 2**256 - 24 * WAD // 10, 2**256 - 1, 0, 2_500 * USDT,
        LIQUIDATION, 0, 0,
    ]  # fmt: skip
    positions = stage.view(lens, "positions", margin.margin.address, 0, [LONG, SHORT])
    assert positions == [100, 2_000 * USDT, 2**256 - 100, 2**256 - 2_000 * USDT]


def test_account__assets_in_open_orders__count_in_full(margin: Margin) -> None:
    margin.give(OWNER, alt=100, usdt=50)
    before = margin.account(OWNER)
    margin.exchange.limit(OWNER, SELL, price(2), 10_000)
    margin.exchange.limit(OWNER, BUY, price(0.5), 10_000)
    assert margin.account(OWNER) == before


@pytest.mark.parametrize("answer", [0, -1])
def test_account__asset_without_a_price__is_worth_nothing(margin: Margin, answer: int) -> None:
    margin.give(OWNER, alt=100)
    margin.stage.send(margin.feeds["ALT"], "post", answer, sender=EXCHANGE)
    assert margin.account(OWNER)["assetValue"] == 0


def test_account__empty__is_free_and_has_no_margin_ratio(margin: Margin) -> None:
    account = margin.account(OWNER)
    assert (account["uniMmrWad"], account["level"], account["leverageWad"]) == (INT_MAX, FREE, 2**256 - 1)


def test_borrow__up_to_the_free_level__pays_and_one_unit_more_reverts(margin: Margin, event: EventReader) -> None:
    margin.give(OWNER, alt=1_000, usde=700)
    # Collateral of 1,365 carries 910 of margin at 1.5, a tenth of 9,100.
    assert margin.refusal("borrow", 9_100 * USDT + 1, sender=OWNER).startswith("MarginTooLow(1499999")
    receipt = margin.act("borrow", 9_100 * USDT, sender=OWNER)
    assert event(receipt, "Borrowed") == {"account": OWNER, "amount": 9_100 * USDT}
    assert margin.account(OWNER)["uniMmrWad"] == 15 * WAD // 10
    assert (margin.cash(OWNER), margin.cash(margin.margin)) == (9_100 * USDT, CAPITAL - 9_100 * USDT)
    assert margin.view("totals") == (9_100 * USDT, 0, 0, 0)
    assert margin.refusal("borrow", 0, sender=OWNER) == "InvalidAmount"


def test_withdraw__down_to_the_free_line__pays_and_a_unit_more_reverts(margin: Margin) -> None:
    margin.give(OWNER, alt=1_000)
    margin.act("borrow", 650 * USDT, sender=OWNER)
    # Of 700 of collateral, 1.5 times 65 of margin has to stay.
    token, most = margin.usdt.address, 602_500_000
    reason = margin.stage.refusal(margin.vault, "withdraw", token, most + 1, sender=OWNER)
    assert reason == error("MarginTooLow", 97_499_999 * WAD // 65_000_000, 15 * WAD // 10)
    margin.withdraw(OWNER, most)
    assert margin.stage.refusal(margin.vault, "withdraw", margin.alt.address, 10**13, sender=OWNER) == reason.replace(
        str(97_499_999 * WAD // 65_000_000), str(97_499_993 * WAD // 65_000_000)
    )


def test_repay__more_than_is_owed__takes_the_debt_alone(margin: Margin, event: EventReader) -> None:
    margin.give(OWNER, alt=1_000, usdt=50)
    margin.act("borrow", 600 * USDT, sender=OWNER)
    receipt = margin.act("repay", 10_000 * USDT, sender=OWNER)
    assert event(receipt, "Repaid") == {"account": OWNER, "amount": 600 * USDT}
    assert (margin.cash(OWNER), margin.view("debtOf", OWNER)) == (50 * USDT, 0)
    assert margin.refusal("repay", 0, sender=OWNER) == "InvalidAmount"
    margin.assert_conserved()


def test_interest__half_a_year_at_ten_per_cent__is_owed_and_booked(margin: Margin) -> None:
    margin.own("setLending", RAY // 10, [(ENDLESS, 10_00)])
    margin.give(OWNER, alt=1_000)
    margin.act("borrow", 600 * USDT, sender=OWNER)
    start = margin.stage.chain.timestamp
    set_at = start - 2
    growth = 1 + Fraction(start + YEAR // 2 - set_at, 10 * YEAR)
    expected = ceil(600 * USDT * growth / (1 + Fraction(start - set_at, 10 * YEAR)))
    assert abs(margin.view("debtOf", OWNER, timestamp=start + YEAR // 2) - expected) <= 1
    margin.act("repay", 100 * USDT, sender=OWNER, timestamp=start + YEAR // 2)
    _, interest, _, _ = margin.view("totals")
    assert interest == margin.view("debtOf", OWNER) - 500 * USDT
    assert abs(interest - 30 * USDT) <= 1_000
    margin.assert_conserved()


# --- Perpetuals


def test_trade_perp__against_a_quote__passes_contracts_at_the_mark(margin: Margin, event: EventReader) -> None:
    margin.give(LONG, usdt=1_000)
    margin.give(SHORT, usdt=1_000)
    assert margin.view("markPrice", 0) == 20 * USDT

    receipt = margin.pair(100)

    assert event(receipt, "PerpTrade") == {
        "marketId": 0,
        "taker": LONG,
        "maker": SHORT,
        "contracts": 100,
        "price": 20 * USDT,
        "markPrice": 20 * USDT,
    }
    assert (margin.position(LONG), margin.position(SHORT)) == ((100, 2_000 * USDT), (-100, -2_000 * USDT))
    assert list(margin.view("holders", 0)) == [LONG.lower(), SHORT.lower()]
    assert (margin.cash(LONG), margin.cash(SHORT)) == (1_000 * USDT, 1_000 * USDT)
    account = margin.account(LONG)
    assert (account["maintenance"], account["uniMmrWad"], account["leverageWad"]) == (100 * USDT, 10 * WAD, 2 * WAD)
    margin.assert_conserved()


def test_trade_perp__closed_in_part_at_a_profit__is_paid_by_the_other_side(margin: Margin, event: EventReader) -> None:
    margin.give(LONG, usdt=1_000)
    margin.give(SHORT, usdt=1_000)
    margin.pair(100)
    margin.post("ETH", 2_200)
    assert (margin.account(LONG)["profit"], margin.account(SHORT)["profit"]) == (200 * USDT, -200 * USDT)
    margin.act("quotePerp", 0, 40, 0, 0, sender=SHORT)

    receipt = margin.act("tradePerp", 0, -40, 0, MANY, sender=LONG)

    assert events(receipt, "Realised") == [
        {"account": SHORT, "amount": -80 * USDT, "viaDebt": 0},
        {"account": LONG, "amount": 80 * USDT, "viaDebt": 0},
    ]
    assert (margin.cash(LONG), margin.cash(SHORT)) == (1_080 * USDT, 920 * USDT)
    assert (margin.position(LONG), margin.position(SHORT)) == ((60, 1_200 * USDT), (-60, -1_200 * USDT))
    assert margin.account(LONG)["profit"] == 120 * USDT
    margin.assert_conserved()


def test_trade_perp__through_zero__realises_all_and_enters_anew(margin: Margin) -> None:
    for account in (LONG, SHORT):
        margin.give(account, usdt=1_000)
    margin.pair(100)
    margin.post("ETH", 1_900)
    margin.act("quotePerp", 0, 150, 0, 0, sender=SHORT)
    margin.act("tradePerp", 0, -150, 0, MANY, sender=LONG)
    assert (margin.position(LONG), margin.position(SHORT)) == ((-50, -950 * USDT), (50, 950 * USDT))
    assert (margin.cash(LONG), margin.cash(SHORT)) == (900 * USDT, 1_100 * USDT)
    margin.assert_conserved()


def test_trade_perp__loss_over_the_free_cash__becomes_debt_and_profit_lowers_debt(
    margin: Margin, event: EventReader
) -> None:
    margin.give(LONG, usdt=1_000)
    margin.give(SHORT, usdt=1_000, alt=1_000)
    margin.act("borrow", 300 * USDT, sender=SHORT)
    margin.pair(100)
    margin.post("ETH", 800)
    margin.act("quotePerp", 0, 100, 0, 0, sender=SHORT)

    receipt = margin.act("tradePerp", 0, -100, 0, MANY, sender=LONG)

    assert events(receipt, "Realised") == [
        {"account": LONG, "amount": -1_200 * USDT, "viaDebt": 200 * USDT},
        {"account": SHORT, "amount": 1_200 * USDT, "viaDebt": 300 * USDT},
    ]
    assert (margin.cash(LONG), margin.cash(SHORT)) == (0, 2_200 * USDT)
    assert (margin.view("debtOf", LONG), margin.view("debtOf", SHORT)) == (200 * USDT, 0)
    assert list(margin.view("holders", 0)) == []
    margin.assert_conserved()


def test_trade_perp__several_quotes__narrowest_first_then_first_come_up_to_the_limit(margin: Margin) -> None:
    margin.give(LONG, usdt=10_000)
    for account, spread in ((SHORT, 50), (OTHER, 10), (MAKER, 10)):
        margin.give(account, usdt=1_000)
        margin.act("quotePerp", 0, 0, 10, spread, sender=account)
    near, far = 20 * USDT * 10_010 // 10_000, 20 * USDT * 10_050 // 10_000

    receipt = margin.act("tradePerp", 0, 15, far - 1, MANY, sender=LONG)
    met = [(trade["maker"], trade["contracts"], trade["price"]) for trade in events(receipt, "PerpTrade")]
    assert met == [(OTHER, 10, near), (MAKER, 5, near)]
    receipt = margin.act("tradePerp", 0, 15, far - 1, MANY, sender=LONG)
    assert [trade["contracts"] for trade in events(receipt, "PerpTrade")] == [5]
    receipt = margin.act("tradePerp", 0, 15, far, MANY, sender=LONG)
    assert [(trade["maker"], trade["contracts"]) for trade in events(receipt, "PerpTrade")] == [(SHORT, 10)]
    margin.assert_conserved()


def test_quote_perp__again_and_to_nothing__replaces_and_removes(margin: Margin, event: EventReader) -> None:
    receipt = margin.act("quotePerp", 0, 5, 6, 7, sender=SHORT)
    assert event(receipt, "PerpQuoted") == {
        "marketId": 0,
        "maker": SHORT,
        "bidContracts": 5,
        "askContracts": 6,
        "spreadBps": 7,
    }
    margin.act("quotePerp", 0, 1, 1, 9, sender=OTHER)
    margin.act("quotePerp", 0, 8, 8, 10, sender=SHORT)
    assert [quote[0] for quote in margin.view("quotes", 0)] == [OTHER.lower(), SHORT.lower()]
    margin.act("quotePerp", 0, 0, 0, 0, sender=OTHER)
    assert [tuple(quote) for quote in margin.view("quotes", 0)] == [(SHORT.lower(), 8, 8, 10)]
    assert margin.refusal("quotePerp", 0, 1, 1, 100_00, sender=SHORT) == "RateOverAll(10000)"
    assert margin.refusal("quotePerp", 1, 1, 1, 1, sender=SHORT) == "UnknownMarket(1)"


def test_trade_perp__own_quote_or_a_maker_short_of_margin__is_passed_over(margin: Margin) -> None:
    margin.give(LONG, usdt=1_000)
    margin.act("quotePerp", 0, 0, 10, 0, sender=LONG)
    margin.act("tradePerp", 0, 5, NO_LIMIT, MANY, sender=LONG)
    assert margin.position(LONG) == (0, 0)
    margin.give(SHORT, usdt=119)
    margin.pair(100)
    margin.post("ETH", 2_001)
    assert margin.level(SHORT) == WARNING
    margin.act("quotePerp", 0, 10, 10, 0, sender=SHORT)
    margin.act("tradePerp", 0, 10, NO_LIMIT, MANY, sender=LONG)
    assert margin.position(LONG)[0] == 100
    margin.act("tradePerp", 0, -10, 0, MANY, sender=LONG)
    assert margin.position(LONG)[0] == 90


def test_trade_perp__to_the_warning_line__works_and_a_contract_more_reverts(margin: Margin) -> None:
    margin.give(LONG, usdt=1_200)
    margin.give(SHORT, usdt=9_000)
    margin.act("quotePerp", 0, 0, 2_000, 0, sender=SHORT)
    # A contract needs 1 of margin: 1,000 of them are 1.2 times covered.
    reason = margin.refusal("tradePerp", 0, 1_001, NO_LIMIT, MANY, sender=LONG)
    assert reason == error("MarginTooLow", 1_200 * WAD // 1_001, 12 * WAD // 10)
    margin.act("tradePerp", 0, 1_000, NO_LIMIT, MANY, sender=LONG)
    margin.post("ETH", 1_990)
    margin.act("quotePerp", 0, 10, 10, 0, sender=SHORT)
    assert margin.refusal("tradePerp", 0, 1, NO_LIMIT, MANY, sender=LONG).startswith("MarginTooLow(")
    margin.act("tradePerp", 0, -1, 0, MANY, sender=LONG)
    assert margin.refusal("tradePerp", 0, 0, 0, MANY, sender=LONG) == "InvalidAmount"


def test_maintenance__notional_over_a_bracket__is_progressive(margin: Margin) -> None:
    margin.give(LONG, usdt=50_000)
    margin.give(SHORT, usdt=50_000)
    margin.pair(6_000)
    assert margin.account(LONG)["maintenance"] == (5_000 + 2_000) * USDT


def test_trade_perp__with_a_fee__the_taker_pays_it_to_the_exchange(margin: Margin) -> None:
    margin.own("setMarket", 0, margin.tiers, 0, 5)
    for account in (LONG, SHORT):
        margin.give(account, usdt=1_000)
    margin.pair(33)
    fee = ceil(Fraction(33 * 20 * USDT * 5, 10_000))
    assert (margin.cash(LONG), margin.cash(SHORT), margin.cash(FEES)) == (1_000 * USDT - fee, 1_000 * USDT, fee)
    margin.assert_conserved()


@pytest.mark.parametrize("rate_wad", [WAD // 1_000, -WAD // 1_000])
def test_funding__eight_hours__longs_pay_shorts_the_rate_of_notional(
    margin: Margin, rate_wad: int, event: EventReader
) -> None:
    for account in (LONG, SHORT):
        margin.give(account, usdt=1_000)
    margin.own("setMarket", 0, margin.tiers, rate_wad, 0)
    margin.pair(100)
    opened = margin.stage.chain.timestamp
    margin.act("quotePerp", 0, 100, 0, 0, sender=SHORT)

    receipt = margin.act("tradePerp", 0, -100, 0, MANY, sender=LONG, timestamp=opened + EIGHT_HOURS)

    owed = 2_000 * USDT * rate_wad // WAD
    paid = {told["account"]: told["amount"] for told in events(receipt, "FundingPaid")}
    assert set(paid) == {LONG, SHORT}
    assert (abs(paid[LONG] - owed) <= 1, abs(paid[SHORT] + owed) <= 1) == (True, True)
    assert 0 <= paid[LONG] + paid[SHORT] <= 1
    assert (margin.cash(LONG), margin.cash(SHORT)) == (1_000 * USDT - paid[LONG], 1_000 * USDT - paid[SHORT])
    assert margin.view("totals")[2] == paid[LONG] + paid[SHORT]
    margin.assert_conserved()


@pytest.mark.parametrize("answer", [0, -5])
def test_trade_perp__without_a_price__reverts(margin: Margin, answer: int) -> None:
    margin.stage.send(margin.feeds["ETH"], "post", answer, sender=EXCHANGE)
    assert margin.refusal("tradePerp", 0, 1, NO_LIMIT, 1, sender=LONG) == error("PriceNotAvailable", answer)


# --- Levels


@pytest.mark.parametrize(
    ("cash_units", "expected"),
    [
        (120_000_001, FREE),
        (120_000_000, WARNING),
        (105_000_001, WARNING),
        (105_000_000, REDUCE_ONLY),
        (100_000_001, REDUCE_ONLY),
        (100_000_000, LIQUIDATION),
        (0, LIQUIDATION),
    ],
)
def test_level__at_each_line__changes_there(margin: Margin, cash_units: int, expected: int) -> None:
    margin.give(LONG, usdt=1_000)
    margin.give(SHORT, usdt=1_000)
    margin.pair(100)
    margin.stage.send(margin.vault, "setOperator", OUTSIDER, True, sender=EXCHANGE)
    away = 1_000 * USDT - cash_units
    margin.stage.send(margin.vault, "move", margin.usdt.address, LONG, FEES, away, sender=OUTSIDER)
    assert margin.level(LONG) == expected
