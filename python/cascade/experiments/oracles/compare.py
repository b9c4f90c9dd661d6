"""Compare oracle designs: one run per design, on the same positions and seed, with the same way back to par.

Without any recovery flow a slow oracle only delays what a fast one does. A scenario therefore states, beside the
designs, the recovery flow that every design shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cascade.analysis.prices.fall import Fall, NoMarket, main_market
from cascade.errors import ScenarioError, unknown_name
from cascade.experiments.causes.amplification import Amplification, amplifications
from cascade.experiments.comparison.positions import has_same_loops
from cascade.experiments.execution import HERE, Execution
from cascade.experiments.oracles.result import DesignRun, OracleComparison
from cascade.experiments.runs import Job, run_all
from cascade.run.opened import Run
from cascade.scenario.load import Scenario, vary
from cascade.scenario.tree import shown

__all__ = ["compare_oracles"]

_Sources = Mapping[str, object]
"""Price sources by asset, as YAML has them."""


def compare_oracles(
    scenario: Scenario,
    names: Sequence[str] | None = None,
    *,
    out: str | Path = "runs",
    amplification: bool = False,
    execution: Execution = HERE,
) -> OracleComparison:
    """Run a scenario under each of its oracle designs.

    Parameters
    ----------
    scenario : Scenario
        A scenario with a section `oracle_comparison`.
    names : sequence of str, optional
        Designs to run; None runs all.
    out : str or Path
        Folder that the folders of the runs are put into.
    amplification : bool
        Whether each is also run without forced liquidations.
    execution : Execution
        Where the runs are made.

    Raises
    ------
    ScenarioError
        When the scenario states no designs, or not one that is asked for.
    """
    designs = _designs_of(scenario, names)
    common = vary(scenario, scenario.spec.oracle_comparison.set)
    scenarios = [
        vary(common, {f"oracle.{asset}": source for asset, source in sources.items()}) for sources in designs.values()
    ]
    # The first design's positions stand in every run: a design changes no lending line, so the plans are the same.
    like = scenarios[0]
    jobs = [
        Job(f"oracle {name}", varied, like=like, report=True) for name, varied in zip(designs, scenarios, strict=True)
    ]
    runs = run_all(jobs, out=out, execution=execution)
    amplified: Sequence[Amplification | None] = [None] * len(runs)
    if amplification:
        pairs = list(zip(runs, scenarios, strict=True))
        amplified = amplifications(pairs, like=like, execution=execution)
    return OracleComparison(
        scenario=common,
        # `vary` appends its changes to the overrides that the scenario came with.
        recovery=common.overrides[len(scenario.overrides) :],
        designs=tuple(
            DesignRun(name, shown(dict(sources)), run, _market_of(run), ratio)
            for (name, sources), run, ratio in zip(designs.items(), runs, amplified, strict=True)
        ),
        has_same_positions=has_same_loops(*runs),
    )


def _designs_of(scenario: Scenario, names: Sequence[str] | None) -> dict[str, _Sources]:
    """Return the chosen designs as the scenario's text states them: its model would add every default."""
    known = list(scenario.spec.oracle_comparison.designs)
    if not known:
        raise ScenarioError(
            file=scenario.file,
            key="oracle_comparison.designs",
            value=None,
            expected="--oracle needs designs: a mapping of names to price sources by asset",
        )
    for name in names or ():
        if name not in known:
            # The option is at fault here, not the scenario's file.
            raise ScenarioError(
                file="--oracle", key="", value=name, expected=unknown_name("design", name, known, holder="the scenario")
            )
    # A design that is named twice is run once.
    chosen = {name: scenario.stated(f"oracle_comparison.designs.{name}") for name in dict.fromkeys(names or known)}
    return {name: sources for name, sources in chosen.items() if isinstance(sources, Mapping)}


def _market_of(run: Run) -> Fall | None:
    try:
        return main_market(run.frames)
    except NoMarket:
        return None
