"""Examine whether a crash is endogenous: many seeds, no leverage, no liquidations, and other parameter values.

A crash counts as endogenous when every seed ends as the scenario expects, the market hardly falls without leverage,
and falls much less without liquidations. The sensitivities show how far each parameter moves the trough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cascade.analysis.prices.fall import Fall, NoMarket, falls_at_venues, main_market
from cascade.errors import CascadeError, ScenarioError
from cascade.experiments.causes.amplification import keepers_off
from cascade.experiments.endogeneity.result import Endogeneity, RunFigures, Trial
from cascade.experiments.execution import HERE, Execution
from cascade.experiments.runs import Job, read_runs
from cascade.run.opened import Run
from cascade.scenario.load import Scenario, vary
from cascade.units import e8_to_float

__all__ = ["examine_endogeneity", "scaled", "trials_of"]

_SCALES_PCT = (80, 90, 110, 120)
_WHOLE_PCT = 100


def examine_endogeneity(
    scenario: Scenario,
    *,
    seeds: int = 20,
    paths: Sequence[str] = (),
    execution: Execution = HERE,
) -> Endogeneity:
    """Run a scenario with many seeds, without leverage, without liquidations, and with other parameter values.

    The runs are made in folders that are removed; the figures of each hold what reproduces its run.

    Parameters
    ----------
    scenario : Scenario
        The scenario whose crash is examined.
    seeds : int
        Number of seeds, counted up from the scenario's own.
    paths : sequence of str
        Keys to vary by 10 and 20 %, in addition to the scenario's `sensitivity`.
    execution : Execution
        Where the runs are made.

    Raises
    ------
    ScenarioError
        When a key cannot be varied.
    NoMarket
        When no venue trades the main collateral.
    """
    trials = trials_of(scenario, paths)
    jobs = [Job(f"seed {seed}", vary(scenario, {"seed": seed})) for seed in range(scenario.seed, scenario.seed + seeds)]
    jobs.append(Job("without leverage", _without_leverage(scenario)))
    without_keepers = keepers_off(scenario)
    if without_keepers is not None:
        jobs.append(Job("without liquidations", without_keepers, like=scenario))
    # A change of the pool's lending lines is made under standing positions, as in a comparison: positions built under
    # other lines would mix two effects. Every other change is built as changed.
    jobs += [Job(f"{path}={value}", vary(scenario, {path: value}), like=scenario) for path, value in trials]
    found = read_runs(jobs, read_falls, kind=RunFalls, execution=execution)
    market = found[0].main
    if market is None:
        raise NoMarket(
            f"{scenario.file}: no venue trades the main collateral: endogeneity needs a stable-swap or "
            "constant-product pool of it"
        )
    # The overrides that the scenario came with are in every run; those after them are a run's own changes.
    known = len(scenario.overrides)
    figures = [
        run.figures(market, changes=job.scenario.overrides[known:]) for job, run in zip(jobs, found, strict=True)
    ]
    # In the order of the jobs: the seeds, without leverage, without liquidations where a keeper acts, the trials.
    of_trials = figures[seeds + (1 if without_keepers is None else 2) :]
    return Endogeneity(
        scenario=scenario,
        market=f"{market.asset}, {market.source}",
        seeds=tuple(figures[:seeds]),
        without_leverage=figures[seeds],
        without_liquidations=None if without_keepers is None else figures[seeds + 1],
        trials=tuple(Trial(path, value, run) for (path, value), run in zip(trials, of_trials, strict=True)),
    )


def trials_of(scenario: Scenario, paths: Sequence[str] = ()) -> list[tuple[str, object]]:
    """Return the values to try: the scenario's `sensitivity`, then each path at 80, 90, 110 and 120 % of its value.

    A whole number is rounded away from the value, so that each trial differs from it, and equal trials are made once:
    2 is tried at 1 and at 3.

    Raises
    ------
    ScenarioError
        When a path does not lead to a number, or to zeros alone, of which every share is the same.
    """
    trials: list[tuple[str, object]] = [
        (path, value) for path, values in scenario.spec.sensitivity.items() for value in values
    ]
    for path in paths:
        node = scenario.stated(path)
        try:
            values = [scaled(node, share) for share in _SCALES_PCT]
        except CascadeError as error:
            raise ScenarioError(file=scenario.file, key=path, value=node, expected=str(error)) from error
        distinct = [value for number, value in enumerate(values) if value != node and value not in values[:number]]
        if not distinct:
            expected = "has no share to try: state the values under sensitivity"
            raise ScenarioError(file=scenario.file, key=path, value=node, expected=expected)
        trials += [(path, value) for value in distinct]
    return trials


def scaled(value: object, share_pct: int) -> object:
    """Return a share of a number, or of every number in a section; whole numbers stay whole, rounded away from it.

    Raises
    ------
    CascadeError
        When the value is neither a number nor a section of numbers.
    """
    if isinstance(value, Mapping) and value:
        return {key: scaled(inner, share_pct) for key, inner in value.items()}
    # A bool is an int to Python, and no quantity to a scenario.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CascadeError("expected a number, or a section of numbers, that the scenario's file states")
    if isinstance(value, float):
        # Twelve decimals hide the error of binary fractions: 0.95 * 1.1 is 1.045, not 1.0449999999999999.
        return round(value * share_pct / 100, 12)
    # Downwards for a smaller share and upwards for a larger one.
    return value * share_pct // 100 if share_pct < _WHOLE_PCT else -(-value * share_pct // 100)


def _without_leverage(scenario: Scenario) -> Scenario:
    # Without leverage nothing can be liquidated: a scenario that claims liquidations would be refused before the run.
    changes: dict[str, object] = {"expect": {"liquidations": "none"}}
    for name in scenario.spec.account_files:
        changes[f"positions.{name}.borrows"] = False
    for name in scenario.spec.cohorts:
        # Without rounds nothing is borrowed, whatever the target; a target must be stated all the same.
        changes[f"positions.{name}.rounds"] = 0
        changes[f"positions.{name}.target"] = {"ltv_per_round_bps": 1}
    return vary(scenario, changes)


@dataclass(frozen=True)
class RunFalls:
    """The figures of one run, with the falls of all its markets: which of them counts, the first run decides.

    Attributes
    ----------
    main : Fall, optional
        Fall of its main collateral's market; None where no venue trades it.
    falls : tuple of Fall
        Every fall at a venue.
    """

    main: Fall | None
    falls: tuple[Fall, ...]
    run_id: str
    tables_sha256: str
    seed: int
    met: bool
    liquidations: int
    deficit_usd: float
    shortfall_oracle_usd: float | None
    shortfall_exit_usd: float | None

    def figures(self, market: Fall, *, changes: tuple[str, ...]) -> RunFigures:
        """Return the figures of the run at a market.

        Raises
        ------
        NoMarket
            When the run has no such market.
        """
        fall = next((one for one in self.falls if (one.asset, one.source) == (market.asset, market.source)), None)
        if fall is None:
            raise NoMarket(f"{self.run_id}: {market.asset} has no price {market.source} at the start of the crash")
        return RunFigures(
            changes=changes,
            run_id=self.run_id,
            tables_sha256=self.tables_sha256,
            seed=self.seed,
            met=self.met,
            start_usd=e8_to_float(fall.start_e8),
            trough_usd=e8_to_float(fall.trough_e8),
            liquidations=self.liquidations,
            deficit_usd=self.deficit_usd,
            shortfall_oracle_usd=self.shortfall_oracle_usd,
            shortfall_exit_usd=self.shortfall_exit_usd,
        )


def read_falls(run: Run) -> RunFalls:
    """Return the figures of a finished run."""
    summary = run.summary
    try:
        main = main_market(run.frames)
    except NoMarket:
        main = None
    return RunFalls(
        main=main,
        falls=tuple(falls_at_venues(run.frames)),
        run_id=run.manifest.run_id,
        tables_sha256=summary.tables_sha256,
        seed=run.manifest.seed,
        met=run.manifest.outcome.met,
        liquidations=summary.liquidations,
        deficit_usd=summary.deficit_usd,
        shortfall_oracle_usd=summary.shortfall_usd.trough.oracle,
        shortfall_exit_usd=summary.shortfall_usd.trough.exit,
    )
