"""Tokens, and the exogenous prices."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import BeforeValidator, Field

from cascade.scenario.model.common import Spec

__all__ = ["AssetKind", "AssetSpec", "PricesSpec"]


class AssetKind(Enum):
    """What contract an asset is."""

    ERC20 = "erc20"
    USDE = "usde"


class AssetSpec(Spec):
    """A token."""

    kind: Annotated[AssetKind, BeforeValidator(AssetKind)] = AssetKind.ERC20
    """`erc20`: a mock anyone may mint; `usde`: minted by its minting contract and its owner only."""
    decimals: Annotated[int, Field(ge=0, le=36)] = 18
    """Decimals of the token."""


class PricesSpec(Spec):
    """The exogenous price path."""

    path: str
    """CSV with the columns time, asset, price, status, source; relative to the scenario's file."""
    max_gap: Annotated[int, Field(ge=1)] = 3600
    """Longest gap between two points of an asset inside the timeline, in seconds."""
