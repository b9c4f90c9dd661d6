"""What every section is made of: exact amounts, shares, names, distributions."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = [
    "UINT256_MAX",
    "AgentBase",
    "Amount",
    "Bps",
    "Distribution",
    "Name",
    "PositiveAmount",
    "Spec",
    "exact_decimal",
]

UINT256_MAX = 2**256 - 1


def exact_decimal(value: Any) -> Any:
    """A YAML number as the decimal that is written there."""
    # A YAML number only: text that looks like a number is a typing error somewhere else, and is refused.
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise ValueError("expected a number, not text")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError("expected a finite number")
    return number


Amount = Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0)]
"""Tokens or dollars, exact as written."""


PositiveAmount = Annotated[Decimal, BeforeValidator(exact_decimal), Field(gt=0)]
Bps = Annotated[int, Field(ge=0, le=10_000)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]


class Spec(BaseModel):
    """A section: frozen, without unknown keys, without silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class Distribution(Spec):
    """How a figure varies over a cohort."""

    kind: Literal["fixed", "uniform", "lognormal"]
    """`fixed` needs value; `uniform` low and high; `lognormal` median and sigma, cut at low and high."""
    value: PositiveAmount | None = None
    """The figure itself (fixed)."""
    low: PositiveAmount | None = None
    """Smallest figure."""
    high: PositiveAmount | None = None
    """Largest figure."""
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


class AgentBase(Spec):
    """What every agent has."""

    active: bool = True
    """Whether it acts; one that does not is set up all the same, so that switching it off changes nothing else."""
