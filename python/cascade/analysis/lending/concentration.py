"""How few held the collateral, and how few liquidated."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cascade.analysis.frames import Frames
from cascade.units import value_e8_up

__all__ = ["concentration", "sum_by"]


def concentration(frames: Frames) -> dict[str, float | None]:
    """How concentrated collateral and liquidating were.

    Returns
    -------
    dict
        `collateral_hhi`: sum of squared shares of the borrowers' collateral at the oracle when the crash starts, from
        1/positions to 1. `collateral_top10_pct`: share of the ten largest. `keepers_hhi`: the same index over the
        keepers' debt covered, in dollars. None where there is nothing to share.
    """
    start = frames.positions_at(frames.first_crash_block - 1)
    holdings = sorted(sum_by(start, "borrower").values(), reverse=True)
    covered: dict[str, int] = {}
    for row in frames.liquidations.to_dict("records"):
        worth = value_e8_up(row["debt_covered_raw"], row["debt_price_e8"], frames.decimals(row["debt_asset"]))
        covered[row["liquidator"]] = covered.get(row["liquidator"], 0) + worth
    total = sum(holdings)
    return {
        "collateral_hhi": _hhi(holdings),
        "collateral_top10_pct": 100 * sum(holdings[:10]) / total if total else None,
        "keepers_hhi": _hhi(list(covered.values())),
    }


def sum_by(positions: pd.DataFrame, key: str) -> dict[str, int]:
    """Collateral at the oracle, dollars with 8 decimals, by a column."""
    totals: dict[str, int] = {}
    for name, value in zip(positions[key].tolist(), positions["collateral_base_e8"].tolist(), strict=True):
        totals[name] = totals.get(name, 0) + value
    return totals


def _hhi(amounts: Sequence[int]) -> float | None:
    total = sum(amounts)
    return sum(amount * amount for amount in amounts) / total**2 if total else None
