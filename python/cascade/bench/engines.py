"""October on both engines, against a bare anvil; the flagship in process; and many small runs from one built world."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime

from cascade.bench.figures import SCENARIOS, at_least, at_most, noted, timed_replay
from cascade.bench.tape import Tape, bare_seconds
from cascade.chain.snapshots import Snapshots
from cascade.experiments.execution import Execution
from cascade.experiments.runs import Job, run_all
from cascade.harness import replay
from cascade.report.run.page import build_report
from cascade.run.folder import analyse_run
from cascade.run.opened import Run
from cascade.scenario.load import Scenario, load_scenario

__all__ = ["SMALL_CRASH", "measure_engines", "measure_many_runs", "measure_october"]

SMALL_CRASH: dict[str, object] = {
    "chain.engine": "revm",
    "timeline.start": datetime(2025, 10, 10, 21, 38, tzinfo=UTC),
    "timeline.end": datetime(2025, 10, 10, 21, 50, tzinfo=UTC),
    "positions.loopers.count": 100,
    "venues.usde-usdc.reserves": {"USDC": 10_000_000, "USDe": 10_000_000},
}
"""Changes of the flagship: 100 positions and the 60 blocks of the fall, in process."""

_MOST_OVER_BARE, _MOST_IN_PROCESS_OVER_BARE = 1.3, 0.5
_MOST_ANALYSIS_PCT = 10
_LEAST_IN_PROCESS = 4
_LEAST_RUNS_PER_MINUTE = 500
_RUNS, _WORKERS, _FEW = 120, 2, 6


def measure_october() -> None:
    """Compare `october-2025`, page included, on anvil and in process, with sending its blocks to a bare anvil."""
    tape, file = Tape(), SCENARIOS / "october-2025.yaml"
    scenario = load_scenario(file)
    with timed_replay(scenario, on_block=tape.record) as (run, on_anvil):
        made_of_tables = _analysis_seconds(run, scenario)
    with timed_replay(load_scenario(file, set={"chain.engine": "revm"})) as (_, in_process):
        pass
    bare = bare_seconds(scenario, before=Tape(), timed=tape)
    noted("october_bare_anvil_seconds", f"{bare:.1f}")
    at_most("october_over_bare_anvil", on_anvil / bare, _MOST_OVER_BARE)
    at_most("october_in_process_over_bare_anvil", in_process / bare, _MOST_IN_PROCESS_OVER_BARE)
    at_most("october_analysis_and_page_pct", 100 * made_of_tables / on_anvil, _MOST_ANALYSIS_PCT)


def measure_engines() -> None:
    """Compare the flagship in process with the flagship on anvil, page left out."""
    file, seconds = SCENARIOS / "loop-and-crash.yaml", {}
    for engine in ("anvil", "revm"):
        with timed_replay(load_scenario(file, set={"chain.engine": engine}), report=False) as (_, taken):
            seconds[engine] = taken
    at_least("flagship_anvil_over_in_process", seconds["anvil"] / seconds["revm"], _LEAST_IN_PROCESS)


def measure_many_runs() -> None:
    """Count small runs per minute on two workers, and compare a run from a snapshot with one from nothing."""
    scenarios = [_small(attention_bps=1_000 + 50 * number) for number in range(_RUNS)]
    jobs = [Job(f"run {number}", scenario) for number, scenario in enumerate(scenarios)]
    with tempfile.TemporaryDirectory(prefix="cascade-bench-") as folder:
        started = time.perf_counter()
        run_all(jobs, out=folder, execution=Execution(workers=_WORKERS))
        rate = 60 * _RUNS / (time.perf_counter() - started)
        at_least("small_runs_per_minute_on_two_workers", rate, _LEAST_RUNS_PER_MINUTE)
        with Snapshots() as snapshots:
            _replayed(scenarios[0], folder, snapshots)
            kept = sum(_replayed(scenario, folder, snapshots) for scenario in scenarios[:_FEW])
        fresh = sum(_replayed(scenario, folder, None) for scenario in scenarios[:_FEW])
    noted("small_run_from_nothing_over_snapshot", f"{fresh / kept:.2f}")


def _small(*, attention_bps: int) -> Scenario:
    return load_scenario(
        SCENARIOS / "loop-and-crash.yaml", set={**SMALL_CRASH, "agents.keeper.attention_bps": attention_bps}
    )


def _replayed(scenario: Scenario, folder: str, snapshots: Snapshots | None) -> float:
    started = time.perf_counter()
    replay(scenario, out=folder, require_expected=False, report=False, snapshots=snapshots)
    return time.perf_counter() - started


def _analysis_seconds(run: Run, scenario: Scenario) -> float:
    """Return the seconds that the analysis of a run and its page take, made again from its tables."""
    started = time.perf_counter()
    analyse_run(run.folder, expect=scenario.spec.expect)
    build_report(run.folder)
    return time.perf_counter() - started
