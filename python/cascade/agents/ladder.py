"""Ladders: many orders of one side in whole ticks and lots, and what an account can pay of them."""

from __future__ import annotations

from collections.abc import Sequence

from cascade.observation import Balance, BookState
from cascade.units import BPS, WAD
from cascade.world.exchange import DeployedBook

__all__ = [
    "WAD_A_BPS",
    "Rung",
    "asks_above",
    "base_raw",
    "bids_below",
    "committable_raw",
    "cut",
    "even_lots",
    "is_fallen",
    "lots_of",
    "requote_gas",
    "steps_wad",
    "value_raw",
]

Rung = tuple[int, int]
"""Price in smallest units of the stable a whole base token, and lots."""

WAD_A_BPS = WAD // BPS

_MOST_TICK = 2**24 - 2
_MOST_LOTS = 2**48 - 1
"""Largest number of lots that an order holds."""

_REQUOTE_GAS, _RUNG_GAS = 600_000, 150_000


def steps_wad(levels: int, *, first_bps: int, step_bps: int) -> tuple[int, ...]:
    """Distances from a middle, as shares of it with 18 decimals, equal steps apart."""
    return tuple((first_bps + step_bps * level) * WAD_A_BPS for level in range(levels))


def even_lots(lots: int, levels: int) -> tuple[int, ...]:
    """Lots spread over levels as evenly as whole lots allow; their sum is what was given."""
    # Differences of rounded running sums, so that no lot is lost and no two levels differ by more than one.
    return tuple(lots * (level + 1) // levels - lots * level // levels for level in range(levels))


def bids_below(
    book: DeployedBook, middle_wad: int, distances_wad: Sequence[int], lots: Sequence[int]
) -> tuple[Rung, ...]:
    """Bids under a middle, each price rounded down to the grid; a distance of all or more has no price."""
    return tuple(
        (book.price_raw(middle_wad * (WAD - distance) // WAD), min(size, _MOST_LOTS))
        for distance, size in zip(distances_wad, lots, strict=True)
        if size and distance < WAD
    )


def asks_above(
    book: DeployedBook, middle_wad: int, distances_wad: Sequence[int], lots: Sequence[int], *, over_raw: int = 0
) -> tuple[Rung, ...]:
    """Asks over a middle, each price rounded up to the grid and above `over_raw`; none beyond the grid's end."""
    least, most = over_raw + book.tick_raw, _MOST_TICK * book.tick_raw
    priced = (
        (max(book.price_raw(-(-middle_wad * (WAD + distance) // WAD), up=True), least), min(size, _MOST_LOTS))
        for distance, size in zip(distances_wad, lots, strict=True)
        if size
    )
    return tuple(rung for rung in priced if rung[0] <= most)


def lots_of(rungs: Sequence[Rung]) -> int:
    """Lots of all rungs together."""
    return sum(lots for _, lots in rungs)


def value_raw(book: DeployedBook, rungs: Sequence[Rung]) -> int:
    """Return the stable that bids lock; exact."""
    return sum(book.value_raw(lots, price) for price, lots in rungs)


def base_raw(book: DeployedBook, rungs: Sequence[Rung]) -> int:
    """Return the base that asks lock."""
    return lots_of(rungs) * book.lot_raw


def committable_raw(balance: Balance) -> int:
    """Most that new orders may lock of an asset: what is free, and never more than half of all.

    A ladder takes the place of an older one that others may have filled a moment before. What the older one locks is
    then gone, so the new one must be payable from what is free; half of all leaves as much free as it locks.
    """
    return min(balance.free, balance.total // 2)


def cut(rungs: Sequence[Rung], *, needed_raw: int, most_raw: int) -> tuple[Rung, ...]:
    """Return the rungs where they need no more than the limit; otherwise all sizes cut alike, rounded down."""
    if needed_raw <= most_raw:
        return tuple(rungs)
    # All alike and not the farthest first: the shape of the ladder is the maker's choice, its size the balance's.
    smaller = ((price, lots * most_raw // needed_raw) for price, lots in rungs)
    return tuple(rung for rung in smaller if rung[1])


def is_fallen(book: DeployedBook, state: BookState, *, reference_wad: int, fall_bps: int) -> bool:
    """Return whether the last price, held between best bid and ask, is far enough under a reference.

    Parameters
    ----------
    fall_bps : int
        Smallest fall that counts, in 1e-4 of the reference.
    """
    # A last price outside the spread is stale: whoever would trade now gets the bid or the ask.
    price = max(state.last, state.bid)
    price = min(price, state.ask) if state.ask else price
    return 0 < book.price_wad(price) * BPS < reference_wad * (BPS - fall_bps)


def requote_gas(rungs: int) -> int:
    """Gas that placing so many orders takes at the most, on prices and slots never used before."""
    return _REQUOTE_GAS + _RUNG_GAS * rungs
