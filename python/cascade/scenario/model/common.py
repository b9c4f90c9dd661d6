"""Building blocks of every section: exact amounts, shares, names and distributions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cascade.units import BPS, UINT256_MAX

__all__ = [
    "UINT256_MAX",
    "Amount",
    "Bps",
    "Distribution",
    "Fixed",
    "Lognormal",
    "Moment",
    "Name",
    "PositiveAmount",
    "Spec",
    "Uniform",
    "exact_decimal",
    "moment",
]


def exact_decimal(value: object) -> Decimal:
    """Return a YAML number as exactly the decimal that is written in the file.

    Raises
    ------
    ValueError
        When the value is not a finite number.
    """
    # Text that looks like a number is a mistake in the file: it is refused, not converted.
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise ValueError("expected a number, not text")
    # The shortest decimal that reads back as the float is what was written; Decimal(0.1) would have 55 digits.
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError("expected a finite number")
    return number


def moment(value: object) -> datetime:
    """Return a time of a scenario: a YAML timestamp, or a text in the same form.

    Raises
    ------
    ValueError
        When the value is no time, has no time zone, or is not at a whole second.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("expected a time with a time zone, as in 2025-10-10T20:45:00Z")
    if value.microsecond:
        raise ValueError("expected whole seconds: blocks have no finer time")
    return value


Moment = Annotated[datetime, BeforeValidator(moment)]
"""A time with a time zone, at a whole second."""

Amount = Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0)]
"""Tokens or dollars, exactly as written."""

PositiveAmount = Annotated[Decimal, BeforeValidator(exact_decimal), Field(gt=0)]
"""Tokens or dollars above zero, exactly as written."""

Bps = Annotated[int, Field(ge=0, le=BPS)]
"""A share in 1e-4."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
"""Name of an asset, a venue, a book, a cohort, an agent and so on."""


class Spec(BaseModel):
    """A section: frozen, without unknown keys, without silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


@dataclass(frozen=True)
class Fixed:
    """The same figure for every member of a cohort."""

    value: Decimal


@dataclass(frozen=True)
class Uniform:
    """A figure between two bounds, each value being equally likely."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Lognormal:
    """A figure whose logarithm is normally distributed, clipped at two bounds."""

    median: Decimal
    sigma: Decimal
    low: Decimal
    high: Decimal


class Distribution(Spec):
    """How a figure varies over the members of a cohort."""

    kind: Literal["fixed", "uniform", "lognormal"]
    """`fixed` needs value; `uniform` needs low and high; `lognormal` needs median and sigma, and is clipped at low and
    high."""
    value: PositiveAmount | None = None
    """The figure itself (fixed)."""
    low: PositiveAmount | None = None
    """Smallest figure (uniform, lognormal)."""
    high: PositiveAmount | None = None
    """Largest figure (uniform, lognormal)."""
    median: PositiveAmount | None = None
    """Median (lognormal)."""
    sigma: PositiveAmount | None = None
    """Standard deviation of the logarithm (lognormal)."""

    @model_validator(mode="after")
    def _complete(self) -> Distribution:
        needs = {
            "fixed": ("value",),
            "uniform": ("low", "high"),
            "lognormal": ("median", "sigma", "low", "high"),
        }[self.kind]
        for key in ("value", "low", "high", "median", "sigma"):
            given = getattr(self, key) is not None
            if given != (key in needs):
                raise ValueError(f"kind {self.kind} {'needs' if key in needs else 'takes no'} {key}")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} exceeds high {self.high}")
        return self

    @property
    def shape(self) -> Fixed | Uniform | Lognormal:
        """The distribution with the figures of its kind alone."""
        if self.value is not None:
            return Fixed(self.value)
        if self.low is None or self.high is None:
            raise ValueError(f"kind {self.kind} needs low and high")
        if self.median is None or self.sigma is None:
            return Uniform(self.low, self.high)
        return Lognormal(self.median, self.sigma, self.low, self.high)

    @property
    def highest(self) -> Decimal:
        """Largest figure that can be drawn."""
        shape = self.shape
        return shape.value if isinstance(shape, Fixed) else shape.high

    @property
    def lowest(self) -> Decimal:
        """Smallest figure that can be drawn."""
        shape = self.shape
        return shape.value if isinstance(shape, Fixed) else shape.low

    @property
    def middle(self) -> Decimal:
        """Figure of a member like any other: the value itself, the middle of the bounds, or the median."""
        shape = self.shape
        if isinstance(shape, Fixed):
            return shape.value
        return (shape.low + shape.high) / 2 if isinstance(shape, Uniform) else shape.median

    @property
    def stated(self) -> Iterator[tuple[str, Decimal]]:
        """Keys and figures that are in the unit of what is drawn."""
        for key, figure in (("value", self.value), ("low", self.low), ("high", self.high), ("median", self.median)):
            if figure is not None:
                yield key, figure
