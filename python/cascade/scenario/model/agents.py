"""Who acts during the crash."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from cascade.scenario.model.common import AgentBase, Amount, Bps, Distribution, Name, PositiveAmount, exact_decimal
from cascade.scenario.model.exchange_agents import ExchangeAgentSpec

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


class _Bidder(AgentBase):
    tip_gwei: Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0, le=400)] = Decimal(2)
    """Priority fee offered a unit of gas, in gwei: it ranks the queue for block space."""


class PathPosterSpec(AgentBase):
    """Posts the price path to the posted feeds, by hand as it were."""

    kind: Literal["path-poster"]
    assets: list[Name]
    """Assets it posts; each needs a posted oracle and a path."""
    deviation_bps: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Least change that is posted, in 1e-4; 0 posts every change."""
    heartbeat_seconds: Annotated[int, Field(ge=1)] = 3600
    """Posts an unchanged price after so long."""


class MarketPosterSpec(AgentBase):
    """Posts the price of a pool, as of the block before, to a posted feed: an oracle network that reads a market."""

    kind: Literal["market-poster"]
    asset: Name
    """Asset it posts; needs a posted oracle, and is the second coin of the venue."""
    venue: Name
    """The pool whose price is posted."""
    deviation_bps: Annotated[int, Field(ge=0, le=10_000)] = 50
    """Least change that is posted, in 1e-4."""
    heartbeat_seconds: Annotated[int, Field(ge=1)] = 3600
    """Posts an unchanged price after so long."""


class PathFlowSpec(AgentBase):
    """Exogenous order flow that holds a pool near the price path, whatever others trade there."""

    kind: Literal["path-flow"]
    venue: Name
    """The pool held."""
    asset: Name
    """The asset whose path is followed; the venue's second coin."""
    tolerance_bps: Annotated[int, Field(ge=1, le=1000)] = 10
    """It trades when the price is further from the path than this, in 1e-4."""


