"""The chain on anvil.

Anvil is given only the transactions of the next block, with fee caps that fall strictly in the order wanted: it sorts
by fee cap and silently drops what it cannot mine. The order that it mined is checked afterwards, never assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from cascade.chain.background import BackgroundReader
from cascade.chain.chain import (
    FUNDS_WEI,
    MAX_FEE_WEI,
    VIEW_GAS,
    BlockObserver,
    Chain,
    ViewReverted,
    base_fee_after,
    is_reason,
)
from cascade.chain.receipt import Block, Log, RawHeader, RawLog, RawReceipt, Receipt
from cascade.chain.rpc import Request, Rpc, RpcFailure
from cascade.chain.trace import CallFrame
from cascade.chain.transaction import Contract, Transaction, address_of
from cascade.errors import ChainError

__all__ = ["Block", "Contract", "LocalChain", "Log", "RawLog", "Receipt", "Transaction", "address_of"]


@dataclass(frozen=True)
class _Sent:
    """A block that was asked for, and whose receipts are still to be read."""

    number: int
    timestamp: int
    hashes: list[str]
    transactions: Sequence[Transaction]


_RETURN_ALONE = {"disableStorage": True, "disableMemory": True, "disableStack": True}
"""Options of the tracer of single steps that leave out everything but what was returned: twenty times as fast as the
tracer of calls."""


class _Return(msgspec.Struct):
    """What a transaction returned, or reverted with."""

    data: str = msgspec.field(name="returnValue", default="0x")


class _Trace(msgspec.Struct):
    """Part of a call trace that says why a transaction failed."""

    output: str | None = None
    error: str | None = None


class LocalChain(Chain):
    """A node that understands anvil's own requests.

    Parameters
    ----------
    rpc : Rpc
        The open connection.
    on_block : callable, optional
        Called with every block mined and its transactions, set-up included; may be set later.
    """

    def __init__(self, rpc: Rpc, *, on_block: BlockObserver | None = None) -> None:
        super().__init__(on_block=on_block)
        self.rpc = rpc
        self._background = BackgroundReader(rpc.url)
        latest = self._latest_block()
        self.block_number = int(latest.number, 16)
        self.timestamp = int(latest.timestamp, 16)

    @property
    def waited_seconds(self) -> float:
        """Time spent waiting for the node."""
        return self.rpc.waited_seconds

    def fund(self, addresses: Iterable[str]) -> None:
        """Give each address more ether than it can spend."""
        self.rpc.batch_as(object, [("anvil_setBalance", (address, hex(FUNDS_WEI))) for address in addresses])

    def _mined(self, transactions: Sequence[Transaction], timestamp: int) -> Block:
        return self._finish(self._send(transactions, timestamp), self.rpc)

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
                Receipt.of(entry, revert_reason=why.get(entry.tx_hash, ""), decode=self.decode_log) for entry in raw
            ),
        )
        self._report(block, sent.transactions)
        return block

    def requests(self, blocks: Sequence[Sequence[Transaction]]) -> list[list[Request]]:
        """Return the requests that would send some blocks of transactions, so that a bench can time the sending alone.

        Nonces are counted on as if they had been sent.
        """
        return [[("eth_sendTransaction", (fields,)) for fields in self._numbered(block)] for block in blocks]

    def next_base_fee_wei(self) -> int:
        """Return the base fee of the next block, which follows from the latest block by EIP-1559."""
        header = self._latest_block()
        return base_fee_after(int(header.base_fee, 16), int(header.gas_used, 16), int(header.gas_limit, 16))

    def set_base_fee_wei(self, base_fee_wei: int) -> None:
        """Set the next block's base fee; later ones follow from it."""
        self.rpc.call("anvil_setNextBlockBaseFeePerGas", hex(base_fee_wei))

    def set_block_gas_limit(self, gas_limit: int) -> None:
        """Set the gas limit of the blocks to come."""
        self.rpc.call("evm_setBlockGasLimit", hex(gas_limit))

    def _answers(self, contract: Contract, calls: Sequence[str], timestamp: int) -> list[str]:
        # Without a time of its own a call runs at the node's clock, and interest, and with it the run, would depend on
        # when it was made.
        time = {"time": hex(timestamp)}
        requests = [
            ("eth_call", [{"to": contract.address, "data": data, "gas": hex(VIEW_GAS)}, "latest", {}, time])
            for data in calls
        ]
        try:
            if len(requests) == 1:
                method, parameters = requests[0]
                return [self.rpc.call_as(str, method, *parameters)]
            return self.rpc.batch_as(str, requests)
        except RpcFailure as error:
            raise ViewReverted(data=error.data, message=error.message) from error

    def _checkpoint(self) -> Callable[[], None]:
        snapshot, header = self.rpc.call("evm_snapshot"), self._latest_block()
        gas_limit, base_fee_wei = int(header.gas_limit, 16), self.next_base_fee_wei()

        def take_back() -> None:
            self.rpc.call("evm_revert", snapshot)
            # The node keeps what was set for the blocks to come.
            self.set_block_gas_limit(gas_limit)
            self.set_base_fee_wei(base_fee_wei)

        return take_back

    def _numbered(self, transactions: Sequence[Transaction]) -> Iterator[dict[str, str]]:
        """Yield the fields of transactions, with the next nonce of each sender and fee caps that keep their order."""
        for position, transaction in enumerate(transactions):
            nonce = self._next_nonce(transaction.sender)
            fields = {
                "from": transaction.sender,
                "data": transaction.data,
                "gas": hex(transaction.gas_limit),
                "nonce": hex(nonce),
                # One wei less than the transaction before: anvil sorts by this cap, not by the tip.
                "maxFeePerGas": hex(MAX_FEE_WEI - position),
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
        """Return the reason of each failed transaction by its hash; only a trace shows it."""
        failed = [receipt.tx_hash for receipt in receipts if not receipt.ok]
        requests: list[Request] = [("debug_traceTransaction", (tx_hash, _RETURN_ALONE)) for tx_hash in failed]
        found = dict(zip(failed, rpc.batch_as(_Return, requests), strict=True))
        # Where the EVM itself stopped, nothing was returned, and only the tree of calls has a word for it.
        halted = [tx_hash for tx_hash, said in found.items() if not is_reason(said.data)]
        requests = [("debug_traceTransaction", (tx_hash, {"tracer": "callTracer"})) for tx_hash in halted]
        traces = dict(zip(halted, rpc.batch_as(_Trace, requests), strict=True))
        return {
            tx_hash: self._reason(trace.output or "", trace.error or "")
            if (trace := traces.get(tx_hash)) is not None
            else self._reason(said.data, "")
            for tx_hash, said in found.items()
        }
