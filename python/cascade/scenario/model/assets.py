"""Tokens, and the file of exogenous prices."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from cascade.scenario.model.common import Name, Spec

__all__ = ["AssetKind", "AssetSpec", "PricesSpec"]

_USDE_DECIMALS = 18


class AssetKind(Enum):
    """Kind of contract that an asset is."""

    ERC20 = "erc20"
    USDE = "usde"
    STAKED_USDE = "staked-usde"


class AssetSpec(Spec):
    """A token."""

    kind: Annotated[AssetKind, BeforeValidator(AssetKind)] = AssetKind.ERC20
    """`erc20`: a mock that anyone may mint; `usde`: minted only by its minting contract and, during set-up, by its
    owner; `staked-usde`: shares of the vault that USDe is staked in (ERC-4626)."""
    decimals: Annotated[int, Field(ge=0, le=36)] = 18
    """Decimals of the token."""
    stakes: Name | None = None
    """Asset of kind usde that the vault of a staked-usde holds; null for the other kinds."""

    @model_validator(mode="after")
    def _fitting(self) -> AssetSpec:
        staked = self.kind is AssetKind.STAKED_USDE
        if staked != (self.stakes is not None):
            raise ValueError(f"kind {self.kind.value} {'needs' if staked else 'takes no'} stakes")
        if self.kind is not AssetKind.ERC20 and self.decimals != _USDE_DECIMALS:
            raise ValueError(f"kind {self.kind.value} has {_USDE_DECIMALS} decimals")
        return self


class PricesSpec(Spec):
    """The exogenous price path."""

    path: str
    """CSV with the columns time, asset, price, status, source; relative to the folder of the scenario's file."""
    max_gap: Annotated[int, Field(ge=1)] = 3600
    """Longest gap between two points of an asset within the timeline, in seconds."""
    unchecked: list[Name] = []
    """Assets whose prices are meant as they stand, however far the first is from the oracle's price before the crash
    or a later one from the one before it. Of every other asset, a price more than 100 times away is refused."""
