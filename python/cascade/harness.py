"""One run: a checked scenario in, a folder of tables and a report out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cascade.agents.custom import OwnAgent, load_own_agents
from cascade.agents.roster import agents_book, call_agents
from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import LocalChain, address_of
from cascade.chain.rpc import Rpc
from cascade.deployment.deploy import deploy_world
from cascade.deployment.lending import engine_artifacts, reconfigure_lending
from cascade.deployment.reserve import prepare_reserve
from cascade.deployment.venues import prepare_redemption
from cascade.engine import Engine
from cascade.errors import CascadeError
from cascade.observation import BlockView, BookEntry
from cascade.positions.build import build_positions, require_time_left
from cascade.positions.plan import PoolPledge, PositionPlan, plan_positions
from cascade.positions.preflight import check_liquidity, check_shock
from cascade.positions.standing import standing_positions
from cascade.recording.recorder import Recorder
from cascade.report.run.page import build_report
from cascade.run.folder import describe_run, run_id_of, write_run
from cascade.run.opened import Run
from cascade.run.progress import Progress, quiet
from cascade.scenario.accounts import pledge_account
from cascade.scenario.load import Scenario
from cascade.world.conservation import check_conservation
from cascade.world.world import World

__all__ = ["replay"]

_BUILD_GAS_LIMIT = 1_000_000_000


def replay(
    scenario: Scenario,
    *,
    out: str | Path = "runs",
    node_url: str | None = None,
    progress: Progress | None = None,
    require_expected: bool = True,
    like: Scenario | None = None,
    report: bool = True,
) -> Run:
    """Run a scenario and write its folder.

    Parameters
    ----------
    scenario : Scenario
        From `load_scenario`.
    out : str or Path
        Folder that the run's own folder is put into.
    node_url : str, optional
        A running anvil to use, fresh and mining on demand; None starts one and ends it.
    progress : Progress, optional
        Shows what takes longer than a second.
    require_expected : bool
        Whether a run that ends otherwise than its scenario expects raises; its folder is kept either way.
    like : Scenario, optional
        A baseline whose positions are built in this scenario's world, under the baseline's lending configuration;
        this scenario's own is applied right before the crash. No claim of this scenario is checked beforehand then.
    report : bool
        Whether the page is drawn at once; `Run.report` draws it later.

    Raises
    ------
    ScenarioError
        Before anything is started, when the scenario cannot show what it claims, or names an agent that is not there.
    AgentFailed
        When an agent of the scenario's own cannot be made ready.
    ExpectationFailed
        When the run ended otherwise than expected.
    ChainError
        When the chain died or misbehaved; no folder is left that looks finished.
    AccountingViolation
        When tokens were not conserved or a liquidation does not add up.
    """
    started = time.monotonic()
    progress = progress or quiet()
    own = load_own_agents(scenario)
    standing = standing_positions(like, scenario) if like is not None else None
    plans = standing.plans if standing is not None else plan_positions(scenario)
    check_liquidity(scenario, plans)
    note = check_shock(scenario, plans) if like is None else None
    if note:
        progress.say(note)
    built_like = like if standing is not None else None
    with progress.stage("compiling contracts"):
        artifacts = {**load_artifacts(), **engine_artifacts(scenario.spec.lending.engine)}
    run_id = run_id_of(scenario, artifacts, own, built_like=built_like)
    with _node(scenario, node_url) as (rpc, anvil):
        chain = LocalChain(rpc)
        world = World(chain=chain, scenario=standing.foundation if standing else scenario, artifacts=artifacts)
        recorder = Recorder(world, run_id=run_id, seed=scenario.seed)
        chain.on_block = recorder.on_block
        try:
            timing = _play(world, plans, recorder, progress, scenario=scenario, own=own)
        finally:
            chain.close()
        memory_mb = anvil.peak_memory_mb() if anvil else 0.0
    folder = write_run(
        scenario,
        artifacts,
        [describe_run(scenario, artifacts, run_id=run_id, positions=len(plans)), *recorder.rows],
        own_agents=own,
        out=Path(out),
        wall_seconds=lambda: time.monotonic() - started,
        not_hashed={"anvil_peak_memory_mb": round(memory_mb, 1), **timing},
        progress=progress,
        built_like=built_like,
        draw=build_report if report else None,
    )
    run = Run(folder)
    if require_expected:
        run.require_expected()
    return run


@contextmanager
def _node(scenario: Scenario, node_url: str | None) -> Iterator[tuple[Rpc, Anvil | None]]:
    if node_url is not None:
        rpc = Rpc(node_url)
        try:
            _require_fresh_anvil(rpc, node_url)
            yield rpc, None
        finally:
            rpc.close()
        return
    timeline = scenario.spec.timeline
    genesis = timeline.start_timestamp - timeline.build_seconds
    with Anvil(timestamp=genesis, gas_limit=_BUILD_GAS_LIMIT) as anvil:
        yield anvil.rpc, anvil


def _require_fresh_anvil(rpc: Rpc, url: str) -> None:
    version = str(rpc.call("web3_clientVersion"))
    if not version.startswith("anvil/"):
        raise CascadeError(
            f"--network: {url} is {version}: a replay sets balances, fees and times, which only anvil allows"
        )
    if int(rpc.call_as(str, "eth_blockNumber"), 16) != 0:
        raise CascadeError(
            f"--network: {url} already has blocks: a replay needs a fresh anvil, started with --no-mining"
        )


def _play(
    world: World,
    plans: list[PositionPlan],
    recorder: Recorder,
    progress: Progress,
    *,
    scenario: Scenario,
    own: Mapping[str, OwnAgent],
) -> dict[str, float]:
    """Deploy, build and play; returns how long the crash phase took, and how much of that the node did."""
    with progress.stage("deploying"):
        deploy_world(world)
        agents = call_agents(world, own)
    with progress.bar("building positions", len(plans)) as advance:
        rounds = build_positions(world, plans, progress=advance)
    prepare_reserve(world)
    prepare_redemption(world)
    reconfigure_lending(world, scenario)
    require_time_left(world)
    book = _book(world, plans)
    start = scenario.spec.timeline.start_timestamp
    recorder.built(BlockView(world, book=book, step=0, next_timestamp=start), rounds)
    began, waited = time.perf_counter(), world.chain.rpc.waited_seconds
    with progress.bar("playing the crash", scenario.spec.timeline.steps) as advance:
        engine = Engine(world, agents=agents, book=book, observer=recorder)
        last = engine.run(progress=lambda: advance(1))
    timing = {
        "crash_wall_seconds": round(time.perf_counter() - began, 3),
        "crash_node_seconds": round(world.chain.rpc.waited_seconds - waited, 3),
    }
    recorder.ended(last)
    check_conservation(world)
    return timing


def _book(world: World, plans: list[PositionPlan]) -> list[BookEntry]:
    cohorts = world.scenario.spec.positions
    entries = []
    for plan in plans:
        cohort = cohorts[plan.cohort]
        entries.append(BookEntry(plan.borrower, address_of(plan.borrower), plan.cohort, cohort.collateral, cohort.debt))
        if isinstance(plan.pledge, PoolPledge):
            account = plan.pledge.account
            entries.append(
                BookEntry(account, address_of(account), pledge_account(plan.cohort), plan.pledge.asset, cohort.debt)
            )
    return entries + agents_book(world)
