"""One transaction in full: its decoded call, its events, the balances that it moved, and its tree of calls with gas.

A run keeps the records of a few liquidations in `traces.json`; a rebuilt chain makes that of any other transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cascade.chain.abi import AbiEntry, AbiValue
from cascade.chain.receipt import Receipt
from cascade.chain.trace import CallFrame
from cascade.chain.transaction import Transaction
from cascade.errors import CascadeError
from cascade.world.world import World

__all__ = [
    "TRACES_FILE",
    "BalanceChange",
    "BlockTransaction",
    "Call",
    "EventRecord",
    "TransactionRecord",
    "call_tree",
    "read_traces",
    "record_of",
    "traces_json",
    "with_calls",
]

TRACES_FILE = "traces.json"
"""Records of the run's first, largest and last liquidations, and of those that left a deficit."""

_LONGEST = 300
"""Letters of an argument or an answer that are kept: call data in call data would be pages."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a transaction, and the calls that it made.

    Attributes
    ----------
    kind : str
        CALL, STATICCALL, DELEGATECALL, CREATE or another opcode that begins a call.
    target : str
        Name of the contract or account called; its address where it has no name.
    function : str
        Name of the function; its selector where the contract's interface lacks it.
    arguments : dict of str to str
        Arguments by name, as text: integers in decimal digits, named accounts by name.
    answer : str
        What was returned, as text; empty for nothing.
    error : str
        Why it failed; empty where it succeeded.
    gas_used : int
        Gas of the call and of those below it.
    calls : tuple of Call
        In the order in which they were made.
    """

    kind: str
    target: str
    function: str
    arguments: dict[str, str] = {}
    answer: str = ""
    error: str = ""
    gas_used: int
    calls: tuple[Call, ...] = ()


class EventRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One event, with its arguments as text."""

    log_index: int
    contract: str
    event: str
    arguments: dict[str, str]


class BalanceChange(msgspec.Struct, frozen=True, kw_only=True):
    """What an account held of a token right before and right after the transaction, in smallest units, as digits."""

    account: str
    asset: str
    before_raw: str
    after_raw: str


class TransactionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One mined transaction.

    Attributes
    ----------
    why : tuple of str
        Why a run keeps it: `first`, `largest`, `last`, `deficit`; empty for one that was asked for.
    liquidations : tuple of int
        Numbers of its liquidations in the table, from 1.
    tx_hash : str
        Its hash.
    block_number, transaction_index : int
        Its place.
    caller, role : str
        Name and class of the sender.
    target, function : str
        Name of the contract called, and of the function.
    arguments : dict of str to str
        Arguments by name, as text.
    status : str
        `ok`, or why it reverted.
    gas_used : int or None
        Gas with the cost of its data; None in a run in process, which knows no gas.
    gas_limit : int
        Gas that it was given.
    reason : str
        Why the agent proposed it.
    events : tuple of EventRecord
        In their order; those of unknown contracts are left out.
    balances : tuple of BalanceChange
        Of every account whose tokens it moved, pools and venues included.
    call : Call or None
        Its tree of calls; None in a run in process, which has none.
    """

    why: tuple[str, ...] = ()
    liquidations: tuple[int, ...] = ()
    tx_hash: str
    block_number: int
    transaction_index: int
    caller: str
    role: str
    target: str
    function: str
    arguments: dict[str, str]
    status: str
    gas_used: int | None
    gas_limit: int
    reason: str
    events: tuple[EventRecord, ...]
    balances: tuple[BalanceChange, ...]
    call: Call | None = None


@dataclass(frozen=True)
class BlockTransaction:
    """A transaction among those of its block, while that is the latest one.

    Attributes
    ----------
    transactions, receipts : sequence
        Of the block, in order.
    index : int
        Position of the transaction.
    block_number : int
        Number of the block.
    """

    transactions: Sequence[Transaction]
    receipts: Sequence[Receipt]
    index: int
    block_number: int


def record_of(world: World, found: BlockTransaction) -> TransactionRecord:
    """Return the record of a transaction of the latest block, without its tree of calls."""
    transaction, receipt = found.transactions[found.index], found.receipts[found.index]
    actor = world.actors.get(receipt.sender)
    name, arguments = _decoded_call(world, transaction.to or "", transaction.data)
    return TransactionRecord(
        tx_hash=receipt.tx_hash,
        block_number=found.block_number,
        transaction_index=found.index,
        caller=actor.name if actor else receipt.sender,
        role=actor.role if actor else "",
        target=_named(world, transaction.to) if transaction.to else transaction.creates,
        function=name,
        arguments=arguments,
        status="ok" if receipt.ok else receipt.revert_reason,
        gas_used=receipt.gas_used,
        gas_limit=transaction.gas_limit,
        reason=transaction.reason,
        events=tuple(
            EventRecord(
                log_index=log.log_index,
                contract=_named(world, log.address),
                event=log.event,
                arguments={key: _text(world, value) for key, value in log.arguments.items()},
            )
            for log in receipt.logs
        ),
        balances=tuple(_balances(world, found)),
    )


