"""Run a scenario and a change of it over many seeds, each pair on the same positions and the same draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cascade.experiments.comparison.compare import compare_finished, require_change
from cascade.experiments.comparison.outcomes import outcomes_of
from cascade.experiments.comparison.positions import impossible_positions
from cascade.experiments.comparison.result import Outcome
from cascade.experiments.runs import Job, passing_runs, run_all
from cascade.experiments.seeds.figures import figure_at
from cascade.experiments.seeds.result import SeedOutcome, SeedsComparison, medians
from cascade.experiments.seeds.verdicts import judge, lines_of, require_lines
from cascade.run.opened import Run
from cascade.run.progress import Progress, quiet
from cascade.scenario.load import Scenario, vary

__all__ = ["compare_over_seeds"]

_AMPLIFICATION = "amplification by liquidations"
"""Figure that needs two further runs per seed, and is left out."""


def compare_over_seeds(
    baseline: Scenario,
    change: Scenario,
    *,
    seeds: int,
    out: str | Path = "runs",
    workers: int = 1,
    progress: Progress | None = None,
) -> SeedsComparison:
    """Run both scenarios with each seed, the change on the baseline's positions, and compare seed by seed.

    The runs of the first seed are kept in `out`, with their pages. The others are made in a folder that is removed:
    the same scenario and seed make them again.

    Parameters
    ----------
    baseline, change : Scenario
        The two sides. Seeds are counted up from the baseline's own.
    seeds : int
        Number of seeds.
    workers : int
        Number of runs at the same time.

    Raises
    ------
    NothingChanged, ScenarioError
        Before anything is started, when both sides are the same, or a line of judgement is about no figure.
    CascadeError
        Any error of `replay`; a run that ends otherwise than expected is no error here.
    """
    require_change(baseline, change)
    require_lines(change)
    progress = progress or quiet()
    impossible = impossible_positions(baseline, change)
    numbers = range(baseline.seed, baseline.seed + seeds)
    jobs = [job for seed in numbers for job in _pair(baseline, change, seed, is_first=seed == baseline.seed)]
    first = run_all(jobs[:2], out=out, workers=workers, progress=progress)
    with passing_runs(jobs[2:], workers=workers, progress=progress) as others:
        runs = [*first, *others]
        pairs = list(zip(runs[::2], runs[1::2], strict=True))
        outcomes = _collected([list(outcomes_of(before, after, (None, None))) for before, after in pairs])
        judged = [
            verdict
            for figure, lines in lines_of(change)
            for verdict in judge(figure, [figure_at(after.summary, figure) for _, after in pairs], lines)
        ]
        by_fall = medians([before.summary.collateral_at_risk_usd.start for before, _ in pairs])
        at_risk = {fall: by_fall[fall] for fall in sorted(by_fall, key=int)}
        positions = medians([_built(before) for before, _ in pairs])
    return SeedsComparison(
        baseline=baseline,
        change=change,
        seeds=tuple(numbers),
        first=compare_finished(first[0], first[1], impossible=impossible),
        outcomes=tuple(outcomes),
        verdicts=tuple(judged),
        at_risk=at_risk,
        positions=positions,
    )


def _pair(baseline: Scenario, change: Scenario, seed: int, *, is_first: bool) -> Iterator[Job]:
    before, after = (vary(scenario, {"seed": seed}) for scenario in (baseline, change))
    yield Job(f"baseline, seed {seed}", before, report=is_first)
    yield Job(f"change, seed {seed}", after, like=before, report=is_first)


def _collected(by_seed: Sequence[Sequence[Outcome]]) -> Iterator[SeedOutcome]:
    """Yield every figure with its values by seed; a seed that lacks a figure has None there."""
    units = {outcome.name: outcome.unit for outcomes in by_seed for outcome in outcomes}
    named = [{outcome.name: outcome for outcome in outcomes} for outcomes in by_seed]
    for name, unit in units.items():
        if name == _AMPLIFICATION:
            continue
        found = [outcomes.get(name) for outcomes in named]
        yield SeedOutcome(
            name,
            unit,
            tuple(None if one is None else one.baseline for one in found),
            tuple(None if one is None else one.change for one in found),
        )


def _built(run: Run) -> dict[str, float]:
    summary = run.summary
    return {
        "positions": float(summary.positions),
        "debt_usd": summary.debt_built_usd,
        "collateral_usd": summary.collateral_built_usd,
    }
