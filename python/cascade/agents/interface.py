"""Define an agent: a name and two methods. It sees through a view and proposes; only the engine sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cascade.chain.local import Contract
from cascade.observation import BlockView
from cascade.vocabulary import MarginCallEvent, Motive
from cascade.world.venues import SwapCall

__all__ = ["GWEI", "Agent", "MarginNote", "Proposal"]

GWEI = 10**9


@dataclass(frozen=True)
class Proposal:
    """A transaction that an actor proposes for the next block.

    Attributes
    ----------
    sender : str
        Address of the actor.
    contract, function, arguments
        The call.
    gas_limit : int
        Gas it reserves of the block's limit.
    tip_wei : int
        Priority fee offered per unit of gas; ranks the queue.
    intent : str
        Purpose, in a word: a member of `Intent`, or a custom agent's own.
    reason : str
        Why, in the agent's words; recorded.
    key : str
        A waiting proposal of the same sender and key is replaced by this one.
    motive : Motive
        Why, where analysis distinguishes it; recorded.
    event : str
        Name of the scenario's event that it makes; empty for every other proposal.
    """

    sender: str
    contract: Contract
    function: str
    arguments: tuple[Any, ...]
    gas_limit: int
    tip_wei: int
    intent: str
    reason: str
    key: str
    motive: Motive = Motive.NONE
    event: str = ""

    @classmethod
    def of_swap(
        cls,
        swap: SwapCall,
        *,
        sender: str,
        gas_limit: int,
        tip_wei: int,
        intent: str,
        reason: str,
        key: str,
        motive: Motive = Motive.NONE,
    ) -> Proposal:
        """Return the proposal that sends a venue's swap."""
        return cls(
            sender=sender,
            contract=swap.contract,
            function=swap.function,
            arguments=swap.arguments,
            gas_limit=gas_limit,
            tip_wei=tip_wei,
            intent=intent,
            reason=reason,
            key=key,
            motive=motive,
        )


@dataclass(frozen=True)
class MarginNote:
    """A step of a margin call, which is no transaction but the reason for some. Recorded in `margin_events`.

    Attributes
    ----------
    borrower : str
        Account of the pledge.
    event : MarginCallEvent
        The step.
    ltv_bps : int
        LTV of the pledge, in 1e-4.
    deadline_timestamp : int
        Unix time of the deadline.
    needed_raw, raised_raw : int
        Stables that would cure it now, and cash at hand for it, in smallest units of the debt.
    """

    borrower: str
    event: MarginCallEvent
    ltv_bps: int
    deadline_timestamp: int
    needed_raw: int
    raised_raw: int


class Agent(Protocol):
    """One actor of the crash phase.

    `see` reads the chain through the view, at the block before; `propose` decides from that alone, with its own
    random stream and its own memory of earlier sights. Neither changes anything outside the agent.
    """

    name: str

    def see(self, view: BlockView) -> Any:
        """Everything the decision needs."""

    def propose(self, sight: Any) -> Sequence[Proposal | MarginNote]:
        """Return the transactions proposed for the next block, the most important first."""
