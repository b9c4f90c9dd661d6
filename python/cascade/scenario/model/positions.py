"""Cohorts of positions that are built before the crash begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, model_validator

from cascade.errors import MissingPart
from cascade.scenario.model.common import Distribution, Name, Spec

__all__ = ["CohortSpec", "PledgeSpec", "TargetHealthFactor", "TargetLeverage", "TargetLtv", "TargetSpec"]


@dataclass(frozen=True)
class TargetLtv:
    """Borrow a fixed share of the collateral in each round."""

    ltv_bps: int
    """Share in 1e-4."""


@dataclass(frozen=True)
class TargetLeverage:
    """Reach a drawn leverage after the last round."""

    leverage: Distribution
    """Collateral over equity."""


@dataclass(frozen=True)
class TargetHealthFactor:
    """Reach a drawn health factor after the last round."""

    health_factor: Distribution


class TargetSpec(Spec):
    """End of the loop: exactly one of the three."""

    ltv_per_round_bps: Annotated[int, Field(ge=1, le=9_999)] | None = None
    """Share of the collateral borrowed in each round, in 1e-4."""
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

    @property
    def aim(self) -> TargetLtv | TargetLeverage | TargetHealthFactor:
        """The one target that is given."""
        if self.ltv_per_round_bps is not None:
            return TargetLtv(self.ltv_per_round_bps)
        if self.leverage is not None:
            return TargetLeverage(self.leverage)
        if self.health_factor is not None:
            return TargetHealthFactor(self.health_factor)
        raise MissingPart("target")


class PledgeSpec(Spec):
    """A first layer under a loop: altcoins pledged for the loop's first stablecoins.

    A pledge at the lending pool is held by an account of its own; a pledge at the exchange's desk is held by the
    loop's owner.
    """

    collateral: Name
    """Asset pledged."""
    ltv: Distribution
    """Debt over the value pledged, once built; an LTV near the warning line needs only a small fall to be called."""
    line: Name | None = None
    """Line of the exchange's desk, by its book, that lends; null borrows from the lending pool."""

    def require_line(self) -> str:
        """Return the line of the exchange's desk that lends.

        Raises
        ------
        MissingPart
            When the lending pool lends.
        """
        if self.line is None:
            raise MissingPart("pledge.line")
        return self.line


class CohortSpec(Spec):
    """A group of looped positions."""

    count: Annotated[int, Field(ge=1, le=100_000)]
    """Number of positions."""
    collateral: Name
    """Asset supplied."""
    debt: Name
    """Asset borrowed."""
    venue: Name
    """Venue where the borrowed asset is swapped to collateral; a loop on a staked-usde mints there, and stakes."""
    equity: Distribution
    """Own capital of a position, in tokens of the collateral."""
    rounds: Annotated[int, Field(ge=0, le=20)] = 5
    """Rounds of borrow, swap and supply after the first supply."""
    target: TargetSpec
    """End of the loop."""
    pledge: PledgeSpec | None = None
    """Pledge of altcoins that the equity is borrowed against: the equity then equals that debt, minted to collateral at
    the venue; null starts from own capital."""
    emode: Annotated[int, Field(ge=0, le=255)] = 0
    """Efficiency mode that the borrowers enter first; 0 disables it."""

    def require_pledge(self) -> PledgeSpec:
        """Return what the equity is borrowed against.

        Raises
        ------
        MissingPart
            When the cohort starts from own capital.
        """
        if self.pledge is None:
            raise MissingPart("pledge")
        return self.pledge
