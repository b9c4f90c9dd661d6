"""Replay a scenario: deploy its world, build its positions, play the crash, and write the folder of the run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cascade.chain.chain import BlockObserver
from cascade.chain.local import Block, Transaction
from cascade.chain.snapshots import Snapshots
from cascade.engine import Engine
from cascade.observation import BlockView
from cascade.observation.checks import DEFAULT_EVERY, ContractChecks
from cascade.recording.recorder import Recorder
from cascade.recording.tables import BlockRow, Row
from cascade.recording.transaction_record import TransactionRecord
from cascade.report.run.page import build_report
from cascade.report.shared.bundle import plot_library
from cascade.run.failure import keep_failure
from cascade.run.folder import MachineFigures, write_run
from cascade.run.opened import Run
from cascade.run.place import require_writable_folder
from cascade.run.progress import Progress, quiet
from cascade.scenario.load import Scenario
from cascade.staging.chains import open_chain
from cascade.staging.networks import NetworkOptions, open_network, require_possible_on_network
from cascade.staging.world import Prepared, build_world, empty_world, prepare
from cascade.vocabulary import Phase
from cascade.world.conservation import check_conservation
from cascade.world.world import World

__all__ = ["replay"]


def replay(
    scenario: Scenario,
    *,
    out: str | Path = "runs",
    node_url: str | None = None,
    progress: Progress | None = None,
    require_expected: bool = True,
    like: Scenario | None = None,
    report: bool = True,
    snapshots: Snapshots | None = None,
    on_block: BlockObserver | None = None,
    network: NetworkOptions | None = None,
    compare_every: int = DEFAULT_EVERY,
    keep_failed: bool = False,
) -> Run:
    """Run a scenario and write the folder of the run: tables, summary, manifest and report.

    Parameters
    ----------
    scenario : Scenario
        A checked scenario, from `load_scenario`.
    out : str or Path
        Folder that the run's own folder is put into.
    node_url : str, optional
        URL of an anvil to use, which must be fresh and mine on demand only; None starts one for the run.
    progress : Progress, optional
        Shows the stages of the run; None shows nothing.
    require_expected : bool
        Whether a run that ends otherwise than its scenario expects raises; its folder is kept either way.
    like : Scenario, optional
        A baseline whose positions are built in this scenario's world, under the baseline's lending configuration; the
        scenario's own configuration is applied right before the crash. No claim of the scenario is checked beforehand
        then.
    report : bool
        Whether the page is drawn at once; `Run.report` draws it later otherwise.
    snapshots : Snapshots, optional
        Worlds that earlier runs of this process built, which this run starts from where it would build the same, and
        to which its own is added. The run is the same with and without.
    on_block : callable, optional
        Called with every mined block and its transactions, those of the deployment included.
    network : NetworkOptions, optional
        A network that others use too, where the run plays in real blocks; None plays on a chain of the run's own.
    compare_every : int
        Steps after which, at the latest, everything that is folded from events or computed in Python is compared with
        what the contracts say; 1 compares after every step, which takes several times as long. The tables are the same.
    keep_failed : bool
        Whether a run that fails while it is played leaves `out/failed-RUN_ID`, with what is known of it. Runs on a
        network go on from their journal instead.

    Raises
    ------
    CascadeError
        Before anything is started, when `out` cannot be written to.
    ScenarioError
        Before anything is started, when the scenario cannot show what it claims, or names an agent that is missing.
    ToolMissing
        Before anything is started, when a page is wanted and what draws it is not installed.
    AgentFailed
        When a user's own agent cannot be constructed or set up.
    ExpectationFailed
        When the run ended otherwise than expected.
    FailedRun
        When the run fails while it is played and what is known is kept, in place of the errors below.
    ChainError
        When the node fails; no folder is left that looks finished.
    AccountingViolation
        When tokens were not conserved.
    IncompleteRun
        When the run was recorded and could not be analysed or drawn, or a liquidation does not add up. Its folder is
        kept.
    """
    started = time.monotonic()
    progress = progress or quiet()
    require_writable_folder(Path(out))
    if report:
        # The page comes last: what it is drawn with must not turn out to be missing after the run.
        plot_library()
    if network is not None:
        require_possible_on_network(scenario)
    prepared = prepare(scenario, progress=progress, like=like)

    def write(
        prepared: Prepared,
        recorder: Recorder,
        crash: _CrashSeconds,
        traces: Sequence[TransactionRecord],
        *,
        memory_mb: float,
    ) -> Path:
        positions = len(prepared.standing.plans) + len(prepared.standing.accounts.borrowers)
        times = _crash_times(recorder.rows) if prepared.inputs.network is not None else ()
        return write_run(
            prepared.inputs,
            [prepared.inputs.row(positions=positions, times=times), *recorder.rows],
            traces=traces,
            out=Path(out),
            machine=MachineFigures(
                started=started,
                crash_wall_seconds=crash.wall,
                crash_node_seconds=crash.node,
                anvil_peak_memory_mb=memory_mb,
            ),
            progress=progress,
            draw=build_report if report else None,
        )

    if network is not None:
        with open_network(prepared, network, with_positions=True, progress=progress) as opened:
            world = empty_world(opened.chain, opened.prepared)
            recorder = Recorder(world, run_id=opened.prepared.inputs.run_id, seed=scenario.seed)
            opened.watch(world, _both(recorder.on_block, on_block))
            crash = _play(world, opened.prepared, recorder, progress, compare_every=compare_every)
            folder = write(opened.prepared, recorder, crash, recorder.traces(), memory_mb=0.0)
            opened.finish(world, played_as=opened.prepared.inputs.run_id)
    else:
        with open_chain(scenario, node_url, snapshots) as (chain, node):
            world = empty_world(chain, prepared)
            recorder = Recorder(world, run_id=prepared.inputs.run_id, seed=scenario.seed)
            chain.on_block = _both(recorder.on_block, on_block)
            try:
                crash = _play(world, prepared, recorder, progress, compare_every=compare_every)
            except Exception as error:
                if not keep_failed:
                    raise
                raise keep_failure(Path(out), prepared.inputs, recorder.rows, error) from error
            # While the node is there.
            traces = recorder.traces()
            anvil = node()
            memory_mb = anvil.peak_memory_mb() if anvil else 0.0
        folder = write(prepared, recorder, crash, traces, memory_mb=memory_mb)
    run = Run(folder)
    if require_expected:
        run.require_expected()
    return run


def _crash_times(rows: Sequence[Row]) -> list[int]:
    return [row.timestamp for row in rows if isinstance(row, BlockRow) and row.phase == Phase.CRASH]


def _both(first: BlockObserver, second: BlockObserver | None) -> BlockObserver:
    if second is None:
        return first

    def tell(block: Block, transactions: Sequence[Transaction]) -> None:
        first(block, transactions)
        second(block, transactions)

    return tell


@dataclass(frozen=True)
class _CrashSeconds:
    """Duration of the crash phase, and the part of it that was spent waiting for the node."""

    wall: float
    node: float


def _play(
    world: World, prepared: Prepared, recorder: Recorder, progress: Progress, *, compare_every: int
) -> _CrashSeconds:
    """Deploy the world, build the positions and play the crash."""
    scenario = prepared.inputs.scenario
    built = build_world(world, prepared, progress=progress)
    start = scenario.spec.timeline.start_timestamp
    view = BlockView(
        world,
        book=built.book,
        step=0,
        next_timestamp=world.chain.expected_time(start),
        scenario_timestamp=start,
    )
    recorder.built(view, built.rounds, prepared.standing.accounts)
    # The connection counts all the time that it waits, the build's included: the crash phase's is a difference.
    began, waited = time.perf_counter(), world.chain.waited_seconds
    with progress.bar("playing the crash", scenario.spec.timeline.steps) as advance:
        engine = Engine(
            world,
            agents=built.agents,
            book=built.book,
            observer=recorder,
            own=prepared.inputs.own_agents,
            checks=ContractChecks(world, every=compare_every),
        )
        last = engine.run(progress=lambda: advance(1))
    seconds = _CrashSeconds(time.perf_counter() - began, world.chain.waited_seconds - waited)
    recorder.ended(last)
    check_conservation(world)
    return seconds
