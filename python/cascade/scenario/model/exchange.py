"""The exchange: books, loan desk, unified margin, and how its index is computed."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from cascade.errors import MissingPart
from cascade.scenario.model.common import Amount, Bps, Moment, Name, PositiveAmount, Spec, exact_decimal
from cascade.units import BPS

__all__ = [
    "BLOCKS_PER_STEP",
    "BookSpec",
    "BreakerSpec",
    "CollateralSpec",
    "DeskLineSpec",
    "DeskSpec",
    "ExchangeSpec",
    "FixedReference",
    "ForgottenOrderSpec",
    "IndexSpec",
    "MarginRulesSpec",
    "MarginSpec",
    "PathReference",
    "PerpMarketSpec",
    "RedemptionValueSpec",
    "Reference",
    "TierSpec",
    "TransfersSpec",
    "VenueReference",
]


BLOCKS_PER_STEP = 2
"""Blocks mined in a step of a scenario with an exchange: its own and the chain's. Without an exchange it is one."""


class PathReference(Spec):
    """The exogenous price path, times a factor."""

    kind: Literal["path"]
    asset: Name
    """Asset of the path."""
    ratio: PositiveAmount = Decimal(1)
    """Tokens of that asset that one token of this book's base is worth."""


class VenueReference(Spec):
    """The price of an on-chain pool: of its second coin, in its first."""

    kind: Literal["venue"]
    venue: Name
    """The pool; its second coin is the book's base."""


class FixedReference(Spec):
    """A price that does not change."""

    kind: Literal["fixed"]
    price: PositiveAmount
    """Price in the exchange's stable."""


Reference = Annotated[PathReference | VenueReference | FixedReference, Field(discriminator="kind")]
"""Price of an asset elsewhere, as makers and bidders see it."""


class RedemptionValueSpec(Spec):
    """Price at which the issuer of a book's base redeems it: the price of another asset times a ratio."""

    asset: Name
    """Asset that redemption pays; it has a source in `oracle`."""
    ratio: PositiveAmount = Decimal(1)
    """Tokens paid per token of the base."""


class IndexSpec(Spec):
    """How the exchange computes the index that margins and loans are valued at; by default, from its own book alone."""

    redemption_weight_bps: Bps = 0
    """Weight of the redemption value, in 1e-4; the rest is the book's own price. A remedy."""
    floor_price: Amount = Decimal(0)
    """Lower bound of the index, in the stable; 0 disables the floor. A remedy."""


class BreakerSpec(Spec):
    """A circuit breaker: trading halts for some time after a fall. A remedy."""

    fall_bps: Annotated[int, Field(ge=1, le=9_999)]
    """Fall within a window that halts the book, in 1e-4."""
    window_seconds: Annotated[int, Field(ge=1, le=86_400)]
    """Length of a window."""
    halt_seconds: Annotated[int, Field(ge=1, le=86_400)]
    """Duration of a halt."""


class ForgottenOrderSpec(Spec):
    """An order that has rested in the book since before the crash: a market order through an empty book reaches it."""

    side: Literal["buy", "sell"] = "buy"
    """Side of the order."""
    price: PositiveAmount
    """Price in the stable, a whole number of ticks."""
    size: PositiveAmount
    """Size in tokens of the base, a whole number of lots."""


class BookSpec(Spec):
    """One pair's order book, against the exchange's stable."""

    base: Name
    """Asset traded."""
    tick: PositiveAmount
    """Step of prices, in the stable."""
    lot: PositiveAmount
    """Step of sizes, in tokens of the base; a lot at a tick must be worth a whole number of the stable's units."""
    initial_price: PositiveAmount
    """Price before the crash, in the stable: set-up values the base at it, and the reference starts there."""
    maker_fee_bps: Bps = 0
    """Fee of the resting order, in 1e-4."""
    taker_fee_bps: Bps = 0
    """Fee of the order that fills a resting one, in 1e-4."""
    reference: Reference
    """Price of the base elsewhere."""
    redemption: RedemptionValueSpec | None = None
    """Price at which the issuer of the base redeems it; null has no issuer."""
    index: IndexSpec = IndexSpec()
    """How the index is computed."""
    circuit_breaker: BreakerSpec | None = None
    """Circuit breaker; null disables halts."""
    forgotten_orders: list[ForgottenOrderSpec] = []
    """Orders that have rested in the book since before the crash: inputs, which the report names as such."""


