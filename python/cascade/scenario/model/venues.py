"""Venues where assets are swapped."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from cascade.scenario.model.assets import AssetKind
from cascade.scenario.model.common import Amount, Name, PositiveAmount, Spec, exact_decimal
from cascade.scenario.model.kinds import Case, StatedAmount, VenueBase
from cascade.units import BPS

__all__ = [
    "AmmVenue",
    "ConstantProductVenue",
    "FixedRateVenue",
    "ParMintVenue",
    "PoolVenue",
    "RedemptionSpec",
    "StableSwapVenue",
    "Venue",
]


class RedemptionSpec(Spec):
    """Redemption and minting at the minting contract during the crash."""

    open: bool = True
    """Whether redemption is open; where it is not, the gatekeeper disables redemption and minting before the crash."""
    limit_per_block: PositiveAmount | None = None
    """Most redeemed per block, in tokens minted; null disables the limit."""
    mint_limit_per_block: PositiveAmount | None = None
    """Most minted per block, in tokens minted; null disables the limit."""
    fee_bps: Annotated[int, Field(ge=0, le=9_999)] = 0
    """Fee of a redemption, in 1e-4."""
    buffer: Amount | None = None
    """Tokens paid that the contract holds for redemptions at the start; null stands for all that minting paid in."""


class ParMintVenue(VenueBase):
    """The minting contract, which swaps at par for whitelisted accounts: a loop through it moves no market."""

    mints: ClassVar[bool] = True

    kind: Literal["par-mint"]
    asset_in: Name
    """Asset paid."""
    asset_out: Name
    """Asset minted."""
    redemption: RedemptionSpec = RedemptionSpec()
    """Redemption during the crash."""

    @property
    def pair(self) -> tuple[str, str]:
        """The asset paid and the asset minted."""
        return self.asset_in, self.asset_out

    def check(self, case: Case, key: str, name: str) -> None:
        """Refuse to mint what is not USDe, to lose decimals, and a second minter of one token."""
        assets = case.spec.assets
        if assets[self.asset_out].kind is not AssetKind.USDE:
            case.refuse(f"{key}.asset_out", self.asset_out, "expected an asset of kind usde: it is what is minted")
        if assets[self.asset_in].decimals > assets[self.asset_out].decimals:
            case.refuse(f"{key}.asset_in", self.asset_in, f"has more decimals than {self.asset_out}")
        for other, known in case.spec.venues.items():
            if other == name:
                # Of two minters the later one is refused, when its turn comes.
                return
            if known.mints and known.pair[1] == self.asset_out:
                case.refuse(f"{key}.asset_out", self.asset_out, f"is minted by {other}: a token has one minter")

    def amounts(self) -> Iterator[StatedAmount]:
        """Yield the limits per block, in tokens minted, and the buffer, in tokens paid."""
        window = self.redemption
        for key, asset, amount in (
            ("limit_per_block", self.asset_out, window.limit_per_block),
            ("mint_limit_per_block", self.asset_out, window.mint_limit_per_block),
            ("buffer", self.asset_in, window.buffer),
        ):
            if amount is not None:
                yield StatedAmount(f"redemption.{key}", asset, amount)


class PoolVenue(VenueBase):
    """Base of every venue with a stock of two coins."""

    coins: Annotated[list[Name], Field(min_length=2, max_length=2)]
    """The two assets; the first is the quote."""
    reserves: dict[Name, Amount]
    """Stock by asset, in tokens."""

    @property
    def pair(self) -> tuple[str, str]:
        """Its two coins, the quote first."""
        quote, asset = self.coins
        return quote, asset

    def stock_of(self, asset: str) -> Decimal | None:
        """Return its reserves of an asset, in tokens."""
        return self.reserves[asset]

    def check(self, case: Case, key: str, name: str) -> None:
        """Refuse a pool that lacks one of its coins, or holds anything else."""
        for coin in self.coins:
            if self.reserves.get(coin, Decimal(0)) <= 0:
                case.refuse(f"{key}.reserves.{coin}", 0, "a venue without liquidity: expected an amount above 0")
        for coin in self.reserves:
            if coin not in self.coins:
                case.refuse(f"{key}.reserves", coin, f"expected one of its coins, {', '.join(self.coins)}")

    def amounts(self) -> Iterator[StatedAmount]:
        """Yield its reserves."""
        for asset, amount in self.reserves.items():
            yield StatedAmount(f"reserves.{asset}", asset, amount)


class FixedRateVenue(PoolVenue):
    """A pool that swaps at the oracle's price, without fee or slippage."""

    reads_oracle: ClassVar[bool] = True

    kind: Literal["fixed-rate"]

    def check(self, case: Case, key: str, name: str) -> None:
        """Refuse coins that the oracle does not price."""
        super().check(case, key, name)
        for coin in self.coins:
            if coin not in case.spec.oracle:
                case.refuse(key, coin, f"swaps at the oracle's price: add oracle.{coin}")


class AmmVenue(PoolVenue):
    """Base of every pool whose price its trades move."""

    is_amm: ClassVar[bool] = True

    reserves: dict[Name, PositiveAmount]
    """Reserves by asset, in tokens."""
    max_build_drift_bps: Annotated[int, Field(ge=0, le=BPS)] = 200
    """Most by which loops that are built through the pool may move its price, in 1e-4; a larger move is an error."""


class StableSwapVenue(AmmVenue):
    """A Curve StableSwap-NG pool of two coins."""

    kind: Literal["stable-swap"]
    reserves: dict[Name, PositiveAmount]
    """Reserves once the positions are built, in tokens; where a cohort loops through the pool itself, reserves before
    that."""
    amplification: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """Amplification coefficient A of the invariant."""
    fee_bps: Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0, le=5000)] = Decimal(1)
    """Fee at balance, in 1e-4."""
    offpeg_fee_multiplier: Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=1, le=100)] = Decimal(5)
    """Factor by which the fee grows far from balance."""


class ConstantProductVenue(AmmVenue):
    """A Uniswap V2 pair: fee of 0.3 %."""

    kind: Literal["constant-product"]

    def initial_price(self) -> Decimal:
        """Return the ratio of its reserves."""
        quote, asset = self.pair
        return self.reserves[quote] / self.reserves[asset]


Venue = Annotated[ParMintVenue | FixedRateVenue | StableSwapVenue | ConstantProductVenue, Field(discriminator="kind")]
