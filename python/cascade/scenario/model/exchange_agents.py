"""Kinds of agent that act at the exchange during the crash."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from cascade.scenario.model.common import Amount, Distribution, Name, PositiveAmount, Spec
from cascade.scenario.model.exchange import ExchangeSpec
from cascade.scenario.model.kinds import (
    Case,
    ExchangeAgent,
    Exclusive,
    GroupAgent,
    Sections,
    SingleAgent,
    StatedAmount,
)
from cascade.units import BPS
from cascade.vocabulary import Role

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

_MOST_QUOTES = 64
"""Traders that may quote one perpetual; the contract's own limit."""


class LadderSpec(Spec):
    """A maker's quotes in one book, around the reference.

    Bids lock cash and asks lock base, together at most half of what the account holds of each, so that a ladder can be
    replaced whatever was filled a moment before; sizes are cut to that.
    """

    levels: Annotated[int, Field(ge=1, le=100)] = 5
    """Orders per side."""
    spread_bps: Annotated[int, Field(ge=0, le=5_000)] = 10
    """Distance from the reference to the first order, in 1e-4."""
    step_bps: Annotated[int, Field(ge=1, le=5_000)] = 50
    """Distance from one order to the next, in 1e-4 of the reference."""
    bid_size: PositiveAmount
    """Size bid at all levels together, in tokens of the base."""
    ask_size: PositiveAmount
    """Size asked at all levels together, in tokens of the base."""


class ObligationSpec(Spec):
    """Quotes that a maker owes the exchange while others pull theirs. A remedy."""

    share_bps: Annotated[int, Field(ge=1, le=10_000)]
    """Share of its ladder that it keeps quoting, in 1e-4, until its account is liquidated."""


