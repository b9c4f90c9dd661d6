"""Split the fall of each price, from a stated block to its trough, by class of actor, to the last unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import pandas as pd

from cascade.analysis.causes.moves import Moves
from cascade.analysis.causes.oracle import Oracle
from cascade.analysis.causes.signals import PSEUDO_CLASSES, Piece
from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.errors import AccountingViolation
from cascade.recording.tables import PriceMoveRow
from cascade.units import E8, WAD

__all__ = ["ClassMoves", "Ledger", "ledger_frame", "ledgers"]

_E8_A_WAD = WAD // E8


@dataclass(frozen=True)
class ClassMoves:
    """Moves of one price by one class of actor; sums in 1e-18 of the unit of the price, exact."""

    actor_class: str
    gross_down: Fraction
    """Sum of its moves down, zero or negative."""
    gross_up: Fraction
    """Sum of its moves up."""
    moves: int
    """Number of moves. Each move in the window of a mean counts once, however small its weight."""

    @property
    def net(self) -> Fraction:
        """Sum of all its moves."""
        return self.gross_down + self.gross_up


@dataclass(frozen=True)
class Ledger:
    """The fall of one price.

    Attributes
    ----------
    market : str
        Name of the venue, `book:BOOK`, or `oracle`.
    asset : str
        What is priced.
    first_block, trough_block : int
        Moves count from the first of the one to the last of the other, the first block at whose end the price was
        lowest; of a book to the first move that took it there.
    start, trough : int
        Price before and after them, 1e-18 of the venue's quote coin, of the exchange's stable, or of a dollar.
    classes : tuple of ClassMoves
        By class, the largest fall first.
    residual : Fraction
        Trough less start less all of them, zero; for the oracle, with the start and trough that the table of prices
        recorded, which the replay of the sources must meet.
    """

    market: str
    asset: str
    first_block: int
    trough_block: int
    start: int
    trough: int
    classes: tuple[ClassMoves, ...]
    residual: Fraction

    @property
    def fall(self) -> int:
        """Start less trough."""
        return self.start - self.trough


def ledgers(frames: Frames, *, first_block: int | None = None) -> tuple[Ledger, ...]:
    """Return the ledger of each venue and of each book whose price moved, then of each asset whose oracle price did.

    The moves of a venue are the events of `price_moves`, and so are those of a book's own price. A market order can
    fall through a book and be answered within one block, so that the low of a book is searched after every move and not
    only at the ends of blocks. The moves of an oracle price are those that its sources pass on (`Oracle`): the whole
    effect of each move for a spot source; the share of the window during which a move was seen for a mean; the moves of
    the selected source for a median or a cap. The class `switch` is the jump where another source is selected, and
    `rounding` the remainder of integer divisions that belong to no move.

    Parameters
    ----------
    frames : Frames
        The run.
    first_block : int, optional
        Moves before it are not counted; the first block of the crash phase unless given.

    Raises
    ------
    AccountingViolation
        When a venue's or book's move does not begin at the price at which the one before it ended.
    """
    moves = Moves(frames)
    first = frames.first_crash_block if first_block is None else first_block
    oracle = Oracle(moves)
    venues = sorted({row.market for row in moves.records if ":" not in row.market})
    books = sorted({row.market for row in moves.records if row.market.startswith("book:")})
    found = [_venue(moves, venue, first) for venue in venues] + [_book(moves, name, first) for name in books]
    book = PriceBook(frames)
    found += [_oracle(moves, oracle, book, asset, first) for asset in oracle.assets]
    return tuple(ledger for ledger in found if ledger is not None)


def ledger_frame(found: Iterable[Ledger]) -> pd.DataFrame:
    """Return ledgers as one tidy table.

    Returns
    -------
    DataFrame
        A row a ledger and class: `market`, `asset`, `class`, `gross_down_wad`, `gross_up_wad`, `net_wad` (exact:
        Python ints, or Fractions where a mean weighs), `moves`.
    """
    rows = [
        (
            ledger.market,
            ledger.asset,
            entry.actor_class,
            *map(_plain, (entry.gross_down, entry.gross_up, entry.net)),
            entry.moves,
        )
        for ledger in found
        for entry in ledger.classes
    ]
    columns = ["market", "asset", "class", "gross_down_wad", "gross_up_wad", "net_wad", "moves"]
    exact = ("gross_down_wad", "gross_up_wad", "net_wad")
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(exact, object))


def _plain(value: Fraction) -> int | Fraction:
    return int(value) if value.denominator == 1 else value


_Move = tuple[PriceMoveRow, str]
"""A row of `price_moves` and its class."""


def _moves_of(moves: Moves, market: str, first: int) -> list[_Move]:
    rows = [
        (row, actor_class)
        for row, actor_class in zip(moves.records, moves.classes, strict=True)
        if row.market == market and row.block_number >= first
    ]
    _check_chain(market, [row for row, _ in rows])
    return rows


def _venue(moves: Moves, venue: str, first: int) -> Ledger | None:
    rows = _moves_of(moves, venue, first)
    if not rows:
        return None
    start = rows[0][0].price_before_wad
    ends = {row.block_number: row.price_after_wad for row, _ in rows}
    # A first block without a move ends at the start price, which can be the lowest.
    if first < min(ends):
        ends[first] = start
    # The first of equal lows, by the order of tuples.
    trough, block = min((price, block) for block, price in ends.items())
    counted = [move for move in rows if move[0].block_number <= block]
    return _summed(venue, first, block, start=start, trough=trough, asset=rows[0][0].asset, counted=counted)


def _book(moves: Moves, book: str, first: int) -> Ledger | None:
    rows = _moves_of(moves, book, first)
    if not rows:
        return None
    start = int(rows[0][0].price_before_wad)
    trough, number = min((int(row.price_after_wad), number) for number, (row, _) in enumerate(rows))
    if trough >= start:
        # No move took the price under its start: nothing fell, and no move is counted.
        trough, number = start, -1
    block = int(rows[number][0].block_number) if number >= 0 else first
    counted = rows[: number + 1]
    return _summed(book, first, block, start=start, trough=trough, asset=rows[0][0].asset, counted=counted)


def _summed(
    market: str, first: int, last: int, *, start: int, trough: int, asset: str, counted: Sequence[_Move]
) -> Ledger:
    tally = _Tally()
    for row, actor_class in counted:
        tally.add(actor_class, Fraction(row.price_after_wad - row.price_before_wad))
    classes = tally.classes()
    residual = trough - start - sum((entry.net for entry in classes), Fraction(0))
    return Ledger(market, asset, first, last, start, trough, classes, residual)


def _check_chain(venue: str, rows: Sequence[PriceMoveRow]) -> None:
    for before, after in pairwise(rows):
        if before.price_after_wad != after.price_before_wad:
            raise AccountingViolation(
                f"price move {after.tx_hash} of {venue}, log {after.log_index} of block "
                f"{after.block_number}: begins at {after.price_before_wad}, the move before it ended at "
                f"{before.price_after_wad}: an event that moved the price is missing"
            )


def _oracle(moves: Moves, oracle: Oracle, book: PriceBook, asset: str, first: int) -> Ledger | None:
    signal = oracle.of(asset)
    # Prices are recorded at the end of the chain's blocks, and a mean moves with time alone.
    blocks = sorted(block for block in moves.frames.chain_blocks["block_number"].tolist() if block >= first)
    begin = moves.end_of(first - 1)
    if not blocks or not len(moves):
        return None
    trough_e8, block = min((int(signal.answers[moves.end_of(block)]), block) for block in blocks)
    end = moves.end_of(block)
    tally = _Tally()
    for piece in signal.pieces(begin, end):
        _tally_piece(tally, moves, piece)
    classes = tally.classes()
    if not classes:
        return None
    start_e8 = int(signal.answers[begin])
    # The residual is taken against the recorded prices and not the replayed ones: otherwise it would always be zero.
    recorded = [book.at(asset, "oracle", at) for at in (first - 1, block)]
    met = [at if held is None else held for at, held in zip((start_e8, trough_e8), recorded, strict=True)]
    residual = (met[1] - met[0]) * _E8_A_WAD - sum((entry.net for entry in classes), Fraction(0))
    return Ledger("oracle", asset, first, block, start_e8 * _E8_A_WAD, trough_e8 * _E8_A_WAD, classes, residual)


def _tally_piece(tally: _Tally, moves: Moves, piece: Piece) -> None:
    entries = zip(piece.event.tolist(), piece.label.tolist(), piece.amount.tolist(), strict=True)
    for event, label, amount in entries:
        actor_class = PSEUDO_CLASSES.get(label) or moves.classes[event]
        tally.add(actor_class, Fraction(int(amount) * _E8_A_WAD, piece.over))


class _Tally:
    def __init__(self) -> None:
        self._sums: dict[str, tuple[Fraction, Fraction, int]] = {}

    def add(self, actor_class: str, change: Fraction) -> None:
        down, up, count = self._sums.get(actor_class, (Fraction(0), Fraction(0), 0))
        self._sums[actor_class] = (down + min(change, Fraction(0)), up + max(change, Fraction(0)), count + 1)

    def classes(self) -> tuple[ClassMoves, ...]:
        entries = [ClassMoves(name, *sums) for name, sums in self._sums.items()]
        return tuple(sorted(entries, key=lambda entry: (entry.net, entry.actor_class)))
