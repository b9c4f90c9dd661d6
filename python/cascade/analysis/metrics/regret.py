"""Measure what borrowers lost who were liquidated although they were solvent at the price of the recovery."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.analysis.prices.troughs import MarketTrough
from cascade.recording.tables import LiquidationRow
from cascade.units import e8_to_float, value_e8_down, value_e8_up

__all__ = ["Regret", "regret"]


@dataclass(frozen=True)
class Regret:
    """Liquidations of positions that were solvent at the recovery price.

    The recovery price is the last price of the run: for the main collateral that of its market (`trough_at`), for any
    other asset that of the oracle. A liquidation counts where the collateral right before it, at that price, would
    have been worth at least the debt right before it.
    """

    liquidations: int
    """Number of liquidations that count."""
    positions: int
    """Number of their borrowers."""
    loss_usd: float
    """Collateral seized at the recovery price less the debt repaid at the debt's last oracle price, in dollars,
    summed where positive."""
    recovery_price_usd: float | None
    """Recovery price of the main collateral, in dollars; null where there is no trough."""


def regret(frames: Frames, book: PriceBook, trough: MarketTrough | None) -> Regret:
    """Return the loss of positions that were liquidated though solvent at the recovery price."""
    loss = count = 0
    borrowers = set()
    for row in frames.rows(LiquidationRow):
        worth = _recovery_price(frames, book, trough, row.collateral_asset), frames.decimals(row.collateral_asset)
        owed = book.oracle(row.debt_asset, frames.last_block), frames.decimals(row.debt_asset)
        if value_e8_down(row.collateral_before_raw, *worth) < value_e8_up(row.debt_before_raw, *owed):
            continue
        count += 1
        borrowers.add(row.borrower)
        lost = value_e8_down(row.collateral_seized_raw, *worth) - value_e8_up(row.debt_covered_raw, *owed)
        # Summed where positive: a liquidation that was cheap for one borrower repays no other.
        loss += max(0, lost)
    return Regret(
        liquidations=count,
        positions=len(borrowers),
        loss_usd=e8_to_float(loss),
        recovery_price_usd=e8_to_float(_recovery_price(frames, book, trough, trough.asset)) if trough else None,
    )


def _recovery_price(frames: Frames, book: PriceBook, trough: MarketTrough | None, asset: str) -> int:
    if trough and trough.asset == asset:
        price = book.at(asset, trough.source, frames.last_block)
        if price is not None:
            return price
    return book.oracle(asset, frames.last_block)
