"""Measure how far and how fast the price of each book fell, and where it was ten minutes later."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction

from cascade.analysis.exchange.cash import Cash
from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.store import rows_of
from cascade.recording.tables import TradeRow
from cascade.units import BPS
from cascade.vocabulary import Phase

__all__ = ["BookFall", "book_falls"]

FIVE_MINUTES, TEN_MINUTES = 300, 600


@dataclass(frozen=True)
class BookFall:
    """The crash of one book. Prices are in the exchange's stable at the 1e18 scale; times are Unix seconds.

    Attributes
    ----------
    start_wad : int
        Own price when the crash began; of a book that had none the first one of the crash.
    low_wad, low_at, low_block : int
        Lowest price of a trade; the first at which it was.
    low_e8 : int
        The same in dollars, the stable at the oracle.
    fall : Fraction
        Largest fall of a trade's price from the own price five minutes before it, as a share of that one; 0 where no
        trade was under it. Before the crash the own price is taken as it was when the crash began.
    fall_at : int
        Time of that trade, 0 without a fall.
    later_wad : int or None
        Own price ten minutes after the low; None where the run ended before.
    """

    book: str
    asset: str
    start_wad: int
    low_wad: int
    low_at: int
    low_block: int
    low_e8: int
    fall: Fraction
    fall_at: int
    later_wad: int | None

    @property
    def fall_bps(self) -> Fraction:
        """Largest fall in five minutes, in 1e-4."""
        return self.fall * BPS

    @property
    def share_of_start(self) -> Fraction | None:
        """Own price ten minutes after the low, over that when the crash began."""
        return None if self.later_wad is None or not self.start_wad else Fraction(self.later_wad, self.start_wad)


def book_falls(frames: Frames, book: PriceBook) -> dict[str, BookFall]:
    """Return the falls of the books that had a trade in the crash phase, by book.

    Own prices are those of `price_moves`: the last price held between best bid and best ask. Lows and falls are those
    of trades, within a block as well.
    """
    cash = Cash(frames, book)
    found: dict[str, BookFall] = {}
    trades = frames.trades.sort_values(["block_number", "log_index"], kind="stable")
    for name, rows in trades.groupby("book", sort=True):
        found[str(name)] = _fall(frames, cash, _OwnPrices.of(frames, str(name)), str(name), rows_of(rows, TradeRow))
    return found


@dataclass(frozen=True)
class _OwnPrices:
    """A book's own price from the start of the crash on."""

    start_wad: int
    times: list[int]
    prices_wad: list[int]

    @classmethod
    def of(cls, frames: Frames, book: str) -> _OwnPrices:
        moves = frames.price_moves
        moves = moves[moves["market"] == f"book:{book}"]
        moves = moves.sort_values(["block_number", "log_index"], kind="stable")
        crash = moves[moves["phase"] == Phase.CRASH]
        before = moves.loc[moves["phase"] != Phase.CRASH, "price_after_wad"].tolist()
        first = crash["price_before_wad"].tolist()[:1]
        start = before[-1] if before else first[0] if first else 0
        return cls(int(start), crash["timestamp"].tolist(), crash["price_after_wad"].tolist())

    def at(self, timestamp: int) -> int:
        """Own price at the end of a second."""
        index = bisect_right(self.times, timestamp)
        return int(self.prices_wad[index - 1]) if index else self.start_wad


def _fall(frames: Frames, cash: Cash, own: _OwnPrices, book: str, rows: list[TradeRow]) -> BookFall:
    prices = [cash.price_wad(row.price_raw) for row in rows]
    # By price and then by place in the log: the first trade at the low.
    low = min(range(len(rows)), key=lambda number: (prices[number], number))
    fall, fall_at = Fraction(0), 0
    for row, price in zip(rows, prices, strict=True):
        # Against the own price and not the last trade: a book can move for five minutes by quotes alone.
        earlier = own.at(row.timestamp - FIVE_MINUTES)
        if earlier > price and Fraction(earlier - price, earlier) > fall:
            fall, fall_at = Fraction(earlier - price, earlier), row.timestamp
    low_at, low_block = rows[low].timestamp, rows[low].block_number
    ended_at = int(frames.blocks["timestamp"].max())
    return BookFall(
        book=book,
        asset=rows[0].asset,
        start_wad=own.start_wad or prices[0],
        low_wad=prices[low],
        low_at=low_at,
        low_block=low_block,
        low_e8=cash.price_e8(prices[low], low_block),
        fall=fall,
        fall_at=fall_at,
        later_wad=own.at(low_at + TEN_MINUTES) if low_at + TEN_MINUTES <= ended_at else None,
    )
