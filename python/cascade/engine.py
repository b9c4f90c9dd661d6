"""The crash phase, step by step: agents observe and propose, the engine fills a block from the queue and mines it.

Agents see the chain through a view of the block before; what happened is recorded from receipts alone. The exchange
has a lane of its own: its transactions are mined in a block before the chain's, half a block's time earlier, in an
order drawn by lot, and take none of the chain's block space.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cascade.agents.interface import GWEI, Agent, MarginNote, Proposal
from cascade.agents.validity import InvalidProposal, call_data, require_note
from cascade.chain.local import Block, Transaction
from cascade.errors import AgentFailed, ChainError, RevertedCall, WrongCall
from cascade.observation import BlockView, BookEntry
from cascade.observation.checks import ContractChecks
from cascade.scenario.streams import lot
from cascade.vocabulary import Intent, Lane, Motive
from cascade.world.world import World

__all__ = ["Engine", "StepObserver"]

_EXCHANGE_GAS_LIMIT = 10**12
"""Gas limit of the exchange's blocks, so high that no block reaches it."""


_LOTS = 2**32
"""Number of lots that decide the order of the exchange's senders; two equal ones leave the order of proposal."""


class StepObserver(Protocol):
    """Recorder of the crash phase, as the engine sees it."""

    def rejected(
        self, *, step: int, sender: str, intent: str, reason: str, motive: Motive, error: str, proposed_step: int
    ) -> None:
        """Take note of a proposal that did not become a transaction.

        Parameters
        ----------
        sender : str
            Address of the proposal's sender, or the name of an agent that raised.
        error : str
            Why the proposal was rejected.
        proposed_step : int
            Step at which it was first proposed.
        """

    def noted(self, note: MarginNote, *, step: int) -> None:
        """Take note of a margin call that was made, met, or missed."""

    def before_block(self, step: int) -> None:
        """Begin a step: every block mined until the next call belongs to it."""

    def after_block(self, view: BlockView, block: Block, *, queued: int, queued_gas: int) -> None:
        """Take note of the chain's block of the step, which the view shows the state of.

        Parameters
        ----------
        queued, queued_gas : int
            Proposals left waiting for space, and the gas that they reserve.
        """


@dataclass(order=True)
class _Waiting:
    """A proposal in the queue for block space; ordered by rank."""

    rank: tuple[int, int]
    """Falling tip, then order of arrival."""
    step: int = field(compare=False)
    """Step at which it was last proposed."""
    first_step: int = field(compare=False)
    """Step at which its sender first proposed it, or an earlier version with the same key."""
    proposal: Proposal = field(compare=False)
    data: str = field(compare=False)
    """Call data, encoded when it was proposed: an agent may change a list of arguments afterwards."""


