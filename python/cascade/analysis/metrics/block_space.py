"""What scarce block space did: how long liquidations waited, and the deficit that the wait made."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from cascade.analysis.frames import CRASH, Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.units import BPS, E8, value_e8_down, value_e8_up

__all__ = ["block_space"]


def block_space(frames: Frames, book: PriceBook) -> dict[str, Any]:
    """Queue, fees and waiting in the crash phase.

    Returns
    -------
    dict
        `peak_queued`: most transactions left waiting after a block; `peak_queued_gas`: most gas that those reserved.
        `peak_base_fee_gwei`. `liquidations_delayed`: liquidations mined in a later step than the
        one at which they were first proposed; `blocks_delayed`: sum of those steps; `max_blocks_delayed`.
        `deficit_of_waiting_usd`: over the delayed ones, the deficit booked less what it would have been at the
        oracle's price of the step of the proposal, where that is positive. It would have been the debt less what the
        collateral, at that price, pays after the bonus; the debt at its price in the liquidation.
    """
    crash = frames.chain_blocks[frames.chain_blocks["phase"] == CRASH]
    block_of = dict(zip(crash["step"].tolist(), crash["block_number"].tolist(), strict=True))
    proposed = dict(
        zip(frames.transactions["tx_hash"].tolist(), frames.transactions["proposed_step"].tolist(), strict=True)
    )
    waits: list[int] = []
    deficit = Fraction(0)
    for row in frames.liquidations.to_dict("records"):
        since = proposed.get(row["tx_hash"], row["step"])
        if since >= row["step"]:
            continue
        waits.append(row["step"] - since)
        deficit += _deficit_of_waiting(frames, book, row, block_of.get(since, frames.first_crash_block - 1))
    return {
        "peak_queued": int(crash["queued"].max()) if len(crash) else 0,
        "peak_queued_gas": int(crash["queued_gas"].max()) if len(crash) else 0,
        "peak_base_fee_gwei": int(crash["base_fee_wei"].max()) / 10**9 if len(crash) else None,
        "liquidations_delayed": len(waits),
        "blocks_delayed": sum(waits),
        "max_blocks_delayed": max(waits, default=0),
        "deficit_of_waiting_usd": float(deficit),
    }


def _deficit_of_waiting(frames: Frames, book: PriceBook, row: dict[Any, Any], block: int) -> Fraction:
    debt = row["debt_price_e8"], frames.decimals(row["debt_asset"])
    decimals = frames.decimals(row["collateral_asset"])
    collateral_then = value_e8_down(row["collateral_before_raw"], book.oracle(row["collateral_asset"], block), decimals)
    pays = Fraction(collateral_then * BPS, BPS + row["bonus_bps"])
    then = max(Fraction(0), value_e8_up(row["debt_before_raw"], *debt) - pays)
    booked = value_e8_up(row["deficit_raw"], *debt)
    return max(Fraction(0), booked - then) / E8
