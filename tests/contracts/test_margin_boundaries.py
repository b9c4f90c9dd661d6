"""UnifiedMargin at its limits, each from both sides: brackets, haircuts, slices, fees, the fund, and ranks."""

from __future__ import annotations

from bisect import bisect_left
from math import floor

import pytest

from cascade.chain.local import Transaction, address_of

from ..conftest import EventReader, Stage
from .exchange_world import EXCHANGE, FEES, INSURANCE, LOT, MAKER, USDT, WAD, events
from .margin_world import (
    ENDLESS,
    KEEPER,
    LONG,
    MANY,
    NO_LIMIT,
    OTHER,
    OWNER,
    SHORT,
    Margin,
    indebted,
    leveraged,
    rules,
)


def give_units(margin: Margin, account: str, amount: int) -> None:
    margin.exchange.give(account, margin.usdt, amount)


# --- Brackets and haircuts


@pytest.mark.parametrize(
    ("value", "counted"), [(0, 0), (1, 0), (2, 1), (99, 69), (100, 70), (101, 70), (104, 72), (105, 72), (10**6, 72)]
)
def test_collateral_value__a_few_units__is_rounded_down_and_ends_with_the_last_bracket(
    margin: Margin, value: int, counted: int
) -> None:
    margin.own("setAsset", 0, [(100, 70_00), (104, 50_00), (10**5, 0)], 0)
    assert margin.view("collateralValueOf", 0, value) == counted


@pytest.mark.parametrize(("value", "counted"), [(99, 0), (100, 0), (101, 0), (102, 1), (201, 99), (202, 100)])
def test_collateral_value__first_bracket_that_counts_nothing__counts_what_is_over_it(
    margin: Margin, value: int, counted: int
) -> None:
    # What is over a hundred units counts in full, less a haircut of 1 %.
    margin.own("setAsset", 0, [(100, 0), (ENDLESS, 100_00)], 1_00)
    assert margin.view("collateralValueOf", 0, value) == counted


@pytest.mark.parametrize(("add_on_bps", "counted"), [(0, 70), (1, 69), (99_99, 0), (100_00, 0)])
def test_collateral_value__haircut_from_none_to_all__is_rounded_down(
    margin: Margin, add_on_bps: int, counted: int
) -> None:
    margin.own("setAsset", 0, [(ENDLESS, 70_00)], add_on_bps)
    assert margin.view("collateralValueOf", 0, 100) == counted


@pytest.mark.parametrize(
    ("debt", "maintenance"), [(1, 1), (20, 1), (21, 2), (100, 5), (101, 6), (110, 6), (111, 7), (120, 7)]
)
def test_maintenance__of_a_debt_in_brackets__is_rounded_up(margin: Margin, debt: int, maintenance: int) -> None:
    # 5 % to a hundred units, and 10 % of what is over it.
    margin.own("setLending", 0, [(100, 5_00), (ENDLESS, 10_00)])
    margin.give(OWNER, alt=1)
    margin.act("borrow", debt, sender=OWNER)
    assert margin.account(OWNER)["maintenance"] == maintenance


@pytest.mark.parametrize(("contracts", "maintenance"), [(4_999, 4_999), (5_000, 5_000), (5_001, 5_002)])
def test_maintenance__of_a_position_around_a_brackets_end__counts_the_rest_at_the_next_rate(
    margin: Margin, contracts: int, maintenance: int
) -> None:
    margin.give(LONG, usdt=50_000)
    margin.give(SHORT, usdt=50_000)
    margin.pair(contracts)
    assert margin.account(LONG)["maintenance"] == maintenance * USDT


# --- The owner's actions


