"""Follow the blocks of a chain through a node that may lag, and through reorganizations of the latest ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cascade.chain.live.messages import LiveHeader, LiveReceipt
from cascade.chain.live.outbox import Outbox, Terms
from cascade.chain.live.patient import PatientRpc
from cascade.chain.rpc import RpcFailure
from cascade.errors import ChainError

__all__ = ["Heads", "Waited", "is_missing_block"]

_MISSING = ("header not found", "block not found", "unknown block", "blockoutofrange", "out of range")
"""Words by which nodes say that they lack a block."""
_LAG_SECONDS = 60.0
"""Time for which a node may lack a block that it, or another one behind the same address, has named."""
_STALLED_SECONDS = 600.0
"""Time without a new block after which a chain counts as stopped."""


@dataclass(frozen=True)
class Waited:
    """What was waited for.

    Attributes
    ----------
    receipts : list of LiveReceipt
        Of every order, in blocks that count.
    head : LiveHeader
        The latest block that counts.
    """

    receipts: list[LiveReceipt]
    head: LiveHeader


class Heads:
    """The latest block, and the latest one that counts.

    Parameters
    ----------
    terms : Terms
        How many confirmations a block needs, and how often the node is asked.
    """

    def __init__(self, rpc: PatientRpc, terms: Terms) -> None:
        self._rpc, self._terms = rpc, terms
        self._latest: LiveHeader | None = None
        self._seen_at = time.monotonic()

    def latest(self) -> LiveHeader:
        """Return the latest block; one that a lagging node calls the latest, and that is older, is not taken.

        Raises
        ------
        ChainError
            When no new block came for very long.
        """
        found = self._rpc.call_as(LiveHeader, "eth_getBlockByNumber", "latest", False)
        if self._latest is None or found.height > self._latest.height:
            self._latest, self._seen_at = found, time.monotonic()
        elif found.height == self._latest.height:
            # The same height may be another block now.
            self._latest = found
        if time.monotonic() - self._seen_at > _STALLED_SECONDS:
            raise ChainError(f"{self._rpc.url}: no block for {_STALLED_SECONDS:.0f} seconds: the chain has stopped")
        return self._latest

    def at(self, height: int) -> LiveHeader:
        """Return a block by its number, and wait for a node that lags.

        Raises
        ------
        ChainError
            When the node lacks it for long.
        """
        return self.patiently(
            lambda: self._rpc.call_as(LiveHeader | None, "eth_getBlockByNumber", hex(height), False),  # type: ignore[arg-type]
            what=f"block {height}",
        )

    def patiently(self, ask: Callable[[], LiveHeader | None], *, what: str) -> LiveHeader:
        """Ask until there is an answer."""
        began = time.monotonic()
        while True:
            found = ask()
            if found is not None:
                return found
            if time.monotonic() - began > _LAG_SECONDS:
                raise ChainError(f"{self._rpc.url}: the node lacks {what} for {_LAG_SECONDS:.0f} seconds: it lags")
            time.sleep(self._terms.poll_seconds)

    def counting(self, head: LiveHeader) -> int:
        """Return the number of the latest block that counts."""
        return head.height - self._terms.confirmations + 1

    def wait_for(self, outbox: Outbox, *, least_height: int = 0, is_time: Callable[[], bool] = lambda: True) -> Waited:
        """Wait until every open order is in a block that counts, and nurse those that are not.

        Parameters
        ----------
        least_height : int
            Number that the latest block that counts must have at least.
        is_time : callable
            Tells whether the wait may end yet.

        Raises
        ------
        ChainError
            When an order is not mined, or the chain stops.
        """
        while True:
            head = self.latest()
            receipts = outbox.receipts() if outbox.open else {}
            counted = [receipt for receipt in receipts.values() if receipt.height <= self.counting(head)]
            if len(counted) == len(outbox.open) and self.counting(head) >= least_height and is_time():
                # A reorganization between the two questions leaves receipts of blocks that are no more.
                hashes = {height: self.at(height).hash for height in {receipt.height for receipt in counted}}
                if all(hashes[receipt.height] == receipt.block_hash for receipt in counted):
                    return Waited(counted, self.at(self.counting(head)))
            elif outbox.open:
                outbox.nurse(head, set(receipts))
            time.sleep(self._terms.poll_seconds)


def is_missing_block(error: RpcFailure) -> bool:
    """Return whether a node says that it lacks the block that a question is about."""
    said = error.message.lower()
    return any(words in said for words in _MISSING)
