"""`cascade compare --seeds`: runs, figures, verdicts, post, pictures and page of one small comparison."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cascade import replay
from cascade.commands.compare import compare_scenarios
from cascade.errors import CascadeError
from cascade.experiments.execution import HERE
from cascade.experiments.seeds.compare import compare_over_seeds
from cascade.experiments.seeds.result import SeedsComparison
from cascade.scenario.load import vary

from .conftest import SCENARIOS, small

SHARED: dict[str, Any] = {"chain.engine": "revm", "positions.loopers.count": 20}
CHANGE: dict[str, Any] = {"lending.reserves.USDe.liquidation_bonus_bps": 900}
LINES = [{"liquidations": {"median_at_least": 1, "probability_at_most": 0.01}}]
SEEDS = 3


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> SeedsComparison:
    baseline, change = small(**SHARED), small(**SHARED, **CHANGE, verdicts=LINES)
    return compare_over_seeds(baseline, change, seeds=SEEDS, out=tmp_path_factory.mktemp("seeds"))


def test_seeds__each_figure__is_that_of_the_run_of_its_seed(compared: SeedsComparison, tmp_path: Path) -> None:
    by_name = {outcome.name: outcome for outcome in compared.outcomes}
    baseline, change = small(**SHARED), small(**SHARED, **CHANGE)

    assert compared.seeds == (1, 2, 3)
    for place, seed in enumerate(compared.seeds):
        before = vary(baseline, {"seed": seed})
        runs = [
            replay(before, out=tmp_path / "before", report=False, require_expected=False),
            replay(
                vary(change, {"seed": seed}), out=tmp_path / "after", like=before, report=False, require_expected=False
            ),
        ]
        for name, figure in (("liquidations", "liquidations"), ("debt covered", "debt_covered_usd")):
            outcome = by_name[name]
            assert [outcome.before[place], outcome.after[place]] == [getattr(run.summary, figure) for run in runs]


def test_seeds__lines_of_the_change__are_judged(compared: SeedsComparison) -> None:
    by_name = {outcome.name: outcome for outcome in compared.outcomes}

    assert min(value for value in by_name["liquidations"].after if value is not None) > 0
    assert [(one.figure, str(one.judgement)) for one in compared.verdicts] == [
        # Three seeds bound no median; that all three liquidate bounds the chance from below at 43.9 %.
        ("liquidations", "INDETERMINATE"),
        ("liquidations", "FAIL"),
    ]


def test_seeds__collateral_at_risk__is_in_the_order_of_the_falls(compared: SeedsComparison) -> None:
    falls = [int(fall) for fall in compared.at_risk]

    assert falls == sorted(falls)
    assert list(compared.at_risk.values()) == sorted(compared.at_risk.values())


def test_compare_command__over_seeds__writes_figures_post_pictures_and_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.yaml").write_text("extends: loop-and-crash\nname: mine\n", encoding="utf-8")
    shared = tuple(f"{key}={value}" for key, value in {**SHARED, "timeline.end": "2025-10-10T21:42:00Z"}.items())
    start = ("timeline.start=2025-10-10T21:38:00Z", "agents.keeper.count=1")
    post = tmp_path / "post" / "change.md"
    post.parent.mkdir()
    compare_scenarios(
        tmp_path / "mine.yaml",
        None,
        changes=tuple(f"{key}={value}" for key, value in CHANGE.items()),
        designs=None,
        shared=(*shared, *start),
        seed="5",
        seeds=2,
        amplification=True,
        markdown=post,
        execution=HERE,
        out=tmp_path / "runs",
    )
    (folder,) = (tmp_path / "runs").glob("seeds-*")
    figures = json.loads((folder / "seeds.json").read_text(encoding="utf-8"))
    text = post.read_text(encoding="utf-8")

    assert figures["seeds"] == [5, 6]
    assert {file.name for file in folder.iterdir()} >= {"seeds.json", "post.md", "seeds.html", "at-risk.png"}
    assert (post.parent / "change-at-risk.png").read_bytes()[:4] == b"\x89PNG"
    assert "](change-at-risk.png)" in text
    assert "5.00 % \\[500\\] \u2192 9.00 % \\[900\\]" in text
    assert "--seeds 2" in text
    assert "--seed 5" in text
    assert text.count("\n## ") >= 5
    assert "seeds.html" in capsys.readouterr().out
    # The runs of the first seed are kept, with their pages; those of the other seed are not.
    assert len(list((tmp_path / "runs").glob("mine-5-*/report.html"))) == 2
    assert not list((tmp_path / "runs").glob("mine-6-*"))


def test_compare_command__seeds_with_oracle_designs__is_refused(tmp_path: Path) -> None:
    with pytest.raises(CascadeError, match="--seeds compares a scenario with a change of it"):
        compare_scenarios(
            SCENARIOS / "usde-unwind.yaml",
            None,
            changes=(),
            designs="all",
            shared=(),
            seed=None,
            seeds=3,
            amplification=False,
            markdown=None,
            execution=HERE,
            out=tmp_path,
        )
    assert list(tmp_path.iterdir()) == []
