"""A chain as the engine sees it: calls, blocks of transactions in a given order, decoded logs.

`Chain` has what every engine shares. `LocalChain` runs on anvil, the chain of record; `InProcessChain` runs in this
process, for experiments.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from cascade.chain.abi import AbiValue, Function, Interface, revert_reason
from cascade.chain.artifacts import Artifact
from cascade.chain.receipt import Block, Log, RawLog
from cascade.chain.trace import CallFrame
from cascade.chain.transaction import Contract, Transaction
from cascade.errors import ChainError, RevertedCall
from cascade.vocabulary import Intent

__all__ = [
    "FUNDS_WEI",
    "MAX_FEE_WEI",
    "VIEW_GAS",
    "BlockObserver",
    "Chain",
    "Follower",
    "ViewReverted",
    "base_fee_after",
    "is_reason",
]

MAX_FEE_WEI = 10**15
"""Highest fee cap that a transaction carries, far above any base fee that a run reaches: a node drops a transaction
whose cap is below the base fee, and a block that lacks a transaction is an error."""

FUNDS_WEI = 10**27
"""Ether of a funded account: a billion, far more than any run spends on gas."""

VIEW_GAS = 2**50
"""Gas limit of views, above every block's: a packed view of thousands of positions uses more than a block has."""

_READ_CHUNK = 250
"""Accounts read in one call of a packed view."""

BlockObserver = Callable[[Block, Sequence[Transaction]], None]
"""Called with every mined block and its transactions."""


class Follower(Protocol):
    """Whoever keeps a state of its own that follows from the events of every block."""

    def follow(self, block: Block) -> None:
        """Take a mined block; blocks come in order, each once."""

    def save(self) -> Callable[[], None]:
        """Return a function that goes back to the state of now, for a chain that is rolled back."""


