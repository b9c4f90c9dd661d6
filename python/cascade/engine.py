"""The crash phase: observe, let everyone propose, fill a block from the queue, mine it; step by step.

Data comes from the view of the block before and goes to the chain; what happened is recorded from receipts alone.
The exchange has a lane of its own: its transactions are mined in a block before the chain's, half a block's time
earlier, in an order drawn by lot, and take none of the chain's space.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cascade.agents.interface import Agent, MarginNote, Proposal
from cascade.agents.validity import Nonsense, call_data, require_note
from cascade.chain.local import Block, Transaction
from cascade.errors import ChainError, RevertedCall, WrongCall
from cascade.observation import BlockView, BookEntry
from cascade.scenario.streams import stream
from cascade.vocabulary import Lane, Motive
from cascade.world.world import World

__all__ = ["Engine", "StepObserver"]

_EXCHANGE_GAS_LIMIT = 10**12
"""Gas of an exchange's block: no limit that is ever reached."""


class StepObserver(Protocol):
    """Who records the crash phase."""

    def rejected(
        self, *, step: int, sender: str, intent: str, reason: str, motive: Motive, error: str, proposed_step: int
    ) -> None:
        """A proposal never became a transaction."""

    def noted(self, note: MarginNote, *, step: int) -> None:
        """A margin call was made, cured, or failed."""

    def before_block(self, step: int) -> None:
        """The next block mined is this step's."""

    def after_block(self, view: BlockView, block: Block, *, queued: int, queued_gas: int) -> None:
        """The block was mined; the view is of its state."""


