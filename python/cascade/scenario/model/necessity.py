"""Claims about necessity: runs that each leave one link of the chain out."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from cascade.scenario.model.common import Name, PositiveAmount, Spec, exact_decimal

__all__ = ["NecessitySpec", "RemedySpec", "SizeSpec", "SizeValueSpec", "WithoutSpec"]

_Number = Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0)]


class WithoutSpec(Spec):
    """The scenario without one link of its chain."""

    what: Annotated[str, Field(min_length=1)]
    """The link that is left out, in a few words."""
    set: Annotated[dict[str, object], Field(min_length=1)]
    """Keys that are changed, by dotted path."""
    necessary: bool = True
    """Whether the claim must fail without the link, whatever the seed; false where the claim is declared
    independent of it."""


class RemedySpec(Spec):
    """The scenario with a remedy against the crash; its effect is measured, not claimed."""

    what: Annotated[str, Field(min_length=1)]
    """The remedy, in a few words."""
    set: Annotated[dict[str, object], Field(min_length=1)]
    """Keys that are changed, by dotted path."""


class SizeValueSpec(Spec):
    """One value of a size that is more than a factor."""

    at: _Number
    """The value, on the axis of the size."""
    set: Annotated[dict[str, object], Field(min_length=1)]
    """Keys that are changed, by dotted path."""


class SizeSpec(Spec):
    """A size of the scenario that is moved away from its own value, to see how far the claim holds."""

    what: Annotated[str, Field(min_length=1)]
    """The size, in a few words."""
    keys: list[str] = []
    """Keys that are multiplied by each factor: numbers, or distributions, whose median and bounds are multiplied."""
    factors: list[_Number] = []
    """Factors; 1 is the scenario itself, and need not be among them."""
    values: list[SizeValueSpec] = []
    """Values with their changes, in place of keys and factors."""
    own: PositiveAmount = Decimal(1)
    """Value at which the scenario itself stands."""

    @model_validator(mode="after")
    def _one_form(self) -> SizeSpec:
        if bool(self.keys) != bool(self.factors) or bool(self.keys) == bool(self.values):
            raise ValueError("expected either keys and factors, or values")
        places = [*self.factors, *(value.at for value in self.values)]
        if len(set(places)) < len(places):
            raise ValueError("expected each factor or value once")
        if self.keys and self.own != 1:
            raise ValueError(f"own {self.own}: a factor of 1 is the scenario itself")
        return self


class NecessitySpec(Spec):
    """The links that a claim depends on, and remedies; `cascade necessity` makes the runs."""

    claim: Annotated[str, Field(min_length=1)]
    """The claim, by its dotted path below `expect`."""
    without: Annotated[dict[Name, WithoutSpec], Field(min_length=1)]
    """Links that are left out, one per run."""
    remedies: dict[Name, RemedySpec] = {}
    """Remedies that are tried, one per run."""
    sizes: dict[Name, SizeSpec] = {}
    """Sizes that are moved one at a time; `cascade necessity --sizes` makes the runs."""
