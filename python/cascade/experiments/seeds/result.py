"""The result of a comparison over seeds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from cascade.experiments.comparison.result import Comparison
from cascade.experiments.seeds.statistics import Difference, Distribution, difference_of, distribution_of
from cascade.experiments.seeds.verdicts import Verdict
from cascade.scenario.load import Scenario

__all__ = ["SeedOutcome", "SeedsComparison", "medians"]


@dataclass(frozen=True)
class SeedOutcome:
    """One figure over all seeds, before and after.

    Attributes
    ----------
    name, unit : str
        Name and unit of the figure, as a comparison of two runs has them.
    before, after : tuple of float
        Its value by seed, in the order of the seeds; None where a run does not have it.
    """

    name: str
    unit: str
    before: tuple[float | None, ...]
    after: tuple[float | None, ...]

    @property
    def baseline(self) -> Distribution:
        """The figure over the seeds of the baseline."""
        return distribution_of(self.before)

    @property
    def change(self) -> Distribution:
        """The figure over the seeds of the change."""
        return distribution_of(self.after)

    @property
    def difference(self) -> Difference:
        """What the change does to it, seed by seed."""
        return difference_of(self.before, self.after)


@dataclass(frozen=True)
class SeedsComparison:
    """Two scenarios over the same seeds.

    Attributes
    ----------
    baseline, change : Scenario
        The two sides, with the first seed.
    seeds : tuple of int
        The seeds.
    first : Comparison
        The comparison of the first seed, whose runs and pages are kept: its parameters and positions are those of all.
    outcomes : tuple of SeedOutcome
        Every figure.
    verdicts : tuple of Verdict
        How the change stands against the lines that the scenario states.
    at_risk : dict of str to float
        Collateral at risk when the crash starts, by fall of the oracle's prices in per cent: median over the seeds of
        the baseline, in dollars.
    positions : dict of str to float
        Number of positions, their debt and their collateral when the crash starts: medians over the seeds.
    """

    baseline: Scenario
    change: Scenario
    seeds: tuple[int, ...]
    first: Comparison
    outcomes: tuple[SeedOutcome, ...]
    verdicts: tuple[Verdict, ...]
    at_risk: dict[str, float]
    positions: dict[str, float]

    def to_json(self) -> str:
        """Return seeds, every figure of every run, what they say together, and the verdicts."""
        content = {
            "scenario": self.baseline.spec.name,
            "seeds": list(self.seeds),
            "parameters": [asdict(one) for one in self.first.parameters],
            "outcomes": [
                {
                    **asdict(one),
                    "baseline": asdict(one.baseline),
                    "change": asdict(one.change),
                    "difference": asdict(one.difference),
                }
                for one in self.outcomes
            ],
            "verdicts": [asdict(one) for one in self.verdicts],
            "collateral_at_risk_usd": self.at_risk,
            "positions": self.positions,
        }
        return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def medians(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of each key over rows that have the same keys."""
    found = {}
    for key in rows[0] if rows else ():
        median = distribution_of([row[key] for row in rows]).median
        if median is not None:
            found[key] = median.value
    return found
