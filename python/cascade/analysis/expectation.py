"""Judge whether a run ended as its scenario claims under `expect`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cascade.analysis.exchange import BookDepth, BookFall, CohortLeverage, book_depths, book_falls, cohort_leverages
from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.manifest import Expectation
from cascade.scenario.model import ExpectedBook, ExpectedExchange, ExpectedLeverage, ExpectedTrough, ExpectSpec
from cascade.units import BPS, E8, e8_to_float, to_tokens

__all__ = ["JudgedClaim", "MissedClaim", "claims_of", "judge", "judged_claims", "missed_claims"]


@dataclass(frozen=True)
class MissedClaim:
    """A claim of a scenario that its run did not meet.

    Attributes
    ----------
    claim : str
        Dotted path of the claim below `expect`.
    stated : str
        The value that the scenario states.
    outcome : str
        How the run ended instead.
    """

    claim: str
    stated: str
    outcome: str

    def __str__(self) -> str:
        return f"expect.{self.claim} = {self.stated}: {self.outcome}"


@dataclass(frozen=True)
class JudgedClaim:
    """A claim of a scenario beside the figure of its run.

    Attributes
    ----------
    claim : str
        Dotted path of the claim below `expect`.
    stated : str
        What the scenario claims, in words.
    found : str
        The run's figure, in the unit of the claim, or a sentence that says why there is none.
    missed : MissedClaim, optional
        What is said of a claim that the run did not meet; None where it did.
    """

    claim: str
    stated: str
    found: str
    missed: MissedClaim | None


def claims_of(expect: ExpectSpec) -> list[str]:
    """Return the dotted path below `expect` of every claim that a scenario states."""
    paths = ["liquidations", *(_trough_path(number) for number in range(len(expect.troughs)))]
    if expect.exchange is not None:
        # Iterating over a model yields the name and value of every field; a bound that is not stated is None.
        for name, book in expect.exchange.books.items():
            paths += [f"{_book_path(name)}.{bound}" for bound, limit in book if limit is not None]
        for name, cohort in expect.exchange.cohorts.items():
            paths += [f"{_cohort_path(name)}.{bound}" for bound, limit in cohort if limit is not None]
    return paths


def judge(expect: ExpectSpec, frames: Frames) -> Expectation:
    """Return how a run ended against the claims of its scenario, as its manifest states it."""
    missed = tuple(str(claim) for claim in missed_claims(expect, frames))
    return Expectation(liquidations=expect.liquidations, met=not missed, missed=missed)


def missed_claims(expect: ExpectSpec, frames: Frames) -> list[MissedClaim]:
    """Return the claims that do not hold in the tables of a run, in the order of `claims_of`."""
    return [judged.missed for judged in judged_claims(expect, frames) if judged.missed is not None]


def judged_claims(expect: ExpectSpec, frames: Frames) -> list[JudgedClaim]:
    """Return every claim of a scenario beside the figure of its run, in the order of `claims_of`."""
    judged = [_judged_liquidations(expect, frames), *_judged_troughs(expect, frames)]
    if expect.exchange is not None:
        judged += _judged_bounds(expect.exchange, frames)
    return judged


def _trough_path(number: int) -> str:
    return f"troughs.{number}"


def _book_path(name: str) -> str:
    return f"exchange.books.{name}"


def _cohort_path(name: str) -> str:
    return f"exchange.cohorts.{name}"


def _judged_liquidations(expect: ExpectSpec, frames: Frames) -> JudgedClaim:
    count = len(frames.liquidations)
    missed = None
    if (count > 0) != (expect.liquidations == "some"):
        missed = MissedClaim("liquidations", repr(expect.liquidations), f"the run had {count}")
    return JudgedClaim("liquidations", expect.liquidations, str(count), missed)


def _judged_troughs(expect: ExpectSpec, frames: Frames) -> Iterator[JudgedClaim]:
    book = PriceBook(frames)
    for number, claim in enumerate(expect.troughs):
        path, stated = _trough_path(number), _stated(claim)
        lowest = book.lowest(claim.asset, claim.source, frames.first_crash_block)
        if lowest is None:
            priced = ", ".join(book.sources(claim.asset)) or "none"
            found = f"the run has no such price; sources of {claim.asset}: {priced}"
            yield JudgedClaim(path, stated, found, MissedClaim(path, stated, found))
            continue
        found = f"{e8_to_float(lowest[0]):.4f}"
        missed = None
        if not _is_within(claim, lowest[0]):
            missed = MissedClaim(path, stated, f"its lowest price was {found} dollars")
        yield JudgedClaim(path, stated, found, missed)


def _is_within(claim: ExpectedTrough, price_e8: int) -> bool:
    # Exact decimals: a bound of 0.64 dollars is met by a price of exactly 0.64.
    price = to_tokens(price_e8, 8)
    is_above = claim.at_least_usd is None or price >= claim.at_least_usd
    return is_above and (claim.at_most_usd is None or price <= claim.at_most_usd)


def _stated(claim: ExpectedTrough) -> str:
    bounds = (("at least", claim.at_least_usd), ("at most", claim.at_most_usd))
    return f"{claim.asset}, {claim.source}, " + ", ".join(f"{words} {usd}" for words, usd in bounds if usd is not None)


_Figure = Fraction | str
"""A figure of the run, or a sentence that says why there is none; without a figure no bound holds."""


@dataclass(frozen=True)
class _Bound:
    """A bound that a claim puts on a figure; None where the scenario does not state it."""

    claim: str
    limit: Decimal | int | None
    figure: _Figure
    is_floor: bool

    @property
    def judged(self) -> JudgedClaim | None:
        if self.limit is None:
            return None
        found = self.figure if isinstance(self.figure, str) else f"{float(self.figure):.4f}"
        stated = f"{'at least' if self.is_floor else 'at most'} {self.limit}"
        return JudgedClaim(self.claim, stated, found, self.missed)

    @property
    def missed(self) -> MissedClaim | None:
        if self.limit is None:
            return None
        if isinstance(self.figure, str):
            return MissedClaim(self.claim, str(self.limit), self.figure)
        limit = Fraction(self.limit)
        if self.figure < limit if self.is_floor else self.figure > limit:
            return MissedClaim(self.claim, str(self.limit), f"it was {float(self.figure):.4f}")
        return None


def _judged_bounds(claimed: ExpectedExchange, frames: Frames) -> list[JudgedClaim]:
    falls, depths, leverages = book_falls(frames, PriceBook(frames)), book_depths(frames), cohort_leverages(frames)
    bounds: list[_Bound] = []
    for name, book in claimed.books.items():
        bounds += _book_bounds(_book_path(name), book, falls.get(name), depths.get(name))
    for name, cohort in claimed.cohorts.items():
        bounds += _leverage_bounds(_cohort_path(name), cohort, leverages.get(name))
    return [judged for bound in bounds if (judged := bound.judged) is not None]


def _book_bounds(path: str, claimed: ExpectedBook, fall: BookFall | None, depth: BookDepth | None) -> list[_Bound]:
    low, five_minute_fall, later = _fall_figures(fall)
    # A book that began without bids has lost none, which is no evidence for the claim.
    depth_fall: _Figure = "the book had no bids when the crash began"
    if depth is not None and depth.start_raw:
        depth_fall = depth.fall_bps
    return [
        _Bound(f"{path}.low_at_least_usd", claimed.low_at_least_usd, low, is_floor=True),
        _Bound(f"{path}.low_at_most_usd", claimed.low_at_most_usd, low, is_floor=False),
        _Bound(
            f"{path}.five_minute_fall_at_least_bps",
            claimed.five_minute_fall_at_least_bps,
            five_minute_fall,
            is_floor=True,
        ),
        _Bound(
            f"{path}.five_minute_fall_at_most_bps",
            claimed.five_minute_fall_at_most_bps,
            five_minute_fall,
            is_floor=False,
        ),
        _Bound(
            f"{path}.share_of_start_after_10_minutes_at_least_bps",
            claimed.share_of_start_after_10_minutes_at_least_bps,
            later,
            is_floor=True,
        ),
        _Bound(f"{path}.depth_fall_at_least_bps", claimed.depth_fall_at_least_bps, depth_fall, is_floor=True),
    ]


def _fall_figures(fall: BookFall | None) -> tuple[_Figure, _Figure, _Figure]:
    """Return the lowest price in dollars, the largest fall in five minutes and the later share of the start, in bps."""
    if fall is None:
        nothing = "the book had no trade"
        return nothing, nothing, nothing
    share = fall.share_of_start
    later = "the run ended less than ten minutes after the low" if share is None else share * BPS
    return Fraction(fall.low_e8, E8), fall.fall_bps, later


def _leverage_bounds(path: str, claimed: ExpectedLeverage, cohort: CohortLeverage | None) -> list[_Bound]:
    no_equity = "it had no equity left"
    peak: _Figure
    highest: _Figure
    if cohort is None:
        peak = highest = "the cohort had neither debt, nor positions, nor collateral"
    else:
        peak = no_equity if cohort.peak is None else cohort.peak
        # Leverage grows without bound as equity vanishes: a cohort without equity at any step meets no upper bound.
        highest = no_equity if cohort.is_bare else peak
    return [
        _Bound(f"{path}.peak_leverage_at_least", claimed.peak_leverage_at_least, peak, is_floor=True),
        _Bound(f"{path}.peak_leverage_at_most", claimed.peak_leverage_at_most, highest, is_floor=False),
    ]
