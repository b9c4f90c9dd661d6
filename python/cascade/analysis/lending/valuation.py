"""Value the balances of a position at the oracle prices of a block."""

from __future__ import annotations

from cascade.analysis.frames import Frames
from cascade.analysis.lending.exposures import exposure_of
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.tables import PositionRow
from cascade.units import value_e8_down, value_e8_up

__all__ = ["collateral_by_asset_e8", "collateral_e8", "debt_e8"]


def collateral_e8(frames: Frames, book: PriceBook, row: PositionRow, block: int) -> int:
    """Return the value of a position's collateral at the oracle, in dollars with 8 decimals, rounded down.

    The lending pool rounds the value of collateral down and that of debt up, both against the borrower.
    """
    return sum(collateral_by_asset_e8(frames, book, row, block).values())


def collateral_by_asset_e8(frames: Frames, book: PriceBook, row: PositionRow, block: int) -> dict[str, int]:
    """Return the same by asset: an account of a file may have several collaterals."""
    held = exposure_of(frames, row).collateral
    return {asset: value_e8_down(raw, book.oracle(asset, block), frames.decimals(asset)) for asset, raw in held.items()}


def debt_e8(frames: Frames, book: PriceBook, row: PositionRow, block: int) -> int:
    """Return the value of a position's debt at the oracle, in dollars with 8 decimals, rounded up."""
    owed = exposure_of(frames, row).debts
    return sum(value_e8_up(raw, book.oracle(asset, block), frames.decimals(asset)) for asset, raw in owed.items())