def test_owner_actions__each__are_told_with_what_they_set(margin: Margin, stage: Stage, event: EventReader) -> None:
    whole, feed = [(ENDLESS, 100_00)], margin.feeds["ETH"].address
    receipt = margin.own("setAsset", 1, whole, 5)
    assert event(receipt, "AssetSet") == {"assetId": 1, "asset": margin.usde.address, "haircutAddOnBps": 5}
    receipt = margin.own("setMarket", 0, whole, -7, 9)
    assert event(receipt, "MarketSet") == {"marketId": 0, "feed": feed, "fundingRateWad": -7, "feeBps": 9}
    receipt = margin.own("addMarket", feed, 1, whole)
    assert event(receipt, "MarketSet") == {"marketId": 1, "feed": feed, "fundingRateWad": 0, "feeBps": 0}
    assert margin.view("markets") == 2
    receipt = margin.own("setLending", 11, whole)
    assert event(receipt, "LendingSet") == {"rateRay": 11}
    given = rules(slice_bps=1, fee_bps=100_00, pause=3)
    assert tuple(event(margin.own("setRules", given), "RulesSet").values()) == given
    assert tuple(margin.view("rules")) == given
    third = stage.token("THIRD", 18)
    arguments = (margin.vault.address, third.address, margin.usdt.address, 100, LOT, 0, 0, EXCHANGE)
    book = stage.deploy("SpotBook", *arguments)
    receipt = margin.own("addAsset", book.address, feed, whole)
    assert event(receipt, "AssetSet") == {"assetId": 2, "asset": third.address, "haircutAddOnBps": 0}
    assert margin.view("assets") == 3


@pytest.mark.parametrize(("slice_bps", "fee_bps", "over"), [(100_01, 0, 100_01), (1, 100_01, 100_01)])
def test_set_rules__share_over_all__reverts(margin: Margin, slice_bps: int, fee_bps: int, over: int) -> None:
    given = rules(slice_bps=slice_bps, fee_bps=fee_bps)
    assert margin.refusal("setRules", given, sender=EXCHANGE) == f"RateOverAll({over})"


def test_set_rules__lowest_line_of_nothing__reverts_and_of_one_works(margin: Margin) -> None:
    assert margin.refusal("setRules", (0, 0, 0, 0, 1, 0, 0), sender=EXCHANGE) == "LevelsOutOfOrder(0, 0, 0, 0)"
    margin.own("setRules", (1, 1, 1, 1, 1, 0, 0))


# --- Slices and fees of a liquidation


@pytest.mark.parametrize(
    ("slice_bps", "lots", "sold"),
    [(1, 10_000, 1), (1, 10_001, 2), (1, 1, 1), (50_00, 3, 2), (50_00, 4, 2), (99_99, 3, 3), (100_00, 3, 3)],
)
def test_liquidate__slice_of_some_lots__is_rounded_up_and_at_least_one(
    margin: Margin, event: EventReader, slice_bps: int, lots: int, sold: int
) -> None:
    margin.own("setRules", rules(slice_bps=slice_bps))
    margin.exchange.give(OWNER, margin.alt, lots * LOT)
    # At the first price a lot is worth 10,000, of which 70 % carry the loan; at the second 1,000.
    margin.act("borrow", 6_000 * lots, sender=OWNER)
    margin.withdraw(OWNER, 6_000 * lots)
    margin.bid(margin.exchange.book, 0.1, 20_000)
    margin.post("ALT", 0.1)
    receipt = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    assert event(receipt, "CollateralSold")["lots"] == sold


def test_liquidate__slice_sold_of_an_account_under_water__the_fund_waits_for_the_last_lot(margin: Margin) -> None:
    margin.own("setRules", rules(slice_bps=50_00))
    margin.give(INSURANCE, usdt=1_000)
    indebted(margin)
    margin.bid(margin.exchange.book, 0.3, 200_000)
    margin.post("ALT", 0.3)
    first = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    assert [sold["lots"] for sold in events(first, "CollateralSold")] == [50_000]
    assert (events(first, "InsuranceUsed"), margin.view("debtOf", OWNER)) == ([], 450 * USDT)
    second = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    assert [told["amount"] for told in events(second, "InsuranceUsed")] == [300 * USDT]
    assert (margin.cash(INSURANCE), margin.view("debtOf", OWNER)) == (700 * USDT, 0)
    margin.assert_conserved()


def test_liquidate__slice_of_one_lot_of_two__the_fund_waits_for_the_other(margin: Margin) -> None:
    margin.own("setRules", rules(slice_bps=1))
    margin.give(INSURANCE, usdt=1)
    margin.exchange.give(OWNER, margin.alt, 2 * LOT)
    margin.act("borrow", 12_000, sender=OWNER)
    margin.withdraw(OWNER, 12_000)
    margin.bid(margin.exchange.book, 0.3, 200)
    margin.post("ALT", 0.3)
    first = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    assert ([sold["lots"] for sold in events(first, "CollateralSold")], events(first, "InsuranceUsed")) == ([1], [])
    second = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    assert [told["amount"] for told in events(second, "InsuranceUsed")] == [6_000]


