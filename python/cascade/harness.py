"""One run: a checked scenario in, a folder of tables and a report out."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cascade.agents.interface import Agent
from cascade.agents.keeper import Keeper
from cascade.agents.path_flow import PathFlow
from cascade.agents.path_poster import PathPoster
from cascade.analysis.checks import check_liquidations
from cascade.analysis.frames import Frames
from cascade.analysis.summary import summarise
from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import Artifact, load_artifacts
from cascade.chain.local import LocalChain, address_of
from cascade.chain.rpc import Rpc
from cascade.deployment.lending import engine_artifacts
from cascade.deployment.venues import fund_venue
from cascade.deployment.world import World, deploy_world
from cascade.engine import Engine
from cascade.errors import AccountingViolation, CascadeError
from cascade.observation import BlockView, BookEntry
from cascade.positions.build import build_positions, require_time_left
from cascade.positions.plan import PositionPlan, plan_positions
from cascade.positions.preflight import check_liquidity, check_shock
from cascade.progress import Progress, quiet
from cascade.recording.recorder import Recorder
from cascade.recording.store import table_sha256, write_tables
from cascade.report.page import build_report
from cascade.run import Run
from cascade.scenario.checks import raw_amount
from cascade.scenario.load import Scenario
from cascade.scenario.model import KeeperSpec, ParMintVenue, PathFlowSpec, PathPosterSpec
from cascade.streams import stream
from cascade.toolchain.versions import tool_versions

__all__ = ["replay", "run_id_of"]

_BUILD_GAS_LIMIT = 1_000_000_000


def run_id_of(scenario: Scenario, artifacts: dict[str, Artifact]) -> str:
    """`<scenario>-<seed>-<hash>`, the hash over every parameter, the price path and the contracts' code."""
    digest = hashlib.sha256()
    for part in (scenario.parameters_json(), scenario.path_json(), _contracts_sha256(artifacts)):
        digest.update(part.encode())
    return f"{scenario.spec.name}-{scenario.seed}-{digest.hexdigest()[:10]}"


