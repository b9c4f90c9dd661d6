"""Measure over how long the accounts of a cohort were taken over, and how many of them in the busiest minute."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.recording.tables import ExchangeEventRow
from cascade.vocabulary import ExchangeEvent

__all__ = ["Takeovers", "takeovers"]

_MINUTE = 60


@dataclass(frozen=True)
class Takeovers:
    """First liquidations of the accounts of one cohort; times are Unix seconds.

    Attributes
    ----------
    accounts : int
        Number of accounts liquidated.
    first_at, last_at : int
        Time at which the first liquidation of the first account began, and that of the last account.
    busiest_at : int
        Beginning of the minute in which most accounts were liquidated for the first time; the first of equal ones.
    busiest : int
        Number of accounts in that minute.
    """

    accounts: int
    first_at: int
    last_at: int
    busiest_at: int
    busiest: int


def takeovers(frames: Frames) -> dict[str, Takeovers]:
    """Return the first liquidations of each cohort's unified accounts, by cohort; no entry without any."""
    first: dict[str, dict[str, int]] = {}
    for row in frames.rows(ExchangeEventRow):
        if row.kind == ExchangeEvent.LIQUIDATION_STARTED:
            # Rows are in the order of the log: the first one of an account is its first liquidation.
            first.setdefault(row.cohort, {}).setdefault(row.account, row.timestamp)
    return {cohort: _takeovers(sorted(first[cohort].values())) for cohort in sorted(first)}


def _takeovers(times: list[int]) -> Takeovers:
    # A minute that holds most accounts can always begin with one of them.
    counts = {start: sum(start <= time < start + _MINUTE for time in times) for start in times}
    busiest = max(counts.values())
    return Takeovers(
        accounts=len(times),
        first_at=times[0],
        last_at=times[-1],
        busiest_at=min(start for start, count in counts.items() if count == busiest),
        busiest=busiest,
    )
