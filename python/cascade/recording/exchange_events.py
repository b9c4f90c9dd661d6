"""Events of the exchange's desk, margin engine, books and vault, and its trades of perpetual contracts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from cascade.chain.local import Log
from cascade.recording.exchange_accounts import ExchangeAccounts
from cascade.recording.mined import MinedTransaction
from cascade.recording.tables import ExchangeEventRow, PerpTradeRow
from cascade.vocabulary import ExchangeEvent, Intent, PerpTradeKind
from cascade.world.exchange import DeployedBook

__all__ = ["event_rows", "perp_trade_rows"]


def perp_trade_rows(accounts: ExchangeAccounts, mined: MinedTransaction, logs: Sequence[Log]) -> Iterator[PerpTradeRow]:
    """Yield one row per change of hands of perpetual contracts in one transaction."""
    margin = accounts.exchange.margin
    if margin is None or not any(log.event in ("PerpTrade", "AutoDeleveraged") for log in logs):
        return
    names = _market_names(accounts)
    transaction = mined.transaction
    # Traders call the margin contract too: of a direct call only the function tells a liquidation from a trade.
    selector, direct = margin.interface.functions["liquidate"].selector, transaction.to == margin.address
    is_liquidation = (
        transaction.data.startswith(selector)
        if direct
        else accounts.forced_sale(transaction) == Intent.ACCOUNT_LIQUIDATION
    )
    for log in logs:
        if log.event not in ("PerpTrade", "AutoDeleveraged"):
            continue
        trade, is_adl = log.arguments, log.event == "AutoDeleveraged"
        taker = accounts.actor(trade["bankrupt" if is_adl else "taker"])
        maker = accounts.actor(trade["counterparty" if is_adl else "maker"])
        kind = PerpTradeKind.LIQUIDATION if is_liquidation else PerpTradeKind.TRADE
        yield PerpTradeRow(
            **mined.stamp(log),
            market=names[trade["marketId"]],
            taker=taker.name,
            taker_role=taker.role,
            taker_cohort=taker.cohort,
            maker=maker.name,
            maker_role=maker.role,
            maker_cohort=maker.cohort,
            kind=PerpTradeKind.ADL if is_adl else kind,
            # The event of auto-deleveraging counts the contracts that the bankrupt account sold, not those it bought.
            contracts=-trade["contracts"] if is_adl else trade["contracts"],
            price_raw=trade["price"],
            mark_raw=trade["markPrice"],
            rank_wad=trade["rankWad"] if is_adl else 0,
        )


def event_rows(accounts: ExchangeAccounts, mined: MinedTransaction, logs: Sequence[Log]) -> Iterator[ExchangeEventRow]:
    """Yield the rows of `exchange_events` of one transaction: one per event, but one per market of deleveraging."""
    # One bankruptcy may be closed against hundreds of accounts; each has its row in `perp_trades` already.
    deleveraged: set[int] = set()
    for log in logs:
        if log.event == "AutoDeleveraged":
            market = log.arguments["marketId"]
            if market not in deleveraged:
                deleveraged.add(market)
                yield _deleveraging(accounts, _blank(accounts, mined, log), log, logs)
        elif log.event in _FILL:
            yield _FILL[log.event](accounts, log, _blank(accounts, mined, log))


def _blank(accounts: ExchangeAccounts, mined: MinedTransaction, log: Log) -> ExchangeEventRow:
    """Return an event's row with its account, and nothing in the columns that only some kinds of event have."""
    address = log.arguments.get("account", log.arguments.get("bankrupt"))
    actor = None if address is None else accounts.actor(address)
    return ExchangeEventRow(
        **mined.stamp(log),
        kind="",
        account=actor.name if actor else "",
        role=actor.role if actor else "",
        cohort=actor.cohort if actor else "",
        book="",
        asset="",
        amount_raw=0,
        proceeds_raw=0,
        fee_raw=0,
        repaid_raw=0,
        ltv_bps=0,
        uni_mmr_wad=0,
        leverage_wad=0,
        until_timestamp=0,
    )


def _liquidation_started(accounts: ExchangeAccounts, log: Log, row: ExchangeEventRow) -> ExchangeEventRow:
    event = log.arguments
    return replace(
        row,
        kind=ExchangeEvent.LIQUIDATION_STARTED,
        asset=accounts.exchange.cash,
        amount_raw=event["equity"],
        uni_mmr_wad=event["uniMmrWad"],
        leverage_wad=event["leverageWad"],
    )


def _collateral_sold(accounts: ExchangeAccounts, log: Log, row: ExchangeEventRow) -> ExchangeEventRow:
    event, asset = log.arguments, accounts.world.symbol_of(log.arguments["asset"])
    book = accounts.book_of(asset)
    return replace(
        row,
        kind=ExchangeEvent.COLLATERAL_SOLD,
        book=book.name,
        asset=asset,
        amount_raw=event["lots"] * book.lot_raw,
        proceeds_raw=event["proceeds"],
        fee_raw=event["fee"],
        uni_mmr_wad=event["uniMmrWadAfter"],
    )


def _insurance_used(accounts: ExchangeAccounts, log: Log, row: ExchangeEventRow) -> ExchangeEventRow:
    return replace(_with_amount(accounts, log, row), kind=ExchangeEvent.INSURANCE_USED)


