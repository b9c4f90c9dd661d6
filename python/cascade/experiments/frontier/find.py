"""Find where a condition begins to hold as one key grows: first on a grid, then by bisection, for every seed.

A grid first, because bisection alone returns a number whatever the condition does between its ends. Where a seed meets
it, loses it and meets it again, that seed has no frontier, and the result says so instead of naming one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import pairwise

from cascade.errors import CascadeError
from cascade.experiments.endogeneity.intervals import Quantile, quantile
from cascade.experiments.execution import HERE, Execution
from cascade.experiments.frontier.condition import Condition
from cascade.experiments.runs import Job, read_runs
from cascade.run.opened import Run
from cascade.scenario.load import Scenario, vary

__all__ = ["Edge", "Frontier", "Outcome", "find_frontier", "search"]

Value = int | Decimal
Probe = tuple[int, Value]
"""A seed, and a value to try with it."""


class Outcome:
    """How the condition behaves over the range, for one seed."""

    EDGE = "edge"
    ALWAYS = "always"
    NEVER = "never"
    NOT_MONOTONIC = "not monotonic"


@dataclass(frozen=True)
class Edge:
    """What one seed says.

    Attributes
    ----------
    seed : int
        The seed.
    outcome : str
        One of `Outcome`.
    last_without, first_with : int or Decimal, optional
        Neighbouring values between which the condition changes; None unless there is an edge.
    rises : bool
        Whether the condition holds above the edge; below it otherwise.
    tried : mapping
        Whether the condition holds at every value that was tried, in order.
    """

    seed: int
    outcome: str
    last_without: Value | None
    first_with: Value | None
    rises: bool
    tried: Mapping[Value, bool]


@dataclass(frozen=True)
class Frontier:
    """Where the condition begins to hold.

    Attributes
    ----------
    path : str
        The key.
    condition : Condition
        The condition.
    low, high, tolerance : int or Decimal
        The range, and the distance at which bisection ends.
    edges : tuple of Edge
        By seed.
    share_pct : int
        Share of the seeds that `point` is for.
    """

    path: str
    condition: Condition
    low: Value
    high: Value
    tolerance: Value
    edges: tuple[Edge, ...]
    share_pct: int

    @property
    def is_clear(self) -> bool:
        """Whether every seed has one edge, and all in the same direction."""
        directions = {edge.rises for edge in self.edges}
        return all(edge.outcome == Outcome.EDGE for edge in self.edges) and len(directions) == 1

    @property
    def point(self) -> Quantile | None:
        """The value at which so many seeds meet the condition, with its interval; None where it is not clear."""
        if not self.is_clear:
            return None
        firsts = [float(edge.first_with) for edge in self.edges if edge.first_with is not None]
        if self.edges[0].rises:
            return quantile(firsts, self.share_pct)
        # Below the edge: so many seeds meet it at the value that the others' edges lie under.
        found = quantile([-first for first in firsts], self.share_pct)
        low, high = (None if end is None else -end for end in (found.high, found.low))
        return Quantile(found.share_pct, -found.value, low, high)


def find_frontier(
    scenario: Scenario,
    path: str,
    *,
    low: Value,
    high: Value,
    condition: Condition,
    tolerance: Value,
    seeds: int = 1,
    grid: int = 9,
    share_pct: int = 50,
    execution: Execution = HERE,
) -> Frontier:
    """Return where a condition begins to hold.

    Changes of the pool's lending lines are made under the scenario's standing positions, as in a comparison; every
    other change is built as changed.

    Parameters
    ----------
    path : str
        Dotted path of the key that grows.
    low, high : int or Decimal
        Ends of the range; whole numbers try whole numbers alone.
    tolerance : int or Decimal
        Distance at which bisection ends.
    seeds : int
        Number of seeds, counted up from the scenario's own.
    grid : int
        Number of values that are tried first, at equal distances, both ends included.
    share_pct : int
        Share of the seeds that the point is for.

    Raises
    ------
    ScenarioError
        Before anything runs, when the key does not take an end of the range.
    """
    for end in (low, high):
        vary(scenario, {path: _plain(end)})
    numbers = range(scenario.seed, scenario.seed + seeds)
    known: dict[Probe, bool] = {}

    def meets(probes: Sequence[Probe]) -> None:
        """Make the runs of some probes, and keep whether each meets the condition."""
        jobs = []
        for seed, value in probes:
            base = vary(scenario, {"seed": seed})
            changed = vary(scenario, {"seed": seed, path: _plain(value)})
            jobs.append(Job(f"{path}={value}, seed {seed}", changed, like=base))
        held = read_runs(jobs, partial(read_condition, condition=condition), kind=bool, execution=execution)
        known.update(zip(probes, held, strict=True))

    edges = search(numbers, low=low, high=high, tolerance=tolerance, grid=grid, known=known, meets=meets)
    return Frontier(path, condition, low, high, tolerance, tuple(edges), share_pct)


def read_condition(run: Run, *, condition: Condition) -> bool:
    """Return whether a condition holds at the end of a finished run."""
    return condition.holds(run.summary)


def search(
    seeds: Sequence[int],
    *,
    low: Value,
    high: Value,
    tolerance: Value,
    grid: int,
    known: dict[Probe, bool],
    meets: Callable[[Sequence[Probe]], None],
) -> list[Edge]:
    """Return the edge of each seed: a grid for all of them, then bisection of all together, a round at a time.

    Parameters
    ----------
    known : dict
        Filled by `meets`: whether the condition holds for a seed and a value.
    meets : callable
        Finds out about some probes.
    """
    values = _grid(low, high, grid)
    meets([(seed, value) for seed in seeds for value in values])
    brackets: dict[int, tuple[Value, Value]] = {}
    for seed in seeds:
        changes = [(one, other) for one, other in pairwise(values) if known[seed, one] != known[seed, other]]
        if len(changes) == 1:
            brackets[seed] = changes[0]
    while open_ones := {seed: _middle(pair) for seed, pair in brackets.items() if _is_wide(pair, tolerance)}:
        meets(list(open_ones.items()))
        for seed, middle in open_ones.items():
            below, above = brackets[seed]
            brackets[seed] = (middle, above) if known[seed, middle] == known[seed, below] else (below, middle)
    return [_edge(seed, known, brackets.get(seed)) for seed in seeds]


def _edge(seed: int, known: Mapping[Probe, bool], bracket: tuple[Value, Value] | None) -> Edge:
    tried = {value: holds for (of, value), holds in sorted(known.items()) if of == seed}
    if bracket is None:
        met = set(tried.values())
        if len(met) == 1:
            return Edge(seed, Outcome.ALWAYS if met.pop() else Outcome.NEVER, None, None, True, tried)
        return Edge(seed, Outcome.NOT_MONOTONIC, None, None, True, tried)
    below, above = bracket
    if tried[above]:
        return Edge(seed, Outcome.EDGE, below, above, True, tried)
    return Edge(seed, Outcome.EDGE, above, below, False, tried)


def _grid(low: Value, high: Value, count: int) -> list[Value]:
    if isinstance(low, int) and isinstance(high, int):
        return sorted({low + (high - low) * step // (count - 1) for step in range(count)})
    return [low + (Decimal(high) - low) * step / (count - 1) for step in range(count)]


def _middle(pair: tuple[Value, Value]) -> Value:
    below, above = pair
    if isinstance(below, int) and isinstance(above, int):
        return (below + above) // 2
    return (Decimal(below) + above) / 2


def _is_wide(pair: tuple[Value, Value], tolerance: Value) -> bool:
    below, above = pair
    least = max(tolerance, 1) if isinstance(below, int) and isinstance(above, int) else tolerance
    return above - below > least


def _plain(value: Value) -> object:
    return value if isinstance(value, int) else float(value)


def require_range(low: Value, high: Value, tolerance: Value) -> None:
    """Refuse a range that is none.

    Raises
    ------
    CascadeError
        Naming the option.
    """
    if low >= high:
        raise CascadeError(f"--between {low} {high}: expected the smaller value first")
    if not 0 < tolerance < high - low:
        raise CascadeError(f"--tolerance = {tolerance}: expected more than 0 and less than the range, {high - low}")
