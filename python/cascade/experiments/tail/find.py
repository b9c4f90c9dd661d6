"""Estimate the probability of a rare outcome from the runs of a scenario."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from cascade.experiments.execution import HERE, Execution
from cascade.experiments.frontier.condition import Condition
from cascade.experiments.identity import identity_of
from cascade.experiments.runs import Job, read_runs
from cascade.experiments.seeds.figures import figure_at
from cascade.experiments.tail.draws import require_tail, values_of
from cascade.experiments.tail.journal import Journal
from cascade.experiments.tail.simulate import Rank, Ranked, Sample, Simulation, simulate
from cascade.run.opened import Run
from cascade.run.progress import quiet
from cascade.scenario.load import Scenario, vary
from cascade.scenario.tree import shown

__all__ = ["Tail", "find_tail", "rank_of", "signed"]

_ALONE, _MOST_AT_ONCE = 16, 256
"""Runs that are made between two writes of the journal, in this process and in others, which take time to start."""
_ID_DIGITS = 10


@dataclass(frozen=True)
class Tail:
    """The probability of an outcome.

    Attributes
    ----------
    scenario : Scenario
        The scenario whose keys were drawn.
    condition : Condition
        The outcome.
    simulation : Simulation
        The levels.
    folder : Path
        Folder of the journal of runs.
    """

    scenario: Scenario
    condition: Condition
    simulation: Simulation
    folder: Path

    @property
    def likeliest(self) -> Ranked | None:
        """The run that meets the outcome at the likeliest values of the random keys; None where none does."""
        return min(self.simulation.met, key=lambda one: sum(u * u for u in one.sample.normals), default=None)

    def command_of(self, one: Ranked, file: Path) -> str:
        """Return the command that makes a run alone, with its page."""
        tail = require_tail(self.scenario)
        words = ["cascade", "replay", str(file)]
        for change in self.scenario.overrides:
            # What is drawn is a section of many words, and changes no run.
            if not change.startswith(("tail.", "tail=", "seed=")):
                words += ["--set", change]
        for path, value in values_of(tail.draw, one.sample.normals).items():
            words += ["--set", f"{path}={shown(value)}"]
        return shlex.join([*words, "--seed", str(_seed_of(self.scenario, one.sample))])


def find_tail(
    scenario: Scenario,
    condition: Condition,
    *,
    samples: int,
    out: Path,
    execution: Execution = HERE,
) -> Tail:
    """Estimate the probability that a run of a scenario meets a condition, over the keys that its `tail` draws.

    Parameters
    ----------
    samples : int
        Samples of a level.
    out : Path
        Folder that the folder of the journal is put into. Runs that it holds are not made again.
    execution : Execution
        Where the runs are made; the journal keeps them in place of its folder of outcomes.

    Raises
    ------
    ScenarioError
        Before anything runs, when the scenario draws nothing, or draws a key that is not there.
    RunFailed
        When a run fails; those that have ended are kept.
    CascadeError
        When a run does not have the figure of the condition: whether it meets it is unknown then.
    """
    tail = require_tail(scenario)
    unkept = replace(execution, kept=None, progress=quiet())
    paths = (condition.figure, *tail.guides)
    folder = out / f"tail-{scenario.spec.name}-{_identity(scenario, paths)[:_ID_DIGITS]}"
    journal = Journal(folder)

    def make(missing: Mapping[str, tuple[Mapping[str, object], int]]) -> None:
        names, size = list(missing), _ALONE if execution.is_here else _MOST_AT_ONCE
        with execution.progress.bar("runs", len(names)) as advance:
            for start in range(0, len(names), size):
                part = names[start : start + size]
                jobs = [_job(scenario, *missing[name]) for name in part]
                read = partial(read_figures, condition=condition, paths=paths)
                found = read_runs(jobs, read, kind=tuple[float | None, ...], execution=unkept)
                journal.keep(zip(part, found, strict=True))
                advance(len(part))

    def evaluate(wanted: Sequence[Sample]) -> list[Rank]:
        drawn = [(values_of(tail.draw, sample.normals), _seed_of(scenario, sample)) for sample in wanted]
        keys = [Journal.key_of(*one) for one in drawn]
        missing = {key: one for key, one in zip(keys, drawn, strict=True) if key not in journal.figures}
        if missing:
            make(missing)
        return [rank_of(condition, list(tail.guides.values()), journal.figures[key]) for key in keys]

    simulation = simulate(
        len(tail.draw),
        evaluate=evaluate,
        is_met=lambda rank: condition.holds_for(signed(condition, rank[0])),
        samples=samples,
        seed=scenario.seed,
        draws_seeds=tail.seeds == "drawn",
    )
    return Tail(scenario, condition, simulation, folder)


def rank_of(condition: Condition, directions: Sequence[str], figures: Sequence[float | None]) -> Rank:
    """Return how near a run is to a condition: its own figure first, and then the guides in their order.

    Parameters
    ----------
    directions : sequence of str
        `rising` or `falling` by guide.
    figures : sequence of float
        The figure of the condition, and that of each guide; a guide that the run does not have is farthest away.
    """
    first, *guides = figures
    if first is None:
        raise TypeError("the figure of a condition is known")
    rank = [signed(condition, first)]
    for direction, guide in zip(directions, guides, strict=True):
        rank.append(float("-inf") if guide is None else guide if direction == "rising" else -guide)
    return tuple(rank)


def signed(condition: Condition, figure: float) -> float:
    """Return a figure with the sign that makes greater nearer to the condition; the same undoes it."""
    return figure if condition.sign.startswith(">") else -figure


def _job(scenario: Scenario, values: Mapping[str, object], seed: int) -> Job:
    changes = ", ".join(f"{path}={shown(value)}" for path, value in values.items())
    return Job(f"run with {changes}", vary(scenario, {"seed": seed, **values}))


def read_figures(run: Run, *, condition: Condition, paths: Sequence[str]) -> tuple[float | None, ...]:
    """Return figures of a finished run, whose first must be known."""
    condition.holds(run.summary)
    return tuple(figure_at(run.summary, path) for path in paths)


def _seed_of(scenario: Scenario, sample: Sample) -> int:
    return scenario.seed if sample.seed is None else sample.seed


def _identity(scenario: Scenario, paths: Sequence[str]) -> str:
    """Return a hash over everything that the figures of runs depend on, but what is drawn for each."""
    return hashlib.sha256(json.dumps([identity_of(scenario), list(paths)]).encode()).hexdigest()
