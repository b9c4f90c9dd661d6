"""Amplification: the fall of a market, over its fall in the same run without forced liquidations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.analysis.prices.fall import Fall, NoMarket, falls_at_venues, main_market
from cascade.experiments.causes.players import players_of, switched_off
from cascade.experiments.execution import HERE, Execution
from cascade.experiments.runs import Job, read_runs
from cascade.run.opened import Run
from cascade.scenario.load import Scenario
from cascade.vocabulary import Role

__all__ = ["Amplification", "amplification_of", "amplifications", "keepers_off"]


@dataclass(frozen=True)
class Amplification:
    """The fall of a market with and without forced liquidations, in dollars with 8 decimals."""

    fall_e8: int
    without_liquidations_e8: int

    @property
    def ratio(self) -> float | None:
        """The fall over that without liquidations; None where the market does not fall without them."""
        return self.fall_e8 / self.without_liquidations_e8 if self.without_liquidations_e8 else None


def keepers_off(scenario: Scenario) -> Scenario | None:
    """Return the scenario without forced liquidations; None where no keeper acts."""
    entries = players_of(scenario.spec).get(Role.KEEPER)
    return None if entries is None else switched_off(scenario, entries)


def amplification_of(run: Run, without: Sequence[Fall]) -> Amplification:
    """Return the amplification from a run, and the falls of the same run with its keepers switched off.

    Raises
    ------
    NoMarket
        When no venue trades the main collateral.
    """
    market = main_market(run.frames)
    # The same venue in both runs: the one that fell most with liquidations.
    other = next((fall for fall in without if (fall.asset, fall.source) == (market.asset, market.source)), None)
    if other is None:
        raise NoMarket(f"{run.folder.name}: {market.source} prices {market.asset} in one of two runs alone")
    return Amplification(market.fall_e8, other.fall_e8)


def amplifications(
    runs: Sequence[tuple[Run, Scenario]], *, like: Scenario, execution: Execution = HERE
) -> list[Amplification | None]:
    """Make each run again without forced liquidations, and return their amplifications.

    Parameters
    ----------
    runs : sequence of (Run, Scenario)
        Finished runs, each with its scenario.
    like : Scenario
        The baseline whose positions stand in all of them.
    execution : Execution
        Where they are made.

    Returns
    -------
    list
        One entry per run; None where its scenario has no keeper, or its main collateral no market.
    """
    without = [(number, keepers_off(scenario)) for number, (_, scenario) in enumerate(runs)]
    # By the number of the run: a scenario without keepers has no job.
    jobs = {
        number: Job(f"{runs[number][1].file} without liquidations", scenario, like=like)
        for number, scenario in without
        if scenario is not None
    }
    found: list[Amplification | None] = [None] * len(runs)
    finished = read_runs(list(jobs.values()), read_venues, kind=list[Fall], execution=execution)
    for number, falls in zip(jobs, finished, strict=True):
        try:
            found[number] = amplification_of(runs[number][0], falls)
        except NoMarket:
            continue
    return found


def read_venues(run: Run) -> list[Fall]:
    """Return the falls of a finished run at every venue."""
    return falls_at_venues(run.frames)
