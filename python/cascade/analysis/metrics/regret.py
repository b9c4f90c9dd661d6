"""What borrowers lost by being liquidated who were solvent again in the end."""

from __future__ import annotations

from typing import Any

from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.units import e8_to_float, value_e8_down, value_e8_up

__all__ = ["regret"]


def regret(frames: Frames, book: PriceBook, trough: dict[str, Any] | None) -> dict[str, Any]:
    """Loss of positions that were liquidated though solvent at the recovery price.

    The recovery price is the last price of the run: of the main collateral that of its market (see `market_trough`),
    of any other asset the oracle's. A liquidation counts when the collateral right before it, at that price, would
    have been worth at least the debt right before it; its loss is what was seized, at that price, less what was
    repaid, at the debt's last oracle price, where that is positive.

    Returns
    -------
    dict
        `liquidations`, `positions`: how many counted, and of how many borrowers. `loss_usd`. `recovery_price_usd`: of
        the main collateral, or None.
    """
    loss = count = 0
    borrowers = set()
    for row in frames.liquidations.to_dict("records"):
        collateral, debt = row["collateral_asset"], row["debt_asset"]
        price = _recovery_price(frames, book, trough, collateral)
        worth = price, frames.decimals(collateral)
        owed = book.oracle(debt, frames.last_block), frames.decimals(debt)
        if value_e8_down(row["collateral_before_raw"], *worth) < value_e8_up(row["debt_before_raw"], *owed):
            continue
        count += 1
        borrowers.add(row["borrower"])
        lost = value_e8_down(row["collateral_seized_raw"], *worth) - value_e8_up(row["debt_covered_raw"], *owed)
        loss += max(0, lost)
    return {
        "liquidations": count,
        "positions": len(borrowers),
        "loss_usd": e8_to_float(loss),
        "recovery_price_usd": e8_to_float(_recovery_price(frames, book, trough, trough["asset"])) if trough else None,
    }


def _recovery_price(frames: Frames, book: PriceBook, trough: dict[str, Any] | None, asset: str) -> int:
    if trough and trough["asset"] == asset:
        price = book.at(asset, trough["source"], frames.last_block)
        if price is not None:
            return price
    return book.oracle(asset, frames.last_block)
