"""Measure how few accounts held the collateral, and how few keepers liquidated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.recording.tables import LiquidationRow, PositionRow
from cascade.units import value_e8_up

__all__ = ["Concentration", "concentration", "sum_by"]


@dataclass(frozen=True)
class Concentration:
    """Concentration of collateral and of liquidations; null where there is nothing to share."""

    collateral_hhi: float | None
    """Herfindahl index of the borrowers' collateral at the oracle when the crash starts: the sum of squared shares,
    from 1 / borrowers to 1."""
    collateral_top10_pct: float | None
    """Share of the ten largest borrowers in that collateral, in per cent."""
    keepers_hhi: float | None
    """Herfindahl index of the debt that each keeper repaid, in dollars."""


def concentration(frames: Frames) -> Concentration:
    """Return how concentrated collateral and liquidations were."""
    start = frames.positions_at(frames.first_crash_block - 1)
    holdings = sorted(sum_by(start, lambda row: row.borrower).values(), reverse=True)
    covered: dict[str, int] = {}
    for row in frames.rows(LiquidationRow):
        worth = value_e8_up(row.debt_covered_raw, row.debt_price_e8, frames.decimals(row.debt_asset))
        covered[row.liquidator] = covered.get(row.liquidator, 0) + worth
    total = sum(holdings)
    return Concentration(
        collateral_hhi=_hhi(holdings),
        collateral_top10_pct=100 * sum(holdings[:10]) / total if total else None,
        keepers_hhi=_hhi(list(covered.values())),
    )


def sum_by(positions: Iterable[PositionRow], key: Callable[[PositionRow], str]) -> dict[str, int]:
    """Return the collateral at the oracle, in dollars with 8 decimals, summed by a key of the positions."""
    totals: dict[str, int] = {}
    for row in positions:
        totals[key(row)] = totals.get(key(row), 0) + row.collateral_base_e8
    return totals


def _hhi(amounts: Sequence[int]) -> float | None:
    total = sum(amounts)
    return sum(amount * amount for amount in amounts) / total**2 if total else None
