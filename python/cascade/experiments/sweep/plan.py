"""Turn a sweep into runs: which scenario each is of, what identifies it, and which of them share a world."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cascade.errors import CascadeError
from cascade.experiments.identity import identity_of, tools_text
from cascade.experiments.sweep.grid import Grid, Point, points_of
from cascade.scenario.load import Scenario, load_scenario, vary
from cascade.scenario.shipped import scenario_file
from cascade.scenario.tree import shown

__all__ = ["Chunk", "Plan", "PlannedRun", "chunks_of", "plan_sweep"]

_MOST_OF_CHUNK = 16
"""Runs of a chunk: enough to share what one of them builds, and few enough to spread over workers."""

_OF_THE_CRASH = ("chain.", "prices.", "expect", "timeline.end", "redemption_price_usd")
"""Beginnings of keys that change the crash alone, and not the world that is built before it."""
_OF_THE_BUILD = (
    "count",
    "capital",
    "cash",
    "base",
    "equity",
    "inventory",
    "kind",
    "funding",
    "size",
    "cohort",
    "venue",
)
"""Last parts of agents' keys that change what is built; others change what agents do in the crash."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of a sweep.

    Attributes
    ----------
    id : str
        Hash over the resolved scenario, its seed, the bytecode, the user's own sources, the tools, and this package.
    number : int
        Place among all runs.
    seed : int
        Its seed.
    changes : mapping
        The point: values by dotted path.
    command : str
        The command that makes it alone.
    """

    id: str
    number: int
    seed: int
    changes: Point
    command: str


@dataclass(frozen=True)
class Chunk:
    """Runs that one worker makes one after the other.

    Attributes
    ----------
    scenario : Scenario
        The scenario as the sweep's `base` sets it.
    on_baseline : bool
        Whether its positions stand in every run of the same seed.
    runs : tuple of PlannedRun
        The runs.
    """

    scenario: Scenario
    on_baseline: bool
    runs: tuple[PlannedRun, ...]


@dataclass(frozen=True)
class Plan:
    """All runs of a sweep.

    Attributes
    ----------
    grid : Grid
        The sweep's file.
    scenario : Scenario
        The scenario as the sweep's `base` sets it.
    runs : tuple of PlannedRun
        The runs, those that build the same world beside each other.
    identity : str
        Hash over the sweep and everything that its runs depend on.
    """

    grid: Grid
    scenario: Scenario
    runs: tuple[PlannedRun, ...]
    identity: str

    @property
    def on_baseline(self) -> bool:
        """Whether the positions of the scenario stand in every run."""
        return self.grid.spec.positions == "baseline"


def plan_sweep(grid: Grid) -> Plan:
    """Return the runs of a sweep; every point is resolved and checked before anything runs.

    Raises
    ------
    ScenarioError
        For a path that is not there or a value that does not fit, and for a scenario that cannot be read.
    """
    spec = grid.spec
    file = scenario_file(spec.scenario, beside=grid.file.parent, file=grid.file.name, key="scenario")
    scenario = load_scenario(file, set=spec.base)
    seeds = range(scenario.seed, scenario.seed + spec.seeds) if isinstance(spec.seeds, int) else spec.seeds
    tools = tools_text(scenario)
    # What is built varies slowest, so that runs which share it are neighbours.
    paths = sorted(spec.vary, key=_is_of_the_crash)
    runs: list[PlannedRun] = []
    for seed in seeds:
        baseline = vary(scenario, {"seed": seed})
        like = baseline if spec.positions == "baseline" else None
        for point in points_of(spec):
            changed = vary(scenario, {"seed": seed, **point})
            identity = identity_of(changed, like, tools=tools)
            command = _command(file, grid, point, seed)
            runs.append(PlannedRun(identity, len(runs), seed, point, command))
    ordered = sorted(runs, key=lambda run: (seeds.index(run.seed), _place(run.changes, paths, spec.vary), run.number))
    digest = hashlib.sha256("\n".join(run.id for run in ordered).encode())
    digest.update(json.dumps(sorted(spec.outcomes)).encode())
    return Plan(grid, scenario, tuple(ordered), digest.hexdigest())


def chunks_of(plan: Plan, runs: Sequence[PlannedRun], *, workers: int) -> Iterator[Chunk]:
    """Yield runs in chunks of neighbours, so many that every worker has some."""
    size = max(1, min(_MOST_OF_CHUNK, -(-len(runs) // (2 * workers))))
    rest = iter(runs)
    while chunk := tuple(islice(rest, size)):
        yield Chunk(plan.scenario, plan.on_baseline, chunk)


def _is_of_the_crash(path: str) -> bool:
    first, _, rest = path.partition(".")
    if first == "agents":
        return rest.partition(".")[2].split(".")[0] not in _OF_THE_BUILD
    return path.startswith(_OF_THE_CRASH)


def _place(point: Point, paths: Sequence[str], listed: Mapping[str, object]) -> tuple[str, ...]:
    """Return what orders points: the values of keys that change the build, as text."""
    return tuple(shown(point[path]) for path in paths if path in listed and not _is_of_the_crash(path))


def _command(file: Path, grid: Grid, point: Point, seed: int) -> str:
    """Return the command that makes a run alone, or compares it with the baseline on whose positions it stands."""
    alone = grid.spec.positions == "own"
    shared, own = ([f"{key}={shown(value)}" for key, value in keys.items()] for keys in (grid.spec.base, point))
    words = ["cascade", "replay" if alone else "compare", str(file)]
    words += [word for change in shared for word in ("--set" if alone else "--base", change)]
    words += [word for change in own for word in ("--set", change)]
    return shlex.join([*words, "--seed", str(seed)])


def require_no_base_conflict(grid: Grid) -> None:
    """Refuse a key that is both set in every run and varied.

    Raises
    ------
    CascadeError
        Naming the key.
    """
    for path in grid.spec.vary:
        if path in grid.spec.base or path == "seed":
            where = "seeds" if path == "seed" else "base"
            raise CascadeError(f"{grid.file.name}: vary.{path}: is set by {where} as well: keep one of them")
