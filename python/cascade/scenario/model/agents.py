"""Kinds of agent that act on chain during the crash, and the union of all kinds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from cascade.scenario.model.common import Amount, Bps, Distribution, Name, PositiveAmount, exact_decimal
from cascade.scenario.model.exchange_agents import ExchangeAgentSpec
from cascade.scenario.model.kinds import (
    AgentBase,
    Case,
    Exclusive,
    GroupAgent,
    Sections,
    SingleAgent,
    StatedAmount,
)
from cascade.units import BPS
from cascade.vocabulary import Role

__all__ = [
    "AgentSpec",
    "ArbitrageurSpec",
    "CustomAgentSpec",
    "DipBuyerSpec",
    "EthenaReserveSpec",
    "KeeperSpec",
    "LenderExitSpec",
    "MarketPosterSpec",
    "PathFlowSpec",
    "PathPosterSpec",
    "ProviderExitSpec",
    "StopLossSpec",
    "ValueBuyerSpec",
    "WhaleSpec",
]


class TippingAgent(AgentBase):
    """An agent that offers a fixed tip for its place in the block."""

    tip_gwei: Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0, le=400)] = Decimal(2)
    """Priority fee offered per unit of gas, in gwei; it ranks the queue for block space."""


class PathPosterSpec(AgentBase):
    """Posts the price path to the posted feeds, as an operator would by hand."""

    acts_as: ClassVar[Role] = Role.ORACLE

    kind: Literal["path-poster"]
    assets: list[Name]
    """Assets whose price it posts; each needs a posted oracle and a path."""
    deviation_bps: Annotated[int, Field(ge=0, le=10_000)] = 0
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
    deviation_bps: Annotated[int, Field(ge=0, le=10_000)] = 50
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


class KeeperSpec(GroupAgent):
    """Liquidation bots of one make."""

    acts_as: ClassVar[Role] = Role.KEEPER
    is_player: ClassVar[bool] = True

    kind: Literal["keeper"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of bots, each with its own account, contract and random stream."""
    exits: list[Name] = []
    """Pools where seized collateral is sold in the same transaction, one per collateral; an empty list holds it."""
    funding: Literal["flash-loan", "inventory"] = "flash-loan"
    """Source of the tokens that repay the debt."""
    inventory: Amount = Decimal(0)
    """Own capital per bot, in tokens of each borrowable asset."""
    min_profit_usd: Amount = Decimal(10)
    """Smallest expected profit after exit swap and gas, in dollars."""
    max_per_block: Annotated[int, Field(ge=1, le=500)] = 10
    """Most liquidations that a bot proposes per block."""
    latency_blocks: Annotated[int, Field(ge=0, le=1000)] = 0
    """Blocks from a health factor's fall below 1 until the bot sees it."""
    attention_bps: Bps = 10_000
    """Chance that a bot notices a liquidatable position in a block, in 1e-4."""
    bid_share_bps: Bps = 1000
    """Share of the expected profit offered as priority fee, in 1e-4."""

    @model_validator(mode="after")
    def _funded(self) -> KeeperSpec:
        if not self.exits and self.funding == "flash-loan":
            raise ValueError("funding flash-loan needs exits: a held seizure cannot repay the loan")
        if self.funding == "inventory" and self.inventory == 0:
            raise ValueError("funding inventory needs an inventory above 0")
        return self

    def check(self, case: Case, key: str) -> None:
        """Refuse exits that buy nothing, and two exits for one collateral."""
        taken: dict[str, str] = {}
        for name in self.exits:
            venue = case.venue(f"{key}.exits", name)
            if venue.mints:
                case.refuse(f"{key}.exits", name, "a minting contract buys nothing from a keeper: name a pool")
            sold = venue.pair[1]
            if sold in taken:
                case.refuse(f"{key}.exits", name, f"sells {sold}, as {taken[sold]} does: name one")
            taken[sold] = name

    def amounts(self, spec: Sections) -> Iterator[StatedAmount]:
        """Yield the inventory, once per asset that can be borrowed."""
        for asset, reserve in spec.lending.reserves.items():
            if reserve.borrowing:
                yield StatedAmount("inventory", asset, self.inventory)


