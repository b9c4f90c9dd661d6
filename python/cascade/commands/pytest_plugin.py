"""A pytest fixture for the repository of a protocol: `assert replay("my.yaml").summary.deficit_usd == 0`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cascade.run.opened import Run

__all__ = ["replay"]


@pytest.fixture
def replay(tmp_path: Path) -> Callable[..., Run]:
    """Return a function that runs a scenario in the test's own folder and returns the run.

    The function takes the scenario's file or the bare name of one that cascade ships, `seed`, and `set`, a mapping of
    dotted keys to values. A run that ends otherwise than its scenario expects
    fails the test.
    """

    def run(scenario: str | Path, *, seed: int | None = None, set: Mapping[str, object] | None = None) -> Run:
        from cascade.harness import replay as replay_scenario
        from cascade.scenario.load import load_scenario

        return replay_scenario(load_scenario(scenario, seed=seed, set=set), out=tmp_path)

    return run
