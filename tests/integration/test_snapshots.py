"""Runs from a snapshot against runs from nothing: every table, by its hash, on both engines."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cascade import Run, Scenario, load_scenario, replay
from cascade.chain.snapshots import Snapshots
from cascade.errors import AgentFailed
from cascade.experiments.execution import Execution
from cascade.experiments.runs import Job, run_all

from .conftest import SCENARIOS, everyone, small

ENGINES = ["anvil", "revm"]


def play(scenario: Scenario, out: Path, snapshots: Snapshots | None = None, like: Scenario | None = None) -> Run:
    return replay(scenario, out=out, like=like, report=False, require_expected=False, snapshots=snapshots)


def hashes(run: Run) -> dict[str, str]:
    return run.manifest.tables


@pytest.mark.parametrize("engine", ENGINES)
def test_snapshot__crash_differs__run_is_the_one_from_nothing(engine: str, tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [{}, {"agents.keeper.attention_bps": 9000}, {"chain.block_gas_limit": 12_000_000}]
    scenarios = [small(**{"chain.engine": engine, **change}) for change in changes]

    with Snapshots() as snapshots:
        kept = [play(scenario, tmp_path / "kept", snapshots) for scenario in scenarios]
        reused = snapshots.reused
    fresh = [play(scenario, tmp_path / "fresh") for scenario in scenarios]

    assert reused == 2
    assert [hashes(run) for run in kept] == [hashes(run) for run in fresh]
    assert len({run.manifest.tables["liquidations"] for run in kept}) == 3


@pytest.mark.parametrize("engine", ENGINES)
def test_snapshot__build_differs_at_its_end__is_built_anew(engine: str, tmp_path: Path) -> None:
    one = small(**{"chain.engine": engine})
    # The same cohorts, but for the last member's equity: everything before it is answered from memory.
    other = small(**{"chain.engine": engine, "positions.loopers.count": 41})

    with Snapshots() as snapshots:
        play(one, tmp_path / "kept", snapshots)
        kept = play(other, tmp_path / "kept", snapshots)
        reused = snapshots.reused

    assert reused == 0
    assert hashes(kept) == hashes(play(other, tmp_path / "fresh"))


@pytest.mark.parametrize("engine", ENGINES)
def test_snapshot__lines_of_a_change_on_a_baseline_s_positions__start_from_its_build(
    engine: str, tmp_path: Path
) -> None:
    baseline = small(**{"chain.engine": engine})
    change = small(**{"chain.engine": engine, "lending.reserves.USDe.liquidation_bonus_bps": 800})

    with Snapshots() as snapshots:
        play(baseline, tmp_path / "kept", snapshots)
        kept = play(change, tmp_path / "kept", snapshots, like=baseline)
        again = play(baseline, tmp_path / "again", snapshots)
        reused = snapshots.reused

    assert reused == 2
    assert hashes(kept) == hashes(play(change, tmp_path / "fresh", like=baseline))
    assert hashes(again) == hashes(play(baseline, tmp_path / "baseline"))


def test_snapshot__of_a_world_with_every_kind_of_agent__run_is_the_one_from_nothing(tmp_path: Path) -> None:
    one, other = (everyone(**{"chain.engine": "revm", "agents.flash.max_per_block": most}) for most in (5, 1))

    with Snapshots() as snapshots:
        play(one, tmp_path / "kept", snapshots)
        kept = play(other, tmp_path / "kept", snapshots)
        reused = snapshots.reused

    assert reused == 1
    assert hashes(kept) == hashes(play(other, tmp_path / "fresh"))


def test_snapshot__of_a_world_with_an_exchange__run_is_the_one_from_nothing(tmp_path: Path) -> None:
    end = datetime(2025, 10, 10, 20, 55, tzinfo=UTC)
    shared = {"timeline.end": end, "chain.engine": "revm", "expect": {"liquidations": "none"}}
    one, other = (
        load_scenario(SCENARIOS / "maker-cascade.yaml", set={**shared, "chain.block_gas_limit": limit})
        for limit in (45_000_000, 30_000_000)
    )

    with Snapshots() as snapshots:
        play(one, tmp_path / "kept", snapshots)
        kept = play(other, tmp_path / "kept", snapshots)
        reused = snapshots.reused

    assert reused == 1
    assert hashes(kept) == hashes(play(other, tmp_path / "fresh"))


def test_snapshot__whose_node_has_died__is_built_anew(tmp_path: Path) -> None:
    scenario = small()

    with Snapshots() as snapshots:
        first = play(scenario, tmp_path / "first", snapshots)
        (build,) = snapshots._builds
        assert build.engine.node is not None
        os.kill(build.engine.node.pid, signal.SIGKILL)
        second = play(scenario, tmp_path / "second", snapshots)
        reused = snapshots.reused

    assert reused == 0
    assert hashes(first) == hashes(second)


def test_snapshot__after_a_run_that_failed_in_its_crash__is_as_it_was_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = small(**{"chain.engine": "revm"})
    with Snapshots() as snapshots:
        first = play(scenario, tmp_path / "first", snapshots)
        with monkeypatch.context() as broken:
            broken.setattr("cascade.agents.keeper.Keeper.propose", lambda *_: 1 // 0)
            with pytest.raises(AgentFailed):
                play(scenario, tmp_path / "broken", snapshots)
        second = play(scenario, tmp_path / "second", snapshots)

    assert hashes(first) == hashes(second)


def test_snapshots__at_their_end__leave_no_node(tmp_path: Path) -> None:
    with Snapshots() as snapshots:
        play(small(), tmp_path, snapshots)
        (build,) = snapshots._builds
        assert build.engine.node is not None
        number = build.engine.node.pid
        os.kill(number, 0)

    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_workers__several_runs_each__give_the_runs_from_nothing(tmp_path: Path) -> None:
    scenarios = [small(**{"agents.keeper.attention_bps": share}) for share in (2000, 4000, 6000, 8000)]
    jobs = [Job(f"attention {number}", scenario) for number, scenario in enumerate(scenarios)]

    runs = run_all(jobs, out=tmp_path / "workers", execution=Execution(workers=2))

    assert [hashes(run) for run in runs] == [hashes(play(scenario, tmp_path / "one")) for scenario in scenarios]
