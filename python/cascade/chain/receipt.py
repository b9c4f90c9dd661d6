"""Mined blocks, their receipts and their events, decoded as late as possible: most events are never looked at."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import msgspec
from eth_utils import to_checksum_address

from cascade.chain.abi import AbiValue, Event

__all__ = ["Block", "Log", "RawHeader", "RawLog", "RawReceipt", "Receipt"]


# The node writes addresses in lower case, everything else here is checksummed, and a checksum costs a hash.
@lru_cache(maxsize=100_000)
def _checksum(address: str) -> str:
    return to_checksum_address(address)


class RawLog(msgspec.Struct, frozen=True):
    """One event as the node reports it."""

    address: str
    topics: tuple[str, ...]
    data: str
    log_index: str = msgspec.field(name="logIndex")


class RawReceipt(msgspec.Struct, frozen=True):
    """One receipt as the node reports it."""

    status: str
    sender: str = msgspec.field(name="from")
    tx_hash: str = msgspec.field(name="transactionHash")
    transaction_index: str = msgspec.field(name="transactionIndex")
    gas_used: str = msgspec.field(name="gasUsed")
    effective_gas_price: str = msgspec.field(name="effectiveGasPrice")
    contract_address: str | None = msgspec.field(name="contractAddress", default=None)
    logs: tuple[RawLog, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the transaction succeeded."""
        return self.status == "0x1"


class RawHeader(msgspec.Struct, frozen=True):
    """One block's header as the node reports it, with the hashes of its transactions."""

    number: str
    timestamp: str
    transactions: list[str]
    base_fee: str = msgspec.field(name="baseFeePerGas")
    gas_used: str = msgspec.field(name="gasUsed")
    gas_limit: str = msgspec.field(name="gasLimit")


class Log:
    """One event of a known contract; its arguments are decoded when they are first read.

    Attributes
    ----------
    address : str
        Checksummed address of the contract that emitted it.
    event : str
        Name of the event.
    log_index : int
        Position in the block.
    """

    def __init__(self, *, event: Event, raw: RawLog) -> None:
        self.address = _checksum(raw.address)
        self.event = event.name
        self.log_index = int(raw.log_index, 16)
        self._event, self._raw = event, raw

    @cached_property
    def arguments(self) -> dict[str, AbiValue]:
        """Arguments by name, structs flattened to their members."""
        return self._event.decode(self._raw.topics, self._raw.data)


class Receipt:
    """Outcome of one transaction.

    Attributes
    ----------
    tx_hash, sender : str
        Hash of the transaction, and address of its sender.
    contract_address : str or None
        Contract that it created, if it created one.
    transaction_index : int
        Position in the block.
    ok : bool
        Whether it succeeded.
    gas_used, effective_gas_price_wei : int or None
        Gas, and wei per unit of it; None where the engine does not know them.
    revert_reason : str
        Empty where `ok`.
    raw_logs : tuple of RawLog
        All events, those of unknown contracts too, as the node reports them.
    """

    def __init__(
        self,
        *,
        tx_hash: str,
        transaction_index: int,
        sender: str,
        ok: bool,
        gas_used: int | None,
        effective_gas_price_wei: int | None,
        contract_address: str | None,
        revert_reason: str,
        raw_logs: tuple[RawLog, ...],
        decode: Callable[[RawLog], Log | None],
    ) -> None:
        self.tx_hash = tx_hash
        self.transaction_index = transaction_index
        self.sender = sender
        self.ok = ok
        self.gas_used = gas_used
        self.effective_gas_price_wei = effective_gas_price_wei
        self.contract_address = contract_address
        self.revert_reason = revert_reason
        self.raw_logs, self._decode = raw_logs, decode

    @classmethod
    def of(cls, raw: RawReceipt, *, revert_reason: str, decode: Callable[[RawLog], Log | None]) -> Receipt:
        """Return a receipt as the node reports it."""
        return cls(
            tx_hash=raw.tx_hash,
            transaction_index=int(raw.transaction_index, 16),
            sender=_checksum(raw.sender),
            ok=raw.ok,
            gas_used=int(raw.gas_used, 16),
            effective_gas_price_wei=int(raw.effective_gas_price, 16),
            contract_address=_checksum(raw.contract_address) if raw.contract_address else None,
            revert_reason=revert_reason,
            raw_logs=raw.logs,
            decode=decode,
        )

    def decoded_by(self, decode: Callable[[RawLog], Log | None]) -> Receipt:
        """Return the receipt with its events decoded by someone else."""
        # Not by `copy`, which takes several times as long: a run from a snapshot makes a twin of every receipt.
        twin = Receipt.__new__(Receipt)
        twin.__dict__.update(self.__dict__)
        twin._decode = decode
        # Events that were decoded already are those of the contracts that the other one knew.
        twin.__dict__.pop("logs", None)
        return twin

    @property
    def fee_wei(self) -> int | None:
        """What the sender paid for gas; None where the engine does not know it."""
        if self.gas_used is None or self.effective_gas_price_wei is None:
            return None
        return self.gas_used * self.effective_gas_price_wei

    @cached_property
    def logs(self) -> tuple[Log, ...]:
        """Events of known contracts, in order."""
        found = (self._decode(raw) for raw in self.raw_logs)
        return tuple(log for log in found if log is not None)

    def logs_of(self, addresses: Container[str]) -> tuple[Log, ...]:
        """Return the events of some contracts, in order; the others are not even built.

        Parameters
        ----------
        addresses : container of str
            Addresses in lower case, as the node writes them.
        """
        found = (self._decode(raw) for raw in self.raw_logs if raw.address in addresses)
        return tuple(log for log in found if log is not None)


@dataclass(frozen=True)
class Block:
    """One mined block, its receipts in the order in which the transactions were given."""

    number: int
    timestamp: int
    base_fee_wei: int | None
    """Base fee; None where the engine does not know the gas that it follows from."""
    gas_used: int | None
    """Gas; None where the engine does not know it."""
    gas_limit: int
    receipts: tuple[Receipt, ...] = field(repr=False)

    def decoded_by(self, decode: Callable[[RawLog], Log | None]) -> Block:
        """Return the block with its events decoded by someone else."""
        return replace(self, receipts=tuple(receipt.decoded_by(decode) for receipt in self.receipts))
