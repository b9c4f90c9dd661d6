"""Is each link necessary, and what helps? Many seeds of the whole chain; then without one link, or with one remedy."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from typing import Any

from cascade.errors import ScenarioError
from cascade.experiments.runs import Job, run_all
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.scenario.load import Scenario, vary
from cascade.scenario.model import ExpectSpec

__all__ = ["Necessity", "Outcome", "Variant", "claims_of", "examine_necessity"]


@dataclass(frozen=True)
class Outcome:
    """How one run ended.

    Attributes
    ----------
    changes : tuple of str
        What it changes of the scenario, as `PATH=VALUE`.
    missed : tuple of str
        Claims that did not hold, by their dotted paths.
    figures : dict of str to float
        Figures of the claims' subjects: troughs, books, cohorts; None where a run has none.
    """

    seed: int
    run_id: str
    tables_sha256: str
    changes: tuple[str, ...]
    missed: tuple[str, ...]
    figures: dict[str, float | None]


@dataclass(frozen=True)
class Variant:
    """The chain, whole, without one link, or with one remedy, over some seeds.

    Attributes
    ----------
    name, what : str
        `whole`, `without LINK` or `with REMEDY`, and what that means.
    necessary : bool, optional
        Whether the scenario says that its claim hangs on what is left out; None where it says nothing.
    """

    name: str
    what: str
    necessary: bool | None
    outcomes: tuple[Outcome, ...]

    def held(self, claim: str) -> int:
        """In how many runs a claim held."""
        return sum(claim not in outcome.missed for outcome in self.outcomes)

    @property
    def met(self) -> int:
        """In how many runs every claim held."""
        return sum(not outcome.missed for outcome in self.outcomes)


@dataclass(frozen=True)
class Necessity:
    """Everything found: the whole chain first, then what was left out, then what was tried against it."""

    scenario: Scenario
    claim: str
    whole: Variant
    others: tuple[Variant, ...]

    @property
    def variants(self) -> tuple[Variant, ...]:
        """All of them."""
        return (self.whole, *self.others)

    @property
    def faults(self) -> list[str]:
        """What is otherwise than the scenario says."""
        found = []
        total = len(self.whole.outcomes)
        if self.whole.met != total:
            found.append(f"the whole chain ends as expected in {self.whole.met} of {total} seeds")
        for variant in self.others:
            held, runs = variant.held(self.claim), len(variant.outcomes)
            if variant.necessary and held:
                found.append(f"{variant.name} the claim still holds in {held} of {runs}")
            elif variant.necessary is False and not held:
                found.append(f"{variant.name} the claim holds in none of {runs}, and is said not to hang on it")
        return found

    def to_json(self) -> str:
        """All of it, as text."""
        content = {
            "scenario": self.scenario.file,
            "claim": self.claim,
            "faults": self.faults,
            "runs": [asdict(variant) for variant in self.variants],
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def examine_necessity(
    scenario: Scenario, *, seeds: int = 20, seeds_without: int = 5, workers: int = 1, progress: Progress | None = None
) -> Necessity:
    """Run the whole chain with many seeds, and each variant with some; in a folder that is removed afterwards.

    Parameters
    ----------
    seeds, seeds_without : int
        How many of each, from the scenario's own on.

    Raises
    ------
    ScenarioError
        When the scenario has no section `necessity`, or its claim is none of its expectations.
    """
    spec = scenario.spec.necessity
    if spec is None:
        raise ScenarioError(
            file=scenario.file, key="necessity", value=None, expected="a claim, and what to leave out one at a time"
        )
    claims = claims_of(scenario.spec.expect)
    if spec.claim not in claims:
        raise ScenarioError(
            file=scenario.file, key="necessity.claim", value=spec.claim, expected=f"one of {', '.join(claims)}"
        )
    others: list[tuple[str, str, dict[str, Any], bool | None]] = [
        (f"without {name}", one.what, one.set, one.necessary) for name, one in spec.without.items()
    ]
    others += [(f"with {name}", remedy.what, remedy.set, None) for name, remedy in spec.remedies.items()]
    first = scenario.seed
    jobs = [Job(f"whole, seed {seed}", vary(scenario, {"seed": seed})) for seed in range(first, first + seeds)]
    for name, _, changes, _ in others:
        for seed in range(first, first + seeds_without):
            seeded = vary(scenario, {"seed": seed})
            jobs.append(Job(f"{name}, seed {seed}", vary(seeded, changes), like=seeded))
    with tempfile.TemporaryDirectory(prefix="cascade-necessity-") as folder:
        runs = run_all(jobs, out=folder, workers=workers, progress=progress)
        known = len(scenario.overrides)
        outcomes = [_outcome(run, job.scenario.overrides[known:], claims) for job, run in zip(jobs, runs, strict=True)]
    whole = Variant("whole", "the scenario itself", None, tuple(outcomes[:seeds]))
    groups = [outcomes[at : at + seeds_without] for at in range(seeds, len(outcomes), seeds_without)]
    return Necessity(
        scenario=scenario,
        claim=spec.claim,
        whole=whole,
        others=tuple(
            Variant(name, what, necessary, tuple(mine))
            for (name, what, _, necessary), mine in zip(others, groups, strict=True)
        ),
    )


def claims_of(expect: ExpectSpec) -> list[str]:
    """Every claim of a scenario, by its dotted path below `expect`."""
    found = ["liquidations", *(f"troughs.{number}" for number in range(len(expect.troughs)))]
    if expect.exchange is not None:
        for part in ("books", "cohorts"):
            for name, bounds in getattr(expect.exchange, part).items():
                found += [f"exchange.{part}.{name}.{key}" for key in bounds.model_dump(exclude_none=True)]
    return found


def _outcome(run: Run, changes: tuple[str, ...], claims: list[str]) -> Outcome:
    sentences = run.manifest.expectation.missed
    return Outcome(
        seed=run.manifest.seed,
        run_id=run.manifest.run_id,
        tables_sha256=str(run.summary["tables_sha256"]),
        changes=changes,
        missed=tuple(claim for claim in claims if any(one.startswith(f"expect.{claim} = ") for one in sentences)),
        figures=_figures(run.summary),
    )


def _figures(summary: dict[str, Any]) -> dict[str, float | None]:
    figures: dict[str, float | None] = {"liquidations": summary["liquidations"]}
    for asset, sources in summary["trough"].items():
        for source, usd in sources.items():
            if source.partition(":")[0] in ("spot", "book"):
                figures[f"lowest {asset}, {source}"] = usd
    exchange = summary.get("exchange")
    if exchange is None:
        return figures
    for name, book in exchange["books"].items():
        figures[f"{name}: fall in five minutes, %"] = book["five_minute_fall_pct"]
        figures[f"{name}: ten minutes after the low, % of the start"] = book["after_10_minutes_pct"]
        figures[f"{name}: bids within 2 % gone, %"] = book["depth_fall_pct"]
    for cohort, leverage in exchange["leverage"].items():
        if leverage["liquidated_at"] is not None:
            figures[f"{cohort}: leverage at its peak"] = leverage["peak"]
    for cohort, accounts in exchange["accounts_liquidated"].items():
        figures[f"{cohort}: accounts liquidated"] = accounts
    return figures
