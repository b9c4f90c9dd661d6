"""Leverage of the exchange's cohorts: when the crash began, and at the most before one of them was liquidated."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from cascade.analysis.frames import Frames
from cascade.recording.tables import ExchangeEventRow, MarginCohortRow
from cascade.units import NO_DEBT_WAD, WAD
from cascade.vocabulary import ExchangeEvent, Phase

__all__ = ["CohortLeverage", "cohort_leverages"]


@dataclass(frozen=True)
class CohortLeverage:
    """Assets other than the stable and notional, over equity, of a cohort's accounts together.

    Attributes
    ----------
    start : Fraction or None
        When the crash began; None without equity, or without such accounts.
    peak : Fraction or None
        The most at the end of a step before the one in which the first of its accounts was liquidated, or of any step
        where none was; steps without equity have none.
    peak_at : int
        Unix time of the first such step, 0 without one.
    is_bare : bool
        Whether at the end of one of those steps the cohort had no equity left.
    liquidated_at : int or None
        Unix time at which the first liquidation of one of its accounts started.
    at_liquidation : Fraction or None
        Median over its accounts of their own leverage right before they were liquidated first, the lower of the middle
        two; None where none was, or where the median had no equity left.
    """

    cohort: str
    start: Fraction | None
    peak: Fraction | None
    peak_at: int
    is_bare: bool
    liquidated_at: int | None
    at_liquidation: Fraction | None


def cohort_leverages(frames: Frames) -> dict[str, CohortLeverage]:
    """Return the leverage of every cohort that had debt, positions, or assets other than the stable, by cohort."""
    events = [row for row in frames.rows(ExchangeEventRow) if row.kind == ExchangeEvent.LIQUIDATION_STARTED]
    started = sorted(events, key=lambda row: (row.block_number, row.log_index))
    of_cohort: dict[str, list[MarginCohortRow]] = {}
    for row in sorted(frames.rows(MarginCohortRow), key=lambda row: row.block_number):
        of_cohort.setdefault(row.cohort, []).append(row)
    return {
        name: _leverage(name, of_cohort[name], [row for row in started if row.cohort == name])
        for name in sorted(of_cohort)
    }


def _leverage(cohort: str, rows: list[MarginCohortRow], started: list[ExchangeEventRow]) -> CohortLeverage:
    first_step = started[0].step if started else None
    # From the step of the first liquidation on, sales by the engine lower the leverage and hide what it had been.
    counted = [row for row in rows if first_step is None or row.step < first_step] or rows[:1]
    ratios = [(ratio, -row.block_number, row.timestamp) for row in counted if (ratio := _of(row)) is not None]
    peak, _, peak_at = max(ratios, default=(None, 0, 0))
    before = [row for row in rows if row.phase != Phase.CRASH]
    own: dict[str, int] = {}
    for event in started:
        # The first liquidation of each account: later ones find what the earlier ones left.
        own.setdefault(event.account, event.leverage_wad)
    ordered = sorted(own.values())
    median = ordered[(len(ordered) - 1) // 2] if ordered else NO_DEBT_WAD
    return CohortLeverage(
        cohort=cohort,
        start=_of(before[-1]) if before else None,
        peak=peak,
        peak_at=peak_at,
        is_bare=len(ratios) < len(counted),
        liquidated_at=started[0].timestamp if started else None,
        at_liquidation=None if median == NO_DEBT_WAD else Fraction(median, WAD),
    )


def _of(row: MarginCohortRow) -> Fraction | None:
    equity = row.equity_raw
    return Fraction(row.gross_raw, equity) if equity > 0 else None
