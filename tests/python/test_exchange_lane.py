"""Blocks of the exchange between those of the chain: figures of the chain are what they were without them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cascade.analysis import Frames, summarise
from cascade.analysis.lending.backlog import backlog
from cascade.analysis.metrics.stability import stability_over_time
from cascade.analysis.series.lending import depth_over_time
from cascade.analysis.summary import Summary
from cascade.experiments.comparison.outcomes import Clearing, clearing_of
from cascade.recording.store import write_tables
from cascade.report.run.cause_datasets import cause_frames
from cascade.report.run.datasets import datasets

from .conftest import ByHand
from .table_rows import typed

Rows = dict[str, list[dict[str, Any]]]
RunOf = Callable[[Rows], Path]


def with_exchange_blocks(rows: Rows) -> Rows:
    """The same run, before each of whose crash blocks one of the exchange was mined; a keeper's order in it failed."""
    rows = deepcopy(rows)
    for table in rows.values():
        for row in table:
            if "block_number" in row:
                row["block_number"] *= 2
    for block in [row for row in rows["blocks"] if row["phase"] == "crash"]:
        when = {"block_number": block["block_number"] - 1, "timestamp": block["timestamp"] - 6, "lane": "exchange"}
        rows["blocks"].append({**block, **when, "transactions": 1, "gas_used": 10**9, "gas_limit": 10**12})
        sent = {
            **rows["transactions"][0],
            **when,
            "phase": "crash",
            "step": block["step"],
            "actor": "keepers-0",
            "role": "keeper",
            "tx_hash": f"0xexchange{block['step']}",
            "status": "reverted",
            "fee_wei": 0,
        }
        rows["transactions"].append(sent)
    rows["blocks"].sort(key=lambda row: row["block_number"])
    return rows


def figures(folder: Path) -> Summary:
    """Every figure but the hash of the tables and the block of the trough, which the exchange's blocks shift."""
    summary = summarise(Frames(folder))
    assert summary.trough_at is not None
    return replace(summary, tables_sha256="", trough_at=replace(summary.trough_at, block_number=0))


@pytest.mark.parametrize("kind", ["crash", "endogenous"])
def test_summarise__blocks_of_the_exchange_between__change_no_figure(
    kind: str, tmp_path: Path, crash_rows: Rows, endogenous_rows: Rows
) -> None:
    rows = crash_rows if kind == "crash" else endogenous_rows
    for name, made in (("alone", rows), ("beside", with_exchange_blocks(rows))):
        write_tables(tmp_path / name / "tables", typed(made))
    alone, beside = figures(tmp_path / "alone"), figures(tmp_path / "beside")
    assert alone.liquidations > 0
    assert alone.exchange is None
    assert beside == alone


def test_datasets__blocks_of_the_exchange_between__draw_the_same(tmp_path: Path, endogenous_rows: Rows) -> None:
    drawn = []
    for name, made in (("alone", endogenous_rows), ("beside", with_exchange_blocks(endogenous_rows))):
        write_tables(tmp_path / name / "tables", typed(made))
        frames = Frames(tmp_path / name)
        sets = datasets(frames, summarise(frames))
        table = sets.pop("liquidations")
        block = table.columns.index("block")
        drawn.append((sets, [[*row[:block], *row[block + 1 :]] for row in table.rows]))
        assert len(cause_frames(frames)["blockspace"]) == 39
    for name, drawn_alone in drawn[0][0].items():
        assert drawn[1][0][name] == drawn_alone, name
    assert drawn[0][1] == drawn[1][1]


def test_backlog__cleared_two_steps_later__counts_blocks_of_the_chain(by_hand: ByHand, tmp_path: Path) -> None:
    # One position under 1 at the end of blocks 3 and 4, none after 5.
    by_hand.move(2, "0.9")
    for block in (3, 4):
        by_hand._add(
            "health",
            **by_hand._when(block),
            health_low_bps=9500,
            health_high_bps=10_000,
            positions=1,
            collateral_base_e8=0,
            debt_base_e8=10**8,
        )
    write_tables(tmp_path / "tables", typed(with_exchange_blocks(by_hand.finished(blocks=7))))
    frames = Frames(tmp_path)
    assert backlog(frames).blocks_to_clear == 2
    assert clearing_of(frames) == Clearing(2, 0)


def test_figures_of_venues__depth_and_quotes_of_books__are_left_out(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.position(1, "ann", "1.0375")
    by_hand.move(2, "0.9")
    for block, venue, tokens in ((1, "curve", 500), (1, "alt", 7), (2, "alt", 3)):
        by_hand._add(
            "liquidity", **by_hand._when(block), venue=venue, within_bps=50, sell_raw=tokens * 10**18, buy_raw=0
        )
    for source, price in (("bid:alt", "0.1"), ("ask:alt", "0"), ("reference:alt", "0.2"), ("book:alt", "0.8")):
        by_hand.oracle("USDe", 2, price, source)
    frames = by_hand.frames(tmp_path, blocks=3)
    summary = summarise(frames)
    assert depth_over_time(frames)["venue"].tolist() == ["curve"]
    assert set(stability_over_time(frames)["depth_tokens"]) == {500.0}
    assert summary.depth_at_trough == {"curve": {"50": 500.0}}
    assert summary.trough["USDe"] == {"book:alt": 0.8, "oracle": 1.0}
    assert {row["kind"] for row in datasets(frames, summary)["prices"].records()} == {"oracle"}
