"""Samples that single out keys, what a sweep says of them, and its page: on functions whose answers are known."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cascade.errors import CascadeError, ScenarioError
from cascade.experiments.sweep.charts import curve_data, map_data, point_data
from cascade.experiments.sweep.dataset import Dataset
from cascade.experiments.sweep.deciding import deciding_keys
from cascade.experiments.sweep.grid import points_of, read_grid, shares_of, size_of
from cascade.experiments.sweep.grouping import groups_of, short_names
from cascade.experiments.sweep.make import Row
from cascade.experiments.sweep.open_run import find_run
from cascade.experiments.sweep.page import build_sweep
from cascade.experiments.sweep.plan import Plan, plan_sweep
from cascade.experiments.sweep.salib import morris_effects, salib_shares, saltelli_indices
from cascade.experiments.sweep.words import SweepResult, certificate_words

BONUS = "lending.reserves.USDe.liquidation_bonus_bps"
ATTENTION = "agents.keeper.attention_bps"
FEE = "venues.usde-usdc.fee_bps"
VARY = f"""\
scenario: loop-and-crash
base: {{chain.engine: revm}}
vary:
  {ATTENTION}: {{low: 0, high: 10000, whole: true}}
  {BONUS}: {{low: 100, high: 1100, whole: true}}
  {FEE}: {{low: 0, high: 4}}
