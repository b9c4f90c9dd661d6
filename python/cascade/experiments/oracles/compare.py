"""Oracle designs side by side: one run a design, on the same positions and seed, with the same way back to par.

Without any recovery flow a slow oracle only delays what a fast one does, so a scenario states the flow that holds in
every design beside the designs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cascade.analysis.prices.fall import Fall, NoMarket, main_market
from cascade.errors import ScenarioError
from cascade.experiments.causes.further_runs import Amplification
from cascade.experiments.comparison.compare import amplifications
from cascade.experiments.runs import Job, run_all
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.scenario.load import Scenario, vary

__all__ = ["DesignRun", "OracleComparison", "compare_oracles"]


@dataclass(frozen=True)
class DesignRun:
    """One design's run.

    Attributes
    ----------
    name : str
        As the scenario names it.
    sources : str
        Its price sources, as YAML in one line.
    market : Fall, optional
        Of the main collateral; None where no venue trades it.
    amplification : Amplification, optional
        None where it was not asked for, or nothing is liquidated by keepers.
    """

    name: str
    sources: str
    run: Run
    market: Fall | None
    amplification: Amplification | None

    @property
    def oracle_trough_usd(self) -> float | None:
        """Lowest price of the main collateral that the pool saw."""
        summary: dict[str, Any] = self.run.summary
        asset = (summary["trough_at"] or {}).get("asset")
        lowest: float | None = summary["trough"].get(asset, {}).get("oracle")
        return lowest


@dataclass(frozen=True)
class OracleComparison:
    """Every design of a scenario.

    Attributes
    ----------
    scenario : Scenario
        With the keys that hold in every design.
    recovery : tuple of str
        Those keys, as `PATH=VALUE`.
    has_same_positions : bool
        Whether every run built the same loops, to the unit.
    """

    scenario: Scenario
    recovery: tuple[str, ...]
    designs: tuple[DesignRun, ...]
    has_same_positions: bool


def compare_oracles(
    scenario: Scenario,
    names: Sequence[str] | None = None,
    *,
    out: str | Path = "runs",
    amplification: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> OracleComparison:
    """Run a scenario under each of its oracle designs.

    Parameters
    ----------
    names : sequence of str, optional
        Designs to run; all by default.

    Raises
    ------
    ScenarioError
        When the scenario states no designs, or not the one asked for.
    """
    stated = yaml.safe_load(scenario.text).get("oracle_comparison") or {}
    designs: dict[str, dict[str, Any]] = stated.get("designs") or {}
    if not designs:
        raise ScenarioError(
            file=scenario.file,
            key="oracle_comparison.designs",
            value=None,
            expected="--oracle needs designs: a mapping of names to price sources by asset",
        )
    for name in names or ():
        if name not in designs:
            raise ScenarioError(
                file="--oracle", key="", value=name, expected=f"unknown design; the scenario has {', '.join(designs)}"
            )
    chosen = list(dict.fromkeys(names or designs))
    common = vary(scenario, stated.get("set") or {})
    recovery = common.overrides[len(scenario.overrides) :]
    scenarios = {
        name: vary(common, {f"oracle.{asset}": source for asset, source in designs[name].items()}) for name in chosen
    }
    # The first design's positions stand in all: the plans are the same, and nothing of the pool's lines differs.
    like = scenarios[chosen[0]]
    jobs = [Job(f"oracle {name}", scenarios[name], like=like, report=True) for name in chosen]
    runs = run_all(jobs, out=out, workers=workers, progress=progress)
    amplified: Sequence[Amplification | None] = [None] * len(runs)
    if amplification:
        pairs = list(zip(runs, scenarios.values(), strict=True))
        amplified = amplifications(pairs, like=like, workers=workers, progress=progress)
    columns = ["borrower", "round", "borrowed_raw", "supplied_raw", "collateral_raw", "debt_raw"]
    loops = [run.loops[columns].to_dict("records") for run in runs]
    return OracleComparison(
        scenario=common,
        recovery=recovery,
        designs=tuple(
            DesignRun(name, _in_one_line(designs[name]), run, _market(run), one)
            for name, run, one in zip(chosen, runs, amplified, strict=True)
        ),
        has_same_positions=all(built == loops[0] for built in loops),
    )


def _market(run: Run) -> Fall | None:
    try:
        return main_market(run.frames)
    except NoMarket:
        return None


def _in_one_line(sources: dict[str, Any]) -> str:
    return yaml.safe_dump(sources, default_flow_style=True, sort_keys=False, width=10**6).strip()
