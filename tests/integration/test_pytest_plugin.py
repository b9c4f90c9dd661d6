"""The fixture that a protocol's own tests use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cascade import Run


def test_replay_fixture__shipped_scenario_by_name__runs_in_the_tests_folder(
    replay: Callable[..., Run], tmp_path: Path
) -> None:
    run = replay("frictionless-loop", seed=3, set={"positions.looper.rounds": 4})

    # Four rounds at 80 %: 336,160 of collateral on 236,160 of debt. At 0.75 the collateral is worth 252,120, enough for
    # the debt and its bonus (247,968): all of it is repaid and no deficit is left.
    assert run.folder.parent == tmp_path
    assert run.manifest.seed == 3
    assert run.summary.debt_covered_usd == 236_160
    assert run.summary.deficit_usd == 0
