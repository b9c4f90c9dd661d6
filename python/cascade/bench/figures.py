"""Lines that `make bench` prints: name, value, goal, and whether the goal is met."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cascade.chain.chain import BlockObserver
from cascade.harness import replay
from cascade.observation.checks import DEFAULT_EVERY
from cascade.run.opened import Run
from cascade.scenario.load import Scenario
from cascade.toolchain.paths import shipped

__all__ = ["SCENARIOS", "at_least", "at_most", "noted", "timed_replay"]

SCENARIOS = shipped() / "scenarios"
"""Folder of the shipped scenarios."""


def noted(name: str, value: str) -> None:
    """Print a figure that has no goal."""
    _print(name, value, "-", "-")


def at_least(name: str, value: float, goal: float) -> None:
    """Print a figure that should not be less than its goal."""
    _print(name, f"{value:.2f}", f"{goal:g}", "ok" if value >= goal else "short")


def at_most(name: str, value: float, goal: float) -> None:
    """Print a figure that should not be more than its goal."""
    _print(name, f"{value:.2f}", f"{goal:g}", "ok" if value <= goal else "short")


@contextmanager
def timed_replay(
    scenario: Scenario,
    *,
    report: bool = True,
    on_block: BlockObserver | None = None,
    compare_every: int = DEFAULT_EVERY,
) -> Iterator[tuple[Run, float]]:
    """Replay a scenario, and yield its run and the seconds that it took; the run's folder is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="cascade-bench-") as folder:
        started = time.perf_counter()
        # Scenarios are changed in size for measuring, and need not meet the claims of the shipped ones.
        run = replay(
            scenario,
            out=Path(folder),
            require_expected=False,
            report=report,
            on_block=on_block,
            compare_every=compare_every,
        )
        yield run, time.perf_counter() - started


def _print(name: str, value: str, goal: str, verdict: str) -> None:
    print(f"{name:44} {value:>12} {goal:>8} {verdict}", flush=True)
