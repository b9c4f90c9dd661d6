"""Measure the depth of the bids in each book, before the crash and at its lowest."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from cascade.analysis.frames import Frames
from cascade.units import BPS
from cascade.vocabulary import HEADLINE_DEPTH_BPS

__all__ = ["BookDepth", "book_depths"]


@dataclass(frozen=True)
class BookDepth:
    """Bids of one book within 2 % of its middle, in smallest units of the base.

    Attributes
    ----------
    start_raw : int
        When the crash began.
    lowest_raw, lowest_at : int
        The least at the end of a block since, the start included, and the Unix time of the first such block.
    """

    book: str
    asset: str
    start_raw: int
    lowest_raw: int
    lowest_at: int

    @property
    def fall_bps(self) -> Fraction:
        """Fall from the start to the lowest, in 1e-4; 0 for a book that had no bids."""
        return Fraction(BPS * (self.start_raw - self.lowest_raw), self.start_raw) if self.start_raw else Fraction(0)


def book_depths(frames: Frames) -> dict[str, BookDepth]:
    """Return the depths of the exchange's books, by book."""
    first = frames.first_crash_block
    rows = frames.liquidity[frames.liquidity["within_bps"] == HEADLINE_DEPTH_BPS].sort_values(
        "block_number", kind="stable"
    )
    found = {}
    for name, book in frames.parameters["exchange"]["books"].items():
        own = rows[rows["venue"] == name]
        if own.empty:
            continue
        before = own.loc[own["block_number"] < first, "sell_raw"].tolist()
        crash = own[own["block_number"] >= first]
        began = frames.timestamps.get(first, 0)
        # The last row of the build phase: a crash may begin many blocks after the last change of the book.
        start = int(before[-1]) if before else 0
        depths = [(start, began), *zip(crash["sell_raw"].tolist(), crash["timestamp"].tolist(), strict=True)]
        # By depth and then by time, so that the first of equal lows is reported.
        lowest, at = min(depths)
        found[name] = BookDepth(name, str(book["base"]), start, int(lowest), int(at))
    return found
