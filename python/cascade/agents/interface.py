"""What an agent is: a name and two methods. It sees through a view and proposes; only the engine sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cascade.chain.local import Contract
from cascade.observation import BlockView

__all__ = ["Agent", "Proposal"]


@dataclass(frozen=True)
class Proposal:
    """A transaction that an actor would like in the next block.

    Attributes
    ----------
    sender : str
        Address of the actor.
    contract, function, arguments
        The call.
    gas_limit : int
        Gas it reserves of the block's limit.
    tip_wei : int
        Priority fee offered a unit of gas; ranks the queue.
    intent : str
        What it is for, in a word.
    reason : str
        Why, in the agent's words; recorded.
    key : str
        A waiting proposal of the same sender and key is replaced by this one.
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


class Agent(Protocol):
    """One actor of the crash phase.

    `see` reads the chain through the view, at the block before; `propose` decides from that alone, with its own
    random stream. Neither changes anything.
    """

    name: str

    def see(self, view: BlockView) -> Any:
        """Everything the decision needs."""

    def propose(self, sight: Any) -> Sequence[Proposal]:
        """The transactions wanted in the next block, best first."""
