"""Published figures beside those of runs: measures by hand, bands, and targets that are missed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cascade.analysis.published import measures
from cascade.analysis.published.facts import GROWTH_CAP, OCTOBER, Band, Fact, Part, facts_of
from cascade.errors import CascadeError
from cascade.experiments.calibration import document

from .conftest import ByHand

BLOCKS = 31
"""Crash blocks 2 to 31 every 12 seconds from 20:45:00: six whole minutes, 20:45 to 20:50, the last at 20:50:48."""


@pytest.fixture
def run(by_hand: ByHand, tmp_path: Path) -> measures.Played:
    """USDe on a book: 1; 0.96 from 20:46:12, 0.80 from 20:47:12, null from 20:47:48, and 0.99 from 20:49:00 on."""
    for block, price in ((1, "1"), (8, "0.96"), (13, "0.80"), (22, "0.99")):
        by_hand.oracle("USDe", block, price, "book:X")
    by_hand.rows["prices"].insert(-1, {**by_hand.rows["prices"][-1], **by_hand._when(16), "price_e8": None})
    for block, price in ((1, "100"), (5, "80"), (20, "90")):
        by_hand.oracle("BTC", block, price, "path")
    for block, price in ((2, "0.99"), (4, "0.95")):
        by_hand.oracle("USDe", block, price, "bid:X")
    for block, price in ((2, "1.01"), (12, "1.25")):
        by_hand.oracle("USDe", block, price, "ask:X")
    by_hand.liquidation(7, "ann", "0.99", price="0.99", covered=300)
    by_hand.liquidation(8, "ben", "0.99", price="0.96", covered=100)
    for block, sell, buy in ((2, 60, 40), (9, 3, 1), (20, 50, 50)):
        by_hand._add(
            "liquidity", **by_hand._when(block), venue="X", within_bps=200, sell_raw=sell * 10**18, buy_raw=buy * 10**18
        )
    # Liquidations at an exchange are valued in its stable; this run has none.
    summary: Any = SimpleNamespace(exchange=None, debt_covered_usd=0)
    return measures.Played(by_hand.frames(tmp_path, blocks=BLOCKS), summary)


def test_measures__price_by_minute__counts_what_stood_at_its_start(run: measures.Played) -> None:
    # 20:45 and 20:46 at 1; 20:47 at 0.96; 20:48 at null, which is no price; 20:49 at 0.99 again.
    assert measures.minutes_below(run, "USDe", "book:X", 0.98) == 1
    assert measures.hourly_median_low(run, "USDe", "book:X") == pytest.approx(0.99)
    assert measures.recovered_time(run, "USDe", "book:X", 0.985) == datetime(2025, 10, 10, 20, 49, tzinfo=UTC)
    assert measures.recovered_time(run, "USDe", "book:X", 0.995) is None
    # 1 and 20 points of 0.95 and 1.25 are 2 * 0.30 / 2.20.
    assert measures.widest_spread_pct(run, "USDe", "X") == pytest.approx(100 * 2 * 0.30 / 2.20)


def test_measures__path_depth_and_liquidations__are_those_of_the_tables(run: measures.Played) -> None:
    assert (measures.path_start(run, "BTC"), measures.path_low(run, "BTC")) == (100, 80)
    assert measures.path_time(run, "BTC") == datetime(2025, 10, 10, 20, 45, 36, tzinfo=UTC)
    assert measures.depth_left_pct(run, "X") == pytest.approx(4)
    assert measures.depth_start_tokens(run, "X", 18) == 100
    # 300 dollars came before the block in which the book fell under 0.97, and 100 in it.
    assert measures.share_before_pct(run, "USDe", "book:X", 0.97) == pytest.approx(75)
    assert measures.share_before_pct(run, "USDe", "book:X", 0.5) is None
    assert measures.liquidated_usd(run, "USDe") == 400
    assert measures.adl_delay_seconds(run) is None


def test_measures__figure_that_a_run_does_not_have__is_none(run: measures.Played) -> None:
    assert measures.book_low(run, "X") is None
    assert measures.low_time(run, "X") is None
    assert measures.path_low(run, "SOL") is None
    assert measures.minutes_below(run, "SOL", "book:Y", 1) is None
    assert measures.depth_left_pct(run, "Y") is None
    assert measures.fall_of_oracle_pct(run, "SOL") is None
    for fact in facts_of("october-2025"):
        assert fact.words(fact.measure(run))


@pytest.mark.parametrize(
    ("band", "figure", "holds"),
    [
        (Band(1, 2), 1.0, True),
        (Band(1, 2), 2.1, False),
        (Band(1), 5.0, True),
        (Band(high=1), 5.0, False),
        (Band(1, 2), None, False),
        (Band(datetime(2025, 1, 1), datetime(2025, 1, 2)), datetime(2025, 1, 3), False),
    ],
)
def test_band__figure__holds_within_its_bounds_alone(band: Band, figure: Any, holds: bool) -> None:
    assert band.holds(figure) is holds


def fact(name: str, figure: float | None, part: Part, **why: str) -> Fact:
    return Fact(
        name=name,
        published="1",
        source="somebody",
        measure=lambda run: figure,
        shown=".1f",
        band=Band(0.9, 1.1),
        parts={"one": part},
        why=why,
    )


def test_section__targets__are_counted_and_a_miss_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = (
        fact("Size", 1.0, "target"),
        fact("USDe's low", None, "target", one="nobody sells"),
        fact("X", 9.0, "input"),
    )
    monkeypatch.setattr(document, "SECTIONS", {"day": (("one",), facts)})
    runs: Any = {"one": SimpleNamespace(frames=None, summary=None)}

    text = document.section("day", runs)

    assert "| Size | 1 | 0.9 to 1.1 | 1.0, met | somebody |" in text
    assert "| USDe's low | 1 | 0.9 to 1.1 | none, **missed** | somebody |" in text
    assert "| X | 1 | 0.9 to 1.1 | 9.0, input | somebody |" in text
    assert "`one` meets 1 of 2 targets." in text
    assert "- `one`, USDe's low, missed: nobody sells." in text


def test_section__target_that_is_missed_without_a_reason__is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "SECTIONS", {"day": (("one",), (fact("Size", 2.0, "target"),))})
    runs: Any = {"one": SimpleNamespace(frames=None, summary=None)}

    with pytest.raises(CascadeError, match=r"Size: 2\.0 of one is outside 0\.9 to 1\.1: state the reason"):
        document.section("day", runs)


def test_facts__each__has_a_part_per_scenario_and_an_input_within_its_band_by_name() -> None:
    for scenarios, facts in document.SECTIONS.values():
        for one in facts:
            assert set(one.parts) == set(scenarios), one.name
            assert set(one.why) <= set(scenarios), one.name
    assert len(OCTOBER) + len(GROWTH_CAP) == len({one.name for one in (*OCTOBER, *GROWTH_CAP)})
