"""Measure what scarce block space did: how long liquidations waited, and the deficit that the wait added."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.tables import LiquidationRow, TransactionRow
from cascade.units import BPS, E8, value_e8_down, value_e8_up
from cascade.vocabulary import Phase

__all__ = ["BlockSpace", "block_space"]

_WEI_PER_GWEI = 10**9


@dataclass(frozen=True)
class BlockSpace:
    """Queue, fees and waiting in the crash phase."""

    peak_queued: int
    """Largest number of transactions that were left waiting after a block."""
    peak_queued_gas: int
    """Largest gas that those had reserved."""
    peak_base_fee_gwei: float | None
    """Highest base fee, in gwei; null without a block, and in a run in process, which knows no gas."""
    liquidations_delayed: int
    """Number of liquidations that were mined in a later step than the one of their first proposal."""
    blocks_delayed: int
    """Sum of the steps that those waited."""
    max_blocks_delayed: int
    """Longest of those waits, in steps."""
    deficit_of_waiting_usd: float
    """Deficit of those liquidations less the deficit at the oracle price of the step of their proposal, in dollars,
    summed where positive. The latter is the debt less what the collateral at that price pays after the bonus, with
    the debt at its price in the liquidation."""


def block_space(frames: Frames, book: PriceBook) -> BlockSpace:
    """Return the queue, the fees and the waiting of the crash phase."""
    crash = frames.chain_blocks[frames.chain_blocks["phase"] == Phase.CRASH]
    fees = crash["base_fee_wei"].dropna()
    block_of = dict(zip(crash["step"].tolist(), crash["block_number"].tolist(), strict=True))
    proposed = {row.tx_hash: row.proposed_step for row in frames.rows(TransactionRow)}
    waits: list[int] = []
    deficit = Fraction(0)
    for row in frames.rows(LiquidationRow):
        since = proposed.get(row.tx_hash, row.step)
        # Mined in the step of its proposal: it did not wait.
        if since >= row.step:
            continue
        waits.append(row.step - since)
        deficit += _deficit_of_waiting(frames, book, row, block_of.get(since, frames.first_crash_block - 1))
    return BlockSpace(
        peak_queued=int(crash["queued"].max()) if len(crash) else 0,
        peak_queued_gas=int(crash["queued_gas"].max()) if len(crash) else 0,
        peak_base_fee_gwei=int(fees.max()) / _WEI_PER_GWEI if len(fees) else None,
        liquidations_delayed=len(waits),
        blocks_delayed=sum(waits),
        max_blocks_delayed=max(waits, default=0),
        deficit_of_waiting_usd=float(deficit),
    )


def _deficit_of_waiting(frames: Frames, book: PriceBook, row: LiquidationRow, block: int) -> Fraction:
    debt = row.debt_price_e8, frames.decimals(row.debt_asset)
    decimals = frames.decimals(row.collateral_asset)
    collateral_then = value_e8_down(row.collateral_before_raw, book.oracle(row.collateral_asset, block), decimals)
    # Only what the collateral is worth after the bonus pays debt: a liquidator takes the bonus first.
    pays = Fraction(collateral_then * BPS, BPS + row.bonus_bps)
    then = max(Fraction(0), value_e8_up(row.debt_before_raw, *debt) - pays)
    booked = value_e8_up(row.deficit_raw, *debt)
    return max(Fraction(0), booked - then) / E8
