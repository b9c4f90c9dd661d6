"""Where assets are swapped."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from cascade.scenario.model.common import Amount, Name, PositiveAmount, Spec, exact_decimal

__all__ = [
    "AmmVenue",
    "ConstantProductVenue",
    "FixedRateVenue",
    "ParMintVenue",
    "RedemptionSpec",
    "StableSwapVenue",
    "Venue",
]


class RedemptionSpec(Spec):
    """The minting contract's window during the crash."""

    open: bool = True
    """Whether anyone redeems; the gatekeeper closes redemption, and minting with it, before the crash otherwise."""
    limit_per_block: PositiveAmount | None = None
    """Most redeemed a block, in tokens minted; none is no limit."""
    mint_limit_per_block: PositiveAmount | None = None
    """Most minted a block, in tokens minted; none is no limit."""
    fee_bps: Annotated[int, Field(ge=0, le=9_999)] = 0
    """Fee of a redemption, in 1e-4."""
    buffer: Amount | None = None
    """What the contract holds for redemptions at the start, in tokens paid; none is all that minting paid in."""


class ParMintVenue(Spec):
    """The minting contract, swapping at par for those it has whitelisted: a looper who uses it moves no market."""

    kind: Literal["par-mint"]
    asset_in: Name
    """What is paid."""
    asset_out: Name
    """What is minted."""
    redemption: RedemptionSpec = RedemptionSpec()
    """Redemption during the crash."""


class FixedRateVenue(Spec):
    """A pool that swaps at the oracle's price, without fee or slippage."""

    kind: Literal["fixed-rate"]
    coins: Annotated[list[Name], Field(min_length=2, max_length=2)]
    """The two assets; the first is the quote."""
    reserves: dict[Name, Amount]
    """Inventory by asset, in tokens."""


class StableSwapVenue(Spec):
    """A Curve StableSwap-NG pool of two coins."""

    kind: Literal["stable-swap"]
    coins: Annotated[list[Name], Field(min_length=2, max_length=2)]
    """The two assets; the first is the quote."""
    reserves: dict[Name, PositiveAmount]
    """Reserves once the positions are built, in tokens; before that where a cohort loops through the pool itself."""
    amplification: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """The invariant's A."""
    fee_bps: Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0, le=5000)] = Decimal(1)
    """Fee at balance, in 1e-4."""
    offpeg_fee_multiplier: Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=1, le=100)] = Decimal(5)
    """How many times the fee grows far from balance."""
    max_build_drift_bps: Annotated[int, Field(ge=0, le=10_000)] = 200
    """Most that loops built through the pool may move its price, in 1e-4; more is an error, not a result."""


class ConstantProductVenue(Spec):
    """A Uniswap V2 pair: fee of 0.3 %."""

    kind: Literal["constant-product"]
    coins: Annotated[list[Name], Field(min_length=2, max_length=2)]
    """The two assets; the first is the quote."""
    reserves: dict[Name, PositiveAmount]
    """Reserves, in tokens."""
    max_build_drift_bps: Annotated[int, Field(ge=0, le=10_000)] = 200
    """Most that loops built through the pool may move its price, in 1e-4; more is an error, not a result."""


AmmVenue = StableSwapVenue | ConstantProductVenue
"""Pools whose price their trades move."""

Venue = Annotated[ParMintVenue | FixedRateVenue | StableSwapVenue | ConstantProductVenue, Field(discriminator="kind")]
