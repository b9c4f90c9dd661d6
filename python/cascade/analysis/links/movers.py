"""Assign price moves to links, by class of actor and intent."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from cascade.analysis.causes.moves import Moves
from cascade.analysis.frames import Parameters
from cascade.analysis.links.model import Feeder
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.tables import PriceMoveRow, TradeRow
from cascade.units import E8, WAD
from cascade.vocabulary import Intent, LinkKind, MoveKind, NoLink, Role

__all__ = ["Movers"]

_FORCED: dict[str, LinkKind] = {
    Intent.ACCOUNT_LIQUIDATION: LinkKind.ACCOUNT_LIQUIDATIONS,
    Intent.DESK_LIQUIDATION: LinkKind.DESK_LIQUIDATIONS,
}

_SCHEDULED = (Role.EXOGENOUS, Role.NOISE, Role.SPOT_SELLER)
"""Roles that act when the scenario, or a draw of its random streams, says so."""


class Movers:
    """The feeder of each price move of a run.

    The sale in a liquidation, and later sales by keepers, belong to the liquidations on chain; the sale of a loop by
    its owner to the unwinding; a sale by an engine in a book to the liquidations of the desk or of accounts. An
    arbitrageur's trade at one place is fed by the depeg at the other. Hedges of perpetuals in a book belong to the
    liquidations of perpetuals. Quotes follow the reference of their book, which is a path (the macro shock) or a pool.
    Quotes that are removed are the vacuum.
    """

    def __init__(self, moves: Moves, prices: PriceBook) -> None:
        self._moves = moves
        parameters = moves.frames.parameters
        exchange = parameters.get("exchange") or {}
        self._books: dict[str, Parameters] = exchange.get("books", {})
        self._cash, self._prices = str(exchange.get("cash", "")), prices
        self._venues: dict[str, Parameters] = parameters.get("venues", {})
        self._liquidated = set(moves.frames.liquidations["tx_hash"].tolist())
        self._unwound = set(moves.frames.unwinds["tx_hash"].tolist())

    def parts(self, number: int, *, before: int) -> list[tuple[PriceMoveRow, Feeder]]:
        """Return a move, from the price before it, split into the part up to the reference of its book and the rest.

        Quotes follow a reference at once, but the last price follows only at the next trade. The part of a scheduled or
        random trade's move that takes the price to the reference therefore belongs to the reference, and the rest to
        the trade.
        """
        row, feeder = replace(self._moves.records[number], price_before_wad=before), self.feeder(number)
        book = row.market.removeprefix("book:")
        if book == row.market or feeder[0] != NoLink.INPUT or row.kind != MoveKind.TRADE:
            return [(row, feeder)]
        after = row.price_after_wad
        reference = self._reference_wad(book, row)
        if reference is None or before == after:
            return [(row, feeder)]
        low, high = sorted((before, after))
        between = min(max(reference, low), high)
        followed = (self.reference(book), f"{feeder[1]} to the reference")
        return [
            (replace(row, price_before_wad=start, price_after_wad=end), whose)
            for start, end, whose in ((before, between, followed), (between, after, feeder))
            if start != end
        ]

    def _reference_wad(self, book: str, row: PriceMoveRow) -> int | None:
        # What makers saw: the reference at the end of the block before, in the exchange's stable.
        known = self._prices.last(row.asset, f"reference:{book}", row.block_number - 1)
        stable = self._prices.last(self._cash, "oracle", row.block_number - 1) or E8
        return None if not known else known * WAD // stable

    def feeder(self, number: int) -> Feeder:
        """Return the link of a move, and its class of actor."""
        row = self._moves.records[number]
        return self._link(row), self._moves.classes[number]

    def at(self, block: int, log_index: int) -> Feeder | None:
        """Return the feeder of the move at a place in the log; None where no move is there."""
        number = self._numbers.get((block, log_index))
        return None if number is None else self.feeder(number)

    @cached_property
    def _numbers(self) -> dict[tuple[int, int], int]:
        return {(row.block_number, row.log_index): number for number, row in enumerate(self._moves.records)}

    def _link(self, row: PriceMoveRow) -> str:
        if row.tx_hash in self._liquidated or row.role == Role.KEEPER:
            return LinkKind.CHAIN_LIQUIDATIONS
        if row.tx_hash in self._unwound:
            return LinkKind.LOOP_UNWINDING
        if row.kind == MoveKind.POST:
            return LinkKind.CHAIN_DEPEG.of(row.asset) if self._moves.market_posted(row.asset) else LinkKind.MACRO_SHOCK
        book = row.market.removeprefix("book:")
        if book != row.market:
            return self._in_book(book, kind=row.kind, intent=row.intent, role=row.role, asset=row.asset)
        if row.role == Role.ARBITRAGEUR:
            return LinkKind.EXCHANGE_DEPEG.of(row.asset)
        return LinkKind.MACRO_SHOCK if row.role == Role.EXOGENOUS else NoLink.OTHERS

    def of_trade(self, book: str, trade: TradeRow) -> str:
        """Return the link of a trade in a book, by its taker."""
        if trade.tx_hash in self._liquidated or trade.taker_role == Role.KEEPER:
            return LinkKind.CHAIN_LIQUIDATIONS
        return self._in_book(book, kind=MoveKind.TRADE, intent=trade.intent, role=trade.taker_role, asset=trade.asset)

    def _in_book(self, book: str, *, kind: str, intent: str, role: str, asset: str) -> str:
        if intent in _FORCED:
            return _FORCED[intent]
        if kind == MoveKind.CANCEL:
            return LinkKind.LIQUIDITY_VACUUM.of(book)
        if kind == MoveKind.QUOTE:
            return self.reference(book)
        if role == Role.ARBITRAGEUR:
            return LinkKind.CHAIN_DEPEG.of(asset)
        if role == Role.BASIS_TRADER:
            return LinkKind.PERP_LIQUIDATIONS
        return NoLink.INPUT if role in _SCHEDULED else NoLink.OTHERS

    def reference(self, book: str) -> str:
        """Return the link that moves the price elsewhere of a book's asset."""
        reference = self._books.get(book, {}).get("reference") or {}
        if reference.get("kind") == "venue":
            return LinkKind.CHAIN_DEPEG.of(self._venues[reference["venue"]]["coins"][1])
        return LinkKind.MACRO_SHOCK if reference.get("kind") == "path" else NoLink.INPUT
