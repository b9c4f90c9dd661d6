"""Amplification and Shapley values of the endogenous crash in its small size, from further runs on a chain."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cascade import Run
from cascade.analysis.prices.fall import main_market
from cascade.experiments.causes.find import find_causes
from cascade.experiments.causes.result import Causes
from cascade.experiments.causes.save import save_causes
from cascade.experiments.execution import Execution
from cascade.experiments.verify import verify

pytestmark = pytest.mark.xdist_group("causes")
"""One worker runs this module: its fixtures replay whole runs, which every other worker would replay again."""


@pytest.fixture(scope="module")
def causes(unwind_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Causes:
    folder = tmp_path_factory.mktemp("causes") / unwind_run.folder.name
    shutil.copytree(unwind_run.folder, folder)
    return find_causes(Run(folder), shapley=True, groups=[["whale", "looper"]], execution=Execution(workers=2))


def test_causes__two_classes__four_runs_and_values_that_sum_exactly(causes: Causes) -> None:
    falls = {run.active: run.fall.fall_e8 for run in causes.runs}
    owners, keeper = "whale+looper", "keeper"
    both, alone, bots, none = (
        falls[frozenset(active)] for active in ({owners, keeper}, {owners}, {keeper}, set[str]())
    )

    assert len(causes.runs) == 4
    assert both == main_market(causes.run.frames).fall_e8
    assert causes.values_e8 is not None
    # Two players: half of what each brings alone and of what it brings to the other.
    assert 2 * causes.values_e8[keeper] == (bots - none) + (both - alone)
    assert 2 * causes.values_e8[owners] == (alone - none) + (both - bots)
    assert sum(causes.values_e8.values()) == both - none


def test_causes__liquidations_off__fall_is_smaller_and_amplification_above_one(causes: Causes) -> None:
    without = next(run for run in causes.runs if run.active == {"whale+looper"})

    assert len(causes.run.liquidations) > 0
    assert without.liquidations == 0
    assert causes.amplification is not None
    assert causes.amplification.without_liquidations_e8 == without.fall.fall_e8
    assert causes.amplification.ratio is not None
    assert causes.amplification.ratio > 1


def test_causes__no_active_player__market_does_not_move(causes: Causes) -> None:
    nobody = next(run for run in causes.runs if not run.active)

    assert nobody.liquidations == 0
    assert nobody.fall.fall_e8 < 10**6


def test_causes__saved__run_is_verified_as_before(causes: Causes) -> None:
    save_causes(causes)

    assert "tables are the same" in verify(Run(causes.run.folder))
    written = json.loads((causes.run.folder / "causes.json").read_text(encoding="utf-8"))
    assert {run["run_id"] for run in written["runs"]} == {run.run_id for run in causes.runs}
    assert len({run.run_id for run in causes.runs}) == 4
    assert Path(causes.run.folder / "report.html").is_file()
