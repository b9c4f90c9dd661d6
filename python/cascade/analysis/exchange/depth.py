"""Measure the depth of the bids in each book, before the crash and at its lowest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from cascade.analysis.frames import Frames
from cascade.units import BPS
from cascade.vocabulary import HEADLINE_DEPTH_BPS

__all__ = ["RETURN_SHARES_BPS", "BookDepth", "book_depths"]

RETURN_SHARES_BPS = (1_000, 5_000, 9_000)
"""Shares of the depth at the start, in 1e-4, whose return is measured."""

_STANDING_SECONDS = 60


@dataclass(frozen=True)
class BookDepth:
    """Bids of one book within 2 % of its middle, in smallest units of the base.

    Attributes
    ----------
    start_raw : int
        When the crash began.
    lowest_raw, lowest_at : int
        The least at the end of a block since, the start included, and the Unix time of the first such block.
    returned_at : dict of int to int or None
        By share of the start in 1e-4 (a tenth, a half, nine tenths): Unix time of the first block after the lowest from
        which bids stood at that share or more for a minute; None where they never did.
    """

    book: str
    asset: str
    start_raw: int
    lowest_raw: int
    lowest_at: int
    returned_at: dict[int, int | None] = field(default_factory=dict)

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
        ended = max(frames.timestamps.values())
        after = [(int(when), int(depth)) for depth, when in depths if when >= at]
        returned = {share: _returned_at(after, start * share, ended=ended) for share in RETURN_SHARES_BPS}
        found[name] = BookDepth(name, str(book["base"]), start, int(lowest), int(at), returned)
    return found


def _returned_at(depths: Sequence[tuple[int, int]], line: int, *, ended: int) -> int | None:
    """Return when bids first stood at a line or over it for a minute.

    Parameters
    ----------
    depths : sequence of (int, int)
        Unix times and depths from the lowest on; a depth stands until the next one.
    line : int
        Depth times 1e4.
    ended : int
        Unix time of the last block.
    """
    if not line:
        return None
    since: int | None = None
    for when, depth in depths:
        if since is not None and when - since >= _STANDING_SECONDS:
            return since
        if depth * BPS < line:
            since = None
        elif since is None:
            since = when
    return since if since is not None and ended - since >= _STANDING_SECONDS else None
