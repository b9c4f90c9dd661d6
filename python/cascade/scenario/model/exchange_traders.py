"""Kinds of agent that trade at the exchange: makers, bidders, and traders of perpetuals.

A figure that is no distribution is the same for all members of an entry; a distribution is drawn for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from cascade.scenario.model.common import Distribution, Name, PositiveAmount, Spec
from cascade.scenario.model.drawn import (
    ContractsFigure,
    FractionBps,
    NumberFigure,
    PositiveFigure,
    WholeFigure,
    Within,
    highest_of,
    lowest_of,
    stated_amounts,
)
from cascade.scenario.model.exchange import ExchangeSpec
from cascade.scenario.model.kinds import Case, DifferingAgent, ExchangeAgent, StatedAmount
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

    levels: Annotated[WholeFigure, Within(ge=1, le=100, whole=True)] = 5
    """Orders per side."""
    spread_bps: Annotated[WholeFigure, Within(ge=0, le=5_000, whole=True)] = 10
    """Distance from the reference to the first order, in 1e-4."""
    step_bps: Annotated[WholeFigure, Within(ge=1, le=5_000, whole=True)] = 50
    """Distance from one order to the next, in 1e-4 of the reference."""
    bid_size: PositiveFigure
    """Size bid at all levels together, in tokens of the base."""
    ask_size: PositiveFigure
    """Size asked at all levels together, in tokens of the base."""


class ObligationSpec(Spec):
    """Quotes that a maker owes the exchange while others pull theirs. A remedy."""

    share_bps: Annotated[WholeFigure, Within(ge=1, le=BPS, whole=True)]
    """Share of its ladder that it keeps quoting, in 1e-4, until its account is liquidated."""


class MarketMakerSpec(ExchangeAgent, DifferingAgent):
    """Market makers: ladders from a unified account, with stables borrowed against the very assets they quote.

    They quote around each book's reference, lean against what they hold too much of, and pull all quotes at a margin
    level or a fall.
    """

    acts_as: ClassVar[Role] = Role.MAKER

    kind: Literal["market-maker"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of makers, each with an account of its own."""
    scale: PositiveFigure = Decimal(1)
    """Factor of all sizes of each: inventory, debt, short contracts and ladders. A distribution makes makers of
    different sizes and of the same leverage."""
    inventory: dict[Name, PositiveFigure]
    """Holdings of each at the start, in tokens by asset; the exchange's stable may be among them."""
    borrowed: NumberFigure = Decimal(0)
    """Debt of each at the start, in the stable: borrowed and spent on the inventory above."""
    short_contracts: dict[Name, ContractsFigure] = {}
    """Perpetuals that each is short at the start, by market, in contracts: a hedge, which sets its net delta."""
    ladders: Annotated[dict[Name, LadderSpec], Field(min_length=1)]
    """Quotes by book."""
    skew_bps: Annotated[WholeFigure, Within(ge=0, le=5_000, whole=True)] = 0
    """Distance by which it moves the middle of its quotes down when it holds twice its inventory of the base or more,
    and up when it holds none, in 1e-4."""
    requote_bps: Annotated[WholeFigure, Within(ge=1, le=5_000, whole=True)] = 20
    """Move of the reference, or of its own skew, at which it replaces a ladder, in 1e-4."""
    refill_blocks: Annotated[WholeFigure, Within(ge=1, le=1000, whole=True)] = 5
    """Blocks after which it replaces a ladder that others have traded against."""
    pull_margin: PositiveFigure | None = Decimal("1.3")
    """uniMMR below which it pulls all quotes; null disables this trigger."""
    pull_fall_bps: FractionBps | None = None
    """Fall of a book's last price (clipped to best bid and ask) against its reference at which it pulls that book's
    quotes, in 1e-4; null disables this trigger."""
    return_blocks: Annotated[WholeFigure, Within(ge=1, le=10_000, whole=True)] = 50
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
            levels = highest_of(ladder.levels)
            last_bps = highest_of(ladder.spread_bps) + highest_of(ladder.step_bps) * (levels - 1)
            if last_bps >= BPS:
                case.refuse(
                    f"{key}.ladders.{name}.levels",
                    int(levels),
                    f"the last bid is {last_bps} in 1e-4 below the middle: expected a price above 0",
                )
        for market in self.short_contracts:
            case.market(f"{key}.short_contracts", market)
        if self.borrowed and exchange.margin is None:
            case.refuse(f"{key}.borrowed", f"{highest_of(self.borrowed):f}", "nobody lends: add exchange.margin")

    def amounts_at(self, exchange: ExchangeSpec) -> Iterator[StatedAmount]:
        """Yield debt, inventory, and the sizes of its ladders."""
        yield from stated_amounts("borrowed", exchange.cash, self.borrowed)
        for asset, held in self.inventory.items():
            yield from stated_amounts(f"inventory.{asset}", asset, held)
        for book, ladder in self.ladders.items():
            base = exchange.books[book].base
            yield from stated_amounts(f"ladders.{book}.bid_size", base, ladder.bid_size)
            yield from stated_amounts(f"ladders.{book}.ask_size", base, ladder.ask_size)


