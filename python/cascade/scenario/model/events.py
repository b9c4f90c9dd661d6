"""Events of a scenario: what an owner sets during the crash, at a time or when a condition is first met."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from cascade.scenario.condition import Comparison, parse_comparison
from cascade.scenario.model.common import Amount, Bps, Moment, Name, PositiveAmount, Spec
from cascade.scenario.model.kinds import Case, OracleBase, Sections, StatedAmount
from cascade.scenario.model.oracle import OracleSpec, PostedOracle
from cascade.units import BPS

__all__ = [
    "CircuitBreakerEvent",
    "CollateralEvent",
    "EmodeEvent",
    "EventBase",
    "EventSpec",
    "FeedEvent",
    "HaltEvent",
    "IndexEvent",
    "OracleEvent",
    "RedemptionEvent",
    "ReserveEvent",
    "TransfersEvent",
]

_AND = " and "


def _with_conditions(text: str) -> str:
    """Return a text of conditions, or refuse one of another form."""
    for part in text.split(_AND):
        parse_comparison(part)
    return text


class EventBase(Spec):
    """Base of every event: when it is made. Exactly one of `at`, `step`, `when` and `after` says so."""

    owner: ClassVar[str] = "deployer"
    """Account that makes it."""

    at: Moment | None = None
    """Time of the event, with a time zone: it is made in the first block that is not before it."""
    step: Annotated[int, Field(ge=0)] | None = None
    """Step of the crash in which it is made; step 0 is at `timeline.start`."""
    when: Annotated[str, AfterValidator(_with_conditions)] | None = None
    """Condition, as `index:USDE-USDT < 0.9`, or several joined by `and`: the event is made in the block after the first
    at whose end all of them hold. Figures: oracle:ASSET, path:ASSET (dollars), spot:VENUE (in the quote coin),
    book:BOOK (last price), bid:BOOK, ask:BOOK, index:BOOK (in the exchange's stable), and unhealthy (number of
    positions under a health factor of 1). A condition on a price that there is none of does not hold."""
    after: Name | None = None
    """Another event: this one is made once that one was."""
    delay_seconds: Annotated[int, Field(ge=0, le=30 * 86_400)] = 0
    """Time that passes between that moment and the event, in seconds."""

    @model_validator(mode="after")
    def _begun_once(self) -> EventBase:
        given = [key for key in ("at", "step", "when", "after") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"needs one of at, step, when and after, and has {' and '.join(given) or 'none'}")
        return self

    @property
    def conditions(self) -> tuple[Comparison, ...]:
        """The conditions of `when`, all of which must hold; empty without it."""
        return () if self.when is None else tuple(parse_comparison(part) for part in self.when.split(_AND))

    @property
    def target(self) -> str:
        """Name of what it sets: an asset, a venue, a book, the number of a mode, or empty."""
        raise NotImplementedError

    def check(self, case: Case, key: str) -> None:
        """Refuse an event that its owner could not make in this scenario."""
        raise NotImplementedError

    def amounts(self, spec: Sections) -> Iterator[StatedAmount]:
        """Yield the amounts of tokens that it states."""
        return iter(())


class RedemptionEvent(EventBase):
    """Opens, closes or limits minting and redemption at a minting contract; its administrator makes it."""

    kind: Literal["redemption"]
    venue: Name
    """The minting contract: a venue of kind par-mint."""
    open: bool
    """Whether redemption and minting are open from then on."""
    limit_per_block: PositiveAmount | None = None
    """Most redeemed per block from then on, in tokens minted; null disables the limit."""
    mint_limit_per_block: PositiveAmount | None = None
    """Most minted per block from then on, in tokens minted; null disables the limit."""
    fee_bps: Annotated[int, Field(ge=0, le=9_999)] | None = None
    """Fee of a redemption from then on, in 1e-4; null stands for the venue's `redemption.fee_bps`."""

    @property
    def target(self) -> str:
        """The minting contract."""
        return self.venue

    def check(self, case: Case, key: str) -> None:
        """Refuse a venue that mints nothing, and limits of a redemption that is closed."""
        if not case.venue(f"{key}.venue", self.venue).mints:
            case.refuse(f"{key}.venue", self.venue, "expected a venue of kind par-mint: others redeem nothing")
        for name in ("limit_per_block", "mint_limit_per_block", "fee_bps"):
            value = getattr(self, name)
            if not self.open and value is not None:
                case.refuse(f"{key}.{name}", value, "redemption is closed by this event: expected null")

    def amounts(self, spec: Sections) -> Iterator[StatedAmount]:
        """Yield the limits per block, in tokens minted."""
        for key in ("limit_per_block", "mint_limit_per_block"):
            amount = getattr(self, key)
            if amount is not None:
                yield StatedAmount(key, spec.venues[self.venue].pair[1], amount)