class DeskLineSpec(Spec):
    """Terms of loans against one pledge."""

    initial_ltv_bps: Annotated[int, Field(ge=1, le=BPS)] = 6500
    """Highest LTV at which a loan starts, and to which a liquidation returns it, in 1e-4."""
    margin_call_ltv_bps: Annotated[int, Field(ge=1, le=BPS)] = 7500
    """LTV from which the borrower receives a margin call, in 1e-4."""
    liquidation_ltv_bps: Annotated[int, Field(ge=1, le=BPS)] = 8300
    """LTV from which the pledge is sold, in 1e-4."""
    liquidation_fee_bps: Bps = 200
    """Fee of a forced sale, in 1e-4 of its proceeds, paid to the insurance fund."""
    sale_share_bps: Annotated[int, Field(ge=1, le=BPS)] = BPS
    """Largest share of a pledge that one liquidation sells, in 1e-4."""
    call_seconds: Annotated[int, Field(ge=1, le=30 * 86_400)] = 1800
    """Time from a margin call to its deadline, in seconds."""
    pause_seconds: Annotated[int, Field(ge=0, le=86_400)] = 0
    """Shortest time from one liquidation of a loan to the next, in seconds."""
    rate_bps: Annotated[int, Field(ge=0, le=100_000)] = 1000
    """Interest per year, in 1e-4."""

    @model_validator(mode="after")
    def _ordered(self) -> DeskLineSpec:
        if not self.initial_ltv_bps < self.margin_call_ltv_bps < self.liquidation_ltv_bps:
            raise ValueError(
                f"initial_ltv_bps {self.initial_ltv_bps}, margin_call_ltv_bps {self.margin_call_ltv_bps} and "
                f"liquidation_ltv_bps {self.liquidation_ltv_bps} must rise in this order"
            )
        return self


class DeskSpec(Spec):
    """The loan desk: it lends stables against a pledge, which it sells into the pledge's own book."""

    capital: PositiveAmount
    """Most that it can lend, in the stable."""
    insurance_fund: Amount = Decimal(0)
    """Fund that pays its shortfalls, in the stable."""
    lines: Annotated[dict[Name, DeskLineSpec], Field(min_length=1)]
    """Terms by book; the base of the book is pledged."""


class TierSpec(Spec):
    """One bracket of a schedule."""

    up_to: PositiveAmount | None = None
    """Upper end of the bracket, in the stable; null, for the last tier only, leaves it open."""
    rate_bps: Bps
    """Share of the value in the bracket that counts, in 1e-4."""


def _require_tiers(tiers: list[TierSpec], *, what: str) -> None:
    """Refuse a schedule whose brackets overlap, or do not cover every value up to infinity."""
    ends = [tier.up_to for tier in tiers]
    if ends[-1] is not None or any(end is None for end in ends[:-1]):
        raise ValueError(f"{what}: the last tier, and only it, has no up_to")
    closed = [end for end in ends if end is not None]
    if any(later <= earlier for earlier, later in pairwise(closed)):
        raise ValueError(f"{what}: up_to must rise from tier to tier")


class CollateralSpec(Spec):
    """An asset that counts as joint collateral."""

    tiers: Annotated[list[TierSpec], Field(min_length=1)]
    """Share of its value that counts after the haircut, by value held."""
    haircut_add_on_bps: Bps = 0
    """Further cut from the value that the tiers leave, in 1e-4, for collateral that falls together with its holder's
    equity. A remedy."""
    priced_at: Literal["index", "redemption"] = "index"
    """Price that it is valued at: its book's index, or its redemption value regardless of the book."""

    @model_validator(mode="after")
    def _tiered(self) -> CollateralSpec:
        _require_tiers(self.tiers, what="tiers")
        return self


class PerpMarketSpec(Spec):
    """A linear perpetual contract."""

    book: Name
    """Spot book whose index is the mark price."""
    contract_size: PositiveAmount
    """Tokens of the base per contract."""
    tiers: Annotated[list[TierSpec], Field(min_length=1)]
    """Maintenance margin by notional."""
    funding_bps_8h: Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=-1000, le=1000)] = Decimal(0)
    """Funding per 8 hours, in 1e-4 of the notional; positive funding is paid by longs."""
    fee_bps: Bps = 0
    """Fee of a voluntary taker, in 1e-4 of the notional."""

    @model_validator(mode="after")
    def _tiered(self) -> PerpMarketSpec:
        _require_tiers(self.tiers, what="tiers")
        return self


