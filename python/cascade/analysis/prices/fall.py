"""Measure the fall of the market of a run's main collateral, which causes are expressed in."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.analysis.lending.concentration import collateral_by_asset
from cascade.analysis.prices.pricebook import PriceBook
from cascade.errors import CascadeError

__all__ = ["Fall", "NoMarket", "fall_at", "falls_at_venues", "main_market"]

_VENUE = "spot:"
"""Beginning of the sources that are venues."""


class NoMarket(CascadeError, LookupError):
    """Raised when no venue trades the run's main collateral, so that no trade moved its price."""


@dataclass(frozen=True)
class Fall:
    """One market's fall in one run.

    Attributes
    ----------
    asset, source : str
        As in the table of prices.
    start_e8 : int
        Price when the crash began, in dollars with 8 decimals.
    trough_e8 : int
        Lowest price since; the start's where it was never lower.
    """

    asset: str
    source: str
    start_e8: int
    trough_e8: int

    @property
    def fall_e8(self) -> int:
        """Fall from the start to the trough, 0 or more, in dollars with 8 decimals."""
        return self.start_e8 - self.trough_e8


def fall_at(frames: Frames, asset: str, source: str) -> Fall:
    """Return the fall of one price.

    Raises
    ------
    NoMarket
        When the run has no such price at its start.
    """
    found = _fall(PriceBook(frames), frames.first_crash_block, asset, source)
    if found is None:
        raise NoMarket(f"{frames.run_folder.name}: {asset} has no price {source} at the start of the crash")
    return found


def falls_at_venues(frames: Frames) -> list[Fall]:
    """Return the fall of every asset at every venue that priced it when the crash began, by asset and source."""
    book, first = PriceBook(frames), frames.first_crash_block
    pairs = ((asset, source) for asset in sorted(set(frames.prices["asset"])) for source in book.sources(asset))
    falls = (_fall(book, first, asset, source) for asset, source in pairs if source.startswith(_VENUE))
    return [fall for fall in falls if fall is not None]


def _fall(book: PriceBook, first_block: int, asset: str, source: str) -> Fall | None:
    start = book.at(asset, source, first_block - 1)
    if start is None:
        return None
    lowest = book.lowest(asset, source, first_block)
    return Fall(asset, source, start, start if lowest is None else min(start, lowest[0]))


def main_market(frames: Frames) -> Fall:
    """Return the fall of the main collateral at the venue where it fell most.

    The main collateral is the asset with the most collateral at the oracle when the crash starts.

    Raises
    ------
    NoMarket
        When no venue trades it.
    """
    book = PriceBook(frames)
    by_asset = collateral_by_asset(frames, book)
    # The symbol decides between equals, so that the choice does not depend on the order of positions.
    asset = max(by_asset, key=lambda symbol: (by_asset[symbol], symbol), default="")
    venues = [source for source in book.sources(asset) if source.startswith(_VENUE)]
    if not venues:
        raise NoMarket(
            f"{frames.run_folder.name}: no venue trades {asset or 'the collateral'}: causes and amplification need a "
            "stable-swap or constant-product pool of it"
        )
    return max((fall_at(frames, asset, source) for source in venues), key=lambda fall: (fall.fall_e8, fall.source))