@dataclass(order=True)
class _Waiting:
    rank: tuple[int, int]
    """Falling tip, then order of arrival."""
    step: int = field(compare=False)
    """Step of the latest proposal."""
    first_step: int = field(compare=False)
    """Step since which its maker has wanted it."""
    proposal: Proposal = field(compare=False)
    data: str = field(compare=False)


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
        self._at_exchange: list[Transaction] = []
        self._arrivals = itertools.count()

    def run(self, *, progress: Callable[[], None] = lambda: None) -> BlockView:
        """Play every step and return the view of the last block."""
        timeline, chain_spec = self.world.scenario.spec.timeline, self.world.scenario.spec.chain
        self.world.chain.set_block_gas_limit(chain_spec.block_gas_limit)
        self.world.chain.set_base_fee_wei(self._first_base_fee_wei)
        view = self._view(0)
        for step in range(timeline.steps):
            self._collect(view)
            self.observer.before_block(step)
            self._play_exchange(step, view)
            chosen = list(self._fill(step))
            block = self.world.chain.mine(
                [self._transaction(w.proposal, w.data, first_step=w.first_step) for w in chosen],
                timestamp=self._time_of(step),
            )
            view = self._view(step + 1)
            self.observer.after_block(
                view, block, queued=len(self._queue), queued_gas=sum(w.proposal.gas_limit for w in self._queue)
            )
            progress()
        return view

    def _play_exchange(self, step: int, view: BlockView) -> None:
        """Mine what was proposed to the exchange; the chain's next base fee is what it was without it.

        A block in every step, empty or not: what counts in blocks then counts twice as many, always.
        """
        if self.world.exchange is None:
            return
        chain, limit = self.world.chain, self.world.scenario.spec.chain.block_gas_limit
        # The first block's is the scenario's, whatever the build's last one left.
        base_fee_wei = view.next_base_fee_wei if step else self._first_base_fee_wei
        by_sender: dict[str, list[Transaction]] = {}
        for transaction in self._at_exchange:
            by_sender.setdefault(transaction.sender, []).append(transaction)
        senders = list(by_sender)
        order = stream(self.world.scenario.seed, f"exchange/{step}").permutation(len(senders))
        chain.set_block_gas_limit(_EXCHANGE_GAS_LIMIT)
        chain.mine(
            [transaction for place in order for transaction in by_sender[senders[place]]],
            timestamp=self._time_of(step) - self.world.scenario.spec.timeline.block_seconds // 2,
        )
        chain.set_block_gas_limit(limit)
        chain.set_base_fee_wei(base_fee_wei)
        self._at_exchange = []

    @property
    def _first_base_fee_wei(self) -> int:
        return int(self.world.scenario.spec.chain.base_fee_gwei * 10**9)

    def _view(self, step: int) -> BlockView:
        return BlockView(self.world, book=self.book, step=step, next_timestamp=self._time_of(step))

    def _time_of(self, step: int) -> int:
        timeline = self.world.scenario.spec.timeline
        return timeline.start_timestamp + step * timeline.block_seconds

    def _collect(self, view: BlockView) -> None:
        for agent in self.agents:
            for wish in self._wishes(agent, view):
                try:
                    self._take(wish, view.step)
                except Nonsense as fault:
                    self._reject_nonsense(agent, wish, str(fault), view.step)

    def _wishes(self, agent: Agent, view: BlockView) -> Sequence[Proposal | MarginNote]:
        """What an agent wants; one that raises wants nothing this time, and the run goes on without it."""
        try:
            return list(agent.propose(agent.see(view)))
        except ChainError as error:
            # The node answered: the question was wrong. Else there is no chain left to go on with.
            if not isinstance(error, (RevertedCall, WrongCall)):
                raise
            why = f"{type(error).__name__}: {error}"
        except (Exception, SystemExit) as error:
            why = f"{type(error).__name__}: {error}"
        self.observer.rejected(
            step=view.step,
            sender=agent.name,
            intent="propose",
            proposed_step=view.step,
            reason=f"agent {agent.name} raised before block {self.world.chain.block_number + 1}, "
            f"seed {self.world.scenario.seed}",
            motive=Motive.NONE,
            error=_storable(why),
        )
        return []

    def _take(self, wish: Proposal | MarginNote, step: int) -> None:
        """Record a note, or queue a proposal."""
        if isinstance(wish, MarginNote):
            require_note(wish)
            self.observer.noted(wish, step=step)
            return
        exchange = self.world.exchange
        # What is no contract at all is refused by `call_data`.
        address = getattr(getattr(wish, "contract", None), "address", None)
        at_exchange = exchange is not None and exchange.is_own(address)
        limit = _EXCHANGE_GAS_LIMIT if at_exchange else self.world.scenario.spec.chain.block_gas_limit
        data = call_data(wish, actors=self.world.actors, block_gas_limit=limit)
        if at_exchange:
            self._at_exchange.append(self._transaction(wish, data, first_step=step, lane=Lane.EXCHANGE))
        else:
            self._enqueue(wish, data, step)

    def _reject_nonsense(self, agent: Agent, wish: object, fault: str, step: int) -> None:
        self.observer.rejected(
            step=step,
            sender=_storable(getattr(wish, "sender", agent.name)),
            intent=_storable(getattr(wish, "intent", "propose")),
            reason=_storable(getattr(wish, "reason", "")),
            motive=wish.motive if isinstance(wish, Proposal) and isinstance(wish.motive, Motive) else Motive.NONE,
            error=_storable(f"agent {agent.name}: {fault}"),
            proposed_step=step,
        )

    def _enqueue(self, proposal: Proposal, data: str, step: int) -> None:
        first_step, staying = step, []
        for waiting in self._queue:
            if (waiting.proposal.sender, waiting.proposal.key) == (proposal.sender, proposal.key):
                first_step = waiting.first_step
            else:
                staying.append(waiting)
        rank = (-proposal.tip_wei, next(self._arrivals))
        self._queue = [*staying, _Waiting(rank, step, first_step, proposal, data)]

    def _fill(self, step: int) -> Iterator[_Waiting]:
        chain = self.world.scenario.spec.chain
        space = chain.block_gas_limit
        staying: list[_Waiting] = []
        for waiting in sorted(self._queue):
            if waiting.proposal.gas_limit <= space:
                space -= waiting.proposal.gas_limit
                yield waiting
            elif step - waiting.step >= chain.max_wait_blocks:
                proposal = waiting.proposal
                self.observer.rejected(
                    step=step,
                    sender=proposal.sender,
                    intent=proposal.intent,
                    reason=proposal.reason,
                    motive=proposal.motive,
                    error="no block space",
                    proposed_step=waiting.first_step,
                )
            else:
                staying.append(waiting)
        self._queue = staying

    @staticmethod
    def _transaction(proposal: Proposal, data: str, *, first_step: int, lane: Lane = Lane.CHAIN) -> Transaction:
        return Transaction(
            sender=proposal.sender,
            to=proposal.contract.address,
            data=data,
            gas_limit=proposal.gas_limit,
            tip_wei=proposal.tip_wei,
            intent=proposal.intent,
            reason=proposal.reason,
            motive=proposal.motive,
            proposed_step=first_step,
            lane=lane,
        )


def _storable(value: object) -> str:
    """Any value as text that a table holds."""
    return str(value).encode("utf-8", "replace").decode()
