"""Kinds of agent that act on positions of the lending pool: liquidators, borrowers and lenders."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from cascade.scenario.model.common import Amount, Bps, Distribution, Name, PositiveAmount
from cascade.scenario.model.drawn import PositiveFigure, lowest_of
from cascade.scenario.model.kinds import Case, Exclusive, GroupAgent, Sections, StatedAmount, TippingAgent
from cascade.scenario.model.own_contract import OwnContractKey
from cascade.units import BPS
from cascade.vocabulary import Role

__all__ = [
    "DipBuyerSpec",
    "KeeperSpec",
    "LenderExitSpec",
    "LendingAgentSpec",
    "StopLossSpec",
    "WhaleSpec",
]


class KeeperSpec(GroupAgent):
    """Liquidation bots of one make."""

    acts_as: ClassVar[Role] = Role.KEEPER
    is_player: ClassVar[bool] = True

    kind: Literal["keeper"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of bots, each with its own account, contract and random stream."""
    exits: list[Name] = []
    """Pools where seized collateral is sold in the same transaction, one per collateral and debt; an empty list
    holds it."""
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
    attention_bps: Bps = BPS
    """Chance that a bot notices a liquidatable position in a block, in 1e-4."""
    bid_share_bps: Bps = 1000
    """Share of the expected profit offered as priority fee, in 1e-4."""
    contract: OwnContractKey = None
    """A liquidator of your own in place of the harness's, deployed per bot."""

    @model_validator(mode="after")
    def _funded(self) -> KeeperSpec:
        if not self.exits and self.funding == "flash-loan":
            raise ValueError("funding flash-loan needs exits: a held seizure cannot repay the loan")
        if self.funding == "inventory" and self.inventory == 0:
            raise ValueError("funding inventory needs an inventory above 0")
        return self

    def check(self, case: Case, key: str) -> None:
        """Refuse exits that buy nothing, and two exits for one collateral and debt."""
        taken: dict[tuple[str, str], str] = {}
        for name in self.exits:
            venue = case.venue(f"{key}.exits", name)
            if venue.mints:
                case.refuse(f"{key}.exits", name, "a minting contract buys nothing from a keeper: name a pool")
            paid, sold = venue.pair
            if (paid, sold) in taken:
                other = taken[paid, sold]
                case.refuse(
                    f"{key}.exits", name, f"sells {sold}, as {other} does: name one exit per collateral and debt"
                )
            taken[paid, sold] = name

    def amounts(self, spec: Sections) -> Iterator[StatedAmount]:
        """Yield the inventory, once per asset that can be borrowed."""
        # Which debt a bot will repay is not known beforehand: it holds the inventory of every asset that can be owed.
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
    tranche_bps: Annotated[int, Field(ge=1, le=BPS)] = 500
    """Most sold per block, in 1e-4 of the collateral that the loop started with."""
    max_slippage_bps: Annotated[int, Field(ge=1, le=BPS)] = 300
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
            case.refuse(
                f"{key}.cohort",
                self.cohort,
                "its pledge is at the exchange's desk: expected an agent of kind desk-whale",
            )
        line_bps = case.spec.lending.reserves[pledge.collateral].liquidation_threshold_bps
        if self.warning_ltv_bps >= line_bps:
            case.refuse(
                f"{key}.warning_ltv_bps",
                self.warning_ltv_bps,
                f"the pool liquidates {pledge.collateral} at {line_bps}: expected a warning below that",
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
    target_health_factor: PositiveFigure = Decimal("1.1")
    """Health factor that each member restores; a distribution is drawn for each."""
    max_slippage_bps: Annotated[int, Field(ge=1, le=BPS)] = 500
    """Most that its own sale may cost against the pool's price, in 1e-4; beyond that it waits."""

    @model_validator(mode="after")
    def _ordered(self) -> StopLossSpec:
        trigger = self.trigger_health_factor.highest
        lowest = lowest_of(self.target_health_factor)
        if lowest <= max(trigger, Decimal(1)):
            raise ValueError(f"target_health_factor {lowest} must be above 1 and above every trigger, {trigger}")
        return self

    @property
    def acts_for(self) -> str:
        """The positions."""
        return self.cohort

    def check(self, case: Case, key: str) -> None:
        """Refuse a cohort that is not there or cannot sell its collateral at the pool."""
        case.cohort_that_sells(key, self.cohort, self.venue)


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


class LenderExitSpec(TippingAgent):
    """Lenders who withdraw from the pool; where cash is short they get an error, and the rate jumps."""

    acts_as: ClassVar[Role] = Role.LENDER
    is_player: ClassVar[bool] = True

    kind: Literal["lender-exit"]
    asset: Name
    """The asset lent."""
    share_bps: Bps = 5000
    """Share of the supply that leaves in the end, in 1e-4."""
    tranche_bps: Annotated[int, Field(ge=1, le=BPS)] = 500
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


LendingAgentSpec = KeeperSpec | WhaleSpec | StopLossSpec | DipBuyerSpec | LenderExitSpec
"""Agents that act on positions of the lending pool."""
