"""Who moved a price: classes summed, falls that stand, spells under a line; every figure by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cascade.analysis.links.evidence import Evidence, MarketMoves, Standing
from cascade.analysis.links.flows import Event, ended, weighed
from cascade.analysis.links.model import Moment, Parts, Point
from cascade.analysis.links.spells import lowest_spell
from cascade.recording.tables import PriceMoveRow
from cascade.vocabulary import MoveKind

from .chain_by_hand import SECONDS, START, ChainByHand

Move = tuple[PriceMoveRow, tuple[str, str]]


def moves(start: int, *steps: tuple[str, int]) -> list[Move]:
    """Moves by feeder and change, each in a block of its own, the first in block 2."""
    rows: list[Move] = []
    price = start
    for number, (who, change) in enumerate(steps):
        row = PriceMoveRow(
            run_id="by-hand",
            seed=1,
            phase="crash",
            step=number,
            block_number=number + 2,
            timestamp=number,
            transaction_index=0,
            log_index=0,
            tx_hash="",
            market="pool",
            asset="USDe",
            kind=MoveKind.SWAP,
            actor="",
            role="",
            cohort="",
            intent="",
            price_before_wad=price,
            price_after_wad=price + change,
        )
        price += change
        rows.append((row, (who, "")))
    return rows


def by_link(shares: Any) -> dict[str, Fraction]:
    return {link: share for (link, _), share in shares.items()}


def at(second: int) -> Moment:
    return Moment(second, second, second)


def points(*values: tuple[int, str]) -> list[Point]:
    return [Point(at(second), Fraction(value)) for second, value in values]


def test_market_moves__of_a_fall__classes_are_summed_and_only_falls_have_shares() -> None:
    # a -10, noise -4 +3, buyers +6: the price falls by 5.
    market = MarketMoves(moves(100, ("a", -10), ("noise", -4), ("noise", 3), ("buyers", 6)))

    parts = market.split(0, 4)

    assert by_link(parts.shares) == {"a": Fraction(10, 11), "noise": Fraction(1, 11), "buyers": 0}
    assert by_link(parts.nets) == {"a": 2, "noise": Fraction(1, 5), "buyers": Fraction(-6, 5)}


def test_market_moves__of_a_window__counts_its_moves_only() -> None:
    market = MarketMoves(moves(100, ("a", -10), ("b", -5), ("c", -20), ("d", -1)))

    assert by_link(market.split(1, 3).shares) == {"b": Fraction(1, 5), "c": Fraction(4, 5)}


def test_standing__after_rises__the_latest_falls_are_undone_first() -> None:
    # -10 a, +4: 6 of a stand; -3 c; -2 a, +1: 1 of those two stands. In all -7 a, -3 c of a fall of 10.
    standing = Standing(moves(100, ("a", -10), ("b", 4), ("c", -3), ("a", -2), ("d", 1)))

    assert by_link(standing.split((99, 0)).shares) == {"a": Fraction(7, 10), "c": Fraction(3, 10)}
    assert standing.price_wad((99, 0)) == 90


def test_standing__before_a_transaction__excludes_the_moves_inside_it() -> None:
    standing = Standing(moves(100, ("a", -10), ("b", -30)))

    assert by_link(standing.split((3, 0)).shares) == {"a": 1}
    assert by_link(standing.split((3, 1)).shares) == {"a": Fraction(1, 4), "b": Fraction(3, 4)}
    assert (standing.price_wad((3, 0)), standing.price_wad((3, 1))) == (90, 60)


def test_standing__a_fall_from_above_the_start__counts_from_the_start_on() -> None:
    standing = Standing(moves(100, ("b", 5), ("a", -8)))

    assert by_link(standing.split((99, 0)).shares) == {"a": 1}
    assert by_link(Standing(moves(100, ("b", 5))).split((99, 0), rise=True).shares) == {"b": 1}
    assert by_link(Standing(moves(100, ("b", 5))).split((99, 0)).shares) == {"residual": 1}


def test_random_trade__up_to_the_reference__belongs_to_the_reference(tmp_path: Path) -> None:
    # The path went to 0.95 the block before; the trade falls from 1.00 to 0.94.
    run = ChainByHand()
    run.price(1, "ALT", "reference:ALT-USDC", "1")
    run.price(2, "ALT", "reference:ALT-USDC", "0.95")
    run.move(3, "book:ALT-USDC", "0.94", role="noise", intent="sell")

    parts = Evidence(run.frames(tmp_path, blocks=4)).book_fall("ALT-USDC", (4, 0))

    assert by_link(parts.shares) == {"macro-shock": Fraction(5, 6), "input": Fraction(1, 6)}


@pytest.mark.parametrize(
    ("market", "values", "link"),
    [
        ("curve", {"role": "arbitrageur"}, "exchange-depeg:USDe"),
        ("curve", {"role": "exogenous"}, "macro-shock"),
        ("curve", {"role": "keeper"}, "chain-liquidations"),
        ("curve", {"role": "buyer"}, "others"),
        ("feed:ALT", {"role": "oracle"}, "macro-shock"),
        ("book:USDe-USDC", {"role": "arbitrageur"}, "chain-depeg:USDe"),
        ("book:USDe-USDC", {"role": "maker", "kind": "quote"}, "chain-depeg:USDe"),
        ("book:ALT-USDC", {"role": "maker", "kind": "quote"}, "macro-shock"),
        ("book:ALT-USDC", {"role": "maker", "kind": "cancel"}, "liquidity-vacuum:ALT-USDC"),
        ("book:ALT-USDC", {"role": "maker", "intent": "account-liquidation"}, "account-liquidations"),
        ("book:ALT-USDC", {"role": "whale", "intent": "desk-liquidation"}, "desk-liquidations"),
        ("book:ALT-USDC", {"role": "basis-trader", "intent": "hedge"}, "perp-liquidations"),
        ("book:ALT-USDC", {"role": "spot-seller", "intent": "sell"}, "input"),
        ("book:ALT-USDC", {"role": "my-own", "intent": "sell"}, "others"),
    ],
)
def test_move__of_each_class__belongs_to_its_link(
    tmp_path: Path, market: str, values: dict[str, str], link: str
) -> None:
    run = ChainByHand()
    run.move(2, market, "0.9", **values)
    evidence = Evidence(run.frames(tmp_path, blocks=3))

    moved = evidence.market(market)

    assert moved is not None
    assert by_link(moved.split(0, 1).shares) == {link: 1}


def test_move__of_a_book_that_lost_its_price__is_no_fall(tmp_path: Path) -> None:
    run = ChainByHand()
    run.move(2, "book:ALT-USDC", "0", role="maker", kind="cancel")
    run.move(3, "book:ALT-USDC", "0.9", role="maker", kind="quote")
    moved = Evidence(run.frames(tmp_path, blocks=4)).market("book:ALT-USDC")

    assert moved is not None
    assert by_link(moved.split(0, 9).shares) == {"macro-shock": 1}


def test_lowest_spell__short_interruptions__are_part_of_it() -> None:
    # Over the line from 100 to 700: as long as a gap may be. From 5000 to 5601 it is over for a second longer.
    values = points((0, "1"), (50, "0.9"), (100, "1"), (700, "0.9"), (800, "0.5"), (5000, "1"), (5601, "0.9"))

    spell = lowest_spell(values, Fraction(99, 100))

    assert spell is not None
    assert (spell.started.timestamp, spell.peaked.timestamp, spell.ended) == (50, 800, 5000)
    assert (spell.first, spell.low) == (1, 4)


def test_lowest_spell__a_longer_interruption__begins_another() -> None:
    spell = lowest_spell(points((0, "0.9"), (100, "1"), (701, "0.9"), (800, "0.5")), Fraction(99, 100))

    assert spell is not None
    assert (spell.started.timestamp, spell.ended) == (701, 0)


def test_lowest_spell__at_the_line__is_none() -> None:
    assert lowest_spell(points((0, "1"), (10, "0.99")), Fraction(99, 100)) is None
    assert lowest_spell([], Fraction(1)) is None


def test_weighed__events_of_different_dollars__shares_sum_to_exactly_one() -> None:
    thirds = Parts.of({("a", ""): Fraction(1, 3), ("b", ""): Fraction(2, 3)})
    parts = weighed([(Event(at(1), Fraction(300)), thirds), (Event(at(2), Fraction(100)), Parts.unknown())])

    assert sum(parts.shares.values()) == 1
    assert float(parts.shares["a", ""]) == pytest.approx(0.25, abs=1e-15)
    assert parts.shares["residual", ""] == Fraction(1, 4)


def test_weighed__without_dollars__every_event_counts_alike() -> None:
    parts = weighed([(Event(at(n), Fraction(0)), Parts.of({(name, ""): Fraction(1)})) for n, name in enumerate("aab")])

    assert by_link(parts.shares) == {"a": Fraction(2, 3), "b": Fraction(1, 3)}


@pytest.mark.parametrize(("blocks", "time"), [(26, 0), (27, START + SECONDS)])
def test_ended__five_minutes_without_an_event__is_the_last_ones_time(tmp_path: Path, blocks: int, time: int) -> None:
    # The event is in block 3; the last block is 276 or 288 seconds later, then 300.
    run = Evidence(ChainByHand().frames(tmp_path, blocks=blocks + 1))

    assert ended([Event(run.moments[3], Fraction(1))], run) == time