class TransfersEvent(EventBase):
    """Closes or opens the exchange's deposits and withdrawals; the exchange makes it."""

    owner: ClassVar[str] = "exchange"

    kind: Literal["transfers"]
    open: bool
    """Whether deposits and withdrawals go through from then on."""

    @property
    def target(self) -> str:
        """Empty: the exchange has one vault."""
        return ""

    def check(self, case: Case, key: str) -> None:
        """Refuse transfers without an exchange, and beside a period that closes and opens them too."""
        if case.exchange(key, self.kind).transfers is not None:
            case.refuse(key, self.kind, "exchange.transfers closes and opens them already: expected one of the two")


class HaltEvent(EventBase):
    """Halts a book, or lets its orders meet again; the exchange makes it."""

    owner: ClassVar[str] = "exchange"

    kind: Literal["halt"]
    book: Name
    """The book."""
    halted: bool
    """Whether it stands still from then on; orders can be cancelled all the same."""
    seconds: Annotated[int, Field(ge=1, le=30 * 86_400)] | None = None
    """Length of the halt, in seconds; null halts the book until another event ends the halt."""

    @property
    def target(self) -> str:
        """The book."""
        return self.book

    def check(self, case: Case, key: str) -> None:
        """Refuse a book that is not there, and a length of no halt."""
        case.book(f"{key}.book", self.book)
        if not self.halted and self.seconds is not None:
            case.refuse(f"{key}.seconds", self.seconds, "this event ends a halt: expected null")


class CircuitBreakerEvent(EventBase):
    """Sets the circuit breaker of a book; the exchange makes it."""

    owner: ClassVar[str] = "exchange"

    kind: Literal["circuit-breaker"]
    book: Name
    """The book."""
    fall_bps: Bps
    """Fall within the window at which it halts, in 1e-4; 0 switches it off."""
    window_seconds: Annotated[int, Field(ge=1, le=2**32 - 1)] = 60
    """Length of the window, in seconds."""
    halt_seconds: Annotated[int, Field(ge=1, le=31_536_000)] = 300
    """Length of a halt, in seconds."""

    @property
    def target(self) -> str:
        """The book."""
        return self.book

    def check(self, case: Case, key: str) -> None:
        """Refuse a book that is not there."""
        case.book(f"{key}.book", self.book)


class IndexEvent(EventBase):
    """Sets how the index of a book is made; the exchange makes it."""

    owner: ClassVar[str] = "exchange"

    kind: Literal["index"]
    book: Name
    """The book."""
    redemption_weight_bps: Bps
    """Weight of the redemption value from then on, in 1e-4; the rest is the book's own price."""
    floor_price: Amount = Decimal(0)
    """Lowest index from then on, in stablecoins; 0 sets none."""

    @property
    def target(self) -> str:
        """The book."""
        return self.book

    def check(self, case: Case, key: str) -> None:
        """Refuse a book that is not there, and a weight of a redemption value that it does not have."""
        if case.book(f"{key}.book", self.book).redemption is None and self.redemption_weight_bps:
            value = self.redemption_weight_bps
            case.refuse(f"{key}.redemption_weight_bps", value, f"add exchange.books.{self.book}.redemption")

    def amounts(self, spec: Sections) -> Iterator[StatedAmount]:
        """Yield the floor, in the exchange's stable."""
        yield StatedAmount("floor_price", spec.require_exchange().cash, self.floor_price)


class ReserveEvent(EventBase):
    """Sets flags and caps of a reserve of the lending pool; the pool's administrator makes it."""

    kind: Literal["reserve"]
    asset: Name
    """The reserve."""
    frozen: bool | None = None
    """Whether nothing more can be supplied or borrowed; null leaves it. Freezing sets the LTV to 0, where it stays
    until `ltv_zero: false`."""
    paused: bool | None = None
    """Whether nothing can be done with it, liquidations included; null leaves it."""
    ltv_zero: bool | None = None
    """Whether its LTV is 0, so that nothing more is borrowed against it, or the LTV from before; null leaves it."""
    borrowing: bool | None = None
    """Whether it can be borrowed; null leaves it."""
    supply_cap: Annotated[int, Field(ge=0, lt=2**36)] | None = None
    """Most supplied, in whole tokens; 0 removes the cap, null leaves it."""
    borrow_cap: Annotated[int, Field(ge=0, lt=2**36)] | None = None
    """Most borrowed, in whole tokens; 0 removes the cap, null leaves it."""

    @property
    def target(self) -> str:
        """The reserve."""
        return self.asset

    def check(self, case: Case, key: str) -> None:
        """Refuse a reserve that is not there, an event that sets nothing, and an LTV of 0 that is 0 already."""
        _require_reserve(case, f"{key}.asset", self.asset)
        keys = ("frozen", "paused", "ltv_zero", "borrowing", "supply_cap", "borrow_cap")
        if all(getattr(self, name) is None for name in keys):
            case.refuse(key, self.kind, f"sets nothing: expected one of {', '.join(keys)}")
        if self.ltv_zero is not None and not case.spec.lending.reserves[self.asset].ltv_bps:
            case.refuse(f"{key}.ltv_zero", self.ltv_zero, f"lending.reserves.{self.asset}.ltv_bps is 0 already")
        if self.ltv_zero is False and self.frozen:
            case.refuse(f"{key}.ltv_zero", self.ltv_zero, "a frozen reserve has an LTV of 0: expected one of the two")