"""

Figure = Callable[[Mapping[str, Any]], float]


def grid_file(folder: Path, text: str) -> Path:
    file = folder / "grid.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def swept(folder: Path, sample: str, figure: Figure, *, seeds: int = 1, lacks_one: bool = False) -> SweepResult:
    """A sweep whose deficit is a function of the point, and of the seed by as much above as below it."""
    plan = plan_sweep(read_grid(grid_file(folder, f"{VARY}{sample}\nseeds: {seeds}\n")))
    dataset = Dataset(folder / "rows", plan)
    middle = (1 + seeds) / 2
    for run in plan.runs:
        if lacks_one and run.id == plan.runs[0].id:
            continue
        value = figure(run.changes) + (run.seed - middle)
        figures: dict[str, float | None] = {"deficit_usd": value}
        digest = "0" * 64
        dataset.ended(
            Row(run.id, run.number, run.seed, run.changes, figures, f"run-{run.id}", digest, "revm", "", run.command)
        )
    return SweepResult(plan, dataset.folder, dataset.frame(), None)


def straight(point: Mapping[str, Any]) -> float:
    # Over the whole ranges: 3,000 by attention, 1,000 down by the bonus, nothing by the fee.
    return float(0.3 * point[ATTENTION] - point[BONUS])


def product(point: Mapping[str, Any]) -> float:
    attention, bonus = float(point[ATTENTION]), float(point[BONUS])
    return (attention / 10_000 - 0.5) * ((bonus - 100) / 1_000 - 0.5) * 1e6


def test_morris__shares__change_one_key_at_a_time_between_levels() -> None:
    shares = salib_shares(3, seed=0, size=None, trajectories=5, levels=4)

    assert shares == salib_shares(3, seed=0, size=None, trajectories=5, levels=4)
    assert shares != salib_shares(3, seed=1, size=None, trajectories=5, levels=4)
    assert len(shares) == 20
    assert {round(share * 3, 9) for point in shares for share in point} == {0, 1, 2, 3}
    for start in range(0, 20, 4):
        changed = [
            [place for place in range(3) if shares[row][place] != shares[row + 1][place]]
            for row in range(start, start + 3)
        ]
        assert sorted(changed) == [[0], [1], [2]]


def test_morris__straight_line__has_exact_effects_without_spread() -> None:
    shares = salib_shares(3, seed=0, size=None, trajectories=5, levels=4)
    found = morris_effects(shares, ["a", "b", "c"], [4 * a - 2 * b for a, b, _ in shares], levels=4, seed=0)

    assert [(effect.path, effect.size.value) for effect in found] == [
        ("a", pytest.approx(4)),
        ("b", pytest.approx(2)),
        ("c", 0),
    ]
    assert all(effect.spread == pytest.approx(0, abs=1e-12) for effect in found)
    assert all(effect.size.half == pytest.approx(0, abs=1e-12) for effect in found)


def test_saltelli__sum__has_the_shares_of_its_variance_within_their_intervals() -> None:
    shares = salib_shares(3, seed=0, size=256, trajectories=None, levels=4)
    found = saltelli_indices(["a", "b", "c"], [a + 2 * b for a, b, _ in shares], seed=0)

    # Var a = 1/12 and Var 2b = 4/12: a fifth and four fifths.
    assert len(shares) == 256 * 5
    assert found is not None
    exact = {"a": 0.2, "b": 0.8, "c": 0.0}
    for index in found:
        for estimate in (index.first_order, index.total):
            assert abs(estimate.value - exact[index.path]) <= estimate.half
            assert estimate.half < 0.2
    assert [index.path for index in found] == ["b", "a", "c"]


def test_saltelli__product__is_an_interaction_alone() -> None:
    shares = salib_shares(2, seed=0, size=512, trajectories=None, levels=4)
    found = saltelli_indices(["a", "b"], [(a - 0.5) * (b - 0.5) for a, b in shares], seed=0)

    assert found is not None
    for index in found:
        assert abs(index.first_order.value) <= index.first_order.half + 0.02
        assert index.total.value == pytest.approx(1, abs=0.1)


def test_saltelli__figure_that_never_changes__has_no_shares() -> None:
    assert saltelli_indices(["a"], [1.0] * 6, seed=0) is None


@pytest.mark.parametrize(
    ("sample", "size"),
    [
        ("{method: sobol, size: 8}", 8),
        ("{method: morris, trajectories: 5}", 20),
        ("{method: saltelli, size: 8}", 40),
    ],
)
def test_size__of_a_sample__is_that_of_its_points(sample: str, size: int, tmp_path: Path) -> None:
    spec = read_grid(grid_file(tmp_path, f"{VARY}sample: {sample}\n")).spec

    assert size_of(spec) == len(list(points_of(spec))) == size


@pytest.mark.parametrize(
    ("sample", "fault"),
    [
        ("{method: morris, size: 8}", "method morris needs trajectories, and takes no size"),
        ("{method: saltelli, trajectories: 8}", "method saltelli needs size, and takes no trajectories"),
        ("{method: sobol}", "method sobol needs size"),
        ("{method: saltelli, size: 12}", "method saltelli needs a power of 2 as size, not 12"),
        ("{method: morris, trajectories: 4, levels: 5}", r"sample\.levels = 5"),
        ("{method: moris, trajectories: 4}", r"sample\.method = 'moris'"),
    ],
)
def test_sample__that_is_none__is_refused_by_key(sample: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=fault):
        read_grid(grid_file(tmp_path, f"{VARY}sample: {sample}\n"))


def test_deciding__of_trajectories__are_the_effects_over_whole_ranges_with_seeds_averaged_out(tmp_path: Path) -> None:
    found = swept(tmp_path, "sample: {method: morris, trajectories: 6}", straight, seeds=2)
    deciding = deciding_keys(found)

    assert [(bar.figure, bar.path) for bar in deciding.bars] == [
        ("deficit_usd", path) for path in (ATTENTION, BONUS, FEE)
    ]
    # Keys are rounded to whole numbers: a third of the range is 3,333 or 3,334.
    assert [bar.value for bar in deciding.bars] == [pytest.approx(value, abs=1) for value in (3000, 1000, 0)]
    assert deciding.rows[0][:2] == ("deficit_usd", ATTENTION)
    assert "Morris" in deciding.explanation


def test_deciding__of_saltelli_s_sample__are_shares_with_intervals(tmp_path: Path) -> None:
    found = swept(tmp_path, "sample: {method: saltelli, size: 32}", product)
    bars = {bar.path: bar for bar in deciding_keys(found).bars}

    # What two keys decide only together is all of either's total share.
    assert bars[ATTENTION].low <= 1 <= bars[ATTENTION].high
    assert bars[BONUS].low <= 1 <= bars[BONUS].high
    assert bars[FEE].value == pytest.approx(0, abs=1e-9)


def test_deciding__point_without_a_figure__is_unknown(tmp_path: Path) -> None:
    found = swept(tmp_path, "sample: {method: morris, trajectories: 6}", straight, lacks_one=True)
    deciding = deciding_keys(found)

    assert found.values_by_point("deficit_usd") is None
    assert (deciding.rows, deciding.bars) == ([], [])
    assert "leaves this unknown" in deciding.explanation


def test_deciding__of_points_that_single_out_no_key__says_which_sample_would(tmp_path: Path) -> None:
    deciding = deciding_keys(swept(tmp_path, "sample: {method: sobol, size: 8}", straight))

    assert deciding.rows == []
    assert "method morris" in deciding.explanation


def test_values__of_points_that_are_the_same__come_from_one_run(tmp_path: Path) -> None:
    # Attention is rounded to 0 or 1 of 10,000: most of 28 points are the same as another.
    text = "sample: {method: morris, trajectories: 7, levels: 2}"
    found = swept(tmp_path, text, straight)
    values = found.values_by_point("deficit_usd")
    spec = found.plan.grid.spec

    assert len(found.frame) < len(found.plan.runs) == 28
    assert found.frame["id"].is_unique
    assert values == [straight(point) for point in points_of(spec)]


def test_dataset__two_points_that_are_the_same__miss_one_run(tmp_path: Path) -> None:
    text = f"{VARY}sample: {{method: morris, trajectories: 7, levels: 2}}\n"
    plan = plan_sweep(read_grid(grid_file(tmp_path, text)))
    missing = Dataset(tmp_path / "rows", plan).missing

    assert len(missing) == len({run.id for run in plan.runs}) < len(plan.runs)


def test_shares__of_a_sample__are_those_of_its_points(tmp_path: Path) -> None:
    spec = read_grid(grid_file(tmp_path, f"{VARY}sample: {{method: saltelli, size: 8}}\n")).spec
    assert spec.sample is not None
    shares = shares_of(spec.sample, keys=3)

    for share, point in zip(shares, points_of(spec), strict=True):
        assert point[ATTENTION] == round(share[0] * 10_000)
        assert point[FEE] == pytest.approx(share[2] * 4, rel=1e-11)


def test_groups__of_few_values__are_these_and_of_many_equal_parts_of_their_range() -> None:
    few = groups_of(pd.Series([3, 1, 3, 2]))
    many = groups_of(pd.Series([float(number) for number in range(17)]))
    words = groups_of(pd.Series(["b", "a", "b"]))

    assert (few.of.tolist(), few.labels, few.places) == ([2, 0, 2, 1], ["1", "2", "3"], [1, 2, 3])
    # Sixteen in eight parts: two numbers each, and the largest one in the last.
    assert many.of.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 7]
    assert (many.labels[0], many.labels[-1], many.places) == ("0 to 2", "14 to 16", [1, 3, 5, 7, 9, 11, 13, 15])
    assert (words.of.tolist(), words.labels, words.places) == ([0, 1, 0], ["b", "a"], None)


def test_short_names__are_as_long_as_tells_them_apart() -> None:
    paths = ["lending.reserves.USDe.ltv_bps", "lending.reserves.USDC.ltv_bps", "chain.block_gas_limit"]

    assert list(short_names(paths).values()) == ["USDe.ltv_bps", "USDC.ltv_bps", "block_gas_limit"]


def test_map__edge__lies_between_cells_that_are_safe_in_every_run_and_others() -> None:
    # Safe where x + y is below 3; one run of another seed is unsafe at (0, 2).
    rows = [(x, y, max(0, x + y - 2)) for x in range(3) for y in range(3)] + [(0, 2, 5)]
    frame = pd.DataFrame(rows, columns=["x", "y", "deficit_usd"])
    cells = {(row["x"], row["y"]): row for row in map_data(frame, ["x", "y"], "deficit_usd").records()}

    assert {place for place, row in cells.items() if row["safe"]} == {
        ("0", "0"),
        ("0", "1"),
        ("1", "0"),
        ("1", "1"),
        ("2", "0"),
    }
    assert {place for place, row in cells.items() if row["right"]} == {("1", "1")}
    assert {place for place, row in cells.items() if row["below"]} == {("0", "1"), ("1", "1"), ("2", "0")}
    assert cells["0", "2"]["value"] == 2.5


def test_curve__of_a_key__has_mean_smallest_and_largest() -> None:
    frame = pd.DataFrame({"x": [1, 1, 2], "deficit_usd": [0.0, 4.0, 7.0]})

    assert curve_data(frame, "x", "deficit_usd").records() == [
        {"x": 1, "label": "1", "mean": 2, "low": 0, "high": 4},
        {"x": 2, "label": "2", "mean": 7, "low": 7, "high": 7},
    ]


def test_points__lead_to_the_rows_of_their_runs_on_the_page(tmp_path: Path) -> None:
    found = swept(tmp_path, "sample: {method: saltelli, size: 4}", straight)
    page = build_sweep(found).read_text(encoding="utf-8")
    points = point_data(found.ended, [ATTENTION], "deficit_usd").records()

    assert len(points) == len(found.frame) >= 15
    for point in points:
        assert f'<tr id="{str(point["anchor"])[1:]}">' in page
        assert f'href="opened/run-{point["run"]}/report.html"' in page
    assert f"cascade sweep {found.plan.grid.file} --folder {found.folder} --open RUN" in page
    content = re.search(r'<script[^>]*id="content"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert content is not None
    charts = json.loads(content[1])["charts"]
    assert list(charts["map-0"]) == [
        "attention_bps and liquidation_bonus_bps",
        "attention_bps and fee_bps",
        "liquidation_bonus_bps and fee_bps",
    ]
    assert list(charts["curve-0"]) == ["attention_bps", "liquidation_bonus_bps", "fee_bps"]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("plan")
    return plan_sweep(read_grid(grid_file(folder, f"{VARY}sample: {{method: sobol, size: 32}}\n")))


def test_find_run__by_the_beginning_of_its_id__is_the_one(plan: Plan) -> None:
    assert find_run(plan, plan.runs[3].id[:10]) == plan.runs[3]
    assert find_run(plan, plan.runs[3].id) == plan.runs[3]


@pytest.mark.parametrize(("text", "fault"), [("", "32 runs begin so"), ("xyz", "expected the id of a run")])
def test_find_run__that_is_none_or_several__is_refused(text: str, fault: str, plan: Plan) -> None:
    with pytest.raises(CascadeError, match=fault):
        find_run(plan, text)


def test_certificate__of_a_sweep_in_process_that_asks_for_none__does_not_claim_runs_on_anvil() -> None:
    assert "none on anvil" in certificate_words(None, engine="revm")
    assert certificate_words(None, engine="anvil") == "Every run was made on anvil, the chain of record."
