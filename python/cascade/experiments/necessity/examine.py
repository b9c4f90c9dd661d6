"""Examine which links of a chain a claim depends on: the whole chain, without each link, and with each remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cascade.analysis.expectation import claims_of, missed_claims
from cascade.analysis.summary import Summary
from cascade.errors import ScenarioError
from cascade.experiments.execution import HERE, Execution
from cascade.experiments.necessity.result import Necessity, RunOutcome, Variant
from cascade.experiments.runs import Job, read_runs
from cascade.run.opened import Run
from cascade.run.restoring import scenarios_of
from cascade.scenario.load import Scenario, vary
from cascade.scenario.model import NecessitySpec
from cascade.units import bps_to_pct
from cascade.vocabulary import HEADLINE_DEPTH_BPS, PriceSource

__all__ = ["claim_to_examine", "examine_necessity", "read_outcome"]

_HEADLINE_DEPTH = f"{bps_to_pct(HEADLINE_DEPTH_BPS):g} %"


@dataclass(frozen=True)
class _Change:
    """A variant of the scenario that is still to be run."""

    name: str
    what: str
    settings: Mapping[str, object]
    necessary: bool | None


def examine_necessity(
    scenario: Scenario, *, seeds: int = 20, seeds_without: int = 5, execution: Execution = HERE
) -> Necessity:
    """Run the whole chain with many seeds, and each variant of it with some of them.

    The runs are made in folders that are removed; each outcome holds what reproduces its run.

    Parameters
    ----------
    scenario : Scenario
        A scenario with a section `necessity`.
    seeds : int
        Seeds of the whole chain, counted up from the scenario's own.
    seeds_without : int
        Seeds of each variant, counted up likewise.
    execution : Execution
        Where the runs are made.

    Raises
    ------
    ScenarioError
        When the scenario has no section `necessity`, or its claim is none of its expectations.
    """
    claim = claim_to_examine(scenario)
    spec = scenario.spec.require_necessity()
    changes = _changes_of(spec)
    seeds_whole = range(scenario.seed, scenario.seed + seeds)
    seeds_varied = range(scenario.seed, scenario.seed + seeds_without)
    jobs = [Job(f"whole, seed {seed}", vary(scenario, {"seed": seed})) for seed in seeds_whole]
    for change in changes:
        for seed in seeds_varied:
            # Each variant runs on the positions that the whole chain has with the same seed.
            whole = vary(scenario, {"seed": seed})
            jobs.append(Job(f"{change.name}, seed {seed}", vary(whole, change.settings), like=whole))
    found = read_runs(jobs, read_outcome, kind=RunOutcome, execution=execution)
    # The overrides that the scenario came with are in every run; those after them are a run's own changes.
    known = len(scenario.overrides)
    outcomes = [
        replace(outcome, changes=job.scenario.overrides[known:]) for job, outcome in zip(jobs, found, strict=True)
    ]
    # The outcomes are in the order of the jobs: first the whole chain, then each change with all of its seeds.
    starts = range(seeds, len(outcomes), seeds_without)
    return Necessity(
        scenario=scenario,
        claim=claim,
        whole=Variant("whole", "the scenario itself", None, tuple(outcomes[:seeds])),
        others=tuple(
            Variant(change.name, change.what, change.necessary, tuple(outcomes[start : start + seeds_without]))
            for change, start in zip(changes, starts, strict=True)
        ),
    )


def claim_to_examine(scenario: Scenario) -> str:
    """Return the claim that the scenario's section `necessity` names.

    Raises
    ------
    ScenarioError
        When the scenario has no such section, or the claim is none of its expectations.
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
    return spec.claim


def _changes_of(spec: NecessitySpec) -> list[_Change]:
    """Return every link left out, then every remedy, in the order of the scenario."""
    without = [_Change(f"without {name}", link.what, link.set, link.necessary) for name, link in spec.without.items()]
    return without + [_Change(f"with {name}", remedy.what, remedy.set, None) for name, remedy in spec.remedies.items()]


def read_outcome(run: Run) -> RunOutcome:
    """Return the outcome of a finished run; its changes are known to whoever made it."""
    scenario, _ = scenarios_of(run)
    # Judged again from the tables: the manifest states missed claims as sentences, for readers only.
    missed = {claim.claim for claim in missed_claims(scenario.spec.expect, run.frames)}
    return RunOutcome(
        seed=run.manifest.seed,
        run_id=run.manifest.run_id,
        tables_sha256=run.summary.tables_sha256,
        changes=(),
        missed=tuple(claim for claim in claims_of(scenario.spec.expect) if claim in missed),
        figures=_figures(run.summary),
    )


def _figures(summary: Summary) -> dict[str, float | None]:
    """Return the figures of the subjects that claims are about: prices, books and cohorts."""
    figures: dict[str, float | None] = {"liquidations": summary.liquidations}
    for asset, sources in summary.trough.items():
        for source, usd in sources.items():
            if PriceSource.SPOT.is_kind_of(source) or PriceSource.BOOK.is_kind_of(source):
                figures[f"lowest {asset}, {source}"] = usd
    exchange = summary.exchange
    if exchange is None:
        return figures
    for name, book in exchange.books.items():
        figures[f"{name}: fall in five minutes, %"] = book.five_minute_fall_pct
        figures[f"{name}: ten minutes after the low, % of the start"] = book.after_10_minutes_pct
        figures[f"{name}: bids within {_HEADLINE_DEPTH} gone, %"] = book.depth_fall_pct
    for cohort, leverage in exchange.leverage.items():
        # A cohort that was never liquidated has no peak before its liquidation.
        if leverage.liquidated_at is not None:
            figures[f"{cohort}: leverage at its peak"] = leverage.peak
    for cohort, accounts in exchange.accounts_liquidated.items():
        figures[f"{cohort}: accounts liquidated"] = accounts
    return figures
