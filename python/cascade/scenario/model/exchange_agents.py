"""Who acts at the exchange during the crash."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cascade.scenario.model.common import AgentBase, Amount, Distribution, Name, PositiveAmount, Spec

__all__ = [
    "BasisTraderSpec",
    "BidderSpec",
    "DeskBorrowerSpec",
    "DeskWhaleSpec",
    "ExchangeAgentSpec",
    "ExchangeArbitrageurSpec",
    "ExchangeKeeperSpec",
    "HolderExitSpec",
    "LadderSpec",
    "MarketMakerSpec",
    "NoiseTraderSpec",
    "ObligationSpec",
    "PerpTraderSpec",
]


class LadderSpec(Spec):
    """A maker's quotes in one book, around the reference.

    Bids lock cash and asks lock base, together at most half of what the account holds of each, so that a ladder can be
    replaced whatever was filled a moment before; sizes are cut to that.
    """

    levels: Annotated[int, Field(ge=1, le=100)] = 5
    """Orders a side."""
    spread_bps: Annotated[int, Field(ge=0, le=5_000)] = 10
    """From the reference to the first order, in 1e-4."""
    step_bps: Annotated[int, Field(ge=1, le=5_000)] = 50
    """From one order to the next, in 1e-4 of the reference."""
    bid_size: PositiveAmount
    """Bid at all levels together, in tokens of the base."""
    ask_size: PositiveAmount
    """Asked at all levels together, in tokens of the base."""


class ObligationSpec(Spec):
    """What a maker owes the exchange while others pull their quotes. A remedy."""

    share_bps: Annotated[int, Field(ge=1, le=10_000)]
    """Share of its ladder that it keeps quoting, in 1e-4, until its account is liquidated."""


class MarketMakerSpec(AgentBase):
    """Market makers: ladders from a unified account, with stables borrowed against the very assets they quote.

    They quote around each book's reference, lean against what they hold too much of, and pull all quotes at a margin
    level or a fall.
    """

    kind: Literal["market-maker"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Makers, each with an account of its own."""
    inventory: dict[Name, PositiveAmount]
    """What each holds at the start, in tokens by asset; the exchange's stable may be among them."""
    borrowed: Amount = Decimal(0)
    """What each owes at the start, in the stable: borrowed and spent on the inventory above."""
    short_contracts: dict[Name, Annotated[int, Field(ge=1)]] = {}
    """Perpetuals that each is short at the start, by market, in contracts: a hedge. Its net delta follows."""
    ladders: Annotated[dict[Name, LadderSpec], Field(min_length=1)]
    """Quotes by book."""
    skew_bps: Annotated[int, Field(ge=0, le=5_000)] = 0
    """How far it moves its middle when it holds twice its inventory of the base or more (the other way at none), in
    1e-4."""
    requote_bps: Annotated[int, Field(ge=1, le=5_000)] = 20
    """Move of the reference, or of its own skew, at which it replaces a ladder, in 1e-4."""
    refill_blocks: Annotated[int, Field(ge=1, le=1000)] = 5
    """Blocks after which it replaces a ladder that others have traded against."""
    pull_margin: PositiveAmount | None = Decimal("1.3")
    """uniMMR under which it pulls all quotes; none never."""
    pull_fall_bps: Annotated[int, Field(ge=1, le=9_999)] | None = None
    """Fall of a book's last price, held between best bid and ask, against its reference at which it pulls that book's
    quotes, in 1e-4; none never."""
    return_blocks: Annotated[int, Field(ge=1, le=10_000)] = 50
    """Blocks after the cause is gone until it quotes again."""
    obligation: ObligationSpec | None = None
    """What it keeps quoting all the same; none is nothing."""


