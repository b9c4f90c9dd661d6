"""What a row of `positions` is worth at the oracle of a block."""

from __future__ import annotations

from typing import Any

from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.units import value_e8_down, value_e8_up

__all__ = ["collateral_e8", "debt_e8"]


def collateral_e8(frames: Frames, book: PriceBook, row: dict[Any, Any], block: int) -> int:
    """Its collateral, dollars with 8 decimals, rounded down as the pool does."""
    price = book.oracle(row["collateral_asset"], block)
    return value_e8_down(row["collateral_raw"], price, frames.decimals(row["collateral_asset"]))


def debt_e8(frames: Frames, book: PriceBook, row: dict[Any, Any], block: int) -> int:
    """Its debt, likewise, rounded up."""
    price = book.oracle(row["debt_asset"], block)
    return value_e8_up(row["debt_raw"], price, frames.decimals(row["debt_asset"]))
