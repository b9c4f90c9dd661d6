"""LoanDesk at its limits, each from both sides: shares, fees, the fund, dust, and the terms that may be set."""

from __future__ import annotations

import pytest

from ..conftest import EventReader, Stage
from .exchange_world import ALT, EXCHANGE, INSURANCE, LOT, USDT, events
from .test_loan_desk import ALL, DESK_CASH, HOUR, KEEPER, MANY, RAY, WHALE, YEAR, Desk, terms


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage)


@pytest.mark.parametrize(("missing", "loss"), [(0, []), (1, [1])])
def test_liquidate__fund_short_by_one_unit__the_desk_loses_just_that(
    desk: Desk, stage: Stage, missing: int, loss: list[int]
) -> None:
    # 300 of 650 come in.
    desk.exchange.give(INSURANCE, desk.exchange.usdt, 350 * USDT - missing)
    desk.post(0.3)
    desk.bid(0.3, 100_000)
    receipt = desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER)
    assert [told["amount"] for told in events(receipt, "ShortfallCovered")] == [350 * USDT - missing]
    assert [told["amount"] for told in events(receipt, "DeskLoss")] == loss
    assert stage.view(desk.desk, "lossOf", 0) == sum(loss)
    assert desk.free(desk.desk) == (0, DESK_CASH - sum(loss))


@pytest.mark.parametrize(
    ("share_bps", "lots"), [(1, 10), (100_00, 100_000), (99_99, 99_990), (33_33, 33_330), (33_34, 33_340)]
)
def test_liquidate__share_of_the_pledge__is_the_most_that_is_sold(
    desk: Desk, event: EventReader, share_bps: int, lots: int
) -> None:
    desk.own("setTerms", 0, terms(share_bps=share_bps))
    # At this price nothing brings the loan back to its line, so all that may be sold is.
    desk.post(0.3)
    assert desk.stage.view(desk.desk, "saleLots", 0, WHALE) == lots
    desk.bid(0.3, 100_000)
    receipt = desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER)
    assert event(receipt, "LoanLiquidated")["soldLots"] == lots


@pytest.mark.parametrize(("pledged", "lots"), [(LOT, 1), (2 * LOT - 1, 1), (2 * LOT, 1), (3 * LOT, 1), (4 * LOT, 2)])
def test_sale_lots__half_of_a_few_lots__is_rounded_down_and_at_least_one(
    desk: Desk, stage: Stage, pledged: int, lots: int
) -> None:
    desk.own("addLine", desk.exchange.book.address, desk.feed.address, terms(share_bps=50_00))
    desk.act("borrow", 1, pledged, 6_500)
    desk.post(0.01)
    assert stage.view(desk.desk, "saleLots", 1, WHALE) == lots


@pytest.mark.parametrize(("fee_bps", "kept_bps"), [(35_00, 100_00), (34_99, 99_99)])
def test_sale_lots__fee_and_initial_ltv_of_the_whole__sells_the_whole_share(
    desk: Desk, stage: Stage, fee_bps: int, kept_bps: int
) -> None:
    assert fee_bps + 65_00 == kept_bps
    desk.own("setTerms", 0, terms(fee_bps=fee_bps, share_bps=10_00))
    desk.post(0.78)
    # Either way no sale of the share gets there: with all but one basis point kept, it would take far more.
    assert stage.view(desk.desk, "saleLots", 0, WHALE) == 10_000


@pytest.mark.parametrize(("lots", "fee"), [(1, 1), (2, 1), (3, 2), (4, 2)])
def test_liquidate__fee__is_rounded_up(desk: Desk, event: EventReader, lots: int, fee: int) -> None:
    # 5,000 units a lot, so half a unit of fee.
    desk.own("setTerms", 0, terms(fee_bps=1))
    desk.post(0.5)
    desk.bid(0.5, 100_000)
    told = event(desk.act("liquidate", 0, WHALE, lots, MANY, sender=KEEPER), "LoanLiquidated")
    assert (told["soldLots"], told["proceeds"], told["fee"]) == (lots, lots * 5_000, fee)
    assert desk.free(INSURANCE) == (0, fee)


def test_liquidate__book_that_takes_a_fee__proceeds_are_what_is_left_of_it(desk: Desk, event: EventReader) -> None:
    desk.exchange.own(desk.exchange.book, "setFees", 0, 1_00)
    desk.post(0.5)
    desk.bid(0.5, 100_000)
    told = event(desk.act("liquidate", 0, WHALE, 100, MANY, sender=KEEPER), "LoanLiquidated")
    assert (told["proceeds"], told["repaid"]) == (99 * 5_000, 99 * 5_000)
    assert desk.free(desk.desk) == (999 * ALT, DESK_CASH - 650 * USDT + 99 * 5_000)


@pytest.mark.parametrize(("pledged", "is_settled"), [(LOT - 1, True), (LOT, False)])
def test_liquidate__pledge_under_one_lot__is_dust_that_the_fund_gets(
    desk: Desk, pledged: int, is_settled: bool
) -> None:
    desk.post(0.3)
    desk.bid(0.3, 100_000)
    desk.act("topUp", 0, pledged)
    sold = desk.act("liquidate", 0, WHALE, 100_000, MANY, sender=KEEPER)
    assert bool(events(sold, "DeskLoss")) is is_settled
    assert desk.loan()[0] == (0 if is_settled else LOT)
    assert desk.free(INSURANCE)[0] == (pledged if is_settled else 0)


