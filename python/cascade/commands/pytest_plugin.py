"""A pytest fixture for the repository of a protocol: `assert_no_deficit(replay("my.yaml"))`, and a marker for seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cascade.run.opened import Run

__all__ = ["cascade_seed", "pytest_configure", "pytest_generate_tests", "replay"]

_MARKER = "cascade_seeds"
_FIXTURE = "cascade_seed"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers", f"{_MARKER}(*seeds): run the test once with each seed, in place of the scenario's own"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each seed that the marker names.

    Raises
    ------
    UsageError
        When the marker names no seed, or something that is none.
    """
    marker = metafunc.definition.get_closest_marker(_MARKER)
    if marker is None or _FIXTURE not in metafunc.fixturenames:
        return
    seeds = marker.args
    if not seeds or not all(isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0 for seed in seeds):
        raise pytest.UsageError(
            f"{metafunc.definition.nodeid}: {_MARKER}{seeds}: expected whole numbers, such as (1, 2)"
        )
    metafunc.parametrize(_FIXTURE, seeds, ids=[f"seed {seed}" for seed in seeds])


@pytest.fixture
def cascade_seed() -> int | None:
    """Return the seed of the test: one that its marker names, or None for the scenario's own."""
    return None


@pytest.fixture
def replay(tmp_path: Path, cascade_seed: int | None) -> Callable[..., Run]:
    """Return a function that runs a scenario in the test's own folder and returns the run.

    The function takes the scenario's file or the bare name of one that cascade ships, `seed`, and `set`, a mapping of
    dotted keys to values. Without `seed` it takes the one of the test's marker, as in
    `@pytest.mark.cascade_seeds(1, 2, 3)`, or the scenario's own. A run that ends otherwise than its scenario expects
    fails the test.
    """

    def run(scenario: str | Path, *, seed: int | None = None, set: Mapping[str, object] | None = None) -> Run:
        from cascade.harness import replay as replay_scenario
        from cascade.scenario.load import load_scenario

        chosen = cascade_seed if seed is None else seed
        return replay_scenario(load_scenario(scenario, seed=chosen, set=set), out=tmp_path)

    return run
