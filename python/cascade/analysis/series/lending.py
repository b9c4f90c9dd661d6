"""Figures over time and over the positions, in floats, for charts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cascade.analysis.frames import Frames, positions_usd
from cascade.analysis.lending.baskets import Baskets
from cascade.analysis.lending.exposures import is_account
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.store import rows_of
from cascade.recording.tables import (
    HealthRow,
    LiquidationRow,
    LiquidityRow,
    LoopRow,
    OtherDeficitRow,
    PositionRow,
)
from cascade.units import BPS, e8_to_float, to_tokens
from cascade.vocabulary import Phase, Valuation

__all__ = [
    "UNBOUNDED_BPS",
    "bucket_label",
    "debt_at_risk",
    "depth_over_time",
    "health_over_time",
    "leverage_at_build",
    "losses_over_time",
]

UNBOUNDED_BPS = 2**31
"""Upper bound of the last bucket of health factors."""

_RISK_STEPS = 100


def health_over_time(frames: Frames, *, every: int = 1) -> pd.DataFrame:
    """Return the open positions by bucket of health factor, with a row for every bucket that ever held one.

    Parameters
    ----------
    frames : Frames
        The run.
    every : int
        Take every so many crash blocks, and the last.

    Returns
    -------
    DataFrame
        `timestamp`, `health_low_bps`, `health_high_bps`, `positions`, `collateral_usd`; zeros where a bucket is empty.
    """
    health = frames.health[frames.health["phase"] == Phase.CRASH]
    buckets = sorted(set(zip(health["health_low_bps"].tolist(), health["health_high_bps"].tolist(), strict=True)))
    filled = {
        (row.block_number, row.health_low_bps): (row.positions, e8_to_float(row.collateral_base_e8))
        for row in rows_of(health, HealthRow)
    }
    rows = []
    crash = frames.chain_blocks[frames.chain_blocks["phase"] == Phase.CRASH]
    blocks = list(zip(crash["block_number"].tolist(), crash["timestamp"].tolist(), strict=True))
    for block, timestamp in sorted({*blocks[::every], *blocks[-1:]}):
        for low, high in buckets:
            positions, collateral = filled.get((block, low), (0, 0.0))
            rows.append((timestamp, low, high, positions, collateral))
    return pd.DataFrame(rows, columns=["timestamp", "health_low_bps", "health_high_bps", "positions", "collateral_usd"])


def losses_over_time(frames: Frames) -> pd.DataFrame:
    """Return the realised and open losses of lenders at each crash block where a price or a position changed.

    Returns
    -------
    DataFrame
        `timestamp`, `deficit_usd` (written off so far), and `oracle_usd`, `exit_usd`, `redemption_usd`: the
        shortfall of the open positions at that valuation, as `summary.shortfalls` has it; NaN without a price.
    """
    book = PriceBook(frames)
    changes = sorted(frames.rows(PositionRow), key=lambda row: row.block_number)
    baskets = Baskets(frames, [row for row in changes if is_account(frames, row.borrower)])
    changes = [row for row in changes if not is_account(frames, row.borrower)]
    keys = sorted({(row.borrower, row.collateral_asset, row.debt_asset) for row in changes})
    index = {key: i for i, key in enumerate(keys)}
    pairs = {pair: np.array([key[1:] == pair for key in keys]) for pair in sorted({key[1:] for key in keys})}
    balances = _OpenBalances(np.zeros(len(keys)), np.zeros(len(keys)), pairs)
    deficits = _deficits_by_block(frames)
    prices = frames.prices["block_number"].tolist()
    first = frames.first_chain_block
    changed = [*(row.block_number for row in changes), *baskets.blocks]
    blocks = sorted({first, frames.last_block, *prices, *changed})
    written_off, position = 0.0, 0
    rows = []
    for block in blocks:
        while position < len(changes) and changes[position].block_number <= block:
            row = changes[position]
            at = index[row.borrower, row.collateral_asset, row.debt_asset]
            balances.collateral[at] = float(to_tokens(row.collateral_raw, frames.decimals(row.collateral_asset)))
            balances.debt[at] = float(to_tokens(row.debt_raw, frames.decimals(row.debt_asset)))
            position += 1
        baskets.advance(block)
        if block < first or block not in frames.timestamps:
            continue
        written_off += deficits.pop(block, 0.0)
        shortfalls = [
            balances.shortfall_usd(book, kind, block) + baskets.shortfall_usd(book, kind, block) for kind in Valuation
        ]
        rows.append((frames.timestamps[block], written_off, *shortfalls))
    return pd.DataFrame(rows, columns=["timestamp", "deficit_usd", *(f"{kind}_usd" for kind in Valuation)])


def _deficits_by_block(frames: Frames) -> dict[int, float]:
    deficits: dict[int, float] = {}
    for row in frames.rows(LiquidationRow):
        tokens = float(to_tokens(row.deficit_raw, frames.decimals(row.debt_asset)))
        worth = tokens * e8_to_float(row.debt_price_e8)
        deficits[row.block_number] = deficits.get(row.block_number, 0.0) + worth
    for lost in frames.rows(OtherDeficitRow):
        worth = float(to_tokens(lost.deficit_raw, frames.decimals(lost.asset))) * e8_to_float(lost.price_e8 or 0)
        deficits[lost.block_number] = deficits.get(lost.block_number, 0.0) + worth
    return deficits


@dataclass
class _OpenBalances:
    """Balances in tokens, one entry per position, and the entries of each pair of assets."""

    collateral: npt.NDArray[np.float64]
    debt: npt.NDArray[np.float64]
    pairs: dict[tuple[str, str], npt.NDArray[np.bool_]]

    def shortfall_usd(self, book: PriceBook, valuation: Valuation, block: int) -> float:
        total = 0.0
        for (collateral_asset, debt_asset), chosen in self.pairs.items():
            if not self.debt[chosen].any():
                continue
            price = book.valuation(collateral_asset, valuation, block)
            if price is None:
                return float("nan")
            owed = self.debt[chosen] * e8_to_float(book.oracle(debt_asset, block))
            total += float(np.maximum(0, owed - self.collateral[chosen] * e8_to_float(price)).sum())
        return total


def depth_over_time(frames: Frames) -> pd.DataFrame:
    """Return the collateral that each venue would buy within a distance of its price, at each block that changed it.

    Returns
    -------
    DataFrame
        `timestamp`, `venue`, `within_bps`, `tokens` (of the venue's second coin).
    """
    rows = []
    for row in rows_of(frames.venue_liquidity, LiquidityRow):
        asset = frames.parameters["venues"][row.venue]["coins"][1]
        tokens = float(to_tokens(row.sell_raw, frames.decimals(asset)))
        rows.append((row.timestamp, row.venue, row.within_bps, tokens))
    return pd.DataFrame(rows, columns=["timestamp", "venue", "within_bps", "tokens"])


def leverage_at_build(frames: Frames) -> pd.DataFrame:
    """Return each looped position's collateral over its first supply, and whether it was liquidated later.

    Returns
    -------
    DataFrame
        `borrower`, `leverage`, `liquidated`.
    """
    liquidated = set(frames.liquidations["borrower"])
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for row in sorted(frames.rows(LoopRow), key=lambda row: row.round):
        first.setdefault(row.borrower, row.supplied_raw)
        last[row.borrower] = row.collateral_raw
    rows = [(name, last[name] / own, name in liquidated) for name, own in first.items() if own]
    return pd.DataFrame(rows, columns=["borrower", "leverage", "liquidated"])


def debt_at_risk(frames: Frames) -> pd.DataFrame:
    """Return the debt that a fall of the collateral's oracle price makes liquidatable, were nobody to act.

    The positions are those before the first crash block: a position with health factor h is liquidatable once the price
    has fallen by more than 1 - 1/h.

    Returns
    -------
    DataFrame
        `fall_pct` from 0 to 100, `debt_usd`, `positions`.
    """
    positions = positions_usd(frames)
    start = positions.loc[frames.position_frame_at(frames.first_crash_block - 1).index]
    start = start[start["debt_usd"] > 0]
    health, debt = start["health_factor"].to_numpy(), start["debt_usd"].to_numpy()
    falls = np.arange(_RISK_STEPS + 1)
    breached = [health * (1 - fall / 100) < 1 for fall in falls]
    return pd.DataFrame(
        {
            "fall_pct": falls.astype(float),
            "debt_usd": [float(debt[mask].sum()) for mask in breached],
            "positions": [int(mask.sum()) for mask in breached],
        }
    )


def bucket_label(low_bps: int, high_bps: int) -> str:
    """Return the label of a bucket of health factors, as `0.95 to 1.00`."""
    if high_bps >= UNBOUNDED_BPS:
        return f"{low_bps / BPS:.2f} and more"
    return f"{low_bps / BPS:.2f} to {high_bps / BPS:.2f}"
