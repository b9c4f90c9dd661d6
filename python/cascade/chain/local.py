"""The chain as the engine sees it: calls, blocks of transactions in a given order, decoded logs.

Anvil is given only the transactions of the next block, with fee caps that fall strictly in the order wanted: it sorts
by fee cap and silently drops what it cannot mine. The order that it mined is checked afterwards, never assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from cascade.chain.abi import AbiValue, Function, Interface, revert_reason
from cascade.chain.artifacts import Artifact
from cascade.chain.background import BackgroundReader
from cascade.chain.receipt import Block, Log, RawHeader, RawLog, RawReceipt, Receipt
from cascade.chain.rpc import Request, Rpc, RpcFailure
from cascade.chain.trace import CallFrame
from cascade.chain.transaction import Contract, Transaction, address_of
from cascade.errors import ChainError, RevertedCall
from cascade.vocabulary import Intent

__all__ = ["Block", "Contract", "LocalChain", "Log", "RawLog", "Receipt", "Transaction", "address_of"]

_FEE_CEILING_WEI = 10**15
"""Highest fee cap that a transaction carries, far above any base fee that a run reaches: the node drops a transaction
whose cap is below the base fee, and a block that lacks a transaction is an error."""

_FUNDS_WEI = 10**27
"""Ether of a funded account: a billion, far more than any run spends on gas."""

_VIEW_GAS = 2**50
"""Gas limit of views, above every block's: a packed view of thousands of positions uses more than a block has."""

_READ_CHUNK = 250
"""Accounts read in one call of a packed view."""

BlockObserver = Callable[[Block, Sequence[Transaction]], None]
"""Called with every mined block and its transactions."""


@dataclass(frozen=True)
class _Sent:
    """A block that was asked for, and whose receipts are still to be read."""

    number: int
    timestamp: int
    hashes: list[str]
    transactions: Sequence[Transaction]


class _Trace(msgspec.Struct):
    """Part of a call trace that says why a transaction failed."""

    output: str | None = None
    error: str | None = None


