"""Count the positions that wait to be liquidated, and measure how long they wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import pandas as pd

from cascade.analysis.frames import Frames
from cascade.analysis.metrics.lines import open_positions
from cascade.analysis.moments import utc
from cascade.analysis.prices.pricebook import PriceBook
from cascade.units import BPS, e8_to_float
from cascade.vocabulary import Phase

__all__ = ["Backlog", "LiquidationDelay", "StuckDebt", "backlog", "liquidation_delay", "nearest_rank", "stuck_debt"]


@dataclass(frozen=True)
class Backlog:
    """Open positions with a health factor under 1 at the end of a block."""

    peak_positions: int
    """Largest number of them at the end of any block of the crash phase."""
    peak_debt_usd: float
    """Their debt at the oracle at that block, in dollars."""
    at: str | None
    """Time of that block; null without a backlog."""
    end_positions: int
    """Number of them at the last block of the run."""
    blocks_to_clear: int | None
    """Blocks from the peak to the first later block without any; null where there is none, 0 without a backlog."""


@dataclass(frozen=True)
class StuckDebt:
    """Debt that no keeper would take at the end of the run."""

    positions: int
    """Number of such positions."""
    debt_usd: float
    """Their debt at the oracle of the last block, in dollars."""


@dataclass(frozen=True)
class LiquidationDelay:
    """Blocks from the block that took a health factor under 1 to the first liquidation after it.

    There is one value per borrower and fall under 1. Each quantile is a delay that occurred; null without
    liquidations.
    """

    median: int | None
    """Smallest delay that at least half of all delays do not exceed."""
    p95: int | None
    """Smallest delay that at least 95 % of all delays do not exceed."""
    max: int | None
    """Longest delay."""


def backlog(frames: Frames) -> Backlog:
    """Return the largest number of open positions that were liquidatable at the end of a block, and how it cleared."""
    under = frames.health[(frames.health["phase"] == Phase.CRASH) & (frames.health["health_high_bps"] <= BPS)]
    if under.empty:
        return Backlog(peak_positions=0, peak_debt_usd=0.0, at=None, end_positions=0, blocks_to_clear=0)
    counts = under.groupby("block_number", sort=True)["positions"].sum()
    # The first block with the largest number: `idxmax` returns the first of equals.
    block = int(counts.idxmax())
    peak = under[under["block_number"] == block]
    after = sorted(later for later in frames.chain_blocks["block_number"].tolist() if later > block)
    return Backlog(
        peak_positions=int(counts.loc[block]),
        peak_debt_usd=e8_to_float(sum(peak["debt_base_e8"].tolist())),
        at=utc(peak["timestamp"].iloc[0]),
        end_positions=int(counts.get(frames.last_block, 0)),
        blocks_to_clear=next(
            (number for number, later in enumerate(after, start=1) if later not in counts.index), None
        ),
    )


def stuck_debt(frames: Frames, book: PriceBook) -> StuckDebt:
    """Return the debt of positions with a health factor under 1 whose liquidation loses money at the end.

    A liquidation loses money where the collateral that a keeper keeps (one plus the bonus less the protocol's part of
    the bonus), sold at the best venue's spot price, brings less than the same debt at the oracle:
    (1 + b (1 - f)) x spot <= oracle. Slippage and gas are left out, so that the figure is a lower bound. Collateral
    that no venue quotes is not counted. Of an account with several collaterals, the best one decides.
    """
    block = frames.last_block
    stuck: list[int] = []
    for entry in open_positions(frames, book, block):
        if entry.health >= 1:
            continue
        loses = [_loses_money(frames, book, asset, bonus) for asset, bonus in entry.bonuses_bps.items()]
        quoted = [one for one in loses if one is not None]
        if quoted and all(quoted):
            stuck.append(entry.debt_e8)
    return StuckDebt(positions=len(stuck), debt_usd=e8_to_float(sum(stuck)))


def _loses_money(frames: Frames, book: PriceBook, asset: str, bonus_bps: int) -> bool | None:
    """Return whether selling a seized collateral at the end pays less than its debt; None where no venue quotes it."""
    block = frames.last_block
    spots = [book.at(asset, source, block) for source in book.sources(asset) if source.startswith("spot:")]
    best = max((spot for spot in spots if spot is not None), default=None)
    if best is None:
        return None
    fee = int(frames.parameters["lending"]["reserves"][asset].get("liquidation_protocol_fee_bps", 0))
    # Both sides times 1e8: the comparison stays in exact integers.
    return (BPS * BPS + bonus_bps * (BPS - fee)) * best <= BPS * BPS * book.oracle(asset, block)


def liquidation_delay(liquidations: pd.DataFrame) -> LiquidationDelay:
    """Return the quantiles of the blocks that liquidatable positions waited.

    Parameters
    ----------
    liquidations : DataFrame
        The table `liquidations`.
    """
    first = liquidations.sort_values(["block_number", "log_index"]).drop_duplicates(
        ["borrower", "unhealthy_since_step"]
    )
    # A position that was unhealthy before the crash began has no such step, and waited for no keeper of the crash.
    first = first[first["unhealthy_since_step"] >= 0]
    delays = sorted((first["step"] - first["unhealthy_since_step"]).tolist())
    if not delays:
        return LiquidationDelay(median=None, p95=None, max=None)
    return LiquidationDelay(median=nearest_rank(delays, 50), p95=nearest_rank(delays, 95), max=delays[-1])


def nearest_rank(ordered: Sequence[int], per_cent: int) -> int:
    """Return the smallest of some ordered values that at least so many per cent of them do not exceed."""
    return ordered[ceil(len(ordered) * per_cent / 100) - 1]
