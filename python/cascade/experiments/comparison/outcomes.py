"""Collect the figures of two runs that a comparison shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cascade.analysis.exchange.digest import ExchangeFigures
from cascade.analysis.frames import Frames
from cascade.analysis.summary import Summary
from cascade.experiments.causes.amplification import Amplification
from cascade.experiments.comparison.result import Outcome
from cascade.run.opened import Run
from cascade.units import BPS, bps_to_pct
from cascade.vocabulary import HEADLINE_DEPTH_BPS, Phase, Valuation

__all__ = ["Clearing", "clearing_of", "outcomes_of"]

_HEADLINE_DEPTH = f"{bps_to_pct(HEADLINE_DEPTH_BPS):g} %"

_NamedFigure = tuple[str, str, float | None]
"""Name, unit and value of a figure; None where the run does not have it."""


def outcomes_of(
    baseline: Run, change: Run, amplified: tuple[Amplification | None, Amplification | None]
) -> Iterator[Outcome]:
    """Yield the figures of both runs: the pool's, prices, the exchange's, amplification, and how long clearing took."""
    subjects = _Subjects.of(baseline.summary, change.summary)
    first, second = (_figures(run.summary, subjects) for run in (baseline, change))
    for (name, unit, before), (_, _, after) in zip(first, second, strict=True):
        yield Outcome(name, unit, before, after)
    ratios = [None if amplification is None else amplification.ratio for amplification in amplified]
    yield Outcome("amplification by liquidations", "times", ratios[0], ratios[1])
    clearing = [clearing_of(run.frames) for run in (baseline, change)]
    yield Outcome("blocks to clear", "", clearing[0].blocks, clearing[1].blocks)
    yield Outcome("open under a health factor of 1 at the end", "", clearing[0].left, clearing[1].left)


@dataclass(frozen=True)
class _Subjects:
    """The pairs, prices, books and cohorts of which at least one of two runs has figures."""

    pairs: list[str]
    prices: list[tuple[str, str]]
    books: list[str]
    cohorts: list[str]
    has_exchange: bool

    @classmethod
    def of(cls, first: Summary, second: Summary) -> _Subjects:
        exchanges = [summary.exchange for summary in (first, second) if summary.exchange is not None]
        pairs = {*first.shortfall_by_pair_usd, *second.shortfall_by_pair_usd}
        prices = {
            (asset, source) for run in (first, second) for asset, sources in run.trough.items() for source in sources
        }
        return cls(
            # The shortfall of a single pair is the total, which is a figure of its own.
            pairs=sorted(pairs) if len(pairs) > 1 else [],
            prices=sorted(prices),
            books=list(dict.fromkeys(book for exchange in exchanges for book in exchange.books)),
            cohorts=list(dict.fromkeys(name for exchange in exchanges for name in exchange.accounts_liquidated)),
            has_exchange=bool(exchanges),
        )


def _figures(summary: Summary, subjects: _Subjects) -> Iterator[_NamedFigure]:
    """Yield the figures of one run, for every subject of both: the figures of two runs come in the same order."""
    yield "liquidations", "", summary.liquidations
    yield "liquidated positions", "", summary.liquidated_positions
    yield "debt covered", "USD", summary.debt_covered_usd
    yield "deficit", "USD", summary.deficit_usd
    yield "lenders' loss", "USD", summary.who_paid.lenders.loss_usd
    yield "keepers' net profit", "USD", summary.keepers.net_profit_usd
    for price in Valuation:
        yield f"shortfall at trough, {price}", "USD", summary.shortfall_usd.trough.at(price)
    for pair in subjects.pairs:
        shortfalls = summary.shortfall_by_pair_usd.get(pair)
        for price in Valuation:
            shortfall = None if shortfalls is None else shortfalls.trough.at(price)
            yield f"shortfall at trough of {pair}, {price}", "USD", shortfall
    for asset, source in subjects.prices:
        yield f"lowest {asset}, {source}", "USD each", summary.trough.get(asset, {}).get(source)
    if subjects.has_exchange:
        yield from _exchange_figures(summary.exchange, subjects)


def _exchange_figures(exchange: ExchangeFigures | None, subjects: _Subjects) -> Iterator[_NamedFigure]:
    # One of the two runs may have no exchange: it has none of these figures.
    for name in subjects.books:
        book = exchange.books.get(name) if exchange else None
        yield f"{name}: lowest price of a trade", "USD each", book.low_usd if book else None
        yield f"{name}: largest fall in five minutes", "%", book.five_minute_fall_pct if book else None
        yield f"{name}: ten minutes after its low, of the start", "%", book.after_10_minutes_pct if book else None
        yield f"{name}: bids within {_HEADLINE_DEPTH} gone", "%", book.depth_fall_pct if book else None
    for cohort in subjects.cohorts:
        leverage = exchange.leverage.get(cohort) if exchange else None
        yield f"{cohort}: leverage at its peak", "times", leverage.peak if leverage else None
        yield f"{cohort}: accounts liquidated", "", exchange.accounts_liquidated.get(cohort) if exchange else None
    volume = exchange.forced_volume_usd if exchange else None
    insurance = exchange.insurance_used_usd.margin if exchange else None
    bad_debt = exchange.bad_debt_usd if exchange else None
    yield "forced sales at the exchange", "USD", volume
    yield "insurance used at the exchange", "USD", insurance
    yield "bad debt at the exchange", "USD", bad_debt


@dataclass(frozen=True)
class Clearing:
    """The time that the pool needed to liquidate what was liquidatable.

    Attributes
    ----------
    blocks : int
        Blocks from the first to the last that ended with an open position under a health factor of 1; 0 without any.
    left : int
        Positions still under 1 in the last block.
    """

    blocks: int
    left: int


def clearing_of(frames: Frames) -> Clearing:
    """Return how long the pool of a run needed to liquidate what was liquidatable."""
    health = frames.health
    # Buckets include their lower bound and exclude their upper: one that ends at 1 holds health factors under 1.
    under = health[(health["phase"] == Phase.CRASH) & (health["health_high_bps"] <= BPS)]
    if under.empty:
        return Clearing(0, 0)
    left = int(under.loc[under["block_number"] == frames.last_block, "positions"].sum())
    return Clearing(int(under["step"].max() - under["step"].min()) + 1, left)
