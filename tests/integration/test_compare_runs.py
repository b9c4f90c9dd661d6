"""Baseline and change on the same positions, from whole runs: built alike, reconfigured, told apart, reproduced."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cascade import Run, Scenario, replay
from cascade.errors import ScenarioError
from cascade.experiments.comparison.compare import compare
from cascade.experiments.comparison.page import build_comparison
from cascade.experiments.comparison.result import Comparison
from cascade.experiments.execution import Execution
from cascade.experiments.oracles.compare import compare_oracles
from cascade.experiments.oracles.result import OracleComparison
from cascade.experiments.runs import Job, RunFailed, run_all
from cascade.experiments.verify import verify
from cascade.recording.store import rows_of
from cascade.recording.tables import PositionRow
from cascade.run.restoring import scenarios_of
from cascade.scenario.load import vary
from cascade.toolchain.paths import project_root

from .conftest import SCENARIOS, small_unwind

pytestmark = pytest.mark.xdist_group("compare")
"""One worker runs this module: its fixtures replay whole runs, which every other worker would replay again."""

WAD = 10**18
LINES = {"lending.reserves.USDe.ltv_bps": 7300, "lending.reserves.USDe.liquidation_threshold_bps": 7450}


def ape_run(*arguments: str) -> subprocess.CompletedProcess[str]:
    ape = Path(sys.executable).with_name("ape")
    return subprocess.run(
        [str(ape), "run", *arguments], cwd=project_root(), capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def baseline() -> Scenario:
    return small_unwind()


@pytest.fixture(scope="module")
def lower(baseline: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Lower lines for USDe, under which the most levered loops are liquidatable at once."""
    out = tmp_path_factory.mktemp("lower")
    return compare(baseline, vary(baseline, LINES), out=out, amplification=True, execution=Execution(workers=2))


def built(run: Run) -> list[tuple[object, ...]]:
    rows = run.positions[run.positions["event"] == "built"]
    return list(rows[["borrower", "collateral_raw", "collateral_asset", "debt_asset"]].itertuples(index=False))


def test_lower_lines__positions__are_built_alike_although_the_change_lends_less(lower: Comparison) -> None:
    assert lower.is_reconfigured
    assert lower.has_same_positions
    assert built(lower.baseline) == built(lower.change)
    assert lower.impossible
    assert {one.limit_bps for one in lower.impossible} == {7300}
    assert {one.account for one in lower.impossible} <= {borrower for borrower, *_ in built(lower.change)}


def test_lower_lines__configurator__sets_them_once_everyone_stands(lower: Comparison) -> None:
    sent = lower.change.transactions
    build = sent[sent["phase"] == "build"]
    configured = build[(build["intent"] == "configure") & (build["target"] == "PoolConfigurator")]
    last_supply = build.loc[build["intent"] == "supply", "block_number"].max()

    assert list(configured["block_number"] > last_supply).count(True) == 1
    assert configured["block_number"].iloc[-1] == build["block_number"].max()
    assert lower.change.frames.parameters["lending"]["reserves"]["USDe"]["ltv_bps"] == 7300


def test_lower_lines__health_when_the_crash_begins__is_the_old_one_times_the_new_threshold(lower: Comparison) -> None:
    before, after = (
        rows_of(run.positions[run.positions["event"] == "built"], PositionRow) for run in (lower.baseline, lower.change)
    )
    for was, now in zip(before, after, strict=True):
        health = was.health_factor_wad or 0
        expected = health * 7450 // 8300 if was.collateral_asset == "USDe" else health
        # One block of interest and the roundings lie between both.
        assert now.health_factor_wad == pytest.approx(expected, rel=1e-8)
    at_once = {row.borrower for row in after if (row.health_factor_wad or 0) < WAD}
    assert at_once
    assert {one.account for one in lower.at_once} == at_once


def test_lower_lines__outcomes__have_amplification_of_both_and_who_was_saved_or_lost(lower: Comparison) -> None:
    outcomes = {outcome.name: outcome for outcome in lower.outcomes}
    lost = [set(run.liquidations["borrower"]) for run in (lower.baseline, lower.change)]

    assert outcomes["amplification by liquidations"].baseline is not None
    assert outcomes["amplification by liquidations"].change is not None
    assert set(lower.saved) == lost[0] - lost[1]
    assert set(lower.newly_lost) == lost[1] - lost[0]
    assert build_comparison(lower, lower.baseline.folder.parent / "page").is_file()


def test_lower_lines__verify__reproduces_the_run_on_the_baseline_s_positions(
    lower: Comparison, baseline: Scenario
) -> None:
    scenario, like = scenarios_of(lower.change)

    assert like is not None
    assert like.spec == baseline.spec
    assert scenario.spec == vary(baseline, LINES).spec
    assert "tables are the same" in verify(Run(lower.change.folder))


