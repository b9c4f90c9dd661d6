"""Figures of a group that are the same for all of its members, or drawn for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, GetCoreSchemaHandler, Tag

from cascade.scenario.model.common import Amount, Distribution, Name
from cascade.scenario.model.kinds import StatedAmount
from cascade.units import BPS

__all__ = [
    "DRAWN",
    "ContractsFigure",
    "FractionBps",
    "NumberFigure",
    "PositiveFigure",
    "WholeFigure",
    "Within",
    "amount_of",
    "highest_of",
    "lowest_of",
    "stated_amounts",
    "whole_of",
]

DRAWN = "distribution"
"""Part that the location of a fault has after a key whose value is a distribution."""


@dataclass(frozen=True)
class Within:
    """Bounds of a figure, and of everything that its distribution can draw."""

    ge: int | None = None
    gt: int | None = None
    le: int | None = None
    whole: bool = False
    """Whether it is drawn in whole numbers, so that the distribution must state whole numbers."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Return the schema of the figure, followed by this check."""
        return AfterValidator(self._checked).__get_pydantic_core_schema__(source, handler)

    def _checked(self, figure: Decimal | Distribution | None) -> Decimal | Distribution | None:
        if isinstance(figure, Distribution):
            self._check_distribution(figure)
        elif figure is not None:
            fault = self._fault_of(Decimal(figure))
            if fault:
                raise ValueError(fault)
        return figure

    def _check_distribution(self, figure: Distribution) -> None:
        if self.whole:
            for key, stated in figure.stated:
                if stated != stated.to_integral_value():
                    raise ValueError(f"{key} {stated}: is drawn in whole numbers: expected a whole number")
        for drawn in (figure.lowest, figure.highest):
            if self._fault_of(drawn):
                raise ValueError(f"can draw {drawn:f}: expected {self._range}")

    def _fault_of(self, figure: Decimal) -> str:
        """Return the fault of a figure in the words of pydantic's own bounds; empty where it has none."""
        if self.ge is not None and figure < self.ge:
            return f"Input should be greater than or equal to {self.ge}"
        if self.gt is not None and figure <= self.gt:
            return f"Input should be greater than {self.gt}"
        if self.le is not None and figure > self.le:
            return f"Input should be less than or equal to {self.le}"
        return ""

    @property
    def _range(self) -> str:
        least = f"at least {self.ge}" if self.ge is not None else f"more than {self.gt}"
        return least if self.le is None else f"{least}, at most {self.le}"


def _tag(value: object) -> str:
    return DRAWN if isinstance(value, (dict, Distribution)) else "number"


_Whole = Annotated[Annotated[int, Tag("number")] | Annotated[Distribution, Tag(DRAWN)], Discriminator(_tag)]

NumberFigure = Annotated[Annotated[Amount, Tag("number")] | Annotated[Distribution, Tag(DRAWN)], Discriminator(_tag)]
"""A number of tokens or dollars, or any other that is not whole, of 0 or more: one for all, or drawn for each."""

PositiveFigure = Annotated[NumberFigure, Within(gt=0)]
"""A number above 0: one for all, or drawn for each."""

WholeFigure = _Whole
"""A whole number: one for all, or drawn for each; `Within` states its bounds."""

FractionBps = Annotated[_Whole, Within(ge=1, le=BPS - 1, whole=True)]
"""A share in 1e-4, above none and below all: one for all, or drawn for each."""

ContractsFigure = Annotated[_Whole, Within(ge=1, whole=True)]
"""A number of contracts: one for all, or drawn for each."""


def whole_of(figure: int | Distribution) -> int:
    """Return a whole figure of one member.

    Raises
    ------
    TypeError
        When it has not been drawn: `scenario.members` draws the figures of each member.
    """
    if isinstance(figure, Distribution):
        raise TypeError("a distribution: draw the member's figures first")
    return figure


def amount_of(figure: Decimal | Distribution) -> Decimal:
    """Return a figure of one member.

    Raises
    ------
    TypeError
        When it has not been drawn: `scenario.members` draws the figures of each member.
    """
    if isinstance(figure, Distribution):
        raise TypeError("a distribution: draw the member's figures first")
    return figure


def highest_of(figure: Decimal | int | Distribution) -> Decimal:
    """Return the largest figure that a member can have."""
    return figure.highest if isinstance(figure, Distribution) else Decimal(figure)


def lowest_of(figure: Decimal | int | Distribution) -> Decimal:
    """Return the smallest figure that a member can have."""
    return figure.lowest if isinstance(figure, Distribution) else Decimal(figure)


def stated_amounts(key: str, asset: Name, figure: Decimal | Distribution) -> Iterator[StatedAmount]:
    """Yield the amounts of tokens that a figure states: itself, or those of its distribution."""
    if isinstance(figure, Distribution):
        for part, amount in figure.stated:
            yield StatedAmount(f"{key}.{part}", asset, amount)
    else:
        yield StatedAmount(key, asset, figure)