@pytest.mark.parametrize("most_steps", [0, 1])
def test_liquidate__steps_used_up__the_fund_waits_too(margin: Margin, most_steps: int) -> None:
    margin.own("setRules", rules(slice_bps=50_00))
    leveraged(margin)
    margin.give(INSURANCE, usdt=1_000)
    margin.post("ETH", 1_700)
    margin.give(MAKER, usdt=10_000)
    margin.act("quotePerp", 0, 1_000, 0, 0, sender=MAKER)
    receipt = margin.act("liquidate", LONG, most_steps, MANY, sender=KEEPER)
    assert [trade["contracts"] for trade in events(receipt, "PerpTrade")] == [-250] * most_steps
    assert events(receipt, "InsuranceUsed") == events(receipt, "AutoDeleveraged") == []
    receipt = margin.act("liquidate", LONG, MANY, MANY, sender=KEEPER)
    receipt = margin.act("liquidate", LONG, MANY, MANY, sender=KEEPER) if most_steps == 0 else receipt
    assert [told["amount"] for told in events(receipt, "InsuranceUsed")] == [500 * USDT]
    margin.assert_conserved()


@pytest.mark.parametrize(("fee_bps", "fee"), [(0, 0), (1, 1), (10, 1), (11, 2), (100_00, 1_000)])
def test_liquidate__fee_of_a_sale__is_rounded_up_and_goes_to_the_fund(
    margin: Margin, event: EventReader, fee_bps: int, fee: int
) -> None:
    margin.own("setRules", rules(fee_bps=fee_bps))
    margin.exchange.give(OWNER, margin.alt, LOT)
    margin.act("borrow", 6_000, sender=OWNER)
    margin.withdraw(OWNER, 6_000)
    margin.bid(margin.exchange.book, 0.1, 20)
    margin.post("ALT", 0.1)
    receipt = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    sold = event(receipt, "CollateralSold")
    assert (sold["proceeds"], sold["fee"]) == (1_000, fee)
    # The fund pays the debt at once, as far as the fee reaches.
    assert [told["amount"] for told in events(receipt, "InsuranceUsed")] == [fee] * (fee > 0)
    assert event(receipt, "BadDebt")["amount"] == 5_000
    assert margin.cash(INSURANCE) == 0


@pytest.mark.parametrize(("contracts", "bps", "fee"), [(1, 1, 2_000), (1, 3, 6_000), (7, 1, 14_000)])
def test_trade_perp__fee__is_of_the_notional_at_the_mark(margin: Margin, contracts: int, bps: int, fee: int) -> None:
    margin.own("setMarket", 0, margin.tiers, 0, bps)
    give_units(margin, LONG, 1_000 * USDT)
    margin.give(SHORT, usdt=1_000)
    margin.pair(contracts)
    assert (margin.cash(FEES), margin.cash(LONG)) == (fee, 1_000 * USDT - fee)


def test_trade_perp__fee_of_a_part_of_a_unit__is_rounded_up(margin: Margin) -> None:
    margin.own("setMarket", 0, margin.tiers, 0, 1)
    margin.post("ETH", 2_000.01)
    give_units(margin, LONG, 1_000 * USDT)
    margin.give(SHORT, usdt=1_000)
    margin.pair(1)
    assert margin.view("markPrice", 0) == 20_000_100
    assert margin.cash(FEES) == 2_001


# --- Quotes


