"""Sums over the build and over all liquidations."""

from __future__ import annotations

from cascade.analysis.frames import Frames
from cascade.units import e8_to_float, value_e8_down, value_e8_up

__all__ = ["built_totals", "liquidation_totals"]


def liquidation_totals(frames: Frames) -> dict[str, float]:
    """Sum over the liquidations, each valued at the oracle's prices inside it.

    Returns
    -------
    dict
        `debt_covered_usd`: debt repaid by liquidators. `collateral_seized_usd`: collateral taken, fee included.
        `bonus_paid_usd`: seized less covered, the protocol's fee included. `protocol_fee_usd`: the treasury's part
        of that. `deficit_usd`: debt written off to the reserves' deficit.
    """
    covered = seized = fee = deficit = 0
    for row in frames.liquidations.to_dict("records"):
        collateral = row["collateral_price_e8"], frames.decimals(row["collateral_asset"])
        debt = row["debt_price_e8"], frames.decimals(row["debt_asset"])
        covered += value_e8_up(row["debt_covered_raw"], *debt)
        seized += value_e8_down(row["collateral_seized_raw"], *collateral)
        fee += value_e8_down(row["protocol_fee_raw"], *collateral)
        deficit += value_e8_up(row["deficit_raw"], *debt)
    return {
        "debt_covered_usd": e8_to_float(covered),
        "collateral_seized_usd": e8_to_float(seized),
        "bonus_paid_usd": e8_to_float(seized - covered),
        "protocol_fee_usd": e8_to_float(fee),
        "deficit_usd": e8_to_float(deficit),
    }


def built_totals(frames: Frames) -> dict[str, float]:
    """Collateral and debt of all positions at the oracle, when the build ended."""
    built = frames.positions[frames.positions["event"] == "built"]
    return {f"{side}_built_usd": e8_to_float(sum(built[f"{side}_base_e8"])) for side in ("collateral", "debt")}
