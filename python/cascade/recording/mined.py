"""A mined transaction as the makers of rows get it."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.chain.local import Log, Receipt, Transaction
from cascade.recording.tables import BlockStamp, LogStamp
from cascade.world.world import Actor

__all__ = ["MinedTransaction"]


@dataclass(frozen=True)
class MinedTransaction:
    """One transaction of a mined block.

    Attributes
    ----------
    at : BlockStamp
        Run, phase, step and block: the columns that its rows begin with.
    sender : Actor
        The actor that sent it.
    """

    at: BlockStamp
    transaction: Transaction
    receipt: Receipt
    sender: Actor

    def stamp(self, log: Log) -> LogStamp:
        """Return the columns that begin the row of one of its events."""
        return {**self.at, "tx_hash": self.receipt.tx_hash, "log_index": log.log_index}
