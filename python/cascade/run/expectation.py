"""Whether a run ended as its scenario claims."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from cascade.analysis.exchange import BookDepth, BookFall, CohortLeverage, book_depths, book_falls, cohort_leverages
from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.manifest import Expectation
from cascade.scenario.model import ExpectedTrough, ExpectSpec
from cascade.units import BPS, e8_to_float, to_tokens

__all__ = ["judge"]


def judge(expect: ExpectSpec, frames: Frames) -> Expectation:
    """Hold the claims of a scenario against the tables of its run."""
    missed = (*_liquidations(expect, frames), *_troughs(expect, frames), *_exchange(expect, frames))
    return Expectation(liquidations=expect.liquidations, met=not missed, missed=missed)


def _liquidations(expect: ExpectSpec, frames: Frames) -> Iterator[str]:
    if (len(frames.liquidations) > 0) != (expect.liquidations == "some"):
        yield f"expect.liquidations = {expect.liquidations!r}: the run had {len(frames.liquidations)}"


def _troughs(expect: ExpectSpec, frames: Frames) -> Iterator[str]:
    book = PriceBook(frames)
    for number, claim in enumerate(expect.troughs):
        key = f"expect.troughs.{number} = {_claimed(claim)}"
        lowest = book.lowest(claim.asset, claim.source, frames.first_crash_block)
        if lowest is None:
            priced = ", ".join(book.sources(claim.asset)) or "none"
            yield f"{key}: the run has no such price; sources of {claim.asset}: {priced}"
        elif not _is_within(claim, lowest[0]):
            yield f"{key}: its lowest price was {e8_to_float(lowest[0]):.4f} dollars"


def _is_within(claim: ExpectedTrough, price_e8: int) -> bool:
    price = to_tokens(price_e8, 8)
    above = claim.at_least_usd is None or price >= claim.at_least_usd
    return above and (claim.at_most_usd is None or price <= claim.at_most_usd)


def _claimed(claim: ExpectedTrough) -> str:
    bounds = (("at least", claim.at_least_usd), ("at most", claim.at_most_usd))
    return f"{claim.asset}, {claim.source}, " + ", ".join(f"{words} {usd}" for words, usd in bounds if usd is not None)


def _exchange(expect: ExpectSpec, frames: Frames) -> Iterator[str]:
    claimed = expect.exchange
    if claimed is None:
        return
    falls, depths = book_falls(frames, PriceBook(frames)), book_depths(frames)
    for name, book in claimed.books.items():
        outcomes = {**_fall_outcomes(falls.get(name)), **_depth_outcomes(depths.get(name))}
        yield from _bounds(f"expect.exchange.books.{name}", book.model_dump(exclude_none=True), outcomes)
    leverages = cohort_leverages(frames)
    for name, cohort in claimed.cohorts.items():
        outcomes = _leverage_outcomes(leverages.get(name))
        yield from _bounds(f"expect.exchange.cohorts.{name}", cohort.model_dump(exclude_none=True), outcomes)


_Outcome = Fraction | str
"""A figure, or why there is none."""


def _bounds(key: str, bounds: dict[str, Decimal | int], outcomes: dict[str, _Outcome]) -> Iterator[str]:
    """What is missed of bounds named `FIGURE_at_least...` and `FIGURE_at_most...`."""
    for name, bound in bounds.items():
        figure, is_floor = _figure(name)
        outcome = outcomes[name if name in outcomes else figure]
        if isinstance(outcome, str):
            yield f"{key}.{name} = {bound}: {outcome}"
        elif outcome < Fraction(bound) if is_floor else outcome > Fraction(bound):
            yield f"{key}.{name} = {bound}: it was {float(outcome):.4f}"


def _figure(bound: str) -> tuple[str, bool]:
    for words, is_floor in (("_at_least", True), ("_at_most", False)):
        figure, found, _ = bound.partition(words)
        if found:
            return figure, is_floor
    raise AssertionError(bound)


def _fall_outcomes(fall: BookFall | None) -> dict[str, _Outcome]:
    keys = ("low", "five_minute_fall", "share_of_start_after_10_minutes")
    if fall is None:
        return dict.fromkeys(keys, "the book had no trade")
    share = fall.share_of_start
    later: _Outcome = "the run ended less than ten minutes after the low" if share is None else share * BPS
    return dict(zip(keys, (Fraction(fall.low_e8, 10**8), fall.fall_bps, later), strict=True))


def _depth_outcomes(depth: BookDepth | None) -> dict[str, _Outcome]:
    if depth is None or not depth.start_raw:
        return {"depth_fall": "the book had no bids when the crash began"}
    return {"depth_fall": depth.fall_bps}


def _leverage_outcomes(cohort: CohortLeverage | None) -> dict[str, _Outcome]:
    if cohort is None:
        return {"peak_leverage": "the cohort had neither debt, nor positions, nor collateral"}
    bare = "it had no equity left"
    peak: _Outcome = bare if cohort.peak is None else cohort.peak
    # Without equity leverage has no bound: none from above is met.
    return {"peak_leverage": peak, "peak_leverage_at_most": bare if cohort.is_bare else peak}
