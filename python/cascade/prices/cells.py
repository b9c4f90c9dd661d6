"""Read single cells of price files that others write: times in several units, and prices in any decimal form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from cascade.errors import ScenarioError

__all__ = ["Record", "as_price", "as_time_us", "is_number", "refuse_cell"]

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_PLAIN = re.compile(r"[0-9]+(\.[0-9]*)?")
_MOST_DIGITS = 60

_FIRST_SECOND, _LAST_SECOND = 10**9, 5 * 10**9
"""Unix times from September 2001 to June 2128. Their ranges in seconds, milliseconds and so on do not overlap."""

_PER_SECOND = (1, 10**3, 10**6, 10**9)
"""Units of a Unix time: seconds, milliseconds, microseconds, nanoseconds."""

_TIME_EXPECTED = (
    "expected a Unix time in seconds, milliseconds or microseconds, or ISO 8601 with a zone, as 2025-10-10T20:50:00Z"
)


@dataclass(frozen=True)
class Record:
    """One row of a file as it stands: a line of a CSV, or an entry of a JSON list.

    Attributes
    ----------
    where : str
        `line 3` or `entry 3`, for messages.
    cells : mapping of str to str
        Cells by the name of their column.
    """

    where: str
    cells: Mapping[str, str]


def refuse_cell(file: str, record: Record, column: str, expected: str) -> ScenarioError:
    """Return the refusal of a cell: file, line, column, value, and what would be right."""
    value = record.cells.get(column) or None
    return ScenarioError(file=file, key=f"{record.where}: {column}", value=value, expected=expected)


def is_number(text: str) -> bool:
    """Return whether a cell is a number, so that a line that starts with it is no header."""
    return _NUMBER.fullmatch(text) is not None


def as_time_us(record: Record, column: str, *, file: str) -> int:
    """Return the time of a cell in microseconds since 1970.

    The unit of a Unix time follows from its size, row by row: spot klines of Binance change from milliseconds to
    microseconds at the turn of 2025, and a file may hold both.

    Raises
    ------
    ScenarioError
        For a time before 2001 or after 2128, one that a spreadsheet has rounded, and a text without a zone.
    """
    text = record.cells.get(column, "")
    if _PLAIN.fullmatch(text):
        number = Decimal(text)
        for per_second in _PER_SECOND:
            if _FIRST_SECOND * per_second <= number < _LAST_SECOND * per_second:
                return int(number * 10**6 / per_second)
        raise refuse_cell(file, record, column, _TIME_EXPECTED)
    if is_number(text):
        # 1.76E+12 has lost the digits that tell one minute from the next.
        raise refuse_cell(file, record, column, f"{_TIME_EXPECTED}; a spreadsheet rounds such a time when it is saved")
    return _iso_us(record, column, file=file)


def _iso_us(record: Record, column: str, *, file: str) -> int:
    text = record.cells.get(column, "")
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC") + "+00:00" if text.endswith(" UTC") else text)
    except ValueError as error:
        raise refuse_cell(file, record, column, _TIME_EXPECTED) from error
    if moment.tzinfo is None:
        raise refuse_cell(file, record, column, f"{_TIME_EXPECTED}; this time has no zone")
    try:
        since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    except OverflowError as error:
        raise refuse_cell(file, record, column, _TIME_EXPECTED) from error
    return (since.days * 86_400 + since.seconds) * 10**6 + since.microseconds


def as_price(record: Record, column: str, *, file: str) -> Decimal:
    """Return the price of a cell, exactly as it is written.

    Raises
    ------
    ScenarioError
        When the cell is empty or no positive number.
    """
    text = record.cells.get(column, "")
    expected = "expected a price above 0; remove a row without one"
    # `Decimal` reads more than a price: NaN, Infinity, digits of other scripts and underscores between digits.
    if not _NUMBER.fullmatch(text):
        raise refuse_cell(file, record, column, expected)
    price = Decimal(text)
    if price <= 0 or abs(price.adjusted()) > _MOST_DIGITS:
        raise refuse_cell(file, record, column, expected)
    return price
