"""The crash phase: observe, let everyone propose, fill a block from the queue, mine it; step by step.

Data comes from the view of the block before and goes to the chain; what happened is recorded from receipts alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cascade.agents.interface import Agent, Proposal
from cascade.chain.local import Block, Transaction
from cascade.deployment.world import World
from cascade.errors import CascadeError
from cascade.observation import BlockView, BookEntry

__all__ = ["Engine", "StepObserver"]

_MOST_WAIT_STEPS = 3
"""A proposal that found no space for so long is dropped: its maker has seen newer prices since."""


class StepObserver(Protocol):
    """Who records the crash phase."""

    def rejected(self, *, step: int, sender: str, intent: str, reason: str, error: str, proposed_step: int) -> None:
        """A proposal never became a transaction."""

    def before_block(self, step: int) -> None:
        """The next block mined is this step's."""

    def after_block(self, view: BlockView, block: Block, *, queued: int) -> None:
        """The block was mined; the view is of its state."""


@dataclass(order=True)
class _Waiting:
    rank: tuple[int, int]
    """Falling tip, then order of arrival."""
    step: int = field(compare=False)
    proposal: Proposal = field(compare=False)


class Engine:
    """Runs a deployed world through its timeline.

    Block space is a resource: proposals wait in one queue, ranked by tip, and fill each block up to the gas limit;
    what does not fit waits, and can be outbid.

    Parameters
    ----------
    world : World
        Deployed, positions built.
    agents : sequence of Agent
        In the scenario's order, which breaks ties between equal tips.
    book : sequence of BookEntry
        Positions watched.
    observer : StepObserver
        Records what happens.
    """

    def __init__(
        self, world: World, *, agents: Sequence[Agent], book: Sequence[BookEntry], observer: StepObserver
    ) -> None:
        self.world = world
        self.agents = tuple(agents)
        self.book = tuple(book)
        self.observer = observer
        self._queue: list[_Waiting] = []
        self._arrivals = itertools.count()

    def run(self, *, progress: Callable[[], None] = lambda: None) -> BlockView:
        """Play every step and return the view of the last block."""
        timeline, chain_spec = self.world.scenario.spec.timeline, self.world.scenario.spec.chain
        self.world.chain.set_block_gas_limit(chain_spec.block_gas_limit)
        self.world.chain.set_base_fee_wei(int(chain_spec.base_fee_gwei * 10**9))
        view = self._view(0)
        for step in range(timeline.steps):
            self._collect(view)
            chosen = list(self._fill(step))
            self.observer.before_block(step)
            block = self.world.chain.mine(
                [self._transaction(waiting.proposal) for waiting in chosen], timestamp=self._time_of(step)
            )
            view = self._view(step + 1)
            self.observer.after_block(view, block, queued=len(self._queue))
            progress()
        return view

    def _view(self, step: int) -> BlockView:
        return BlockView(self.world, book=self.book, step=step, next_timestamp=self._time_of(step))

    def _time_of(self, step: int) -> int:
        timeline = self.world.scenario.spec.timeline
        return timeline.start_timestamp + step * timeline.block_seconds

    def _collect(self, view: BlockView) -> None:
        for agent in self.agents:
            try:
                proposals = list(agent.propose(agent.see(view)))
                for proposal in proposals:
                    proposal.contract.encode(proposal.function, *proposal.arguments)
            except CascadeError:
                raise
            except Exception as error:
                self.observer.rejected(
                    step=view.step, sender=agent.name, intent="propose", reason="the agent raised",
                    error=f"{type(error).__name__}: {error}", proposed_step=view.step,
                )  # fmt: skip
                continue
            for proposal in proposals:
                self._enqueue(proposal, view.step)

    def _enqueue(self, proposal: Proposal, step: int) -> None:
        self._queue = [
            waiting
            for waiting in self._queue
            if (waiting.proposal.sender, waiting.proposal.key) != (proposal.sender, proposal.key)
        ]
        self._queue.append(_Waiting((-proposal.tip_wei, next(self._arrivals)), step, proposal))

    def _fill(self, step: int) -> Iterator[_Waiting]:
        space = self.world.scenario.spec.chain.block_gas_limit
        staying: list[_Waiting] = []
        for waiting in sorted(self._queue):
            if waiting.proposal.gas_limit <= space:
                space -= waiting.proposal.gas_limit
                yield waiting
            elif step - waiting.step >= _MOST_WAIT_STEPS:
                proposal = waiting.proposal
                self.observer.rejected(
                    step=step, sender=proposal.sender, intent=proposal.intent, reason=proposal.reason,
                    error="no block space", proposed_step=waiting.step,
                )  # fmt: skip
            else:
                staying.append(waiting)
        self._queue = staying

    @staticmethod
    def _transaction(proposal: Proposal) -> Transaction:
        return Transaction(
            sender=proposal.sender,
            to=proposal.contract.address,
            data=proposal.contract.encode(proposal.function, *proposal.arguments),
            gas_limit=proposal.gas_limit,
            tip_wei=proposal.tip_wei,
            intent=proposal.intent,
            reason=proposal.reason,
        )
