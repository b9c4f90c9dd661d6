"""The result of an examination of necessity: how often each claim held, with the whole chain and without each link."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from cascade.report.shared.figures import counted
from cascade.scenario.load import Scenario

__all__ = ["Necessity", "RunOutcome", "Variant"]


@dataclass(frozen=True)
class RunOutcome:
    """The end of one run.

    Attributes
    ----------
    seed : int
        Seed of the run.
    run_id, tables_sha256 : str
        Id of the run, and hash over the content of its tables: what shows that a repeated run is the same.
    changes : tuple of str
        Changes of the scenario, as `PATH=VALUE`.
    missed : tuple of str
        Claims that did not hold, by their dotted paths below `expect`.
    figures : dict of str to float
        Figures of the claims' subjects by name: troughs, books and cohorts; None where a run has none.
    """

    seed: int
    run_id: str
    tables_sha256: str
    changes: tuple[str, ...]
    missed: tuple[str, ...]
    figures: dict[str, float | None]


@dataclass(frozen=True)
class Variant:
    """The chain over several seeds: whole, without one link, or with one remedy.

    Attributes
    ----------
    name : str
        `whole`, `without LINK` or `with REMEDY`.
    what : str
        The change in words, as the scenario states it.
    necessary : bool, optional
        Whether the scenario says that its claim depends on the link left out; None where it says nothing.
    outcomes : tuple of RunOutcome
        One run per seed.
    """

    name: str
    what: str
    necessary: bool | None
    outcomes: tuple[RunOutcome, ...]

    def held(self, claim: str) -> int:
        """Return in how many runs a claim held."""
        return sum(claim not in outcome.missed for outcome in self.outcomes)

    @property
    def met(self) -> int:
        """Number of runs in which every claim held."""
        return sum(not outcome.missed for outcome in self.outcomes)


@dataclass(frozen=True)
class Necessity:
    """The whole chain, and every variant of it.

    Attributes
    ----------
    scenario : Scenario
        The scenario of the whole chain.
    claim : str
        Dotted path below `expect` of the claim that is examined.
    whole : Variant
        The chain as the scenario has it.
    others : tuple of Variant
        The chain without each link, then with each remedy.
    """

    scenario: Scenario
    claim: str
    whole: Variant
    others: tuple[Variant, ...]

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The whole chain first, then the others."""
        return (self.whole, *self.others)

    @property
    def faults(self) -> list[str]:
        """One sentence per result that contradicts what the scenario says."""
        found = []
        total = len(self.whole.outcomes)
        if self.whole.met != total:
            found.append(f"the whole chain ends as expected in {self.whole.met} of {counted(total, 'seed')}")
        for variant in self.others:
            held, runs = variant.held(self.claim), len(variant.outcomes)
            if variant.necessary and held:
                found.append(f"{variant.name} the claim still holds in {held} of {runs}")
            # None makes no claim about the link, so it cannot be contradicted; False does.
            elif variant.necessary is False and not held:
                found.append(f"{variant.name} the claim holds in none of {runs}, and is declared independent of it")
        return found

    def to_json(self) -> str:
        """Return the text of `necessity.json`."""
        content = {
            "scenario": self.scenario.file,
            "claim": self.claim,
            "faults": self.faults,
            "runs": [asdict(variant) for variant in self.variants],
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