_Ratio = Annotated[Decimal, BeforeValidator(exact_decimal), Field(gt=0, le=15)]


class MarginRulesSpec(Spec):
    """Levels of uniMMR (the ratio of adjusted equity to maintenance margin), and the terms of a liquidation."""

    free: _Ratio = Decimal("1.5")
    """uniMMR that borrowing and withdrawing must leave; a liquidation ends above it."""
    warning: _Ratio = Decimal("1.2")
    """uniMMR below which an account is warned; increasing a position must leave it."""
    reduce_only: _Ratio = Decimal("1.05")
    """uniMMR below which positions can only be reduced."""
    liquidation: _Ratio = Decimal(1)
    """uniMMR at and below which the engine liquidates."""
    slice_bps: Annotated[int, Field(ge=1, le=BPS)] = 5000
    """Share of an asset or position that one call sells, in 1e-4 of its size when the liquidation started."""
    fee_bps: Bps = 0
    """Fee of a forced sale, in 1e-4 of its proceeds, paid to the insurance fund."""
    pause_seconds: Annotated[int, Field(ge=0, le=86_400)] = 0
    """Shortest time from one call for an account to the next, in seconds. A remedy, together with a small slice."""

    @model_validator(mode="after")
    def _ordered(self) -> MarginRulesSpec:
        if not self.liquidation <= self.reduce_only <= self.warning <= self.free:
            raise ValueError("liquidation, reduce_only, warning and free must be in rising order")
        return self


class MarginSpec(Spec):
    """Unified margin accounts."""

    capital: PositiveAmount
    """Most that it can lend, and pay profits from before losses are realised, in the stable."""
    insurance_fund: Amount = Decimal(0)
    """Fund that pays for bankrupt accounts first, in the stable. A remedy."""
    collateral: Annotated[dict[Name, CollateralSpec], Field(min_length=1)]
    """Joint collateral by book, in the order in which a liquidation sells the assets."""
    markets: dict[Name, PerpMarketSpec] = {}
    """Perpetuals by name."""
    rules: MarginRulesSpec = MarginRulesSpec()
    """Levels of the margin ratio, and the terms of a liquidation."""
    rate_bps: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Interest on borrowings per year, in 1e-4."""
    debt_tiers: Annotated[list[TierSpec], Field(min_length=1)]
    """Maintenance margin by debt."""

    @model_validator(mode="after")
    def _tiered(self) -> MarginSpec:
        _require_tiers(self.debt_tiers, what="debt_tiers")
        return self


class TransfersSpec(Spec):
    """Period during which nothing can be deposited or withdrawn."""

    degraded_from: Moment
    """Start of the period, with a time zone."""
    degraded_until: Moment
    """End of the period, with a time zone."""

    @model_validator(mode="after")
    def _ordered(self) -> TransfersSpec:
        if self.degraded_until <= self.degraded_from:
            raise ValueError(f"degraded_until {self.degraded_until.isoformat()} is not after degraded_from")
        return self

    @property
    def window(self) -> tuple[int, int]:
        """Unix times of start and end."""
        return int(self.degraded_from.astimezone(UTC).timestamp()), int(self.degraded_until.astimezone(UTC).timestamp())


class ExchangeSpec(Spec):
    """An exchange beside the chain, whose transactions do not compete for the chain's block space."""

    cash: Name
    """Stable that books quote in and that is lent: it counts as one dollar, and needs a source in `oracle`."""
    books: Annotated[dict[Name, BookSpec], Field(min_length=1)]
    """Spot books by name."""
    desk: DeskSpec | None = None
    """Loan desk; null has none."""
    margin: MarginSpec | None = None
    """Unified margin accounts; null has none."""
    transfers: TransfersSpec | None = None
    """Period of degraded transfers; null leaves transfers open throughout."""

    def require_desk(self) -> DeskSpec:
        """Return the loan desk.

        Raises
        ------
        MissingPart
            When the exchange has none.
        """
        if self.desk is None:
            raise MissingPart("exchange.desk")
        return self.desk

    def require_margin(self) -> MarginSpec:
        """Return the terms of unified margin accounts.

        Raises
        ------
        MissingPart
            When the exchange has no such accounts.
        """
        if self.margin is None:
            raise MissingPart("exchange.margin")
        return self.margin
