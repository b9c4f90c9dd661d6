"""Examine which links of a chain a claim depends on: the whole chain, without each link, and with each remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cascade.analysis.summary import Summary
from cascade.errors import ScenarioError
from cascade.experiments.necessity.result import Necessity, RunOutcome, Variant
from cascade.experiments.runs import Job, passing_runs
from cascade.run.expectation import claims_of, missed_claims
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.scenario.load import Scenario, vary
from cascade.scenario.model import NecessitySpec
from cascade.units import bps_to_pct
from cascade.vocabulary import HEADLINE_DEPTH_BPS, PriceSource

__all__ = ["examine_necessity"]

_HEADLINE_DEPTH = f"{bps_to_pct(HEADLINE_DEPTH_BPS):g} %"


@dataclass(frozen=True)
class _Change:
    """A variant of the scenario that is still to be run."""

    name: str
    what: str
    settings: Mapping[str, object]
    necessary: bool | None


def examine_necessity(
    scenario: Scenario, *, seeds: int = 20, seeds_without: int = 5, workers: int = 1, progress: Progress | None = None
) -> Necessity:
    """Run the whole chain with many seeds, and each variant of it with some of them.

    The runs are made in a folder that is removed afterwards; each outcome holds what reproduces its run.

    Parameters
    ----------
    scenario : Scenario
        A scenario with a section `necessity`.
    seeds : int
        Seeds of the whole chain, counted up from the scenario's own.
    seeds_without : int
        Seeds of each variant, counted up likewise.
    workers : int
        Number of runs at the same time.

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
    changes = _changes_of(spec)
    seeds_whole = range(scenario.seed, scenario.seed + seeds)
    seeds_varied = range(scenario.seed, scenario.seed + seeds_without)
    jobs = [Job(f"whole, seed {seed}", vary(scenario, {"seed": seed})) for seed in seeds_whole]
    for change in changes:
        for seed in seeds_varied:
            # Each variant runs on the positions that the whole chain has with the same seed.
            whole = vary(scenario, {"seed": seed})
            jobs.append(Job(f"{change.name}, seed {seed}", vary(whole, change.settings), like=whole))
    with passing_runs(jobs, workers=workers, progress=progress) as runs:
        # The overrides that the scenario came with are in every run; those after them are a run's own changes.
        known = len(scenario.overrides)
        outcomes = [
            _outcome(run, job.scenario, job.scenario.overrides[known:], claims)
            for job, run in zip(jobs, runs, strict=True)
        ]
    # The outcomes are in the order of the jobs: first the whole chain, then each change with all of its seeds.
    starts = range(seeds, len(outcomes), seeds_without)
    return Necessity(
        scenario=scenario,
        claim=spec.claim,
        whole=Variant("whole", "the scenario itself", None, tuple(outcomes[:seeds])),
        others=tuple(
            Variant(change.name, change.what, change.necessary, tuple(outcomes[start : start + seeds_without]))
            for change, start in zip(changes, starts, strict=True)
        ),
    )


def _changes_of(spec: NecessitySpec) -> list[_Change]:
    """Return every link left out, then every remedy, in the order of the scenario."""
    without = [_Change(f"without {name}", link.what, link.set, link.necessary) for name, link in spec.without.items()]
    return without + [_Change(f"with {name}", remedy.what, remedy.set, None) for name, remedy in spec.remedies.items()]


def _outcome(run: Run, scenario: Scenario, changes: tuple[str, ...], claims: list[str]) -> RunOutcome:
    # Judged again from the tables: the manifest states missed claims as sentences, for readers only.
    missed = {claim.claim for claim in missed_claims(scenario.spec.expect, run.frames)}
    return RunOutcome(
        seed=run.manifest.seed,
        run_id=run.manifest.run_id,
        tables_sha256=run.summary.tables_sha256,
        changes=changes,
        missed=tuple(claim for claim in claims if claim in missed),
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
