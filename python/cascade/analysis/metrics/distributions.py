"""Describe how healthy and how levered the positions stood, and what collateral a further fall would put at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import pandas as pd

from cascade.analysis.frames import Frames
from cascade.analysis.metrics.lines import open_positions
from cascade.analysis.prices.pricebook import PriceBook
from cascade.analysis.prices.troughs import MarketTrough
from cascade.units import e8_to_float

__all__ = [
    "AT_RISK_PCT",
    "CollateralAtRisk",
    "Quantiles",
    "StartDistributions",
    "collateral_at_risk",
    "collateral_at_risk_by_moment",
    "health_and_ltv",
]

AT_RISK_PCT = (0, 1, 2, 5, 10, 15, 20, 30, 40, 50)
"""Falls of the oracle price for which the summary has a figure, in per cent."""


@dataclass(frozen=True)
class Quantiles:
    """Quantiles over the open positions, each position counted once; each is a value that occurred."""

    p5: float
    """Smallest value that at least 5 % of the positions do not exceed."""
    p25: float
    """The same for 25 %."""
    p50: float
    """The same for 50 %."""
    p75: float
    """The same for 75 %."""
    p95: float
    """The same for 95 %."""


@dataclass(frozen=True)
class StartDistributions:
    """Distributions over the open positions when the crash starts; null without positions."""

    health_factor: Quantiles | None
    """Health factor at the oracle."""
    ltv: Quantiles | None
    """Debt over collateral at the oracle."""


@dataclass(frozen=True)
class CollateralAtRisk:
    """Collateral that would be liquidatable after a fall of all oracle prices of collateral, were nobody to act."""

    start: dict[str, float]
    """When the crash starts: by fall in per cent, in dollars at the oracle price before the fall."""
    trough: dict[str, float] | None
    """At the block of `trough_at`, likewise; null where there is no trough."""


def health_and_ltv(frames: Frames, book: PriceBook) -> StartDistributions:
    """Return the distributions of health factor and LTV when the crash starts."""
    # A position without collateral has no LTV; it is a deficit that has not been written off.
    held = [entry for entry in open_positions(frames, book, frames.first_crash_block - 1) if entry.collateral_e8]
    return StartDistributions(
        health_factor=_quantiles([entry.health for entry in held]),
        ltv=_quantiles([Fraction(entry.debt_e8, entry.collateral_e8) for entry in held]),
    )


def _quantiles(values: Sequence[Fraction]) -> Quantiles | None:
    ordered = sorted(values)
    if not ordered:
        return None

    def at(per_cent: int) -> float:
        # A value that occurred and no mean of two: a risk team looks the position up.
        return float(ordered[ceil(len(ordered) * per_cent / 100) - 1])

    return Quantiles(p5=at(5), p25=at(25), p50=at(50), p75=at(75), p95=at(95))


def collateral_at_risk(
    frames: Frames, book: PriceBook, block: int, *, falls_pct: Sequence[int] = range(101)
) -> pd.DataFrame:
    """Return the collateral that would be liquidatable after falls of the oracle price of all collateral.

    Returns
    -------
    DataFrame
        `fall_pct`, `collateral_usd` (at the oracle's price of the block, before the fall), `positions`.
    """
    healths = [(entry, entry.health) for entry in open_positions(frames, book, block)]
    rows = []
    for fall in falls_pct:
        hit = [entry for entry, health in healths if _breached(health, fall)]
        rows.append((fall, e8_to_float(sum(entry.collateral_e8 for entry in hit)), len(hit)))
    return pd.DataFrame(rows, columns=["fall_pct", "collateral_usd", "positions"])


def _breached(health: Fraction, fall_pct: int) -> bool:
    # In whole numbers: a health factor of exactly one after the fall is not liquidatable.
    return health.numerator * (100 - fall_pct) < 100 * health.denominator


def collateral_at_risk_by_moment(frames: Frames, book: PriceBook, trough: MarketTrough | None) -> CollateralAtRisk:
    """Return the collateral at risk when the crash starts and at the trough, for the falls of `AT_RISK_PCT`."""
    return CollateralAtRisk(
        start=_by_fall(frames, book, frames.first_crash_block - 1),
        trough=_by_fall(frames, book, trough.block_number) if trough else None,
    )


def _by_fall(frames: Frames, book: PriceBook, block: int) -> dict[str, float]:
    frame = collateral_at_risk(frames, book, block, falls_pct=AT_RISK_PCT)
    return {
        str(fall): usd for fall, usd in zip(frame["fall_pct"].tolist(), frame["collateral_usd"].tolist(), strict=True)
    }
