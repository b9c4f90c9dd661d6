"""Events in whole runs: each is a transaction of its owner, its effect is seen in the run, and engines agree on it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cascade import Run, load_scenario, replay
from cascade.recording.canonical import column_values
from cascade.recording.tables import TABLES, EventRow, PriceRow

from .conftest import SCENARIOS, SMALL_UNWIND

ENGINE = {"run_id", "chain_engine", "parameters", "scenario_sha256"}
NO_GAS = {"gas_used", "fee_wei", "base_fee_wei", "tip_wei", "reason", "tx_hash", "triggered_by"}
"""Columns of gas, and those that follow from it."""

RESERVE = {"kind": "reserve", "asset": "USDe"}
WETH = {"asset": "WETH"}
NINE = datetime(2025, 10, 10, 21, tzinfo=UTC)
LINES = {"ltv_bps": 7000, "liquidation_threshold_bps": 8200, "liquidation_bonus_bps": 400}
ON_CHAIN: dict[str, Any] = {
    **SMALL_UNWIND,
    "expect": {"liquidations": "none"},
    "timeline.start": datetime(2025, 10, 10, 20, 55, tzinfo=UTC),
    "timeline.end": datetime(2025, 10, 10, 21, 25, tzinfo=UTC),
    "agents.redeemer": {"kind": "arbitrageur", "venue": "usde-usdc", "against": "usde-minting", "capital": 500_000},
    "events.freezes": {**RESERVE, "frozen": True, "supply_cap": 100_000_000, "when": "spot:usde-usdc < 0.999"},
    "events.thaws": {**RESERVE, "frozen": False, "after": "freezes", "delay_seconds": 120},
    "events.lends-again": {**RESERVE, "ltv_zero": False, "borrowing": True, "after": "thaws"},
    "events.lines": {"kind": "collateral", "asset": "USDC", **LINES, "step": 3},
    "events.feed-stops": {"kind": "feed", **WETH, "frozen": True, "at": NINE},
    "events.feed-goes-on": {"kind": "feed", **WETH, "frozen": False, "after": "feed-stops", "delay_seconds": 600},
    "events.peg": {"kind": "oracle", "asset": "USDe", "source": {"kind": "same-as", "asset": "USDC"}, "step": 25},
    "events.reopens": {"kind": "redemption", "venue": "usde-minting", "open": True, "step": 20, "fee_bps": 10},
    "events.never": {**RESERVE, "paused": True, "when": "oracle:USDe > 2"},
}  # fmt: skip
AT_EXCHANGE: dict[str, Any] = {
    "expect": {"liquidations": "none"},
    "timeline.end": datetime(2025, 10, 10, 20, 55, tzinfo=UTC),
    "events.closes": {"kind": "transfers", "open": False, "step": 1},
    "events.opens": {"kind": "transfers", "open": True, "after": "closes", "delay_seconds": 60},
    "events.halts": {"kind": "halt", "book": "ALT-USDC", "halted": True, "step": 5},
    "events.resumes": {"kind": "halt", "book": "ALT-USDC", "halted": False, "after": "halts", "delay_seconds": 60},
    "events.breaker": {"kind": "circuit-breaker", "book": "ALT-USDC", "fall_bps": 1000, "step": 2},
    "events.floor": {"kind": "index", "book": "ALT-USDC", "redemption_weight_bps": 0, "floor_price": 2, "step": 20},
}


def both_engines(file: str, changes: dict[str, Any], folder: Path) -> Run:
    """The run in process, after it was compared with the one on anvil."""
    runs = {
        engine: replay(
            load_scenario(SCENARIOS / file, set={**changes, "chain.engine": engine}),
            out=folder / engine,
            require_expected=False,
        )
        for engine in ("anvil", "revm")
    }
    found = set()
    for name, table in TABLES.items():
        first, second = getattr(runs["anvil"], name), getattr(runs["revm"], name)
        assert len(first) == len(second), name
        found |= {one.name for one in table.columns if column_values(first, one) != column_values(second, one)}
    assert found <= ENGINE | NO_GAS
    return runs["revm"]


@pytest.fixture(scope="module")
def on_chain(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return both_engines("usde-unwind.yaml", ON_CHAIN, tmp_path_factory.mktemp("events"))


@pytest.fixture(scope="module")
def at_exchange(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return both_engines("maker-cascade.yaml", AT_EXCHANGE, tmp_path_factory.mktemp("events"))


def rows_of(run: Run, event: str) -> list[EventRow]:
    return [row for row in run.frames.rows(EventRow) if row.event == event]


def prices(run: Run, asset: str, source: str) -> list[PriceRow]:
    return [row for row in run.frames.rows(PriceRow) if (row.asset, row.source) == (asset, source)]


def test_events__of_a_run__are_transactions_of_their_owners_that_went_through(on_chain: Run, at_exchange: Run) -> None:
    for run, owners in ((on_chain, {"deployer", "price-poster", "price-poster-frozen"}), (at_exchange, {"exchange"})):
        rows = run.frames.rows(EventRow)
        assert {row.actor for row in rows} == owners
        assert {(row.status, row.revert_reason) for row in rows} == {("ok", "")}
        sent = run.transactions[run.transactions["intent"] == "event"]
        assert sent["tx_hash"].tolist() == [row.tx_hash for row in rows]
        assert sent["actor"].tolist() == [row.actor for row in rows]


def test_events__summary_and_page__say_when_each_was_made_and_which_was_not(on_chain: Run) -> None:
    figures = on_chain.summary.events
    assert set(figures) == {key.removeprefix("events.") for key in ON_CHAIN if key.startswith("events.")}
    assert figures["feed-stops"].made_at == "2025-10-10T21:00:00Z"
    assert figures["feed-goes-on"].made_at == "2025-10-10T21:10:00Z"
    assert (figures["never"].made_at, figures["never"].reverted) == (None, 0)
    page = (on_chain.folder / "report.html").read_text(encoding="utf-8")
    assert "feed-stops (feed of WETH) was made at 21:00:00 UTC." in page
    assert "never (reserve) was not made" in page
    assert '"event":"feed-stops"' in page


def test_event__condition_on_a_pool__is_made_in_the_block_after_the_first_that_meets_it(on_chain: Run) -> None:
    freezes = rows_of(on_chain, "freezes")
    assert [row.call.partition("(")[0] for row in freezes] == ["setReserveFreeze", "setSupplyCap"]
    met = next(
        row.block_number
        for row in prices(on_chain, "USDe", "spot:usde-usdc")
        if row.price_e8 is not None and row.price_e8 < 99_900_000 and row.phase == "crash"
    )
    assert {row.block_number for row in freezes} == {met + 1}
    (thaws,) = rows_of(on_chain, "thaws")
    assert thaws.timestamp == freezes[0].timestamp + 120


def test_event__frozen_feed__has_no_answer_until_it_goes_on(on_chain: Run) -> None:
    (stops,), (goes_on,) = rows_of(on_chain, "feed-stops"), rows_of(on_chain, "feed-goes-on")
    moves = [row.timestamp for row in prices(on_chain, "WETH", "oracle") if row.phase == "crash"]
    assert [at for at in moves if at < stops.timestamp]
    assert not [at for at in moves if stops.timestamp <= at < goes_on.timestamp]
    assert [at for at in moves if at >= goes_on.timestamp]
    posts = on_chain.transactions[on_chain.transactions["intent"] == "post"]
    # The post that was under way in the block of the freeze is the only one that failed.
    assert set(posts.loc[posts["status"] != "ok", "timestamp"].tolist()) <= {stops.timestamp}


def test_event__redemption_opens__is_redeemed_from_then_on(on_chain: Run) -> None:
    opened = rows_of(on_chain, "reopens")[0].timestamp
    redeemed = on_chain.swaps[(on_chain.swaps["venue"] == "usde-minting") & (on_chain.swaps["asset_in"] == "USDe")]
    assert len(redeemed) > 0
    assert redeemed["timestamp"].min() >= opened
    # At the fee that the event states: 10 of 10,000 stay with the issuer.
    for paid, got in zip(redeemed["amount_in_raw"], redeemed["amount_out_raw"], strict=True):
        assert got == paid * 9990 // (10_000 * 10**12)


def test_event__oracle_switched_to_a_peg__prices_at_the_peg_from_then_on(on_chain: Run) -> None:
    (switch,) = rows_of(on_chain, "peg")
    before = [row for row in prices(on_chain, "USDe", "oracle") if row.timestamp < switch.timestamp]
    assert before[-1].price_e8 != 10**8
    after = [row for row in prices(on_chain, "USDe", "oracle") if row.timestamp >= switch.timestamp]
    assert [(row.timestamp, row.price_e8) for row in after] == [(switch.timestamp, 10**8)]


def test_event__halt__lets_nothing_trade_until_the_book_resumes(at_exchange: Run) -> None:
    (halts,), (resumes,) = rows_of(at_exchange, "halts"), rows_of(at_exchange, "resumes")
    trades = at_exchange.trades[at_exchange.trades["book"] == "ALT-USDC"]
    blocks = trades["block_number"]
    assert (blocks < halts.block_number).any()
    # Senders of one block act in an order drawn by lot: what came before the halt in its block still traded.
    assert not ((blocks > halts.block_number) & (blocks < resumes.block_number)).any()
    assert (blocks > resumes.block_number).any()


def test_event__floor_of_an_index__holds_from_then_on(at_exchange: Run) -> None:
    (floor,) = rows_of(at_exchange, "floor")
    index = [row for row in prices(at_exchange, "ALT", "index:ALT-USDC") if row.phase == "crash"]
    after = [row.price_e8 for row in index if row.timestamp >= floor.timestamp]
    assert after
    assert set(after) == {2 * 10**8}