def test_replay__same_lines_as_the_baseline__is_the_plain_run(
    unwind_run: Run, baseline: Scenario, tmp_path: Path
) -> None:
    again = replay(baseline, like=baseline, out=tmp_path, report=False)

    assert again.manifest.run_id == unwind_run.manifest.run_id
    assert again.manifest.built_like is None
    assert again.manifest.tables == unwind_run.manifest.tables
    assert not (again.folder / "report.html").exists()
    assert again.report().is_file()


def test_change__mode_that_the_configurator_refuses__is_one_line_naming_change_and_seed(
    baseline: Scenario, tmp_path: Path
) -> None:
    mode = {
        "ltv_bps": 9000,
        "liquidation_threshold_bps": 9300,
        "liquidation_bonus_bps": 200,
        "collateral": ["USDe"],
        "borrowable": ["USDC"],
    }
    soon = baseline.spec.timeline.start.replace(minute=46)
    standing = vary(baseline, {"lending.emodes": {1: mode}, "timeline.end": soon})
    change = vary(standing, {"lending.emodes.1.ltv_bps": 0})

    with pytest.raises(RunFailed, match=r"^no loans, seed 1: .*: the configurator refuses the change while ") as failed:
        run_all([Job("no loans", change, like=standing)] * 2, out=tmp_path, execution=Execution(workers=2))
    assert "InvalidEmodeCategoryParams" in str(failed.value)
    assert failed.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_compare__lines_to_zero__is_refused_before_anything_runs(baseline: Scenario, tmp_path: Path) -> None:
    lines = {"ltv_bps": 0, "liquidation_threshold_bps": 0, "liquidation_bonus_bps": 0}
    change = vary(baseline, {f"lending.reserves.USDC.{key}": value for key, value in lines.items()})

    with pytest.raises(ScenarioError, match="ReserveLiquidityNotZero"):
        compare(baseline, change, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def designs(baseline: Scenario, tmp_path_factory: pytest.TempPathFactory) -> OracleComparison:
    without_recovery = vary(baseline, {"oracle_comparison.set": {}})
    out = tmp_path_factory.mktemp("designs")
    return compare_oracles(without_recovery, ["spot", "peg", "median"], out=out, execution=Execution(workers=2))


def test_designs__spot_and_peg__same_positions_and_only_the_market_s_oracle_liquidates(
    designs: OracleComparison,
) -> None:
    spot, peg, median = designs.designs

    assert designs.has_same_positions
    assert len(spot.run.liquidations) > 0
    assert len(peg.run.liquidations) == 0
    assert peg.oracle_trough_usd == 1.0
    assert spot.oracle_trough_usd == spot.run.summary.trough["USDe"]["spot:usde-usdc"]
    assert spot.oracle_trough_usd is not None
    assert median.oracle_trough_usd is not None
    assert spot.oracle_trough_usd <= median.oracle_trough_usd <= 1.0


def test_designs__peg__hides_a_shortfall_that_the_exit_shows(designs: OracleComparison) -> None:
    shortfall = designs.designs[1].run.summary.shortfall_usd.trough

    assert shortfall.oracle == 0
    assert shortfall.exit is not None
    assert shortfall.exit > 0


def test_ape_run_compare__two_files_and_markdown__prints_the_post_on_standard_output(tmp_path: Path) -> None:
    other = tmp_path / "dearer.yaml"
    shipped = SCENARIOS / "frictionless-loop.yaml"
    for name in ("frictionless-loop.yaml", "frictionless-loop.csv"):
        (tmp_path / name).write_bytes((SCENARIOS / name).read_bytes())
    other.write_text(
        "extends: frictionless-loop.yaml\nlending: {reserves: {USDe: {liquidation_bonus_bps: 700}}}\n", encoding="utf-8"
    )

    done = ape_run("compare", str(shipped), str(other), "--markdown", "-", "--out", str(tmp_path / "runs"))

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("# frictionless-loop: baseline and change\n")
    assert "| `lending.reserves.USDe.liquidation_bonus_bps` | 5.00 % \\[500\\] \u2192 7.00 % \\[700\\] |" in done.stdout
    assert "Rows and columns compared" in done.stderr
    page = next((tmp_path / "runs").glob("compare-*/compare.html"))
    assert str(page) in done.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "error: nothing to compare with: give --set PATH=VALUE, a second scenario, or --oracle all"),
        (["--oracle", "all"], "error: frictionless-loop.yaml: oracle_comparison.designs: --oracle needs designs"),
        (["--oracle", "all", "--set", "seed=2"], "error: --oracle compares designs of one scenario"),
        (["--set", "lending.reserves.USDe.ltv_bps=8000"], "error: frictionless-loop.yaml: --set changes nothing"),
    ],
)
def test_ape_run_compare__nothing_to_compare__is_one_line_and_exit_2(
    arguments: list[str], expected: str, runs_folder: Path
) -> None:
    done = ape_run("compare", "scenarios/frictionless-loop.yaml", "--out", str(runs_folder), *arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1
    assert lines[0].startswith(expected)
    assert "Traceback" not in done.stderr
    assert not runs_folder.exists()
