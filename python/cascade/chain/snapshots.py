"""Build a world once, and run many crashes from it.

A run asks the chain the same questions and sends it the same transactions until its world is built, whatever differs
in its crash. `Snapshots` remembers what an earlier run asked, sent and was answered until then, and keeps its engine as
the build left it. A later run is answered from this memory for as long as it does exactly the same. If it does so until
its world is built, its crash begins on the kept engine, which goes back to that state; at the first difference a fresh
engine executes everything again. A run from a snapshot is therefore the run from nothing, to the last byte.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import TypeVar

from cascade.chain.anvil import Anvil
from cascade.chain.chain import Chain
from cascade.chain.receipt import Block
from cascade.chain.trace import CallFrame
from cascade.chain.transaction import Contract, Transaction
from cascade.errors import ChainError

__all__ = ["EngineKind", "OpenEngine", "SnapshotChain", "Snapshots"]

_KEPT = 1
"""Builds that are kept: each holds an engine, which may be a node of some hundred megabytes."""

T = TypeVar("T")

OpenEngine = Callable[[], AbstractContextManager[tuple[Chain, Anvil | None]]]
"""Opens a fresh engine, and gives the node behind it where it has one."""


@dataclass(frozen=True)
class EngineKind:
    """What makes two fresh engines alike."""

    name: str
    genesis_timestamp: int
    has_gas: bool


@dataclass
class _Step:
    """One question or order, what came of it, and how it is done again; nothing is done again for a question."""

    key: tuple[object, ...]
    answer: object = None
    again: Callable[[Chain], object] | None = None


@dataclass
class _Engine:
    """An open engine, and what closes it."""

    chain: Chain
    node: Anvil | None
    stack: ExitStack

    @classmethod
    def opened(cls, open_engine: OpenEngine) -> _Engine:
        with ExitStack() as stack:
            chain, node = stack.enter_context(open_engine())
            return cls(chain, node, stack.pop_all())


@dataclass
class _Build:
    """A built world: everything that was asked and sent for it, and its engine."""

    kind: EngineKind
    steps: list[_Step]
    engine: _Engine
    take_back: Callable[[], None]

    def go_back(self) -> None:
        """Take the engine back to the end of the build."""
        self.take_back()
        # A node forgets a snapshot once it has gone back to it.
        self.take_back = self.engine.chain.save()


@dataclass
class Snapshots:
    """The builds of runs so far, for one run at a time; leaving the context stops their engines.

    Attributes
    ----------
    reused : int
        Number of runs so far whose crash began on a kept engine.
    """

    reused: int = 0
    _builds: list[_Build] = field(default_factory=list)

    def __enter__(self) -> Snapshots:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop every engine that is kept."""
        while self._builds:
            self._builds.pop().engine.stack.close()

    def of(self, kind: EngineKind) -> list[_Build]:
        """Return the builds on engines of a kind, the latest first."""
        return [build for build in reversed(self._builds) if build.kind == kind]

    def keep(self, build: _Build) -> None:
        """Keep a build, and stop the engine of the oldest where there are too many."""
        self._builds.append(build)
        while len(self._builds) > _KEPT:
            self._builds.pop(0).engine.stack.close()

    def use(self, build: _Build) -> None:
        """Note that a build was used last."""
        self._builds.remove(build)
        self._builds.append(build)
        self.reused += 1

    def drop(self, build: _Build) -> None:
        """Stop the engine of a build that cannot be used again."""
        self._builds.remove(build)
        build.engine.stack.close()


