"""What desk, margin, books and vault told: forced sales and what paid for them, calls, halts; and perpetual trades."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cascade.chain.local import Log, Receipt, Transaction
from cascade.recording.exchange_accounts import ACCOUNT_LIQUIDATION, ExchangeAccounts
from cascade.world.exchange import DeployedBook

__all__ = ["event_rows", "perp_trade_rows"]

Row = dict[str, Any]


def perp_trade_rows(
    accounts: ExchangeAccounts, transaction: Transaction, receipt: Receipt, logs: Sequence[Log]
) -> Iterator[Row]:
    """Rows of `perp_trades` of a transaction, without identity and time."""
    margin = accounts.exchange.margin
    if margin is None or not any(log.event in ("PerpTrade", "AutoDeleveraged") for log in logs):
        return
    names = _market_names(accounts)
    selector, direct = margin.interface.functions["liquidate"].selector, transaction.to == margin.address
    is_liquidation = (
        transaction.data.startswith(selector) if direct else accounts.forced(transaction) == ACCOUNT_LIQUIDATION
    )
    for log in logs:
        if log.event not in ("PerpTrade", "AutoDeleveraged"):
            continue
        told, is_adl = log.arguments, log.event == "AutoDeleveraged"
        taker, maker = ("bankrupt", "counterparty") if is_adl else ("taker", "maker")
        yield {
            "tx_hash": receipt.tx_hash,
            "log_index": log.log_index,
            "market": names[told["marketId"]],
            **accounts.party("taker", told[taker]),
            **accounts.party("maker", told[maker]),
            "kind": "adl" if is_adl else "liquidation" if is_liquidation else "trade",
            # Of auto-deleveraging the event says what the bankrupt account sold.
            "contracts": -told["contracts"] if is_adl else told["contracts"],
            "price_raw": told["price"],
            "mark_raw": told["markPrice"],
            "rank_wad": told["rankWad"] if is_adl else 0,
        }


def event_rows(accounts: ExchangeAccounts, receipt: Receipt, logs: Sequence[Log]) -> Iterator[Row]:
    """Rows of `exchange_events` of a transaction, without identity and time."""
    deleveraged: set[int] = set()
    for log in logs:
        if log.event == "AutoDeleveraged":
            market = log.arguments["marketId"]
            if market not in deleveraged:
                deleveraged.add(market)
                yield _deleveraging(accounts, receipt, log, logs)
        elif log.event in _KINDS:
            kind, fields = _KINDS[log.event]
            yield _row(accounts, receipt, log, kind, fields(accounts, log))


def _row(accounts: ExchangeAccounts, receipt: Receipt, log: Log, kind: str, fields: Row) -> Row:
    address = log.arguments.get("account", log.arguments.get("bankrupt"))
    who = {"account": "", "role": "", "cohort": ""}
    if address is not None:
        actor = accounts.actor(address)
        who = {"account": actor.name, "role": actor.role, "cohort": actor.cohort}
    return {
        "tx_hash": receipt.tx_hash,
        "log_index": log.log_index,
        "kind": kind,
        **who,
        "book": "",
        "asset": "",
        "amount_raw": 0,
        "proceeds_raw": 0,
        "fee_raw": 0,
        "repaid_raw": 0,
        "ltv_bps": 0,
        "uni_mmr_wad": 0,
        "leverage_wad": 0,
        "until_timestamp": 0,
        **fields,
    }


def _started(accounts: ExchangeAccounts, log: Log) -> Row:
    told = log.arguments
    return {
        "asset": accounts.exchange.cash,
        "amount_raw": told["equity"],
        "uni_mmr_wad": told["uniMmrWad"],
        "leverage_wad": told["leverageWad"],
    }


def _sold(accounts: ExchangeAccounts, log: Log) -> Row:
    told, asset = log.arguments, accounts.world.symbol_of(log.arguments["asset"])
    book = accounts.exchange.book_of(asset)
    assert book is not None
    return {
        "book": book.name,
        "asset": asset,
        "amount_raw": told["lots"] * book.lot_raw,
        "proceeds_raw": told["proceeds"],
        "fee_raw": told["fee"],
        "uni_mmr_wad": told["uniMmrWadAfter"],
    }


def _money(accounts: ExchangeAccounts, log: Log) -> Row:
    return {"asset": accounts.exchange.cash, "amount_raw": log.arguments["amount"]}


def _line(accounts: ExchangeAccounts, log: Log) -> DeployedBook:
    exchange, number = accounts.exchange, log.arguments["lineId"]
    return exchange.books[next(name for name, known in exchange.lines.items() if known == number)]


def _called(accounts: ExchangeAccounts, log: Log) -> Row:
    told, book = log.arguments, _line(accounts, log)
    return {"book": book.name, "ltv_bps": told["ltvBps"], "until_timestamp": told.get("deadline", 0)}


def _loan_liquidated(accounts: ExchangeAccounts, log: Log) -> Row:
    told, book = log.arguments, _line(accounts, log)
    return {
        "book": book.name,
        "asset": book.base,
        "amount_raw": told["soldLots"] * book.lot_raw,
        "proceeds_raw": told["proceeds"],
        "fee_raw": told["fee"],
        "repaid_raw": told["repaid"],
        "ltv_bps": told["ltvBpsBefore"],
    }


def _desk_money(accounts: ExchangeAccounts, log: Log) -> Row:
    return {**_money(accounts, log), "book": _line(accounts, log).name}


def _halted(accounts: ExchangeAccounts, log: Log) -> Row:
    book = accounts.book_at(log.address)
    assert book is not None
    return {
        "book": book.name,
        "asset": accounts.exchange.cash,
        "amount_raw": log.arguments["anchor"],
        "until_timestamp": log.arguments["until"],
    }


_KINDS: dict[str, tuple[str, Callable[[ExchangeAccounts, Log], Row]]] = {
    "LiquidationStarted": ("liquidation-started", _started),
    "CollateralSold": ("collateral-sold", _sold),
    "InsuranceUsed": ("insurance-used", _money),
    "BadDebt": ("bad-debt", _money),
    "LiquidationEnded": ("liquidation-ended", lambda _, log: {"uni_mmr_wad": log.arguments["uniMmrWad"]}),
    "MarginCalled": ("margin-called", _called),
    "MarginCallMet": ("margin-call-met", _called),
    "LoanLiquidated": ("loan-liquidated", _loan_liquidated),
    "ShortfallCovered": ("shortfall-covered", _desk_money),
    "DeskLoss": ("desk-loss", _desk_money),
    "BookHalted": ("book-halted", _halted),
    "TransfersSet": ("transfers-set", lambda _, log: {"kind": _transfers(log)}),
}
"""By event: what its row is called, and its columns."""


def _transfers(log: Log) -> str:
    is_open = log.arguments["depositsOpen"] and log.arguments["withdrawalsOpen"]
    return "transfers-open" if is_open else "transfers-closed"


def _deleveraging(accounts: ExchangeAccounts, receipt: Receipt, first: Log, logs: Sequence[Log]) -> Row:
    market = first.arguments["marketId"]
    closed = [log.arguments for log in logs if log.event == "AutoDeleveraged" and log.arguments["marketId"] == market]
    fields = {
        "book": _market_names(accounts)[market],
        "amount_raw": sum(told["contracts"] for told in closed),
        "proceeds_raw": sum(abs(told["contracts"]) * told["price"] for told in closed),
    }
    return _row(accounts, receipt, first, "auto-deleveraged", fields)


def _market_names(accounts: ExchangeAccounts) -> dict[int, str]:
    return {number: name for name, number in accounts.exchange.markets.items()}
