"""Keep the transactions of a run's first, largest, last and deficit-making liquidations in full.

The node keeps the states of a few blocks only, and a tree of calls takes it as long as the block took. A liquidation
that may still be superseded is therefore traced when its block is about to be forgotten, and not before: a run traces
a few dozen transactions at the most, however many liquidations it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from cascade.chain.receipt import Block
from cascade.recording.mined import MinedTransaction
from cascade.recording.tables import LiquidationRow
from cascade.recording.transaction_record import BlockTransaction, TransactionRecord, record_of, with_calls
from cascade.units import value_e8_up
from cascade.world.world import World

__all__ = ["TracedLiquidations"]

_FORGOTTEN_AFTER = 8
"""Blocks after which a transaction is traced: half of those whose states the node keeps."""

_MOST_DEFICITS = 12
"""Liquidations with a deficit that are kept; of more, the first ones."""


@dataclass(eq=False)
class _Kept:
    tx_hash: str
    block_number: int
    debt_e8: int = 0
    numbers: list[int] = field(default_factory=list)
    record: TransactionRecord | None = None


class TracedLiquidations:
    """Choose liquidations while a run goes on, and trace those that stay chosen.

    Parameters
    ----------
    world : World
        The deployed scenario.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._count = 0
        self._first: _Kept | None = None
        self._largest: _Kept | None = None
        self._last: _Kept | None = None
        self._deficits: list[_Kept] = []

    def take(self, block: Block, mined: Sequence[MinedTransaction], rows: Sequence[LiquidationRow]) -> None:
        """Take the liquidations of the latest block, in their order; a block may have none."""
        by_hash: dict[str, _Kept] = {}
        for row in rows:
            self._count += 1
            kept = by_hash.setdefault(row.tx_hash, _Kept(row.tx_hash, block.number))
            kept.numbers.append(self._count)
            self._choose(kept, row)
        chosen = self._chosen()
        for kept in chosen:
            if kept.record is None:
                kept.record = self._record(kept, mined)
            if block.number - kept.block_number >= _FORGOTTEN_AFTER:
                kept.record = self._traced(kept.record)

    def _record(self, kept: _Kept, mined: Sequence[MinedTransaction]) -> TransactionRecord:
        """Return the record of a transaction of the latest block: what others moved after it is known now."""
        place = next(place for place, one in enumerate(mined) if one.receipt.tx_hash == kept.tx_hash)
        transactions, receipts = [one.transaction for one in mined], [one.receipt for one in mined]
        return record_of(self._world, BlockTransaction(transactions, receipts, place, kept.block_number))

    def _choose(self, kept: _Kept, row: LiquidationRow) -> None:
        kept.debt_e8 += value_e8_up(
            row.debt_covered_raw, row.debt_price_e8, self._world.scenario.spec.assets[row.debt_asset].decimals
        )
        if self._first is None:
            self._first = kept
        if self._largest is None or kept.debt_e8 > self._largest.debt_e8:
            self._largest = kept
        self._last = kept
        if row.deficit_raw and kept not in self._deficits and len(self._deficits) < _MOST_DEFICITS:
            self._deficits.append(kept)

    def _chosen(self) -> list[_Kept]:
        """Return what is kept, in the order of the run, each once."""
        chosen = {id(one): one for one in (self._first, self._largest, self._last, *self._deficits) if one is not None}
        return sorted(chosen.values(), key=lambda one: one.numbers[0])

    def _traced(self, record: TransactionRecord) -> TransactionRecord:
        # The engine in process and public nodes give no trees of calls.
        if record.call is not None or not self._world.chain.has_traces:
            return record
        return with_calls(self._world, record, self._world.chain.trace(record.tx_hash))

    def records(self) -> list[TransactionRecord]:
        """Return the records of those that stayed chosen, at the end of the run."""
        records = []
        for kept in self._chosen():
            if kept.record is None:
                continue
            why = [
                name
                for name, one in (("first", self._first), ("largest", self._largest), ("last", self._last))
                if one is kept
            ]
            if kept in self._deficits:
                why.append("deficit")
            records.append(
                msgspec.structs.replace(self._traced(kept.record), why=tuple(why), liquidations=tuple(kept.numbers))
            )
        return records
