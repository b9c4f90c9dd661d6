"""Keys that are random in the search for a rare outcome."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cascade.scenario.model.common import Distribution, Spec

__all__ = ["DrawSpec", "TailSpec"]


class DrawSpec(Distribution):
    """How a key varies from run to run: `uniform` or `lognormal`."""

    whole: bool = False
    """Whether the value is rounded to a whole number, as keys in 1e-4 and counts need it."""

    @model_validator(mode="after")
    def _require_spread(self) -> DrawSpec:
        if self.kind == "fixed":
            raise ValueError("kind fixed draws nothing: set the key itself, or take uniform or lognormal")
        return self


class TailSpec(Spec):
    """What is random when `cascade tail` looks for the probability of a rare outcome: docs/TAIL.md explains it."""

    draw: Annotated[dict[str, DrawSpec], Field(min_length=1)]
    """Distributions by the dotted path of the key that they replace in each run; keys are independent of each other."""
    seeds: Literal["drawn", "scenario"] = "drawn"
    """`drawn` draws the seed of every run as well, so that the probability is over populations, attention and noise
    too; `scenario` keeps the scenario's seed in every run, and the probability is that of this one world."""
    guides: dict[str, Literal["rising", "falling"]] = {
        "debt_covered_usd": "rising",
        "trough_at.price_usd": "falling",
    }
    """Figures of the summary that say which of two runs is nearer to the outcome where the outcome's own figure is the
    same, as a deficit of 0 is: the first one that differs decides. They change how many runs are needed, and not what
    is estimated."""
