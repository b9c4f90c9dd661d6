"""Trades of a book, and what moved its own price, from its events in the order of the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cascade.chain.local import Log, Receipt, Transaction
from cascade.recording.exchange_accounts import ACCOUNT_LIQUIDATION, DESK_LIQUIDATION, ExchangeAccounts
from cascade.world.exchange import SELL, DeployedBook

__all__ = ["FORCED_INTENTS", "BookEvents", "BookMove", "own_price_raw"]

FORCED_INTENTS = (ACCOUNT_LIQUIDATION, DESK_LIQUIDATION)
"""What a sale by the margin engine, and by the desk, is for."""

_QUOTES, _CANCELS = ("OrderPlaced", "Requoted"), ("OrderCancelled", "AllCancelled")


@dataclass(frozen=True)
class BookMove:
    """One event that moved a book's own price; `kind` is trade, quote or cancel, `account` who did it."""

    log_index: int
    book: str
    kind: str
    account: str
    intent: str
    before_wad: int
    after_wad: int


def own_price_raw(last: int, bid: int, ask: int) -> int:
    """The price that a book's index is made of; 0 where there is none.

    The last price, held between best bid and best ask; before a first trade the middle of both.
    """
    if not last:
        return (bid + ask) // 2 if bid and ask else 0
    if bid > last:
        return bid
    return ask if ask and ask < last else last


class BookEvents:
    """Reads receipts in order, and remembers each book's own price.

    A trade moves the own price to its own: whoever rests behind it is no better. What is placed or cancelled moves it
    where the best bid or ask passes the last price.
    """

    def __init__(self, accounts: ExchangeAccounts) -> None:
        self._accounts = accounts
        self._own_raw: dict[str, int] = {}

    def moves(self, transaction: Transaction, receipt: Receipt, logs: Sequence[Log]) -> Iterator[BookMove]:
        """What moved own prices in a transaction.

        Parameters
        ----------
        logs : sequence of Log
            Of books and of the desk, in order.
        """
        by: dict[str, Log] = {}
        intent = self._intent(transaction)
        for log in logs:
            book = self._accounts.book_at(log.address)
            if book is None:
                continue
            if log.event == "Trade":
                if self._has_moved(book, log.arguments["price"]):
                    done = ("trade", self._taker(log, logs))
                    yield self._move(book, log.arguments["price"], log=log, done=done, intent=intent)
            elif log.event == "TopMoved":
                top = log.arguments
                after = own_price_raw(top["last"], top["bid"], top["ask"])
                # Only a move needs to know who made it: a ladder's event is long to decode.
                if self._has_moved(book, after):
                    done = _doer(by.get(book.name), receipt.sender)
                    yield self._move(book, after, log=log, done=done, intent=intent)
            elif log.event in _QUOTES or log.event in _CANCELS:
                by[book.name] = log

    def trades(self, transaction: Transaction, receipt: Receipt, logs: Sequence[Log]) -> Iterator[dict[str, Any]]:
        """Rows of `trades` of a transaction, without identity and time."""
        for log in logs:
            book = self._accounts.book_at(log.address) if log.event == "Trade" else None
            if book is None:
                continue
            trade = log.arguments
            lots, price = trade["lots"], trade["price"]
            yield {
                "tx_hash": receipt.tx_hash,
                "log_index": log.log_index,
                "book": book.name,
                "asset": book.base,
                **self._accounts.party("maker", trade["maker"]),
                **self._accounts.party("taker", self._taker(log, logs)),
                "taker_side": "sell" if trade["takerSide"] == SELL else "buy",
                "intent": self._intent(transaction),
                "price_raw": price,
                "base_raw": lots * book.lot_raw,
                "quote_raw": book.value_raw(lots, price),
                "maker_fee_raw": trade["makerFee"],
                "taker_fee_raw": trade["takerFee"],
            }

    def _has_moved(self, book: DeployedBook, after_raw: int) -> bool:
        return after_raw != self._own_raw.get(book.name, 0)

    def _move(self, book: DeployedBook, after_raw: int, *, log: Log, done: tuple[str, str], intent: str) -> BookMove:
        # The first price ever moves nothing: there was none before.
        before_raw = self._own_raw.get(book.name, after_raw)
        self._own_raw[book.name] = after_raw
        before, after = book.price_wad(before_raw), book.price_wad(after_raw)
        return BookMove(log.log_index, book.name, *done, intent, before, after)

    def _intent(self, transaction: Transaction) -> str:
        return self._accounts.forced(transaction) or transaction.intent

    def _taker(self, trade: Log, logs: Sequence[Log]) -> str:
        taker: str = trade.arguments["taker"]
        desk = self._accounts.exchange.desk
        if desk is None or taker != desk.address:
            return taker
        # The desk sells from its own account, and says afterwards whose pledge it was.
        return next(
            (
                str(log.arguments["account"])
                for log in logs
                if log.event == "LoanLiquidated" and log.log_index > trade.log_index
            ),
            taker,
        )


def _doer(log: Log | None, sender: str) -> tuple[str, str]:
    """What changed the top, and whose order it was."""
    if log is None:
        return "quote", sender
    # A ladder of no orders pulls what was there.
    is_quote = log.event == "OrderPlaced" or (log.event == "Requoted" and bool(log.arguments["orders"]))
    return "quote" if is_quote else "cancel", str(log.arguments["maker"])
