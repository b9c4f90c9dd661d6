"""Figures as a person reads them, and the cards of a headline."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = [
    "MINUS",
    "NOTHING",
    "Card",
    "clock",
    "count",
    "counted",
    "dollars",
    "exactly",
    "number",
    "plural",
    "price",
    "signed",
]

MINUS = "\u2212"
"""The minus sign, which is as wide as a digit; a hyphen is not."""

NOTHING = "-"
"""Stands in a table for a figure that a run does not have."""

_DASH = "\u2013"
_STEPS = ((1e12, "T"), (1e9, "bn"), (1e6, "M"), (1e3, "k"))
_FORMATS = {"USD": ",.2f", "USD each": ".6f", "times": ".3f", "%": ".2f", "": ",.0f"}


@dataclass(frozen=True)
class Card:
    """One figure of a headline.

    Attributes
    ----------
    label : str
        Name of the figure.
    value : str
        The figure, rounded for a person.
    exact : str
        The figure in full, shown on hover.
    notes : list of str
        Further figures below it, one per line.
    anchor : str
        Part of the page that shows where the figure comes from, as `#ID`.
    source : str
        Tables and columns that it is made from.
    is_loss : bool
        Whether it is a loss of lenders, which is shown in red.
    """

    label: str
    value: str
    exact: str
    notes: list[str]
    anchor: str
    source: str
    is_loss: bool = False


def dollars(value: float | None) -> str:
    """Return dollars with three significant digits or more, as `$63.66 k`; a dash for None."""
    if value is None:
        return _DASH
    size, sign = abs(value), MINUS if value < 0 else ""
    for step, unit in _STEPS:
        if size >= step:
            scaled = size / step
            return f"{sign}${scaled:,.{2 if scaled < 100 else 1}f} {unit}"
    return f"{sign}${size:,.2f}" if 0 < size < 100 else f"{sign}${size:,.0f}"


def exactly(value: float | None) -> str:
    """Return dollars to the cent, as `$63,658.85`."""
    return "no price of that kind in this run" if value is None else f"{MINUS if value < 0 else ''}${abs(value):,.2f}"


def price(value: float | None) -> str:
    """Return a price with four decimals, as `$0.6329`; a dash for None."""
    return _DASH if value is None else f"${value:.4f}"


def signed(value: float, *, significant: int = 0) -> str:
    """Return a number with its sign and three decimals.

    Parameters
    ----------
    significant : int
        Number of significant digits to show where three decimals would show fewer, up to 8 decimals.
    """
    decimals = 3
    if value and significant:
        decimals = min(8, max(decimals, significant - 1 - math.floor(math.log10(abs(value)))))
    return f"{value:+.{decimals}f}".replace("-", MINUS)


def count(value: int) -> str:
    """Return a whole number with separators."""
    return f"{value:,}"


def plural(value: int, noun: str) -> str:
    """Return a noun as it follows a number: in the plural unless the number is 1."""
    return noun if value == 1 else f"{noun}s"


def counted(value: int, noun: str) -> str:
    """Return a number and its noun, as `1 block` and `2 blocks`."""
    return f"{count(value)} {plural(value, noun)}"


def clock(moment: str | None) -> str:
    """Return the time of day of an ISO moment, to the second; a dash for None."""
    return moment[11:19] if moment else _DASH


def number(value: float | None, unit: str) -> str:
    """Return a figure with as many decimals as its unit has use for.

    Parameters
    ----------
    unit : str
        `USD`, `USD each`, `times`, `%`, or empty for a number of things.
    """
    return NOTHING if value is None else f"{value:{_FORMATS[unit]}}"
