"""A node for hands: the world of a scenario on an anvil that stays open, for consoles, wallets and front ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cascade.agents.interface import MarginNote
from cascade.chain.anvil import CHAIN_ID, Anvil
from cascade.chain.chain import BlockObserver
from cascade.chain.local import Block, LocalChain
from cascade.engine import Engine
from cascade.errors import CascadeError
from cascade.observation import BlockView
from cascade.run.progress import Progress
from cascade.scenario.load import Scenario
from cascade.staging.chains import BUILD_GAS_LIMIT
from cascade.staging.world import Prepared, build_world, empty_world, prepare
from cascade.vocabulary import Motive
from cascade.world.world import World

__all__ = ["TEST_ACCOUNTS", "StandingNode", "TestAccount", "standing_node"]


@dataclass(frozen=True)
class TestAccount:
    """An account whose key everybody knows: it is for test chains alone."""

    address: str
    key: str


TEST_ACCOUNTS = (
    TestAccount(
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    ),
    TestAccount(
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
        "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    ),
    TestAccount(
        "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
        "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    ),
)
"""Anvil's first test accounts, which Foundry publishes and every Foundry user has; anvil gives each 10,000 ether."""


@dataclass(frozen=True)
class StandingNode:
    """A node that runs, with the world on it.

    Attributes
    ----------
    url : str
        Its address on loopback.
    chain_id : int
        Its chain id.
    world : World
        What is deployed.
    is_alive : callable
        Tells whether the node still runs.
    """

    url: str
    chain_id: int
    world: World
    is_alive: Callable[[], bool]

    @property
    def block_number(self) -> int:
        """Number of the latest block of the world."""
        return self.world.chain.block_number

    def contracts(self) -> list[tuple[str, str, str]]:
        """Return name, kind and address of every contract, in the order of their deployment."""
        chain = self.world.chain
        return [(name, chain.kind_at(address), address) for address, name in self.world.contract_names.items()]

    def actors(self) -> list[tuple[str, str, str]]:
        """Return name, role and address of every named account, in the order in which they were named."""
        return [(actor.name, actor.role, address) for address, actor in self.world.actors.items()]


class _NothingRecorded:
    """Observer of a crash of which no table is kept."""

    def rejected(
        self, *, step: int, sender: str, intent: str, reason: str, motive: Motive, error: str, proposed_step: int
    ) -> None:
        pass

    def noted(self, note: MarginNote, *, step: int) -> None:
        pass

    def before_block(self, step: int) -> None:
        pass

    def after_block(self, view: BlockView, block: Block, *, queued: int, queued_gas: int) -> None:
        pass


@contextmanager
def standing_node(
    scenario: Scenario,
    *,
    at: int | None = None,
    port: int | None = None,
    progress: Progress,
    like: Scenario | None = None,
    observe: Callable[[World], BlockObserver] | None = None,
) -> Iterator[StandingNode]:
    """Build the world of a scenario on a fresh anvil, and yield it while the anvil runs.

    From then on the node mines a block per transaction, with the scenario's gas limit. It impersonates every account,
    so that unsigned transactions of the scenario's actors are accepted too.

    Parameters
    ----------
    at : int, optional
        Number of the block of the crash to play up to, as tables have it; None leaves the crash unplayed.
    port : int, optional
        Loopback port; None takes a free one.
    progress : Progress
        Shows the stages.
    like : Scenario, optional
        A baseline whose positions are built, as in `cascade.harness.replay`.
    observe : callable, optional
        Given the world before anything is deployed; returns what is called with every mined block.

    Raises
    ------
    CascadeError
        When `at` is no block of the crash, or the scenario plays in this process.
    ScenarioError
        When the scenario cannot show what it claims.
    ChainError
        When the port is taken.
    """
    if scenario.spec.chain.engine != "anvil":
        raise CascadeError(f"{scenario.file}: chain.engine = {scenario.spec.chain.engine}: a node needs anvil")
    prepared = prepare(scenario, progress=progress, like=like)
    genesis = scenario.spec.timeline.genesis_timestamp
    with Anvil(timestamp=genesis, gas_limit=BUILD_GAS_LIMIT, port=port, accounts=len(TEST_ACCOUNTS)) as anvil:
        chain = LocalChain(anvil.rpc)
        try:
            world = empty_world(chain, prepared)
            chain.on_block = None if observe is None else observe(world)
            _play(world, prepared, at, progress)
        finally:
            chain.close()
        chain.on_block = None
        chain.set_block_gas_limit(scenario.spec.chain.block_gas_limit)
        anvil.rpc.call("evm_setAutomine", True)
        yield StandingNode(anvil.rpc.url, CHAIN_ID, world, anvil.is_alive)


def _play(world: World, prepared: Prepared, at: int | None, progress: Progress) -> None:
    built = build_world(world, prepared, progress=progress)
    if at is None:
        return
    spec, last_built = prepared.inputs.scenario.spec, world.chain.block_number
    last = last_built + spec.timeline.steps * spec.blocks_per_step
    if not last_built < at <= last:
        raise CascadeError(f"--at = {at}: expected a block of the crash, from {last_built + 1} to {last}")
    steps = -(-(at - last_built) // spec.blocks_per_step)
    engine = Engine(
        world, agents=built.agents, book=built.book, observer=_NothingRecorded(), own=prepared.inputs.own_agents
    )
    with progress.bar("playing the crash", steps) as advance:
        engine.run(progress=lambda: advance(1), stop=lambda: world.chain.block_number >= at)
