"""Run a scenario and a change of it over many seeds, each pair on the same positions and the same draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cascade.experiments.comparison.compare import compare_finished, require_change
from cascade.experiments.comparison.outcomes import outcomes_of
from cascade.experiments.comparison.positions import impossible_positions
from cascade.experiments.comparison.result import Outcome
from cascade.experiments.execution import HERE, Execution
from cascade.experiments.runs import Job, read_groups, run_all
from cascade.experiments.seeds.figures import figure_at
from cascade.experiments.seeds.result import SeedOutcome, SeedsComparison, medians
from cascade.experiments.seeds.verdicts import judge, lines_of, require_lines
from cascade.run.opened import Run
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
    execution: Execution = HERE,
) -> SeedsComparison:
    """Run both scenarios with each seed, the change on the baseline's positions, and compare seed by seed.

    The runs of the first seed are kept in `out`, with their pages. The others are made in folders that are removed:
    the same scenario and seed make them again.

    Parameters
    ----------
    baseline, change : Scenario
        The two sides. Seeds are counted up from the baseline's own.
    seeds : int
        Number of seeds.
    execution : Execution
        Where the runs are made.

    Raises
    ------
    NothingChanged, ScenarioError
        Before anything is started, when both sides are the same, or a line of judgement is about no figure.
    CascadeError
        Any error of `replay`; a run that ends otherwise than expected is no error here.
    """
    require_change(baseline, change)
    require_lines(change)
    impossible = impossible_positions(baseline, change)
    numbers = range(baseline.seed, baseline.seed + seeds)
    pairs = [tuple(_pair(baseline, change, seed, is_first=seed == baseline.seed)) for seed in numbers]
    first = run_all(pairs[0], out=out, execution=execution)
    read = partial(read_pair, figures=tuple(figure for figure, _ in lines_of(change)))
    found = [read(tuple(first)), *read_groups(pairs[1:], read, kind=PairOutcome, execution=execution)]
    judged = [
        verdict
        for figure, lines in lines_of(change)
        for verdict in judge(figure, [pair.judged[figure] for pair in found], lines)
    ]
    by_fall = medians([pair.at_risk for pair in found])
    at_risk = {fall: by_fall[fall] for fall in sorted(by_fall, key=int)}
    positions = medians([pair.built for pair in found])
    return SeedsComparison(
        baseline=baseline,
        change=change,
        seeds=tuple(numbers),
        first=compare_finished(first[0], first[1], impossible=impossible),
        outcomes=tuple(_collected([pair.outcomes for pair in found])),
        verdicts=tuple(judged),
        at_risk=at_risk,
        positions=positions,
    )


@dataclass(frozen=True)
class PairOutcome:
    """The figures of the two runs of one seed.

    Attributes
    ----------
    outcomes : tuple of Outcome
        Figures of both runs.
    judged : dict of str to float
        Figures of the change that lines of judgement are about, by dotted path; None where the run lacks one.
    at_risk : dict of str to float
        Collateral at risk in the baseline when the crash begins, in dollars, by fall of the price in percent.
    built : dict of str to float
        Positions, debt and collateral of the baseline.
    """

    outcomes: tuple[Outcome, ...]
    judged: dict[str, float | None]
    at_risk: dict[str, float]
    built: dict[str, float]


def read_pair(runs: tuple[Run, ...], *, figures: tuple[str, ...]) -> PairOutcome:
    """Return the figures of baseline and change, both finished."""
    before, after = runs
    return PairOutcome(
        outcomes=tuple(outcomes_of(before, after, (None, None))),
        judged={figure: figure_at(after.summary, figure) for figure in figures},
        at_risk=dict(before.summary.collateral_at_risk_usd.start),
        built=_built(before),
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