class BidderSpec(AgentBase):
    """Independent bidders, who owe nobody: bids reposted around the reference. Recovery comes from them alone."""

    kind: Literal["bidder"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Bidders, each with an equal part of the size."""
    book: Name
    """Where they bid."""
    size: PositiveAmount
    """Bid at all levels together, in tokens of the base."""
    capital: PositiveAmount
    """What they can spend in all, in the stable; bids lock at most half of what is left of it."""
    levels: Annotated[int, Field(ge=1, le=100)] = 10
    """Orders of each."""
    from_bps: Annotated[int, Field(ge=1, le=9_999)] = 200
    """From the reference down to the first order, in 1e-4."""
    to_bps: Annotated[int, Field(ge=1, le=9_999)] = 5000
    """To the last order, in 1e-4."""
    refill_blocks: Annotated[int, Field(ge=1, le=10_000)] = 40
    """Blocks in which a level that was taken whole is bid again, an equal part a block."""
    requote_bps: Annotated[int, Field(ge=1, le=5_000)] = 50
    """Move of the reference at which they repost, in 1e-4."""

    @model_validator(mode="after")
    def _ordered(self) -> BidderSpec:
        if self.from_bps > self.to_bps:
            raise ValueError(f"from_bps {self.from_bps} exceeds to_bps {self.to_bps}")
        return self


class PerpTraderSpec(AgentBase):
    """Leveraged retail: perpetuals opened before the crash, from cash, and left to the engine."""

    kind: Literal["perp-trader"]
    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Traders, each with an account of its own."""
    market: Name
    """Where they trade."""
    side: Literal["long", "short"] = "long"
    """Which way."""
    equity: Distribution
    """Cash of each, in the stable."""
    leverage: Distribution
    """Notional over equity at the start."""
    stop_bps: Annotated[int, Field(ge=1, le=9_999)] | None = None
    """Loss of the price at which a trader closes by itself, in 1e-4; none leaves it to the engine."""


class BasisTraderSpec(AgentBase):
    """Who stands on the other side of perpetuals, and hedges on the spot book: short contracts against spot held."""

    kind: Literal["basis-trader"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Traders, each with an account of its own."""
    market: Name
    """Perpetual that they quote."""
    cash: PositiveAmount
    """What each holds in the stable."""
    spread_bps: Annotated[int, Field(ge=0, le=5_000)] = 10
    """Off the mark at which they quote, in 1e-4."""
    quote_contracts: Annotated[int, Field(ge=1)]
    """Contracts that each stands ready to buy and to sell."""
    max_hedge_contracts: Annotated[int, Field(ge=1)]
    """Most that each sells or buys on the spot book in a block to stay hedged, in contracts."""


class ExchangeKeeperSpec(AgentBase):
    """The exchange's own engine: calls margins, liquidates loans and accounts, carries on unfinished market orders."""

    kind: Literal["exchange-keeper"]
    accounts: bool = True
    """Whether unified accounts are liquidated; off for a run that shows what they did."""
    desk: bool = True
    """Whether the desk's loans are liquidated."""
    max_steps: Annotated[int, Field(ge=1, le=50)] = 8
    """Assets sold from and positions closed in one call."""
    max_fills: Annotated[int, Field(ge=1, le=500)] = 100
    """Orders, quotes or counterparties met in each."""


class HolderExitSpec(AgentBase):
    """Holders who sell an asset on the exchange because they need cash elsewhere: an input, at times of their own."""

    kind: Literal["holder-exit"]
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    """Holders, each with an account and a random stream of its own."""
    book: Name
    """Where they sell its base."""
    base: PositiveAmount
    """What each holds and sells, in tokens."""
    begin_seconds: Distribution
    """When each begins, in seconds after the start of the crash."""
    sell_blocks: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Blocks over which each sells, an equal part a block."""
    not_below: PositiveAmount | None = None
    """Price in the stable under which they wait; none sells at any price."""


class NoiseTraderSpec(AgentBase):
    """Small market orders at random, both ways."""

    kind: Literal["noise-trader"]
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    """Traders, each with an account and a random stream of its own."""
    book: Name
    """Where they trade."""
    order: Distribution
    """Size of an order, in tokens of the base."""
    chance_bps: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """Chance that one trades in a block, in 1e-4."""
    base: PositiveAmount
    """What each holds of the base at the start, in tokens."""
    cash: PositiveAmount
    """What each holds in the stable."""


class ExchangeArbitrageurSpec(AgentBase):
    """Buys where an asset is cheap and sells where it is dear: a book against an on-chain pool, with stock at both.

    It moves what it has too much of on one side to the other, and stops when it runs out while transfers are degraded.
    """

    kind: Literal["exchange-arbitrageur"]
    book: Name
    """The book."""
    venue: Name
    """The pool: its first coin is the exchange's stable, its second the book's base."""
    cash: PositiveAmount
    """What it holds of the stable at the start on each side."""
    base: PositiveAmount
    """What it holds of the base at the start on each side, in tokens."""
    min_edge_bps: Annotated[int, Field(ge=0, le=10_000)] = 20
    """Least gap it trades on, after fees, in 1e-4."""
    max_per_block: PositiveAmount
    """Most it trades a block, in tokens of the base."""
    tip_gwei: Amount = Decimal(2)
    """Priority fee on chain, in gwei."""


class DeskBorrowerSpec(AgentBase):
    """Borrowers of the exchange's desk who spent the stables: their pledges are sold once the price has fallen."""

    kind: Literal["desk-borrower"]
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    """Borrowers, each with an account and a random stream of its own."""
    line: Name
    """Book of the desk's line: its base is pledged."""
    pledge: Distribution
    """What each pledges, in tokens; rounded to whole ones."""
    ltv: Distribution
    """LTV of each loan at the start."""


class DeskWhaleSpec(AgentBase):
    """Owners of large loops whose first layer is a loan of the exchange's desk.

    Called by the desk, a whale unwinds its loop on chain, moves the stables to the exchange and repays; after the
    deadline the desk sells. What comes too late, or not at all while transfers are degraded, the desk collects.
    """

    kind: Literal["desk-whale"]
    cohort: Name
    """The loops on chain; their pledge names a line of the desk, which lent their equity."""
    venue: Name
    """Pool where it sells the loop's collateral."""
    reaction_blocks: Annotated[int, Field(ge=0, le=10_000)] = 10
    """Most blocks until a whale acts on a call or on its own decision; each draws its own delay."""
    cure_ltv_bps: Annotated[int, Field(ge=1, le=9_999)] = 6500
    """LTV to which it repays, in 1e-4."""
    leave_below: Distribution | None = None
    """Price of the pool under which a whale unwinds all by choice; each draws its own, none stays."""
    tranche_bps: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Most sold a block, in 1e-4 of the collateral that the loop started with."""
    max_slippage_bps: Annotated[int, Field(ge=1, le=10_000)] = 300
    """Most that its own sale may cost against the pool's price, in 1e-4; a tranche is cut to that."""
    tip_gwei: Amount = Decimal(2)
    """Priority fee on chain, in gwei."""


ExchangeAgentSpec = (
    MarketMakerSpec
    | BidderSpec
    | PerpTraderSpec
    | BasisTraderSpec
    | ExchangeKeeperSpec
    | HolderExitSpec
    | NoiseTraderSpec
    | ExchangeArbitrageurSpec
    | DeskBorrowerSpec
    | DeskWhaleSpec
)
"""Agents that need an `exchange`."""
