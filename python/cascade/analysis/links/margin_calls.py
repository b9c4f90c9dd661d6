"""Find the margin calls on pledges, on chain and at the exchange's desk."""

from __future__ import annotations

from fractions import Fraction

from cascade.analysis.links.evidence import Evidence
from cascade.analysis.links.flows import Event, busiest, counted, total, weighed
from cascade.analysis.links.model import Link, Parts, Split
from cascade.recording.tables import ExchangeEventRow, MarginEventRow
from cascade.vocabulary import ExchangeEvent, LinkBasis, LinkKind, MarginCallEvent

__all__ = ["margin_calls"]

_CALLED = (MarginCallEvent.CALL, ExchangeEvent.MARGIN_CALLED)
_CLOSED = (
    MarginCallEvent.CURED,
    MarginCallEvent.FAILED,
    ExchangeEvent.MARGIN_CALL_MET,
    ExchangeEvent.LOAN_LIQUIDATED,
)


def margin_calls(run: Evidence) -> list[Link]:
    """Return the calls on pledges, in dollars that they asked for; their number where no dollars are known.

    The desk's own events do not state the amount that would meet a call: its borrowers count in dollars where their
    journal states it, and otherwise by number only. Each call is weighted with its dollars and fed by the links that
    lowered the price of its pledge until then.
    """
    pledges = _Pledges(run)
    events = run.frames.rows(MarginEventRow)
    calls = [row for row in events if row.event == MarginCallEvent.CALL]
    noted = {row.borrower for row in calls}
    desk = run.frames.rows(ExchangeEventRow)
    others = [row for row in desk if row.kind == ExchangeEvent.MARGIN_CALLED and row.account not in noted]
    sized_calls = [(Event(run.moment(row), _needed(run, pledges, row)), pledges.fall(row)) for row in calls]
    bare = [(Event(run.moment(row), Fraction(0)), _desk_fall(run, row)) for row in others]
    everything = sorted(sized_calls + bare, key=lambda pair: pair[0].at.block)
    if not everything:
        return []
    every = [event for event, _ in everything]
    is_counted = not total(every)
    sized = [Event(event.at, Fraction(1)) for event in every] if is_counted else every
    unit = "calls" if is_counted else "dollars needed"
    peaked, peak = busiest(sized, run.start.timestamp)
    of_desk = f"{counted(len(others), 'margin call')} at the desk, whose amounts no table has"
    told = [f"{counted(len(calls), 'margin call')} on pledges"] if calls else []
    return [
        Link(
            LinkKind.MARGIN_CALLS,
            " and ".join([*told, of_desk] if others else told) + ".",
            every[0].at,
            peaked,
            _last_closed(events, desk),
            total(sized),
            unit,
            peak,
            f"{unit} in a minute",
            LinkBasis.LEDGER,
            lambda: weighed([(event, fall()) for event, fall in everything]),
        )
    ]


def _desk_fall(run: Evidence, row: ExchangeEventRow) -> Split:
    return lambda: run.book_fall(row.book, run.before(row))


def _needed(run: Evidence, pledges: _Pledges, row: MarginEventRow) -> Fraction:
    asset = pledges.debt_asset(row.borrower)
    return run.dollars(asset, row.needed_raw, row.block_number) if asset else Fraction(0)


def _last_closed(events: list[MarginEventRow], desk: list[ExchangeEventRow]) -> int:
    """Return the time at which the last call was met or failed; 0 while one is open."""
    is_open: dict[str, bool] = {}
    closed = 0
    steps = [(row.block_number, row.borrower, row.event, row.timestamp) for row in events]
    steps += [(row.block_number, row.account, row.kind, row.timestamp) for row in desk]
    for _, account, kind, timestamp in sorted(steps):
        if kind in _CALLED:
            is_open[account] = True
        elif kind in _CLOSED:
            is_open[account] = False
            closed = max(closed, timestamp)
    return 0 if any(is_open.values()) else closed


class _Pledges:
    """Pledge of each account that was called: a position of the pool, or a loan of a line of the desk."""

    def __init__(self, run: Evidence) -> None:
        self._run = run
        columns = (run.frames.positions[name].tolist() for name in _COLUMNS)
        self._of = {borrower: tuple(rest) for borrower, *rest in zip(*columns, strict=True)}

    def debt_asset(self, borrower: str) -> str:
        known = self._of.get(borrower)
        return known[2] if known else self._run.cash

    def fall(self, row: MarginEventRow) -> Split:
        run, borrower, block = self._run, row.borrower, row.block_number
        cohort, collateral, _ = self._of.get(borrower, ("", "", ""))
        pledge = run.frames.parameters.get("positions", {}).get(cohort, {}).get("pledge") or {}
        line = pledge.get("line")
        if line:
            return lambda: run.book_fall(line, (block + 1, -1))
        return (lambda: run.fall_of(collateral, block)) if collateral else Parts.unknown


_COLUMNS = ("borrower", "cohort", "collateral_asset", "debt_asset")
