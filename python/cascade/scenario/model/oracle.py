"""Price sources: each is a contract in Chainlink's shape, chosen per asset; some are made of others."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cascade.scenario.model.common import Name, PositiveAmount
from cascade.scenario.model.kinds import Case, OracleBase, Sections
from cascade.scenario.model.own_contract import ContractSpec
from cascade.units import BPS

__all__ = [
    "AmmSpotOracle",
    "AmmTwapOracle",
    "CapOracle",
    "ContractOracle",
    "DelayedOracle",
    "DerivedOracle",
    "ExchangeIndexOracle",
    "GuardedOracle",
    "MedianOracle",
    "OracleSpec",
    "PostedOracle",
    "SameAsOracle",
    "VaultRateOracle",
]

_YEAR_SECONDS = 365 * 86_400


class PostedOracle(OracleBase):
    """A feed that an agent posts to: the price path (`path-poster`), or a venue's price (`market-poster`)."""

    kind: Literal["posted"]
    initial_price_usd: PositiveAmount = Decimal(1)
    """Price until the first post, in dollars."""

    @property
    def has_feed(self) -> bool:
        """True: it is such a feed."""
        return True

    def answer_at_start(self, spec: Sections, asset: str) -> Decimal:
        """Return the price until the first post."""
        return self.initial_price_usd


class SameAsOracle(OracleBase):
    """A hard peg: the source of another asset, as Aave prices USDe at USDT/USD."""

    kind: Literal["same-as"]
    asset: Name
    """The asset whose source is read."""

    def assets_read(self, spec: Sections) -> Sequence[str]:
        """Return the asset of the peg."""
        return (self.asset,)

    def answer_at_start(self, spec: Sections, asset: str) -> Decimal:
        """Return what the source of the peg's asset answers."""
        return _answer_of(spec, self.asset)

    def check(self, case: Case, key: str, asset: str) -> None:
        """Refuse a peg to an asset without a source."""
        case.require_priced(f"{key}.asset", self.asset)


class AmmSpotOracle(OracleBase):
    """The price of a pool at the moment of the call, also between the transactions of a block."""

    kind: Literal["amm-spot"]
    venue: Name
    """The pool: its second coin is the asset, and its first is priced by its own oracle."""

    @property
    def venue_read(self) -> str | None:
        """The pool."""
        return self.venue

    def assets_read(self, spec: Sections) -> Sequence[str]:
        """Return the quote of the pool."""
        return (spec.venues[self.venue].pair[0],)

    def answer_at_start(self, spec: Sections, asset: str) -> Decimal:
        """Return the pool's price when the crash begins, in dollars."""
        venue = spec.venues[self.venue]
        return venue.initial_price() * _answer_of(spec, venue.pair[0])

    def check(self, case: Case, key: str, asset: str) -> None:
        """Refuse a pool that is not there, trades another asset, or has a quote without a source."""
        quote, priced = case.pool(f"{key}.venue", self.venue).pair
        if priced != asset:
            case.refuse(f"{key}.venue", self.venue, f"prices {priced}, its second coin, not {asset}")
        if quote not in case.spec.oracle:
            case.refuse(f"{key}.venue", self.venue, f"its quote {quote} has no price source: add one to oracle")


class ExchangeIndexOracle(OracleBase):
    """The index that the exchange computes for one of its books, and values margins and loans at."""

    kind: Literal["exchange-index"]
    book: Name
    """Book of `exchange`; its base is the asset."""

    @property
    def book_read(self) -> str | None:
        """The book."""
        return self.book

    def assets_read(self, spec: Sections) -> Sequence[str]:
        """Return the exchange's stable, which the book quotes in."""
        return (spec.exchange.cash,) if spec.exchange is not None else ()

    def answer_at_start(self, spec: Sections, asset: str) -> Decimal:
        """Return the book's initial price; the exchange counts its stable as a dollar."""
        return spec.require_exchange().books[self.book].initial_price

    def check(self, case: Case, key: str, asset: str) -> None:
        """Refuse a book that is not there or trades another asset."""
        base, cash = case.book(f"{key}.book", self.book).base, case.exchange(f"{key}.book", self.book).cash
        if base != asset:
            case.refuse(f"{key}.book", self.book, f"trades {base}, not {asset}")
        case.require_priced("exchange.cash", cash)


class DerivedOracle(OracleBase):
    """Base of every source that is made of one other source."""

    source: OracleSpec
    """The source that it reads."""

    @property
    def parts(self) -> tuple[OracleBase, ...]:
        """The one source that it is made of."""
        return (self.source,)


class AmmTwapOracle(DerivedOracle):
    """The time-weighted mean of another source, observed once per block."""

    kind: Literal["amm-twap"]
    window_seconds: Annotated[int, Field(ge=1, le=86_400)]
    """Length of the window."""


