"""Word the transactions that a run keeps in full: what was called, what it changed, what triggered it, gas by call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cascade.analysis.frames import Frames
from cascade.recording.tables import LiquidationRow, TransactionRow
from cascade.recording.transaction_record import Call, TransactionRecord, read_traces
from cascade.report.shared.figures import count
from cascade.units import UINT256_MAX, e8_to_float, wad_to_float

__all__ = ["FlameBar", "LiquidationWords", "TransactionWords", "call_text", "kept_transactions", "transaction_words"]

_WHY = {"first": "the first", "largest": "the largest", "last": "the last", "deficit": "left a deficit"}
_NARROWEST = 0.15
"""Part of the gas, in per cent, below which a call has no bar of its own in the flame: less than a pixel."""


@dataclass(frozen=True)
class LiquidationWords:
    """One liquidation: its title, rows of figure, before and after, and further facts by name."""

    title: str
    rows: list[tuple[str, str, str]]
    facts: list[tuple[str, str]]


@dataclass(frozen=True)
class FlameBar:
    """One call in the flame of gas.

    Attributes
    ----------
    left, width : float
        Place, in per cent of the transaction's gas.
    depth : int
        Calls above it.
    text : str
        Contract and function, with the gas.
    is_failed : bool
        Whether the call failed.
    """

    left: float
    width: float
    depth: int
    text: str
    is_failed: bool


@dataclass(frozen=True)
class TransactionWords:
    """One transaction in words.

    Attributes
    ----------
    title : str
        Liquidations in it and why the run keeps it.
    facts : list of (str, str)
        Hash, block, caller, call, status, gas and reason.
    liquidations : list of LiquidationWords
        What it did to each borrower.
    balances : list of tuple of str
        Account, asset, before, after and change.
    events : list of tuple of str
        Position, contract, event, arguments.
    call : Call or None
        The tree of calls.
    flame : list of FlameBar
        The same as bars; empty without a tree.
    levels : int
        Levels of the flame.
    """

    title: str
    facts: list[tuple[str, str]]
    liquidations: list[LiquidationWords]
    balances: list[tuple[str, str, str, str, str]]
    events: list[tuple[str, str, str, str]]
    call: Call | None
    flame: list[FlameBar]
    levels: int


def kept_transactions(run_folder: Path, frames: Frames) -> list[TransactionWords]:
    """Return the transactions that a run keeps in full, in words; none where it has no liquidation."""
    return [transaction_words(frames, record) for record in read_traces(run_folder)]


def transaction_words(frames: Frames, record: TransactionRecord) -> TransactionWords:
    """Return a transaction in words; amounts are in whole tokens, with four decimals."""
    rows = frames.rows(LiquidationRow)
    flame = [] if record.call is None else list(_bars(record.call))
    return TransactionWords(
        title=_title(record, rows),
        facts=[
            ("transaction", record.tx_hash),
            ("block", f"{record.block_number}, position {record.transaction_index}"),
            ("caller", f"{record.caller} ({record.role})" if record.role else record.caller),
            ("call", call_text(record.target, record.function, record.arguments)),
            ("status", record.status),
            ("gas", "unknown" if record.gas_used is None else f"{count(record.gas_used)} of {count(record.gas_limit)}"),
            ("reason", record.reason),
        ],
        liquidations=[_liquidation(frames, rows[number - 1], number) for number in record.liquidations],
        balances=[
            (row.account, row.asset, *_around(frames, row.asset, int(row.before_raw), int(row.after_raw)))
            for row in record.balances
        ],
        events=[
            (str(event.log_index), event.contract, event.event, _arguments(event.arguments)) for event in record.events
        ],
        call=record.call,
        flame=flame,
        levels=1 + max((bar.depth for bar in flame), default=0),
    )


def _title(record: TransactionRecord, rows: list[LiquidationRow]) -> str:
    named = [f"Liquidation {number} of {rows[number - 1].borrower}" for number in record.liquidations]
    why = ", ".join(_WHY.get(one, one) for one in record.why)
    return "; ".join(named or [record.function]) + (f": {why}" if why else "")


def _liquidation(frames: Frames, row: LiquidationRow, number: int) -> LiquidationWords:
    collateral, debt = 10 ** frames.decimals(row.collateral_asset), 10 ** frames.decimals(row.debt_asset)
    facts = [
        (
            "prices read",
            f"{row.collateral_asset} {e8_to_float(row.collateral_price_e8):,.6f} USD, "
            f"{row.debt_asset} {e8_to_float(row.debt_price_e8):,.6f} USD",
        ),
        ("triggered by", _trigger(frames, row)),
    ]
    if row.deficit_raw:
        facts.insert(1, ("deficit", f"{row.deficit_raw / debt:,.4f} {row.debt_asset}"))
    return LiquidationWords(
        title=f"Liquidation {number} of {row.borrower}",
        rows=[
            ("health factor", _health(row.health_factor_before_wad), _health(row.health_factor_after_wad)),
            (
                f"collateral, {row.collateral_asset}",
                f"{row.collateral_before_raw / collateral:,.4f}",
                f"{(row.collateral_before_raw - row.collateral_seized_raw) / collateral:,.4f}",
            ),
            (
                f"debt, {row.debt_asset}",
                f"{row.debt_before_raw / debt:,.4f}",
                f"{(row.debt_before_raw - row.debt_covered_raw - row.deficit_raw) / debt:,.4f}",
            ),
        ],
        facts=facts,
    )


def _trigger(frames: Frames, row: LiquidationRow) -> str:
    if not row.triggered_by:
        return f"no transaction: the health factor fell under 1 at step {row.unhealthy_since_step}"
    sent = frames.once(_by_hash)
    found = sent.get(row.triggered_by)
    if found is None:
        return row.triggered_by
    return (
        f"{found.tx_hash} in block {found.block_number}: {found.actor} ({found.role}), {found.intent} at "
        f"{found.target}: {found.reason}"
    )


def _by_hash(frames: Frames) -> dict[str, TransactionRow]:
    return {row.tx_hash: row for row in frames.rows(TransactionRow) if row.tx_hash}


def _around(frames: Frames, asset: str, before: int, after: int) -> tuple[str, str, str]:
    scale = 10 ** frames.decimals(asset)
    return f"{before / scale:,.4f}", f"{after / scale:,.4f}", f"{(after - before) / scale:+,.4f}"


def _bars(call: Call) -> Iterator[FlameBar]:
    """Yield a bar for each call that is wide enough to be seen: its calls lie side by side below it."""
    # Refunds make a transaction cheaper than its calls together.
    whole = max(call.gas_used, sum(below.gas_used for below in call.calls), 1)

    def below(one: Call, left: float, depth: int) -> Iterator[FlameBar]:
        width = 100 * one.gas_used / whole
        if width < _NARROWEST:
            return
        text = f"{one.target}.{one.function}: {count(one.gas_used)} gas"
        yield FlameBar(round(left, 3), round(width, 3), depth, text, bool(one.error))
        for inner in one.calls:
            yield from below(inner, left, depth + 1)
            left += 100 * inner.gas_used / whole

    yield from below(call, 0.0, 0)


def call_text(target: str, function: str, arguments: dict[str, str]) -> str:
    """Return a call as text: `contract.function(argument=value)`."""
    return f"{target}.{function}({_arguments(arguments)})"


def _arguments(arguments: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in arguments.items())


def _health(wad: int) -> str:
    return "no debt" if wad == UINT256_MAX else f"{int(wad_to_float(wad) * 10_000) / 10_000:.4f}"
