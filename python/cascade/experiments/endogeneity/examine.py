"""Is a crash caused from within? Many seeds, then without leverage, without liquidations, and with other values.

A crash counts as endogenous when every seed ends as the scenario expects, the market hardly falls without leverage,
and falls much less without liquidations. The table says how far each parameter moves the trough.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from cascade.analysis.prices.fall import fall_at, main_market
from cascade.errors import CascadeError, ScenarioError
from cascade.experiments.causes.further_runs import keepers_off
from cascade.experiments.endogeneity.intervals import Quantile, quantile
from cascade.experiments.runs import Job, run_all
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.scenario.load import Scenario, vary

__all__ = ["Criterion", "Endogeneity", "Figures", "examine", "scaled", "trials_of"]

LEAST_WITHOUT_LEVERAGE = 0.99
"""Of its price at the start, what the market keeps when nobody has looped."""

LEAST_WITHOUT_LIQUIDATIONS = 0.85
"""Of its price at the start, what the market keeps when no keeper acts."""

_SCALES_PCT = (80, 90, 110, 120)
_SHARES_PCT = (50, 95, 99)


@dataclass(frozen=True)
class Figures:
    """What one run ended with.

    Attributes
    ----------
    changes : tuple of str
        What it changes of the scenario, as `PATH=VALUE`.
    met : bool
        Whether it ended as the scenario expects.
    trough_usd, start_usd : float
        Of the main collateral's market.
    shortfall_oracle_usd, shortfall_exit_usd : float, optional
        At the trough; None where a valuation has no price.
    """

    changes: tuple[str, ...]
    run_id: str
    tables_sha256: str
    seed: int
    met: bool
    start_usd: float
    trough_usd: float
    liquidations: int
    deficit_usd: float
    shortfall_oracle_usd: float | None
    shortfall_exit_usd: float | None

    @property
    def kept(self) -> float:
        """Share of its price that the market kept at its trough."""
        return self.trough_usd / self.start_usd

    @property
    def fall_usd(self) -> float:
        """From the start to the trough."""
        return self.start_usd - self.trough_usd


@dataclass(frozen=True)
class Criterion:
    """A claim about the runs, and whether it holds."""

    claim: str
    outcome: str
    met: bool


@dataclass(frozen=True)
class Trial:
    """A value tried in place of the scenario's own."""

    path: str
    value: Any
    figures: Figures


@dataclass(frozen=True)
class Endogeneity:
    """Everything the examination found.

    Attributes
    ----------
    market : str
        Asset and source whose trough is meant.
    seeds : tuple of Figures
        A run a seed; the first is the scenario's own, the baseline of the table.
    without_liquidations : Figures, optional
        None where no keeper acts.
    trials : tuple of Trial
        One value of one parameter each.
    """

    scenario: Scenario
    market: str
    seeds: tuple[Figures, ...]
    without_leverage: Figures
    without_liquidations: Figures | None
    trials: tuple[Trial, ...]

    @property
    def baseline(self) -> Figures:
        """The scenario as it is."""
        return self.seeds[0]

    @property
    def criteria(self) -> list[Criterion]:
        """What an endogenous crash must show."""
        met = sum(one.met for one in self.seeds)
        found = [
            Criterion("every seed ends as expected", f"{met} of {len(self.seeds)}", met == len(self.seeds)),
            _keeps("without leverage", self.without_leverage, LEAST_WITHOUT_LEVERAGE),
        ]
        if self.without_liquidations is not None:
            found.append(_keeps("without liquidations", self.without_liquidations, LEAST_WITHOUT_LIQUIDATIONS))
        return found

    def quantiles(self, figure: str) -> list[Quantile]:
        """Median, 95 and 99 % over the seeds, with intervals of 95 % confidence; empty where a run has no figure."""
        values = [getattr(one, figure) for one in self.seeds]
        return [] if None in values else [quantile(values, share) for share in _SHARES_PCT]

    def to_json(self) -> str:
        """All of it, as text."""
        content = {
            "scenario": self.scenario.file,
            "market": self.market,
            "criteria": [asdict(one) for one in self.criteria],
            "seeds": [asdict(one) for one in self.seeds],
            "quantiles": {
                figure: [asdict(one) for one in self.quantiles(figure)]
                for figure in ("fall_usd", "deficit_usd", "shortfall_oracle_usd", "shortfall_exit_usd")
            },
            "intervals": "order statistics by the binomial distribution, 95 % confidence; null: too few seeds",
            "without_leverage": asdict(self.without_leverage),
            "without_liquidations": None if self.without_liquidations is None else asdict(self.without_liquidations),
            "sensitivity": [asdict(one) for one in self.trials],
        }
        return json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"


