"""Find the causes of a fall by further runs of the same seed, with classes of actor switched off.

Two figures come of them. Amplification is the fall over the fall without forced liquidations. Shapley values share the
fall among the classes of actor: each class gets its mean contribution over all orders of joining, which takes one run
per set of classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from cascade.analysis.prices.fall import Fall, fall_at, main_market
from cascade.experiments.causes.amplification import Amplification
from cascade.experiments.causes.players import MOST_PLAYERS, TooManyPlayers, entries_of, players_of, switched_off
from cascade.experiments.causes.result import Causes, CoalitionRun
from cascade.experiments.causes.shapley import Coalition, coalitions, shapley_values
from cascade.experiments.execution import HERE, Execution
from cascade.experiments.restored import restored_inputs
from cascade.experiments.runs import Job, read_runs
from cascade.run.opened import Run
from cascade.scenario.load import Scenario
from cascade.vocabulary import Role

__all__ = ["find_causes"]

_Entries = frozenset[str]
"""Entries of `agents` that are switched off."""

_NONE_OFF: _Entries = frozenset()


@dataclass(frozen=True)
class CoalitionOutcome:
    """The figures of one run."""

    run_id: str
    fall: Fall
    liquidations: int


def find_causes(
    run: Run,
    *,
    shapley: bool = False,
    groups: Sequence[Sequence[str]] = (),
    execution: Execution = HERE,
) -> Causes:
    """Run the scenario of a finished run again with classes of actor switched off.

    Parameters
    ----------
    run : Run
        The finished run, in which every class is active.
    shapley : bool
        Whether to make a run for every set of classes; otherwise only the one without keepers.
    groups : sequence
        Classes of actor to take together.
    execution : Execution
        Where the runs are made.

    Raises
    ------
    TooManyPlayers
        When Shapley values of more than five classes are asked for.
    NoMarket
        When no venue trades the main collateral.
    """
    with restored_inputs(run) as (scenario, like):
        return _find(run, scenario, like, shapley=shapley, groups=groups, execution=execution)


def _find(
    run: Run,
    scenario: Scenario,
    like: Scenario | None,
    *,
    shapley: bool,
    groups: Sequence[Sequence[str]],
    execution: Execution,
) -> Causes:
    market = main_market(run.frames)
    players = players_of(scenario.spec, groups=groups)
    if shapley and len(players) > MOST_PLAYERS:
        raise TooManyPlayers(
            f"{scenario.file}: {len(players)} classes of actor ({', '.join(players)}): Shapley values take at most "
            f"{MOST_PLAYERS}: take some together, as --group {'+'.join(list(players)[:2])}"
        )
    everyone = frozenset(players)
    sets = coalitions(list(players)) if shapley else []
    off_by_set = {active: entries_of(players, everyone - active) for active in sets}
    # Without groups: keepers alone are switched off, even where a group takes them together with another class.
    keepers = frozenset(players_of(scenario.spec).get(Role.KEEPER, ()))
    wanted = {*off_by_set.values(), keepers} - {_NONE_OFF}
    # The finished run is the one in which nothing is switched off: it is not made again.
    outcomes = {
        _NONE_OFF: read_coalition(run, asset=market.asset, source=market.source),
        **_run_without(wanted, scenario, like, market, execution=execution),
    }
    falls_e8 = {off: outcome.fall.fall_e8 for off, outcome in outcomes.items()}
    values_e8 = None
    # The worth of a set of players is the fall when only they act.
    if shapley:
        values_e8 = shapley_values(list(players), {active: falls_e8[off] for active, off in off_by_set.items()})
    return Causes(
        run=run,
        market=market,
        players=players,
        amplification=Amplification(falls_e8[_NONE_OFF], falls_e8[keepers]) if keepers else None,
        runs=tuple(
            CoalitionRun(_active(players, off), outcomes[off].run_id, outcomes[off].fall, outcomes[off].liquidations)
            for off in sorted(outcomes, key=lambda off: (len(off), sorted(off)))
        ),
        values_e8=values_e8,
    )


def _run_without(
    wanted: set[_Entries],
    scenario: Scenario,
    like: Scenario | None,
    market: Fall,
    *,
    execution: Execution,
) -> dict[_Entries, CoalitionOutcome]:
    """Make one run for each set of entries that is switched off."""
    # Sorted, so that the order of the runs does not depend on the hashes of strings.
    ordered = sorted(wanted, key=sorted)
    jobs = [Job(f"without {', '.join(sorted(off))}", switched_off(scenario, sorted(off)), like=like) for off in ordered]
    read = partial(read_coalition, asset=market.asset, source=market.source)
    outcomes = read_runs(jobs, read, kind=CoalitionOutcome, execution=execution)
    return dict(zip(ordered, outcomes, strict=True))


def read_coalition(run: Run, *, asset: str, source: str) -> CoalitionOutcome:
    """Return the figures of a finished run at one market."""
    return CoalitionOutcome(run.manifest.run_id, fall_at(run.frames, asset, source), len(run.liquidations))


def _active(players: dict[str, tuple[str, ...]], off: _Entries) -> Coalition:
    """Return the players of whom at least one entry acts."""
    return frozenset(player for player, entries in players.items() if not off.issuperset(entries))
