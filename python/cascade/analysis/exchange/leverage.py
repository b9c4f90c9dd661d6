"""Leverage of the exchange's cohorts: when the crash began, and at the most before one of them was liquidated."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cascade.analysis.frames import Frames
from cascade.units import NO_DEBT_WAD, WAD
from cascade.vocabulary import Phase

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
    """Leverage of every cohort that had debt, positions, or assets other than the stable, by cohort."""
    started = frames.exchange_events[frames.exchange_events["kind"] == "liquidation-started"]
    started = started.sort_values(["block_number", "log_index"], kind="stable")
    rows = frames.margin_cohorts.sort_values("block_number", kind="stable")
    return {
        str(name): _leverage(str(name), own.to_dict("records"), started[started["cohort"] == name].to_dict("records"))
        for name, own in rows.groupby("cohort", sort=True)
    }


def _leverage(cohort: str, rows: list[dict[Any, Any]], started: list[dict[Any, Any]]) -> CohortLeverage:
    first_step = started[0]["step"] if started else None
    counted = [row for row in rows if first_step is None or row["step"] < first_step] or rows[:1]
    ratios = [(ratio, -row["block_number"], row["timestamp"]) for row in counted if (ratio := _of(row)) is not None]
    peak, _, peak_at = max(ratios, default=(None, 0, 0))
    before = [row for row in rows if row["phase"] != Phase.CRASH]
    own: dict[str, int] = {}
    for event in started:
        own.setdefault(event["account"], event["leverage_wad"])
    ordered = sorted(own.values())
    median = ordered[(len(ordered) - 1) // 2] if ordered else NO_DEBT_WAD
    return CohortLeverage(
        cohort=cohort,
        start=_of(before[-1]) if before else None,
        peak=peak,
        peak_at=int(peak_at),
        is_bare=len(ratios) < len(counted),
        liquidated_at=int(started[0]["timestamp"]) if started else None,
        at_liquidation=None if median == NO_DEBT_WAD else Fraction(median, WAD),
    )


def _of(row: dict[Any, Any]) -> Fraction | None:
    equity = int(row["equity_raw"])
    return Fraction(int(row["gross_raw"]), equity) if equity > 0 else None