class SnapshotChain(Chain):
    """A chain that answers from an earlier build while a run repeats it.

    Parameters
    ----------
    snapshots : Snapshots
        The earlier builds; this run's own is added to them.
    kind : EngineKind
        The engine that the run asks for.
    open_engine : callable
        Opens a fresh one.
    """

    def __init__(self, snapshots: Snapshots, *, kind: EngineKind, open_engine: OpenEngine) -> None:
        super().__init__()
        self.has_gas = self.has_traces = kind.has_gas
        self.timestamp = kind.genesis_timestamp
        self._snapshots, self._kind, self._open = snapshots, kind, open_engine
        self._alike = snapshots.of(kind)
        self._steps: list[_Step] = []
        self._engine: _Engine | None = None
        self._is_building = True
        self._submitted: deque[tuple[_Step, Sequence[Transaction]]] = deque()

    @property
    def node(self) -> Anvil | None:
        """The node behind the engine, where it has one."""
        return self._engine.node if self._engine is not None else None

    @property
    def waited_seconds(self) -> float:
        """Time spent in the engine, or waiting for it, earlier runs included."""
        return self._engine.chain.waited_seconds if self._engine is not None else 0.0

    def know(self, contract: Contract) -> None:
        """Decode a contract's logs and errors from now on."""
        super().know(contract)
        self._do(("know", contract.address), lambda chain: chain.know(contract))

    def fund(self, addresses: Iterable[str]) -> None:
        """Give each address more ether than it can spend."""
        funded = tuple(addresses)
        self._do(("fund", funded), lambda chain: chain.fund(funded))

    def next_base_fee_wei(self) -> int:
        """Return the base fee of the next block."""
        return self._ask(("next base fee",), lambda chain: chain.next_base_fee_wei())

    def set_base_fee_wei(self, base_fee_wei: int) -> None:
        """Set the next block's base fee; later ones follow from it."""
        self._do(("base fee", base_fee_wei), lambda chain: chain.set_base_fee_wei(base_fee_wei))

    def set_block_gas_limit(self, gas_limit: int) -> None:
        """Set the gas limit of the blocks to come."""
        self._do(("gas limit", gas_limit), lambda chain: chain.set_block_gas_limit(gas_limit))

    def trace(self, tx_hash: str) -> CallFrame:
        """Return the tree of calls of a mined transaction."""
        return self._ask(("trace", tx_hash), lambda chain: chain.trace(tx_hash))

    def submit(self, transactions: Sequence[Transaction], *, timestamp: int) -> None:
        """Mine set-up transactions in one block; a live engine reads and records them while the next are mined."""
        if self._engine is None or not self._is_building:
            self.execute(transactions, timestamp=timestamp)
            return
        step = _Step(("mine", tuple(transactions), timestamp), again=_mining(transactions, timestamp))
        self._steps.append(step)
        self._submitted.append((step, transactions))
        self._engine.chain.submit(transactions, timestamp=timestamp)
        self.block_number, self.timestamp = self._engine.chain.block_number, timestamp

    def settle(self) -> None:
        """Wait until every submitted block is recorded."""
        if self._engine is not None:
            self._engine.chain.settle()

    def built(self) -> None:
        """Keep the engine as it is now, or go back to an engine that was kept after the same build."""
        self.settle()
        whole = [build for build in self._alike if len(build.steps) == len(self._steps)]
        if self._engine is None and whole and self._went_back(whole[0]):
            self._is_building = False
            return
        engine = self._live()
        self._is_building = False
        self._snapshots.keep(_Build(self._kind, self._steps, engine, engine.chain.save()))

    def close(self) -> None:
        """Stop an engine whose build did not end; the others stay for later runs."""
        if self._engine is not None:
            self._engine.chain.on_block = None
            if self._is_building:
                self._engine.stack.close()

    def _went_back(self, build: _Build) -> bool:
        """Go back to the end of an earlier build, and return whether its engine could."""
        try:
            build.go_back()
        except ChainError:
            # A node that has died meanwhile: a fresh one takes its place.
            self._snapshots.drop(build)
            return False
        self._snapshots.use(build)
        self._engine = build.engine
        return True

    def _mined(self, transactions: Sequence[Transaction], timestamp: int) -> Block:
        mine = _mining(transactions, timestamp)
        found = self._ask(("mine", tuple(transactions), timestamp), mine, again=mine)
        self.block_number, self.timestamp = found.number, found.timestamp
        block = found.decoded_by(self.decode_log)
        self._report(block, transactions)
        return block

    def _answers(self, contract: Contract, calls: Sequence[str], timestamp: int) -> list[str]:
        key = ("answers", contract.address, tuple(calls), timestamp)
        return self._ask(key, lambda chain: chain.answers(contract, calls, timestamp))

    def _checkpoint(self) -> Callable[[], None]:
        return self._live().chain.save()

    def _do(self, key: tuple[object, ...], order: Callable[[Chain], None]) -> None:
        self._ask(key, order, again=order)

    def _ask(
        self, key: tuple[object, ...], ask: Callable[[Chain], T], *, again: Callable[[Chain], object] | None = None
    ) -> T:
        """Return the answer from memory while an earlier build has the same step here, and from an engine otherwise."""
        if self._engine is None:
            at = len(self._steps)
            self._alike = [build for build in self._alike if at < len(build.steps) and build.steps[at].key == key]
            if self._alike:
                step = self._alike[0].steps[at]
                self._steps.append(step)
                return step.answer  # type: ignore[return-value]
        answer = ask(self._live().chain)
        if self._is_building:
            self._steps.append(_Step(key, answer, again))
        return answer

    def _live(self) -> _Engine:
        """Return the run's engine; a fresh one first executes everything that memory has answered."""
        if self._engine is None:
            self._engine = _Engine.opened(self._open)
            for step in self._steps:
                if step.again is not None:
                    step.again(self._engine.chain)
            self._engine.chain.on_block = self._on_submitted
        return self._engine

    def _on_submitted(self, block: Block, _: Sequence[Transaction]) -> None:
        # A block that was not submitted is returned to whoever mined it.
        if self._submitted:
            step, transactions = self._submitted.popleft()
            step.answer = block
            self._report(block.decoded_by(self.decode_log), transactions)


def _mining(transactions: Sequence[Transaction], timestamp: int) -> Callable[[Chain], Block]:
    return lambda chain: chain.mine(transactions, timestamp=timestamp)
