"""Turn a price file that others wrote into the points of a price path, and judge the rows together.

The rows of a file must be in the order of time, or in the opposite order as a whole, which is then turned round. A row
that stands twice, as at the seam of two files, counts once; rows of one time with different prices are refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Literal

from cascade.errors import ScenarioError
from cascade.prices.cells import refuse_cell
from cascade.prices.formats import BAR_FORMATS, PriceFormat
from cascade.prices.layouts import Observation, read_observations
from cascade.prices.path import PricePoint

__all__ = ["Gap", "SourceLayout", "SourceReading", "read_source"]

_MICROS = 10**6
_SHORTEST_INSIDE = 4
_THIRDS = 3


@dataclass(frozen=True, kw_only=True)
class SourceLayout:
    """How a price file is read.

    Attributes
    ----------
    layout : PriceFormat
        Layout of the file.
    price : str, optional
        Price of a bar that is taken: open, high, low or close; None takes the close, or the path inside the bar.
    inside : str, optional
        Path inside each bar: `low-first` is open, low, high, close, and `high-first` is open, high, low, close.
    bar_seconds : int, optional
        Length of a bar; None takes the close times, or else the most frequent distance between two bars.
    decimals : int
        Decimals of the integers of a feed's rounds.
    columns : mapping of str to str
        Names of the columns of a `time-price` file.
    status, source : str
        Provenance of every point.
    """

    layout: PriceFormat
    price: Literal["open", "high", "low", "close"] | None = None
    inside: Literal["low-first", "high-first"] | None = None
    bar_seconds: int | None = None
    decimals: int = 8
    columns: Mapping[str, str] = field(default_factory=dict)
    status: str = "assumed"
    source: str = ""


@dataclass(frozen=True)
class Gap:
    """A distance between two rows that exceeds the usual one.

    Attributes
    ----------
    start : int
        Unix time of the row before it.
    seconds : int
        Its length.
    """

    start: int
    seconds: int


@dataclass(frozen=True, kw_only=True)
class SourceReading:
    """Points of one asset, and what was noticed while they were read.

    Attributes
    ----------
    points : tuple of PricePoint
        Points in the order of their times, at most one per second.
    rows : int
        Rows that were read, each counted once.
    turned_round : bool
        Whether the file has the newest row first.
    duplicates : int
        Rows that stood there already and were left out.
    incomplete : int
        Rounds of a feed with `updatedAt` 0, which were left out.
    missing_rounds : int
        Ids of rounds between the first and the last that the file does not have.
    interval : int, optional
        Usual distance between two rows in seconds; None where most distances differ.
    gaps : tuple of Gap
        Distances that exceed it; without a usual distance, the longest one alone.
    bar_range : tuple of PricePoint, optional
        The lowest low and the highest high of the bars, at the opening of their bars; None without bars.
    """

    points: tuple[PricePoint, ...]
    rows: int
    turned_round: bool
    duplicates: int
    incomplete: int
    missing_rounds: int
    interval: int | None
    gaps: tuple[Gap, ...]
    bar_range: tuple[PricePoint, PricePoint] | None = None


def read_source(text: str, *, file: str, how: SourceLayout) -> SourceReading:
    """Read a price file.

    Parameters
    ----------
    text : str
        Content of the file, as `read_price_text` returns it.
    file : str
        Name of the file, for messages.
    how : SourceLayout
        Its layout, and what is taken from its rows.

    Raises
    ------
    ScenarioError
        For the first row that cannot be read, is out of order, contradicts another one or overlaps the bar before it;
        the error names the line.
    """
    found, incomplete = read_observations(
        text, file=file, layout=how.layout, decimals=how.decimals, columns=how.columns
    )
    kept, turned_round = _ordered(_unrepeated(found, file=file), file=file)
    interval = _interval(kept)
    if how.layout in BAR_FORMATS:
        points = _points_of_bars(kept, interval, file=file, how=how)
    elif how.layout is PriceFormat.CHAINLINK_ROUNDS:
        points = _held([(row.time_us // _MICROS, row.prices["price"]) for row in kept])
    else:
        points = [(row.time_us // _MICROS, row.prices["price"]) for row in kept]
    rounds = how.layout is PriceFormat.CHAINLINK_ROUNDS
    bar_range = None
    if how.layout in BAR_FORMATS:
        lowest = min(kept, key=lambda row: row.prices["low"])
        highest = max(kept, key=lambda row: row.prices["high"])
        ends = [(lowest.time_us // _MICROS, lowest.prices["low"]), (highest.time_us // _MICROS, highest.prices["high"])]
        low, high = (_price_points([end], kept, file=file, how=how)[0] for end in ends)
        bar_range = (low, high)
    return SourceReading(
        points=_price_points(points, kept, file=file, how=how),
        rows=len(kept),
        turned_round=turned_round,
        duplicates=len(found) - len(kept),
        incomplete=incomplete,
        missing_rounds=_missing_rounds(kept) if rounds else 0,
        interval=None if rounds else interval,
        gaps=_gaps(kept, None if rounds else interval),
        bar_range=bar_range,
    )


def _unrepeated(rows: Iterable[Observation], *, file: str) -> list[Observation]:
    """Return the rows without those that stand there already."""
    known: dict[int, Observation] = {}
    for row in rows:
        earlier = known.setdefault(row.key, row)
        if earlier is not row and (earlier.prices, earlier.time_us) != (row.prices, row.time_us):
            what = "round" if row.key != row.time_us else "time"
            differing = next((name for name, price in row.prices.items() if price != earlier.prices[name]), "updatedAt")
            column = "answer" if what == "round" and differing == "price" else differing
            raise refuse_cell(
                file, row.record, column, f"{earlier.record.where} has another value for this {what}: remove one"
            )
    return list(known.values())


def _ordered(rows: list[Observation], *, file: str) -> tuple[list[Observation], bool]:
    """Return the rows in the order of time, and whether they had to be turned round as a whole."""
    turned = len(rows) > 1 and rows[0].key > rows[-1].key
    for before, row in pairwise(rows):
        later, earlier = (before, row) if turned else (row, before)
        column = (
            "updatedAt" if "updatedAt" in row.record.cells else "time" if "time" in row.record.cells else "open_time"
        )
        if later.key < earlier.key or later.time_us < earlier.time_us:
            order = "falls from the first row to the last, and rises here" if turned else "must rise"
            expected = f"the time {order}; {before.record.where} has {before.record.cells[column]}"
            raise refuse_cell(file, row.record, column, expected)
    return (rows[::-1] if turned else rows), turned


def _interval(rows: Sequence[Observation]) -> int | None:
    """Return the most frequent distance between two rows in seconds; None where fewer than half of them have it."""
    distances = Counter((right.time_us - left.time_us) // _MICROS for left, right in pairwise(rows))
    if not distances:
        return None
    # Of several that are equally frequent, the shortest: a gap is a multiple of it.
    usual, times = min(distances.items(), key=lambda entry: (-entry[1], entry[0]))
    return usual if usual and 2 * times >= distances.total() else None


def _gaps(rows: Sequence[Observation], interval: int | None) -> tuple[Gap, ...]:
    found = [Gap(left.time_us // _MICROS, (right.time_us - left.time_us) // _MICROS) for left, right in pairwise(rows)]
    if interval is not None:
        return tuple(gap for gap in found if gap.seconds > interval)
    return (max(found, key=lambda gap: gap.seconds),) if found else ()


def _missing_rounds(rows: Sequence[Observation]) -> int:
    # The upper bits of a proxy's round id count its aggregators; the ids of a new one start again.
    return sum(right.key - left.key - 1 for left, right in pairwise(rows) if left.key >> 64 == right.key >> 64)


def _points_of_bars(
    rows: Sequence[Observation], interval: int | None, *, file: str, how: SourceLayout
) -> list[tuple[int, Decimal]]:
    """Return times and prices from bars: a close stands at the end of its bar, an open at its start."""
    shortest = min(((right.time_us - left.time_us) // _MICROS for left, right in pairwise(rows)), default=None)
    points: list[tuple[int, Decimal]] = []
    end_before = 0
    for row in rows:
        start = row.time_us // _MICROS
        length = how.bar_seconds or ((row.end_us // _MICROS - start) if row.end_us else interval or shortest)
        if length is None:
            raise refuse_cell(file, row.record, "open_time", "one bar alone has no length: state bar_seconds")
        if start < end_before:
            expected = f"the bar opens {end_before - start} s before the one before it has ended"
            raise refuse_cell(file, row.record, "open_time", expected)
        end_before = start + length
        if how.inside is None:
            name = how.price or "close"
            offset = {"open": 0, "close": length}.get(name, length // 2)
            points.append((start + offset, row.prices[name]))
            continue
        if length < _SHORTEST_INSIDE:
            expected = f"a path inside the bar needs bars of at least {_SHORTEST_INSIDE} s; this one has {length} s"
            raise refuse_cell(file, row.record, "open_time", expected)
        middle = ("low", "high") if how.inside == "low-first" else ("high", "low")
        points.append((start, row.prices["open"]))
        points += [(start + length * (place + 1) // _THIRDS, row.prices[name]) for place, name in enumerate(middle)]
        # The next bar opens at the end: the close stands one second before it.
        points.append((start + length - 1, row.prices["close"]))
    return points


def _held(points: Sequence[tuple[int, Decimal]]) -> list[tuple[int, Decimal]]:
    """Return points between which a price stays until the next one: a feed answers its last round."""
    held: list[tuple[int, Decimal]] = []
    for time, price in points:
        if held and time - 1 > held[-1][0]:
            held.append((time - 1, held[-1][1]))
        held.append((time, price))
    return held


def _price_points(
    points: Iterable[tuple[int, Decimal]], rows: Sequence[Observation], *, file: str, how: SourceLayout
) -> tuple[PricePoint, ...]:
    # Of several prices within a second, the last one stands.
    by_second = dict(points)
    source = " ".join((how.source or file).split())
    found = []
    for time, price in by_second.items():
        # Others write more decimals than a feed on the chain can have.
        price_e8 = int(price.scaleb(8).to_integral_value(ROUND_HALF_EVEN))
        if not 0 < price_e8 < 2**63:
            row = next(row for row in rows if price in row.prices.values())
            expected = "expected a price in dollars, of at least 0.00000001 and below 92,233,720,368"
            raise ScenarioError(file=file, key=row.record.where, value=f"{price:f}", expected=expected)
        found.append(PricePoint(time, price_e8, how.status, source))
    return tuple(found)