class KeeperSpec(AgentBase):
    """Liquidation bots of one make."""

    kind: Literal["keeper"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Bots, each with its own account, contract and random stream."""
    exits: list[Name] = []
    """Pools where what is seized is sold in the same transaction, one for each collateral; none holds it."""
    funding: Literal["flash-loan", "inventory"] = "flash-loan"
    """What pays the debt."""
    inventory: Amount = Decimal(0)
    """Own capital a bot, in tokens of each borrowable asset."""
    min_profit_usd: Amount = Decimal(10)
    """Least expected profit after exit swap and gas, in dollars."""
    max_per_block: Annotated[int, Field(ge=1, le=500)] = 10
    """Most liquidations a bot proposes a block."""
    latency_blocks: Annotated[int, Field(ge=0, le=1000)] = 0
    """Blocks from a health factor's fall under 1 until the bot sees it."""
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


class WhaleSpec(_Bidder):
    """Owners of a cohort of large loops, who unwind them in tranches, for a margin call on their pledge or by choice.

    A call is made when the LTV of the pledge reaches the warning line. The whale then raises stablecoins by unwinding
    its loop, and repays; after the deadline it gives up and unwinds everything. What it raises too little, the
    keepers collect from the pledge.
    """

    kind: Literal["whale"]
    cohort: Name
    """The positions it owns."""
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
    """Price in the venue's quote under which a whale unwinds all by choice; each draws its own, none stays."""
    tranche_bps: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Most sold a block, in 1e-4 of the collateral that the loop started with."""
    max_slippage_bps: Annotated[int, Field(ge=1, le=10_000)] = 300
    """Most that its own sale may cost against the pool's price, in 1e-4; a tranche is cut to that."""

    @model_validator(mode="after")
    def _ordered(self) -> WhaleSpec:
        if self.cure_ltv_bps >= self.warning_ltv_bps:
            raise ValueError(f"cure_ltv_bps {self.cure_ltv_bps} must be below warning_ltv_bps {self.warning_ltv_bps}")
        return self


class StopLossSpec(_Bidder):
    """Loopers of a cohort who deleverage before they are liquidated: they repay from collateral through a pool."""

    kind: Literal["stop-loss"]
    cohort: Name
    """The positions."""
    venue: Name
    """Pool where they sell collateral."""
    share_bps: Bps = 2000
    """Share of the cohort that has a stop, in 1e-4; who has one is drawn."""
    trigger_health_factor: Distribution
    """Health factor at which each acts."""
    target_health_factor: PositiveAmount = Decimal("1.1")
    """Health factor it goes back to."""
    max_slippage_bps: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Most that its own sale may cost against the pool's price, in 1e-4; beyond that it waits."""

    @model_validator(mode="after")
    def _ordered(self) -> StopLossSpec:
        trigger = self.trigger_health_factor.value or self.trigger_health_factor.high or Decimal(0)
        if self.target_health_factor <= max(trigger, Decimal(1)):
            raise ValueError(
                f"target_health_factor {self.target_health_factor} must be above 1 and above every trigger, {trigger}"
            )
        return self


class ValueBuyerSpec(_Bidder):
    """Buyers with finite capital and a stated demand: what they have spent is linear in the fall of the price."""

    kind: Literal["value-buyer"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Buyers, each with an equal part of the capital."""
    venue: Name
    """Pool where they buy its second coin for its first."""
    capital: PositiveAmount
    """What all of them together can spend, in tokens of the venue's first coin."""
    from_price: PositiveAmount
    """Price in the quote at which they begin to buy."""
    to_price: PositiveAmount
    """Price at which everything is spent."""

    @model_validator(mode="after")
    def _ordered(self) -> ValueBuyerSpec:
        if self.to_price >= self.from_price:
            raise ValueError(f"to_price {self.to_price} must be below from_price {self.from_price}")
        return self


class DipBuyerSpec(_Bidder):
    """Buyers on leverage: they buy, supply, borrow and buy again, and can be liquidated like everyone."""

    kind: Literal["dip-buyer"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Buyers."""
    venue: Name
    """Pool where they buy its second coin for its first."""
    capital: PositiveAmount
    """Own capital of each, in tokens of the venue's first coin."""
    buy_below: Distribution
    """Price in the quote at which each begins."""
    rounds: Annotated[int, Field(ge=1, le=10)] = 3
    """Rounds of borrow, buy and supply after the first purchase, one a block."""
    ltv_bps: Annotated[int, Field(ge=1, le=9_999)] = 7500
    """Share of the collateral's value borrowed each round, in 1e-4."""


class ArbitrageurSpec(_Bidder):
    """Buys an asset where it is cheap and gives it where it is dear: a pool against the minting contract or a pool."""

    kind: Literal["arbitrageur"]
    venue: Name
    """Pool where it trades."""
    against: Name
    """Minting contract or second pool of the same pair."""
    capital: PositiveAmount
    """Own capital, in tokens of the venue's first coin."""
    min_edge_bps: Annotated[int, Field(ge=0, le=10_000)] = 10
    """Least gap it trades on, after fees, in 1e-4."""
    max_per_block: PositiveAmount | None = None
    """Most it trades a block, in tokens of the venue's second coin; none is no limit of its own."""


class EthenaReserveSpec(_Bidder):
    """Who runs the reserve of `ethena`: settles funding, pays it to the stakers, and refills the redemption buffer."""

    kind: Literal["ethena-reserve"]
    refill_per_block: Amount = Decimal(0)
    """Most moved to the buffer a block, up to what it held at the start, in tokens paid; short of cash, spot is sold
    and as much of the short covered."""


class ProviderExitSpec(_Bidder):
    """Liquidity providers who withdraw when the pool's price falls."""

    kind: Literal["provider-exit"]
    venue: Name
    """The pool."""
    below_price: PositiveAmount
    """Price in the quote under which they leave."""
    share_bps: Bps = 5000
    """Share of the pool that leaves in the end, in 1e-4."""
    tranche_bps: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Most that leaves in a block, in 1e-4 of the pool at the start."""


class LenderExitSpec(_Bidder):
    """Lenders who withdraw from the pool; where cash is short they get an error, and the rate jumps."""

    kind: Literal["lender-exit"]
    asset: Name
    """What they lent."""
    share_bps: Bps = 5000
    """Share of the supply that leaves in the end, in 1e-4."""
    tranche_bps: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Asked for in a block, in 1e-4 of the supply at the start."""
    venue: Name
    """Pool whose price frightens them."""
    below_price: PositiveAmount
    """Price of the venue's second coin, in its first, under which they leave."""


class CustomAgentSpec(AgentBase):
    """An agent of your own: a class with `see` and `propose` (docs/AGENTS.md)."""

    kind: Literal["custom"]
    agent: Annotated[str, Field(pattern=r"^[^:]+(:[A-Za-z_][A-Za-z0-9_]*)?$")]
    """`module:Class`, `file.py:Class` beside the scenario, or the name of an entry point in `cascade.agents`."""
    role: Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,19}$")] = "custom"
    """Class of actor that its transactions are counted under; none of the harness's own classes."""
    parameters: dict[str, Any] = {}
    """Passed to the class as they are."""


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
