"""The chain as the engine sees it: calls, blocks of transactions in a given order, decoded logs.

Anvil gets only the transactions of the next block, with fee caps that fall strictly in the order wanted; the order
it mined is then asserted, never trusted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import msgspec
from eth_utils import keccak, to_checksum_address

from cascade.chain.abi import Event, Function, Interface, revert_reason
from cascade.chain.artifacts import Artifact
from cascade.chain.rpc import Rpc, RpcFailure
from cascade.errors import ChainError, RevertedCall
from cascade.vocabulary import Lane, Motive

__all__ = ["Block", "Contract", "LocalChain", "Log", "RawLog", "Receipt", "Transaction", "address_of"]

_FEE_CEILING_WEI = 10**15
"""Highest fee cap a transaction carries, far above any base fee a run reaches; the node drops what is under it, and a
block that lacks a transaction is an error."""

_FUNDS_WEI = 10**27
_VIEW_GAS = 2**50
_READ_CHUNK = 250
_MOST_UNSETTLED = 4
"""Blocks whose receipts may still be outstanding; well under what the node keeps."""


def address_of(name: str) -> str:
    """Checksummed address of a named actor: a hash of the name, the same in every run."""
    return to_checksum_address(keccak(text=f"cascade/{name}")[12:])


@lru_cache(maxsize=100_000)
def _checksum(address: str) -> str:
    return to_checksum_address(address)


@dataclass(frozen=True)
class Contract:
    """An interface at an address."""

    address: str
    interface: Interface

    def encode(self, function: str, *arguments: Any) -> str:
        """Call data of one of its functions."""
        return self.interface.functions[function].encode(*arguments)


@dataclass(frozen=True)
class Transaction:
    """What one sender wants done in a block."""

    sender: str
    to: str | None
    """None creates a contract."""
    data: str
    gas_limit: int
    tip_wei: int = 0
    """Priority fee a unit of gas."""
    intent: str = ""
    """What it is for, in one word; recorded."""
    reason: str = ""
    """Why it was proposed, in words; recorded."""
    motive: Motive = Motive.NONE
    """Why it was proposed, where analysis distinguishes it; recorded."""
    proposed_step: int = -1
    """Step at which it was first proposed; -1 before the crash."""
    lane: Lane = Lane.CHAIN
    """Where it is mined; recorded."""


class RawLog(msgspec.Struct, frozen=True):
    """One event as the node tells it."""

    address: str
    topics: tuple[str, ...]
    data: str
    log_index: str = msgspec.field(name="logIndex")


class Log:
    """One event of a known contract, its arguments decoded when they are asked for.

    Attributes
    ----------
    address : str
        The contract that emitted it.
    event : str
        Its name.
    log_index : int
        Position in the block.
    """

    def __init__(self, *, event: Event, raw: RawLog) -> None:
        self.address = _checksum(raw.address)
        self.event = event.name
        self.log_index = int(raw.log_index, 16)
        self._event, self._raw = event, raw

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """By name; structs flattened."""
        return self._event.decode(self._raw.topics, self._raw.data)


class _RawReceipt(msgspec.Struct, frozen=True):
    status: str
    sender: str = msgspec.field(name="from")
    tx_hash: str = msgspec.field(name="transactionHash")
    transaction_index: str = msgspec.field(name="transactionIndex")
    gas_used: str = msgspec.field(name="gasUsed")
    effective_gas_price: str = msgspec.field(name="effectiveGasPrice")
    contract_address: str | None = msgspec.field(name="contractAddress", default=None)
    logs: tuple[RawLog, ...] = ()


class _RawHeader(msgspec.Struct, frozen=True):
    number: str
    timestamp: str
    transactions: list[str]
    base_fee: str = msgspec.field(name="baseFeePerGas")
    gas_used: str = msgspec.field(name="gasUsed")
    gas_limit: str = msgspec.field(name="gasLimit")


class Receipt:
    """What became of one transaction.

    Attributes
    ----------
    tx_hash, sender, contract_address : str
        Hash, account, and what was created (None where nothing was).
    transaction_index : int
        Position in the block.
    ok : bool
        Whether it went through.
    gas_used, effective_gas_price_wei : int
        Gas, and wei a unit of it.
    revert_reason : str
        Empty where `ok`.
    """

    def __init__(self, raw: _RawReceipt, *, revert_reason: str, decode: Callable[[RawLog], Log | None]) -> None:
        self.tx_hash = raw.tx_hash
        self.transaction_index = int(raw.transaction_index, 16)
        self.sender = _checksum(raw.sender)
        self.ok = raw.status == "0x1"
        self.gas_used = int(raw.gas_used, 16)
        self.effective_gas_price_wei = int(raw.effective_gas_price, 16)
        self.contract_address = _checksum(raw.contract_address) if raw.contract_address else None
        self.revert_reason = revert_reason
        self._raw_logs, self._decode = raw.logs, decode

    @cached_property
    def logs(self) -> tuple[Log, ...]:
        """Events of known contracts, in order."""
        found = (self._decode(raw) for raw in self._raw_logs)
        return tuple(log for log in found if log is not None)

    def logs_of(self, addresses: Container[str]) -> tuple[Log, ...]:
        """Events of some contracts, whose addresses are given in lower case; cheaper than all."""
        found = (self._decode(raw) for raw in self._raw_logs if raw.address in addresses)
        return tuple(log for log in found if log is not None)


@dataclass(frozen=True)
class Block:
    """One mined block with its receipts in the order asked for."""

    number: int
    timestamp: int
    base_fee_wei: int
    gas_used: int
    gas_limit: int
    receipts: tuple[Receipt, ...] = field(repr=False)


@dataclass(frozen=True)
class _Sent:
    """A block that was asked for."""

    number: int
    timestamp: int
    hashes: list[str]
    transactions: Sequence[Transaction]


def _collect(rpc: Rpc, number: int) -> tuple[_RawHeader, list[_RawReceipt]]:
    header = rpc.call_as(_RawHeader, "eth_getBlockByNumber", hex(number), False)
    if not header.transactions:
        return header, []
    return header, rpc.call_as(list[_RawReceipt], "eth_getBlockReceipts", hex(number))


class LocalChain:
    """A node that takes anvil's requests.

    Parameters
    ----------
    rpc : Rpc
        The open connection.
    on_block : callable, optional
        Sees every block mined and the transactions it was made of, set-up included.
    """

    def __init__(self, rpc: Rpc, *, on_block: Callable[[Block, Sequence[Transaction]], None] | None = None) -> None:
        self.rpc = rpc
        self.on_block = on_block
        self._interfaces: dict[str, Interface] = {}
        self._errors: dict[str, Function] = {}
        self._nonces: dict[str, int] = {}
        self._unsettled: deque[Future[None]] = deque()
        self._pool: ThreadPoolExecutor | None = None
        self._reader: Rpc | None = None
        latest = self._latest_block()
        self.block_number = int(latest.number, 16)
        self.timestamp = int(latest.timestamp, 16)

    def know(self, contract: Contract) -> None:
        """Decode this contract's logs and errors from now on."""
        self._interfaces[contract.address.lower()] = contract.interface
        self._errors.update(contract.interface.errors)

    def fund(self, addresses: Iterable[str]) -> None:
        """Give each address more ether than it can spend."""
        self.rpc.batch([("anvil_setBalance", (address, hex(_FUNDS_WEI))) for address in addresses])

    def deploy(self, artifact: Artifact, *arguments: Any, sender: str, gas_limit: int = 30_000_000) -> Contract:
        """Create one contract in a block of its own, one second later."""
        data = artifact.bytecode + artifact.interface.constructor.encode_arguments(arguments)
        creation = Transaction(sender, None, data, gas_limit, intent="deploy", reason=artifact.name)
        block = self.mine([creation], timestamp=self.timestamp + 1)
        receipt = block.receipts[0]
        if not receipt.ok or receipt.contract_address is None:
            raise RevertedCall(what=f"deploying {artifact.name}", reason=receipt.revert_reason)
        contract = Contract(receipt.contract_address, artifact.interface)
        self.know(contract)
        return contract

    def execute(self, transactions: Sequence[Transaction], *, timestamp: int) -> Block:
        """Mine set-up transactions, of which none may fail."""
        block = self.mine(transactions, timestamp=timestamp)
        self._require_all_ok(transactions, block)
        return block

    def mine(self, transactions: Sequence[Transaction], *, timestamp: int) -> Block:
        """Mine exactly these transactions, in this order, in one block.

        Raises
        ------
        ChainError
            When the node dropped or reordered one.
        """
        self.settle()
        sent = self._send(transactions, timestamp)
        return self._finish(sent, self.rpc)

    def submit(self, transactions: Sequence[Transaction], *, timestamp: int) -> None:
        """Mine set-up transactions; read, check and record their receipts while the next blocks are mined.

        The node spends as long on a block's receipts as on executing it, on another processor. One thread reads, so
        that blocks are recorded in order; `settle` waits for it, and every other way of mining settles first.
        """
        if len(self._unsettled) == _MOST_UNSETTLED:
            self._unsettled.popleft().result()
        sent = self._send(transactions, timestamp)
        self._unsettled.append(self._reader_pool().submit(self._read, sent))

    def settle(self) -> None:
        """Wait until every submitted block is recorded.

        Raises
        ------
        RevertedCall
            For the first transaction that failed.
        """
        while self._unsettled:
            self._unsettled.popleft().result()

    def close(self) -> None:
        """End the reading of submitted blocks; the connection given stays open."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _reader_pool(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="receipts")
            self._reader = Rpc(self.rpc.url)
        return self._pool

    def _read(self, sent: _Sent) -> None:
        assert self._reader is not None
        self._require_all_ok(sent.transactions, self._finish(sent, self._reader))

    def _send(self, transactions: Sequence[Transaction], timestamp: int) -> _Sent:
        (requests,) = self.requests([transactions])
        hashes = self.rpc.batch(requests)
        self.rpc.call("evm_mine", {"timestamp": timestamp})
        self.block_number, self.timestamp = self.block_number + 1, timestamp
        return _Sent(self.block_number, timestamp, hashes, transactions)

    def _finish(self, sent: _Sent, rpc: Rpc) -> Block:
        header, raw = _collect(rpc, sent.number)
        if header.transactions != sent.hashes:
            raise ChainError(
                f"block {sent.number}: asked for {len(sent.hashes)} transactions, the node mined "
                f"{len(header.transactions)} or another order"
            )
        if int(header.timestamp, 16) != sent.timestamp:
            raise ChainError(f"block {sent.number}: has another timestamp than {sent.timestamp}, which was asked for")
        why = self._revert_reasons(raw, rpc)
        block = Block(
            number=sent.number,
            timestamp=sent.timestamp,
            base_fee_wei=int(header.base_fee, 16),
            gas_used=int(header.gas_used, 16),
            gas_limit=int(header.gas_limit, 16),
            receipts=tuple(
                Receipt(entry, revert_reason=why.get(entry.tx_hash, ""), decode=self.decode_log) for entry in raw
            ),
        )
        if self.on_block is not None:
            self.on_block(block, sent.transactions)
        return block

    def _require_all_ok(self, transactions: Sequence[Transaction], block: Block) -> None:
        for transaction, receipt in zip(transactions, block.receipts, strict=True):
            if not receipt.ok:
                raise RevertedCall(what=self._describe(transaction), reason=receipt.revert_reason)

    def requests(self, blocks: Sequence[Sequence[Transaction]]) -> list[list[tuple[str, tuple[dict[str, str]]]]]:
        """The requests that would send some blocks of transactions, made in advance; for measuring."""
        return [[("eth_sendTransaction", (fields,)) for fields in self._numbered(block)] for block in blocks]

    def next_base_fee_wei(self) -> int:
        """Base fee of the next block, by EIP-1559 from the latest."""
        header = self._latest_block()
        base, used, target = int(header.base_fee, 16), int(header.gas_used, 16), int(header.gas_limit, 16) // 2
        if used == target:
            return base
        if used > target:
            return base + max(base * (used - target) // target // 8, 1)
        return base - base * (target - used) // target // 8

    def set_base_fee_wei(self, base_fee_wei: int) -> None:
        """Set the next block's base fee; later ones follow from it."""
        self.rpc.call("anvil_setNextBlockBaseFeePerGas", hex(base_fee_wei))

    def set_block_gas_limit(self, gas_limit: int) -> None:
        """Set the gas limit of the blocks to come."""
        self.rpc.call("evm_setBlockGasLimit", hex(gas_limit))

    def call(self, contract: Contract, function: str, *arguments: Any, timestamp: int | None = None) -> Any:
        """A view of the latest block's state, at its own time or at `timestamp` (interest accrues in views)."""
        data = contract.encode(function, *arguments)
        try:
            answer = self.rpc.call("eth_call", *self._view(contract, data, timestamp))
        except RpcFailure as error:
            raise self._reverted(contract, function, error) from error
        return contract.interface.functions[function].decode(answer)

    def call_in_chunks(
        self, contract: Contract, function: str, *fixed: Any, each: Sequence[Any], timestamp: int | None = None
    ) -> list[int]:
        """A packed view over many accounts, some hundreds a call, its words joined.

        The calls go out as one batch: the node answers them side by side.
        """
        chunks = [each[start : start + _READ_CHUNK] for start in range(0, len(each), _READ_CHUNK)]
        requests = [
            ("eth_call", self._view(contract, contract.encode(function, *fixed, chunk), timestamp)) for chunk in chunks
        ]
        try:
            answers = self.rpc.batch(requests)
        except RpcFailure as error:
            raise self._reverted(contract, function, error) from error
        decode = contract.interface.functions[function].decode
        return [word for answer in answers for word in decode(answer)]

    def _view(self, contract: Contract, data: str, timestamp: int | None) -> list[Any]:
        # Without a time of its own a call would run at the node's clock; interest and the run would depend on it.
        time = {"time": hex(self.timestamp if timestamp is None else timestamp)}
        return [{"to": contract.address, "data": data, "gas": hex(_VIEW_GAS)}, "latest", {}, time]

    def _reverted(self, contract: Contract, function: str, error: RpcFailure) -> RevertedCall:
        reason = revert_reason(error.data, self._errors) if error.data else error.message
        return RevertedCall(what=f"{contract.interface.name}.{function}", reason=reason)

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """What happens inside never happened, whatever ends it."""
        snapshot = self.rpc.call("evm_snapshot")
        nonces, block_number, timestamp = dict(self._nonces), self.block_number, self.timestamp
        try:
            yield
        finally:
            self.rpc.call("evm_revert", snapshot)
            self._nonces, self.block_number, self.timestamp = nonces, block_number, timestamp

    def decode_log(self, raw: RawLog) -> Log | None:
        """A raw log of a known contract, or None."""
        interface = self._interfaces.get(raw.address)
        event = interface.events.get(raw.topics[0]) if interface is not None and raw.topics else None
        return Log(event=event, raw=raw) if event is not None else None

    def _numbered(self, transactions: Sequence[Transaction]) -> Iterator[dict[str, str]]:
        for position, transaction in enumerate(transactions):
            nonce = self._nonces.get(transaction.sender, 0)
            self._nonces[transaction.sender] = nonce + 1
            fields = {
                "from": transaction.sender,
                "data": transaction.data,
                "gas": hex(transaction.gas_limit),
                "nonce": hex(nonce),
                "maxFeePerGas": hex(_FEE_CEILING_WEI - position),
                "maxPriorityFeePerGas": hex(transaction.tip_wei),
            }
            if transaction.to is not None:
                fields["to"] = transaction.to
            yield fields

    def _latest_block(self) -> _RawHeader:
        return self.rpc.call_as(_RawHeader, "eth_getBlockByNumber", "latest", False)

    def _revert_reasons(self, raw_receipts: Sequence[_RawReceipt], rpc: Rpc) -> dict[str, str]:
        failed = [raw.tx_hash for raw in raw_receipts if raw.status != "0x1"]
        traces = rpc.batch([("debug_traceTransaction", (tx_hash, {"tracer": "callTracer"})) for tx_hash in failed])
        reasons = {}
        for tx_hash, trace in zip(failed, traces, strict=True):
            output = trace.get("output") or "0x"
            reasons[tx_hash] = (
                revert_reason(output, self._errors) if len(output) >= 10 else str(trace.get("error", "no reason"))
            )
        return reasons

    def _describe(self, transaction: Transaction) -> str:
        interface = self._interfaces.get((transaction.to or "").lower())
        if interface is None:
            return f"a transaction to {transaction.to}"
        for function in interface.functions.values():
            if transaction.data.startswith(function.selector):
                return f"{interface.name}.{function.name}"
        return f"a transaction to {interface.name}"
