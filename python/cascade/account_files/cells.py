"""Read one cell of a file of accounts: an address, an amount, a flag, the number of a mode."""

from __future__ import annotations

import math
import re
from decimal import Decimal, localcontext
from functools import lru_cache

from eth_utils import to_checksum_address

__all__ = [
    "CellRefused",
    "address_of_cell",
    "amount_of_cell",
    "flag_of_cell",
    "holds_something",
    "is_blank",
    "mode_of_cell",
    "text_of_cell",
]

_ADDRESS = re.compile(r"(?:0x|0X|\\x)([0-9a-fA-F]{40})")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_TRUE, _FALSE = ("true", "t", "1", "yes"), ("false", "f", "0", "no")
_MOST_RAW = 2**128 - 1
_MOST_DIGITS = 100
"""Digits of a number at most: Python refuses to read integers of thousands."""
_EXACT_IN_FLOAT = 2**53
_FIRST_OWNED = 0x10000
"""Lower addresses are precompiled contracts, or zero: nobody holds a position there."""


class CellRefused(ValueError):
    """Raised when a cell does not hold what its column must hold; the message says what would be right."""


def is_blank(cell: object) -> bool:
    """Return whether a cell holds nothing; a float that is no number stands for an empty cell of a data frame."""
    if isinstance(cell, str):
        return cell.strip().lower() in ("", "null", "none", "nan")
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def text_of_cell(cell: object) -> str:
    """Return a cell as text: bytes as hex, everything else as it is written."""
    return "0x" + cell.hex() if isinstance(cell, bytes) else str(cell).strip()


def address_of_cell(cell: object) -> str:
    r"""Return the checksummed address in a cell, which may be of any case, and begin with 0x or \x.

    Raises
    ------
    CellRefused
        When it is none, or one that nobody owns.
    """
    found = _ADDRESS.fullmatch(text_of_cell(cell))
    if found is None:
        raise CellRefused("expected an address: 0x and 40 hexadecimal digits")
    if int(found[1], 16) < _FIRST_OWNED:
        raise CellRefused("is the address of nobody: zero and precompiled contracts hold no position")
    return _checksummed(found[1].lower())


@lru_cache(maxsize=100_000)
def _checksummed(digits: str) -> str:
    # Kept: an account has a row per reserve, and a checksum costs a hash.
    return str(to_checksum_address("0x" + digits))


def amount_of_cell(cell: object, *, decimals: int, is_raw: bool, round_up: bool) -> tuple[int, bool]:
    """Return an amount in smallest units, and whether it had to be rounded.

    Parameters
    ----------
    decimals : int
        Decimals of the asset.
    is_raw : bool
        Whether the cell counts smallest units; otherwise whole tokens, with decimals.
    round_up : bool
        Whether decimals that the asset does not have round up, as debts do, instead of down.

    Raises
    ------
    CellRefused
        When it is no number, negative, not exact, or more than any token can have.
    """
    if is_blank(cell):
        return 0, False
    raw, is_rounded = _raw_units(cell) if is_raw else _units(cell, decimals, round_up=round_up)
    if raw < 0:
        raise CellRefused("expected a balance of at least 0: a debt stands in a column of its own")
    if raw > _MOST_RAW:
        hint = "" if is_raw else ": are these raw amounts? Their column is then named with _raw"
        raise CellRefused(f"is beyond the supply of any token, 2^128 smallest units{hint}")
    return raw, is_rounded


def holds_something(cell: object) -> bool:
    """Return whether a cell holds a balance other than zero, of an asset whose decimals nobody knows."""
    text = repr(cell) if isinstance(cell, float) else text_of_cell(cell)
    return not is_blank(cell) and not (_NUMBER.fullmatch(text) and Decimal(text) == 0)


def flag_of_cell(cell: object) -> bool | None:
    """Return a flag, or None for an empty cell.

    Raises
    ------
    CellRefused
        When it is neither true nor false.
    """
    if is_blank(cell):
        return None
    text = text_of_cell(cell).lower().removesuffix(".0")
    if text not in _TRUE + _FALSE:
        raise CellRefused("expected true or false")
    return text in _TRUE


def mode_of_cell(cell: object) -> int | None:
    """Return the number of an efficiency mode, or None for an empty cell.

    Raises
    ------
    CellRefused
        When it is no whole number from 0 to 255.
    """
    if is_blank(cell):
        return None
    # A column of integers with gaps is one of floats in a data frame.
    text = text_of_cell(cell).removesuffix(".0")
    if not text.isascii() or not text.isdecimal() or len(text) > _MOST_DIGITS or int(text) > 255:
        raise CellRefused("expected the number of an efficiency mode, 0 to 255")
    return int(text)


def _raw_units(cell: object) -> tuple[int, bool]:
    if isinstance(cell, float):
        if not cell.is_integer() or abs(cell) > _EXACT_IN_FLOAT:
            raise CellRefused("a float does not hold raw amounts exactly: export the column as text or integers")
        return int(cell), False
    if not _WHOLE.fullmatch(text_of_cell(cell)):
        raise CellRefused("expected a whole number of smallest units, written out: the column is named with _raw")
    if len(text_of_cell(cell)) > _MOST_DIGITS:
        raise CellRefused("is beyond the supply of any token")
    return int(text_of_cell(cell)), False


def _units(cell: object, decimals: int, *, round_up: bool) -> tuple[int, bool]:
    # The shortest text that reads back as the float is what was written.
    text = repr(cell) if isinstance(cell, float) else text_of_cell(cell)
    if not _NUMBER.fullmatch(text):
        raise CellRefused("expected a number of tokens, as 1234.5, without separators or units")
    with localcontext() as context:
        context.prec = 400
        scaled = Decimal(text).scaleb(decimals)
        if scaled.adjusted() > 100:
            raise CellRefused("is beyond the supply of any token")
        raw = int(scaled.to_integral_value("ROUND_CEILING" if round_up else "ROUND_FLOOR"))
        return raw, raw != scaled
