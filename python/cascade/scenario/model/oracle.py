"""Price sources: each a contract in Chainlink's shape, chosen per asset, some made of others."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from cascade.scenario.model.common import Name, PositiveAmount, Spec

__all__ = [
    "AmmSpotOracle",
    "AmmTwapOracle",
    "CapOracle",
    "DelayedOracle",
    "ExchangeIndexOracle",
    "GuardedOracle",
    "MedianOracle",
    "OracleSpec",
    "PostedOracle",
    "SameAsOracle",
    "VaultRateOracle",
]


class PostedOracle(Spec):
    """A feed that an agent posts to: the price path (`path-poster`), or a venue's price (`market-poster`)."""

    kind: Literal["posted"]
    initial_price_usd: PositiveAmount = Decimal(1)
    """Price until the first post, in dollars."""


class SameAsOracle(Spec):
    """A hard peg: the source of another asset, as Aave prices USDe at USDT/USD."""

    kind: Literal["same-as"]
    asset: Name
    """The asset whose source is read."""


class AmmSpotOracle(Spec):
    """The price of a pool at this very moment, inside a block too."""

    kind: Literal["amm-spot"]
    venue: Name
    """The pool; its second coin is the asset, its first is priced by its own oracle."""


class ExchangeIndexOracle(Spec):
    """The index that the exchange makes of one of its books, as its margins and loans are valued at."""

    kind: Literal["exchange-index"]
    book: Name
    """Book of `exchange`; its base is the asset."""


class AmmTwapOracle(Spec):
    """The time-weighted mean of another source, observed once a block."""

    kind: Literal["amm-twap"]
    source: OracleSpec
    """What is averaged."""
    window_seconds: Annotated[int, Field(ge=1, le=86_400)]
    """Length of the window."""


class DelayedOracle(Spec):
    """What another source said some blocks ago."""

    kind: Literal["delayed"]
    source: OracleSpec
    """What is delayed."""
    blocks: Annotated[int, Field(ge=1, le=3600)]
    """Blocks of delay."""


class CapOracle(Spec):
    """Another source, never above a cap (Aave's CAPO for stablecoins): it does not stop a fall."""

    kind: Literal["cap"]
    source: OracleSpec
    """What is capped."""
    cap_usd: PositiveAmount
    """Highest answer, in dollars."""


class MedianOracle(Spec):
    """The median of an odd number of sources."""

    kind: Literal["median"]
    sources: Annotated[list[OracleSpec], Field(min_length=3, max_length=9)]
    """What is compared."""


class GuardedOracle(Spec):
    """A sentinel: another source, refused once it is stale. Aave does not check staleness."""

    kind: Literal["guarded"]
    source: OracleSpec
    """What is guarded."""
    max_age_seconds: Annotated[int, Field(ge=1)]
    """Age from which the answer counts as missing."""


class VaultRateOracle(Spec):
    """The exchange rate of an ERC-4626 share times the source of its asset, as Aave prices sUSDe."""

    kind: Literal["vault-rate"]
    asset: Name
    """The vault's asset, whose source is read."""
    max_yearly_growth_bps: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Growth of the rate a year beyond which it is capped, in 1e-4; 0 does not cap it."""


OracleSpec = Annotated[
    PostedOracle
    | SameAsOracle
    | AmmSpotOracle
    | ExchangeIndexOracle
    | AmmTwapOracle
    | DelayedOracle
    | CapOracle
    | MedianOracle
    | GuardedOracle
    | VaultRateOracle,
    Field(discriminator="kind"),
]
"""Where the price of an asset comes from."""

for _composed in (AmmTwapOracle, DelayedOracle, CapOracle, MedianOracle, GuardedOracle):
    _composed.model_rebuild()
