"""UnifiedMargin: a liquidation's whole course, each step by hand."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import pytest

from cascade.chain.local import address_of

from ..conftest import EventReader
from .exchange_world import (
    ALT,
    E8,
    EXCHANGE,
    INSURANCE,
    MAKER,
    SELL,
    USDT,
    WAD,
    error,
    events,
    price,
)
from .margin_world import (
    FREE,
    INT_MAX,
    KEEPER,
    LIQUIDATION,
    LONG,
    MANY,
    NO_LIMIT,
    OTHER,
    OWNER,
    REDUCE_ONLY,
    SHORT,
    Margin,
    indebted,
    leveraged,
    rules,
)

# --- Liquidation: collateral


def test_liquidate__a_price_above_the_line__reverts(margin: Margin) -> None:
    indebted(margin)
    # Collateral of 660 against 600 owed and 60 of margin.
    margin.stage.send(margin.feeds["ALT"], "post", ceil(Fraction(660 * E8, 700)), sender=EXCHANGE)
    account = margin.account(OWNER)
    assert account["level"] == REDUCE_ONLY
    reason = margin.refusal("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    assert reason == error("NotLiquidatable", account["uniMmrWad"], WAD)
    margin.stage.send(margin.feeds["ALT"], "post", floor(Fraction(660 * E8, 700)), sender=EXCHANGE)
    margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)


def test_liquidate__collateral__freezes_cancels_sells_and_ends(margin: Margin, event: EventReader) -> None:
    indebted(margin)
    margin.exchange.limit(OWNER, SELL, price(3), 40_000)
    margin.act("quotePerp", 0, 5, 5, 10, sender=OWNER)
    margin.bid(margin.exchange.book, 0.9, 200_000)
    margin.post("ALT", 0.9)
    before = margin.account(OWNER)

    receipt = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)

    assert event(receipt, "LiquidationStarted") == {
        "account": OWNER,
        "equity": 300 * USDT,
        "adjustedEquity": 30 * USDT,
        "maintenance": 60 * USDT,
        "uniMmrWad": WAD // 2,
        "leverageWad": 3 * WAD,
    }
    assert before["level"] == LIQUIDATION
    assert [told["askLots"] for told in events(receipt, "AllCancelled")] == [40_000, 0]
    assert event(receipt, "CollateralSold") == {
        "account": OWNER,
        "asset": margin.alt.address,
        "lots": 100_000,
        "proceeds": 900 * USDT,
        "fee": 0,
        "uniMmrWadAfter": INT_MAX,
    }
    assert event(receipt, "LiquidationEnded") == {"account": OWNER, "uniMmrWad": INT_MAX}
    assert [frozen["frozen"] for frozen in events(receipt, "FrozenSet")] == [True, False]
    assert margin.exchange.wallets(OWNER) == {OWNER: ((0, 0), (300 * USDT, 0))}
    assert margin.view("debtOf", OWNER) == 0
    assert list(margin.view("quotes", 0)) == []
    margin.assert_conserved()


def test_liquidate__in_slices__waits_between_and_ends_over_the_warning_line(margin: Margin, event: EventReader) -> None:
    margin.own("setRules", rules(slice_bps=20_00, fee_bps=1_00, pause=30))
    indebted(margin)
    margin.bid(margin.exchange.book, 0.9, 200_000)
    margin.post("ALT", 0.9)

    first = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    until = margin.stage.chain.timestamp + 30
    sold = event(first, "CollateralSold")
    assert (sold["lots"], sold["proceeds"], sold["fee"]) == (20_000, 180 * USDT, 1_800_000)
    assert margin.cash(INSURANCE) == 1_800_000
    assert margin.view("debtOf", OWNER) == 600 * USDT - 178_200_000
    # 504 of collateral against 421.8 owed and 42.18 of margin.
    assert sold["uniMmrWadAfter"] == 82_200_000 * WAD // 42_180_000
    assert events(first, "LiquidationEnded")[0]["uniMmrWad"] > 12 * WAD // 10

    margin.post("ALT", 0.8)
    second = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    assert margin.stage.chain.timestamp < until
    assert event(second, "CollateralSold")["lots"] == 16_000
    margin.assert_conserved()


def test_liquidate__still_under_the_line__stays_frozen_and_is_paused(margin: Margin) -> None:
    margin.own("setRules", rules(slice_bps=5_00, pause=30))
    indebted(margin)
    margin.bid(margin.exchange.book, 0.5, 200_000)
    margin.post("ALT", 0.9)
    margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    until = margin.stage.chain.timestamp + 30
    assert margin.view("isLiquidating", OWNER) is True
    lens = margin.stage.deploy("ExchangeLens")
    assert margin.stage.view(lens, "accounts", margin.margin.address, [OTHER, OWNER])[8::10] == [0, 1]
    assert margin.stage.view(lens, "accounts", margin.margin.address, [OTHER, OWNER])[9::10] == [0, until]
    frozen = error("AccountFrozen", OWNER)
    assert margin.refusal("borrow", 1, sender=OWNER) == frozen
    assert margin.refusal("tradePerp", 0, 1, NO_LIMIT, 1, sender=OWNER) == frozen
    assert margin.refusal("quotePerp", 0, 1, 1, 1, sender=OWNER) == frozen
    assert margin.exchange.refusal("placeLimit", SELL, price(1), 1, 0, sender=OWNER) == frozen
    assert margin.refusal("liquidate", OWNER, MANY, MANY, sender=KEEPER) == error("LiquidationPaused", until)
    margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER, timestamp=until)
    assert margin.exchange.balance(OWNER, margin.alt) == (900 * ALT, 0)


def test_liquidate__two_assets__sells_in_the_order_of_listing_and_as_many_as_steps(margin: Margin) -> None:
    margin.own("setRules", rules(slice_bps=50_00))
    margin.give(OWNER, alt=1_000, usde=1_000)
    margin.act("borrow", 1_500 * USDT, sender=OWNER)
    margin.withdraw(OWNER, 1_400 * USDT)
    margin.bid(margin.exchange.book, 0.5, 200_000)
    margin.bid(margin.usde_book, 0.65, 200_000)
    margin.post("ALT", 0.5)
    margin.post("USDe", 0.65)

    receipt = margin.act("liquidate", OWNER, 1, MANY, sender=KEEPER)
    assert [sold["asset"] for sold in events(receipt, "CollateralSold")] == [margin.alt.address]
    receipt = margin.act("liquidate", OWNER, 2, MANY, sender=KEEPER)
    sold = [(sale["asset"], sale["lots"]) for sale in events(receipt, "CollateralSold")]
    assert sold == [(margin.alt.address, 50_000), (margin.usde.address, 50_000)]
    receipt = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    assert [sale["lots"] for sale in events(receipt, "CollateralSold")] == [50_000]
    # 500 and 650 came in, and 100 of cash; 250 are left and written off.
    assert events(receipt, "BadDebt") == [{"account": OWNER, "amount": 250 * USDT}]
    margin.assert_conserved()


def test_liquidate__halted_book__waits_and_writes_nothing_off(margin: Margin) -> None:
    indebted(margin)
    margin.bid(margin.exchange.book, 1.0, 10)
    margin.bid(margin.exchange.book, 0.3, 200_000)
    margin.exchange.act("placeMarket", SELL, 10, 5, sender=address_of("taker"))
    margin.exchange.own(margin.exchange.book, "setCircuitBreaker", 10_00, 600, 600)
    margin.post("ALT", 0.3)

    receipt = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    assert [log.event for log in receipt.logs if log.event in ("BookHalted", "CollateralSold", "BadDebt")] == [
        "BookHalted"
    ]
    receipt = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    assert events(receipt, "CollateralSold") == events(receipt, "BadDebt") == []
    assert margin.view("isLiquidating", OWNER) is True


@pytest.mark.parametrize(("fund", "bad_debt"), [(0, 300), (50, 250), (300, 0), (400, 0)])
def test_liquidate__all_sold_and_debt_left__fund_pays_and_the_rest_is_bad_debt(
    margin: Margin, fund: int, bad_debt: int
) -> None:
    if fund:
        margin.give(INSURANCE, usdt=fund)
    indebted(margin)
    margin.bid(margin.exchange.book, 0.3, 200_000)
    margin.post("ALT", 0.3)

    receipt = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)

    used = [told["amount"] for told in events(receipt, "InsuranceUsed")]
    assert used == [min(fund, 300) * USDT] * (fund > 0)
    assert [told["amount"] for told in events(receipt, "BadDebt")] == [bad_debt * USDT] * (bad_debt > 0)
    assert margin.cash(INSURANCE) == (fund - min(fund, 300)) * USDT
    assert (margin.view("debtOf", OWNER), margin.level(OWNER)) == (0, FREE)
    assert margin.view("isLiquidating", OWNER) is False
    margin.assert_conserved()


# --- Liquidation: perpetuals


def test_liquidate__position__is_closed_against_quotes_in_slices(margin: Margin) -> None:
    margin.own("setRules", rules(slice_bps=20_00))
    leveraged(margin)
    margin.post("ETH", 1_894.73)
    assert margin.level(LONG) == LIQUIDATION
    margin.give(MAKER, usdt=10_000)
    margin.act("quotePerp", 0, 1_000, 0, 100, sender=MAKER)
    mark, paid = 18_947_300, 18_757_827

    first = margin.act("liquidate", LONG, MANY, MANY, sender=KEEPER)
    assert [(trade["contracts"], trade["price"]) for trade in events(first, "PerpTrade")] == [(-100, paid)]
    equity = 1_000 * USDT - 100 * (20 * USDT - paid) - 400 * (20 * USDT - mark)
    assert margin.account(LONG)["equity"] == equity
    assert equity * 10 < 12 * margin.account(LONG)["maintenance"]
    second = margin.act("liquidate", LONG, MANY, MANY, sender=KEEPER)
    assert len(events(second, "LiquidationEnded")) == 1
    assert margin.position(LONG) == (300, 6_000 * USDT)
    assert margin.cash(LONG) == 1_000 * USDT - 200 * (20 * USDT - paid)
    margin.assert_conserved()


def test_liquidate__account_worth_something_and_no_quote__waits(margin: Margin) -> None:
    leveraged(margin)
    margin.post("ETH", 1_890)
    receipt = margin.act("liquidate", LONG, MANY, MANY, sender=KEEPER)
    assert events(receipt, "AutoDeleveraged") == []
    assert margin.position(LONG)[0] == 500
    assert margin.view("isLiquidating", LONG) is True


def test_liquidate__quote_worse_than_account_and_fund_can_pay__is_not_taken(margin: Margin) -> None:
    leveraged(margin)
    margin.give(INSURANCE, usdt=50)
    margin.give(MAKER, usdt=10_000)
    margin.post("ETH", 1_820)
    # Equity 100 and fund 50 over 500 contracts at 18.20: down to 17.90, which is 1.648 % off.
    margin.act("quotePerp", 0, 1_000, 0, 165, sender=MAKER)
    receipt = margin.act("liquidate", LONG, MANY, MANY, sender=KEEPER)
    assert events(receipt, "PerpTrade") == []
    margin.act("quotePerp", 0, 1_000, 0, 164, sender=MAKER)
    receipt = margin.act("liquidate", LONG, MANY, MANY, sender=KEEPER)
    loss = 500 * (18_200_000 * 164 // 10_000 + (18_200_000 * 164 % 10_000 > 0))
    assert [told["amount"] for told in events(receipt, "InsuranceUsed")] == [loss - 100 * USDT]
    assert (margin.position(LONG), margin.cash(LONG), margin.view("debtOf", LONG)) == ((0, 0), 0, 0)
    assert events(receipt, "BadDebt") == []
    margin.assert_conserved()


@pytest.mark.parametrize(
    ("fund", "at", "other_gain", "short_gain", "fund_left"),
    [(0, 18.0, 400, 600, 0), (100, 17.8, 440, 660, 0), (500, 17.0, 600, 900, 0), (600, 17.0, 600, 900, 100)],
)
def test_liquidate__bankrupt_position__fund_pays_then_the_ranked_opposite_side(
    margin: Margin, fund: int, at: float, other_gain: int, short_gain: int, fund_left: int
) -> None:
    leveraged(margin)
    if fund:
        margin.give(INSURANCE, usdt=fund)
    margin.post("ETH", 1_700)
    ranks = {
        OTHER: Fraction(20, 17) * Fraction(200 * 17, 400 + 600),
        SHORT: Fraction(20, 17) * Fraction(300 * 17, 2_000 + 900),
    }

    receipt = margin.act("liquidate", LONG, MANY, MANY, sender=KEEPER)

    told = events(receipt, "AutoDeleveraged")
    units = round(at * 10) * USDT // 10
    assert [(one["counterparty"], one["contracts"], one["price"], one["markPrice"]) for one in told] == [
        (OTHER, 200, units, 17 * USDT),
        (SHORT, 300, units, 17 * USDT),
    ]
    assert all(0 <= ranks[one["counterparty"]] * WAD - one["rankWad"] <= 10 for one in told)
    assert [told["amount"] for told in events(receipt, "InsuranceUsed")] == [min(fund, 500) * USDT] * (fund > 0)
    assert margin.cash(OTHER) == (400 + other_gain) * USDT
    assert margin.cash(SHORT) == (2_000 + short_gain) * USDT
    assert (margin.cash(LONG), margin.cash(INSURANCE)) == (0, fund_left * USDT)
    assert list(margin.view("holders", 0)) == []
    assert events(receipt, "BadDebt") == []
    assert len(events(receipt, "LiquidationEnded")) == 1
    margin.assert_conserved()


def test_liquidate__bankrupt_short__longs_sell_to_it_under_the_mark(margin: Margin) -> None:
    margin.give(SHORT, usdt=300)
    margin.give(LONG, usdt=1_000)
    margin.pair(200)
    margin.post("ETH", 2_200)
    receipt = margin.act("liquidate", SHORT, MANY, MANY, sender=KEEPER)
    told = events(receipt, "AutoDeleveraged")
    # 100 under water over 200 contracts: half a dollar under the mark.
    assert [(one["counterparty"], one["contracts"], one["price"]) for one in told] == [(LONG, -200, 21_500_000)]
    assert (margin.cash(LONG), margin.cash(SHORT)) == (1_300 * USDT, 0)
    margin.assert_conserved()


def test_liquidate__fewer_counterparties_than_needed__goes_on_in_the_next_call(margin: Margin) -> None:
    leveraged(margin)
    margin.post("ETH", 1_700)
    first = margin.act("liquidate", LONG, MANY, 1, sender=KEEPER)
    assert [one["counterparty"] for one in events(first, "AutoDeleveraged")] == [OTHER]
    assert margin.position(LONG)[0] == 300
    second = margin.act("liquidate", LONG, MANY, 1, sender=KEEPER)
    assert [one["counterparty"] for one in events(second, "AutoDeleveraged")] == [SHORT]
    assert margin.view("isLiquidating", LONG) is False
    margin.assert_conserved()


def test_liquidate__collateral_and_position__collateral_goes_first(margin: Margin) -> None:
    margin.give(LONG, alt=1_000)
    margin.give(SHORT, usdt=2_000)
    margin.pair(100)
    margin.act("quotePerp", 0, 200, 0, 0, sender=SHORT)
    margin.bid(margin.exchange.book, 0.14, 200_000)
    margin.post("ALT", 0.14)
    receipt = margin.act("liquidate", LONG, MANY, MANY, sender=KEEPER)
    order = [log.event for log in receipt.logs if log.event in ("CollateralSold", "PerpTrade")]
    assert order == ["CollateralSold"]
    assert (margin.position(LONG)[0], margin.cash(LONG), margin.level(LONG)) == (100, 140 * USDT, FREE)
    margin.assert_conserved()
