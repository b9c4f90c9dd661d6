"""October on both engines, against a bare anvil; the flagship in process; and many small runs from one built world."""

from __future__ import annotations

import json
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

from cascade.bench.figures import SCENARIOS, at_least, at_most, noted, timed_replay
from cascade.bench.tape import Tape, bare_seconds
from cascade.chain.snapshots import Snapshots
from cascade.errors import CascadeError
from cascade.experiments.sweep.dataset import Dataset
from cascade.experiments.sweep.execute import execute
from cascade.experiments.sweep.grid import read_grid
from cascade.experiments.sweep.make import make_run
from cascade.experiments.sweep.plan import Chunk, PlannedRun, plan_sweep
from cascade.observation.checks import DEFAULT_EVERY
from cascade.report.run.page import build_report
from cascade.run.folder import analyse_run
from cascade.run.opened import Run
from cascade.run.progress import quiet
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
_LEAST_OF_TWO, _LEAST_FROM_SNAPSHOT, _MOST_SCHEDULER_PCT = 1.8, 4, 10
_WORKERS, _FEW = 2, 6
_GRID: dict[str, object] = {
    "scenario": "loop-and-crash",
    "base": {key: str(value) if isinstance(value, datetime) else value for key, value in SMALL_CRASH.items()},
    "vary": {"agents.keeper.attention_bps": {"first": 1_000, "last": 8_960, "steps": 200}},
    "certificate": {"share": 0, "least": 0},
}
"""A sweep of 200 small runs that share one built world."""


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
    """Compare the flagship in process with the flagship on anvil, page left out.

    The reference is how the harness worked before it folded anything from events: on anvil, with everything that
    agents and tables use read from the contracts after every block, previews and depths included.
    """
    file = SCENARIOS / "loop-and-crash.yaml"
    anvil = load_scenario(file)
    seconds = {}
    for name, scenario, every in (
        ("reference", anvil, 1),
        ("anvil", anvil, DEFAULT_EVERY),
        ("in_process", load_scenario(file, set={"chain.engine": "revm"}), DEFAULT_EVERY),
    ):
        with timed_replay(scenario, report=False, compare_every=every) as (_, taken):
            seconds[name] = taken
    noted("flagship_reference_over_anvil", f"{seconds['reference'] / seconds['anvil']:.2f}")
    noted("flagship_anvil_over_in_process", f"{seconds['anvil'] / seconds['in_process']:.2f}")
    at_least("flagship_reference_over_in_process", seconds["reference"] / seconds["in_process"], _LEAST_IN_PROCESS)


def measure_many_runs() -> None:
    """Count the runs per minute of a sweep on one worker and on two, and compare with runs in this process."""
    with tempfile.TemporaryDirectory(prefix="cascade-bench-") as folder:
        file = Path(folder) / "grid.yaml"
        file.write_text(json.dumps(_GRID), encoding="utf-8")
        plan = plan_sweep(read_grid(file))
        noted("sweep_runs", f"{len(plan.runs)}")
        seconds = {}
        for workers in (1, _WORKERS):
            dataset, started = Dataset(Path(folder) / f"{workers}", plan), time.perf_counter()
            execute(plan, dataset, workers=workers, scheduler=None, progress=quiet())
            dataset.write_parts()
            seconds[workers] = time.perf_counter() - started
            if any(row.error for row in dataset.rows.values()):
                raise CascadeError("a run of the bench's sweep failed")
        at_least(
            "sweep_runs_per_minute_on_two_workers", 60 * len(plan.runs) / seconds[_WORKERS], _LEAST_RUNS_PER_MINUTE
        )
        at_least("sweep_two_workers_over_one", seconds[1] / seconds[_WORKERS], _LEAST_OF_TWO)
        chunk = Chunk(plan.scenario, plan.on_baseline, plan.runs)
        with Snapshots() as snapshots:
            make_run(chunk, plan.runs[0], outcomes=(), snapshots=snapshots)
            kept = [_row_seconds(chunk, run, snapshots) for run in plan.runs]
        fresh = [_row_seconds(chunk, run, None) for run in plan.runs[:_FEW]]
    at_least("small_run_from_nothing_over_snapshot", mean(fresh) / mean(kept[:_FEW]), _LEAST_FROM_SNAPSHOT)
    # One worker, its start included, against the same runs one after the other in this process.
    at_most("sweep_cost_of_the_scheduler_pct", 100 * (seconds[1] / sum(kept) - 1), _MOST_SCHEDULER_PCT)


def _row_seconds(chunk: Chunk, run: PlannedRun, snapshots: Snapshots | None) -> float:
    started = time.perf_counter()
    make_run(chunk, run, outcomes=(), snapshots=snapshots)
    return time.perf_counter() - started


def _analysis_seconds(run: Run, scenario: Scenario) -> float:
    """Return the seconds that the analysis of a run and its page take, made again from its tables."""
    started = time.perf_counter()
    analyse_run(run.folder, expect=scenario.spec.expect)
    build_report(run.folder)
    return time.perf_counter() - started