def test_quote_perp__as_many_quotes_as_a_market_holds__and_one_more_reverts(margin: Margin) -> None:
    makers = [address_of(f"quoter-{k}") for k in range(65)]
    for k, maker in enumerate(makers[:64]):
        margin.act("quotePerp", 0, 1, 1, 64 - k, sender=maker)
    spreads = [quote[3] for quote in margin.view("quotes", 0)]
    assert spreads == list(range(1, 65))
    assert margin.refusal("quotePerp", 0, 1, 1, 0, sender=makers[64]) == "TooManyQuotes(64)"
    margin.act("quotePerp", 0, 2, 0, 0, sender=makers[63])
    margin.act("quotePerp", 0, 0, 0, 0, sender=makers[0])
    margin.act("quotePerp", 0, 1, 1, 0, sender=makers[64])
    assert [quote[0] for quote in margin.view("quotes", 0)][:2] == [makers[63].lower(), makers[64].lower()]


@pytest.mark.parametrize(("most_fills", "filled"), [(0, 0), (1, 10), (2, 20), (3, 25)])
def test_trade_perp__number_of_fills__is_kept(margin: Margin, most_fills: int, filled: int) -> None:
    margin.give(LONG, usdt=10_000)
    for account, size in ((SHORT, 10), (OTHER, 10), (MAKER, 10)):
        margin.give(account, usdt=1_000)
        margin.act("quotePerp", 0, 0, size, 0, sender=account)
    margin.act("tradePerp", 0, 25, NO_LIMIT, most_fills, sender=LONG)
    assert margin.position(LONG)[0] == filled


@pytest.mark.parametrize(("limit", "filled"), [(19_900_000, -5), (19_900_001, 0)])
def test_trade_perp__sale_at_and_over_the_best_bid__fills_only_at_it(margin: Margin, limit: int, filled: int) -> None:
    margin.give(LONG, usdt=1_000)
    margin.give(SHORT, usdt=1_000)
    # A spread of half a per cent under a mark of 20.
    margin.act("quotePerp", 0, 5, 0, 50, sender=SHORT)
    margin.act("tradePerp", 0, -5, limit, MANY, sender=LONG)
    assert margin.position(LONG)[0] == filled


# --- The insurance fund


@pytest.mark.parametrize(("missing", "bad_debt"), [(0, []), (1, [1]), (300 * USDT, [300 * USDT])])
def test_liquidate__fund_short_of_a_debt_by_some_units__leaves_just_them_as_bad_debt(
    margin: Margin, missing: int, bad_debt: list[int]
) -> None:
    if missing != 300 * USDT:
        give_units(margin, INSURANCE, 300 * USDT - missing)
    indebted(margin)
    margin.bid(margin.exchange.book, 0.3, 200_000)
    margin.post("ALT", 0.3)
    receipt = margin.act("liquidate", OWNER, MANY, MANY, sender=KEEPER)
    assert [told["amount"] for told in events(receipt, "BadDebt")] == bad_debt
    assert margin.view("totals")[3] == sum(bad_debt)
    assert margin.cash(INSURANCE) == 0
    margin.assert_conserved()


@pytest.mark.parametrize(("short_by", "over_the_mark"), [(0, 0), (1, 1), (500, 1), (501, 2)])
def test_liquidate__fund_short_of_a_position_by_some_units__the_opposite_side_pays_them_rounded_up(
    margin: Margin, short_by: int, over_the_mark: int
) -> None:
    leveraged(margin)
    # 500 contracts lost 3 each: 1,500 on a thousand of cash.
    give_units(margin, INSURANCE, 500 * USDT - short_by)
    margin.post("ETH", 1_700)
    receipt = margin.act("liquidate", LONG, MANY, MANY, sender=KEEPER)
    prices = {told["price"] for told in events(receipt, "AutoDeleveraged")}
    assert prices == {17 * USDT + over_the_mark}
    assert (margin.position(LONG), margin.cash(INSURANCE)) == ((0, 0), 0)
    # What rounding the price took too much stays with the account that was closed.
    assert margin.cash(LONG) == 500 * over_the_mark - short_by
    margin.assert_conserved()


@pytest.mark.parametrize(("left", "deleveraged"), [(1, False), (0, True)])
def test_liquidate__account_worth_one_unit_and_nothing__waits_and_is_deleveraged(
    margin: Margin, left: int, deleveraged: bool
) -> None:
    leveraged(margin)
    if left:
        give_units(margin, LONG, left)
    margin.post("ETH", 1_800)
    assert margin.account(LONG)["equity"] == left
    receipt = margin.act("liquidate", LONG, MANY, MANY, sender=KEEPER)
    assert bool(events(receipt, "AutoDeleveraged")) is deleveraged
    assert margin.view("isLiquidating", LONG) is not deleveraged
    assert events(receipt, "InsuranceUsed") == []