def _bad_debt(accounts: ExchangeAccounts, log: Log, row: ExchangeEventRow) -> ExchangeEventRow:
    return replace(_with_amount(accounts, log, row), kind=ExchangeEvent.BAD_DEBT)


def _liquidation_ended(_: ExchangeAccounts, log: Log, row: ExchangeEventRow) -> ExchangeEventRow:
    return replace(row, kind=ExchangeEvent.LIQUIDATION_ENDED, uni_mmr_wad=log.arguments["uniMmrWad"])


def _margin_called(accounts: ExchangeAccounts, log: Log, row: ExchangeEventRow) -> ExchangeEventRow:
    event, book = log.arguments, _line(accounts, log)
    return replace(
        row,
        kind=ExchangeEvent.MARGIN_CALLED,
        book=book.name,
        ltv_bps=event["ltvBps"],
        until_timestamp=event["deadline"],
    )


def _margin_call_met(accounts: ExchangeAccounts, log: Log, row: ExchangeEventRow) -> ExchangeEventRow:
    book = _line(accounts, log)
    return replace(row, kind=ExchangeEvent.MARGIN_CALL_MET, book=book.name, ltv_bps=log.arguments["ltvBps"])


def _loan_liquidated(accounts: ExchangeAccounts, log: Log, row: ExchangeEventRow) -> ExchangeEventRow:
    event, book = log.arguments, _line(accounts, log)
    return replace(
        row,
        kind=ExchangeEvent.LOAN_LIQUIDATED,
        book=book.name,
        asset=book.base,
        amount_raw=event["soldLots"] * book.lot_raw,
        proceeds_raw=event["proceeds"],
        fee_raw=event["fee"],
        repaid_raw=event["repaid"],
        ltv_bps=event["ltvBpsBefore"],
    )


def _shortfall_covered(accounts: ExchangeAccounts, log: Log, row: ExchangeEventRow) -> ExchangeEventRow:
    line = _line(accounts, log).name
    return replace(_with_amount(accounts, log, row), kind=ExchangeEvent.SHORTFALL_COVERED, book=line)


def _desk_loss(accounts: ExchangeAccounts, log: Log, row: ExchangeEventRow) -> ExchangeEventRow:
    return replace(_with_amount(accounts, log, row), kind=ExchangeEvent.DESK_LOSS, book=_line(accounts, log).name)


def _book_halted(accounts: ExchangeAccounts, log: Log, row: ExchangeEventRow) -> ExchangeEventRow:
    book = accounts.books[log.address]
    return replace(
        row,
        kind=ExchangeEvent.BOOK_HALTED,
        book=book.name,
        asset=accounts.exchange.cash,
        amount_raw=log.arguments["anchor"],
        until_timestamp=log.arguments["until"],
    )


def _transfers_set(_: ExchangeAccounts, log: Log, row: ExchangeEventRow) -> ExchangeEventRow:
    is_open = log.arguments["depositsOpen"] and log.arguments["withdrawalsOpen"]
    return replace(row, kind=ExchangeEvent.TRANSFERS_OPEN if is_open else ExchangeEvent.TRANSFERS_CLOSED)


_FILL: dict[str, Callable[[ExchangeAccounts, Log, ExchangeEventRow], ExchangeEventRow]] = {
    "LiquidationStarted": _liquidation_started,
    "CollateralSold": _collateral_sold,
    "InsuranceUsed": _insurance_used,
    "BadDebt": _bad_debt,
    "LiquidationEnded": _liquidation_ended,
    "MarginCalled": _margin_called,
    "MarginCallMet": _margin_call_met,
    "LoanLiquidated": _loan_liquidated,
    "ShortfallCovered": _shortfall_covered,
    "DeskLoss": _desk_loss,
    "BookHalted": _book_halted,
    "TransfersSet": _transfers_set,
}
"""By name of the contract's event: the function that fills the columns of its row."""


def _deleveraging(
    accounts: ExchangeAccounts, row: ExchangeEventRow, first: Log, logs: Sequence[Log]
) -> ExchangeEventRow:
    """Sum all positions that one transaction closed in one market against a bankrupt account."""
    market = first.arguments["marketId"]
    closed = [log.arguments for log in logs if log.event == "AutoDeleveraged" and log.arguments["marketId"] == market]
    return replace(
        row,
        kind=ExchangeEvent.AUTO_DELEVERAGED,
        book=_market_names(accounts)[market],
        amount_raw=sum(one["contracts"] for one in closed),
        proceeds_raw=sum(abs(one["contracts"]) * one["price"] for one in closed),
    )


def _with_amount(accounts: ExchangeAccounts, log: Log, row: ExchangeEventRow) -> ExchangeEventRow:
    return replace(row, asset=accounts.exchange.cash, amount_raw=log.arguments["amount"])


def _line(accounts: ExchangeAccounts, log: Log) -> DeployedBook:
    """Return the book of the desk's line that an event names by number."""
    exchange, number = accounts.exchange, log.arguments["lineId"]
    return exchange.books[next(name for name, known in exchange.lines.items() if known == number)]


def _market_names(accounts: ExchangeAccounts) -> dict[int, str]:
    return {number: name for name, number in accounts.exchange.markets.items()}
