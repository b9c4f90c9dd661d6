"""`cascade frontier` on small runs: the edge against runs on both sides of it, and the smallest world as its test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from cascade import load_scenario, replay
from cascade.commands.frontier import show_frontier
from cascade.experiments.execution import HERE

from .conftest import SCENARIOS

FLAGSHIP = SCENARIOS / "loop-and-crash.yaml"
SHARED = (
    "chain.engine=revm",
    "timeline.start=2025-10-10T21:38:00Z",
    "timeline.end=2025-10-10T21:42:00Z",
    "venues.usde-usdc.reserves={USDC: 10_000_000, USDe: 10_000_000}",
    "agents.keeper.count=1",
)


def test_frontier__of_an_edge__lies_between_runs_that_do_and_do_not_meet_it_and_shrinks_to_a_test(
    tmp_path: Path,
) -> None:
    show_frontier(
        FLAGSHIP,
        path="positions.loopers.count",
        between=("1", "30"),
        until="liquidated_positions >= 5",
        tolerance=None,
        along=None,
        overrides=SHARED,
        seed=None,
        seeds=1,
        share_pct=50,
        shrinks=True,
        execution=HERE,
        out=tmp_path / "runs",
    )
    (folder,) = (tmp_path / "runs").glob("frontier-*")
    (found,) = json.loads((folder / "frontier.json").read_text(encoding="utf-8"))
    (edge,) = found["seeds"]

    assert found["clear"]
    for value, holds in ((edge["first_with"], True), (edge["last_without"], False)):
        overrides = (*SHARED, f"positions.loopers.count={value}")
        run = replay(load_scenario(FLAGSHIP, overrides=overrides), out=tmp_path, report=False, require_expected=False)
        assert (run.summary.liquidated_positions >= 5) is holds
    smallest = load_scenario(folder / "smallest.yaml")
    assert smallest.spec.cohorts["loopers"].count <= int(edge["first_with"])
    assert smallest.spec.timeline.steps < 20
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:ape_test",
            "-p",
            "no:cacheprovider",
            str(folder / "test_smallest.py"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
