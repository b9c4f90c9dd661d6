"""A sweep without a chain: its file, its points, its dataset, shares of variance, and the comparison of engines."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cascade.commands.sweep import run_sweep
from cascade.errors import CascadeError, ScenarioError
from cascade.experiments.sweep import certificate
from cascade.experiments.sweep.certificate import compare_rows, drawn
from cascade.experiments.sweep.dataset import Dataset, OtherSweep
from cascade.experiments.sweep.execute import execute
from cascade.experiments.sweep.grid import GridTooLarge, points_of, read_grid, size_of
from cascade.experiments.sweep.make import Row
from cascade.experiments.sweep.plan import Plan, PlannedRun, chunks_of, plan_sweep
from cascade.experiments.sweep.sensitivity import indices_of
from cascade.run.progress import quiet

BONUS = "lending.reserves.USDe.liquidation_bonus_bps"
ATTENTION = "agents.keeper.attention_bps"

GRID = f"""\
scenario: loop-and-crash
base: {{chain.engine: revm}}
vary:
  {ATTENTION}: [1000, 9000]
  {BONUS}: {{first: 200, last: 600, steps: 3}}
seeds: 2
"""


def grid_file(folder: Path, text: str = GRID) -> Path:
    file = folder / "grid.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return plan_sweep(read_grid(grid_file(tmp_path_factory.mktemp("grid"))))


def row_of(plan: Plan, number: int, **changes: Any) -> Row:
    planned = next(run for run in plan.runs if run.number == number)
    row = Row(
        id=planned.id,
        number=planned.number,
        seed=planned.seed,
        changes=planned.changes,
        figures={"deficit_usd": float(number), "keepers.net_profit_usd": None},
        run_id=f"run-{number}",
        tables_sha256="0" * 64,
        engine="revm",
        error="",
        command=planned.command,
    )
    return replace(row, **changes)


def test_points__of_a_grid__are_every_combination(plan: Plan) -> None:
    points = list(points_of(plan.grid.spec))

    assert points == [{ATTENTION: share, BONUS: bonus} for share in (1000, 9000) for bonus in (200, 400, 600)]
    assert size_of(plan.grid.spec) == 6
    assert len({run.id for run in plan.runs}) == 12


def test_plan__same_file__has_the_same_ids_and_another_value_others(plan: Plan, tmp_path: Path) -> None:
    again = plan_sweep(read_grid(grid_file(tmp_path)))
    other = plan_sweep(read_grid(grid_file(tmp_path, GRID.replace("9000", "9001"))))

    assert [run.id for run in again.runs] == [run.id for run in plan.runs]
    assert again.identity == plan.identity != other.identity
    assert len({run.id for run in plan.runs} & {run.id for run in other.runs}) == 6


def test_plan__runs_that_build_the_same_world__are_neighbours(plan: Plan) -> None:
    built = [(run.seed, run.changes[BONUS]) for run in plan.runs]

    # A lending line changes what is built, the keepers' attention does not.
    assert built == [(seed, bonus) for seed in (1, 2) for bonus in (200, 400, 600) for _ in range(2)]


def test_chunks__of_all_runs__hold_each_once(plan: Plan) -> None:
    chunks = list(chunks_of(plan, plan.runs, workers=2))

    assert [run.id for chunk in chunks for run in chunk.runs] == [run.id for run in plan.runs]
    assert len(chunks) >= 2


@pytest.mark.parametrize("method", ["sobol", "latin-hypercube"])
def test_points__of_a_sample__lie_in_their_ranges_and_are_the_same_every_time(method: str, tmp_path: Path) -> None:
    text = f"""\
scenario: loop-and-crash
vary:
  {ATTENTION}: {{low: 500, high: 9500, whole: true}}
  venues.usde-usdc.fee_bps: {{low: 0.5, high: 4}}
  {BONUS}: [200, 400]
