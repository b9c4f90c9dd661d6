"""Find the makers' links: leverage that grows without a trade, and liquidations of unified accounts."""

from __future__ import annotations

from fractions import Fraction

from cascade.analysis.links.accounts import Accounts, borrowing_cohorts
from cascade.analysis.links.evidence import Evidence
from cascade.analysis.links.flows import Event, busiest, counted, ended, total, weighed
from cascade.analysis.links.model import Link, Parts, Split
from cascade.recording.tables import ExchangeEventRow, MarginCohortRow
from cascade.vocabulary import ExchangeEvent, LinkBasis, LinkKind

__all__ = ["account_liquidations", "rising_leverage"]

_GROWN = Fraction(11, 10)
"""Smallest factor by which leverage counts as grown."""

_BEGUN = Fraction(105, 100)
"""Factor at which the growth of leverage counts as begun."""


def rising_leverage(run: Evidence) -> list[Link]:
    """Return each indebted cohort's growth of leverage up to its peak before one of its accounts is liquidated.

    Leverage is gross over equity. The fall of the equity is split by valuation: holdings times the change of each
    index, trades, interest, and a residual.
    """
    links = []
    for accounts in borrowing_cohorts(run):
        rows = accounts.untouched
        levels = [_leverage(row) for row in rows]
        known = [number for number, level in enumerate(levels) if level is not None]
        # Without equity at the start there is no leverage that could grow.
        if not known or known[0] != 0:
            continue
        # The first of equal peaks.
        peak = max(known, key=lambda number: (levels[number] or Fraction(0), -number))
        start, most = levels[0] or Fraction(0), levels[peak] or Fraction(0)
        if not start or most / start < _GROWN:
            continue
        begun = next(number for number in known if (levels[number] or Fraction(0)) / start >= _BEGUN)
        first = accounts.first_liquidation
        traded = accounts.effects(peak)
        change = accounts.equity_change(peak)
        by_trades = sum((value for (_, through), value in traded.items() if through == "trades and fees"), Fraction(0))
        # Leverage can grow by purchases on credit alone, which leave the equity as it was.
        # The format's z shows a small loss as 0.0, and not as -0.0.
        share = f"trades made {float(100 * by_trades / change):z.1f} % of the fall of their equity" if change else ""
        what = (
            f"Leverage of {accounts.cohort} rose from {float(start):.2f} to {float(most):.2f}; "
            f"{share or 'their equity did not change'}."
        )
        links.append(
            Link(
                LinkKind.LEVERAGE.of(accounts.cohort),
                what,
                run.moment(rows[begun]),
                run.moment(rows[peak]),
                first.timestamp if first else 0,
                most / start,
                "times the start",
                most,
                "gross over equity",
                LinkBasis.VALUATION,
                _fall(accounts, peak, change),
            )
        )
    return links


def _fall(accounts: Accounts, peak: int, change: Fraction) -> Split:
    return lambda: Parts.weighed(accounts.with_residual(accounts.effects(peak), change))


def _leverage(row: MarginCohortRow) -> Fraction | None:
    return Fraction(row.gross_raw, row.equity_raw) if row.equity_raw > 0 else None


def account_liquidations(run: Evidence) -> list[Link]:
    """Return the collateral of unified accounts that the margin engine sold, in dollars of proceeds.

    The liquidation of each account weighs the sales of its collateral from then on. It is fed by the effects that
    lowered the adjusted equity of its cohort until then, each asset after its haircut: with the cohort's trades until
    the first of its accounts was liquidated, and with the holdings of that moment afterwards.
    """
    rows = sorted(run.frames.rows(ExchangeEventRow), key=lambda row: (row.block_number, row.log_index))
    sold = [row for row in rows if row.kind == ExchangeEvent.COLLATERAL_SOLD]
    if not sold:
        return []
    cash = run.cash
    events = [Event(run.moment(row), run.dollars(cash, row.proceeds_raw, row.block_number)) for row in sold]
    by_account: dict[tuple[str, int], Fraction] = {}
    started: dict[tuple[str, int], ExchangeEventRow] = {}
    last: dict[str, int] = {}
    # By identity: two sales of one account can be equal in every column but the log index.
    worth = {id(row): event.dollars for row, event in zip(sold, events, strict=True)}
    for number, row in enumerate(rows):
        if row.kind == ExchangeEvent.LIQUIDATION_STARTED:
            # An account can be liquidated several times; a sale belongs to the latest start before it.
            last[row.account] = number
            started[row.account, number] = row
        elif row.kind == ExchangeEvent.COLLATERAL_SOLD and row.account in last:
            key = row.account, last[row.account]
            by_account[key] = by_account.get(key, Fraction(0)) + worth[id(row)]
    assets: dict[str, Fraction] = {}
    for row, event in zip(sold, events, strict=True):
        assets[row.asset] = assets.get(row.asset, Fraction(0)) + event.dollars
    size = total(events)
    named = (
        ", ".join(
            f"{asset} {float(100 * amount / size):.0f} %"
            for asset, amount in sorted(assets.items(), key=lambda i: -i[1])
        )
        if size
        else "for nothing"
    )
    peaked, peak = busiest(events, run.start.timestamp)
    accounts = {entry.cohort: entry for entry in borrowing_cohorts(run)}

    def split() -> Parts:
        fallen = [
            (Event(run.moment(started[key]), dollars), _lost(run, accounts, started[key]))
            for key, dollars in by_account.items()
        ]
        return weighed(fallen)

    return [
        Link(
            LinkKind.ACCOUNT_LIQUIDATIONS,
            f"Collateral of {counted(len({row.account for row in sold}), 'unified account')} was sold: {named}.",
            events[0].at,
            peaked,
            ended(events, run),
            size,
            "dollars sold",
            peak,
            "dollars sold in a minute",
            LinkBasis.VALUATION,
            split,
        )
    ]


def _lost(run: Evidence, accounts: dict[str, Accounts], started: ExchangeEventRow) -> Parts:
    entry = accounts.get(started.cohort)
    if entry is None:
        return Parts.unknown()
    numbers = [number for number, row in enumerate(entry.rows) if row.block_number <= started.block_number]
    effects = entry.effects(numbers[-1], at=run.before(started), until=len(entry.untouched) - 1, adjusted=True)
    # An account of a cohort that gained was brought down by what is its own.
    return Parts.weighed(effects) if sum(effects.values(), Fraction(0)) < 0 else Parts.unknown()
