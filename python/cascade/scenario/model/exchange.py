"""The exchange: books, loan desk, unified margin, and how its prices are made."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from cascade.errors import MissingPart
from cascade.scenario.model.common import Amount, Bps, Name, PositiveAmount, Spec, exact_decimal

__all__ = [
    "BLOCKS_A_STEP",
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


BLOCKS_A_STEP = 2
"""Blocks mined in a step of a scenario with an exchange, the exchange's own and the chain's; one without."""


class PathReference(Spec):
    """The exogenous price path, times a factor: what the asset costs elsewhere."""

    kind: Literal["path"]
    asset: Name
    """Asset of the path."""
    ratio: PositiveAmount = Decimal(1)
    """Tokens of that asset which one of this book's is worth."""


class VenueReference(Spec):
    """The price of an on-chain pool, of its second coin in its first."""

    kind: Literal["venue"]
    venue: Name
    """The pool; its second coin is the book's base."""


class FixedReference(Spec):
    """A price that does not change."""

    kind: Literal["fixed"]
    price: PositiveAmount
    """In the exchange's stable."""


Reference = Annotated[PathReference | VenueReference | FixedReference, Field(discriminator="kind")]
"""What makers and bidders take the price elsewhere to be."""


class RedemptionValueSpec(Spec):
    """What the issuer of a book's base pays for it: the price of another asset times a ratio."""

    asset: Name
    """An asset with a source in `oracle`."""
    ratio: PositiveAmount = Decimal(1)
    """Tokens of it for one of the base."""


class IndexSpec(Spec):
    """How the exchange makes the index that margins and loans are valued at. The defaults are its own book alone."""

    redemption_weight_bps: Bps = 0
    """Weight of the redemption value, in 1e-4; the rest is the book's own price. A remedy."""
    floor_price: Amount = Decimal(0)
    """The index is no lower than this, in the stable; 0 is no floor. A remedy."""


class BreakerSpec(Spec):
    """A circuit breaker: orders do not meet for some time after a fall. A remedy."""

    fall_bps: Annotated[int, Field(ge=1, le=9_999)]
    """Fall within a window that halts the book, in 1e-4."""
    window_seconds: Annotated[int, Field(ge=1, le=86_400)]
    """Length of a window."""
    halt_seconds: Annotated[int, Field(ge=1, le=86_400)]
    """How long orders do not meet."""


class ForgottenOrderSpec(Spec):
    """An order that rests in the book from before the crash: what a market order through an empty book reaches."""

    side: Literal["buy", "sell"] = "buy"
    """Which side."""
    price: PositiveAmount
    """In the stable, on the book's grid."""
    size: PositiveAmount
    """In tokens of the base, whole lots."""


class BookSpec(Spec):
    """One pair's order book, against the exchange's stable."""

    base: Name
    """What is traded."""
    tick: PositiveAmount
    """Step of prices, in the stable."""
    lot: PositiveAmount
    """Step of sizes, in tokens of the base; a lot at a tick must be worth a whole number of the stable's units."""
    initial_price: PositiveAmount
    """Price before the crash, in the stable: what set-up values the base at; where the reference starts."""
    maker_fee_bps: Bps = 0
    """Fee of who rests, in 1e-4."""
    taker_fee_bps: Bps = 0
    """Fee of who meets a resting order, in 1e-4."""
    reference: Reference
    """What the base costs elsewhere."""
    redemption: RedemptionValueSpec | None = None
    """What its issuer pays for it; none has no issuer."""
    index: IndexSpec = IndexSpec()
    """How the index is made."""
    circuit_breaker: BreakerSpec | None = None
    """Halts; none has none."""
    forgotten_orders: list[ForgottenOrderSpec] = []
    """Orders resting since long ago; inputs, and named as such by the report."""