class WhaleSpec(TippingAgent):
    """Owners of a cohort of large loops, who unwind them in tranches, for a margin call on their pledge or by choice.

    A call is made when the LTV of the pledge reaches the warning line. The whale then raises stablecoins by unwinding
    its loop, and repays; after the deadline it gives up and unwinds everything. Where it raises too little, the
    keepers collect the rest from the pledge.
    """

    acts_as: ClassVar[Role] = Role.WHALE
    is_player: ClassVar[bool] = True

    kind: Literal["whale"]
    cohort: Name
    """The positions that it owns."""
    venue: Name
    """Pool where it sells the loop's collateral."""
    warning_ltv_bps: Annotated[int, Field(ge=1, le=9_999)] = 7000
    """LTV of the pledge at which the margin call is made, in 1e-4."""
    cure_ltv_bps: Annotated[int, Field(ge=1, le=9_999)] = 6500
    """LTV to which the whale repays, in 1e-4."""
    deadline_seconds: Annotated[int, Field(ge=1)] = 1800
    """Time from the call until the whale gives up curing it."""
    reaction_blocks: Annotated[int, Field(ge=0, le=10_000)] = 10
    """Most blocks until a whale acts on a call or on its own decision; each draws its own delay."""
    leave_below: Distribution | None = None
    """Price in the venue's quote below which a whale unwinds everything by choice; each draws its own. null disables
    leaving by choice."""
    tranche_bps: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Most sold per block, in 1e-4 of the collateral that the loop started with."""
    max_slippage_bps: Annotated[int, Field(ge=1, le=10_000)] = 300
    """Most that its own sale may cost against the pool's price, in 1e-4; a tranche is cut to that."""

    @model_validator(mode="after")
    def _ordered(self) -> WhaleSpec:
        if self.cure_ltv_bps >= self.warning_ltv_bps:
            raise ValueError(f"cure_ltv_bps {self.cure_ltv_bps} must be below warning_ltv_bps {self.warning_ltv_bps}")
        return self

    @property
    def owned_cohort(self) -> str | None:
        """The positions that it owns."""
        return self.cohort

    def check(self, case: Case, key: str) -> None:
        """Refuse owners who could not sell, would never act, or would be liquidated before they are called."""
        pledge = case.cohort_that_sells(key, self.cohort, self.venue).pledge
        if pledge is None:
            if self.leave_below is None:
                case.refuse(f"{key}.cohort", self.cohort, "has no pledge: without leave_below its owners never act")
            return
        if pledge.line is not None:
            case.refuse(f"{key}.cohort", self.cohort, "its pledge is the desk's, which calls it: expected a desk-whale")
        line_bps = case.spec.lending.reserves[pledge.collateral].liquidation_threshold_bps
        if self.warning_ltv_bps >= line_bps:
            case.refuse(
                f"{key}.warning_ltv_bps",
                self.warning_ltv_bps,
                f"the pool liquidates {pledge.collateral} at {line_bps}: a call comes before that",
            )


class StopLossSpec(TippingAgent):
    """Loopers of a cohort who deleverage before they are liquidated: they repay from collateral through a pool."""

    acts_as: ClassVar[Role] = Role.LOOPER
    is_player: ClassVar[bool] = True

    kind: Literal["stop-loss"]
    cohort: Name
    """The positions."""
    venue: Name
    """Pool where they sell collateral."""
    share_bps: Bps = 2000
    """Share of the cohort that has a stop, in 1e-4; its members are drawn."""
    trigger_health_factor: Distribution
    """Health factor at which each member acts."""
    target_health_factor: PositiveAmount = Decimal("1.1")
    """Health factor that each member restores."""
    max_slippage_bps: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Most that its own sale may cost against the pool's price, in 1e-4; beyond that it waits."""

    @model_validator(mode="after")
    def _ordered(self) -> StopLossSpec:
        trigger = self.trigger_health_factor.highest
        if self.target_health_factor <= max(trigger, Decimal(1)):
            raise ValueError(
                f"target_health_factor {self.target_health_factor} must be above 1 and above every trigger, {trigger}"
            )
        return self

    def check(self, case: Case, key: str) -> None:
        """Refuse a cohort that is not there or cannot sell its collateral at the pool."""
        case.cohort_that_sells(key, self.cohort, self.venue)


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


