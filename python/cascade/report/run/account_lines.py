"""List the largest accounts of a file: what they hold, how healthy they were, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.recording.tables import AccountReserveRow, LiquidationRow, PositionRow, StatedAccountRow
from cascade.report.shared.figures import count, dollars
from cascade.units import e8_to_float, value_e8_up, wad_to_float
from cascade.vocabulary import PositionEvent

__all__ = ["AccountLine", "account_lines"]

_MOST = 20
"""Accounts that are listed, at most; the tables have all of them."""


@dataclass(frozen=True)
class AccountLine:
    """One account in words, at the prices of the block that a column names.

    Attributes
    ----------
    supplied, borrowed : str
        Its reserves when the build ended, with dollars; supplies that secure nothing are in brackets.
    emode : str
        Its efficiency mode; a dash for none.
    health_start, health_end : str
        Health factor when the build ended, and at the end of the run; a dash without one.
    liquidations, covered : str
        Number of its liquidations, and the debt that they repaid.
    """

    account: str
    supplied: str
    borrowed: str
    emode: str
    health_start: str
    health_end: str
    liquidations: str
    covered: str


def account_lines(frames: Frames) -> list[AccountLine]:
    """Return the accounts of the file with the largest debts when the build ended; empty without a file."""
    modes = {row.account: row.emode for row in frames.rows(StatedAccountRow)}
    if not modes:
        return []
    held: dict[str, list[AccountReserveRow]] = {}
    for reserve in frames.rows(AccountReserveRow):
        if reserve.event == PositionEvent.BUILT:
            held.setdefault(reserve.borrower, []).append(reserve)
    start = {row.borrower: row for row in _rows_of(frames, PositionEvent.BUILT) if row.borrower in held}
    end = {row.borrower: row for row in _rows_of(frames, PositionEvent.END)}
    covered: dict[str, list[int]] = {}
    for taken in frames.rows(LiquidationRow):
        worth = value_e8_up(taken.debt_covered_raw, taken.debt_price_e8, frames.decimals(taken.debt_asset))
        covered.setdefault(taken.borrower, []).append(worth)
    # The address decides between equal debts.
    largest = sorted(start.values(), key=lambda row: (-(row.debt_base_e8 or 0), row.borrower))[:_MOST]
    return [
        AccountLine(
            account=row.borrower,
            supplied=", ".join(_supplies(held[row.borrower])),
            borrowed=", ".join(
                f"{dollars(_usd(one.borrowed_base_e8))} {one.asset}" for one in held[row.borrower] if one.borrowed_raw
            ),
            emode=str(modes.get(row.borrower) or "–"),
            health_start=_health(row.health_factor_wad),
            health_end=_health(end[row.borrower].health_factor_wad if row.borrower in end else None),
            liquidations=count(len(covered.get(row.borrower, ()))),
            covered=dollars(_usd(sum(covered.get(row.borrower, ())))),
        )
        for row in largest
    ]


def _supplies(reserves: Iterable[AccountReserveRow]) -> Iterable[str]:
    for one in reserves:
        if one.supplied_raw:
            words = f"{dollars(_usd(one.supplied_base_e8))} {one.asset}"
            yield words if one.used_as_collateral else f"[{words}]"


def _rows_of(frames: Frames, event: PositionEvent) -> Iterable[PositionRow]:
    return (row for row in frames.rows(PositionRow) if row.event == event)


def _usd(value_e8: int | None) -> float | None:
    return None if value_e8 is None else e8_to_float(value_e8)


def _health(health_wad: int | None) -> str:
    if health_wad is None:
        return "–"
    health = wad_to_float(health_wad)
    # Four digits, rounded down: a health factor under 1 is never shown as 1.
    return "no debt" if health == float("inf") else f"{int(health * 10_000) / 10_000:.4f}"