def base_fee_after(base_fee_wei: int, gas_used: int, gas_limit: int) -> int:
    """Return the base fee after a block by EIP-1559: at most an eighth up or down, but at least 1 wei up."""
    target = gas_limit // 2
    if gas_used == target:
        return base_fee_wei
    if gas_used > target:
        return base_fee_wei + max(base_fee_wei * (gas_used - target) // target // 8, 1)
    return base_fee_wei - base_fee_wei * (target - gas_used) // target // 8


def is_reason(output: str) -> bool:
    """Return whether what a call reverted with begins with a selector; without one the EVM itself stopped."""
    return len(output) >= len("0x12345678")


class ViewReverted(ChainError):
    """Raised by an engine when a view reverts.

    Attributes
    ----------
    data : str
        Revert data, 0x-hex; empty where there is none.
    """

    def __init__(self, *, data: str, message: str) -> None:
        self.data = data
        super().__init__(message)


class Chain(ABC):
    """One chain, local and to itself.

    Attributes
    ----------
    on_block : callable or None
        Called with every block mined and its transactions, set-up included; may be set later.
    followers : list of Follower
        Told of every block before `on_block` is.
    block_number, timestamp : int
        Of the latest block.
    has_gas : bool
        Whether receipts hold the gas of a real transaction.
    has_traces : bool
        Whether `trace` returns trees of calls.
    keeps_own_time : bool
        Whether the chain decides on times, order and space of its blocks, and others use it too. Requests of times,
        base fees and gas limits have no effect then, and what is mined as one block may be spread over several.
    """

    has_gas: bool = True
    has_traces: bool = True
    keeps_own_time: bool = False

    def __init__(self, *, on_block: BlockObserver | None = None) -> None:
        self.on_block = on_block
        self.followers: list[Follower] = []
        self.block_number = 0
        self.timestamp = 0
        self._interfaces: dict[str, Interface] = {}
        self._errors: dict[str, Function] = {}
        self._nonces: dict[str, int] = {}

    # --- What each engine does in its own way

    @property
    @abstractmethod
    def waited_seconds(self) -> float:
        """Time spent in the engine, or waiting for it."""

    @abstractmethod
    def fund(self, addresses: Iterable[str]) -> None:
        """Give each address more ether than it can spend."""

    @abstractmethod
    def next_base_fee_wei(self) -> int:
        """Return the base fee of the next block, which follows from the latest block by EIP-1559."""

    @abstractmethod
    def set_base_fee_wei(self, base_fee_wei: int) -> None:
        """Set the next block's base fee; later ones follow from it."""

    @abstractmethod
    def set_block_gas_limit(self, gas_limit: int) -> None:
        """Set the gas limit of the blocks to come."""

    @abstractmethod
    def _checkpoint(self) -> Callable[[], None]:
        """Return a function that takes the engine back to its state of now."""

    @abstractmethod
    def trace(self, tx_hash: str) -> CallFrame:
        """Return the tree of calls of a mined transaction."""

    @abstractmethod
    def _mined(self, transactions: Sequence[Transaction], timestamp: int) -> Block:
        """Mine exactly these transactions, in this order, in one block."""

    @abstractmethod
    def _answers(self, contract: Contract, calls: Sequence[str], timestamp: int) -> list[str]:
        """Return the answers of views on the latest block's state, run at a time.

        Raises
        ------
        ViewReverted
            When one of them reverts.
        """

    # --- What all share

    def know(self, contract: Contract) -> None:
        """Decode a contract's logs and errors from now on."""
        self._interfaces[contract.address.lower()] = contract.interface
        self._errors.update(contract.interface.errors)

    def kind_at(self, address: str) -> str:
        """Return the name of the contract that is known at an address; empty where none is."""
        interface = self._interfaces.get(address.lower())
        return interface.name if interface is not None else ""

    def contract_at(self, address: str) -> Contract:
        """Return the contract that is known at an address."""
        return Contract(address, self._interfaces[address.lower()])

    def function_at(self, address: str, selector: str) -> Function | None:
        """Return the function that a known contract has under a selector; None where it has none."""
        interface = self._interfaces.get(address.lower())
        return interface.by_selector.get(selector) if interface is not None else None

    def reason_of(self, output: str, halt: str) -> str:
        """Return why a call failed: what it reverted with, decoded, or the word for what stopped it."""
        return self._reason(output, halt)

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
        return self._mined(transactions, timestamp)

    def submit(self, transactions: Sequence[Transaction], *, timestamp: int) -> None:
        """Mine set-up transactions in one block; an engine may read, check and record them while the next are mined.

        `settle` waits for these reads, and every other way of mining settles first.

        Raises
        ------
        RevertedCall
            For a transaction that failed, in this block or in one submitted earlier.
        """
        self.execute(transactions, timestamp=timestamp)

    def settle(self) -> None:  # noqa: B027 (an engine without submitted blocks has nothing to wait for)
        """Wait until every submitted block is recorded.

        Raises
        ------
        RevertedCall
            For the first transaction that failed.
        """

    def close(self) -> None:  # noqa: B027
        """End the reads of submitted blocks."""

    def expected_time(self, planned: int) -> int:
        """Return the time at which the next block is expected: the planned one, where the chain keeps to plans."""
        return planned

    @property
    def latest_next_time(self) -> int:
        """Time by which set-up transactions that are sent now are mined at the latest."""
        return self.timestamp + 1

    def built(self) -> None:  # noqa: B027
        """Take note that the world is built: an engine may keep its state for later runs."""

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """Revert the chain on exit to its state on entry, even after an error."""
        take_back = self.save()
        try:
            yield
        finally:
            take_back()

    def save(self) -> Callable[[], None]:
        """Return a function that takes the chain back to its state of now, once."""
        self.settle()
        nonces, number, timestamp = dict(self._nonces), self.block_number, self.timestamp
        restore = [self._checkpoint(), *(follower.save() for follower in self.followers)]

        def take_back() -> None:
            self._nonces, self.block_number, self.timestamp = dict(nonces), number, timestamp
            for one in restore:
                one()

        return take_back

    def _report(self, block: Block, transactions: Sequence[Transaction]) -> None:
        """Tell of a mined block: followers first, whose state the observer may read."""
        for follower in self.followers:
            follower.follow(block)
        if self.on_block is not None:
            self.on_block(block, transactions)

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
        (answer,) = self._viewed(contract, function, [contract.encode(function, *arguments)], timestamp)
        return contract.interface.functions[function].decode(answer)

    def call_in_chunks(
        self, contract: Contract, function: str, *fixed: object, each: Sequence[object], timestamp: int | None = None
    ) -> list[int]:
        """Call a packed view for many accounts, some hundreds per call, and return the words of all answers in order.

        The calls go out together: a node answers them side by side.

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
        calls = [contract.encode(function, *fixed, chunk) for chunk in chunks]
        answers = self._viewed(contract, function, calls, timestamp)
        decode = contract.interface.functions[function].decode
        return [word for answer in answers for word in decode(answer)]

    def answers(self, contract: Contract, calls: Sequence[str], timestamp: int) -> list[str]:
        """Return the encoded answers of encoded views on the latest block's state, run at a time.

        Raises
        ------
        ViewReverted
            When one of them reverts.
        """
        return self._answers(contract, calls, timestamp)

    def _viewed(self, contract: Contract, function: str, calls: Sequence[str], timestamp: int | None) -> list[str]:
        try:
            return self._answers(contract, calls, self.timestamp if timestamp is None else timestamp)
        except ViewReverted as error:
            reason = revert_reason(error.data, self._errors) if error.data else str(error)
            raise RevertedCall(what=f"{contract.interface.name}.{function}", reason=reason) from error

    def decode_log(self, raw: RawLog) -> Log | None:
        """Return a raw log as an event of a known contract, or None where contract or event is not known."""
        interface = self._interfaces.get(raw.address)
        event = interface.events.get(raw.topics[0]) if interface is not None and raw.topics else None
        return Log(event=event, raw=raw) if event is not None else None

    def _require_all_ok(self, transactions: Sequence[Transaction], block: Block) -> None:
        for transaction, receipt in zip(transactions, block.receipts, strict=True):
            if not receipt.ok:
                raise RevertedCall(what=self._describe(transaction), reason=receipt.revert_reason)

    def _next_nonce(self, sender: str) -> int:
        nonce = self._nonces.get(sender, 0)
        self._nonces[sender] = nonce + 1
        return nonce

    def _reason(self, output: str, halt: str) -> str:
        return revert_reason(output, self._errors) if is_reason(output) else halt or "no reason"

    def _describe(self, transaction: Transaction) -> str:
        interface = self._interfaces.get((transaction.to or "").lower())
        if interface is None:
            return f"a transaction to {transaction.to}"
        for function in interface.functions.values():
            if transaction.data.startswith(function.selector):
                return f"{interface.name}.{function.name}"
        return f"a transaction to {interface.name}"
