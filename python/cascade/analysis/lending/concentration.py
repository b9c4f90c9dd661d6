"""Measure how few accounts held the collateral, and how few keepers liquidated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.analysis.lending.valuation import collateral_by_asset_e8, collateral_e8
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.tables import LiquidationRow
from cascade.units import value_e8_up

__all__ = ["Concentration", "collateral_by_asset", "concentration"]


@dataclass(frozen=True)
class Concentration:
    """Concentration of collateral and of liquidations; null where there is nothing to share."""

    collateral_hhi: float | None
    """Herfindahl index of the borrowers' collateral at the oracle when the crash starts: the sum of squared shares,
    from 1 / borrowers to 1."""
    collateral_top10_pct: float | None
    """Share of the ten largest borrowers in that collateral, in per cent."""
    keepers_hhi: float | None
    """Herfindahl index of the debt that each keeper repaid, in dollars."""


def concentration(frames: Frames, book: PriceBook) -> Concentration:
    """Return how concentrated collateral and liquidations were."""
    holdings = sorted(_collateral_by_borrower(frames, book).values(), reverse=True)
    covered: dict[str, int] = {}
    for row in frames.rows(LiquidationRow):
        worth = value_e8_up(row.debt_covered_raw, row.debt_price_e8, frames.decimals(row.debt_asset))
        covered[row.liquidator] = covered.get(row.liquidator, 0) + worth
    total = sum(holdings)
    return Concentration(
        collateral_hhi=_hhi(holdings),
        collateral_top10_pct=100 * sum(holdings[:10]) / total if total else None,
        keepers_hhi=_hhi(list(covered.values())),
    )


def collateral_by_asset(frames: Frames, book: PriceBook) -> dict[str, int]:
    """Return the collateral when the crash starts, in dollars at the oracle with 8 decimals, by asset."""
    block = frames.first_crash_block - 1
    totals: dict[str, int] = {}
    for row in frames.positions_at(block):
        for asset, worth in collateral_by_asset_e8(frames, book, row, block).items():
            totals[asset] = totals.get(asset, 0) + worth
    return totals


def _collateral_by_borrower(frames: Frames, book: PriceBook) -> dict[str, int]:
    block = frames.first_crash_block - 1
    totals: dict[str, int] = {}
    for row in frames.positions_at(block):
        totals[row.borrower] = totals.get(row.borrower, 0) + collateral_e8(frames, book, row, block)
    return totals


def _hhi(amounts: Sequence[int]) -> float | None:
    total = sum(amounts)
    return sum(amount * amount for amount in amounts) / total**2 if total else None
