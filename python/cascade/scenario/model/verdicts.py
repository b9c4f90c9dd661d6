"""Lines of judgement on figures over many seeds."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from cascade.scenario.model.common import Spec, exact_decimal

__all__ = ["VerdictSpec"]

Line = Annotated[Decimal, BeforeValidator(exact_decimal)]


class VerdictSpec(Spec):
    """Lines for one figure over seeds: the verdict is PASS or FAIL where its whole interval is on one side."""

    median_at_most: Line | None = None
    """Largest median; null sets no line."""
    median_at_least: Line | None = None
    """Smallest median; null sets no line."""
    p95_at_most: Line | None = None
    """Largest 95th percentile; null sets no line. Fewer than 72 seeds cannot show that it holds."""
    p95_at_least: Line | None = None
    """Smallest 95th percentile; null sets no line."""
    p99_at_most: Line | None = None
    """Largest 99th percentile; null sets no line. Fewer than 368 seeds cannot show that it holds."""
    p99_at_least: Line | None = None
    """Smallest 99th percentile; null sets no line."""
    probability_at_most: Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0, le=1)] | None = None
    """Largest share of seeds in which the figure is above 0; null sets no line."""
    probability_at_least: Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0, le=1)] | None = None
    """Smallest share of seeds in which the figure is above 0; null sets no line."""

    @model_validator(mode="after")
    def _require_a_line(self) -> VerdictSpec:
        if not self.model_dump(exclude_none=True):
            raise ValueError("expected a line, such as p95_at_most: 0")
        return self
