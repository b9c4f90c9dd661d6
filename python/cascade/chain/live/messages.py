"""What a node says of blocks and transactions, with the hashes that tell whether they are still on the chain."""

from __future__ import annotations

import msgspec

from cascade.chain.receipt import RawReceipt

__all__ = ["LiveHeader", "LiveReceipt", "SeenBlock", "SeenLog", "SeenTransaction"]


class LiveHeader(msgspec.Struct, frozen=True):
    """One block's header."""

    number: str
    hash: str
    parent_hash: str = msgspec.field(name="parentHash")
    timestamp: str
    base_fee: str = msgspec.field(name="baseFeePerGas")
    gas_used: str = msgspec.field(name="gasUsed")
    gas_limit: str = msgspec.field(name="gasLimit")

    @property
    def height(self) -> int:
        """Number of the block."""
        return int(self.number, 16)


class LiveReceipt(RawReceipt, frozen=True, kw_only=True):
    """One receipt, with the block that holds it."""

    block_number: str = msgspec.field(name="blockNumber")
    block_hash: str = msgspec.field(name="blockHash")

    @property
    def height(self) -> int:
        """Number of the block."""
        return int(self.block_number, 16)

    @property
    def fee_wei(self) -> int:
        """What the sender paid for gas."""
        return int(self.gas_used, 16) * int(self.effective_gas_price, 16)


class SeenTransaction(msgspec.Struct, frozen=True):
    """A transaction of somebody else that touched a contract of the run."""

    sender: str = msgspec.field(name="from")
    data: str = msgspec.field(name="input")
    gas: str
    to: str | None = None


class SeenLog(msgspec.Struct, frozen=True):
    """Where an event was emitted."""

    tx_hash: str = msgspec.field(name="transactionHash")
    block_number: str = msgspec.field(name="blockNumber")


class SeenBlock(msgspec.Struct, frozen=True):
    """A block as the run sees it: of its transactions those of the run, and those that touched its contracts."""

    header: LiveHeader
    receipts: list[LiveReceipt]
    of_others: dict[str, SeenTransaction]
    """Transactions of somebody else, by hash."""
    reasons: dict[str, str]
    """Revert data of failed transactions by hash, as a repetition on the state around the block shows it."""
