"""Kinds of agent that act on prices and venues of the chain: posters, order flow, traders and providers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from cascade.scenario.model.common import Amount, Bps, Name, PositiveAmount
from cascade.scenario.model.kinds import (
    AgentBase,
    Case,
    Exclusive,
    GroupAgent,
    Sections,
    SingleAgent,
    StatedAmount,
    TippingAgent,
)
from cascade.units import BPS
from cascade.vocabulary import Role

__all__ = [
    "ArbitrageurSpec",
    "EthenaReserveSpec",
    "MarketAgentSpec",
    "MarketPosterSpec",
    "PathFlowSpec",
    "PathPosterSpec",
    "ProviderExitSpec",
    "ValueBuyerSpec",
]


class PathPosterSpec(AgentBase):
    """Posts the price path to the posted feeds, as an operator would by hand."""

    acts_as: ClassVar[Role] = Role.ORACLE

    kind: Literal["path-poster"]
    assets: list[Name]
    """Assets whose price it posts; each needs a posted oracle and a path."""
    deviation_bps: Annotated[int, Field(ge=0, le=BPS)] = 0
    """Smallest change that is posted, in 1e-4; 0 posts every change."""
    heartbeat_seconds: Annotated[int, Field(ge=1)] = 3600
    """Time after which an unchanged price is posted again."""

    @property
    def paths_followed(self) -> Sequence[str]:
        """Every asset that it posts."""
        return self.assets

    def feeds_posted(self, spec: Sections) -> Sequence[str]:
        """Return every asset that it posts."""
        return self.assets

    def check(self, case: Case, key: str) -> None:
        """Refuse an asset that has no feed to post to."""
        for asset in self.assets:
            if not _has_feed(case.spec, asset):
                case.refuse(f"{key}.assets", asset, "expected an asset whose oracle is, or holds, a posted feed")


class MarketPosterSpec(AgentBase):
    """Posts the price of a pool, as of the block before, to a posted feed: an oracle network that reads a market."""

    acts_as: ClassVar[Role] = Role.ORACLE

    kind: Literal["market-poster"]
    asset: Name
    """Asset whose price it posts: it needs a posted oracle, and is the second coin of the venue."""
    venue: Name
    """The pool whose price is posted."""
    deviation_bps: Annotated[int, Field(ge=0, le=BPS)] = 50
    """Smallest change that is posted, in 1e-4."""
    heartbeat_seconds: Annotated[int, Field(ge=1)] = 3600
    """Time after which an unchanged price is posted again."""

    def feeds_posted(self, spec: Sections) -> Sequence[str]:
        """Return the asset where its source has a feed.

        A design of the oracle comparison may do without the feed; the agent then has nothing to post.
        """
        return [self.asset] if _has_feed(spec, self.asset) else []

    def check(self, case: Case, key: str) -> None:
        """Refuse a pool of another asset, or one whose quote has no price."""
        _check_quote(case, key, self.venue, asset=self.asset)


class PathFlowSpec(SingleAgent):
    """Exogenous order flow that holds a pool near the price path, whatever others trade there."""

    acts_as: ClassVar[Role] = Role.EXOGENOUS

    kind: Literal["path-flow"]
    venue: Name
    """The pool that is held near the path."""
    asset: Name
    """Asset whose path is followed: the venue's second coin."""
    tolerance_bps: Annotated[int, Field(ge=1, le=1000)] = 10
    """Distance of the price from the path, in 1e-4, beyond which it trades."""

    @property
    def paths_followed(self) -> Sequence[str]:
        """The one asset."""
        return [self.asset]

    def check(self, case: Case, key: str) -> None:
        """Refuse a pool of another asset, or one whose quote has no price."""
        _check_quote(case, key, self.venue, asset=self.asset)