def replay(
    scenario: Scenario,
    *,
    out: str | Path = "runs",
    node_url: str | None = None,
    progress: Progress | None = None,
    require_expected: bool = True,
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

    Raises
    ------
    ScenarioError
        Before anything is started, when the scenario cannot show what it claims.
    ExpectationFailed
        When the run ended otherwise than expected.
    ChainError
        When the chain died or misbehaved; no folder is left that looks finished.
    AccountingViolation
        When tokens were not conserved or a liquidation does not add up.
    """
    started = time.monotonic()
    progress = progress or quiet()
    plans = plan_positions(scenario)
    check_liquidity(scenario, plans)
    note = check_shock(scenario, plans)
    if note:
        progress.say(note)
    with progress.stage("compiling contracts"):
        artifacts = {**load_artifacts(), **engine_artifacts(scenario.spec.lending.engine)}
    run_id = run_id_of(scenario, artifacts)
    recorder = Recorder(run_id=run_id, seed=scenario.seed)
    with _node(scenario, node_url) as (rpc, anvil):
        chain = LocalChain(rpc, on_block=recorder.on_block)
        world = World(chain=chain, scenario=scenario, artifacts=artifacts)
        recorder.attach(world)
        try:
            _play(world, plans, recorder, progress)
        finally:
            chain.close()
        memory_mb = anvil.peak_memory_mb() if anvil else 0.0
    recorder.described(_run_row(scenario, artifacts, len(plans)))
    folder = _write(
        scenario, artifacts, recorder, out=Path(out), started=started, memory_mb=memory_mb, progress=progress
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
    if int(rpc.call("eth_blockNumber"), 16) != 0:
        raise CascadeError(
            f"--network: {url} already has blocks: a replay needs a fresh anvil, started with --no-mining"
        )


def _play(world: World, plans: list[PositionPlan], recorder: Recorder, progress: Progress) -> None:
    scenario = world.scenario
    with progress.stage("deploying"):
        deploy_world(world)
        _mint_venue_reserves(world)
        agents = _agents(world)
        used = {cohort.venue for cohort in scenario.spec.positions.values()}
        for name in used & set(world.venues):
            fund_venue(world, world.venues[name])
    with progress.bar("building positions", len(plans)) as advance:
        rounds = build_positions(world, plans, progress=advance)
    for name, venue in world.venues.items():
        if name not in used:
            fund_venue(world, venue)
    require_time_left(world)
    book = _book(world, plans)
    start = scenario.spec.timeline.start_timestamp
    recorder.built(BlockView(world, book=book, step=0, next_timestamp=start), rounds)
    with progress.bar("playing the crash", scenario.spec.timeline.steps) as advance:
        engine = Engine(world, agents=agents, book=book, observer=recorder)
        last = engine.run(progress=lambda: advance(1))
    recorder.ended(last)
    check_conservation(world)


def _mint_venue_reserves(world: World) -> None:
    provider = address_of("liquidity-provider")
    for venue in world.scenario.spec.venues.values():
        if not isinstance(venue, ParMintVenue):
            for coin, amount in venue.reserves.items():
                world.mint(coin, [(provider, raw_amount(world.scenario.spec, coin, amount))])


def _agents(world: World) -> list[Agent]:
    agents: list[Agent] = []
    for name, spec in world.scenario.spec.agents.items():
        if isinstance(spec, PathPosterSpec):
            agents.append(PathPoster(name, spec))
        elif isinstance(spec, PathFlowSpec):
            flow = PathFlow(name, spec)
            world.chain.fund([world.enlist(name, role=flow.role, cohort=name)])
            flow.prepare(world)
            agents.append(flow)
        elif isinstance(spec, KeeperSpec):
            width = len(str(spec.count - 1))
            for i in range(spec.count):
                bot_name = f"{name}-{i:0{width}d}"
                keeper = Keeper(bot_name, spec, stream(world.scenario.seed, f"agents/{bot_name}"))
                world.chain.fund([world.enlist(bot_name, role=keeper.role, cohort=name)])
                keeper.prepare(world)
                agents.append(keeper)
    return agents


def _book(world: World, plans: list[PositionPlan]) -> list[BookEntry]:
    by_name = {actor.name: address for address, actor in world.actors.items()}
    cohorts = world.scenario.spec.positions
    return [
        BookEntry(
            plan.borrower,
            by_name[plan.borrower],
            plan.cohort,
            cohorts[plan.cohort].collateral,
            cohorts[plan.cohort].debt,
        )
        for plan in plans
    ]


def check_conservation(world: World) -> None:
    """Every token's supply equals what all its holders have, and the pool holds what its books say.

    Raises
    ------
    AccountingViolation
        Naming the token and both figures.
    """
    chain = world.chain
    holders = sorted({*world.actors, *world.contract_names})
    for symbol, token in world.tokens.items():
        held = sum(chain.call_in_chunks(world.lens, "balances", [token.address], each=holders))
        supply = chain.call(token, "totalSupply")
        if held != supply:
            raise AccountingViolation(f"{symbol}: total supply is {supply}, its holders have {held}")
    for symbol in world.a_tokens:
        token = world.tokens[symbol]
        holding = chain.call(token, "balanceOf", world.a_tokens[symbol].address)
        booked = chain.call(world.pool, "getVirtualUnderlyingBalance", token.address)
        if holding < booked:
            raise AccountingViolation(f"a{symbol} holds {holding} {symbol}, the pool's books say {booked}")


def _run_row(scenario: Scenario, artifacts: dict[str, Artifact], positions: int) -> dict[str, Any]:
    spec = scenario.spec
    parameters = scenario.parameters_json()
    return {
        "scenario": spec.name,
        "engine": spec.lending.engine,
        "start_timestamp": spec.timeline.start_timestamp,
        "block_seconds": spec.timeline.block_seconds,
        "positions": positions,
        "counterfactual": spec.counterfactual or "",
        "parameters": parameters,
        "scenario_sha256": hashlib.sha256(parameters.encode()).hexdigest(),
        "contracts_sha256": _contracts_sha256(artifacts),
    }


def _bytecode_hashes(artifacts: dict[str, Artifact]) -> dict[str, str]:
    return {
        name: artifact.bytecode_sha256
        for name, artifact in sorted(artifacts.items())
        if artifact.bytecode != "0x" and not artifact.is_harness
    }


def _contracts_sha256(artifacts: dict[str, Artifact]) -> str:
    lines = [f"{name} {digest}" for name, digest in _bytecode_hashes(artifacts).items()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _write(
    scenario: Scenario,
    artifacts: dict[str, Artifact],
    recorder: Recorder,
    *,
    out: Path,
    started: float,
    memory_mb: float,
    progress: Progress,
) -> Path:
    run_id = run_id_of(scenario, artifacts)
    partial = out / f".partial-{run_id}-{os.getpid()}"
    try:
        with progress.stage("writing tables"):
            write_tables(partial / "tables", recorder.rows)
            frames = Frames(partial)
            check_liquidations(frames)
            summary = summarise(frames, wall_seconds=round(time.monotonic() - started, 3))
            summary["anvil_peak_memory_mb"] = round(memory_mb, 1)
            expected = scenario.spec.expect.liquidations
            manifest = {
                "run_id": run_id,
                "scenario_name": scenario.spec.name,
                "scenario_file": scenario.file,
                "scenario_text": scenario.text,
                "price_path_file": Path(scenario.spec.prices.path).name,
                "price_path_text": scenario.path_text,
                "seed": scenario.seed,
                "overrides": list(scenario.overrides),
                "tools": tool_versions(),
                "contracts": _bytecode_hashes(artifacts),
                "tables": table_sha256(partial / "tables"),
                "expectation": {
                    "liquidations": expected, "met": (summary["liquidations"] > 0) == (expected == "some"),
                },
            }  # fmt: skip
            _write_json(partial / "summary.json", summary)
            _write_json(partial / "manifest.json", manifest)
        with progress.stage("drawing the report"):
            build_report(partial)
        return _put_in_place(partial, out / run_id)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_json(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def _put_in_place(partial: Path, final: Path) -> Path:
    if final.exists():
        previous = final.with_name(f".partial-old-{final.name}-{os.getpid()}")
        final.rename(previous)
        partial.rename(final)
        shutil.rmtree(previous)
    else:
        partial.rename(final)
    return final
