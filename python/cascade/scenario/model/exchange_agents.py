"""Kinds of agent that act between the exchange and the chain, or run the exchange."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cascade.scenario.model.common import Amount, Distribution, Name, PositiveAmount
from cascade.scenario.model.exchange import ExchangeSpec
from cascade.scenario.model.kinds import Case, ExchangeAgent, Exclusive, GroupAgent, Sections, SingleAgent, StatedAmount
from cascade.units import BPS
from cascade.vocabulary import Role

__all__ = [
    "DeskBorrowerSpec",
    "DeskWhaleSpec",
    "ExchangeAgentSpec",
    "ExchangeArbitrageurSpec",
    "ExchangeKeeperSpec",
    "HolderExitSpec",
]


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
    """Price in the stable below which they wait, in whole ticks of the book; null sells at any price."""

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse a book that is not there, and a price between two ticks, which the book would refuse each time."""
        tick = case.book(f"{key}.book", self.book).tick
        if self.not_below is not None and self.not_below % tick:
            case.refuse(f"{key}.not_below", str(self.not_below), f"expected whole ticks of {tick}")

    def amounts_at(self, exchange: ExchangeSpec) -> Iterator[StatedAmount]:
        """Yield the tokens of each."""
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
    min_edge_bps: Annotated[int, Field(ge=0, le=BPS)] = 20
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
            case.refuse(f"{key}.venue", self.venue, f"pays {quote}, but the book quotes in {exchange.cash}")
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
    tranche_bps: Annotated[int, Field(ge=1, le=BPS)] = 500
    """Most sold per block, in 1e-4 of the collateral that the loop started with."""
    max_slippage_bps: Annotated[int, Field(ge=1, le=BPS)] = 300
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
            case.refuse(f"{key}.cohort", self.cohort, "has no loan of the desk: its pledge must name a line")
        # A whale that repaid down to a higher LTV than the desk calls at would be called again at once.
        line = case.line(f"positions.{self.cohort}.pledge.line", pledge.line)
        if self.cure_ltv_bps >= line.margin_call_ltv_bps:
            case.refuse(
                f"{key}.cure_ltv_bps",
                self.cure_ltv_bps,
                f"the desk calls at {line.margin_call_ltv_bps}: expected a cure below that",
            )


ExchangeAgentSpec = ExchangeKeeperSpec | HolderExitSpec | ExchangeArbitrageurSpec | DeskBorrowerSpec | DeskWhaleSpec
"""Agents that act between the exchange and the chain, or run the exchange."""