class DeskLineSpec(Spec):
    """Terms of loans against one pledge."""

    initial_ltv_bps: Annotated[int, Field(ge=1, le=10_000)] = 6500
    """Most that a loan starts at, in 1e-4; what a liquidation brings it back to."""
    margin_call_ltv_bps: Annotated[int, Field(ge=1, le=10_000)] = 7500
    """From here on the borrower is called, in 1e-4."""
    liquidation_ltv_bps: Annotated[int, Field(ge=1, le=10_000)] = 8300
    """From here on the pledge is sold, in 1e-4."""
    liquidation_fee_bps: Bps = 200
    """Of a forced sale's proceeds, to the insurance fund, in 1e-4."""
    sale_share_bps: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    """Most of a pledge that one liquidation sells, in 1e-4."""
    call_seconds: Annotated[int, Field(ge=1, le=30 * 86_400)] = 1800
    """Time from a margin call to its deadline."""
    pause_seconds: Annotated[int, Field(ge=0, le=86_400)] = 0
    """Time from one liquidation of a loan to the next."""
    rate_bps: Annotated[int, Field(ge=0, le=100_000)] = 1000
    """Interest a year, in 1e-4."""

    @model_validator(mode="after")
    def _ordered(self) -> DeskLineSpec:
        if not self.initial_ltv_bps < self.margin_call_ltv_bps < self.liquidation_ltv_bps:
            raise ValueError(
                f"initial_ltv_bps {self.initial_ltv_bps}, margin_call_ltv_bps {self.margin_call_ltv_bps} and "
                f"liquidation_ltv_bps {self.liquidation_ltv_bps} must rise in this order"
            )
        return self


class DeskSpec(Spec):
    """The loan desk: stables lent against a pledge, sold into the pledge's own book."""

    capital: PositiveAmount
    """What it can lend, in the stable."""
    insurance_fund: Amount = Decimal(0)
    """What pays its shortfalls, in the stable."""
    lines: Annotated[dict[Name, DeskLineSpec], Field(min_length=1)]
    """Terms by book: its base is pledged."""


class TierSpec(Spec):
    """One bracket of a schedule."""

    up_to: PositiveAmount | None = None
    """End of the bracket, in the stable; none is no end, and the last tier's."""
    rate_bps: Bps
    """Share of what is in the bracket that counts, in 1e-4."""


def _require_tiers(tiers: list[TierSpec], *, what: str) -> None:
    ends = [tier.up_to for tier in tiers]
    if ends[-1] is not None or any(end is None for end in ends[:-1]):
        raise ValueError(f"{what}: the last tier, and only it, has no up_to")
    closed = [end for end in ends if end is not None]
    if any(later <= earlier for earlier, later in pairwise(closed)):
        raise ValueError(f"{what}: up_to must rise from tier to tier")


class CollateralSpec(Spec):
    """An asset that counts as joint collateral."""

    tiers: Annotated[list[TierSpec], Field(min_length=1)]
    """What is left of its value after the haircut, by value held."""
    haircut_add_on_bps: Bps = 0
    """Cut from what the tiers leave, in 1e-4: for collateral that falls when its holder does. A remedy."""
    priced_at: Literal["index", "redemption"] = "index"
    """What values it: its book's index, or its redemption value held whatever the book says."""

    @model_validator(mode="after")
    def _tiered(self) -> CollateralSpec:
        _require_tiers(self.tiers, what="tiers")
        return self


class PerpMarketSpec(Spec):
    """A linear perpetual."""

    book: Name
    """Spot book whose index is the mark price."""
    contract_size: PositiveAmount
    """Tokens of the base in a contract."""
    tiers: Annotated[list[TierSpec], Field(min_length=1)]
    """Maintenance margin by notional."""
    funding_bps_8h: Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=-1000, le=1000)] = Decimal(0)
    """Of notional for 8 hours, in 1e-4; positive is paid by longs."""
    fee_bps: Bps = 0
    """Of a voluntary taker's notional, in 1e-4."""

    @model_validator(mode="after")
    def _tiered(self) -> PerpMarketSpec:
        _require_tiers(self.tiers, what="tiers")
        return self


