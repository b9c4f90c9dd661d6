"""Convert amounts and prices in the exchange's stable to dollars."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.units import WAD, value_e8_down

__all__ = ["Cash"]


@dataclass(frozen=True)
class Cash:
    """Value of amounts of the exchange's stable at the oracle.

    Attributes
    ----------
    frames : Frames
        A run with an exchange.
    book : PriceBook
        Its prices.
    """

    frames: Frames
    book: PriceBook

    @cached_property
    def asset(self) -> str:
        """Symbol of the stable."""
        return str(self.frames.parameters["exchange"]["cash"])

    @cached_property
    def unit(self) -> int:
        """Smallest units per token of it."""
        return int(10 ** self.frames.decimals(self.asset))

    def value_e8(self, raw: int, block_number: int) -> int:
        """Return the value of an amount at a block, in dollars with 8 decimals."""
        price_e8 = self.book.oracle(self.asset, block_number)
        return value_e8_down(raw, price_e8, self.frames.decimals(self.asset))

    def price_e8(self, price_wad: int, block_number: int) -> int:
        """Return a price in the stable (1e18 scale) in dollars with 8 decimals."""
        return price_wad * self.book.oracle(self.asset, block_number) // WAD

    def price_wad(self, price_raw: int) -> int:
        """Return a price in smallest units of the stable at the 1e18 scale."""
        return price_raw * WAD // self.unit
