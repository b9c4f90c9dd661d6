"""How often a claim holds along each size of a scenario, and how far the scenario stands from its edge."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from decimal import Decimal

from cascade.experiments.necessity.result import RunOutcome
from cascade.experiments.seeds.statistics import Share, share_of
from cascade.scenario.load import Scenario

__all__ = ["NEAR", "STANDS", "SizeCurve", "SizePoint", "Sizes"]

STANDS = 0.9
"""Share of the runs from which a claim counts as met at a value: 18 of 20."""

NEAR = Decimal("0.1")
"""Change of a size, as a part of its own value, that a claim should survive."""


@dataclass(frozen=True)
class SizePoint:
    """The runs at one value of a size.

    Attributes
    ----------
    at : Decimal
        The value.
    outcomes : tuple of RunOutcome
        One per seed whose accounts could open.
    refused : tuple of str
        Why the others could not.
    """

    at: Decimal
    outcomes: tuple[RunOutcome, ...]
    refused: tuple[str, ...]

    def share(self, claim: str) -> Share | None:
        """Return in how many of its runs a claim holds, with Wilson's interval; None without a run."""
        held = sum(claim not in outcome.missed for outcome in self.outcomes)
        return share_of(held, len(self.outcomes)) if self.outcomes else None

    def stands(self, claim: str) -> bool:
        """Return whether a claim holds in nine of ten runs or more."""
        share = self.share(claim)
        return share is not None and share.value >= STANDS


@dataclass(frozen=True)
class SizeCurve:
    """One size.

    Attributes
    ----------
    name, what : str
        Its name in the scenario, and the size in words.
    own : Decimal
        Value of the scenario itself.
    points : tuple of SizePoint
        Its values in rising order, the scenario's own among them.
    """

    name: str
    what: str
    own: Decimal
    points: tuple[SizePoint, ...]

    def near(self) -> tuple[SizePoint, ...]:
        """Return the points within a tenth of the scenario's own value."""
        return tuple(point for point in self.points if abs(point.at - self.own) <= NEAR * self.own)

    def decides(self, claim: str) -> bool:
        """Return whether a change of a tenth or less can end the claim."""
        return any(not point.stands(claim) for point in self.near())

    def edges(self, claim: str) -> tuple[Decimal | None, Decimal | None]:
        """Return the nearest values under and over the scenario's own at which the claim no longer stands.

        None where it stands at every value on that side.
        """
        lost = [point.at for point in self.points if not point.stands(claim)]
        under, over = [at for at in lost if at <= self.own], [at for at in lost if at >= self.own]
        return max(under, default=None), min(over, default=None)


@dataclass(frozen=True)
class Sizes:
    """Every size that was moved.

    Attributes
    ----------
    scenario : Scenario
        The scenario with its own sizes.
    claim : str
        Dotted path below `expect` of the claim that is counted.
    own : tuple of RunOutcome
        Runs of the scenario itself, one per seed.
    curves : tuple of SizeCurve
        One per size.
    """

    scenario: Scenario
    claim: str
    own: tuple[RunOutcome, ...]
    curves: tuple[SizeCurve, ...]

    def to_json(self) -> str:
        """Return the text of `sizes.json`."""
        content = {
            "scenario": self.scenario.file,
            "claim": self.claim,
            "own": [asdict(outcome) for outcome in self.own],
            "sizes": [
                {
                    "name": curve.name,
                    "what": curve.what,
                    "own": float(curve.own),
                    "points": [
                        {
                            "at": float(point.at),
                            "share": None if (share := point.share(self.claim)) is None else asdict(share),
                            "refused": list(point.refused),
                            "outcomes": [asdict(outcome) for outcome in point.outcomes],
                        }
                        for point in curve.points
                    ],
                }
                for curve in self.curves
            ],
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
