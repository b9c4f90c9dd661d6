"""Shrink a scenario: the fewest blocks, agents and positions that still meet a condition, one kind after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cascade.errors import CascadeError
from cascade.scenario.load import Scenario, vary
from cascade.scenario.model import CohortSpec

__all__ = ["Shrunk", "shrink"]

Meets = Callable[[Scenario], bool]


@dataclass(frozen=True)
class Shrunk:
    """The smallest scenario that was found.

    Attributes
    ----------
    scenario : Scenario
        The scenario.
    changes : mapping
        What was changed, by dotted path.
    runs : int
        Runs that it took.
    """

    scenario: Scenario
    changes: Mapping[str, object]
    runs: int


class _Search:
    """The smallest scenario so far, and the runs that were made."""

    def __init__(self, scenario: Scenario, meets: Meets) -> None:
        self.start, self.changes, self.runs = scenario, dict[str, object](), 0
        self._meets = meets

    def holds(self, changes: Mapping[str, object]) -> bool:
        """Return whether the scenario still meets the condition with further changes, and keep them if so."""
        try:
            changed = vary(self.start, {**self.changes, **changes})
        except CascadeError:
            # Another part of the scenario needs what was taken away.
            return False
        self.runs += 1
        try:
            if not self._meets(changed):
                return False
        except CascadeError:
            return False
        self.changes.update(changes)
        return True

    def smallest(self, high: int, change: Callable[[int], Mapping[str, object]]) -> None:
        """Find by bisection the smallest number at or above 1 with which it still holds; `high` is known to."""
        low = 0
        while high - low > 1:
            middle = (low + high) // 2
            if self.holds(change(middle)):
                high = middle
            else:
                low = middle


def shrink(scenario: Scenario, meets: Meets) -> Shrunk:
    """Return the smallest scenario that still meets a condition.

    Blocks are cut from the end first, which makes every further run shorter; then agents are switched off, cohorts
    halved, and agents of a kind made fewer, each for as long as the condition holds. It is smallest in each of these by
    itself: taking away two things at once may go further.

    Parameters
    ----------
    meets : callable
        Runs a scenario, and returns whether it meets the condition; an error counts as not.

    Raises
    ------
    CascadeError
        When the scenario itself does not meet it.
    """
    search = _Search(scenario, meets)
    if not search.holds({}):
        raise CascadeError(f"{scenario.file}: does not meet the condition: there is nothing to shrink")
    timeline = scenario.spec.timeline
    search.smallest(
        timeline.steps, lambda blocks: {"timeline.end": _end(timeline.start, blocks, timeline.block_seconds)}
    )
    for name, agent in scenario.spec.agents.items():
        if agent.active:
            search.holds({f"agents.{name}.active": False})
    for name, cohort in scenario.spec.positions.items():
        if isinstance(cohort, CohortSpec):
            search.smallest(cohort.count, _count_of(f"positions.{name}.count"))
    for name, agent in scenario.spec.agents.items():
        count = getattr(agent, "count", 1)
        if isinstance(count, int) and f"agents.{name}.active" not in search.changes:
            search.smallest(count, _count_of(f"agents.{name}.count"))
    return Shrunk(vary(scenario, search.changes), search.changes, search.runs)


def _count_of(path: str) -> Callable[[int], Mapping[str, object]]:
    return lambda count: {path: count}


def _end(start: datetime, blocks: int, block_seconds: int) -> datetime:
    # The first block is at the start itself.
    return start + timedelta(seconds=(blocks - 1) * block_seconds)
