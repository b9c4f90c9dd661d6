"""Figures as a person reads them, and the headline's cards."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MINUS", "Card", "clock", "count", "counted", "dollars", "exactly"]

_STEPS = ((1e12, "T"), (1e9, "bn"), (1e6, "M"), (1e3, "k"))
MINUS = "\u2212"


@dataclass(frozen=True)
class Card:
    """One headline figure."""

    label: str
    value: str
    exact: str
    """The figure in full, shown on hover."""
    notes: list[str]
    anchor: str
    """Part of the page that shows where it comes from."""
    source: str
    """Table and column."""
    tone: str = ""
    """`bad` for a loss of lenders."""


def dollars(value: float | None) -> str:
    """Dollars for a person, three significant digits and more."""
    if value is None:
        return "\u2013"
    size, sign = abs(value), MINUS if value < 0 else ""
    for step, unit in _STEPS:
        if size >= step:
            scaled = size / step
            return f"{sign}${scaled:,.{2 if scaled < 100 else 1}f} {unit}"
    return f"{sign}${size:,.2f}" if 0 < size < 100 else f"{sign}${size:,.0f}"


def exactly(value: float | None) -> str:
    """Dollars to the cent."""
    return "no price of that kind in this run" if value is None else f"{MINUS if value < 0 else ''}${abs(value):,.2f}"


def count(value: int) -> str:
    """Whole number with separators."""
    return f"{value:,}"


def counted(value: int, noun: str) -> str:
    """Join a number and its noun, in the plural where it is one."""
    return f"{count(value)} {noun}{'' if value == 1 else 's'}"


def clock(moment: str | None) -> str:
    """Time of an ISO moment, to the second."""
    return moment[11:19] if moment else "\u2013"


NOTHING = "-"
"""What stands for a figure that there is none of."""


def number(value: float | None, unit: str) -> str:
    """A figure with as many decimals as its unit has use for."""
    if value is None:
        return NOTHING
    return f"{value:{_FORMATS[unit]}}"


_FORMATS = {"USD": ",.2f", "USD each": ".6f", "times": ".3f", "%": ".2f", "": ",.0f"}