class LocalChain:
    """A node that understands anvil's own requests.

    Parameters
    ----------
    rpc : Rpc
        The open connection.
    on_block : callable, optional
        Called with every block mined and its transactions, set-up included; may be set later.

    Attributes
    ----------
    block_number, timestamp : int
        Of the latest block.
    """

    def __init__(self, rpc: Rpc, *, on_block: BlockObserver | None = None) -> None:
        self.rpc = rpc
        self.on_block = on_block
        self._interfaces: dict[str, Interface] = {}
        self._errors: dict[str, Function] = {}
        self._nonces: dict[str, int] = {}
        self._background = BackgroundReader(rpc.url)
        latest = self._latest_block()
        self.block_number = int(latest.number, 16)
        self.timestamp = int(latest.timestamp, 16)

    def know(self, contract: Contract) -> None:
        """Decode a contract's logs and errors from now on."""
        self._interfaces[contract.address.lower()] = contract.interface
        self._errors.update(contract.interface.errors)

    def fund(self, addresses: Iterable[str]) -> None:
        """Give each address more ether than it can spend."""
        self.rpc.batch_as(object, [("anvil_setBalance", (address, hex(_FUNDS_WEI))) for address in addresses])

    def deploy(self, artifact: Artifact, *arguments: object, sender: str, gas_limit: int = 30_000_000) -> Contract:
        """Create one contract in a block of its own, one second after the latest.

        Raises
        ------
        RevertedCall
            When the constructor reverts.
        """
        data = artifact.bytecode + artifact.interface.constructor.encode_arguments(arguments)
        creation = Transaction(
            sender, None, data, gas_limit, intent=Intent.DEPLOY, reason=artifact.name, creates=artifact.name
        )
        block = self.mine([creation], timestamp=self.timestamp + 1)
        receipt = block.receipts[0]
        if not receipt.ok or receipt.contract_address is None:
            raise RevertedCall(what=f"deploying {artifact.name}", reason=receipt.revert_reason)
        contract = Contract(receipt.contract_address, artifact.interface)
        self.know(contract)
        return contract

    def execute(self, transactions: Sequence[Transaction], *, timestamp: int) -> Block:
        """Mine set-up transactions in one block.

        Raises
        ------
        RevertedCall
            For the first transaction that failed.
        """
        block = self.mine(transactions, timestamp=timestamp)
        self._require_all_ok(transactions, block)
        return block

    def mine(self, transactions: Sequence[Transaction], *, timestamp: int) -> Block:
        """Mine exactly these transactions, in this order, in one block; they may fail.

        Raises
        ------
        ChainError
            When the node dropped or reordered one.
        """
        self.settle()
        sent = self._send(transactions, timestamp)
        return self._finish(sent, self.rpc)

    def submit(self, transactions: Sequence[Transaction], *, timestamp: int) -> None:
        """Mine set-up transactions in one block, and read, check and record their receipts in the background.

        `settle` waits for these reads, and every other way of mining settles first.

        Raises
        ------
        RevertedCall
            For a transaction that failed in a block submitted earlier.
        """
        self._background.make_room()
        sent = self._send(transactions, timestamp)
        self._background.start(lambda rpc: self._require_all_ok(transactions, self._finish(sent, rpc)))

    def settle(self) -> None:
        """Wait until every submitted block is recorded.

        Raises
        ------
        RevertedCall
            For the first transaction that failed.
        """
        self._background.settle()

    def close(self) -> None:
        """End the reads of submitted blocks; the connection that was given stays open."""
        self._background.close()

    def _send(self, transactions: Sequence[Transaction], timestamp: int) -> _Sent:
        (requests,) = self.requests([transactions])
        hashes = self.rpc.batch_as(str, requests)
        # The node accepts transactions concurrently; nonces and fee caps alone fix their order in the block.
        self.rpc.call("evm_mine", {"timestamp": timestamp})
        self.block_number, self.timestamp = self.block_number + 1, timestamp
        return _Sent(self.block_number, timestamp, hashes, transactions)

    def _finish(self, sent: _Sent, rpc: Rpc) -> Block:
        """Read a block that was asked for, check that it is what was asked for, and report it to the observer."""
        header = rpc.call_as(RawHeader, "eth_getBlockByNumber", hex(sent.number), False)
        if header.transactions != sent.hashes:
            raise ChainError(
                f"block {sent.number}: asked for {len(sent.hashes)} transactions, the node mined "
                f"{len(header.transactions)} or another order"
            )
        if int(header.timestamp, 16) != sent.timestamp:
            raise ChainError(f"block {sent.number}: has another timestamp than {sent.timestamp}, which was asked for")
        raw: list[RawReceipt] = []
        if header.transactions:
            raw = rpc.call_as(list[RawReceipt], "eth_getBlockReceipts", hex(sent.number))
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

    def requests(self, blocks: Sequence[Sequence[Transaction]]) -> list[list[Request]]:
        """Return the requests that would send some blocks of transactions, so that a bench can time the sending alone.

        Nonces are counted on as if they had been sent.
        """
        return [[("eth_sendTransaction", (fields,)) for fields in self._numbered(block)] for block in blocks]

    def next_base_fee_wei(self) -> int:
        """Return the base fee of the next block, which follows from the latest block by EIP-1559."""
        header = self._latest_block()
        base, used, target = int(header.base_fee, 16), int(header.gas_used, 16), int(header.gas_limit, 16) // 2
        # The contract of EIP-1559: at most an eighth up or down per block, and at least 1 wei up above the target.
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

    def call(self, contract: Contract, function: str, *arguments: object, timestamp: int | None = None) -> AbiValue:
        """Call a view on the latest block's state, and return its decoded answer.

        Parameters
        ----------
        timestamp : int, optional
            Unix time at which the view runs, since interest accrues in views; null takes the latest block's.

        Raises
        ------
        RevertedCall
            When the view reverts.
        """
        data = contract.encode(function, *arguments)
        try:
            answer = self.rpc.call_as(str, "eth_call", *self._view(contract, data, timestamp))
        except RpcFailure as error:
            raise self._reverted(contract, function, error) from error
        return contract.interface.functions[function].decode(answer)

    def call_in_chunks(
        self, contract: Contract, function: str, *fixed: object, each: Sequence[object], timestamp: int | None = None
    ) -> list[int]:
        """Call a packed view for many accounts, some hundreds per call, and return the words of all answers in order.

        The calls go out as one batch: the node answers them side by side.

        Parameters
        ----------
        fixed
            The first arguments, the same in every call.
        each : sequence
            The last argument's elements, divided over the calls.
        timestamp : int, optional
            As in `call`.

        Raises
        ------
        RevertedCall
            When one of the calls reverts.
        """
        chunks = [each[start : start + _READ_CHUNK] for start in range(0, len(each), _READ_CHUNK)]
        requests = [
            ("eth_call", self._view(contract, contract.encode(function, *fixed, chunk), timestamp)) for chunk in chunks
        ]
        try:
            answers = self.rpc.batch_as(str, requests)
        except RpcFailure as error:
            raise self._reverted(contract, function, error) from error
        decode = contract.interface.functions[function].decode
        return [word for answer in answers for word in decode(answer)]

    def _view(self, contract: Contract, data: str, timestamp: int | None) -> list[object]:
        # Without a time of its own a call runs at the node's clock, and interest, and with it the run, would depend on
        # when it was made.
        time = {"time": hex(self.timestamp if timestamp is None else timestamp)}
        return [{"to": contract.address, "data": data, "gas": hex(_VIEW_GAS)}, "latest", {}, time]

    def _reverted(self, contract: Contract, function: str, error: RpcFailure) -> RevertedCall:
        reason = revert_reason(error.data, self._errors) if error.data else error.message
        return RevertedCall(what=f"{contract.interface.name}.{function}", reason=reason)

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """Revert the chain on exit to its state on entry, even after an error."""
        # The node keeps nonces itself; those counted here go back with it.
        snapshot = self.rpc.call("evm_snapshot")
        nonces, block_number, timestamp = dict(self._nonces), self.block_number, self.timestamp
        try:
            yield
        finally:
            self.rpc.call("evm_revert", snapshot)
            self._nonces, self.block_number, self.timestamp = nonces, block_number, timestamp

    def decode_log(self, raw: RawLog) -> Log | None:
        """Return a raw log as an event of a known contract, or None where contract or event is not known."""
        interface = self._interfaces.get(raw.address)
        event = interface.events.get(raw.topics[0]) if interface is not None and raw.topics else None
        return Log(event=event, raw=raw) if event is not None else None

    def _numbered(self, transactions: Sequence[Transaction]) -> Iterator[dict[str, str]]:
        """Yield the fields of transactions, with the next nonce of each sender and fee caps that keep their order."""
        for position, transaction in enumerate(transactions):
            nonce = self._nonces.get(transaction.sender, 0)
            self._nonces[transaction.sender] = nonce + 1
            fields = {
                "from": transaction.sender,
                "data": transaction.data,
                "gas": hex(transaction.gas_limit),
                "nonce": hex(nonce),
                # One wei less than the transaction before: anvil sorts by this cap, not by the tip.
                "maxFeePerGas": hex(_FEE_CEILING_WEI - position),
                "maxPriorityFeePerGas": hex(transaction.tip_wei),
            }
            if transaction.to is not None:
                fields["to"] = transaction.to
            yield fields

    def trace(self, tx_hash: str) -> CallFrame:
        """Return the tree of calls of a mined transaction."""
        return self.rpc.call_as(CallFrame, "debug_traceTransaction", tx_hash, {"tracer": "callTracer"})

    def _latest_block(self) -> RawHeader:
        return self.rpc.call_as(RawHeader, "eth_getBlockByNumber", "latest", False)

    def _revert_reasons(self, receipts: Sequence[RawReceipt], rpc: Rpc) -> dict[str, str]:
        """Return the reason of each failed transaction by its hash; only a trace of the call shows it."""
        failed = [receipt.tx_hash for receipt in receipts if not receipt.ok]
        requests = [("debug_traceTransaction", (tx_hash, {"tracer": "callTracer"})) for tx_hash in failed]
        traces = rpc.batch_as(_Trace, requests)
        return {tx_hash: self._reason_of(trace) for tx_hash, trace in zip(failed, traces, strict=True)}

    def _reason_of(self, trace: _Trace) -> str:
        # Revert data begins with a selector. Without one the EVM itself stopped, and the trace names the cause, such as
        # running out of gas.
        output = trace.output or ""
        return revert_reason(output, self._errors) if len(output) >= len("0x12345678") else trace.error or "no reason"

    def _describe(self, transaction: Transaction) -> str:
        interface = self._interfaces.get((transaction.to or "").lower())
        if interface is None:
            return f"a transaction to {transaction.to}"
        for function in interface.functions.values():
            if transaction.data.startswith(function.selector):
                return f"{interface.name}.{function.name}"
        return f"a transaction to {interface.name}"
