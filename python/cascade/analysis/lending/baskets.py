"""Balances of accounts with several collaterals and debts over time, as matrices of floats for charts and ratios."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cascade.analysis.frames import Frames
from cascade.analysis.lending.exposures import exposure_of
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.tables import PositionRow
from cascade.units import BPS, e8_to_float, to_tokens
from cascade.vocabulary import Valuation

__all__ = ["Baskets"]

Floats = npt.NDArray[np.float64]


class Baskets:
    """Accounts of a file as they stand at a block that only advances.

    Parameters
    ----------
    changes : sequence of PositionRow
        Rows of the accounts, in the order of blocks.

    Attributes
    ----------
    borrowers, assets : list of str
        Rows and columns of the matrices.
    blocks : list of int
        Blocks with a change.
    collateral, debt : array
        Tokens by account and asset.
    threshold, bonus : array
        Liquidation threshold and bonus of each collateral as shares; 0 where there is none.
    """

    def __init__(self, frames: Frames, changes: Sequence[PositionRow]) -> None:
        self._frames, self._changes, self._next = frames, changes, 0
        self.borrowers = sorted({row.borrower for row in changes})
        held = [exposure_of(frames, row) for row in changes]
        self.assets = sorted({asset for one in held for asset in (*one.collateral, *one.debts)})
        self.blocks = sorted({row.block_number for row in changes})
        self._row = {borrower: number for number, borrower in enumerate(self.borrowers)}
        self._column = {asset: number for number, asset in enumerate(self.assets)}
        shape = len(self.borrowers), len(self.assets)
        self.collateral, self.debt, self.threshold, self.bonus = (np.zeros(shape) for _ in range(4))

    def column(self, asset: str) -> int | None:
        """Return the column of an asset; None where no account has it."""
        return self._column.get(asset)

    def advance(self, block: int) -> bool:
        """Apply every change up to a block, and return whether there was one."""
        first = self._next
        while self._next < len(self._changes) and self._changes[self._next].block_number <= block:
            self._take(self._changes[self._next])
            self._next += 1
        return self._next > first

    def health(self, book: PriceBook, block: int) -> Floats:
        """Return the health factor of each account at the oracle; infinite without debt."""
        prices = self._oracle(book, block)
        owed = self.debt @ prices
        worth = (self.collateral * self.threshold) @ prices
        return np.divide(worth, owed, out=np.full(len(owed), np.inf), where=owed > 0)

    def shortfall_usd(self, book: PriceBook, valuation: Valuation, block: int) -> float:
        """Return the debt in excess of collateral, in dollars; NaN where it depends on a price that is missing."""
        if not self.borrowers:
            return 0.0
        found = [book.valuation(asset, valuation, block) for asset in self.assets]
        prices = np.array([0.0 if price is None else e8_to_float(price) for price in found])
        lacking = self.debt @ self._oracle(book, block) - self.collateral @ prices
        unpriced = np.array([price is None for price in found], dtype=np.bool_)
        # Where what has a price covers the debt, the collateral without one does not matter.
        if ((lacking > 0) & (self.collateral[:, unpriced] > 0).any(axis=1)).any():
            return float("nan")
        return float(np.maximum(0, lacking).sum())

    def _oracle(self, book: PriceBook, block: int) -> Floats:
        return np.array([e8_to_float(book.oracle(asset, block)) for asset in self.assets])

    def _take(self, row: PositionRow) -> None:
        at, held = self._row[row.borrower], exposure_of(self._frames, row)
        for matrix in (self.collateral, self.debt, self.threshold, self.bonus):
            matrix[at] = 0
        for asset, one in (held.of_account or {}).items():
            column = self._column[asset]
            self.collateral[at, column] = float(to_tokens(one.raw, self._frames.decimals(asset)))
            self.threshold[at, column] = one.threshold_bps / BPS
            self.bonus[at, column] = one.bonus_bps / BPS
        for asset, raw in held.debts.items():
            self.debt[at, self._column[asset]] = float(to_tokens(raw, self._frames.decimals(asset)))
