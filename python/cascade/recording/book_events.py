"""Trades of the exchange's books, and the events that moved each book's own price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cascade.chain.local import Log, Transaction
from cascade.recording.exchange_accounts import ExchangeAccounts
from cascade.recording.mined import MinedTransaction
from cascade.recording.tables import TradeRow
from cascade.vocabulary import BookSide, MoveKind
from cascade.world.exchange import SELL, DeployedBook

__all__ = ["BookEvents", "BookMove", "own_price_raw"]

_QUOTES, _CANCELS = ("OrderPlaced", "Requoted"), ("OrderCancelled", "AllCancelled")


@dataclass(frozen=True)
class BookMove:
    """One event that moved a book's own price.

    Attributes
    ----------
    kind : MoveKind
        Trade, quote or cancel.
    account : str
        Address of the account that traded, quoted or cancelled.
    before_wad, after_wad : int
        Own price before and after the event, in the book's stable (1e18 scale).
    """

    log_index: int
    book: str
    kind: MoveKind
    account: str
    intent: str
    before_wad: int
    after_wad: int


def own_price_raw(last: int, bid: int, ask: int) -> int:
    """Return the price that a book contributes to its index, in smallest units of the stable per whole token.

    It is the last price held between best bid and best ask; before the first trade it is the middle of the two. 0
    stands for no price, in the arguments as in the result.
    """
    if not last:
        return (bid + ask) // 2 if bid and ask else 0
    if bid > last:
        return bid
    return ask if ask and ask < last else last


class BookEvents:
    """Read the events of books in order, and follow each book's own price.

    A trade sets the own price to the trade's: the orders that rest behind it are no better. Placing or cancelling an
    order moves the own price only where the best bid or ask passes the last price.
    """

    def __init__(self, accounts: ExchangeAccounts) -> None:
        self._accounts = accounts
        self._own_raw: dict[str, int] = {}

    def moves(self, mined: MinedTransaction, logs: Sequence[Log]) -> Iterator[BookMove]:
        """Yield the events of one transaction that moved the own price of a book.

        Parameters
        ----------
        logs : sequence of Log
            The transaction's events of books and of the desk, in order.
        """
        latest_order: dict[str, Log] = {}
        intent = self._intent(mined.transaction)
        for log in logs:
            book = self._accounts.books.get(log.address)
            if book is None:
                continue
            if log.event == "Trade":
                after = log.arguments["price"]
                if self._has_moved(book, after):
                    by = (MoveKind.TRADE, self._taker(log, logs))
                    yield self._move(book, after, log=log, by=by, intent=intent)
            elif log.event == "TopMoved":
                top = log.arguments
                after = own_price_raw(top["last"], top["bid"], top["ask"])
                # The order behind the event is decoded only for a move: a ladder's event is long.
                if self._has_moved(book, after):
                    by = _kind_and_maker(latest_order.get(book.name), mined.receipt.sender)
                    yield self._move(book, after, log=log, by=by, intent=intent)
            elif log.event in _QUOTES or log.event in _CANCELS:
                latest_order[book.name] = log

    def trades(self, mined: MinedTransaction, logs: Sequence[Log]) -> Iterator[TradeRow]:
        """Yield one row per trade of one transaction, from its events of books and of the desk in order."""
        for log in logs:
            book = self._accounts.books.get(log.address) if log.event == "Trade" else None
            if book is None:
                continue
            trade = log.arguments
            lots, price = trade["lots"], trade["price"]
            maker, taker = self._accounts.actor(trade["maker"]), self._accounts.actor(self._taker(log, logs))
            yield TradeRow(
                **mined.stamp(log),
                book=book.name,
                asset=book.base,
                maker=maker.name,
                maker_role=maker.role,
                maker_cohort=maker.cohort,
                taker=taker.name,
                taker_role=taker.role,
                taker_cohort=taker.cohort,
                taker_side=BookSide.SELL if trade["takerSide"] == SELL else BookSide.BUY,
                intent=self._intent(mined.transaction),
                price_raw=price,
                base_raw=lots * book.lot_raw,
                quote_raw=book.value_raw(lots, price),
                maker_fee_raw=trade["makerFee"],
                taker_fee_raw=trade["takerFee"],
            )

    def _has_moved(self, book: DeployedBook, after_raw: int) -> bool:
        return after_raw != self._own_raw.get(book.name, 0)

    def _move(self, book: DeployedBook, after_raw: int, *, log: Log, by: tuple[MoveKind, str], intent: str) -> BookMove:
        # A book's first price is a move of size zero: there was no price before it.
        before_raw = self._own_raw.get(book.name, after_raw)
        self._own_raw[book.name] = after_raw
        before, after = book.price_wad(before_raw), book.price_wad(after_raw)
        return BookMove(log.log_index, book.name, *by, intent, before, after)

    def _intent(self, transaction: Transaction) -> str:
        return self._accounts.forced_sale(transaction) or transaction.intent

    def _taker(self, trade: Log, logs: Sequence[Log]) -> str:
        taker: str = trade.arguments["taker"]
        desk = self._accounts.exchange.desk
        if desk is None or taker != desk.address:
            return taker
        # The desk sells from its own account; the event that follows the trade names the borrower.
        return next(
            (
                str(log.arguments["account"])
                for log in logs
                if log.event == "LoanLiquidated" and log.log_index > trade.log_index
            ),
            taker,
        )


def _kind_and_maker(order: Log | None, sender: str) -> tuple[MoveKind, str]:
    """Return whether the order behind a move of the top was a quote or a cancellation, and whose order it was."""
    if order is None:
        return MoveKind.QUOTE, sender
    # A ladder requoted with no orders only removes the orders that rested.
    is_quote = order.event == "OrderPlaced" or (order.event == "Requoted" and bool(order.arguments["orders"]))
    return MoveKind.QUOTE if is_quote else MoveKind.CANCEL, str(order.arguments["maker"])
