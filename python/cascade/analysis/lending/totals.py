"""Sum over the positions built and over all liquidations."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.analysis.lending.valuation import collateral_e8, debt_e8
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.tables import LiquidationRow, OtherDeficitRow, PositionRow
from cascade.units import e8_to_float, value_e8_down, value_e8_up
from cascade.vocabulary import PositionEvent

__all__ = ["BuiltTotals", "LiquidationTotals", "built_totals", "liquidation_totals"]


@dataclass(frozen=True, kw_only=True)
class BuiltTotals:
    """Sums over all positions at the oracle when the build ended."""

    collateral_built_usd: float
    """Collateral of all positions when the build ended, in dollars at the oracle."""
    debt_built_usd: float
    """Debt of all positions when the build ended, in dollars at the oracle."""


@dataclass(frozen=True, kw_only=True)
class LiquidationTotals:
    """Sums over all liquidations, each valued at the oracle prices inside it."""

    debt_covered_usd: float
    """Debt repaid by liquidators, in dollars."""
    collateral_seized_usd: float
    """Collateral taken from borrowers, protocol fee included, in dollars."""
    bonus_paid_usd: float
    """Collateral seized less debt covered, protocol fee included, in dollars."""
    protocol_fee_usd: float
    """The treasury's part of the collateral seized, in dollars."""
    deficit_usd: float
    """Debt written off to the deficit of the reserves, in dollars."""


def liquidation_totals(frames: Frames) -> LiquidationTotals:
    """Return the sums over all liquidations."""
    covered = seized = fee = deficit = 0
    for row in frames.rows(LiquidationRow):
        collateral = row.collateral_price_e8, frames.decimals(row.collateral_asset)
        debt = row.debt_price_e8, frames.decimals(row.debt_asset)
        covered += value_e8_up(row.debt_covered_raw, *debt)
        seized += value_e8_down(row.collateral_seized_raw, *collateral)
        fee += value_e8_down(row.protocol_fee_raw, *collateral)
        deficit += value_e8_up(row.deficit_raw, *debt)
    deficit += sum(
        value_e8_up(row.deficit_raw, row.price_e8 or 0, frames.decimals(row.asset))
        for row in frames.rows(OtherDeficitRow)
    )
    return LiquidationTotals(
        debt_covered_usd=e8_to_float(covered),
        collateral_seized_usd=e8_to_float(seized),
        bonus_paid_usd=e8_to_float(seized - covered),
        protocol_fee_usd=e8_to_float(fee),
        deficit_usd=e8_to_float(deficit),
    )


def built_totals(frames: Frames, book: PriceBook) -> BuiltTotals:
    """Return the collateral and debt of all positions when the build ended."""
    built = [row for row in frames.rows(PositionRow) if row.event == PositionEvent.BUILT]
    return BuiltTotals(
        collateral_built_usd=e8_to_float(sum(collateral_e8(frames, book, row, row.block_number) for row in built)),
        debt_built_usd=e8_to_float(sum(debt_e8(frames, book, row, row.block_number) for row in built)),
    )
