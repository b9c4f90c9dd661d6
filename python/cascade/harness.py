"""Replay a scenario: deploy its world, build its positions, play the crash, and write the folder of the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from cascade.agents.account_checks import check_accounts
from cascade.agents.custom import load_own_agents
from cascade.agents.roster import agents_book, call_agents
from cascade.chain.anvil import Anvil, anvil_options
from cascade.chain.artifacts import load_artifacts
from cascade.chain.chain import BlockObserver, Chain
from cascade.chain.in_process import InProcessChain
from cascade.chain.local import Block, LocalChain, Transaction, address_of
from cascade.chain.rpc import Rpc
from cascade.chain.snapshots import EngineKind, SnapshotChain, Snapshots
from cascade.deployment.deploy import deploy_world
from cascade.deployment.lending import engine_artifacts, reconfigure_lending
from cascade.deployment.own_contracts import load_own_contracts
from cascade.deployment.reserve import prepare_reserve
from cascade.deployment.venues import prepare_redemption
from cascade.engine import Engine
from cascade.errors import CascadeError
from cascade.observation import BlockView, BookEntry
from cascade.observation.checks import ContractChecks
from cascade.positions.accounts.build import account_entries, build_accounts
from cascade.positions.accounts.plan import plan_accounts, scenario_to_build
from cascade.positions.build import build_positions, require_time_left
from cascade.positions.plan import PoolPledge, PositionPlan, plan_positions
from cascade.positions.preflight import check_liquidity, check_shock, note_unreached
from cascade.positions.standing import Standing, standing_positions
from cascade.recording.recorder import Recorder
from cascade.report.run.page import build_report
from cascade.run.folder import MachineFigures, write_run
from cascade.run.inputs import RunInputs
from cascade.run.opened import Run
from cascade.run.place import require_writable_folder
from cascade.run.progress import Progress, quiet
from cascade.scenario.accounts import pledge_account
from cascade.scenario.load import Scenario
from cascade.world.conservation import check_conservation
from cascade.world.world import World

__all__ = ["replay"]

_BUILD_GAS_LIMIT = 1_000_000_000
"""Gas limit of blocks before the crash: set-up and loops are batched, and no agent competes for space."""


_PROBE_SECONDS = 20.0
"""Time within which a running node must answer the first questions; later ones may take longer."""


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

    Raises
    ------
    CascadeError
        Before anything is started, when `out` cannot be written to.
    ScenarioError
        Before anything is started, when the scenario cannot show what it claims, or names an agent that is missing.
    AgentFailed
        When a user's own agent cannot be constructed or set up.
    ExpectationFailed
        When the run ended otherwise than expected.
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
    own_agents = load_own_agents(scenario)
    standing = None if like is None else standing_positions(like, scenario)
    build = standing or Standing(scenario, plan_positions(scenario), plan_accounts(scenario))
    plans, accounts = build.plans, build.accounts
    for found in scenario.accounts.values():
        for sentence in found.notes():
            progress.say(sentence)
    check_liquidity(scenario, plans, accounts)
    check_accounts(scenario)
    if (unreached := note_unreached(scenario, accounts)) is not None:
        progress.say(unreached)
    # Under another scenario's positions a shock may well breach nobody: that is then the finding.
    note = check_shock(scenario, plans, accounts) if like is None else None
    if note:
        progress.say(note)
    with progress.stage("compiling contracts"):
        artifacts = {**load_artifacts(), **engine_artifacts(scenario.spec.lending.engine)}
        own_contracts = load_own_contracts(scenario, artifacts)
        artifacts |= {reference: own.artifact for reference, own in own_contracts.items()}
    # Where the change builds its own positions, the baseline decides nothing and is no input.
    inputs = RunInputs(scenario, artifacts, own_agents, own_contracts, built_like=None if standing is None else like)
    with _chain(scenario, node_url, snapshots) as (chain, node):
        # The world is deployed as the baseline configures it; `_play` applies the scenario's own lines later.
        world = World(chain=chain, scenario=scenario_to_build(build.foundation, accounts), artifacts=artifacts)
        recorder = Recorder(world, run_id=inputs.run_id, seed=scenario.seed)
        chain.on_block = _both(recorder.on_block, on_block)
        crash = _play(world, build, recorder, progress, inputs=inputs)
        anvil = node()
        memory_mb = anvil.peak_memory_mb() if anvil else 0.0
    folder = write_run(
        inputs,
        [inputs.row(positions=len(plans) + len(accounts.borrowers)), *recorder.rows],
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
    run = Run(folder)
    if require_expected:
        run.require_expected()
    return run


def _both(first: BlockObserver, second: BlockObserver | None) -> BlockObserver:
    if second is None:
        return first

    def tell(block: Block, transactions: Sequence[Transaction]) -> None:
        first(block, transactions)
        second(block, transactions)

    return tell


@contextmanager
def _chain(
    scenario: Scenario, node_url: str | None, snapshots: Snapshots | None
) -> Iterator[tuple[Chain, Callable[[], Anvil | None]]]:
    """Yield the chain of a run, and what returns the anvil behind it where one was started for it."""
    if snapshots is None or node_url is not None:
        with _fresh_chain(scenario, node_url) as (chain, anvil):
            yield chain, lambda: anvil
        return
    engine = scenario.spec.chain.engine
    kind = EngineKind(engine, scenario.spec.timeline.genesis_timestamp, has_gas=engine != "revm")
    kept = SnapshotChain(snapshots, kind=kind, open_engine=lambda: _fresh_chain(scenario, None))
    try:
        yield kept, lambda: kept.node
    finally:
        kept.close()


@contextmanager
def _fresh_chain(scenario: Scenario, node_url: str | None) -> Iterator[tuple[Chain, Anvil | None]]:
    """Yield a fresh chain of the scenario's engine, and the anvil behind it where one was started for the run."""
    if scenario.spec.chain.engine == "revm":
        if node_url is not None:
            raise CascadeError(f"--network: {node_url}: chain.engine revm runs in this process and uses no node")
        yield InProcessChain(timestamp=scenario.spec.timeline.genesis_timestamp, gas_limit=_BUILD_GAS_LIMIT), None
        return
    with _node(scenario, node_url) as (rpc, anvil):
        chain = LocalChain(rpc)
        try:
            yield chain, anvil
        finally:
            chain.close()


