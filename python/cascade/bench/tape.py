"""The blocks that a run sent, to be sent again to a bare anvil with nothing read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from cascade.chain.anvil import Anvil
from cascade.chain.local import Block, LocalChain, Transaction
from cascade.errors import ChainError
from cascade.scenario.load import Scenario

__all__ = ["Tape", "bare_seconds", "fresh_anvil", "send"]

_GAS_LIMIT = 2**50
"""Block gas limit of a bare anvil: no block of the tape reaches it."""


@dataclass
class Tape:
    """Blocks of transactions with their timestamps, as they were sent."""

    blocks: list[tuple[int, tuple[Transaction, ...]]] = field(default_factory=list)

    def record(self, block: Block, transactions: Sequence[Transaction]) -> None:
        """Take a block that was mined."""
        self.blocks.append((block.timestamp, tuple(transactions)))

    @property
    def transactions(self) -> list[Transaction]:
        """All transactions, in order."""
        return [transaction for _, block in self.blocks for transaction in block]


def fresh_anvil(scenario: Scenario) -> Anvil:
    """Return an anvil whose first block is at the scenario's time, to be started."""
    return Anvil(timestamp=scenario.spec.timeline.genesis_timestamp, gas_limit=_GAS_LIMIT)


def send(chain: LocalChain, tape: Tape) -> set[str]:
    """Fund the senders of a tape, mine its blocks, and return the senders."""
    senders = {transaction.sender for transaction in tape.transactions}
    chain.fund(senders)
    for timestamp, transactions in tape.blocks:
        chain.mine(transactions, timestamp=timestamp)
    return senders


def bare_seconds(scenario: Scenario, *, before: Tape, timed: Tape) -> float:
    """Return the seconds that a bare anvil takes for the blocks of a tape: sent and mined, and nothing read.

    Parameters
    ----------
    scenario : Scenario
        The scenario that the tapes are of.
    before : Tape
        Blocks that are mined first, and not timed.
    timed : Tape
        Blocks that are timed.

    Raises
    ------
    ChainError
        When the node did not mine every block.
    """
    with fresh_anvil(scenario) as anvil:
        chain = LocalChain(anvil.rpc)
        chain.fund({transaction.sender for transaction in (*before.transactions, *timed.transactions)})
        send(chain, before)
        # Encoded beforehand, so that only the node and the connection are timed.
        batches = chain.requests([transactions for _, transactions in timed.blocks])
        started = time.perf_counter()
        for (timestamp, _), batch in zip(timed.blocks, batches, strict=True):
            if batch:
                anvil.rpc.batch_as(str, batch)
            anvil.rpc.call("evm_mine", {"timestamp": timestamp})
        seconds = time.perf_counter() - started
        mined, sent = int(anvil.rpc.call_as(str, "eth_blockNumber"), 16), len(before.blocks) + len(timed.blocks)
        if mined != sent:
            raise ChainError(f"the bare node mined {mined} blocks of {sent}: the two times do not compare")
        return seconds
