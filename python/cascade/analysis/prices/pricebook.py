"""Look up the price of an asset at a source and a block."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict

from cascade.analysis.frames import Frames, UnknownAsset
from cascade.recording.store import rows_of
from cascade.recording.tables import PriceRow
from cascade.vocabulary import PriceSource, Valuation

__all__ = ["PriceBook"]


class PriceBook:
    """Prices of a run by asset, source and block.

    A price holds from the block of its row until the next row of the same asset and source. A null ends it: the source
    gives no price from there on.
    """

    def __init__(self, frames: Frames) -> None:
        self._history: dict[tuple[str, str], tuple[list[int], list[int | None]]] = defaultdict(lambda: ([], []))
        for row in rows_of(frames.prices.sort_values("block_number", kind="stable"), PriceRow):
            blocks, values = self._history[row.asset, row.source]
            blocks.append(row.block_number)
            values.append(row.price_e8)
        self.assets = sorted({asset for asset, _ in self._history})

    def sources(self, asset: str) -> list[str]:
        """Return the sources that ever priced an asset, sorted."""
        return sorted(source for known, source in self._history if known == asset)

    def at(self, asset: str, source: str, block_number: int) -> int | None:
        """Return the price in dollars with 8 decimals at a block; None before the first, and while there is none."""
        if (asset, source) not in self._history:
            return None
        blocks, values = self._history[asset, source]
        index = bisect_right(blocks, block_number)
        return values[index - 1] if index else None

    def last(self, asset: str, source: str, block_number: int) -> int | None:
        """Return the last price that the source gave at or before a block, in dollars with 8 decimals; None without.

        What an amount is worth does not vanish while an oracle refuses to answer: dollar values use this price.
        """
        if (asset, source) not in self._history:
            return None
        blocks, values = self._history[asset, source]
        given = (value for value in reversed(values[: bisect_right(blocks, block_number)]) if value is not None)
        return next(given, None)

    def oracle(self, asset: str, block_number: int) -> int:
        """Return the last price that the pool's oracle gave at or before a block, in dollars with 8 decimals.

        Raises
        ------
        UnknownAsset
            When the oracle had not priced the asset yet.
        """
        price = self.last(asset, PriceSource.ORACLE, block_number)
        if price is None:
            raise UnknownAsset(asset=asset, missing=f"oracle price of it at block {block_number}")
        return price

    def valuation(self, asset: str, valuation: Valuation, block_number: int) -> int | None:
        """Return the price for a valuation; that for `exit` is the best of all venues. None where there is none.

        Beside an asset that can be redeemed, an asset without redemption counts at its oracle price.
        """
        if valuation is Valuation.REDEMPTION and any(source == PriceSource.REDEMPTION for _, source in self._history):
            redeemed = self.at(asset, PriceSource.REDEMPTION, block_number)
            # Otherwise a run with redemptions of one asset would have no value for a position in another.
            return self.last(asset, PriceSource.ORACLE, block_number) if redeemed is None else redeemed
        if valuation is not Valuation.EXIT:
            return self.last(asset, valuation, block_number)
        offers = [self.at(asset, source, block_number) for source in self.sources(asset) if source.startswith("exit:")]
        return max((offer for offer in offers if offer is not None), default=None)

    def lowest(self, asset: str, source: str, first_block: int) -> tuple[int, int] | None:
        """Return the lowest price that held at or after a block.

        Returns
        -------
        tuple of int, or None
            Price with 8 decimals, and the first block it held at, `first_block` for one that held already; None
            when the source never priced the asset. A block at which the source gave no price does not count.
        """
        if (asset, source) not in self._history:
            return None
        blocks, values = self._history[asset, source]
        later = [(price, block) for block, price in zip(blocks, values, strict=True) if block >= first_block]
        if not (later and later[0][1] == first_block):
            # A price that nobody changed has no row at the first block, and holds there all the same.
            later.insert(0, (self.at(asset, source, first_block - 1), first_block))
        return min(((price, block) for price, block in later if price is not None), default=None)