def _balances(world: World, found: BlockTransaction) -> list[BalanceChange]:
    """Return the balances around a transaction: those after its block, less what it and later ones moved."""
    symbols = {token.address: symbol for symbol, token in world.tokens.items()}

    def moved(receipts: Sequence[Receipt]) -> dict[tuple[str, str], int]:
        changes: dict[tuple[str, str], int] = {}
        for receipt in receipts:
            for log in receipt.logs:
                if log.event != "Transfer" or log.address not in symbols:
                    continue
                amount = log.arguments["value"]
                for holder, change in ((log.arguments["from"], -amount), (log.arguments["to"], amount)):
                    key = (symbols[log.address], holder)
                    changes[key] = changes.get(key, 0) + change
        return changes

    own, later = moved(found.receipts[found.index : found.index + 1]), moved(found.receipts[found.index + 1 :])
    rows = []
    for (symbol, holder), change in own.items():
        # Tokens are made from the zero address and burned to it: what that holds means nothing.
        if int(holder, 16) == 0:
            continue
        after = world.balances.balance_of(world.tokens[symbol], holder) - later.get((symbol, holder), 0)
        rows.append(
            BalanceChange(
                account=_named(world, holder), asset=symbol, before_raw=str(after - change), after_raw=str(after)
            )
        )
    return rows


def with_calls(world: World, record: TransactionRecord, frame: CallFrame) -> TransactionRecord:
    """Return the record with the node's tree of its calls."""
    call = call_tree(world, frame)
    if record.gas_used is not None:
        # anvil 1.7.1 gives the first call the gas of the whole block up to here; those below it have their own.
        call = msgspec.structs.replace(call, gas_used=record.gas_used)
    return msgspec.structs.replace(record, call=call)


def call_tree(world: World, frame: CallFrame) -> Call:
    """Return the node's tree of calls with the names of contracts, functions and arguments."""
    to = frame.to or ""
    function, arguments = _decoded_call(world, to, frame.input)
    if frame.kind.startswith("CREATE"):
        function, arguments = "constructor", {}
    return Call(
        kind=frame.kind,
        target=_named(world, to),
        function=function,
        arguments=arguments,
        answer="" if frame.error or frame.kind.startswith("CREATE") else _answer(world, to, frame),
        error=_why_failed(world, frame) if frame.error else "",
        gas_used=frame.gas_used,
        calls=tuple(call_tree(world, below) for below in frame.calls),
    )


def _decoded_call(world: World, to: str, data: str) -> tuple[str, dict[str, str]]:
    function = world.chain.function_at(to, data[:10]) if to else None
    if function is None:
        return (data[:10] if len(data) >= len("0x12345678") else "receive"), {}
    values = function.decode_arguments(data)
    return function.name, {
        entry.get("name") or str(number): _typed_text(world, entry, value)
        for number, (entry, value) in enumerate(zip(function.inputs, values, strict=True))
    }


def _typed_text(world: World, entry: AbiEntry, value: AbiValue) -> str:
    """Return an argument as text, a struct with the names of its members."""
    if entry["type"] != "tuple":
        return _text(world, value)
    members = (
        f"{part.get('name')}: {_typed_text(world, part, one)}"
        for part, one in zip(entry["components"], value, strict=True)
    )
    return _cut(f"{{{', '.join(members)}}}")


def _answer(world: World, to: str, frame: CallFrame) -> str:
    function = world.chain.function_at(to, frame.input[:10])
    if function is None or not function.outputs:
        return ""
    try:
        return _text(world, function.decode(frame.output))
    except CascadeError:
        return _cut(frame.output)


def _why_failed(world: World, frame: CallFrame) -> str:
    return world.chain.reason_of(frame.output, frame.error or "")


def _text(world: World, value: AbiValue) -> str:
    if isinstance(value, bytes):
        return _cut("0x" + value.hex())
    if isinstance(value, (list, tuple)):
        return _cut(f"[{', '.join(_text(world, part) for part in value)}]")
    if isinstance(value, str):
        return _named(world, value) if len(value) == len("0x") + 40 and value.startswith("0x") else _cut(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _named(world: World, address: str) -> str:
    """Return the name of a contract or actor, or the address where it has none; in lower case it is known too."""
    names = world.names
    return names.get(address.lower(), address)


def traces_json(records: Sequence[TransactionRecord]) -> str:
    """Return the text of `traces.json`."""
    return msgspec.json.format(msgspec.json.encode(list(records)), indent=1).decode() + "\n"


def read_traces(run_folder: Path) -> list[TransactionRecord]:
    """Return the records that a run keeps; none where its folder has no such file.

    Raises
    ------
    CascadeError
        When the file is not what a run writes.
    """
    file = run_folder / TRACES_FILE
    if not file.is_file():
        return []
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[TransactionRecord])
    except msgspec.MsgspecError as error:
        raise CascadeError(f"{file}: is not a file of transactions: {error}") from error
