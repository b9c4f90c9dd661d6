"""What the harness folds from events against what the lens reads, and what 20,000 positions cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from cascade.bench.figures import SCENARIOS, at_least, at_most, noted, timed_replay
from cascade.bench.tape import fresh_anvil
from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import LocalChain, address_of
from cascade.deployment.deploy import deploy_world
from cascade.observation import BlockView, BookEntry
from cascade.observation.checks import ContractChecks
from cascade.positions.build import build_positions
from cascade.positions.plan import plan_positions
from cascade.scenario.load import Scenario, load_scenario
from cascade.world.world import World

__all__ = ["measure_20000_positions", "measure_mirrors"]

_ROUNDS = 20
_LEAST_FASTER = 10
_MOST_OF_COST = 1.5
_MOST_MEMORY_MB = 2_000
_FEW, _MANY = 1_000, 20_000


def measure_mirrors() -> None:
    """Compare reading 1,000 positions from the mirror with reading them from the lens on anvil, and their figures."""
    scenario = load_scenario(SCENARIOS / "loop-and-crash.yaml")
    with fresh_anvil(scenario) as anvil:
        chain = LocalChain(anvil.rpc)
        world = World(chain=chain, scenario=scenario, artifacts=load_artifacts())
        deploy_world(world)
        plans = plan_positions(scenario)
        build_positions(world, plans)
        book = [BookEntry(plan.borrower, address_of(plan.borrower), plan.cohort, "USDe", "USDC") for plan in plans]

        def view() -> BlockView:
            return BlockView(world, book=book, step=0, next_timestamp=chain.timestamp + 12)

        pair = [world.tokens[asset].address for asset in ("USDe", "USDC")]
        accounts = [entry.address for entry in book]
        mirror = _median_seconds(lambda: view().positions())
        lens = _median_seconds(
            lambda: chain.call_in_chunks(world.lens, "accounts", world.pool.address, *pair, each=accounts)
        )
        checks = ContractChecks(world)
        # A single difference ends this with an error.
        checks.compare(view())
        chain.close()
    noted("mirror_figures_compared_without_difference", f"{checks.compared}")
    at_least("mirror_faster_than_lens", lens / mirror, _LEAST_FASTER)


def measure_20000_positions() -> None:
    """Compare the cost per position of 20,000 positions with that of 1,000, over the hour of the fall."""
    per_position = {}
    for count in (_FEW, _MANY):
        with timed_replay(_flagship_of(count), report=False) as (run, seconds):
            per_position[count] = seconds / count
            memory_mb = run.summary.anvil_peak_memory_mb or 0
            noted(f"seconds_of_{count}_positions", f"{seconds:.0f}")
    at_most("cost_per_position_of_20000_over_1000", per_position[_MANY] / per_position[_FEW], _MOST_OF_COST)
    at_most("anvil_peak_mb_of_20000_positions", memory_mb, _MOST_MEMORY_MB)


def _flagship_of(count: int) -> Scenario:
    """Return the flagship from 21:00 to 22:00 with a number of positions, and markets that grow with it."""
    scale = count // _FEW
    changes: dict[str, object] = {
        "timeline.start": "2025-10-10T21:00:00Z",
        "timeline.end": "2025-10-10T22:00:00Z",
        "timeline.build_seconds": 3600 * scale,
        "positions.loopers.count": count,
        "venues.usde-usdc.reserves": {"USDC": 200_000_000 * scale, "USDe": 200_000_000 * scale},
        "lending.reserves.USDC.lenders_supply": 120_000_000 * scale,
        # Everything that falls under the line is liquidated in the same number of blocks.
        "agents.keeper.count": 5 * scale,
        "chain.block_gas_limit": 45_000_000 * scale,
    }
    return load_scenario(SCENARIOS / "loop-and-crash.yaml", set=changes)


def _median_seconds(action: Callable[[], object]) -> float:
    seconds = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return median(seconds)
