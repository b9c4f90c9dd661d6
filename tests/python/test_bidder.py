"""Bidders: where their bids stand, how what was taken comes back, and that they never spend more than they have."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from cascade.agents.bidder import Bidder
from cascade.agents.interface import Proposal
from cascade.chain.local import address_of
from cascade.observation import Balance, BookState
from cascade.scenario.model import BidderSpec
from cascade.vocabulary import Motive

from .exchange_views import ALT, LOT, USDC, WAD, SetUp, View, asked, book_at, exchange, price

# Five levels from 2 % to 10 % under 1: 100 tokens at 0.98, 0.96, 0.94, 0.92 and 0.90, worth 94 USDC.
PRICES = ("0.98", "0.96", "0.94", "0.92", "0.90")
LEVEL_LOTS = 2_000
REFILL_BLOCKS = 4
CAPITAL = 1_000


def bidder(*, maker_fee_bps: int = 0, **keys: Any) -> tuple[Bidder, View]:
    """A bidder after its set-up, and the view in which its first bids rest."""
    spec = BidderSpec.model_validate(
        {
            "kind": "bidder",
            "book": "alt",
            "size": 100,
            "capital": CAPITAL,
            "levels": 5,
            "from_bps": 200,
            "to_bps": 1_000,
            "refill_blocks": REFILL_BLOCKS,
            "requote_bps": 100,
            **keys,
        }
    )
    world = SetUp(exchange(maker_fee_bps=maker_fee_bps))
    world.enrol("bidders-0", cohort="bidders")
    agent = Bidder("bidders-0", spec)
    agent.prepare(world.as_world)
    (cash,) = world.minted.values()
    locked = sum(lots * at for (at, lots) in first_bids(world)) // 100
    return agent, View(world, balances={"USDC": Balance(cash - locked, locked)})


def first_bids(world: SetUp) -> list[tuple[int, int]]:
    ((bids, asks),) = world.sent_as("requote")
    assert asks == ()
    return list(bids)


def bids_of(proposals: list[Proposal]) -> list[tuple[int, int]]:
    (proposal,) = proposals
    assert (proposal.sender, proposal.function) == (address_of("bidders-0"), "requote")
    bids, asks = proposal.arguments
    assert asks == ()
    return list(bids)


def at(*lots: int, prices: tuple[str, ...] = PRICES) -> list[tuple[int, int]]:
    return [(price(dollars), size) for dollars, size in zip(prices, lots, strict=True) if size]


def holding(view: View, *, step: int, bought_lots: int, locked: int) -> View:
    spent = CAPITAL * USDC - locked
    return replace(view, step=step, balances={"ALT": Balance(bought_lots * LOT, 0), "USDC": Balance(spent, locked)})


def test_set_up__bids_evenly_from_the_first_to_the_last_distance() -> None:
    agent, view = bidder()

    assert first_bids(view.world) == at(*[LEVEL_LOTS] * 5)
    assert view.world.minted == {(agent.address, "USDC"): CAPITAL * USDC}
    assert view.balances["USDC"].locked == 94 * USDC


def test_set_up__several_bidders__size_and_capital_are_shared() -> None:
    agent, view = bidder(count=4)

    assert first_bids(view.world) == at(*[LEVEL_LOTS // 4] * 5)
    assert view.world.minted == {(agent.address, "USDC"): CAPITAL // 4 * USDC}


def test_one_level__stands_at_the_first_distance() -> None:
    _, view = bidder(levels=1)

    assert first_bids(view.world) == [(price("0.98"), 10_000)]


@pytest.mark.parametrize("moved", ["0.9901", "1", "1.0099"])
def test_no_fill_and_reference_unchanged__bids_stay(moved: str) -> None:
    agent, view = bidder()

    assert asked(agent, replace(view, step=9, references={"alt": price(moved) * 10**12})) == []


def test_reference__moves_by_the_line__bids_follow_it_down_and_up() -> None:
    agent, view = bidder()
    half = ("0.4900", "0.4800", "0.4700", "0.4600", "0.4500")

    assert bids_of(asked(agent, replace(view, references={"alt": WAD // 2}))) == at(*[LEVEL_LOTS] * 5, prices=half)
    locked = replace(view, step=1, references={"alt": WAD // 2}, balances={"USDC": Balance(953 * USDC, 47 * USDC)})
    assert asked(agent, locked) == []
    assert bids_of(asked(agent, replace(locked, step=2, references={"alt": WAD}))) == at(*[LEVEL_LOTS] * 5)


def test_last_price__is_ignored() -> None:
    # The view has no book at all: nothing traded, no bid and no ask.
    agent, view = bidder()

    assert view.books == {}
    assert asked(agent, replace(view, step=3)) == []


def test_filled__best_levels_first__refills_by_an_equal_part_per_block() -> None:
    agent, view = bidder()
    # 30 of 100 tokens sold to it: all of the first level and half of the second. What still rests is worth 64.8 USDC.
    taken = holding(view, step=0, bought_lots=3_000, locked=64_800_000)
    assert asked(agent, taken) == []

    part = LEVEL_LOTS // REFILL_BLOCKS
    bids = bids_of(asked(agent, holding(view, step=1, bought_lots=3_000, locked=64_800_000)))
    assert bids == at(part, 1_000 + part, 2_000, 2_000, 2_000)
    bids = bids_of(asked(agent, holding(view, step=2, bought_lots=3_000, locked=1)))
    assert bids == at(2 * part, 2_000, 2_000, 2_000, 2_000)
    bids = bids_of(asked(agent, holding(view, step=9, bought_lots=3_000, locked=1)))
    assert bids == at(2_000, 2_000, 2_000, 2_000, 2_000)


def test_filled_completely__refills_in_refill_blocks_and_no_faster() -> None:
    agent, view = bidder()
    assert asked(agent, holding(view, step=0, bought_lots=10_000, locked=0)) == []

    for step in range(1, REFILL_BLOCKS + 1):
        bids = bids_of(asked(agent, holding(view, step=step, bought_lots=10_000, locked=1)))
        assert sum(lots for _, lots in bids) == step * 10_000 // REFILL_BLOCKS


def test_filled__fee_deducted_from_it__lots_are_counted_before_the_fee() -> None:
    agent, view = bidder(maker_fee_bps=10)
    received = 2_000 * LOT * 9_990 // 10_000
    locked = 74_400_000
    fees = replace(view, balances={"ALT": Balance(received, 0), "USDC": Balance(CAPITAL * USDC - locked, locked)})

    # The whole first level is gone, neither more nor less: what rests is what it wants.
    assert asked(agent, fees) == []


def test_filled_just_before_the_new_ladder__still_counts_as_filled() -> None:
    agent, view = bidder()
    # It held its first bids when it reposted; then 20 tokens were sold to the old ones, and the new ones rest whole.
    moved = {"alt": WAD // 2}
    assert len(asked(agent, replace(view, references=moved))) == 1

    late = holding(view, step=1, bought_lots=2_000, locked=47 * USDC)
    bids = bids_of(asked(agent, replace(late, references=moved)))

    assert bids[0] == (price("0.4900"), LEVEL_LOTS // REFILL_BLOCKS)


def test_orders_of_others_kept_a_bid_out__it_is_placed_again() -> None:
    agent, view = bidder()
    without_best = replace(view, step=1, balances={"USDC": Balance((CAPITAL - 74) * USDC, 74_400_000)})

    assert bids_of(asked(agent, without_best)) == at(*[LEVEL_LOTS] * 5)


def test_capital__runs_out__bids_need_at_most_half_of_what_is_left() -> None:
    # 94 USDC of bids from 47 USDC of which 23.5 may be locked: a quarter.
    _, view = bidder(capital=47)

    assert first_bids(view.world) == at(*[LEVEL_LOTS // 4] * 5)


def test_capital__spent__places_no_bids() -> None:
    agent, view = bidder()
    spent = replace(view, step=5, balances={"ALT": Balance(1_000 * ALT, 0), "USDC": Balance(0, 0)})

    assert asked(agent, spent) == []
    assert asked(agent, replace(spent, step=6, references={"alt": 2 * WAD})) == []


def traded(book: BookState, *, at: int) -> BookState:
    return replace(book, last_at=at)


def cancelled(proposals: list[Proposal]) -> Motive:
    (proposal,) = proposals
    assert (proposal.function, proposal.intent, proposal.arguments) == ("cancelAll", "pull", ())
    return proposal.motive


@pytest.mark.parametrize(("bid", "last", "ask"), [("0.89", "0.8999", "0.95"), ("", "0.97", "0.8999")])
def test_doubt__price_that_far_under_the_reference__cancels_once_and_bids_again_after_it_has_ended(
    bid: str, last: str, ask: str
) -> None:
    agent, view = bidder(doubt_bps=1_000, return_blocks=3)
    fallen = replace(view, step=4, books={"alt": traded(book_at(bid, ask, last=last), at=48)})

    assert cancelled(asked(agent, fallen)) is Motive.LOW_PRICE
    gone = replace(fallen, balances={"USDC": Balance(CAPITAL * USDC, 0)})
    assert asked(agent, replace(gone, step=5, books={"alt": traded(book_at(bid, ask, last=last), at=60)})) == []
    restored = replace(gone, books={"alt": book_at("0.9001", "0.95", last="0.9001")})
    # The doubt was last seen at step 5.
    assert asked(agent, replace(restored, step=7)) == []
    assert bids_of(asked(agent, replace(restored, step=8))) == at(*[LEVEL_LOTS] * 5)


@pytest.mark.parametrize("last", ["0.9", "0.95", ""])
def test_doubt__price_at_the_line_or_none__bids_stay(last: str) -> None:
    agent, view = bidder(doubt_bps=1_000)

    assert asked(agent, replace(view, step=4, books={"alt": traded(book_at(last, last=last), at=48)})) == []


def test_doubt__nobody_trades_any_more__ends_although_the_last_price_is_low() -> None:
    agent, view = bidder(doubt_bps=1_000, return_blocks=3)
    empty = replace(view, step=4, books={"alt": traded(book_at(last="0.1"), at=48)})
    assert cancelled(asked(agent, empty)) is Motive.LOW_PRICE
    gone = replace(empty, balances={"USDC": Balance(CAPITAL * USDC, 0)})

    assert asked(agent, replace(gone, step=6)) == []
    assert bids_of(asked(agent, replace(gone, step=7))) == at(*[LEVEL_LOTS] * 5)
    # One more trade at that price, and it steps back again.
    again = replace(empty, step=8, books={"alt": traded(book_at(last="0.1"), at=96)})
    assert cancelled(asked(agent, again)) is Motive.LOW_PRICE


def test_doubt__reference_that_is_gone__cancels() -> None:
    agent, view = bidder(doubt_bps=1_000)

    assert cancelled(asked(agent, replace(view, step=4, references={"alt": 0}))) is Motive.LOW_PRICE


def test_full__after_its_share_of_the_capital__steps_back_and_then_counts_anew() -> None:
    # 3 % of 1,000 USDC are 30: 29.4 for 30 tokens at 0.98 are less, 31.36 for 32 are not.
    agent, view = bidder(full_bps=300, return_blocks=2)

    def bought(tokens: int, *, step: int, locked: int) -> View:
        cash = CAPITAL * USDC - tokens * price("0.98")
        return replace(
            view,
            step=step,
            balances={"ALT": Balance(tokens * ALT, 0), "USDC": Balance(cash - locked, locked)},
        )

    assert bids_of(asked(agent, bought(30, step=1, locked=1)))
    assert cancelled(asked(agent, bought(32, step=2, locked=1))) is Motive.FULL
    assert asked(agent, bought(32, step=3, locked=0)) == []
    assert bids_of(asked(agent, bought(32, step=4, locked=0)))
    assert bids_of(asked(agent, bought(62, step=5, locked=1)))
    assert cancelled(asked(agent, bought(64, step=6, locked=1))) is Motive.FULL


def test_weight__of_a_bidder__sets_its_part_of_size_and_capital() -> None:
    world = SetUp(exchange())
    world.enrol("bidders-0", cohort="bidders")
    spec = BidderSpec.model_validate(
        {"kind": "bidder", "book": "alt", "size": 100, "capital": 1_000, "levels": 5, "from_bps": 200, "to_bps": 1_000}
    )
    agent = Bidder("bidders-0", spec, Fraction(3, 4))
    agent.prepare(world.as_world)

    assert world.minted == {(agent.address, "USDC"): 750 * USDC}
    assert first_bids(world) == at(*[1_500] * 5)
