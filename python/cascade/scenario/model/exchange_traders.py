"""Kinds of agent that trade at the exchange: makers, bidders, and traders of perpetuals."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from cascade.scenario.model.common import Amount, Distribution, Name, PositiveAmount, Spec
from cascade.scenario.model.exchange import ExchangeSpec
from cascade.scenario.model.kinds import Case, ExchangeAgent, GroupAgent, StatedAmount
from cascade.units import BPS
from cascade.vocabulary import Role

__all__ = [
    "BasisTraderSpec",
    "BidderSpec",
    "ExchangeTraderSpec",
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

    share_bps: Annotated[int, Field(ge=1, le=BPS)]
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
            # Bids descend by equal steps: a long ladder would reach a price of zero.
            last_bps = ladder.spread_bps + ladder.step_bps * (ladder.levels - 1)
            if last_bps >= BPS:
                case.refuse(
                    f"{key}.ladders.{name}.levels",
                    ladder.levels,
                    f"the last bid is {last_bps} in 1e-4 below the middle: expected a price above 0",
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
        # The hedge is an order in the spot book, which takes whole lots only.
        if market.contract_size % lot:
            case.refuse(
                f"{key}.market",
                self.market,
                f"a contract is {market.contract_size}, which is not a whole number of lots of {lot}: it could not be "
                "hedged",
            )
        others = [other for other in case.spec.agents.values() if isinstance(other, BasisTraderSpec)]
        quoting = sum(other.count for other in others if other.market == self.market)
        if quoting > _MOST_QUOTES:
            case.refuse(f"{key}.count", quoting, f"at most {_MOST_QUOTES} traders quote a market")

    def amounts_at(self, exchange: ExchangeSpec) -> Iterator[StatedAmount]:
        """Yield the cash of each."""
        yield StatedAmount("cash", exchange.cash, self.cash)


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
    chance_bps: Annotated[int, Field(ge=1, le=BPS)] = 1000
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


ExchangeTraderSpec = MarketMakerSpec | BidderSpec | PerpTraderSpec | BasisTraderSpec | NoiseTraderSpec
"""Agents that trade at the exchange."""
