"""How long the unhealthy wait to be liquidated, and how many do."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import pandas as pd

from cascade.analysis.frames import CRASH, Frames
from cascade.analysis.metrics.lines import bonus_bps, open_positions
from cascade.analysis.moments import utc
from cascade.analysis.prices.pricebook import PriceBook
from cascade.units import BPS, e8_to_float

__all__ = ["backlog", "liquidation_delay", "nearest_rank", "stuck_debt"]

_HEALTHY_BPS = 10_000


def backlog(frames: Frames) -> dict[str, Any]:
    """Open positions under a health factor of 1 at the end of a block, at the most.

    Returns
    -------
    dict
        `peak_positions`; `peak_debt_usd`: their debt at the oracle at that block; `at`: its time, or None;
        `end_positions`: the same count at the last block. `blocks_to_clear`: blocks from that block to the first one
        after it without any, None where they never cleared, 0 without a backlog.
    """
    under = frames.health[(frames.health["phase"] == CRASH) & (frames.health["health_high_bps"] <= _HEALTHY_BPS)]
    if under.empty:
        return {"peak_positions": 0, "peak_debt_usd": 0.0, "at": None, "end_positions": 0, "blocks_to_clear": 0}
    counts = under.groupby("block_number", sort=True)["positions"].sum()
    block = int(counts.idxmax())
    peak = under[under["block_number"] == block]
    after = sorted(later for later in frames.chain_blocks["block_number"].tolist() if later > block)
    return {
        "peak_positions": int(counts.loc[block]),
        "peak_debt_usd": e8_to_float(sum(peak["debt_base_e8"].tolist())),
        "at": utc(peak["timestamp"].iloc[0]),
        "end_positions": int(counts.get(frames.last_block, 0)),
        "blocks_to_clear": next(
            (number for number, later in enumerate(after, start=1) if later not in counts.index), None
        ),
    }


def stuck_debt(frames: Frames, book: PriceBook) -> dict[str, Any]:
    """Debt that no keeper would take at the end: under a health factor of 1, and liquidating it loses money.

    It loses where what a keeper keeps of the collateral (one plus the bonus less the protocol's part of it), sold at
    the best venue's spot price, brings less than the same debt at the oracle: (1 + b (1 - f)) x spot <= oracle. That is
    before slippage and gas, so the least that is stuck. Collateral that no venue quotes is not judged.

    Returns
    -------
    dict
        `positions` and `debt_usd`, at the oracle of the last block.
    """
    block, stuck = frames.last_block, []
    for entry in open_positions(frames, book, block):
        asset = entry.collateral_asset
        spots = [book.at(asset, source, block) for source in book.sources(asset) if source.startswith("spot:")]
        best = max((spot for spot in spots if spot is not None), default=None)
        if best is None or entry.health >= 1:
            continue
        bonus = bonus_bps(frames, entry.cohort, asset)
        fee = int(frames.parameters["lending"]["reserves"][asset].get("liquidation_protocol_fee_bps", 0))
        if (BPS * BPS + bonus * (BPS - fee)) * best <= BPS * BPS * book.oracle(asset, block):
            stuck.append(entry.debt_e8)
    return {"positions": len(stuck), "debt_usd": e8_to_float(sum(stuck))}


def liquidation_delay(liquidations: pd.DataFrame) -> dict[str, int | None]:
    """Blocks from the one that took a health factor under 1 to the first liquidation after it.

    One value a borrower and fall under 1; `median` and `p95` are the smallest values that at least half and 95 % of
    all do not exceed, so each is a delay that happened. None without liquidations.
    """
    first = liquidations.sort_values(["block_number", "log_index"]).drop_duplicates(
        ["borrower", "unhealthy_since_step"]
    )
    first = first[first["unhealthy_since_step"] >= 0]
    delays = sorted((first["step"] - first["unhealthy_since_step"]).tolist())
    if not delays:
        return {"median": None, "p95": None, "max": None}
    return {"median": nearest_rank(delays, 50), "p95": nearest_rank(delays, 95), "max": delays[-1]}


def nearest_rank(ordered: Sequence[int], per_cent: int) -> int:
    """Smallest value that at least so many per cent do not exceed."""
    return ordered[ceil(len(ordered) * per_cent / 100) - 1]