def _keeps(what: str, figures: Figures, least: float) -> Criterion:
    return Criterion(f"{what} the market keeps {least:.2f}", f"{figures.kept:.4f}", figures.kept >= least)


def examine(
    scenario: Scenario,
    *,
    seeds: int = 20,
    paths: Sequence[str] = (),
    workers: int = 1,
    progress: Progress | None = None,
) -> Endogeneity:
    """Run the scenario with many seeds, without leverage, without liquidations, and with other values.

    The runs are made in a folder that is removed afterwards; what reproduces each is in its figures.

    Parameters
    ----------
    seeds : int
        How many, from the scenario's own on.
    paths : sequence of str
        Keys to vary by 10 and 20 % beside the scenario's `sensitivity`.

    Raises
    ------
    ScenarioError
        When a key cannot be varied.
    NoMarket
        When no venue trades the main collateral.
    """
    trials = trials_of(scenario, paths)
    jobs = [Job(f"seed {seed}", vary(scenario, {"seed": seed})) for seed in range(scenario.seed, scenario.seed + seeds)]
    jobs.append(Job("without leverage", _unlevered(scenario)))
    without = keepers_off(scenario)
    if without is not None:
        jobs.append(Job("without liquidations", without, like=scenario))
    # Lines of the pool change under standing positions, as in a comparison; everything else is built as changed.
    jobs += [Job(f"{path}={value}", vary(scenario, {path: value}), like=scenario) for path, value in trials]
    with tempfile.TemporaryDirectory(prefix="cascade-endogeneity-") as folder:
        runs = run_all(jobs, out=folder, workers=workers, progress=progress)
        market = main_market(runs[0].frames)
        known = len(scenario.overrides)
        figures = [
            _figures(run, job.scenario.overrides[known:], market.asset, market.source)
            for job, run in zip(jobs, runs, strict=True)
        ]
    others = figures[seeds:]
    return Endogeneity(
        scenario=scenario,
        market=f"{market.asset}, {market.source}",
        seeds=tuple(figures[:seeds]),
        without_leverage=others[0],
        without_liquidations=None if without is None else others[1],
        trials=tuple(
            Trial(path, value, one)
            for (path, value), one in zip(trials, others[1 if without is None else 2 :], strict=True)
        ),
    )


def trials_of(scenario: Scenario, paths: Sequence[str] = ()) -> list[tuple[str, Any]]:
    """What is tried: the scenario's `sensitivity`, then each path at 80, 90, 110 and 120 % of its value.

    Raises
    ------
    ScenarioError
        When a path leads to no number.
    """
    stated = [(path, value) for path, values in scenario.spec.sensitivity.items() for value in values]
    tree = yaml.safe_load(scenario.text)
    for path in paths:
        node = tree
        for part in path.split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        try:
            stated += [(path, scaled(node, share)) for share in _SCALES_PCT]
        except CascadeError as error:
            raise ScenarioError(file=scenario.file, key=path, value=node, expected=str(error)) from error
    return stated


def scaled(value: Any, share_pct: int) -> Any:
    """So many per cent of a number, or of every number in a section; whole numbers stay whole."""
    if isinstance(value, Mapping) and value:
        return {key: scaled(inner, share_pct) for key, inner in value.items()}
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CascadeError("expected a number, or a section of numbers, that the scenario's file states")
    return round(value * share_pct / 100, 12) if isinstance(value, float) else (value * share_pct + 50) // 100


def _unlevered(scenario: Scenario) -> Scenario:
    changes: dict[str, Any] = {"expect": {"liquidations": "none"}}
    for name in scenario.spec.positions:
        changes[f"positions.{name}.rounds"] = 0
        changes[f"positions.{name}.target"] = {"ltv_per_round_bps": 1}
    return vary(scenario, changes)


def _figures(run: Run, changes: tuple[str, ...], asset: str, source: str) -> Figures:
    summary, fall = run.summary, fall_at(run.frames, asset, source)
    shortfall = summary["shortfall_usd"]["trough"]
    return Figures(
        changes=changes,
        run_id=run.manifest.run_id,
        tables_sha256=str(summary["tables_sha256"]),
        seed=run.manifest.seed,
        met=run.manifest.expectation.met,
        start_usd=fall.start_e8 / 10**8,
        trough_usd=fall.trough_e8 / 10**8,
        liquidations=int(summary["liquidations"]),
        deficit_usd=float(summary["deficit_usd"]),
        shortfall_oracle_usd=shortfall["oracle"],
        shortfall_exit_usd=shortfall["exit"],
    )
