"""Causes of whole runs: what the tables say of the oracle's sources is what the contracts answered."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cascade import load_scenario, replay
from cascade.analysis import cause_graph, ledgers

from .conftest import SCENARIOS

SPOT: dict[str, Any] = {"kind": "amm-spot", "venue": "usde-usdc"}
TWAP: dict[str, Any] = {"kind": "amm-twap", "source": SPOT, "window_seconds": 120}
DELAYED: dict[str, Any] = {"kind": "delayed", "source": SPOT, "blocks": 5}
CAPPED: dict[str, Any] = {"kind": "cap", "source": TWAP, "cap_usd": 0.99}
FEED: dict[str, Any] = {"kind": "market-poster", "asset": "USDe", "venue": "usde-usdc", "deviation_bps": 100}


MEDIAN: dict[str, Any] = {"kind": "median", "sources": [SPOT, DELAYED, CAPPED]}


A_FIFTH: dict[str, Any] = {
    "sensitivity": {},
    "timeline.end": datetime(2025, 10, 10, 21, 55, tzinfo=UTC),
    "positions.whales.count": 4,
    "positions.loopers.count": 80,
    "venues.usde-usdc.reserves": {"USDC": 5_600_000, "USDe": 5_600_000},
    "agents.buyers.capital": 16_600_000,
    "agents.keeper.max_per_block": 1,
}
"""A fifth of everything, until after the trough: seconds instead of minutes."""


@pytest.mark.parametrize(
    ("source", "agents"),
    [(MEDIAN, {}), ({"kind": "posted"}, {"agents.usde-poster": FEED})],
    ids=["median", "market-posted"],
)
def test_causes__of_a_whole_run__replay_the_oracle_and_leave_no_residual(
    source: dict[str, Any], agents: dict[str, Any], tmp_path: Path
) -> None:
    changes: dict[str, Any] = {"oracle.USDe": source, "expect.troughs": [], **A_FIFTH, **agents}
    run = replay(load_scenario(SCENARIOS / "usde-unwind.yaml", set=changes), out=tmp_path)
    graph = cause_graph(run.frames)

    assert len(graph.liquidations) > 50
    assert graph.liquidations["oracle_met"].all()
    assert graph.edges.groupby("liquidation")["share"].sum().eq(1).all()
    assert graph.liquidations["generation"].max() > 1
    found = {(one.market, one.asset): one for one in ledgers(run.frames)}
    assert {one.residual for one in found.values()} == {0}
    oracle = {entry.actor_class: entry for entry in found["oracle", "USDe"].classes}
    assert {"keeper", "whale", "buyer"} <= set(oracle)
    assert "unexplained" not in oracle
    assert "rounding" not in oracle or abs(oracle["rounding"].net) < 10**12
