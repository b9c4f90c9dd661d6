"""What open positions lack, at several prices: a run without a deficit can hide it."""

from __future__ import annotations

from typing import Any

from cascade.analysis.frames import Frames
from cascade.analysis.lending.valuation import debt_e8
from cascade.analysis.prices.pricebook import PriceBook
from cascade.units import e8_to_float, value_e8_down, value_e8_up

__all__ = ["VALUATIONS", "shortfalls", "shortfalls_by_pair"]

VALUATIONS = ("oracle", "exit", "redemption")
"""Prices at which open positions are valued."""


def shortfalls(frames: Frames, book: PriceBook, trough: dict[str, Any] | None) -> dict[str, dict[str, float | None]]:
    """Debt over collateral of the open positions, on top of what was already written off to a deficit.

    Sum over positions of max(0, debt - collateral): debt at the oracle's price, collateral at the oracle's, at the
    exit price (the best venue's average for all open collateral) and at redemption, all as they held at the block.
    Balances are those of each position's last row at or before the block, so interest since then is left out.

    Returns
    -------
    dict
        At `end` (the last block) and at `trough` (see `market_trough`): dollars by valuation; None where a valuation
        has no price for an open position's collateral, or there is no trough.
    """
    blocks = {"end": frames.last_block, "trough": trough["block_number"] if trough else None}
    return {
        name: {kind: None if block is None else _shortfall(frames, book, block, kind) for kind in VALUATIONS}
        for name, block in blocks.items()
    }


def shortfalls_by_pair(frames: Frames, book: PriceBook, trough: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Split the loss of lenders by collateral and debt asset.

    Returns
    -------
    dict
        By pair, as `USDe/USDC`: `deficit_usd` (realised, written off), and `end` and `trough` as `shortfalls` has
        them (unrealised).
    """
    deficits: dict[tuple[str, str], int] = {}
    for row in frames.liquidations.to_dict("records"):
        pair = row["collateral_asset"], row["debt_asset"]
        worth = value_e8_up(row["deficit_raw"], row["debt_price_e8"], frames.decimals(row["debt_asset"]))
        deficits[pair] = deficits.get(pair, 0) + worth
    held = zip(frames.positions["collateral_asset"].tolist(), frames.positions["debt_asset"].tolist(), strict=True)
    blocks = {"end": frames.last_block, "trough": trough["block_number"] if trough else None}
    return {
        "/".join(pair): {
            "deficit_usd": e8_to_float(deficits.get(pair, 0)),
            **{
                name: {
                    kind: None if block is None else _shortfall(frames, book, block, kind, pair=pair)
                    for kind in VALUATIONS
                }
                for name, block in blocks.items()
            },
        }
        for pair in sorted({*held, *deficits})
    }


def _shortfall(
    frames: Frames, book: PriceBook, block: int, kind: str, *, pair: tuple[str, str] | None = None
) -> float | None:
    total = 0
    for row in frames.positions_at(block).to_dict("records"):
        if not row["debt_raw"] or pair not in (None, (row["collateral_asset"], row["debt_asset"])):
            continue
        price = book.valuation(row["collateral_asset"], kind, block)
        if price is None:
            return None
        collateral = value_e8_down(row["collateral_raw"], price, frames.decimals(row["collateral_asset"]))
        total += max(0, debt_e8(frames, book, row, block) - collateral)
    return e8_to_float(total)