_Ratio = Annotated[Decimal, BeforeValidator(exact_decimal), Field(gt=0, le=15)]


class MarginRulesSpec(Spec):
    """Levels of uniMMR, and how a liquidation goes."""

    free: _Ratio = Decimal("1.5")
    """uniMMR that must be left after borrowing or withdrawing; a liquidation ends over it."""
    warning: _Ratio = Decimal("1.2")
    """Under it an account is warned; must be left after a position grew."""
    reduce_only: _Ratio = Decimal("1.05")
    """Under it positions can only be made smaller."""
    liquidation: _Ratio = Decimal(1)
    """At it and under, the engine sells."""
    slice_bps: Annotated[int, Field(ge=1, le=10_000)] = 5000
    """Of what an asset or position was at the liquidation's start, sold in one call, in 1e-4."""
    fee_bps: Bps = 0
    """Of a forced sale's proceeds, to the insurance fund, in 1e-4."""
    pause_seconds: Annotated[int, Field(ge=0, le=86_400)] = 0
    """From one call for an account to the next. A remedy, with a small slice."""

    @model_validator(mode="after")
    def _ordered(self) -> MarginRulesSpec:
        if not self.liquidation <= self.reduce_only <= self.warning <= self.free:
            raise ValueError("liquidation, reduce_only, warning and free must not fall in this order")
        return self


class MarginSpec(Spec):
    """Unified margin accounts."""

    capital: PositiveAmount
    """What it can lend, and pay profits from before losses are realised, in the stable."""
    insurance_fund: Amount = Decimal(0)
    """What pays for bankrupt accounts first, in the stable. A remedy."""
    collateral: Annotated[dict[Name, CollateralSpec], Field(min_length=1)]
    """Joint collateral by book, in the order in which a liquidation sells it."""
    markets: dict[Name, PerpMarketSpec] = {}
    """Perpetuals by name."""
    rules: MarginRulesSpec = MarginRulesSpec()
    """Levels and liquidation."""
    rate_bps: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Interest on borrowings a year, in 1e-4."""
    debt_tiers: Annotated[list[TierSpec], Field(min_length=1)]
    """Maintenance margin by debt."""

    @model_validator(mode="after")
    def _tiered(self) -> MarginSpec:
        _require_tiers(self.debt_tiers, what="debt_tiers")
        return self


class TransfersSpec(Spec):
    """When nothing comes into the exchange or goes out of it."""

    degraded_from: datetime
    """From this time on, with a time zone."""
    degraded_until: datetime
    """To this time."""

    @model_validator(mode="after")
    def _ordered(self) -> TransfersSpec:
        if self.degraded_from.tzinfo is None or self.degraded_until.tzinfo is None:
            raise ValueError("degraded_from and degraded_until need a time zone, as in 2025-10-10T21:36:00Z")
        if self.degraded_until <= self.degraded_from:
            raise ValueError(f"degraded_until {self.degraded_until.isoformat()} is not after degraded_from")
        return self

    @property
    def window(self) -> tuple[int, int]:
        """Unix times of both ends."""
        return int(self.degraded_from.astimezone(UTC).timestamp()), int(self.degraded_until.astimezone(UTC).timestamp())


class ExchangeSpec(Spec):
    """An exchange beside the chain; its transactions do not compete for the chain's block space."""

    cash: Name
    """The stable that books quote in and that is lent; it counts as one dollar, and has a source in `oracle`."""
    books: Annotated[dict[Name, BookSpec], Field(min_length=1)]
    """Spot books by name."""
    desk: DeskSpec | None = None
    """Loans against a pledge; none has no desk."""
    margin: MarginSpec | None = None
    """Unified margin accounts; none has none."""
    transfers: TransfersSpec | None = None
    """When transfers are degraded; null leaves them open throughout."""

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
