"""Cohorts of positions that stand when the crash begins."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from cascade.scenario.model.common import Distribution, Name, Spec

__all__ = ["CohortSpec", "PledgeSpec", "TargetSpec"]


class TargetSpec(Spec):
    """How far a loop goes: exactly one of the three."""

    ltv_per_round_bps: Annotated[int, Field(ge=1, le=9_999)] | None = None
    """Borrow so much of each round's collateral, in 1e-4."""
    leverage: Distribution | None = None
    """Collateral over equity after the last round."""
    health_factor: Distribution | None = None
    """Health factor after the last round."""

    @model_validator(mode="after")
    def _one(self) -> TargetSpec:
        given = [key for key in ("ltv_per_round_bps", "leverage", "health_factor") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError("needs exactly one of ltv_per_round_bps, leverage, health_factor")
        return self


class PledgeSpec(Spec):
    """A first layer under a loop: altcoins pledged for the loop's first stablecoins.

    Pledged at the lending pool they are in an account of their own; at the exchange's desk, in the loop's owner's.
    """

    collateral: Name
    """Asset pledged."""
    ltv: Distribution
    """Debt over the value pledged, once built: near the warning line where little has to happen."""
    line: Name | None = None
    """Line of the exchange's desk, by its book, that lends; none is the lending pool."""


class CohortSpec(Spec):
    """A group of looped positions."""

    count: Annotated[int, Field(ge=1, le=100_000)]
    """Positions."""
    collateral: Name
    """Asset supplied."""
    debt: Name
    """Asset borrowed."""
    venue: Name
    """Where the borrowed asset is swapped to collateral; a loop on a staked-usde mints there, and stakes."""
    equity: Distribution
    """Own capital of a position, in tokens of the collateral."""
    rounds: Annotated[int, Field(ge=0, le=20)] = 5
    """Rounds of borrow, swap and supply after the first supply."""
    target: TargetSpec
    """How far the loop goes."""
    pledge: PledgeSpec | None = None
    """Where the equity is borrowed against altcoins; it then equals that debt, minted to collateral at the venue."""
    emode: Annotated[int, Field(ge=0, le=255)] = 0
    """Efficiency mode the borrowers enter first; 0 is none."""
