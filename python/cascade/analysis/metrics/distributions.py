"""How healthy and how levered the positions stood, and what collateral a further fall would put at risk."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import Any

import pandas as pd

from cascade.analysis.frames import Frames
from cascade.analysis.metrics.lines import OpenPosition, open_positions
from cascade.analysis.prices.pricebook import PriceBook
from cascade.units import e8_to_float

__all__ = ["AT_RISK_PCT", "collateral_at_risk", "collateral_at_risk_by_moment", "health_and_ltv"]

AT_RISK_PCT = (0, 1, 2, 5, 10, 15, 20, 30, 40, 50)
"""Falls of the oracle price that the summary names, in per cent."""

_PER_CENTS = (5, 25, 50, 75, 95)


def health_and_ltv(frames: Frames, book: PriceBook) -> dict[str, dict[str, float] | None]:
    """Distribution over the open positions when the crash starts, each position counted once.

    Returns
    -------
    dict
        `health_factor` and `ltv` (debt over collateral at the oracle): `p5`, `p25`, `p50`, `p75`, `p95`, each a value
        that occurred, the smallest that at least so many per cent do not exceed; None without positions.
    """
    held = [entry for entry in open_positions(frames, book, frames.first_crash_block - 1) if entry.collateral_e8]
    return {
        "health_factor": _quantiles([entry.health for entry in held]),
        "ltv": _quantiles([Fraction(entry.debt_e8, entry.collateral_e8) for entry in held]),
    }


def _quantiles(values: Sequence[Fraction]) -> dict[str, float] | None:
    ordered = sorted(values)
    if not ordered:
        return None
    return {f"p{share}": float(ordered[ceil(len(ordered) * share / 100) - 1]) for share in _PER_CENTS}


def collateral_at_risk(
    frames: Frames, book: PriceBook, block: int, *, falls_pct: Sequence[int] = range(101)
) -> pd.DataFrame:
    """Collateral that would be liquidatable if the oracle price of all collateral fell by so much, were nobody to act.

    Returns
    -------
    DataFrame
        `fall_pct`, `collateral_usd` (at the oracle's price of the block, before the fall), `positions`.
    """
    held = open_positions(frames, book, block)
    rows = []
    for fall in falls_pct:
        hit = [entry for entry in held if _breached(entry, fall)]
        rows.append((fall, e8_to_float(sum(entry.collateral_e8 for entry in hit)), len(hit)))
    return pd.DataFrame(rows, columns=["fall_pct", "collateral_usd", "positions"])


def _breached(entry: OpenPosition, fall_pct: int) -> bool:
    return entry.health * (100 - fall_pct) < 100


def collateral_at_risk_by_moment(
    frames: Frames, book: PriceBook, trough: dict[str, Any] | None
) -> dict[str, dict[str, float] | None]:
    """`collateral_at_risk` when the crash starts and at the trough: fall in per cent -> dollars."""
    moments = {"start": frames.first_crash_block - 1, "trough": trough["block_number"] if trough else None}
    return {
        name: None if block is None else _named(collateral_at_risk(frames, book, block, falls_pct=AT_RISK_PCT))
        for name, block in moments.items()
    }


def _named(frame: pd.DataFrame) -> dict[str, float]:
    return {
        str(fall): usd for fall, usd in zip(frame["fall_pct"].tolist(), frame["collateral_usd"].tolist(), strict=True)
    }
