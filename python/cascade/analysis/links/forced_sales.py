"""Find liquidations: of loops on chain, of loans of the exchange's desk, and of perpetuals."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from cascade.analysis.causes.graph import LiquidationCause, cause_graph
from cascade.analysis.links.evidence import Evidence
from cascade.analysis.links.flows import Event, busiest, counted, ended, total, weighed
from cascade.analysis.links.model import Feeder, Link, Parts, Split
from cascade.recording.tables import ExchangeEventRow, PerpTradeRow
from cascade.units import E8
from cascade.vocabulary import ExchangeEvent, LinkBasis, LinkKind, NoLink, PerpTradeKind, PivotKind

__all__ = ["chain_liquidations", "desk_liquidations", "perp_liquidations"]


def chain_liquidations(run: Evidence) -> list[Link]:
    """Return the liquidations of the pool's positions, in dollars of debt covered.

    Each is fed by the link of its pivot, the price move that took its health factor under one. That link can be these
    liquidations themselves.
    """
    if run.frames.liquidations.empty:
        return []
    rows = cause_graph(run.frames).causes
    events = [Event(run.moment(row), Fraction(row.debt_covered_e8, E8)) for row in rows]
    amounts: dict[Feeder, Fraction] = {}
    for row, event in zip(rows, events, strict=True):
        feeder = _pivot(run, row)
        amounts[feeder] = amounts.get(feeder, Fraction(0)) + event.dollars
    borrowers = len({row.borrower for row in rows})
    what = f"{counted(len(rows), 'liquidation')} of {counted(borrowers, 'borrower')} on chain."
    return [
        _flow(
            run,
            LinkKind.CHAIN_LIQUIDATIONS,
            what,
            events,
            unit="dollars of debt covered",
            basis=LinkBasis.PIVOTS,
            split=lambda: Parts.weighed(amounts),
        )
    ]


def desk_liquidations(run: Evidence) -> list[Link]:
    """Return the loans that the exchange's desk liquidated, in dollars that the pledges brought.

    Each is fed by the links that lowered the price of its pledge from the start of the crash to the liquidation.
    """
    rows = [row for row in run.frames.rows(ExchangeEventRow) if row.kind == ExchangeEvent.LOAN_LIQUIDATED]
    if not rows:
        return []
    cash = run.cash
    events = [Event(run.moment(row), run.dollars(cash, row.proceeds_raw, row.block_number)) for row in rows]
    pledges = len({row.account for row in rows})
    what = f"{counted(len(rows), 'sale')} of {counted(pledges, 'pledge')} by the exchange's desk."
    pairs = list(zip(events, rows, strict=True))
    return [
        _flow(
            run,
            LinkKind.DESK_LIQUIDATIONS,
            what,
            events,
            unit="dollars sold",
            basis=LinkBasis.LEDGER,
            split=lambda: weighed([(event, run.book_fall(row.book, run.before(row))) for event, row in pairs]),
        )
    ]


def perp_liquidations(run: Evidence) -> list[Link]:
    """Return the perpetual positions that the engine closed, in dollars at the mark.

    Each is fed by the links that lowered the price of its book from the start of the crash to the liquidation; for a
    short, by those that raised it.
    """
    rows = [row for row in run.frames.rows(PerpTradeRow) if row.kind == PerpTradeKind.LIQUIDATION]
    if not rows:
        return []
    cash, markets = run.cash, run.exchange["margin"]["markets"]
    events = [
        Event(run.moment(row), run.dollars(cash, abs(row.contracts) * row.mark_raw, row.block_number)) for row in rows
    ]
    pairs = list(zip(events, rows, strict=True))

    def split(row: PerpTradeRow) -> Parts:
        book = markets[row.market]["book"]
        return run.book_fall(book, run.before(row), rise=row.contracts > 0)

    takers = len({row.taker for row in rows})
    what = f"Perpetuals of {counted(takers, 'account')} were liquidated in {counted(len(rows), 'trade')}."
    return [
        _flow(
            run,
            LinkKind.PERP_LIQUIDATIONS,
            what,
            events,
            unit="dollars of contracts",
            basis=LinkBasis.LEDGER,
            split=lambda: weighed([(event, split(row)) for event, row in pairs]),
        )
    ]


def _pivot(run: Evidence, row: LiquidationCause) -> Feeder:
    found = run.feeder_of(row.pivot_block, row.pivot_log_index)
    return (_without_a_move(row.pivot_kind), row.pivot_class) if found is None else found


def _without_a_move(kind: PivotKind) -> NoLink:
    match kind:
        case PivotKind.TIME:
            return NoLink.TIME
        case PivotKind.UNEXPLAINED:
            return NoLink.RESIDUAL
        case _:
            return NoLink.OTHERS


def _flow(
    run: Evidence,
    name: str,
    what: str,
    events: Sequence[Event],
    *,
    unit: str,
    basis: LinkBasis,
    split: Split,
) -> Link:
    peaked, peak = busiest(events, run.start.timestamp)
    return Link(
        name,
        what,
        events[0].at,
        peaked,
        ended(events, run),
        total(events),
        unit,
        peak,
        f"{unit} in a minute",
        basis,
        split,
    )
