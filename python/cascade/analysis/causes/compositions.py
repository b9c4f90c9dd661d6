"""Composition of an account with several reserves right before each of its liquidations."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from cascade.analysis.causes.oracle import Oracle
from cascade.analysis.causes.pivots import Basket, Weighted
from cascade.analysis.frames import Frames
from cascade.recording.tables import AccountReserveRow, LiquidationRow, OtherDeficitRow

__all__ = ["Compositions"]

_MOST_DECIMALS = 36
"""Most decimals that an asset may have: the unit that amounts are brought to."""


@dataclass
class _Reserve:
    supplied_raw: int
    borrowed_raw: int
    threshold_bps: int


@dataclass
class _Account:
    """What an account held after each block that has rows of it."""

    blocks: list[int] = field(default_factory=list)
    held: dict[int, dict[str, AccountReserveRow]] = field(default_factory=dict)


class Compositions:
    """What accounts of a file held right before each of their liquidations, from the rows of the block before it.

    Liquidations of one block follow each other without a row between them: what the earlier ones took is subtracted.

    Parameters
    ----------
    frames : Frames
        The run.
    oracle : Oracle
        Prices over the points.
    """

    def __init__(self, frames: Frames, oracle: Oracle) -> None:
        self._frames, self._oracle = frames, oracle
        self._accounts: dict[str, _Account] = {}
        for row in sorted(frames.rows(AccountReserveRow), key=lambda row: row.block_number):
            account = self._accounts.setdefault(row.borrower, _Account())
            if row.block_number not in account.held:
                account.blocks.append(row.block_number)
            account.held.setdefault(row.block_number, {})[row.asset] = row
        self._taken: dict[str, list[LiquidationRow]] = {}
        for taken in frames.rows(LiquidationRow):
            self._taken.setdefault(taken.borrower, []).append(taken)
        self._lost: dict[str, list[OtherDeficitRow]] = {}
        for lost in frames.rows(OtherDeficitRow):
            self._lost.setdefault(lost.borrower, []).append(lost)

    def __contains__(self, borrower: str) -> bool:
        return borrower in self._accounts

    def before(self, row: LiquidationRow) -> Basket:
        """Return the health factors of the account of a liquidation, composed as it was right before."""
        held = self._held(row)
        return Basket(
            [
                Weighted(self._oracle.of(asset), one.supplied_raw * one.threshold_bps * self._scale(asset))
                for asset, one in held.items()
                if one.threshold_bps
            ],
            [
                Weighted(self._oracle.of(asset), one.borrowed_raw * self._scale(asset))
                for asset, one in held.items()
                if one.borrowed_raw
            ],
        )

    def _held(self, row: LiquidationRow) -> Mapping[str, _Reserve]:
        account = self._accounts[row.borrower]
        index = bisect_left(account.blocks, row.block_number) - 1
        rows = account.held[account.blocks[index]] if index >= 0 else {}
        held = {
            asset: _Reserve(
                one.supplied_raw, one.borrowed_raw, one.liquidation_threshold_bps if one.used_as_collateral else 0
            )
            for asset, one in rows.items()
        }
        for taken in self._taken[row.borrower]:
            if taken.block_number == row.block_number and taken.log_index < row.log_index:
                collateral, debt = held[taken.collateral_asset], held[taken.debt_asset]
                collateral.supplied_raw = max(0, collateral.supplied_raw - taken.collateral_seized_raw)
                debt.borrowed_raw = max(0, debt.borrowed_raw - taken.debt_covered_raw - taken.deficit_raw)
        for lost in self._lost.get(row.borrower, ()):
            if lost.block_number == row.block_number and lost.log_index < row.log_index:
                held[lost.asset].borrowed_raw = max(0, held[lost.asset].borrowed_raw - lost.deficit_raw)
        return held

    def _scale(self, asset: str) -> int:
        return int(10 ** (_MOST_DECIMALS - self._frames.decimals(asset)))