class BidderSpec(ExchangeAgent, DifferingAgent):
    """Independent bidders without debt: bids reposted around the reference. Recovery comes from them and from makers.

    A bidder steps back, and cancels its bids, while the book's price stands far from its reference, or once it has been
    filled with a stated part of its capital. It bids again some blocks after the cause has ended.
    """

    acts_as: ClassVar[Role] = Role.BIDDER

    kind: Literal["bidder"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of bidders, each with a part of the size in proportion to its weight."""
    weight: PositiveFigure = Decimal(1)
    """Weight of each in the parts of size and capital; one figure for all gives equal parts."""
    book: Name
    """Book where they bid."""
    size: PositiveAmount
    """Size bid at all levels together, in tokens of the base."""
    capital: PositiveAmount
    """Capital of all of them together, in the stable; bids lock at most half of what is left of it."""
    levels: Annotated[WholeFigure, Within(ge=1, le=100, whole=True)] = 10
    """Orders of each bidder."""
    from_bps: FractionBps = 200
    """Distance from the reference down to the first order, in 1e-4."""
    to_bps: FractionBps = 5000
    """Distance from the reference down to the last order, in 1e-4."""
    refill_blocks: Annotated[WholeFigure, Within(ge=1, le=10_000, whole=True)] = 40
    """Patience: blocks in which a level that was filled entirely is bid again, an equal part per block."""
    requote_bps: Annotated[WholeFigure, Within(ge=1, le=5_000, whole=True)] = 50
    """Move of the reference at which they repost, in 1e-4."""
    doubt_bps: FractionBps | None = None
    """Fall of the book's last price (clipped to best bid and ask) under the reference at which a bidder no longer
    trusts the reference and steps back, in 1e-4, while somebody trades or asks there; null never doubts."""
    full_bps: Annotated[WholeFigure, Within(ge=1, le=BPS, whole=True)] | None = None
    """Share of its capital that a bidder spends, since the start or since it last came back, until it steps back, in
    1e-4; null disables this trigger."""
    return_blocks: Annotated[WholeFigure, Within(ge=1, le=10_000, whole=True)] = 50
    """Blocks from the end of the doubt, or from being full, until a bidder bids again."""

    @model_validator(mode="after")
    def _ordered(self) -> BidderSpec:
        first, last = highest_of(self.from_bps), lowest_of(self.to_bps)
        if first > last:
            raise ValueError(f"from_bps {first} exceeds to_bps {last}")
        return self

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse a book that is not there."""
        case.book(f"{key}.book", self.book)

    def amounts_at(self, exchange: ExchangeSpec) -> Iterator[StatedAmount]:
        """Yield capital and size."""
        yield StatedAmount("capital", exchange.cash, self.capital)
        yield StatedAmount("size", exchange.books[self.book].base, self.size)


class PerpTraderSpec(ExchangeAgent, DifferingAgent):
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
    stop_bps: FractionBps | None = None
    """Loss of the price at which a trader closes its position itself, in 1e-4; null leaves it to the engine."""

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse a perpetual that is not there."""
        case.market(f"{key}.market", self.market)


class BasisTraderSpec(ExchangeAgent, DifferingAgent):
    """Counterparties of perpetuals, who hedge in the spot book: short contracts against spot held."""

    acts_as: ClassVar[Role] = Role.BASIS_TRADER

    kind: Literal["basis-trader"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of traders, each with an account of its own."""
    market: Name
    """Perpetual that they quote."""
    cash: PositiveFigure
    """Cash of each, in the stable."""
    spread_bps: Annotated[WholeFigure, Within(ge=0, le=5_000, whole=True)] = 10
    """Distance from the mark at which they quote, in 1e-4."""
    quote_contracts: ContractsFigure
    """Contracts that each quotes to buy and to sell."""
    max_hedge_contracts: ContractsFigure
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
        yield from stated_amounts("cash", exchange.cash, self.cash)


class NoiseTraderSpec(ExchangeAgent, DifferingAgent):
    """Small market orders at random, on both sides."""

    acts_as: ClassVar[Role] = Role.NOISE

    kind: Literal["noise-trader"]
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    """Number of traders, each with an account and a random stream of its own."""
    book: Name
    """Book where they trade."""
    order: Distribution
    """Size of an order, in tokens of the base."""
    chance_bps: Annotated[WholeFigure, Within(ge=1, le=BPS, whole=True)] = 1000
    """Chance that a trader trades in a block, in 1e-4."""
    base: PositiveFigure
    """Tokens of the base that each holds at the start."""
    cash: PositiveFigure
    """Cash of each at the start, in the stable."""

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse a book that is not there."""
        case.book(f"{key}.book", self.book)

    def amounts_at(self, exchange: ExchangeSpec) -> Iterator[StatedAmount]:
        """Yield the holdings of each."""
        yield from stated_amounts("cash", exchange.cash, self.cash)
        yield from stated_amounts("base", exchange.books[self.book].base, self.base)


ExchangeTraderSpec = MarketMakerSpec | BidderSpec | PerpTraderSpec | BasisTraderSpec | NoiseTraderSpec
"""Agents that trade at the exchange."""