class DipBuyerSpec(GroupAgent, TippingAgent):
    """Buyers on leverage: they buy, supply, borrow and buy again, and can be liquidated like everyone."""

    acts_as: ClassVar[Role] = Role.DIP_BUYER
    is_player: ClassVar[bool] = True

    kind: Literal["dip-buyer"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of buyers."""
    venue: Name
    """Pool where they buy its second coin for its first."""
    capital: PositiveAmount
    """Own capital of each, in tokens of the venue's first coin."""
    buy_below: Distribution
    """Price in the quote at which each begins."""
    rounds: Annotated[int, Field(ge=1, le=10)] = 3
    """Rounds of borrow, buy and supply after the first purchase, one per block."""
    ltv_bps: Annotated[int, Field(ge=1, le=9_999)] = 7500
    """Share of the collateral's value borrowed in each round, in 1e-4."""

    def opened_position(self, spec: Sections) -> tuple[str, str] | None:
        """Return the pool's second coin as collateral, and its first as debt."""
        debt, collateral = spec.venues[self.venue].pair
        return collateral, debt

    def check(self, case: Case, key: str) -> None:
        """Refuse a purchase that the lending pool does not lend as much on."""
        quote, asset = case.pool(f"{key}.venue", self.venue).pair
        reserves = case.spec.lending.reserves
        lent_bps = reserves[asset].ltv_bps if asset in reserves else 0
        if self.ltv_bps > lent_bps:
            case.refuse(f"{key}.ltv_bps", self.ltv_bps, f"the pool lends {lent_bps / BPS:.2%} on {asset}")
        if quote not in reserves or not reserves[quote].borrowing:
            case.refuse(f"{key}.venue", self.venue, f"{quote} cannot be borrowed")

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
    min_edge_bps: Annotated[int, Field(ge=0, le=10_000)] = 10
    """Smallest gap that it trades on, after fees, in 1e-4."""
    max_per_block: PositiveAmount | None = None
    """Most traded per block, in tokens of the venue's second coin; null disables this limit."""

    def check(self, case: Case, key: str) -> None:
        """Refuse two venues between which there is nothing to trade."""
        pair = set(case.pool(f"{key}.venue", self.venue).pair)
        other = case.venue(f"{key}.against", self.against)
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
    tranche_bps: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Most that leaves in a block, in 1e-4 of the pool at the start."""

    def rights(self, spec: Sections) -> Iterator[Exclusive]:
        """Yield the pool: all providers of a pool share one account, and two agents would count each other's exits."""
        yield Exclusive(f"provider {self.venue}", "venue", self.venue, "is left by {} already")

    def check(self, case: Case, key: str) -> None:
        """Refuse a pool that is not there."""
        case.pool(f"{key}.venue", self.venue)


class LenderExitSpec(TippingAgent):
    """Lenders who withdraw from the pool; where cash is short they get an error, and the rate jumps."""

    acts_as: ClassVar[Role] = Role.LENDER
    is_player: ClassVar[bool] = True

    kind: Literal["lender-exit"]
    asset: Name
    """The asset lent."""
    share_bps: Bps = 5000
    """Share of the supply that leaves in the end, in 1e-4."""
    tranche_bps: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Amount requested per block, in 1e-4 of the supply at the start."""
    venue: Name
    """Pool whose price makes them leave."""
    below_price: PositiveAmount
    """Price of the venue's second coin, in its first, below which they leave."""

    def rights(self, spec: Sections) -> Iterator[Exclusive]:
        """Yield the reserve: all its lenders share one account, and two agents would count each other's exits."""
        yield Exclusive(f"lender {self.asset}", "asset", self.asset, "is left by {} already")

    def check(self, case: Case, key: str) -> None:
        """Refuse a pool that is not there, and an asset that nobody lent."""
        case.pool(f"{key}.venue", self.venue)
        reserve = case.spec.lending.reserves.get(self.asset)
        if reserve is None or not reserve.lenders_supply:
            case.refuse(f"{key}.asset", self.asset, "expected an asset of lending.reserves with lenders_supply")


class CustomAgentSpec(SingleAgent):
    """An agent of your own: a class with `see` and `propose` (docs/AGENTS.md)."""

    is_player: ClassVar[bool] = True

    kind: Literal["custom"]
    agent: Annotated[str, Field(pattern=r"^[^:]+(:[A-Za-z_][A-Za-z0-9_]*)?$")]
    """`module:Class`, `file.py:Class` beside the scenario, or the name of an entry point in `cascade.agents`."""
    role: Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,19}$")] = "custom"
    """Class of actor that its transactions are counted under; not one of the harness's own classes."""
    parameters: dict[str, object] = {}
    """Passed to the class unchanged."""

    @property
    def actor_class(self) -> str:
        """The role that the scenario gives it."""
        return self.role

    def check(self, case: Case, key: str) -> None:
        """Refuse a class of actor that tables and figures read in a way of their own."""
        if self.role in set(Role):
            case.refuse(f"{key}.role", self.role, "is a class of the harness's own actors: choose another word")


def _has_feed(spec: Sections, asset: str) -> bool:
    source = spec.oracle.get(asset)
    return source is not None and source.has_feed


def _check_quote(case: Case, key: str, venue: str, *, asset: str) -> None:
    quote, _ = case.pool(f"{key}.venue", venue, second=asset).pair
    if quote not in case.spec.oracle:
        case.refuse(f"{key}.venue", venue, f"its quote {quote} has no price source: add oracle.{quote}")


AgentSpec = Annotated[
    PathPosterSpec
    | MarketPosterSpec
    | PathFlowSpec
    | KeeperSpec
    | WhaleSpec
    | StopLossSpec
    | ValueBuyerSpec
    | DipBuyerSpec
    | ArbitrageurSpec
    | EthenaReserveSpec
    | ProviderExitSpec
    | LenderExitSpec
    | ExchangeAgentSpec
    | CustomAgentSpec,
    Field(discriminator="kind"),
]
"""An agent of any kind."""