class MarketMakerSpec(ExchangeAgent, GroupAgent):
    """Market makers: ladders from a unified account, with stables borrowed against the very assets they quote.

    They quote around each book's reference, lean against what they hold too much of, and pull all quotes at a margin
    level or a fall.
    """

    acts_as: ClassVar[Role] = Role.MAKER

    kind: Literal["market-maker"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of makers, each with an account of its own."""
    inventory: dict[Name, PositiveAmount]
    """Holdings of each at the start, in tokens by asset; the exchange's stable may be among them."""
    borrowed: Amount = Decimal(0)
    """Debt of each at the start, in the stable: borrowed and spent on the inventory above."""
    short_contracts: dict[Name, Annotated[int, Field(ge=1)]] = {}
    """Perpetuals that each is short at the start, by market, in contracts: a hedge, which sets its net delta."""
    ladders: Annotated[dict[Name, LadderSpec], Field(min_length=1)]
    """Quotes by book."""
    skew_bps: Annotated[int, Field(ge=0, le=5_000)] = 0
    """Distance by which it moves the middle of its quotes down when it holds twice its inventory of the base or more,
    and up when it holds none, in 1e-4."""
    requote_bps: Annotated[int, Field(ge=1, le=5_000)] = 20
    """Move of the reference, or of its own skew, at which it replaces a ladder, in 1e-4."""
    refill_blocks: Annotated[int, Field(ge=1, le=1000)] = 5
    """Blocks after which it replaces a ladder that others have traded against."""
    pull_margin: PositiveAmount | None = Decimal("1.3")
    """uniMMR below which it pulls all quotes; null disables this trigger."""
    pull_fall_bps: Annotated[int, Field(ge=1, le=9_999)] | None = None
    """Fall of a book's last price (clipped to best bid and ask) against its reference at which it pulls that book's
    quotes, in 1e-4; null disables this trigger."""
    return_blocks: Annotated[int, Field(ge=1, le=10_000)] = 50
    """Blocks from the end of the cause until it quotes again."""
    obligation: ObligationSpec | None = None
    """Quotes that it keeps after pulling the others; null keeps none."""

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse an inventory of untraded assets, ladders that cannot be quoted, and debt that nobody lends."""
        traded = [exchange.cash, *(book.base for book in exchange.books.values())]
        for asset in self.inventory:
            if asset not in traded:
                expected = f"expected an asset of the exchange: {', '.join(sorted(traded))}"
                case.refuse(f"{key}.inventory", asset, expected)
        for name, ladder in self.ladders.items():
            base = case.book(f"{key}.ladders", name).base
            if base not in self.inventory:
                case.refuse(
                    f"{key}.ladders.{name}.ask_size",
                    str(ladder.ask_size),
                    f"asks {base} and holds none: add inventory.{base}",
                )
            last_bps = ladder.spread_bps + ladder.step_bps * (ladder.levels - 1)
            if last_bps >= BPS:
                case.refuse(
                    f"{key}.ladders.{name}.levels",
                    ladder.levels,
                    f"the last bid is {last_bps} of {BPS} under the middle: expected a price above 0",
                )
        for market in self.short_contracts:
            case.market(f"{key}.short_contracts", market)
        if self.borrowed and exchange.margin is None:
            case.refuse(f"{key}.borrowed", str(self.borrowed), "nobody lends: add exchange.margin")

    def amounts_at(self, exchange: ExchangeSpec) -> Iterator[StatedAmount]:
        """Yield debt, inventory, and the sizes of its ladders."""
        yield StatedAmount("borrowed", exchange.cash, self.borrowed)
        for asset, held in self.inventory.items():
            yield StatedAmount(f"inventory.{asset}", asset, held)
        for book, ladder in self.ladders.items():
            base = exchange.books[book].base
            yield StatedAmount(f"ladders.{book}.bid_size", base, ladder.bid_size)
            yield StatedAmount(f"ladders.{book}.ask_size", base, ladder.ask_size)


class BidderSpec(ExchangeAgent, GroupAgent):
    """Independent bidders without debt: bids reposted around the reference. Recovery comes from them alone."""

    acts_as: ClassVar[Role] = Role.BIDDER

    kind: Literal["bidder"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of bidders, each with an equal part of the size."""
    book: Name
    """Book where they bid."""
    size: PositiveAmount
    """Size bid at all levels together, in tokens of the base."""
    capital: PositiveAmount
    """Capital of all of them together, in the stable; bids lock at most half of what is left of it."""
    levels: Annotated[int, Field(ge=1, le=100)] = 10
    """Orders of each bidder."""
    from_bps: Annotated[int, Field(ge=1, le=9_999)] = 200
    """Distance from the reference down to the first order, in 1e-4."""
    to_bps: Annotated[int, Field(ge=1, le=9_999)] = 5000
    """Distance from the reference down to the last order, in 1e-4."""
    refill_blocks: Annotated[int, Field(ge=1, le=10_000)] = 40
    """Blocks in which a level that was filled entirely is bid again, an equal part per block."""
    requote_bps: Annotated[int, Field(ge=1, le=5_000)] = 50
    """Move of the reference at which they repost, in 1e-4."""

    @model_validator(mode="after")
    def _ordered(self) -> BidderSpec:
        if self.from_bps > self.to_bps:
            raise ValueError(f"from_bps {self.from_bps} exceeds to_bps {self.to_bps}")
        return self

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse a book that is not there."""
        case.book(f"{key}.book", self.book)

    def amounts_at(self, exchange: ExchangeSpec) -> Iterator[StatedAmount]:
        """Yield capital and size."""
        yield StatedAmount("capital", exchange.cash, self.capital)
        yield StatedAmount("size", exchange.books[self.book].base, self.size)


class PerpTraderSpec(ExchangeAgent, GroupAgent):
    """Leveraged retail: perpetuals opened before the crash, from cash, and left to the engine."""

    acts_as: ClassVar[Role] = Role.RETAIL

    kind: Literal["perp-trader"]
    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Number of traders, each with an account of its own."""
    market: Name
    """Perpetual that they trade."""
    side: Literal["long", "short"] = "long"
    """Side of their position."""
    equity: Distribution
    """Cash of each, in the stable."""
    leverage: Distribution
    """Notional over equity at the start."""
    stop_bps: Annotated[int, Field(ge=1, le=9_999)] | None = None
    """Loss of the price at which a trader closes its position itself, in 1e-4; null leaves it to the engine."""

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse a perpetual that is not there."""
        case.market(f"{key}.market", self.market)


class BasisTraderSpec(ExchangeAgent, GroupAgent):
    """Counterparties of perpetuals, who hedge in the spot book: short contracts against spot held."""

    acts_as: ClassVar[Role] = Role.BASIS_TRADER

    kind: Literal["basis-trader"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of traders, each with an account of its own."""
    market: Name
    """Perpetual that they quote."""
    cash: PositiveAmount
    """Cash of each, in the stable."""
    spread_bps: Annotated[int, Field(ge=0, le=5_000)] = 10
    """Distance from the mark at which they quote, in 1e-4."""
    quote_contracts: Annotated[int, Field(ge=1)]
    """Contracts that each quotes to buy and to sell."""
    max_hedge_contracts: Annotated[int, Field(ge=1)]
    """Most that each sells or buys in the spot book per block to stay hedged, in contracts."""

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse contracts that could not be hedged, and more traders than one market takes quotes from."""
        market = case.market(f"{key}.market", self.market)
        lot = exchange.books[market.book].lot
        if market.contract_size % lot:
            case.refuse(
                f"{key}.market",
                self.market,
                f"a contract is {market.contract_size}, no whole number of lots of {lot}: it could not be hedged",
            )
        others = [other for other in case.spec.agents.values() if isinstance(other, BasisTraderSpec)]
        quoting = sum(other.count for other in others if other.market == self.market)
        if quoting > _MOST_QUOTES:
            case.refuse(f"{key}.count", quoting, f"at most {_MOST_QUOTES} traders quote a market")

    def amounts_at(self, exchange: ExchangeSpec) -> Iterator[StatedAmount]:
        """Yield the cash of each."""
        yield StatedAmount("cash", exchange.cash, self.cash)


class ExchangeKeeperSpec(ExchangeAgent, SingleAgent):
    """The exchange's own engine: calls margins, liquidates loans and accounts, continues unfinished market orders."""

    acts_as: ClassVar[Role] = Role.ENGINE

    kind: Literal["exchange-keeper"]
    accounts: bool = True
    """Whether unified accounts are liquidated; disable it in a run that isolates the effect of these liquidations."""
    desk: bool = True
    """Whether the desk's loans are liquidated."""
    max_steps: Annotated[int, Field(ge=1, le=50)] = 8
    """Most assets sold and positions closed in one call."""
    max_fills: Annotated[int, Field(ge=1, le=500)] = 100
    """Most orders, quotes or counterparties filled in each of them."""

    def rights(self, spec: Sections) -> Iterator[Exclusive]:
        """Yield the exchange's engine, which is one agent."""
        yield Exclusive("exchange engine", "kind", self.kind, "the exchange's engine is {} already")


class HolderExitSpec(ExchangeAgent, GroupAgent):
    """Holders who sell an asset on the exchange because they need cash elsewhere: an input, at times of their own."""

    acts_as: ClassVar[Role] = Role.SPOT_SELLER

    kind: Literal["holder-exit"]
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    """Number of holders, each with an account and a random stream of its own."""
    book: Name
    """Book where they sell its base."""
    base: PositiveAmount
    """Tokens that each holds and sells."""
    begin_seconds: Distribution
    """Time at which each begins, in seconds after the start of the crash."""
    sell_blocks: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Blocks over which each sells, an equal part per block."""
    not_below: PositiveAmount | None = None
    """Price in the stable below which they wait; null sells at any price."""

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse a book that is not there."""
        case.book(f"{key}.book", self.book)

    def amounts_at(self, exchange: ExchangeSpec) -> Iterator[StatedAmount]:
        """Yield the tokens of each."""
        yield StatedAmount("base", exchange.books[self.book].base, self.base)


class NoiseTraderSpec(ExchangeAgent, GroupAgent):
    """Small market orders at random, on both sides."""

    acts_as: ClassVar[Role] = Role.NOISE

    kind: Literal["noise-trader"]
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    """Number of traders, each with an account and a random stream of its own."""
    book: Name
    """Book where they trade."""
    order: Distribution
    """Size of an order, in tokens of the base."""
    chance_bps: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """Chance that a trader trades in a block, in 1e-4."""
    base: PositiveAmount
    """Tokens of the base that each holds at the start."""
    cash: PositiveAmount
    """Cash of each at the start, in the stable."""

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse a book that is not there."""
        case.book(f"{key}.book", self.book)

    def amounts_at(self, exchange: ExchangeSpec) -> Iterator[StatedAmount]:
        """Yield the holdings of each."""
        yield StatedAmount("cash", exchange.cash, self.cash)
        yield StatedAmount("base", exchange.books[self.book].base, self.base)


class ExchangeArbitrageurSpec(ExchangeAgent, SingleAgent):
    """Buys where an asset is cheap and sells where it is dear: a book against an on-chain pool, with stock at both.

    It moves what it has too much of on one side to the other, and stops when it runs out while transfers are degraded.
    """

    acts_as: ClassVar[Role] = Role.ARBITRAGEUR

    kind: Literal["exchange-arbitrageur"]
    book: Name
    """The book."""
    venue: Name
    """The pool: its first coin is the exchange's stable, its second the book's base."""
    cash: PositiveAmount
    """Tokens of the stable that it holds at the start, on each side."""
    base: PositiveAmount
    """Tokens of the base that it holds at the start, on each side."""
    min_edge_bps: Annotated[int, Field(ge=0, le=10_000)] = 20
    """Smallest gap that it trades on, after fees, in 1e-4."""
    max_per_block: PositiveAmount
    """Most traded per block, in tokens of the base."""
    tip_gwei: Amount = Decimal(2)
    """Priority fee offered per unit of gas on chain, in gwei."""

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse a book and a pool that do not trade the same pair, and a limit below one lot."""
        book = case.book(f"{key}.book", self.book)
        quote, _ = case.pool(f"{key}.venue", self.venue, second=book.base).pair
        if quote != exchange.cash:
            case.refuse(f"{key}.venue", self.venue, f"pays {quote}, and the book {exchange.cash}")
        if self.max_per_block < book.lot:
            case.refuse(f"{key}.max_per_block", str(self.max_per_block), f"expected at least a lot, {book.lot}")

    def amounts_at(self, exchange: ExchangeSpec) -> Iterator[StatedAmount]:
        """Yield its stock on each side, and the limit per block."""
        base = exchange.books[self.book].base
        yield StatedAmount("cash", exchange.cash, self.cash)
        yield StatedAmount("base", base, self.base)
        yield StatedAmount("max_per_block", base, self.max_per_block)


class DeskBorrowerSpec(ExchangeAgent, GroupAgent):
    """Borrowers of the exchange's desk who spent the stables: their pledges are sold once the price has fallen."""

    acts_as: ClassVar[Role] = Role.DESK_BORROWER

    kind: Literal["desk-borrower"]
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    """Number of borrowers, each with an account and a random stream of its own."""
    line: Name
    """Book of the desk's line: its base is pledged."""
    pledge: Distribution
    """Tokens that each pledges, rounded to whole ones."""
    ltv: Distribution
    """LTV of each loan at the start."""

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse a line that is not there, and loans that it would not make."""
        line = case.line(f"{key}.line", self.line)
        if self.ltv.highest * BPS > line.initial_ltv_bps:
            most = float(self.ltv.highest)
            case.refuse(f"{key}.ltv", str(most), f"the desk lends {line.initial_ltv_bps / BPS:.2%}")


class DeskWhaleSpec(ExchangeAgent):
    """Owners of large loops whose first layer is a loan of the exchange's desk.

    Called by the desk, a whale unwinds its loop on chain, moves the stables to the exchange and repays; after the
    deadline the desk sells. Where repayment comes too late, or transfers are degraded, the desk collects.
    """

    acts_as: ClassVar[Role] = Role.WHALE
    is_player: ClassVar[bool] = True

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
    """Price of the pool below which a whale unwinds everything by choice; each draws its own. null disables leaving by
    choice."""
    tranche_bps: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Most sold per block, in 1e-4 of the collateral that the loop started with."""
    max_slippage_bps: Annotated[int, Field(ge=1, le=10_000)] = 300
    """Most that its own sale may cost against the pool's price, in 1e-4; a tranche is cut to that."""
    tip_gwei: Amount = Decimal(2)
    """Priority fee offered per unit of gas on chain, in gwei."""

    @property
    def owned_cohort(self) -> str | None:
        """The loops on chain."""
        return self.cohort

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse owners who could not sell, owe the desk nothing, or would cure a call that is not made yet."""
        pledge = case.cohort_that_sells(key, self.cohort, self.venue).pledge
        if pledge is None or pledge.line is None:
            case.refuse(f"{key}.cohort", self.cohort, "owes the desk nothing: its pledge must name a line")
        line = case.line(f"positions.{self.cohort}.pledge.line", pledge.line)
        if self.cure_ltv_bps >= line.margin_call_ltv_bps:
            case.refuse(
                f"{key}.cure_ltv_bps",
                self.cure_ltv_bps,
                f"the desk calls at {line.margin_call_ltv_bps}: a cure is below that",
            )


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
