"""The chain in this process, on revm: for experiments, where thousands of runs matter more than the gas of each.

The same transactions in the same order give the same state, events and hashes as on anvil. Gas is not known: revm's
Python binding never ends a transaction, so that what an earlier transaction has touched stays warm, and every later one
is charged too little. Receipts and blocks have no gas here, and the base fee of the next block follows from gas by
intent as it was measured on anvil.
"""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from types import ModuleType

from eth_utils import keccak, to_canonical_address, to_checksum_address
from rlp.codec import encode_raw

from cascade.chain.anvil import CHAIN_ID
from cascade.chain.chain import FUNDS_WEI, MAX_FEE_WEI, VIEW_GAS, BlockObserver, Chain, ViewReverted, base_fee_after
from cascade.chain.gas_per_intent import GAS_PER_INTENT
from cascade.chain.receipt import Block, RawLog, Receipt
from cascade.chain.trace import CallFrame
from cascade.chain.transaction import Contract, Transaction
from cascade.errors import ChainError, ToolMissing

__all__ = ["InProcessChain"]

_HARD_FORK = "PRAGUE"
"""As anvil is started with."""
_VIEWER = "0x" + "00" * 20
_OUTPUT = re.compile(r"output: (0x[0-9a-f]*)")
_HALT = re.compile(r"reason: (\w+)")
_HALTS: Mapping[str, str] = {"OutOfGas": "out of gas"}
"""Words of anvil's tracer for the causes that the engine names otherwise."""


