"""The exchange's stable in dollars."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.units import WAD, value_e8_down

__all__ = ["Cash"]


@dataclass(frozen=True)
class Cash:
    """What amounts of the stable are worth at the oracle.

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
        """Smallest units in one of it."""
        return int(10 ** self.frames.decimals(self.asset))

    def value_e8(self, raw: int, block_number: int) -> int:
        """Dollars with 8 decimals that an amount is worth at a block."""
        price_e8 = self.book.oracle(self.asset, block_number)
        return value_e8_down(raw, price_e8, self.frames.decimals(self.asset))

    def price_e8(self, price_wad: int, block_number: int) -> int:
        """Price in the stable, 18 decimals, in dollars with 8 decimals."""
        return price_wad * self.book.oracle(self.asset, block_number) // WAD

    def price_wad(self, price_raw: int) -> int:
        """Price in smallest units of the stable, with 18 decimals."""
        return price_raw * WAD // self.unit
