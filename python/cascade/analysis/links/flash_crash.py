"""Find flash crashes: falls within five minutes of assets without an issuer, and their recovery within ten minutes."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction

from cascade.analysis.frames import Parameters
from cascade.analysis.links.depegs import forgotten_at
from cascade.analysis.links.evidence import Evidence
from cascade.analysis.links.model import Link, Moment, Parts, Split
from cascade.analysis.links.spells import GAP_SECONDS
from cascade.recording.tables import PriceMoveRow
from cascade.units import WAD
from cascade.vocabulary import BookSide, LinkBasis, LinkKind, NoLink

__all__ = ["flash_crashes"]

_WINDOW_SECONDS = 300
_AFTER_SECONDS = 600

_LINE = Fraction(20, 100)
"""Smallest fall within the window that counts as a flash crash."""


@dataclass(frozen=True)
class _Fall:
    """The largest fall of a book's own price from its price five minutes earlier.

    `begun` is the move at which a fall first reached the line, with no such fall in the ten minutes before it; `low` is
    the move at which the fall was largest, and `first` the first move of the window before it.
    """

    begun: int
    low: int
    first: int
    before: Fraction
    lowest: Fraction


def flash_crashes(run: Evidence) -> list[Link]:
    """Return the flash crash and the recovery of each book whose asset has no issuer.

    The price from which a fall is measured is the last one five minutes earlier. Where the low is the price of an order
    that the scenario left in the book, the sentence says so: the size of the fall is then an input.
    """
    links = []
    for book, spec in sorted(run.books.items()):
        if f"book:{book}" not in run.markets or spec.get("redemption"):
            continue
        rows = run.market(f"book:{book}").rows
        fall = _largest(rows)
        if fall is None:
            continue
        asset, size = spec["base"], 1 - fall.lowest / fall.before
        what = f"{asset} fell in {book} from {float(fall.before):.6g} to {float(fall.lowest):.6g} in five minutes"
        if forgotten_at(spec, fall.lowest):
            what += ": the low is the price of a forgotten order, an input"
        after = next((row for row in rows[fall.low :] if _price(row) >= fall.before * (1 - _LINE)), None)
        links.append(
            Link(
                LinkKind.FLASH_CRASH.of(asset),
                f"{what}.",
                run.moment(rows[fall.begun]),
                run.moment(rows[fall.low]),
                after.timestamp if after else 0,
                100 * size,
                "% of five minutes earlier",
                fall.lowest,
                "in the exchange's stable",
                LinkBasis.LEDGER,
                _split(run, book, fall),
            )
        )
        links += _recovery(run, book, spec, fall)
    return links


def _split(run: Evidence, book: str, fall: _Fall) -> Split:
    moves = run.market(f"book:{book}")
    return lambda: moves.split(fall.first, fall.low + 1)


def _price(row: PriceMoveRow) -> Fraction:
    return Fraction(row.price_after_wad, WAD)


def _largest(rows: list[PriceMoveRow]) -> _Fall | None:
    times = [row.timestamp for row in rows]
    start = Fraction(rows[0].price_before_wad, WAD)
    begun, over_at = -1, 0
    found: _Fall | None = None
    most = Fraction(0)
    for number, row in enumerate(rows):
        first = bisect_right(times, row.timestamp - _WINDOW_SECONDS)
        before = _price(rows[first - 1]) if first else start
        lowest = _price(row)
        size = 1 - lowest / before if before else Fraction(0)
        if size < _LINE:
            continue
        if begun < 0 or row.timestamp - over_at > GAP_SECONDS:
            begun = number
        over_at = row.timestamp
        if size > most:
            most = size
            found = _Fall(begun, number, first, before, lowest)
    return found


def _recovery(run: Evidence, book: str, spec: Parameters, fall: _Fall) -> list[Link]:
    """Return the share of the fall regained ten minutes after the low, by the owners of the bids that bought."""
    rows = run.market(f"book:{book}").rows
    low = run.moment(rows[fall.low])
    until = low.timestamp + _AFTER_SECONDS
    last = [row for row in rows[fall.low :] if row.timestamp <= until][-1]
    price = _price(last)
    if price <= fall.lowest:
        return []
    regained = (price - fall.lowest) / (fall.before - fall.lowest)
    reached = max(
        (moment for moment in run.moments.values() if moment.timestamp <= until), key=lambda moment: moment.block
    )
    is_over = run.end.timestamp >= until
    when = "ten minutes after the low" if is_over else "at the end"
    amounts = _bids(run, book, low, until, over=fall.lowest)
    whole = sum(amounts.values())
    of = ", ".join(f"{role}s {100 * paid / whole:.0f} %" for role, paid in sorted(amounts.items(), key=lambda i: -i[1]))
    what = f"{spec['base']} stood at {float(price):.6g} in {book} {when}; resting bids that bought: {of or 'none'}."
    # Bids reposted around a path are the path's doing, an input.
    link = NoLink.INPUT if (spec.get("reference") or {}).get("kind") == "path" else NoLink.OTHERS
    shares = Parts.weighed({(link, f"bids of {role}s"): Fraction(paid) for role, paid in amounts.items()})
    return [
        Link(
            LinkKind.RECOVERY.of(spec["base"]),
            what,
            low,
            reached,
            until if is_over else 0,
            100 * regained,
            "% of the fall",
            price,
            "in the exchange's stable",
            LinkBasis.LEDGER,
            lambda: shares,
        )
    ]


def _bids(run: Evidence, book: str, low: Moment, until: int, *, over: Fraction) -> dict[str, int]:
    """Return what resting bids above a price paid after a moment, by role of their makers, in units of the stable."""
    unit = 10 ** run.frames.decimals(run.cash)
    frame = run.frames.trades
    frame = frame[
        (frame["book"] == book)
        & (frame["taker_side"] == BookSide.SELL)
        & (frame["block_number"] > low.block)
        & (frame["timestamp"] <= until)
    ]
    amounts: dict[str, int] = {}
    columns = (frame[name].tolist() for name in ("maker_role", "price_raw", "quote_raw"))
    for role, price, paid in zip(*columns, strict=True):
        if price > over * unit:
            amounts[role] = amounts.get(role, 0) + paid
    return amounts