class ValueBuyerSpec(GroupAgent, TippingAgent):
    """Buyers with finite capital and a stated demand: what they have spent is linear in the fall of the price."""

    acts_as: ClassVar[Role] = Role.BUYER

    kind: Literal["value-buyer"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of buyers, each with an equal part of the capital."""
    venue: Name
    """Pool where they buy its second coin for its first."""
    capital: PositiveAmount
    """Capital of all of them together, in tokens of the venue's first coin."""
    from_price: PositiveAmount
    """Price in the quote at which they begin to buy."""
    to_price: PositiveAmount
    """Price at which everything is spent."""

    @model_validator(mode="after")
    def _ordered(self) -> ValueBuyerSpec:
        if self.to_price >= self.from_price:
            raise ValueError(f"to_price {self.to_price} must be below from_price {self.from_price}")
        return self

    def check(self, case: Case, key: str) -> None:
        """Refuse a pool that is not there."""
        case.pool(f"{key}.venue", self.venue)

    def amounts(self, spec: Sections) -> Iterator[StatedAmount]:
        """Yield the capital."""
        yield StatedAmount("capital", spec.venues[self.venue].pair[0], self.capital)


class ArbitrageurSpec(SingleAgent, TippingAgent):
    """Buys an asset where it is cheap and sells it where it is dear: a pool against the minting contract or a pool."""

    acts_as: ClassVar[Role] = Role.ARBITRAGEUR

    kind: Literal["arbitrageur"]
    venue: Name
    """Pool where it trades."""
    against: Name
    """Minting contract or second pool of the same pair."""
    capital: PositiveAmount
    """Own capital, in tokens of the venue's first coin."""
    min_edge_bps: Annotated[int, Field(ge=0, le=BPS)] = 10
    """Smallest gap that it trades on, after fees, in 1e-4."""
    max_per_block: PositiveAmount | None = None
    """Most traded per block, in tokens of the venue's second coin; null disables this limit."""

    def check(self, case: Case, key: str) -> None:
        """Refuse two venues between which there is nothing to trade."""
        pair = set(case.pool(f"{key}.venue", self.venue).pair)
        other = case.venue(f"{key}.against", self.against)
        # A fixed-rate pool follows the oracle: a gap to it says nothing about another market.
        has_own_price = other.mints or other.is_amm
        if self.against == self.venue or set(other.pair) != pair or not has_own_price:
            case.refuse(
                f"{key}.against",
                self.against,
                f"expected a minting contract or another pool of {' and '.join(sorted(pair))}",
            )

    def amounts(self, spec: Sections) -> Iterator[StatedAmount]:
        """Yield the capital and the limit per block."""
        quote, asset = spec.venues[self.venue].pair
        yield StatedAmount("capital", quote, self.capital)
        if self.max_per_block is not None:
            yield StatedAmount("max_per_block", asset, self.max_per_block)


class EthenaReserveSpec(TippingAgent):
    """Runs the reserve of `ethena`: settles funding, pays it to the stakers, and refills the redemption buffer."""

    acts_as: ClassVar[Role] = Role.ISSUER

    kind: Literal["ethena-reserve"]
    refill_per_block: Amount = Decimal(0)
    """Most moved to the buffer per block, up to what it held at the start, in tokens paid; where cash runs short, spot
    is sold and as much of the short is covered."""

    def rights(self, spec: Sections) -> Iterator[Exclusive]:
        """Yield the reserve, which one agent runs."""
        yield Exclusive("ethena", "kind", self.kind, "the reserve is run by {} already")

    def check(self, case: Case, key: str) -> None:
        """Refuse a scenario without a reserve."""
        if case.spec.ethena is None:
            case.refuse(f"{key}.kind", self.kind, "there is no reserve: add ethena")

    def amounts(self, spec: Sections) -> Iterator[StatedAmount]:
        """Yield the refill, in tokens paid to the minting contract."""
        paid, _ = spec.venues[spec.require_ethena().minting].pair
        yield StatedAmount("refill_per_block", paid, self.refill_per_block)


class ProviderExitSpec(TippingAgent):
    """Liquidity providers who withdraw when the pool's price falls."""

    acts_as: ClassVar[Role] = Role.PROVIDER
    is_player: ClassVar[bool] = True

    kind: Literal["provider-exit"]
    venue: Name
    """The pool."""
    below_price: PositiveAmount
    """Price in the quote below which they leave."""
    share_bps: Bps = 5000
    """Share of the pool that leaves in the end, in 1e-4."""
    tranche_bps: Annotated[int, Field(ge=1, le=BPS)] = 500
    """Most that leaves in a block, in 1e-4 of the pool at the start."""

    def rights(self, spec: Sections) -> Iterator[Exclusive]:
        """Yield the pool: all providers of a pool share one account, and two agents would count each other's exits."""
        yield Exclusive(f"provider {self.venue}", "venue", self.venue, "is left by {} already")

    def check(self, case: Case, key: str) -> None:
        """Refuse a pool that is not there."""
        case.pool(f"{key}.venue", self.venue)


def _has_feed(spec: Sections, asset: str) -> bool:
    source = spec.oracle.get(asset)
    return source is not None and source.has_feed


def _check_quote(case: Case, key: str, venue: str, *, asset: str) -> None:
    quote, _ = case.pool(f"{key}.venue", venue, second=asset).pair
    if quote not in case.spec.oracle:
        case.refuse(f"{key}.venue", venue, f"its quote {quote} has no price source: add oracle.{quote}")


MarketAgentSpec = (
    PathPosterSpec
    | MarketPosterSpec
    | PathFlowSpec
    | ValueBuyerSpec
    | ArbitrageurSpec
    | EthenaReserveSpec
    | ProviderExitSpec
)
"""Agents that act on prices and venues of the chain."""