# --- Auto-deleveraging


@pytest.mark.parametrize(
    ("more_cash_of_the_first", "order"), [(-1, [SHORT, OTHER]), (0, [SHORT, OTHER]), (10**6, [OTHER, SHORT])]
)
def test_deleverage__equal_ranks__takes_the_earlier_holder_first(
    margin: Margin, more_cash_of_the_first: int, order: list[str]
) -> None:
    margin.give(LONG, usdt=1_000)
    give_units(margin, SHORT, 1_000 * USDT + more_cash_of_the_first)
    margin.give(OTHER, usdt=1_000)
    margin.pair(250)
    margin.pair(250, short=OTHER)
    margin.post("ETH", 1_800)
    receipt = margin.act("liquidate", LONG, MANY, MANY, sender=KEEPER)
    told = events(receipt, "AutoDeleveraged")
    assert [(one["counterparty"], one["contracts"]) for one in told] == [(account, 250) for account in order]
    # Each short gained 500 on 1,000 of cash: 20 / 18 of price, times 4,500 of notional over 1,500.
    if more_cash_of_the_first == 0:
        assert all(abs(one["rankWad"] - WAD * 20 // 18 * 4_500 // 1_500) <= 3 for one in told)


def test_deleverage__counterparty_larger_than_needed__keeps_the_rest_and_the_same_side_is_left_alone(
    margin: Margin,
) -> None:
    margin.give(LONG, usdt=1_000)
    margin.give(OWNER, usdt=50_000)
    margin.give(SHORT, usdt=5_000)
    margin.pair(500)
    margin.pair(700, long=OWNER)
    margin.post("ETH", 1_800)
    margin.act("liquidate", LONG, MANY, MANY, sender=KEEPER)
    assert (margin.position(LONG)[0], margin.position(SHORT)[0], margin.position(OWNER)[0]) == (0, -700, 700)
    margin.assert_conserved()


def fits(margin: Margin, gas_limit: int) -> bool:
    """Whether the first call of LONG's liquidation, with one counterparty, fits so much gas; the chain is as before."""
    data = margin.margin.encode("liquidate(address,uint256,uint256)", LONG, 1, 1)
    chain = margin.stage.chain
    with chain.rolled_back():
        margin.post("ETH", 1_800)
        transaction = Transaction(KEEPER, margin.margin.address, data, gas_limit)
        return chain.mine([transaction], timestamp=chain.timestamp + 1).receipts[0].ok


def gas_needed(margin: Margin) -> int:
    """To a thousand."""
    return 1_000 * bisect_left(range(30_000), x=True, key=lambda thousands: fits(margin, 1_000 * thousands))


def add_holders(margin: Margin, numbers: range) -> None:
    """Shorts of one contract each, all bought by OWNER."""
    for short in (address_of(f"ranked-{number}") for number in numbers):
        margin.give(short, usdt=100)
        margin.give(OWNER, usdt=100)
        margin.pair(1, short=short, long=OWNER)
        margin.act("quotePerp", 0, 0, 0, 0, sender=short)


def test_deleverage__more_holders_than_a_block_can_rank__does_not_fit_it(margin: Margin) -> None:
    margin.stage.chain.fund([KEEPER])
    margin.give(LONG, usdt=1_000)
    margin.give(SHORT, usdt=5_000)
    margin.pair(500)
    add_holders(margin, range(20))
    few = gas_needed(margin)
    add_holders(margin, range(20, 50))
    many = gas_needed(margin)

    # However few counterparties are asked for, all holders are ranked: each costs the same, and a limit is a count.
    each = (many - few) / 30
    limit = 2_600_000
    most = 50 + floor((limit - many) / each)
    add_holders(margin, range(50, most - 1))
    assert fits(margin, limit)
    add_holders(margin, range(most - 1, most + 3))
    assert not fits(margin, limit)
    # The default chain's blocks, of 45 million, would rank some 1,300; the exchange's own have no limit.
    assert 1_200 < 50 + (45_000_000 - many) / each < 1_400
