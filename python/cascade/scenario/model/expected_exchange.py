"""What a scenario claims of its exchange."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from cascade.scenario.model.common import Bps, Name, PositiveAmount, Spec

__all__ = ["ExpectedBook", "ExpectedExchange", "ExpectedLeverage"]

_Share = Annotated[int, Field(ge=0, le=1_000_000)]


class ExpectedBook(Spec):
    """Bounds of one book's crash; figures as `summary.json` has them under `exchange.books`."""

    low_at_least_usd: PositiveAmount | None = None
    """The lowest price of a trade is no lower, in dollars."""
    low_at_most_usd: PositiveAmount | None = None
    """It is no higher, in dollars."""
    five_minute_fall_at_least_bps: Bps | None = None
    """The largest fall within five minutes is no smaller, in 1e-4 of the price before."""
    five_minute_fall_at_most_bps: Bps | None = None
    """It is no larger, in 1e-4."""
    share_of_start_after_10_minutes_at_least_bps: _Share | None = None
    """Ten minutes after the low the price is no less of what it was when the crash began, in 1e-4."""
    depth_fall_at_least_bps: Bps | None = None
    """Of the bids within 2 % of the middle when the crash began no less is gone at the least, in 1e-4."""

    @model_validator(mode="after")
    def _bounded(self) -> ExpectedBook:
        _require_a_bound(self)
        return self


class ExpectedLeverage(Spec):
    """Bounds of a cohort's leverage."""

    peak_leverage_at_least: PositiveAmount | None = None
    """The most before the first of its accounts is liquidated is no less; assets and notional over equity."""
    peak_leverage_at_most: PositiveAmount | None = None
    """It is no more, and equity is left throughout."""

    @model_validator(mode="after")
    def _bounded(self) -> ExpectedLeverage:
        _require_a_bound(self)
        return self


class ExpectedExchange(Spec):
    """Bounds by book and by cohort."""

    books: dict[Name, ExpectedBook] = {}
    """Bounds of books of `exchange.books`."""
    cohorts: dict[Name, ExpectedLeverage] = {}
    """Bounds of cohorts: entries of `agents` or `positions`."""


def _require_a_bound(claim: Spec) -> None:
    names = list(type(claim).model_fields)
    if all(getattr(claim, name) is None for name in names):
        raise ValueError(f"needs one of {', '.join(names)}")