@contextmanager
def _node(scenario: Scenario, node_url: str | None) -> Iterator[tuple[Rpc, Anvil | None]]:
    """Yield a connection to the node, and the anvil behind it where one was started for the run."""
    if node_url is not None:
        probe = Rpc(node_url, timeout=_PROBE_SECONDS)
        try:
            _require_fresh_anvil(probe, node_url, genesis=scenario.spec.timeline.genesis_timestamp)
        finally:
            probe.close()
        rpc = Rpc(node_url)
        try:
            yield rpc, None
        finally:
            rpc.close()
        return
    with Anvil(timestamp=scenario.spec.timeline.genesis_timestamp, gas_limit=_BUILD_GAS_LIMIT) as anvil:
        yield anvil.rpc, anvil


class _Genesis(msgspec.Struct):
    timestamp: str


def _require_fresh_anvil(rpc: Rpc, url: str, *, genesis: int) -> None:
    """Refuse a node that a replay cannot use, and say how to start one.

    Raises
    ------
    CascadeError
        When the node is no anvil, has blocks already, mines by itself, or began at another time than the scenario.
    """
    version = str(rpc.call("web3_clientVersion"))
    if not version.startswith("anvil/"):
        raise CascadeError(
            f"--network: {url} is {version}: a replay sets balances, fees and times, which only anvil allows"
        )
    # Blocks and transactions of others would shift block numbers, nonces and addresses.
    if int(rpc.call_as(str, "eth_blockNumber"), 16) != 0:
        raise CascadeError(f"--network: {url} already has blocks: a replay needs a fresh anvil, {_how(url, genesis)}")
    if rpc.call("anvil_getAutomine"):
        raise CascadeError(f"--network: {url} mines a block for every transaction: {_how(url, genesis)}")
    began = int(rpc.call_as(_Genesis, "eth_getBlockByNumber", "0x0", False).timestamp, 16)
    if began != genesis:
        raise CascadeError(f"--network: {url} began at the Unix time {began}: {_how(url, genesis)}")


def _how(url: str, genesis: int) -> str:
    options = " ".join(anvil_options(timestamp=genesis, gas_limit=_BUILD_GAS_LIMIT))
    return f"start it with `anvil --port {urlsplit(url).port} {options}`"


@dataclass(frozen=True)
class _CrashSeconds:
    """Duration of the crash phase, and the part of it that was spent waiting for the node."""

    wall: float
    node: float


def _play(world: World, build: Standing, recorder: Recorder, progress: Progress, *, inputs: RunInputs) -> _CrashSeconds:
    """Deploy the world, build the positions and play the crash."""
    scenario, plans, accounts = inputs.scenario, build.plans, build.accounts
    with progress.stage("deploying"):
        deploy_world(world)
        agents = call_agents(world, inputs.own_agents)
    if accounts.planned:
        with progress.bar("building accounts", len(accounts.built)) as advance:
            build_accounts(world, accounts, progress=advance)
        # The loops are built under the lines and caps that hold for them.
        reconfigure_lending(world, build.foundation)
    with progress.bar("building positions", len(plans)) as advance:
        rounds = build_positions(world, plans, progress=advance)
    prepare_reserve(world)
    prepare_redemption(world)
    world.chain.built()
    # Where a baseline's positions stand, they were built under its lending lines; from here on the scenario's own hold.
    reconfigure_lending(world, scenario)
    require_time_left(world)
    book = [*account_entries(scenario, accounts), *_book(world, plans)]
    start = scenario.spec.timeline.start_timestamp
    recorder.built(BlockView(world, book=book, step=0, next_timestamp=start), rounds, accounts)
    # The connection counts all the time that it waits, the build's included: the crash phase's is a difference.
    began, waited = time.perf_counter(), world.chain.waited_seconds
    with progress.bar("playing the crash", scenario.spec.timeline.steps) as advance:
        engine = Engine(
            world,
            agents=agents,
            book=book,
            observer=recorder,
            own=inputs.own_agents,
            checks=ContractChecks(world),
        )
        last = engine.run(progress=lambda: advance(1))
    seconds = _CrashSeconds(time.perf_counter() - began, world.chain.waited_seconds - waited)
    recorder.ended(last)
    check_conservation(world)
    return seconds


def _book(world: World, plans: list[PositionPlan]) -> list[BookEntry]:
    """Return every account of the pool that agents and the recorder watch: loops, pledges in the pool, and agents."""
    cohorts = world.scenario.spec.cohorts
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
