"""Read the rows of each layout of a price file; what the rows mean together is judged in `source`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cascade.errors import ScenarioError
from cascade.prices.cells import Record, as_price, as_time_us, is_number, refuse_cell
from cascade.prices.formats import PriceFormat, column_key, format_of, is_json
from cascade.prices.rows import read_lines

__all__ = ["Observation", "read_observations"]

_KLINE_COLUMNS = (
    *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "trades"),
    *("taker_base", "taker_quote", "ignore"),
)
_BAR_COLUMNS = ("open_time", "open", "high", "low", "close", "volume")
_BARE_COLUMNS: Mapping[PriceFormat, tuple[str, ...]] = {
    PriceFormat.KLINES: _KLINE_COLUMNS,
    PriceFormat.CCXT: _BAR_COLUMNS,
    PriceFormat.TRADINGVIEW: _BAR_COLUMNS,
    PriceFormat.TIME_PRICE: ("time", "price"),
}
"""Columns of the layouts that occur without a header."""

_BAR_TIMES = ("opentime", "timestamp", "time", "datetime", "unix", "date")
_PRICES_OF_A_BAR = ("open", "high", "low", "close")
_DEAREST = 100_000_000
"""Dollars from which an answer is one of a feed with more decimals: no asset costs as much."""
_TIME_NAMES = ("time", "timestamp", "date", "datetime", "unix", "ts", "blocktime")
_PRICE_NAMES = ("price", "value", "close", "answer")


@dataclass(frozen=True)
class Observation:
    """One row of a price file, read.

    Attributes
    ----------
    record : Record
        The row as it stands, for messages.
    key : int
        Identity and order: the time in microseconds, or the id of a round.
    time_us : int
        Time of the price, or start of the bar, in microseconds since 1970.
    prices : mapping of str to Decimal
        `price`, or `open`, `high`, `low` and `close`; in dollars.
    end_us : int, optional
        End of the bar where the row states it.
    """

    record: Record
    key: int
    time_us: int
    prices: Mapping[str, Decimal]
    end_us: int | None = None


def read_observations(
    text: str, *, file: str, layout: PriceFormat, decimals: int, columns: Mapping[str, str]
) -> tuple[list[Observation], int]:
    """Return the rows of a price file in their order, and how many incomplete rounds of a feed were left out.

    Parameters
    ----------
    text : str
        Content of the file.
    file : str
        Name of the file, for messages.
    layout : PriceFormat
        Layout that the scenario states.
    decimals : int
        Decimals of the integers of a feed's rounds.
    columns : mapping of str to str
        Names of the columns of a `time-price` file, as `time` and `price`; empty finds them by their usual names.

    Raises
    ------
    ScenarioError
        For a file of another layout, and for the first cell that cannot be read, with its line.
    """
    records = list(_records(text, file=file, layout=layout, columns=columns))
    if not records:
        raise ScenarioError(file=file, key="", value=None, expected="has no rows")
    if layout is PriceFormat.CHAINLINK_ROUNDS:
        found = [_round(record, file=file, decimals=decimals) for record in records]
        rounds = [observation for observation in found if observation is not None]
        if not rounds:
            raise ScenarioError(file=file, key="", value=None, expected="has no round that was completed")
        return rounds, len(found) - len(rounds)
    read = _bar if "open" in records[0].cells else _price
    return [read(record, file=file) for record in records], 0


def _bar(record: Record, *, file: str) -> Observation:
    start = as_time_us(record, "open_time", file=file)
    if start % 10**6:
        raise refuse_cell(file, record, "open_time", "expected a bar that opens at a whole second")
    prices = {name: as_price(record, name, file=file) for name in _PRICES_OF_A_BAR}
    for name in ("open", "close", "high"):
        if prices[name] < prices["low"]:
            raise refuse_cell(file, record, "low", f"expected the lowest price of the bar; its {name} is lower")
        if prices[name] > prices["high"]:
            raise refuse_cell(file, record, "high", f"expected the highest price of the bar; its {name} is higher")
    end = None
    if "close_time" in record.cells:
        # A bar ends one unit before the next one opens: at 59.999 or 59.999999 seconds.
        end = -(-as_time_us(record, "close_time", file=file) // 10**6) * 10**6
        if end <= start:
            raise refuse_cell(file, record, "close_time", "expected a time after the bar's open time")
    return Observation(record, start, start, prices, end)


def _price(record: Record, *, file: str) -> Observation:
    time_us = as_time_us(record, "time", file=file)
    return Observation(record, time_us, time_us, {"price": as_price(record, "price", file=file)})


def _round(record: Record, *, file: str, decimals: int) -> Observation | None:
    """Return a round of a feed; None for one that was started and never answered."""
    cells = record.cells
    for column in ("roundId", "answer", "updatedAt"):
        if not cells.get(column, "").removeprefix("-").isdecimal():
            expected = "expected an integer" + ("; its decimals are stated" if column == "answer" else "")
            raise refuse_cell(file, record, column, expected)
    if int(cells["updatedAt"]) == 0:
        return None
    answer = int(cells["answer"])
    if answer <= 0:
        raise refuse_cell(file, record, "answer", "expected an answer above 0")
    price = Decimal(answer).scaleb(-decimals)
    if price >= _DEAREST:
        expected = f"is {price:,.0f} dollars with {decimals} decimals: state `decimals`, as 18, if the feed has others"
        raise refuse_cell(file, record, "answer", expected)
    return Observation(record, int(cells["roundId"]), as_time_us(record, "updatedAt", file=file), {"price": price})


def _records(text: str, *, file: str, layout: PriceFormat, columns: Mapping[str, str]) -> Iterator[Record]:
    """Yield the rows of a file with the names of this module for their columns."""
    if is_json(text):
        yield from _json_records(text, file=file, layout=layout)
        return
    lines = list(read_lines(text, file=file))
    if not lines:
        return
    number, first = lines[0]
    has_header = bool(first) and not is_number(first[0])
    names = _names(first if has_header else None, len(first), text, file=file, line=number, layout=layout, of=columns)
    for number, cells in lines:
        # Where files with a header were joined, it stands in the middle too.
        if has_header and cells == first:
            continue
        if len(cells) != len(first):
            expected = f"the row has {len(cells)} cells, the first one {len(first)}"
            raise ScenarioError(file=file, key=f"line {number}", value=",".join(cells), expected=expected)
        yield Record(f"line {number}", {name: cell for name, cell in zip(names, cells, strict=True) if name})


def _names(
    header: Sequence[str] | None,
    width: int,
    text: str,
    *,
    file: str,
    line: int,
    layout: PriceFormat,
    of: Mapping[str, str],
) -> list[str]:
    """Return this module's name for each column, empty for one that is not read."""
    if header is None:
        bare = _BARE_COLUMNS.get(layout, ())
        # Some tools leave the last column of klines out, which is to be ignored.
        widths = (len(bare), len(bare) - 1) if layout is PriceFormat.KLINES else (len(bare),)
        if of or not bare or width not in widths:
            raise _other_layout(text, file=file, layout=layout, line=line, found=f"{width} columns without a header")
        return list(bare[:width])
    wanted = _wanted(layout, of)
    keys = [column_key(name) for name in header]
    names = [""] * width
    for name, candidates in wanted.items():
        places = [keys.index(candidate) for candidate in candidates if candidate in keys]
        if places:
            names[places[0]] = name
        elif name != "close_time":
            found = f"a header without a column {candidates[0] if of else name}"
            if not of and len(candidates) > 1:
                found += f" (named {', '.join(candidates)})"
            raise _other_layout(text, file=file, layout=layout, line=line, found=found)
    return names


