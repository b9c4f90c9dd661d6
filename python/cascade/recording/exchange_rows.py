"""Rows of the exchange: the effects of its transactions, and its state at the end of a step."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.observation import BlockView
from cascade.recording.book_events import BookEvents, BookMove
from cascade.recording.exchange_accounts import ExchangeAccounts
from cascade.recording.exchange_events import event_rows, perp_trade_rows
from cascade.recording.exchange_state import ExchangeState
from cascade.recording.mined import MinedTransaction
from cascade.recording.tables import BlockStamp, PriceMoveRow, Row
from cascade.scenario.model import ExchangeIndexOracle
from cascade.scenario.sources import sources_of
from cascade.vocabulary import Phase, PositionEvent, PriceSource
from cascade.world.exchange import DeployedExchange
from cascade.world.world import World

__all__ = ["ExchangeRows"]


class ExchangeRows:
    """Make the rows of a deployed exchange.

    Parameters
    ----------
    world : World
        The deployed scenario.
    exchange : DeployedExchange
        Its exchange.
    """

    def __init__(self, world: World, exchange: DeployedExchange) -> None:
        self._accounts = ExchangeAccounts(world, exchange)
        self._books = BookEvents(self._accounts)
        self._state = ExchangeState(self._accounts)
        self._addresses: set[str] = set()
        self._markets_at_oracle = {
            PriceSource.BOOK.of(source.book)
            for tree in world.scenario.spec.oracle.values()
            for source in sources_of(tree)
            if isinstance(source, ExchangeIndexOracle)
        }

    def of_transaction(self, mined: MinedTransaction) -> Iterator[Row]:
        """Yield the rows of one transaction; during the build only the moves of own prices, which later ones need."""
        is_crash = mined.at["phase"] == Phase.CRASH
        logs = mined.receipt.logs_of(self._contracts(is_crash)) if mined.receipt.ok else ()
        if not logs:
            return
        # Own prices are followed from the first order on: a later move needs the price before it.
        for move in self._books.moves(mined, logs):
            yield self._move_row(mined, move)
        if not is_crash:
            return
        yield from self._books.trades(mined, logs)
        yield from perp_trade_rows(self._accounts, mined, logs)
        yield from event_rows(self._accounts, mined, logs)

    def is_at_oracle(self, market: str) -> bool:
        """Return whether a market of `price_moves` is a book whose index the lending pool's oracle reads."""
        return market in self._markets_at_oracle

    def of_state(self, at: BlockStamp, view: BlockView, *, event: PositionEvent | None = None) -> Iterator[Row]:
        """Yield the rows of what changed since the step before; where an event is named, of every margin account."""
        yield from self._state.liquidity(at, view)
        yield from self._state.margin(at, view, event=event)
        yield from self._state.margin_cohorts(at, view)
        yield from self._state.holdings(at, view)
        yield from self._state.funds(at, view)

    def at_the_end(self, at: BlockStamp, view: BlockView) -> Iterator[Row]:
        """Yield one row per margin account for the end of the run."""
        yield from self._state.margin(at, view, event=PositionEvent.END)

    def prices(self, view: BlockView) -> Iterator[tuple[str, str, int | None]]:
        """Yield asset, source and price (dollars with 8 decimals; None where there is none) of every book."""
        return self._state.prices(view)

    def _contracts(self, is_crash: bool) -> set[str]:
        # Contracts are deployed during the build only: the crash reads the addresses once.
        if not is_crash or not self._addresses:
            self._addresses = self._accounts.addresses
        return self._addresses

    def _move_row(self, mined: MinedTransaction, move: BookMove) -> PriceMoveRow:
        actor = self._accounts.actor(move.account)
        return PriceMoveRow(
            **mined.at,
            transaction_index=mined.receipt.transaction_index,
            log_index=move.log_index,
            tx_hash=mined.receipt.tx_hash,
            market=PriceSource.BOOK.of(move.book),
            asset=self._accounts.exchange.books[move.book].base,
            kind=move.kind,
            actor=actor.name,
            role=actor.role,
            cohort=actor.cohort,
            intent=move.intent,
            price_before_wad=move.before_wad,
            price_after_wad=move.after_wad,
        )