sample: {{method: {method}, size: 16, seed: 3}}
"""
    grid = read_grid(grid_file(tmp_path, text))
    points, again = list(points_of(grid.spec)), list(points_of(grid.spec))

    assert points == again
    assert len(points) == 16
    for point in points:
        share, fee, bonus = point.values()
        assert isinstance(share, int)
        assert 500 <= share <= 9500
        assert isinstance(fee, (int, float))
        assert 0.5 <= fee <= 4
        assert bonus in {200, 400}
    # Both methods fill sixteen equal parts of each range with one point each.
    fees = sorted(float(str(point["venues.usde-usdc.fee_bps"])) for point in points)
    assert [int((fee - 0.5) / 3.5 * 16) for fee in fees] == list(range(16))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("scenario: loop-and-crash\nvary: {}\n", r"vary"),
        (f"scenario: loop-and-crash\nvary: {{{BONUS}: []}}\n", r"expected at least one value"),
        (f"scenario: loop-and-crash\nvary: {{{BONUS}: {{low: 1, high: 2}}}}\n", r"needs sample"),
        (f"scenario: loop-and-crash\nvary: {{{BONUS}: [1]}}\nseeds: [1, 1]\n", r"each seed once"),
        (f"scenario: loop-and-crash\nvary: {{{BONUS}: [1]}}\nsedes: 2\n", r"sedes"),
        ("vary: [1\n", r"line 2"),
    ],
)
def test_grid__that_is_none__is_refused_by_key(text: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=fault) as refused:
        read_grid(grid_file(tmp_path, text))
    assert str(refused.value).startswith("grid.yaml")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("scenario: loop-and-crash\nvary: {agents.keepr.count: [1]}\n", r"agents\.keepr"),
        (f"scenario: loop-and-crash\nvary: {{{ATTENTION}: [much]}}\n", r"agents\.keeper\.attention_bps = 'much'"),
        (f"scenario: loop-and-crash\nvary: {{{ATTENTION}: [10001]}}\n", r"agents\.keeper\.attention_bps = 10001"),
        ("scenario: loop-and-clash\nvary: {seed2: [1]}\n", r"scenario = 'loop-and-clash'.*did you mean loop-and-crash"),
        (f"scenario: loop-and-crash\nbase: {{{BONUS}: 1}}\nvary: {{{BONUS}: [2]}}\n", r"is set by base as well"),
        ("scenario: loop-and-crash\nvary: {seed: [2]}\n", r"is set by seeds as well"),
        (f"scenario: loop-and-crash\nvary: {{{BONUS}: [2]}}\noutcomes: [deficit]\n", r"did you mean deficit_usd"),
    ],
)
def test_sweep__that_cannot_run__is_refused_before_anything_is_written(text: str, fault: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(CascadeError, match=fault):
        run_sweep(grid_file(tmp_path, text), out=out)
    assert not out.exists() or not list(out.iterdir())


def test_size__of_more_than_a_million_runs__needs_to_be_meant(tmp_path: Path) -> None:
    steps = f"{{{BONUS}: {{first: 0, last: 1, steps: 1001}}, {ATTENTION}: {{first: 0, last: 1, steps: 1000}}}}"
    spec = read_grid(grid_file(tmp_path, f"scenario: loop-and-crash\nvary: {steps}\n")).spec

    with pytest.raises(GridTooLarge, match=r"^1,001,000 runs: give --yes to make more than 1,000,000$"):
        size_of(spec)
    assert size_of(spec, is_meant=True) == 1_001_000


def test_scheduler__that_is_not_there__is_one_line(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(CascadeError, match=r"^--scheduler = 'tcp://127\.0\.0\.1:1': does not answer"):
        execute(plan, Dataset(tmp_path / "rows", plan), workers=1, scheduler="tcp://127.0.0.1:1", progress=quiet())


def test_dataset__opened_again__has_the_rows_that_ended_and_misses_the_others(plan: Plan, tmp_path: Path) -> None:
    first = Dataset(tmp_path / "rows", plan)
    first.started(plan.runs[:3])
    first.ended(row_of(plan, 0))
    first.ended(row_of(plan, 0))
    again = Dataset(tmp_path / "rows", plan)

    assert list(again.rows) == [row_of(plan, 0).id]
    assert len(again.missing) == 11
    lines = [json.loads(line) for line in (tmp_path / "rows" / "journal.jsonl").read_text().splitlines()]
    assert [next(iter(line)) for line in lines] == ["started"] * 3 + ["ended"]


def test_dataset__last_line_cut_off__keeps_every_whole_line_and_goes_on(plan: Plan, tmp_path: Path) -> None:
    first = Dataset(tmp_path / "rows", plan)
    for number in range(3):
        first.ended(row_of(plan, number))
    journal = tmp_path / "rows" / "journal.jsonl"
    whole = journal.read_bytes()
    for end in range(len(whole) - 1, whole.rindex(b"\n", 0, len(whole) - 1), -40):
        journal.write_bytes(whole[:end])
        torn = Dataset(tmp_path / "rows", plan)

        assert {row.number for row in torn.rows.values()} == {0, 1}
        torn.ended(row_of(plan, 2))
        assert journal.read_bytes() == whole


def test_dataset__rows_in_any_order__have_the_same_bytes_and_types(plan: Plan, tmp_path: Path) -> None:
    forwards, backwards = Dataset(tmp_path / "one", plan), Dataset(tmp_path / "two", plan)
    for number in range(12):
        forwards.ended(row_of(plan, number))
        backwards.ended(row_of(plan, 11 - number))
    (one,), (two,) = forwards.write_parts(), backwards.write_parts()
    frame = pd.read_parquet(tmp_path / "one" / "rows")

    assert one.read_bytes() == two.read_bytes()
    assert frame["deficit_usd"].tolist() == [float(number) for number in range(12)]
    assert frame["keepers.net_profit_usd"].isna().all()
    assert frame[BONUS].dtype == "int64"


def test_dataset__of_another_sweep__is_refused(plan: Plan, tmp_path: Path) -> None:
    Dataset(tmp_path / "rows", plan)
    other = replace(plan, identity="f" * 64)

    with pytest.raises(OtherSweep, match=r"holds the runs of another sweep, or of other code.*--folder"):
        Dataset(tmp_path / "rows", other)


def test_dataset__folder_with_something_else__is_refused_and_left(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(OtherSweep, match="is not empty, and holds no sweep"):
        Dataset(tmp_path, plan)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_indices__of_a_sum__are_its_shares_of_variance_and_of_a_product_an_interaction() -> None:
    frame = pd.DataFrame([(x, y) for x in (0, 1) for y in (0, 1)] * 2, columns=["x", "y"])
    frame["sum"] = frame["x"] + 2 * frame["y"]
    frame["product"] = (2 * frame["x"] - 1) * (2 * frame["y"] - 1)

    # Var x = 1/4 and Var 2y = 1: a fifth and four fifths, without any interaction.
    found = {index.path: (index.first_order, index.total) for index in indices_of(frame, ["x", "y"], "sum") or []}
    assert found == {"x": pytest.approx((0.2, 0.2)), "y": pytest.approx((0.8, 0.8))}
    # Each alone decides nothing: both means are 0 whatever the other is.
    found = {index.path: (index.first_order, index.total) for index in indices_of(frame, ["x", "y"], "product") or []}
    assert found == {"x": pytest.approx((0, 1)), "y": pytest.approx((0, 1))}


def test_indices__of_one_key__are_all_of_it() -> None:
    frame = pd.DataFrame({"x": [0, 1, 2], "f": [1.0, 5.0, 2.0]})

    assert [(index.first_order, index.total) for index in indices_of(frame, ["x"], "f") or []] == [
        pytest.approx((1, 1))
    ]


@pytest.mark.parametrize("values", [[1.0, 1.0, 1.0], [1.0, None, 2.0]])
def test_indices__without_variance_or_with_a_hole__are_none(values: list[float | None]) -> None:
    frame = pd.DataFrame({"x": [0, 1, 2], "f": pd.array(values, dtype="Float64")})

    assert indices_of(frame, ["x"], "f") is None


def test_certificate__sample__is_one_per_cent_and_three_at_least_and_the_same_every_time(plan: Plan) -> None:
    assert len(drawn(plan)) == 3
    assert drawn(plan) == drawn(plan)


def test_certificate__one_digit_changed__does_not_hold(plan: Plan) -> None:
    rows = [row_of(plan, number) for number in range(3)]
    same = compare_rows([(row, row) for row in rows])
    other = replace(rows[2], figures={"deficit_usd": 2.25, "keepers.net_profit_usd": 7.0})
    differs = compare_rows([(rows[0], rows[0]), (rows[2], other)])

    assert (same.holds, same.runs, same.largest) == (True, 3, {"deficit_usd": 0.0})
    assert (differs.holds, differs.largest) == (False, {"deficit_usd": 0.25})


@pytest.fixture
def on_anvil(monkeypatch: pytest.MonkeyPatch, plan: Plan) -> list[str]:
    """Ids of the runs that a certificate makes on anvil, which have the figures of those in process."""
    made: list[str] = []

    def make_run(_: object, planned: PlannedRun, **__: object) -> Row:
        made.append(planned.id)
        return row_of(plan, planned.number, engine="anvil", tables_sha256="a" * 64)

    monkeypatch.setattr(certificate, "make_run", make_run)
    return made


def test_certificate__of_a_finished_sweep_that_is_repeated__makes_no_run_again(
    plan: Plan, tmp_path: Path, on_anvil: list[str]
) -> None:
    dataset = Dataset(tmp_path / "rows", plan)
    for number in range(12):
        dataset.ended(row_of(plan, number))
    first = certificate.certify(plan, dataset, progress=quiet())
    made = list(on_anvil)
    again = certificate.certify(plan, Dataset(tmp_path / "rows", plan), progress=quiet())

    assert sorted(made) == sorted(run.id for run in drawn(plan))
    assert on_anvil == made
    assert again == first
    assert again is not None
    assert (again.runs, again.holds) == (3, True)


def test_certificate__of_a_row_that_has_other_tables_now__makes_its_run_again(
    plan: Plan, tmp_path: Path, on_anvil: list[str]
) -> None:
    dataset = Dataset(tmp_path / "rows", plan)
    for number in range(12):
        dataset.ended(row_of(plan, number))
    certificate.certify(plan, dataset, progress=quiet())
    on_anvil.clear()
    changed = drawn(plan)[1]
    dataset.rows[changed.id] = replace(dataset.rows[changed.id], tables_sha256="b" * 64)
    certificate.certify(plan, dataset, progress=quiet())

    assert on_anvil == [changed.id]


def test_certificate__figure_of_a_row_that_was_changed__does_not_hold_from_what_was_kept(
    plan: Plan, tmp_path: Path, on_anvil: list[str]
) -> None:
    dataset = Dataset(tmp_path / "rows", plan)
    for number in range(12):
        dataset.ended(row_of(plan, number))
    certificate.certify(plan, dataset, progress=quiet())
    changed = drawn(plan)[0]
    dataset.rows[changed.id] = replace(dataset.rows[changed.id], figures={"deficit_usd": 1e6})
    found = certificate.certify(plan, dataset, progress=quiet())

    assert len(on_anvil) == 3
    assert found is not None
    assert not found.holds


def test_certificate__run_that_failed_on_anvil__is_tried_again(
    plan: Plan, tmp_path: Path, on_anvil: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = Dataset(tmp_path / "rows", plan)
    for number in range(12):
        dataset.ended(row_of(plan, number))

    def fail(*_: object, **__: object) -> Row:
        return row_of(plan, drawn(plan)[0].number, error="the node died", figures={}, engine="", tables_sha256="")

    monkeypatch.setattr(certificate, "drawn", lambda _: drawn(plan)[:1])
    with monkeypatch.context() as broken:
        broken.setattr(certificate, "make_run", fail)
        failed = certificate.certify(plan, dataset, progress=quiet())
    found = certificate.certify(plan, dataset, progress=quiet())

    assert failed is not None
    assert not failed.holds
    assert found is not None
    assert found.holds
    assert on_anvil == [drawn(plan)[0].id]


def test_certificate__run_that_fails_on_one_engine__does_not_hold(plan: Plan) -> None:
    row = row_of(plan, 0)

    assert not compare_rows([(row, replace(row, error="the node died", figures={}))]).holds


def test_command__of_a_run__names_its_point_and_seed(plan: Plan) -> None:
    command = plan.runs[0].command

    assert command.startswith("cascade replay ")
    assert re.search(rf"--set {re.escape(ATTENTION)}=1000 ", command)
    assert command.endswith("--seed 1")
