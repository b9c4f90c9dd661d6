"""Figures of the exchange from made-up tables, against figures done by hand. Blocks are 12 seconds apart."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cascade.analysis.exchange import book_depths, book_falls, cohort_leverages, exchange_figures
from cascade.analysis.exchange.forced import Deleveraging, InsuranceUsed
from cascade.analysis.expectation import judge
from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.scenario.model import ExpectedBook, ExpectedExchange, ExpectedLeverage, ExpectSpec

from .conftest import ByHand

USDC, ALT, WAD = 10**6, 10**18, 10**18
START = 1_760_129_100
UNBOUNDED = 2**256 - 1
NOTHING = {
    "book": "",
    "asset": "",
    "amount_raw": 0,
    "proceeds_raw": 0,
    "fee_raw": 0,
    "repaid_raw": 0,
    "ltv_bps": 0,
    "uni_mmr_wad": 0,
    "leverage_wad": 0,
    "until_timestamp": 0,
}


class Venue:
    """Writes rows of an exchange with one book, `alt`."""

    def __init__(self, rows: ByHand) -> None:
        self.rows = rows
        rows.parameters["assets"]["ALT"] = {"kind": "erc20", "decimals": 18}
        index = {"redemption_weight_bps": 0, "floor_price": "0"}
        rows.parameters["exchange"] = {"cash": "USDC", "books": {"alt": {"base": "ALT", "index": index}}}
        rows.move(1, "10", market="book:alt", kind="quote", role="maker", before="10")

    def own(self, block: int, price: str, *, kind: str = "quote", role: str = "maker", intent: str = "") -> None:
        self.rows.move(block, price, market="book:alt", kind=kind, role=role, intent=intent)

    def trade(self, block: int, price: str, *, size: int = 1, role: str = "trader", intent: str = "sell") -> None:
        self.own(block, price, kind="trade", role=role, intent=intent)
        raw = int(Decimal(price).scaleb(6))
        self.add(
            "trades",
            block,
            book="alt",
            asset="ALT",
            maker="m",
            maker_role="maker",
            maker_cohort="makers",
            taker="t",
            taker_role=role,
            taker_cohort=role,
            taker_side="sell",
            intent=intent,
            price_raw=raw,
            base_raw=size * ALT,
            quote_raw=size * raw,
            maker_fee_raw=0,
            taker_fee_raw=0,
        )

    def event(self, block: int, kind: str, account: str = "a", cohort: str = "makers", **fields: Any) -> None:
        who = {"kind": kind, "account": account, "role": "maker", "cohort": cohort}
        self.add("exchange_events", block, **{**who, **NOTHING, **fields})

    def depth(self, block: int, tokens: int, *, within: int = 200) -> None:
        self.state("liquidity", block, venue="alt", within_bps=within, sell_raw=tokens * ALT, buy_raw=0)

    def cohort(self, block: int, gross: int, equity: int, *, cohort: str = "makers") -> None:
        counts = {"accounts": 1, "free": 1, "warning": 0, "reduce_only": 0, "liquidation": 0}
        self.state(
            "margin_cohorts",
            block,
            cohort=cohort,
            **counts,
            equity_raw=equity * USDC,
            adjusted_equity_raw=0,
            maintenance_raw=0,
            debt_raw=0,
            notional_raw=0,
            gross_raw=gross * USDC,
            median_uni_mmr_wad=0,
            lowest_uni_mmr_wad=0,
        )

    def add(self, table: str, block: int, **values: Any) -> None:
        tx = {"tx_hash": f"0x{block}", "log_index": self.rows._log(block)}
        self.rows._add(table, **self.rows._when(block), **tx, **values)

    def state(self, table: str, block: int, **values: Any) -> None:
        self.rows._add(table, **self.rows._when(block), **values)


@pytest.fixture
def venue(by_hand: ByHand) -> Venue:
    return Venue(by_hand)


def wad(price: str) -> int:
    return int(Decimal(price).scaleb(18))


def flash_crash(venue: Venue) -> None:
    venue.trade(2, "9")
    venue.trade(15, "8")
    venue.trade(27, "2")
    venue.trade(40, "1")
    venue.own(41, "3")
    venue.own(90, "6")
    venue.own(91, "7")


def test_book_falls__flash_crash__is_measured_from_five_minutes_before(venue: Venue, tmp_path: Path) -> None:
    flash_crash(venue)
    frames = venue.rows.frames(tmp_path, blocks=92)
    fall = book_falls(frames, PriceBook(frames))["alt"]
    assert (fall.asset, fall.start_wad, fall.low_wad) == ("ALT", wad("10"), wad("1"))
    assert (fall.low_at, fall.low_block, fall.low_e8) == (START + 12 * 38, 40, 10**8)
    # At 456 s a trade at 1; at 156 s, the second of the trade at 8, the own price was 8. From 9 to 2 is 77.8 %.
    assert (fall.fall, fall.fall_at) == (Fraction(7, 8), START + 456)
    assert fall.fall_bps == 8750
    # Ten minutes after the low is 1056 s, the second of block 90.
    assert fall.later_wad == wad("6")
    assert fall.share_of_start == Fraction(6, 10)


def test_book_falls__a_run_that_ends_too_early__has_no_price_ten_minutes_later(venue: Venue, tmp_path: Path) -> None:
    venue.trade(2, "9")
    venue.trade(40, "1")
    frames = venue.rows.frames(tmp_path, blocks=89)
    fall = book_falls(frames, PriceBook(frames))["alt"]
    assert (fall.later_wad, fall.share_of_start) == (None, None)


def test_book_falls__quotes_that_followed_the_market__are_excluded(venue: Venue, tmp_path: Path) -> None:
    venue.own(3, "5")
    venue.trade(28, "4")
    frames = venue.rows.frames(tmp_path, blocks=30)
    # At 312 s; at 12 s the own price was 5 already.
    assert book_falls(frames, PriceBook(frames))["alt"].fall == Fraction(1, 5)


def test_book_falls__a_trade_a_second_before_five_minutes_are_over__is_measured_from_the_start(
    venue: Venue, tmp_path: Path
) -> None:
    venue.own(3, "5")
    venue.trade(27, "4")
    frames = venue.rows.frames(tmp_path, blocks=30)
    # At 300 s; the quotes fell at 12 s, so that it was 10 before.
    assert book_falls(frames, PriceBook(frames))["alt"].fall == Fraction(6, 10)


def test_book_falls__low_in_dollars__is_at_the_stable_s_price(venue: Venue, tmp_path: Path) -> None:
    venue.rows.oracle("USDC", 3, "0.98")
    venue.trade(4, "0.5")
    frames = venue.rows.frames(tmp_path, blocks=5)
    assert book_falls(frames, PriceBook(frames))["alt"].low_e8 == 49_000_000


def test_book_falls__low_reached_twice__is_at_the_first(venue: Venue, tmp_path: Path) -> None:
    venue.trade(3, "1")
    venue.trade(4, "2")
    venue.trade(5, "1")
    frames = venue.rows.frames(tmp_path, blocks=6)
    assert book_falls(frames, PriceBook(frames))["alt"].low_block == 3


def test_book_falls__no_trade__is_no_fall(venue: Venue, tmp_path: Path) -> None:
    venue.own(3, "1")
    frames = venue.rows.frames(tmp_path, blocks=4)
    assert book_falls(frames, PriceBook(frames)) == {}


def test_book_depths__removed_bids__are_counted_from_the_start(venue: Venue, tmp_path: Path) -> None:
    venue.depth(1, 100)
    venue.depth(3, 60)
    venue.depth(4, 5)
    venue.depth(4, 0, within=50)
    venue.depth(6, 80)
    depth = book_depths(venue.rows.frames(tmp_path, blocks=7))["alt"]
    assert (depth.start_raw, depth.lowest_raw, depth.lowest_at) == (100 * ALT, 5 * ALT, START + 24)
    assert depth.fall_bps == 9500


def test_book_depths__bids_that_only_grow__have_not_fallen(venue: Venue, tmp_path: Path) -> None:
    venue.depth(1, 100)
    venue.depth(3, 160)
    depth = book_depths(venue.rows.frames(tmp_path, blocks=4))["alt"]
    assert (depth.lowest_raw, depth.lowest_at, depth.fall_bps) == (100 * ALT, START, 0)


def test_cohort_leverages__peak__is_before_the_first_liquidation(venue: Venue, tmp_path: Path) -> None:
    venue.cohort(1, 210, 100)
    venue.cohort(2, 180, 60)
    venue.cohort(3, 180, 50)
    venue.cohort(4, 180, 20)
    venue.cohort(5, 180, -10)
    # Block 4 is step 2, whose end is after the first liquidation.
    venue.event(4, "liquidation-started", "m-1", leverage_wad=wad("4"))
    venue.event(4, "liquidation-started", "m-2", leverage_wad=wad("3.5"))
    venue.event(5, "liquidation-started", "m-3", leverage_wad=UNBOUNDED)
    venue.event(5, "liquidation-started", "m-4", leverage_wad=wad("3.25"))
    venue.event(6, "liquidation-started", "m-2", leverage_wad=wad("9"))
    venue.event(6, "liquidation-started", "x", cohort="others", leverage_wad=wad("1"))
    made = cohort_leverages(venue.rows.frames(tmp_path, blocks=6))["makers"]
    assert (made.start, made.peak) == (Fraction(21, 10), Fraction(18, 5))
    assert (made.peak_at, made.is_bare, made.liquidated_at) == (START + 12, False, START + 24)
    # 3.25, 3.5, 4 and unbounded: the lower of the middle two; the second time of m-2 does not count.
    assert made.at_liquidation == Fraction(7, 2)


def test_cohort_leverages__no_liquidation__counts_every_step_and_says_when_equity_was_gone(
    venue: Venue, tmp_path: Path
) -> None:
    venue.cohort(1, 200, 100)
    venue.cohort(2, 150, 30)
    venue.cohort(3, 100, 0)
    made = cohort_leverages(venue.rows.frames(tmp_path, blocks=3))["makers"]
    assert (made.peak, made.peak_at, made.is_bare) == (5, START, True)
    assert (made.liquidated_at, made.at_liquidation) == (None, None)


def test_exchange_figures__forced_sales_and_losses__are_summed_in_dollars(venue: Venue, tmp_path: Path) -> None:
    venue.rows.oracle("USDC", 4, "0.99")
    venue.trade(3, "9", size=10)
    venue.trade(4, "8", size=100, role="maker", intent="account-liquidation")
    venue.trade(5, "7", size=20, role="whale", intent="desk-liquidation")
    venue.event(3, "liquidation-started", "m-1")
    venue.event(4, "liquidation-started", "m-1")
    venue.event(4, "liquidation-started", "m-2")
    venue.event(4, "liquidation-started", "r-1", cohort="retail")
    venue.event(3, "collateral-sold", asset="ALT", amount_raw=ALT, proceeds_raw=50 * USDC)
    venue.event(4, "collateral-sold", asset="ALT", proceeds_raw=100 * USDC)
    venue.event(4, "collateral-sold", asset="USDe", proceeds_raw=10 * USDC)
    venue.event(4, "insurance-used", amount_raw=200 * USDC)
    venue.event(5, "bad-debt", amount_raw=300 * USDC)
    venue.event(3, "margin-called", "w", "whales")
    venue.event(4, "margin-called", "w2", "whales")
    venue.event(4, "margin-called", "w3", "whales")
    venue.event(4, "margin-call-met", "w2", "whales")
    venue.rows._tx(4, "0x4", "w2", "whale", "whales", "repay")
    # In its own transaction the desk sells the pledge of `w`, which ends the call; that of `w3` ends with the price.
    venue.event(5, "margin-call-met", "w", "whales")
    venue.event(5, "margin-call-met", "w3", "whales")
    venue.rows._tx(5, "0x5", "desk", "engine", "desk", "liquidate-loan")
    for proceeds in (40, 30):
        venue.event(5, "loan-liquidated", "w", "whales", asset="ALT", proceeds_raw=proceeds * USDC)
    venue.event(5, "shortfall-covered", "w", "whales", amount_raw=5 * USDC)
    venue.event(5, "desk-loss", "w", "whales", amount_raw=2 * USDC)
    venue.event(5, "book-halted", "", "")
    parties = {f"{side}{suffix}": side for side in ("taker", "maker") for suffix in ("", "_role", "_cohort")}
    for kind, contracts in (("trade", 3), ("liquidation", -4), ("adl", -5)):
        venue.add(
            "perp_trades",
            3,
            market="alt-perp",
            **parties,
            kind=kind,
            contracts=contracts,
            price_raw=10 * USDC,
            mark_raw=10 * USDC,
            rank_wad=0,
        )
    frames = venue.rows.frames(tmp_path, blocks=6)
    figures = exchange_figures(frames, PriceBook(frames))
    assert figures is not None
    assert (figures.trades, figures.volume_usd) == (3, 90 + 0.99 * 940)
    assert figures.forced_volume_usd == 0.99 * 940
    assert (figures.perp_trades, figures.perp_volume_usd, figures.perp_liquidated_usd) == (3, 120.0, 90.0)
    assert figures.accounts_liquidated == {"makers": 2, "retail": 1}
    assert figures.collateral_sold_usd == {"ALT": 50 + 99, "USDe": 9.9}
    assert figures.insurance_used_usd == InsuranceUsed(margin=198.0, desk=4.95)
    assert (figures.bad_debt_usd, figures.desk_loss_usd) == (297.0, 1.98)
    assert figures.adl == Deleveraging(fills=1, accounts=1, usd=50.0)
    assert (figures.margin_calls, figures.margin_calls_met, figures.margin_calls_sold, figures.halts) == (3, 1, 1, 1)
    assert (figures.desk_liquidations, figures.desk_borrowers) == (2, 1)
    assert figures.pledges_sold_usd == {"ALT": 69.3}


def test_exchange_figures__a_book_without_trades__has_none(venue: Venue, tmp_path: Path) -> None:
    frames = venue.rows.frames(tmp_path, blocks=3)
    figures = exchange_figures(frames, PriceBook(frames))
    assert figures is not None
    assert set(asdict(figures.books["alt"]).values()) == {"ALT", None}
    assert figures.leverage == {}


def claim(**book: Any) -> ExpectSpec:
    books = {"alt": ExpectedBook(**book)}
    return ExpectSpec(liquidations="none", exchange=ExpectedExchange(books=books))


@pytest.mark.parametrize(
    ("bound", "met", "missed"),
    [
        ("low_at_least_usd", Decimal(1), Decimal("1.00000001")),
        ("low_at_most_usd", Decimal(1), Decimal("0.99999999")),
        ("five_minute_fall_at_least_bps", 8750, 8751),
        ("five_minute_fall_at_most_bps", 8750, 8749),
        ("share_of_start_after_10_minutes_at_least_bps", 6000, 6001),
        ("depth_fall_at_least_bps", 9500, 9501),
    ],
)
def test_judge__bound_of_a_book__is_met_on_its_own_side_only(
    bound: str, met: Decimal | int, missed: Decimal | int, venue: Venue, tmp_path: Path
) -> None:
    flash_crash(venue)
    venue.depth(1, 100)
    venue.depth(4, 5)
    frames = venue.rows.frames(tmp_path, blocks=92)
    assert judge(claim(**{bound: met}), frames).missed == ()
    (sentence,) = judge(claim(**{bound: missed}), frames).missed
    assert sentence.startswith(f"expect.exchange.books.alt.{bound} = {missed}: it was ")


def test_judge__book_without_the_figure__is_missed_with_a_reason(venue: Venue, tmp_path: Path) -> None:
    frames = venue.rows.frames(tmp_path, blocks=3)
    bounds = {"low_at_most_usd": Decimal(1), "depth_fall_at_least_bps": 1}
    assert judge(claim(**bounds), frames).missed == (
        "expect.exchange.books.alt.low_at_most_usd = 1: the book had no trade",
        "expect.exchange.books.alt.depth_fall_at_least_bps = 1: the book had no bids when the crash began",
    )


def test_judge__run_too_short__is_missed_with_a_reason(venue: Venue, tmp_path: Path) -> None:
    venue.trade(2, "1")
    verdict = judge(claim(share_of_start_after_10_minutes_at_least_bps=1), venue.rows.frames(tmp_path, blocks=3))
    assert verdict.missed[0].endswith("= 1: the run ended less than ten minutes after the low")


@pytest.mark.parametrize(
    ("bounds", "equity", "missed"),
    [
        ({"peak_leverage_at_least": Decimal(3)}, 60, 0),
        ({"peak_leverage_at_least": Decimal("3.0001")}, 60, 1),
        ({"peak_leverage_at_most": Decimal(3)}, 60, 0),
        ({"peak_leverage_at_most": Decimal("2.9999")}, 60, 1),
        # Without equity no bound from above holds; what came before is a bound from below.
        ({"peak_leverage_at_least": Decimal(2), "peak_leverage_at_most": Decimal(1000)}, 0, 1),
    ],
)
def test_judge__bound_of_leverage__is_met_on_its_own_side_only(
    bounds: dict[str, Decimal], equity: int, missed: int, venue: Venue, tmp_path: Path
) -> None:
    venue.cohort(1, 200, 100)
    venue.cohort(2, 180, equity)
    cohorts = {"makers": ExpectedLeverage(**bounds)}
    expect = ExpectSpec(liquidations="none", exchange=ExpectedExchange(cohorts=cohorts))
    verdict = judge(expect, venue.rows.frames(tmp_path, blocks=3))
    assert len(verdict.missed) == missed
    assert all(sentence.startswith("expect.exchange.cohorts.makers.peak_") for sentence in verdict.missed)


def test_expected_book__without_a_bound__is_refused() -> None:
    with pytest.raises(ValueError, match="needs one of low_at_least_usd"):
        ExpectedBook()


def test_frames__tables_of_the_exchange__are_empty_where_there_is_none(by_hand: ByHand, tmp_path: Path) -> None:
    frames: Frames = by_hand.frames(tmp_path, blocks=2)
    tables = ("trades", "perp_trades", "margin", "margin_cohorts", "holdings", "exchange_events", "funds")
    assert [len(getattr(frames, name)) for name in tables] == [0] * 7
    assert exchange_figures(frames, PriceBook(frames)) is None