class InProcessChain(Chain):
    """A chain that starts empty, and whose state lives in this process.

    Parameters
    ----------
    timestamp : int
        Unix time of the genesis block.
    gas_limit : int
        Gas limit of the first blocks.
    base_fee_wei : int
        Base fee of the first block.
    on_block : callable, optional
        Called with every block mined and its transactions.

    Raises
    ------
    ToolMissing
        When the engine is not installed.
    """

    has_gas = False
    has_traces = False

    def __init__(
        self, *, timestamp: int, gas_limit: int, base_fee_wei: int = 10**9, on_block: BlockObserver | None = None
    ) -> None:
        super().__init__(on_block=on_block)
        self.timestamp = timestamp
        self._gas_limit = gas_limit
        self._base_fee_wei = base_fee_wei
        self._spent = 0.0
        self._revm = revm = _binding()
        self._evm = revm.EVM(env=revm.Env(cfg=revm.CfgEnv(chain_id=CHAIN_ID)), spec_id=_HARD_FORK)

    @property
    def waited_seconds(self) -> float:
        """Time spent in the engine."""
        return self._spent

    def fund(self, addresses: Iterable[str]) -> None:
        """Give each address more ether than it can spend."""
        for address in addresses:
            self._evm.set_balance(address, FUNDS_WEI)

    def next_base_fee_wei(self) -> int:
        """Return the base fee of the next block, which follows from the estimated gas of the latest."""
        return self._base_fee_wei

    def set_base_fee_wei(self, base_fee_wei: int) -> None:
        """Set the next block's base fee; later ones follow from it."""
        self._base_fee_wei = base_fee_wei

    def set_block_gas_limit(self, gas_limit: int) -> None:
        """Set the gas limit of the blocks to come."""
        self._gas_limit = gas_limit

    def _checkpoint(self) -> Callable[[], None]:
        checkpoint, base_fee_wei, gas_limit = self._evm.snapshot(), self._base_fee_wei, self._gas_limit

        def take_back() -> None:
            self._evm.revert(checkpoint)
            self._base_fee_wei, self._gas_limit = base_fee_wei, gas_limit

        return take_back

    def trace(self, tx_hash: str) -> CallFrame:
        """Refuse: the engine does not trace calls.

        Raises
        ------
        ChainError
            Always.
        """
        raise ChainError(
            f"{tx_hash}: the engine in process has no call traces, which a liquidation at the pool itself needs: use "
            "chain.engine: anvil"
        )

    def _mined(self, transactions: Sequence[Transaction], timestamp: int) -> Block:
        began = time.perf_counter()
        self.block_number, self.timestamp = self.block_number + 1, timestamp
        self._set_block(timestamp)
        first_log, receipts, gas = 0, [], 0
        for position, transaction in enumerate(transactions):
            receipt, logs = self._executed(transaction, position, first_log)
            first_log += logs
            receipts.append(receipt)
            # The engine's own figure is too low, and the best there is for an intent that was never measured.
            gas += GAS_PER_INTENT.get((transaction.intent, receipt.ok), int(self._evm.result.gas_used))
        block = Block(
            number=self.block_number,
            timestamp=timestamp,
            base_fee_wei=None,
            gas_used=None,
            gas_limit=self._gas_limit,
            receipts=tuple(receipts),
        )
        self._base_fee_wei = base_fee_after(self._base_fee_wei, min(gas, self._gas_limit), self._gas_limit)
        self._spent += time.perf_counter() - began
        self._report(block, transactions)
        return block

    def _executed(self, transaction: Transaction, position: int, first_log: int) -> tuple[Receipt, int]:
        """Execute a transaction, and return its receipt and the number of its events."""
        evm, nonce = self._evm, self._next_nonce(transaction.sender)
        data = bytes.fromhex(transaction.data.removeprefix("0x"))
        created, reason, ok = None, "", True
        try:
            if transaction.to is None:
                # The engine counts creations alone; the address follows from the number of all transactions.
                info = self._revm.AccountInfo(nonce=nonce, balance=FUNDS_WEI)
                evm.insert_account_info(transaction.sender, info)
                created = to_checksum_address(evm.deploy(transaction.sender, data, gas=transaction.gas_limit))
            else:
                evm.message_call(transaction.sender, transaction.to, data, gas=transaction.gas_limit)
        except RuntimeError as error:
            ok, reason = False, self._why(str(error))
        logs = tuple(
            RawLog(
                address=log.address.lower(),
                topics=tuple(log.topics),
                data="0x" + log.data[1].hex(),
                log_index=hex(first_log + number),
            )
            for number, log in enumerate(evm.result.logs if ok else ())
        )
        receipt = Receipt(
            tx_hash=_impersonated_hash(transaction, nonce, data, position),
            transaction_index=position,
            sender=transaction.sender,
            ok=ok,
            gas_used=None,
            effective_gas_price_wei=None,
            contract_address=created,
            revert_reason=reason,
            raw_logs=logs,
            decode=self.decode_log,
        )
        return receipt, len(logs)

    def _answers(self, contract: Contract, calls: Sequence[str], timestamp: int) -> list[str]:
        began = time.perf_counter()
        self._set_block(timestamp)
        answers = []
        for call in calls:
            # A view may write, as a quote that reverts at its end does: nothing of it stays.
            checkpoint = self._evm.snapshot()
            try:
                answer = self._evm.message_call(_VIEWER, contract.address, bytes.fromhex(call[2:]), gas=VIEW_GAS)
            except RuntimeError as error:
                output = _OUTPUT.search(str(error))
                raise ViewReverted(data=output[1] if output else "", message=str(error)) from error
            finally:
                self._evm.revert(checkpoint)
            answers.append("0x" + answer.hex())
        self._spent += time.perf_counter() - began
        return answers

    def _set_block(self, timestamp: int) -> None:
        # A base fee of zero, so that nobody pays for gas that is not known.
        self._evm.set_block_env(
            self._revm.BlockEnv(number=self.block_number, timestamp=timestamp, gas_limit=2**62, basefee=0)
        )

    def _why(self, message: str) -> str:
        output, halt = _OUTPUT.search(message), _HALT.search(message)
        words = _HALTS.get(halt[1], halt[1]) if halt else ""
        return self._reason(output[1] if output else "", words)


def _binding() -> ModuleType:
    try:
        return importlib.import_module("pyrevm")
    except ImportError as error:
        raise ToolMissing("chain.engine: revm needs the package pyrevm: `pip install pyrevm`") from error


def _impersonated_hash(transaction: Transaction, nonce: int, data: bytes, position: int) -> str:
    """Return the hash that anvil gives a transaction whose sender it impersonates.

    It is the hash of the typed transaction in its network encoding, with an empty signature, followed by the sender.
    """
    to = b"" if transaction.to is None else _canonical(transaction.to)
    fees = [transaction.tip_wei, MAX_FEE_WEI - position, transaction.gas_limit]
    fields = [_integer(CHAIN_ID), _integer(nonce), *map(_integer, fees), to, b"", data, [], b"", b"", b""]
    typed = b"\x02" + encode_raw(fields)
    return "0x" + keccak(encode_raw(typed) + _canonical(transaction.sender)).hex()


@lru_cache(maxsize=100_000)
def _canonical(address: str) -> bytes:
    return bytes(to_canonical_address(address))


def _integer(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
