"""An oracle that refuses to answer: its price is missing, nothing is worth nothing, and the run says so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cascade import Run, replay
from cascade.recording.tables import PositionRow, PriceRow
from cascade.report.run.terminal import print_summary

from .conftest import small

MAX_AGE = 120
GUARDED = {
    "oracle.USDe": {"kind": "guarded", "source": {"kind": "posted"}, "max_age_seconds": MAX_AGE},
    "timeline.end": datetime(2025, 10, 10, 22, 0, tzinfo=UTC),
    # A post for every 4 %, so that the feed is older than the guard allows between most posts.
    "agents.oracle.deviation_bps": 400,
    "agents.oracle.heartbeat_seconds": 3_600,
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replay(small(**GUARDED), out=tmp_path_factory.mktemp("guarded"), require_expected=False)


def refused_blocks(run: Run) -> set[int]:
    """Blocks at whose end the last post is older than the guard allows, from the posts alone."""
    posts = run.price_moves[run.price_moves["market"] == "feed:USDe"]
    crash = run.blocks[(run.blocks["phase"] == "crash") & (run.blocks["lane"] == "chain")]
    build = run.blocks[run.blocks["phase"] == "build"]
    found = set()
    for block, time in zip(crash["block_number"], crash["timestamp"], strict=True):
        before = posts.loc[posts["block_number"] <= block, "timestamp"]
        # Deployment posts the first price, in a block that no move stands for.
        last = before.max() if len(before) else build["timestamp"].min()
        if time - last > MAX_AGE:
            found.add(int(block))
    return found


def held(run: Run, asset: str, source: str) -> dict[int, int | None]:
    """The price at the end of each block of the crash."""
    rows = [row for row in run.frames.rows(PriceRow) if (row.asset, row.source) == (asset, source)]
    crash = run.blocks[(run.blocks["phase"] == "crash") & (run.blocks["lane"] == "chain")]
    return {
        int(block): [row.price_e8 for row in rows if row.block_number <= block][-1] for block in crash["block_number"]
    }


def test_guarded_oracle__feed_older_than_it_allows__price_is_null_in_just_those_blocks(guarded: Run) -> None:
    prices = held(guarded, "USDe", "oracle")
    refused = refused_blocks(guarded)

    assert len(refused) > 5
    assert {block for block, price in prices.items() if price is None} == refused
    assert all(price is None or price > 60_000_000 for price in prices.values())
    assert guarded.summary.oracle_refusals == {"USDe": len(refused)}


def test_guarded_oracle__while_it_refuses__no_position_has_a_value_and_no_figure_is_zero(guarded: Run) -> None:
    last = int(guarded.blocks["block_number"].max())
    ends = [row for row in guarded.frames.rows(PositionRow) if row.event == "end" and row.debt_raw]
    given = [price for price in held(guarded, "USDe", "oracle").values() if price is not None]
    summary = guarded.summary

    assert last in refused_blocks(guarded)
    assert {(row.collateral_base_e8, row.debt_base_e8, row.health_factor_wad) for row in ends} == {(None, None, None)}
    assert summary.trough["USDe"]["oracle"] == min(given) / 1e8
    # Valued at the last price that the oracle gave, every looper is solvent; at 0 the lenders would have lost it all.
    lacking = sum(max(0, row.debt_raw * 10**2 - row.collateral_raw * given[-1] // 10**18) for row in ends)
    assert summary.shortfall_usd.end.oracle == pytest.approx(lacking / 1e8, abs=0.01)
    buckets = guarded.health[guarded.health["block_number"].isin(refused_blocks(guarded))]
    assert buckets.empty


def test_guarded_oracle__run__says_so_on_terminal_and_page(guarded: Run, capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(guarded.folder, summary=guarded.summary, manifest=guarded.manifest)
    blocks = guarded.summary.oracle_refusals["USDe"]
    sentence = f"refused the price of USDe at the end of {blocks} blocks: dollar values"

    assert sentence in " ".join(capsys.readouterr().out.split())
    assert sentence in Path(guarded.folder, "report.html").read_text(encoding="utf-8").replace("&#39;", "'")
