"""Takeovers, the desk's spiral and the return of bids from made-up tables, against figures done by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from cascade.analysis.exchange import book_depths
from cascade.analysis.exchange.desk_spiral import desk_spirals
from cascade.analysis.exchange.takeovers import Takeovers, takeovers

from .conftest import ByHand
from .test_exchange_analysis import START, USDC, Venue

SECONDS = 12
LINES = {"alt": {"margin_call_ltv_bps": 7500, "liquidation_ltv_bps": 8300}}


@pytest.fixture
def venue(by_hand: ByHand) -> Venue:
    made = Venue(by_hand)
    by_hand.parameters["exchange"]["desk"] = {"lines": LINES}
    return made


def second(block: int) -> int:
    return START + SECONDS * (block - 2)


def test_takeovers__minutes_between_first_and_last__and_the_busiest_one(venue: Venue, tmp_path: Path) -> None:
    # At 0, 24, 48, 84 and 132 s; a minute from 24 s holds three, 84 s being its end without it being in it.
    for block, account in ((2, "a"), (4, "b"), (5, "a"), (6, "c"), (9, "d"), (13, "e")):
        venue.event(block, "liquidation-started", account=account)
    venue.event(3, "liquidation-started", account="z", cohort="longs")

    found = takeovers(venue.rows.frames(tmp_path, blocks=20))

    assert found["makers"] == Takeovers(5, second(2), second(13), second(2), 3)
    assert found["longs"] == Takeovers(1, second(3), second(3), second(3), 1)


def sale(venue: Venue, block: int, price: str, *, ltv_bps: int, account: str = "a") -> None:
    """A sale by the desk whose trade moves the book's own price, as its transaction has it."""
    venue.own(block, price, kind="trade", role="desk-borrower", intent="desk-liquidation")
    tx = venue.rows.rows["price_moves"][-1]["tx_hash"]
    venue.event(
        block,
        "loan-liquidated",
        account=account,
        cohort="borrowers",
        book="alt",
        ltv_bps=ltv_bps,
        proceeds_raw=100 * USDC,
    )
    venue.rows.rows["exchange_events"][-1]["tx_hash"] = tx


def generations(venue: Venue, folder: Path) -> list[int]:
    return [one.generation for one in desk_spirals(venue.rows.frames(folder, blocks=30))["alt"].sales]


def test_generation__loan_over_its_line_without_the_desk_s_falls__is_the_first(venue: Venue, tmp_path: Path) -> None:
    # From 10 to 9; at 9 a loan at 92.3 % is at 83.07 % at 10: over the line of 83 % all the same.
    sale(venue, 2, "9", ltv_bps=9_000)
    sale(venue, 3, "8", ltv_bps=9_230)

    assert generations(venue, tmp_path) == [1, 1]


def test_generation__loan_under_its_line_without_them__is_the_next_one(venue: Venue, tmp_path: Path) -> None:
    # At 9 a loan at 92 % is at 82.8 % at 10; at 8 one at 103 % is at 82.4 % at 10.
    sale(venue, 2, "9", ltv_bps=9_000)
    sale(venue, 3, "8", ltv_bps=9_200)
    sale(venue, 4, "7", ltv_bps=10_300)

    assert generations(venue, tmp_path) == [1, 2, 3]


def test_generation__fall_that_quotes_have_undone__counts_no_more(venue: Venue, tmp_path: Path) -> None:
    # Back from 9 to 9.9: 0.1 of the fall stand. 83.5 % at 9.9 are 82.7 % at 10, and 84 % are 83.2 %.
    sale(venue, 2, "9", ltv_bps=9_000)
    venue.own(3, "9.9")
    sale(venue, 4, "9.9", ltv_bps=8_350)
    sale(venue, 5, "9.9", ltv_bps=8_400)

    assert generations(venue, tmp_path) == [1, 2, 1]


def test_generation__call_that_has_expired__is_judged_by_the_line_of_the_call(venue: Venue, tmp_path: Path) -> None:
    # 80 % at 9 are 72 % at 10, under 75 %; 83 % reach the line of liquidation itself.
    sale(venue, 2, "9", ltv_bps=9_000)
    sale(venue, 3, "9", ltv_bps=8_000)

    assert generations(venue, tmp_path) == [1, 2]


def test_share__of_the_fall_until_the_first_maker__is_what_the_desk_s_trades_made(venue: Venue, tmp_path: Path) -> None:
    # From 10 to 6; the desk from 10 to 9 and from 7 to 6.5, others the rest; what comes after the maker does not count.
    sale(venue, 2, "9", ltv_bps=9_000)
    venue.own(3, "7")
    sale(venue, 4, "6.5", ltv_bps=9_000)
    venue.trade(5, "6", role="longs")
    venue.event(6, "liquidation-started", account="retail", cohort="longs", role="retail")
    venue.event(7, "liquidation-started", account="m")
    sale(venue, 8, "1", ltv_bps=9_000)

    spiral = desk_spirals(venue.rows.frames(tmp_path, blocks=30))["alt"]

    assert spiral.share == Fraction(3, 2) / 4
    assert (len(spiral.sales), spiral.sales_before) == (3, 2)


def test_share__without_a_maker__is_of_the_fall_to_the_lowest_price(venue: Venue, tmp_path: Path) -> None:
    sale(venue, 2, "8", ltv_bps=9_000)
    venue.own(3, "5")
    sale(venue, 4, "6", ltv_bps=9_000)

    spiral = desk_spirals(venue.rows.frames(tmp_path, blocks=30))["alt"]

    assert (spiral.share, spiral.sales_before) == (Fraction(2, 5), 1)


def test_share__price_that_did_not_fall__is_none(venue: Venue, tmp_path: Path) -> None:
    venue.event(2, "liquidation-started", account="m")
    sale(venue, 3, "9", ltv_bps=9_000)

    assert desk_spirals(venue.rows.frames(tmp_path, blocks=30))["alt"].share is None


def test_depth_returned__a_minute_at_a_share_or_more__counts_from_its_beginning(venue: Venue, tmp_path: Path) -> None:
    # 1,000 at the start and none at block 3; then five blocks, 60 s, at 100, four of 500, and five of it.
    for block, tokens in ((1, 1_000), (3, 0), (5, 99), (6, 100), (8, 500), (12, 100), (13, 500), (18, 899)):
        venue.depth(block, tokens)

    depth = book_depths(venue.rows.frames(tmp_path, blocks=30))["alt"]

    assert depth.lowest_at == second(3)
    assert depth.returned_at == {1_000: second(6), 5_000: second(13), 9_000: None}


@pytest.mark.parametrize(("last", "returned"), [(24, None), (25, second(20))])
def test_depth_returned__run_that_ends_within_the_minute__is_none(
    venue: Venue, tmp_path: Path, last: int, returned: int | None
) -> None:
    for block, tokens in ((1, 1_000), (3, 0), (20, 900)):
        venue.depth(block, tokens)

    depth = book_depths(venue.rows.frames(tmp_path, blocks=last))["alt"]

    assert depth.returned_at == dict.fromkeys((1_000, 5_000, 9_000), returned)
