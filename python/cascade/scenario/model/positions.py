"""Positions that are built before the crash begins: cohorts of loops, and files of real accounts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from cascade.account_files import FileLayout, ReadOptions
from cascade.errors import MissingPart
from cascade.scenario.model.common import Amount, Distribution, Name, Spec
from cascade.units import BPS

__all__ = [
    "AccountsSpec",
    "CohortSpec",
    "PledgeSpec",
    "PositionsSpec",
    "TargetHealthFactor",
    "TargetLeverage",
    "TargetLtv",
    "TargetSpec",
]

_LOOPS, _ACCOUNTS = "loops", "accounts"


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

    # Left out of the parameters: a cohort that does not state its kind is the one that has always been.
    kind: Annotated[Literal["loops"], Field(exclude=True)] = "loops"
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


class AccountsSpec(Spec):
    """Accounts of a file, built as they stand there: docs/POSITIONS.md describes the files."""

    kind: Literal["accounts"]
    file: Annotated[str, Field(min_length=1)]
    """CSV, Parquet (`.parquet`) or JSON (`.json`), relative to the folder of the scenario's file."""
    format: FileLayout = "long"
    """Layout of the file: `long` has a row per account and asset; `subgraph` holds `userReserves`; `query` is like
    `long` under the names that queries give; `wide` has a row per account."""
    columns: dict[str, str | None] = {}
    """Column of the file by the name that the long form has for it, where it is another; null states that no column
    holds it, and ignores those whose names look like it."""
    assets: dict[Annotated[str, Field(min_length=1)], Name | None] = {}
    """Asset of the scenario by the file's name or address of it, where it is another; null leaves the asset out, and
    the accounts that hold it are not built."""
    dust_usd: Amount = Decimal(1)
    """Accounts whose supplies and debts are both worth less are dropped, in dollars."""
    utilisation_bps: dict[Name, Annotated[int, Field(ge=1, le=BPS)]] = {}
    """Share of a reserve's supply that is borrowed once the accounts stand, in 1e-4: lenders supply what is missing."""
    borrows: bool = True
    """Whether the accounts borrow; false builds their supplies alone."""
    skip: bool = False
    """Whether accounts that cannot be built are left out and reported; otherwise they are an error."""

    @property
    def options(self) -> ReadOptions:
        """How the file is read."""
        return ReadOptions(layout=self.format, columns=self.columns, assets=self.assets)


def _kind_of(value: object) -> object:
    """Return the kind of an entry; one that states none is a cohort of loops."""
    return value.get("kind", _LOOPS) if isinstance(value, dict) else getattr(value, "kind", _LOOPS)


PositionsSpec = Annotated[
    Annotated[CohortSpec, Tag(_LOOPS)] | Annotated[AccountsSpec, Tag(_ACCOUNTS)], Discriminator(_kind_of)
]
"""An entry of `positions`, of either kind."""