class Engine:
    """Play the timeline of a deployed world.

    Block space is scarce: proposals wait in one queue, ranked by tip, and fill each block up to its gas limit. A
    proposal that does not fit waits for the next block, where others can outbid it, and is rejected once it has waited
    longer than the scenario allows.

    Parameters
    ----------
    world : World
        Deployed, with its positions built.
    agents : sequence of Agent
        In the scenario's order, which breaks ties between equal tips.
    book : sequence of BookEntry
        Positions that views show.
    observer : StepObserver
        Records the crash phase.
    own : collection of str
        Names of the user's own agents: one of these that raises is recorded, and the run continues.
    checks : ContractChecks, optional
        Compares what the harness computes with the contracts; None compares nothing, for a world made by hand.
    """

    def __init__(
        self,
        world: World,
        *,
        agents: Sequence[Agent],
        book: Sequence[BookEntry],
        observer: StepObserver,
        own: Collection[str] = (),
        checks: ContractChecks | None = None,
    ) -> None:
        self.world = world
        self.agents = tuple(agents)
        self.book = tuple(book)
        self.observer = observer
        self._own = frozenset(own)
        self._queue: list[_Waiting] = []
        self._for_exchange: list[Transaction] = []
        self._arrivals = itertools.count()
        self._checks = checks

    def run(
        self, *, progress: Callable[[], None] = lambda: None, stop: Callable[[], bool] = lambda: False
    ) -> BlockView:
        """Play every step and return the view of the last block.

        Parameters
        ----------
        progress : callable
            Called after each step.
        stop : callable
            Asked after each step whether to leave the others unplayed.
        """
        timeline, chain_spec = self.world.scenario.spec.timeline, self.world.scenario.spec.chain
        self.world.chain.set_block_gas_limit(chain_spec.block_gas_limit)
        self.world.chain.set_base_fee_wei(self._first_base_fee_wei)
        view = self._view(0)
        for step in range(timeline.steps):
            # Agents decide on the state after the last block; what they propose is mined in this step's blocks.
            self._collect_proposals(view)
            self.observer.before_block(step)
            self._mine_exchange_block(step, view)
            chosen = list(self._fill_block(step))
            block = self.world.chain.mine(
                [_transaction(w.proposal, w.data, first_step=w.first_step) for w in chosen],
                timestamp=timeline.time_of(step),
            )
            view = self._view(step + 1)
            queued_gas = sum(waiting.proposal.gas_limit for waiting in self._queue)
            self.observer.after_block(view, block, queued=len(self._queue), queued_gas=queued_gas)
            if self._checks is not None:
                self._checks.after_block(view, is_last=step == timeline.steps - 1)
            progress()
            if stop():
                break
        return view

    def _mine_exchange_block(self, step: int, view: BlockView) -> None:
        """Mine the proposals to the exchange in a block of its own, before the chain's block of the step.

        The block is mined in every step, empty or not: parameters that count in blocks count two per step, always.
        The order of senders is drawn by lot, and each sender's transactions stay in the order proposed. Each sender
        draws a lot of its own, so that one more sender changes the order of no other two.
        """
        if self.world.exchange is None:
            return
        chain, spec = self.world.chain, self.world.scenario.spec
        # The exchange's block must not move the chain's base fee. Before the first step the latest block is the
        # build's last one, so that the first fee is the scenario's and not what would follow from the view.
        base_fee_wei = view.next_base_fee_wei if step else self._first_base_fee_wei
        by_sender: dict[str, list[Transaction]] = {}
        for transaction in self._for_exchange:
            by_sender.setdefault(transaction.sender, []).append(transaction)
        seed = self.world.scenario.seed
        order = sorted(by_sender, key=lambda sender: lot(seed, f"exchange/{step}/{self._name(sender)}", _LOTS))
        chain.set_block_gas_limit(_EXCHANGE_GAS_LIMIT)
        chain.mine(
            [transaction for sender in order for transaction in by_sender[sender]],
            timestamp=spec.timeline.exchange_time_of(step),
        )
        chain.set_block_gas_limit(spec.chain.block_gas_limit)
        chain.set_base_fee_wei(base_fee_wei)
        self._for_exchange = []

    def _name(self, sender: str) -> str:
        actor = self.world.actors.get(sender)
        return sender if actor is None else actor.name

    @property
    def _first_base_fee_wei(self) -> int:
        return int(self.world.scenario.spec.chain.base_fee_gwei * GWEI)

    def _view(self, step: int) -> BlockView:
        planned = self.world.scenario.spec.timeline.time_of(step)
        return BlockView(
            self.world,
            book=self.book,
            step=step,
            next_timestamp=self.world.chain.expected_time(planned),
            scenario_timestamp=planned,
        )

    def _collect_proposals(self, view: BlockView) -> None:
        for agent in self.agents:
            for proposal in self._proposals_of(agent, view):
                try:
                    self._accept(proposal, view.step)
                except InvalidProposal as fault:
                    self._reject_invalid(agent, proposal, str(fault), view.step)

    def _proposals_of(self, agent: Agent, view: BlockView) -> Sequence[Proposal | MarginNote]:
        """Return an agent's proposals and notes; a user's own agent that raises proposes nothing, and is recorded.

        Raises
        ------
        AgentFailed
            When a built-in agent raises: what it would have done is missing from everything that follows.
        ChainError
            When the node failed, not the agent: the run cannot go on without a chain.
        """
        try:
            return list(agent.propose(agent.see(view)))
        except (Exception, SystemExit) as error:
            # A call that reverts means that the node answered and the agent asked a wrong question.
            if isinstance(error, ChainError) and not isinstance(error, (RevertedCall, WrongCall)):
                raise
            if agent.name not in self._own:
                before = f"before block {self.world.chain.block_number + 1}"
                seed = self.world.scenario.seed
                raise AgentFailed(agent=agent.name, doing=before, seed=seed, error=error) from error
            why = f"{type(error).__name__}: {error}"
        self.observer.rejected(
            step=view.step,
            sender=agent.name,
            intent=Intent.PROPOSE,
            proposed_step=view.step,
            reason=f"agent {agent.name} raised before block {self.world.chain.block_number + 1}, "
            f"seed {self.world.scenario.seed}",
            motive=Motive.NONE,
            error=_storable(why),
        )
        return []

    def _accept(self, proposal: Proposal | MarginNote, step: int) -> None:
        """Record a note; put a proposal into the exchange's next block or into the queue of the chain.

        Raises
        ------
        InvalidProposal
            When the proposal cannot become a transaction.
        """
        if isinstance(proposal, MarginNote):
            require_note(proposal)
            self.observer.noted(proposal, step=step)
            return
        exchange = self.world.exchange
        # An agent of the user's own may propose anything at all; `call_data` refuses an object without a contract.
        address = getattr(getattr(proposal, "contract", None), "address", None)
        at_exchange = exchange is not None and exchange.is_own(address)
        limit = _EXCHANGE_GAS_LIMIT if at_exchange else self.world.scenario.spec.chain.block_gas_limit
        data = call_data(proposal, actors=self.world.actors, block_gas_limit=limit)
        if at_exchange:
            self._for_exchange.append(_transaction(proposal, data, first_step=step, lane=Lane.EXCHANGE))
        else:
            self._enqueue(proposal, data, step)

    def _reject_invalid(self, agent: Agent, proposal: object, fault: str, step: int) -> None:
        motive = getattr(proposal, "motive", Motive.NONE)
        self.observer.rejected(
            step=step,
            sender=_storable(getattr(proposal, "sender", agent.name)),
            intent=_storable(getattr(proposal, "intent", "")),
            reason=_storable(getattr(proposal, "reason", "")),
            motive=motive if isinstance(motive, Motive) else Motive.NONE,
            error=_storable(f"agent {agent.name}: {fault}"),
            proposed_step=step,
        )

    def _enqueue(self, proposal: Proposal, data: str, step: int) -> None:
        """Queue a proposal in place of an earlier one of the same sender and key, which keeps its first step."""
        first_step, staying = step, []
        for waiting in self._queue:
            if (waiting.proposal.sender, waiting.proposal.key) == (proposal.sender, proposal.key):
                first_step = waiting.first_step
            else:
                staying.append(waiting)
        # A renewed proposal ranks behind those of the same tip that arrived before the renewal.
        rank = (-proposal.tip_wei, next(self._arrivals))
        self._queue = [*staying, _Waiting(rank, step, first_step, proposal, data)]

    def _fill_block(self, step: int) -> Iterator[_Waiting]:
        """Take proposals from the queue by rank while they fit, and reject those that have waited too long.

        A smaller proposal may pass a larger one of higher rank that no longer fits.
        """
        chain = self.world.scenario.spec.chain
        space = chain.block_gas_limit
        staying: list[_Waiting] = []
        for waiting in sorted(self._queue):
            proposal = waiting.proposal
            if proposal.gas_limit <= space:
                space -= proposal.gas_limit
                yield waiting
            elif step - waiting.step >= chain.max_wait_blocks:
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
        event=proposal.event,
    )


def _storable(value: object) -> str:
    """Return a value as text that a table can hold: lone surrogates, which UTF-8 cannot encode, are replaced."""
    return str(value).encode("utf-8", "replace").decode()