def test_liquidate__proceeds_that_pay_the_debt_to_the_unit__leave_neither_debt_nor_return(
    desk: Desk, event: EventReader
) -> None:
    desk.act("repay", 0, 649_999_999)
    assert desk.loan()[1] == 1
    desk.act("withdrawPledge", 0, 1_000 * ALT - LOT)
    desk.stage.send(desk.feed, "post", 12_000, sender=EXCHANGE)
    desk.bid(0.0001, 1)
    told = event(desk.act("liquidate", 0, WHALE, ALL, MANY, sender=KEEPER), "LoanLiquidated")
    assert (told["proceeds"], told["repaid"], told["returned"]) == (1, 1, 0)
    assert desk.loan() == (0, 0, 0, 0)


@pytest.mark.parametrize(("fee_bps", "share_bps"), [(100_00, 1), (0, 100_00)])
def test_set_terms__largest_and_smallest_shares__are_kept(desk: Desk, fee_bps: int, share_bps: int) -> None:
    given = terms(fee_bps=fee_bps, share_bps=share_bps)
    desk.own("setTerms", 0, given)
    assert tuple(desk.stage.view(desk.desk, "line", 0))[2:] == given
    reason = desk.refusal("setTerms", 0, terms(share_bps=100_01), sender=EXCHANGE)
    assert reason == "InvalidBps(10001)"


def test_set_terms__another_rate__applies_from_then_on(desk: Desk) -> None:
    desk.own("setTerms", 0, terms(rate_ray=RAY // 10))
    start = desk.stage.chain.timestamp
    desk.stage.send(desk.desk, "setTerms", 0, terms(rate_ray=RAY // 2), sender=EXCHANGE, timestamp=start + YEAR)
    # A year at a tenth, then half a year at a half: 1.1 times 1.25.
    assert desk.loan(start + YEAR + YEAR // 2)[1] == 650 * USDT * 11 // 10 * 5 // 4


def test_interest__over_two_rates__is_exact_to_the_ray_and_to_the_unit(desk: Desk, stage: Stage) -> None:
    first, second, seconds = RAY // 7, RAY // 3, 1_000_003
    desk.own("setTerms", 0, terms(rate_ray=first))
    start = stage.chain.timestamp
    changed = start + seconds
    stage.send(desk.desk, "setTerms", 0, terms(rate_ray=second), sender=EXCHANGE, timestamp=changed)
    for later in (0, 1, 7, 777_777):
        growth = [RAY + first * seconds // YEAR, RAY + second * later // YEAR]
        index = growth[0] * growth[1] // RAY
        _, debt, index_ray, *_ = stage.view(desk.desk, "loanOf", 0, WHALE, timestamp=changed + later)
        # What is owed is rounded up, the index down.
        assert (index_ray, debt) == (index, -(-650 * USDT * index // RAY))


@pytest.mark.parametrize(("pledged", "ltv_bps"), [(4 * 10**12 - 1, 66_67), (4 * 10**12, 50_00)])
def test_ltv__pledge_of_a_few_units__is_valued_rounded_down(
    desk: Desk, stage: Stage, pledged: int, ltv_bps: int
) -> None:
    # A unit of USDT is 10**12 units of ALT, at a dollar each; two are borrowed.
    desk.own("addLine", desk.exchange.book.address, desk.feed.address, terms())
    if ltv_bps > 65_00:
        assert desk.refusal("borrow", 1, pledged, 2) == f"LtvTooHigh({ltv_bps}, 6500)"
    else:
        desk.act("borrow", 1, pledged, 2)
        assert stage.view(desk.desk, "loanOf", 1, WHALE)[-1] == ltv_bps


def test_actions__of_nothing__revert(desk: Desk) -> None:
    assert desk.refusal("topUp", 0, 0) == "InvalidAmount"
    assert desk.refusal("repay", 0, 0) == "InvalidAmount"
    assert desk.refusal("withdrawPledge", 0, 0) == "InvalidAmount"
    assert desk.refusal("liquidate", 0, WHALE, 0, MANY, sender=KEEPER).startswith("NotLiquidatable(")


def test_lines__added_and_unknown__are_counted_and_refused(desk: Desk, stage: Stage, event: EventReader) -> None:
    book, feed = desk.exchange.book.address, desk.feed.address
    receipt = desk.own("addLine", book, feed, terms())
    assert event(receipt, "LineAdded") == {"lineId": 1, "book": book, "feed": feed}
    assert len(events(receipt, "TermsSet")) == 1
    assert stage.view(desk.desk, "lines") == 2
    assert desk.refusal("borrow", 2, 1, 0) == "UnknownLine(2)"


def test_margin_call__deadline__is_the_terms_after_it(desk: Desk, event: EventReader) -> None:
    desk.post(0.85)
    told = event(desk.act("marginCall", 0, WHALE, sender=KEEPER), "MarginCalled")
    now = desk.stage.chain.timestamp
    # 650 over 850 is 76.47 %, rounded up.
    assert (told["ltvBps"], told["deadline"]) == (76_48, now + HOUR)
    assert (
        desk.refusal("marginCall", 0, WHALE, sender=KEEPER).lower() == f"AlreadyCalled({WHALE}, {now + HOUR})".lower()
    )