class _LinesEvent(EventBase):
    """Base of the events that set LTV, liquidation threshold and bonus."""

    ltv_bps: Bps
    """LTV from then on, in 1e-4."""
    liquidation_threshold_bps: Annotated[int, Field(ge=1, le=BPS)]
    """Liquidation threshold from then on, in 1e-4."""
    liquidation_bonus_bps: Annotated[int, Field(ge=1, le=BPS)]
    """Liquidation bonus from then on, in 1e-4."""

    def _check_lines(self, case: Case, key: str) -> None:
        threshold, bonus = self.liquidation_threshold_bps, self.liquidation_bonus_bps
        if self.ltv_bps > threshold:
            case.refuse(f"{key}.ltv_bps", self.ltv_bps, f"expected at most liquidation_threshold_bps, {threshold}")
        # The pool rounds this product half up, and refuses a bonus that the collateral could not pay.
        if (threshold * (BPS + bonus) + BPS // 2) // BPS > BPS:
            most = BPS * BPS // threshold - BPS
            case.refuse(
                f"{key}.liquidation_bonus_bps", bonus, f"expected at most {most}: collateral must pay the bonus"
            )


class CollateralEvent(_LinesEvent):
    """Sets a reserve's lines outside efficiency modes; the pool's administrator makes it."""

    kind: Literal["collateral"]
    asset: Name
    """The reserve."""

    @property
    def target(self) -> str:
        """The reserve."""
        return self.asset

    def check(self, case: Case, key: str) -> None:
        """Refuse a reserve that is not there, and lines that the pool refuses."""
        _require_reserve(case, f"{key}.asset", self.asset)
        self._check_lines(case, key)


class EmodeEvent(_LinesEvent):
    """Sets the lines of an efficiency mode; the pool's administrator makes it."""

    kind: Literal["emode"]
    mode: Annotated[int, Field(ge=1, le=255)]
    """Number of the mode."""

    @property
    def target(self) -> str:
        """Number of the mode."""
        return str(self.mode)

    def check(self, case: Case, key: str) -> None:
        """Refuse a mode that is not there, and lines that the pool refuses."""
        if self.mode not in case.spec.lending.emodes:
            case.refuse(f"{key}.mode", self.mode, "unknown mode; expected a number of lending.emodes")
        if not self.ltv_bps:
            case.refuse(f"{key}.ltv_bps", 0, "a mode has an LTV above 0: to stop borrowing, set a reserve's ltv_zero")
        self._check_lines(case, key)


class FeedEvent(EventBase):
    """Freezes a posted feed at its last answer, or lets it be posted again; its operator makes it."""

    owner: ClassVar[str] = "price-poster"

    kind: Literal["feed"]
    asset: Name
    """The asset whose feed it is."""
    frozen: bool
    """Whether nothing is posted from then on."""

    @property
    def target(self) -> str:
        """The asset."""
        return self.asset

    def check(self, case: Case, key: str) -> None:
        """Refuse an asset that no feed is posted for."""
        case.require_asset(f"{key}.asset", self.asset)
        if not any(self.asset in agent.feeds_posted(case.spec) for agent in case.spec.agents.values()):
            case.refuse(f"{key}.asset", self.asset, "no agent posts its price: expected an asset with a posted feed")


class OracleEvent(EventBase):
    """Switches the lending pool's price source of an asset; the pool's administrator makes it."""

    kind: Literal["oracle"]
    asset: Name
    """The asset."""
    source: OracleSpec
    """The source that the pool reads from then on; it is deployed before the crash."""

    @property
    def target(self) -> str:
        """The asset."""
        return self.asset

    def check(self, case: Case, key: str) -> None:
        """Refuse an asset without a source, a second posted feed of one asset, and what a source refuses."""
        case.require_priced(f"{key}.asset", self.asset)
        waiting: list[OracleBase] = [self.source]
        while waiting:
            part = waiting.pop()
            if isinstance(part, PostedOracle):
                case.refuse(f"{key}.source", part.kind, "a feed is posted by the asset's name: expected another kind")
            part.check(case, f"{key}.source", self.asset)
            waiting += part.parts


def _require_reserve(case: Case, key: str, asset: str) -> None:
    if asset not in case.spec.lending.reserves:
        case.refuse(key, asset, "expected an asset of lending.reserves")


EventSpec = Annotated[
    RedemptionEvent
    | TransfersEvent
    | HaltEvent
    | CircuitBreakerEvent
    | IndexEvent
    | ReserveEvent
    | CollateralEvent
    | EmodeEvent
    | FeedEvent
    | OracleEvent,
    Field(discriminator="kind"),
]
"""An event of any kind."""