def _wanted(layout: PriceFormat, of: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the columns that a layout needs, each with the names that its header may have, without case."""
    if layout in (PriceFormat.KLINES, PriceFormat.CCXT, PriceFormat.TRADINGVIEW):
        bar = {"open_time": _BAR_TIMES, **{name: (name,) for name in _PRICES_OF_A_BAR}}
        return {**bar, "close_time": ("closetime",)} if layout is PriceFormat.KLINES else bar
    if layout is PriceFormat.COINGECKO:
        return {"time": ("snappedat",), "price": ("price",)}
    if layout is PriceFormat.CHAINLINK_ROUNDS:
        return {name: (name.lower(),) for name in ("roundId", "answer", "updatedAt")}
    usual = {"time": _TIME_NAMES, "price": _PRICE_NAMES}
    return {name: (column_key(of[name]),) if name in of else candidates for name, candidates in usual.items()}


def _json_records(text: str, *, file: str, layout: PriceFormat) -> Iterator[Record]:
    try:
        # Numbers stay text: a float would round them.
        found = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise ScenarioError(file=file, key="", value=None, expected=f"expected JSON: {error}") from error
    names: Sequence[str] = {
        PriceFormat.COINGECKO: ("time", "price"),
        PriceFormat.KLINES: _KLINE_COLUMNS,
        PriceFormat.CCXT: _BAR_COLUMNS,
    }.get(layout, ())
    rows = found.get("prices") if layout is PriceFormat.COINGECKO and isinstance(found, dict) else found
    if not names or not isinstance(rows, list):
        raise _other_layout(text, file=file, layout=layout, line=1, found="JSON")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != len(names):
            expected = f"expected a list of {len(names)} values: {', '.join(names)}"
            raise ScenarioError(file=file, key=f"entry {number}", value=row, expected=expected)
        cells = {name: cell if isinstance(cell, str) else "" for name, cell in zip(names, row, strict=True)}
        yield Record(f"entry {number}", cells)


def _other_layout(text: str, *, file: str, layout: PriceFormat, line: int, found: str) -> ScenarioError:
    """Return the refusal of a file that has another layout than the one stated, with the one that it probably has."""
    likely = format_of(text)
    other = f"; it looks like {likely.value}" if likely not in (None, layout) and likely is not None else ""
    where = "" if is_json(text) else f"line {line}"
    expected = f"expected the layout {layout.value}, found {found}{other}"
    return ScenarioError(file=file, key=where, value=None, expected=expected)
