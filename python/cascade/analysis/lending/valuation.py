"""Value the balances of a position at the oracle prices of a block."""

from __future__ import annotations

from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.tables import PositionRow
from cascade.units import value_e8_down, value_e8_up

__all__ = ["collateral_e8", "debt_e8"]


def collateral_e8(frames: Frames, book: PriceBook, row: PositionRow, block: int) -> int:
    """Return the value of a position's collateral at the oracle, in dollars with 8 decimals, rounded down.

    The lending pool rounds the value of collateral down and that of debt up, both against the borrower.
    """
    return value_e8_down(
        row.collateral_raw, book.oracle(row.collateral_asset, block), frames.decimals(row.collateral_asset)
    )


def debt_e8(frames: Frames, book: PriceBook, row: PositionRow, block: int) -> int:
    """Return the value of a position's debt at the oracle, in dollars with 8 decimals, rounded up."""
    return value_e8_up(row.debt_raw, book.oracle(row.debt_asset, block), frames.decimals(row.debt_asset))
