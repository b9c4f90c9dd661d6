"""Sum what the engines of the exchange sold, and who paid for what the sales did not bring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cascade.analysis.exchange.cash import Cash
from cascade.analysis.frames import Frames
from cascade.recording.tables import ExchangeEventRow, PerpTradeRow
from cascade.units import e8_to_float
from cascade.vocabulary import ExchangeEvent, PerpTradeKind

__all__ = ["Deleveraging", "ForcedSales", "InsuranceUsed", "Losses", "forced_sales", "losses"]


@dataclass(frozen=True, kw_only=True)
class ForcedSales:
    """Accounts and loans that the engines liquidated."""

    accounts_liquidated: dict[str, int]
    """Number of accounts whose liquidation started, by cohort."""
    collateral_sold_usd: dict[str, float]
    """Proceeds of the sales of their collateral after the books' fees, in dollars, by asset."""
    margin_calls: int
    """Number of margin calls of the loan desk."""
    margin_calls_met: int
    """Number of those that the borrower met, by a repayment or a pledge of its own."""
    margin_calls_sold: int
    """Number of those that ended with a sale of the pledge by the desk. The others ended when the price had come back,
    or had not ended when the run did."""
    desk_liquidations: int
    """Number of sales of pledges by the desk."""
    desk_borrowers: int
    """Number of borrowers whose pledges the desk sold."""
    pledges_sold_usd: dict[str, float]
    """Proceeds of those sales after the books' fees, in dollars, by asset."""
    halts: int
    """Number of times that a circuit breaker halted a book."""


@dataclass(frozen=True)
class InsuranceUsed:
    """Payments of the insurance funds, in dollars."""

    margin: float
    """By the fund of the margin engine."""
    desk: float
    """By the fund of the loan desk."""


@dataclass(frozen=True)
class Deleveraging:
    """Auto-deleveraging: positions of others that were closed at a bankruptcy price."""

    fills: int
    """Number of fills."""
    accounts: int
    """Number of accounts that lost positions."""
    usd: float
    """Value of the contracts closed, at the bankruptcy price, in dollars."""


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Losses that forced sales did not pay for."""

    insurance_used_usd: InsuranceUsed
    """Paid by the insurance funds."""
    adl: Deleveraging
    """Paid by profitable positions."""
    bad_debt_usd: float
    """Written off by the margin engine, in dollars."""
    desk_loss_usd: float
    """Written off by the loan desk, in dollars."""


def forced_sales(frames: Frames, cash: Cash) -> ForcedSales:
    """Return the accounts and loans liquidated, and what was sold of theirs."""
    events = frames.rows(ExchangeEventRow)
    accounts: dict[str, set[str]] = {}
    for row in _of(events, ExchangeEvent.LIQUIDATION_STARTED):
        accounts.setdefault(row.cohort, set()).add(row.account)
    loans = _of(events, ExchangeEvent.LOAN_LIQUIDATED)
    # The contract has one event for the end of a call; its transaction says how the call ended.
    ended, sold = _of(events, ExchangeEvent.MARGIN_CALL_MET), {(row.tx_hash, row.account) for row in loans}
    sent = frames.transactions
    senders = dict(zip(sent["tx_hash"].tolist(), sent["actor"].tolist(), strict=True)) if ended else {}
    return ForcedSales(
        accounts_liquidated={cohort: len(accounts[cohort]) for cohort in sorted(accounts)},
        collateral_sold_usd=_by_asset(_of(events, ExchangeEvent.COLLATERAL_SOLD), cash),
        margin_calls=len(_of(events, ExchangeEvent.MARGIN_CALLED)),
        margin_calls_met=sum(senders.get(row.tx_hash) == row.account for row in ended),
        margin_calls_sold=sum((row.tx_hash, row.account) in sold for row in ended),
        desk_liquidations=len(loans),
        desk_borrowers=len({row.account for row in loans}),
        pledges_sold_usd=_by_asset(loans, cash),
        halts=len(_of(events, ExchangeEvent.BOOK_HALTED)),
    )


def losses(frames: Frames, cash: Cash) -> Losses:
    """Return who paid for what forced sales did not bring."""
    events = frames.rows(ExchangeEventRow)

    def paid(kind: ExchangeEvent) -> float:
        return e8_to_float(sum(cash.value_e8(row.amount_raw, row.block_number) for row in _of(events, kind)))

    fills = [row for row in frames.rows(PerpTradeRow) if row.kind == PerpTradeKind.ADL]
    closed = sum(cash.value_e8(abs(row.contracts) * row.price_raw, row.block_number) for row in fills)
    return Losses(
        insurance_used_usd=InsuranceUsed(
            margin=paid(ExchangeEvent.INSURANCE_USED), desk=paid(ExchangeEvent.SHORTFALL_COVERED)
        ),
        adl=Deleveraging(fills=len(fills), accounts=len({row.maker for row in fills}), usd=e8_to_float(closed)),
        bad_debt_usd=paid(ExchangeEvent.BAD_DEBT),
        desk_loss_usd=paid(ExchangeEvent.DESK_LOSS),
    )


def _of(rows: Iterable[ExchangeEventRow], kind: ExchangeEvent) -> list[ExchangeEventRow]:
    return [row for row in rows if row.kind == kind]


def _by_asset(rows: Iterable[ExchangeEventRow], cash: Cash) -> dict[str, float]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.asset] = sums.get(row.asset, 0) + cash.value_e8(row.proceeds_raw, row.block_number)
    return {asset: e8_to_float(value) for asset, value in sorted(sums.items())}
