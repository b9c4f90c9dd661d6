"""Causes by further runs of the same seed: what the fall would have been with some classes of actor switched off.

Two figures. Amplification is the fall over the fall with forced liquidations off. Shapley values share the fall among
the classes of actor: each gets its mean contribution over all orders of joining, which takes a run for every set of
classes. Buyers, arbitrageurs, oracles and exogenous flow are environment: they act in every run.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from cascade.analysis.prices.fall import Fall, fall_at, main_market
from cascade.errors import CascadeError
from cascade.experiments.causes.shapley import Coalition, coalitions, shapley_values
from cascade.experiments.runs import Job, run_all
from cascade.report.run.page import build_report
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.run.verification import scenarios_of
from cascade.scenario.load import Scenario, vary
from cascade.scenario.model import ScenarioSpec
from cascade.vocabulary import Role

__all__ = [
    "Amplification",
    "Causes",
    "TooManyPlayers",
    "amplification_of",
    "find_causes",
    "keepers_off",
    "players_of",
    "save_causes",
]

MOST_PLAYERS = 5
"""A run for every set of them: 32 at the most."""


class TooManyPlayers(CascadeError, ValueError):
    """More classes of actor than runs are made for."""


@dataclass(frozen=True)
class Amplification:
    """What forced liquidations added to a fall; dollars with 8 decimals."""

    fall_e8: int
    without_liquidations_e8: int

    @property
    def ratio(self) -> float | None:
        """Fall over fall without liquidations; None where the market did not fall without them."""
        return self.fall_e8 / self.without_liquidations_e8 if self.without_liquidations_e8 else None


@dataclass(frozen=True)
class CoalitionRun:
    """One run, with only some classes of actor active."""

    active: Coalition
    run_id: str
    fall: Fall
    liquidations: int


@dataclass(frozen=True)
class Causes:
    """What further runs of a run's seed say.

    Attributes
    ----------
    run : Run
        The run with everyone active.
    market : Fall
        Its fall.
    players : dict
        Entries of `agents` by class of actor.
    amplification : Amplification, optional
        None where no keeper acts.
    runs : tuple of CoalitionRun
        Every run made, the first with everyone.
    values_e8 : dict, optional
        Shapley values by class, dollars with 8 decimals, exact; None where they were not asked for.
    """

    run: Run
    market: Fall
    players: dict[str, tuple[str, ...]]
    amplification: Amplification | None
    runs: tuple[CoalitionRun, ...]
    values_e8: dict[str, Fraction] | None


def players_of(spec: ScenarioSpec, *, groups: Sequence[Sequence[str]] = ()) -> dict[str, tuple[str, ...]]:
    """Classes of actor that a scenario switches, with their entries of `agents`.

    Parameters
    ----------
    groups : sequence
        Classes taken together, as one player named `a+b`.

    Raises
    ------
    CascadeError
        When a group names a class that does not act, or twice.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, agent in spec.agents.items():
        if agent.active and agent.is_player:
            found[agent.actor_class] = (*found.get(agent.actor_class, ()), name)
    for group in groups:
        entries: list[str] = []
        for role in group:
            if role not in found:
                classes = ", ".join(found)
                raise CascadeError(f"--group {'+'.join(group)}: {role}: expected some of {classes}, each once")
            entries += found.pop(role)
        found["+".join(group)] = tuple(entries)
    return found


def keepers_off(scenario: Scenario) -> Scenario | None:
    """The scenario without forced liquidations; None where no keeper acts."""
    entries = players_of(scenario.spec).get(Role.KEEPER)
    return None if entries is None else _switched(scenario, entries)


def amplification_of(run: Run, without: Run) -> Amplification:
    """Amplification from a run and the same run with its keepers off."""
    market = main_market(run.frames)
    return Amplification(market.fall_e8, fall_at(without.frames, market.asset, market.source).fall_e8)