class DelayedOracle(DerivedOracle):
    """The answer that another source gave some blocks ago."""

    kind: Literal["delayed"]
    blocks: Annotated[int, Field(ge=1, le=3600)]
    """Delay, in blocks of the chain."""


class CapOracle(DerivedOracle):
    """Another source, never above a cap (Aave's CAPO for stablecoins): it does not stop a fall."""

    kind: Literal["cap"]
    cap_usd: PositiveAmount
    """Highest answer, in dollars."""

    def answer_at_start(self, spec: Sections, asset: str) -> Decimal:
        """Return what the source answers, capped."""
        return min(super().answer_at_start(spec, asset), self.cap_usd)


class MedianOracle(OracleBase):
    """The median of an odd number of sources."""

    kind: Literal["median"]
    sources: Annotated[list[OracleSpec], Field(min_length=3, max_length=9)]
    """The sources that are compared."""

    @property
    def parts(self) -> tuple[OracleBase, ...]:
        """The sources that are compared."""
        return tuple(self.sources)

    def check(self, case: Case, key: str, asset: str) -> None:
        """Refuse an even number of sources, which has no middle one."""
        if len(self.sources) % 2 == 0:
            case.refuse(f"{key}.sources", len(self.sources), "expected an odd number of sources")


class GuardedOracle(DerivedOracle):
    """A sentinel: another source, refused once its answer is stale. Aave does not check staleness."""

    kind: Literal["guarded"]
    max_age_seconds: Annotated[int, Field(ge=1)]
    """Age from which the answer counts as missing."""


class VaultRateOracle(OracleBase):
    """The exchange rate of a vault's share or a rate-token times the source of its asset, as Aave prices sUSDe.

    With a cap (Aave's CAPO) the rate counts up to the ratio of a snapshot plus its yearly growth since.
    """

    kind: Literal["vault-rate"]
    asset: Name
    """The asset that a token converts to, whose source is read."""
    max_yearly_growth_bps: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Growth of the snapshot's ratio per year beyond which the rate is capped, in 1e-4; 0 disables the cap where no
    `snapshot_ratio` is stated."""
    snapshot_ratio: PositiveAmount | None = None
    """Ratio that the cap grows from, in tokens of the asset; null takes the rate at deployment."""
    snapshot_age_seconds: Annotated[int, Field(ge=0, le=10 * 366 * 86_400)] = 0
    """Age of that ratio at deployment, in seconds: the cap has grown for as long already."""

    @model_validator(mode="after")
    def _fitting(self) -> VaultRateOracle:
        if self.snapshot_age_seconds and self.snapshot_ratio is None:
            raise ValueError("snapshot_age_seconds needs snapshot_ratio: the rate at deployment has no age")
        return self

    def assets_read(self, spec: Sections) -> Sequence[str]:
        """Return the vault's asset."""
        return (self.asset,)

    def answer_at_start(self, spec: Sections, asset: str) -> Decimal:
        """Return what the source of the asset answers, times the rate: of a vault's share, that is one at the start."""
        rate = spec.assets[asset].rate or Decimal(1)
        if self.snapshot_ratio is not None:
            grown = Decimal(self.max_yearly_growth_bps) * self.snapshot_age_seconds / (BPS * _YEAR_SECONDS)
            rate = min(rate, self.snapshot_ratio * (1 + grown))
        return _answer_of(spec, self.asset) * rate

    def check(self, case: Case, key: str, asset: str) -> None:
        """Refuse an asset without a source, and one that the priced token does not convert to."""
        case.require_priced(f"{key}.asset", self.asset)
        underlying = case.spec.assets[asset].underlying
        if underlying is None:
            case.refuse(f"{key}.kind", self.kind, f"expected {asset} to be of kind staked-usde or rate-token")
        if underlying != self.asset:
            case.refuse(f"{key}.asset", self.asset, f"expected {underlying}, which {asset} converts to")


class ContractOracle(OracleBase):
    """A feed of your own, in Chainlink's shape: the fall of its answer counts as unexplained among the causes."""

    kind: Literal["contract"]
    contract: ContractSpec
    """The feed; where it has a function `poke()`, it is called once per block, as a source that averages is."""
    initial_price_usd: PositiveAmount
    """Its answer when the crash begins, in dollars: positions are sized by it, and the run ends where it answers
    otherwise."""

    def answer_at_start(self, spec: Sections, asset: str) -> Decimal:
        """Return the stated answer."""
        return self.initial_price_usd


def _answer_of(spec: Sections, asset: str) -> Decimal:
    return spec.oracle[asset].answer_at_start(spec, asset)


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
    | VaultRateOracle
    | ContractOracle,
    Field(discriminator="kind"),
]
"""The source of an asset's price."""

# These were defined before the union that their field `source` or `sources` is of.
for _composed in (DerivedOracle, AmmTwapOracle, DelayedOracle, CapOracle, MedianOracle, GuardedOracle):
    _composed.model_rebuild()
