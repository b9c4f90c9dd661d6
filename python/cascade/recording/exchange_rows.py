"""All rows of the exchange: what its transactions did, and what it is at the end of a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cascade.chain.local import Receipt, Transaction
from cascade.observation import BlockView
from cascade.recording.book_events import BookEvents, BookMove
from cascade.recording.exchange_accounts import ExchangeAccounts
from cascade.recording.exchange_events import event_rows, perp_trade_rows
from cascade.recording.exchange_state import ExchangeState
from cascade.scenario.model import ExchangeIndexOracle
from cascade.scenario.sources import sources_of
from cascade.world.world import World

__all__ = ["ExchangeRows"]

Row = dict[str, Any]


class ExchangeRows:
    """Makes rows, without identity and time, of an exchange that is deployed.

    Parameters
    ----------
    world : World
        With an exchange.
    """

    def __init__(self, world: World) -> None:
        self._accounts = ExchangeAccounts(world)
        self._books = BookEvents(self._accounts)
        self._state = ExchangeState(self._accounts)
        self._addresses: set[str] = set()
        self._at_oracle = {
            source.book
            for tree in world.scenario.spec.oracle.values()
            for source in sources_of(tree)
            if isinstance(source, ExchangeIndexOracle)
        }

    def of_transaction(self, transaction: Transaction, receipt: Receipt, *, crash: bool) -> Iterator[tuple[str, Row]]:
        """Table and row of what a transaction did; of the build phase only what moved own prices."""
        logs = receipt.logs_of(self._contracts(crash)) if receipt.ok else ()
        if not logs:
            return
        for move in self._books.moves(transaction, receipt, logs):
            yield "price_moves", self._move_row(move)
        if not crash:
            return
        for row in self._books.trades(transaction, receipt, logs):
            yield "trades", row
        for row in perp_trade_rows(self._accounts, transaction, receipt, logs):
            yield "perp_trades", row
        for row in event_rows(self._accounts, receipt, logs):
            yield "exchange_events", row

    def is_at_oracle(self, market: str) -> bool:
        """Whether the lending pool's oracle reads the index of a book, given as a market of `price_moves`."""
        return market.removeprefix("book:") in self._at_oracle

    def of_state(self, view: BlockView, *, event: str | None = None) -> Iterator[tuple[str, Row]]:
        """Table and row of what the exchange is; of every account where an event is named."""
        for row in self._state.liquidity(view):
            yield "liquidity", row
        for row in self._state.margin(view, event=event):
            yield "margin", row
        for row in self._state.margin_cohorts(view):
            yield "margin_cohorts", row
        for row in self._state.holdings(view):
            yield "holdings", row
        for row in self._state.funds(view):
            yield "funds", row

    def at_the_end(self, view: BlockView) -> Iterator[tuple[str, Row]]:
        """Table and row of every account as the run leaves it."""
        for row in self._state.margin(view, event="end"):
            yield "margin", row

    def prices(self, view: BlockView) -> Iterator[tuple[str, str, int]]:
        """Asset, source and price of every book, in dollars with 8 decimals."""
        return self._state.prices(view)

    def _contracts(self, crash: bool) -> set[str]:
        # The crash changes nothing about what is deployed.
        if not crash or not self._addresses:
            self._addresses = self._accounts.addresses
        return self._addresses

    def _move_row(self, move: BookMove) -> Row:
        actor = self._accounts.actor(move.account)
        return {
            "log_index": move.log_index,
            "market": f"book:{move.book}",
            "asset": self._accounts.exchange.books[move.book].base,
            "kind": move.kind,
            "actor": actor.name,
            "role": actor.role,
            "cohort": actor.cohort,
            "intent": move.intent,
            "price_before_wad": move.before_wad,
            "price_after_wad": move.after_wad,
        }