def find_causes(
    run: Run,
    *,
    shapley: bool = False,
    groups: Sequence[Sequence[str]] = (),
    workers: int = 1,
    progress: Progress | None = None,
) -> Causes:
    """Run a finished run's scenario again with classes of actor switched off.

    Parameters
    ----------
    shapley : bool
        Whether to run every set of classes; else only the one without keepers.
    groups : sequence
        Classes of actor taken together.
    workers : int
        Processes.

    Raises
    ------
    TooManyPlayers
        When Shapley values of more than five classes are asked for.
    NoMarket
        When the main collateral is traded nowhere.
    """
    scenario, like = scenarios_of(run)
    market = main_market(run.frames)
    players = players_of(scenario.spec, groups=groups)
    if shapley and len(players) > MOST_PLAYERS:
        raise TooManyPlayers(
            f"{scenario.file}: {len(players)} classes of actor ({', '.join(players)}): Shapley values take at most "
            f"{MOST_PLAYERS}: take some together, as --group {'+'.join(list(players)[:2])}"
        )
    keepers = players_of(scenario.spec).get(Role.KEEPER, ())
    everyone = frozenset(players)
    inactive = {
        active: _entries(players, everyone - active) for active in (coalitions(list(players)) if shapley else ())
    }
    wanted = {off for off in [*inactive.values(), frozenset(keepers)] if off}
    jobs = {
        off: Job(f"without {', '.join(sorted(off))}", _switched(scenario, sorted(off)), like=like)
        for off in sorted(wanted, key=sorted)
    }
    with tempfile.TemporaryDirectory(prefix="cascade-causes-") as folder:
        finished = run_all(list(jobs.values()), out=folder, workers=workers, progress=progress)
        made = dict(zip(jobs, finished, strict=True))
        made[frozenset()] = run
        outcomes = {
            off: (one.manifest.run_id, fall_at(one.frames, market.asset, market.source), len(one.liquidations))
            for off, one in made.items()
        }
    falls = {off: fall.fall_e8 for off, (_, fall, _) in outcomes.items()}
    values = None
    if shapley:
        values = shapley_values(list(players), {active: falls[off] for active, off in inactive.items()})
    return Causes(
        run=run,
        market=market,
        players=players,
        amplification=Amplification(falls[frozenset()], falls[frozenset(keepers)]) if keepers else None,
        runs=tuple(CoalitionRun(_classes(players, off), *outcomes[off]) for off in sorted(outcomes, key=_by_size)),
        values_e8=values,
    )


def save_causes(causes: Causes) -> Path:
    """Write `causes.json` into the run's folder, the figures into its summary, and draw its page anew.

    The tables stay as they are, so the run is verified as before.

    Returns
    -------
    Path
        The file.
    """
    folder, amplification, values = causes.run.folder, causes.amplification, causes.values_e8
    ratio = None if amplification is None else amplification.ratio
    content = {
        "run_id": causes.run.manifest.run_id,
        "asset": causes.market.asset,
        "source": causes.market.source,
        "start_e8": causes.market.start_e8,
        "players": {player: list(entries) for player, entries in causes.players.items()},
        "amplification": None
        if amplification is None
        else {
            "fall_e8": amplification.fall_e8,
            "without_liquidations_e8": amplification.without_liquidations_e8,
            "ratio": ratio,
        },
        "runs": [
            {
                "active": sorted(one.active),
                "run_id": one.run_id,
                "liquidations": one.liquidations,
                "trough_e8": one.fall.trough_e8,
                "fall_e8": one.fall.fall_e8,
            }
            for one in causes.runs
        ],
        "shapley": None
        if values is None
        else {
            player: {"numerator_e8": value.numerator, "denominator": value.denominator, "usd": _usd(value)}
            for player, value in values.items()
        },
    }
    summary = causes.run.summary | {
        "amplification": ratio,
        "shapley": None if values is None else {player: _usd(value) for player, value in values.items()},
    }
    file = _replace_json(folder / "causes.json", content)
    _replace_json(folder / "summary.json", summary)
    build_report(folder)
    return file


def _switched(scenario: Scenario, entries: Iterable[str]) -> Scenario:
    return vary(scenario, {f"agents.{name}.active": False for name in entries})


def _by_size(off: frozenset[str]) -> tuple[int, list[str]]:
    return len(off), sorted(off)


def _entries(players: dict[str, tuple[str, ...]], classes: Coalition) -> frozenset[str]:
    return frozenset(name for player in classes for name in players[player])


def _classes(players: dict[str, tuple[str, ...]], off: frozenset[str]) -> Coalition:
    """Players of whom at least one entry acts."""
    return frozenset(player for player, entries in players.items() if not off.issuperset(entries))


def _usd(value_e8: Fraction) -> float:
    return float(value_e8 / 10**8)


def _replace_json(file: Path, content: dict[str, Any]) -> Path:
    partial = file.with_name(f".partial-{file.name}-{os.getpid()}")
    partial.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(file)
    return file
