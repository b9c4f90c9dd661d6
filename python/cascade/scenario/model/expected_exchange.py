"""Claims of a scenario about its exchange."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from cascade.scenario.model.common import Bps, Name, PositiveAmount, Spec

__all__ = ["ExpectedBook", "ExpectedExchange", "ExpectedLeverage"]

_Share = Annotated[int, Field(ge=0, le=1_000_000)]


class ExpectedBook(Spec):
    """Bounds of one book's crash; the figures are those of `summary.json` under `exchange.books`."""

    low_at_least_usd: PositiveAmount | None = None
    """Lower bound of the lowest price of a trade, in dollars; null claims nothing, as in every bound."""
    low_at_most_usd: PositiveAmount | None = None
    """Upper bound of the lowest price of a trade, in dollars."""
    five_minute_fall_at_least_bps: Bps | None = None
    """Lower bound of the largest fall within five minutes, in 1e-4 of the price before."""
    five_minute_fall_at_most_bps: Bps | None = None
    """Upper bound of the largest fall within five minutes, in 1e-4 of the price before."""
    share_of_start_after_10_minutes_at_least_bps: _Share | None = None
    """Lower bound of the price ten minutes after the low, in 1e-4 of the price when the crash began."""
    depth_fall_at_least_bps: Bps | None = None
    """Lower bound of the fall in depth at its lowest, in 1e-4 of the bids within 2 % of the middle when the crash
    began."""

    @model_validator(mode="after")
    def _bounded(self) -> ExpectedBook:
        _require_a_bound(self)
        return self


class ExpectedLeverage(Spec):
    """Bounds of a cohort's leverage: assets and notional over equity."""

    peak_leverage_at_least: PositiveAmount | None = None
    """Lower bound of the highest leverage before the first of its accounts is liquidated."""
    peak_leverage_at_most: PositiveAmount | None = None
    """Upper bound of the highest leverage before the first of its accounts is liquidated; it also claims that
    equity stays positive."""

    @model_validator(mode="after")
    def _bounded(self) -> ExpectedLeverage:
        _require_a_bound(self)
        return self


class ExpectedExchange(Spec):
    """Bounds of what happens at the exchange, by book and by cohort."""

    books: dict[Name, ExpectedBook] = {}
    """Bounds by book of `exchange.books`."""
    cohorts: dict[Name, ExpectedLeverage] = {}
    """Bounds by cohort: an entry of `agents` or `positions`."""


def _require_a_bound(claim: Spec) -> None:
    names = list(type(claim).model_fields)
    if all(getattr(claim, name) is None for name in names):
        raise ValueError(f"needs one of {', '.join(names)}")
