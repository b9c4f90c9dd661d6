"""Layouts of price files that others write, and how to tell one from another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum

from cascade.prices.cells import is_number
from cascade.prices.rows import read_lines

__all__ = ["BAR_FORMATS", "PriceFormat", "column_key", "format_of", "is_json", "is_price_path"]


class PriceFormat(Enum):
    """Layout of a price file."""

    KLINES = "klines"
    CCXT = "ccxt"
    TRADINGVIEW = "tradingview"
    TIME_PRICE = "time-price"
    COINGECKO = "coingecko"
    CHAINLINK_ROUNDS = "chainlink-rounds"


BAR_FORMATS = frozenset({PriceFormat.KLINES, PriceFormat.CCXT, PriceFormat.TRADINGVIEW})
"""Layouts whose rows have an open, a high, a low and a close."""

_KLINE_CELLS, _BAR_CELLS = 12, 6


def is_json(text: str) -> bool:
    """Return whether a price file is JSON: no CSV of prices starts with a bracket."""
    return text.lstrip()[:1] in ("[", "{")


def column_key(name: str) -> str:
    """Return a column's name without case, spaces and underscores: `Open time` and `open_time` are the same."""
    return "".join(character for character in name.lower() if character.isalnum())


def is_price_path(text: str) -> bool:
    """Return whether a file is a price path of this project: its header has time, asset and price."""
    header = [] if is_json(text) else next((cells for _, cells in read_lines(text, file="")), [])
    return {"time", "asset", "price"} <= set(header)


def format_of(text: str) -> PriceFormat | None:
    """Return the layout that a file most probably has, from its first row; None where no layout fits."""
    if is_json(text):
        return _format_of_json(text)
    first: Sequence[str] = next((cells for _, cells in read_lines(text, file="")), [])
    if not first:
        return None
    if is_number(first[0]):
        return _format_of_width(len(first))
    names = {column_key(name) for name in first}
    if "snappedat" in names:
        return PriceFormat.COINGECKO
    if {"roundid", "answer"} <= names:
        return PriceFormat.CHAINLINK_ROUNDS
    if {"open", "high", "low", "close"} <= names:
        if "closetime" in names:
            return PriceFormat.KLINES
        return PriceFormat.CCXT if column_key(first[0]) == "timestamp" else PriceFormat.TRADINGVIEW
    return PriceFormat.TIME_PRICE if names & {"price", "value"} else None


def _format_of_json(text: str) -> PriceFormat | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict):
        return PriceFormat.COINGECKO if "prices" in found else None
    first = found[0] if found else None
    return _format_of_width(len(first)) if isinstance(first, list) else None


def _format_of_width(cells: int) -> PriceFormat | None:
    """Return the layout whose rows have so many cells and no header."""
    if cells >= _KLINE_CELLS - 1:
        return PriceFormat.KLINES
    if cells == _BAR_CELLS:
        return PriceFormat.CCXT
    return PriceFormat.TIME_PRICE if cells == 2 else None
