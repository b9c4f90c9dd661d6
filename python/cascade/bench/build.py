"""The build phase of the flagship, against the same transactions sent barely and through ape."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from cascade.bench.figures import SCENARIOS, at_least, noted
from cascade.bench.tape import Tape, bare_seconds, fresh_anvil, send
from cascade.chain.ape_client import ape_calls_per_second
from cascade.chain.artifacts import Artifact, load_artifacts
from cascade.chain.local import Block, LocalChain, Transaction
from cascade.deployment.deploy import deploy_world
from cascade.positions.build import build_positions
from cascade.positions.plan import plan_positions
from cascade.recording.recorder import Recorder
from cascade.scenario.load import Scenario, load_scenario
from cascade.world.world import World

__all__ = ["measure_build"]

_APE_SAMPLE = 400
_ROUNDS = 3
"""The build phase is measured this many times; the median counts."""
_LEAST_OF_RAW = 0.7
_LEAST_OVER_APE = 40


@dataclass(frozen=True)
class _BuildTiming:
    """One measurement of the build phase.

    Attributes
    ----------
    setup, build : Tape
        The transactions that deployed the world, and those that built its positions.
    replay_seconds : float
        Duration of the build with everything recorded.
    raw_seconds : float
        Duration of the same batches sent to a bare anvil.
    """

    setup: Tape
    build: Tape
    replay_seconds: float
    raw_seconds: float


def measure_build() -> None:
    """Compare the build phase with bare batches of the same transactions, and with ape."""
    scenario, artifacts = load_scenario(SCENARIOS / "loop-and-crash.yaml"), load_artifacts()
    timings = [_time_build(scenario, artifacts) for _ in range(_ROUNDS)]
    first = timings[0]
    count = len(first.build.transactions)
    rate = count / median(timing.replay_seconds for timing in timings)
    noted("build_transactions", f"{count}")
    noted("build_transactions_per_second", f"{rate:.0f}")
    of_raw = median(timing.raw_seconds / timing.replay_seconds for timing in timings)
    at_least("build_of_replay_over_raw_batches", of_raw, _LEAST_OF_RAW)
    with fresh_anvil(scenario) as anvil:
        chain = LocalChain(anvil.rpc)
        funded = send(chain, first.setup)
        chain.fund({transaction.sender for transaction in first.build.transactions} - funded)
        sample = first.build.transactions[:_APE_SAMPLE]
        ape_rate = ape_calls_per_second(anvil, sample, artifacts, setup_tape=first.setup.transactions)
    noted("ape_transactions_per_second", f"{ape_rate:.1f}")
    at_least("build_of_replay_over_ape", rate / ape_rate, _LEAST_OVER_APE)


def _time_build(scenario: Scenario, artifacts: dict[str, Artifact]) -> _BuildTiming:
    setup, build = Tape(), Tape()
    with fresh_anvil(scenario) as anvil:
        chain = LocalChain(anvil.rpc)
        world = World(chain=chain, scenario=scenario, artifacts=artifacts)
        recorder = Recorder(world, run_id="bench", seed=scenario.seed)
        tape = setup

        def on_block(block: Block, transactions: Sequence[Transaction]) -> None:
            tape.record(block, transactions)
            recorder.on_block(block, transactions)

        chain.on_block = on_block
        deploy_world(world)
        # From here on `on_block` records onto the other tape.
        tape = build
        started = time.perf_counter()
        build_positions(world, plan_positions(scenario))
        replay_seconds = time.perf_counter() - started
        chain.close()
    return _BuildTiming(setup, build, replay_seconds, bare_seconds(scenario, before=setup, timed=build))
