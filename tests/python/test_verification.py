"""The folder of a run, changed by hand: every change is found, and named."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cascade.analysis.frames import TamperedTable
from cascade.analysis.summary import summarise, summary_json
from cascade.commands.report import draw_report
from cascade.errors import CascadeError
from cascade.recording.store import write_tables
from cascade.recording.tables import TABLES, LiquidationRow
from cascade.run.differences import RunsDiffer
from cascade.run.opened import Run
from cascade.run.verification import OtherTools, check_folder, check_tools, compare_runs
from cascade.toolchain.versions import tool_versions

from .conftest import Rows


@pytest.fixture
def run(run_of: Callable[[Rows], Path], crash_rows: Rows) -> Run:
    folder = run_of(crash_rows)
    summary = summarise(Run(folder).frames, wall_seconds=1.5, anvil_peak_memory_mb=80.0)
    (folder / "summary.json").write_text(summary_json(summary), encoding="utf-8")
    return Run(folder)


def forge(run: Run) -> int:
    """Add 1 to the debt of the first liquidation on disk, and return what it was."""
    rows = {name: run.frames.rows(table.row) for name, table in TABLES.items()}
    first, *others = run.frames.rows(LiquidationRow)
    rows["liquidations"] = [replace(first, debt_covered_raw=first.debt_covered_raw + 1), *others]
    write_tables(run.folder / "tables", [row for table in rows.values() for row in table])
    return first.debt_covered_raw


def change_summary(run: Run, change: Callable[[dict[str, object]], object]) -> None:
    file = run.folder / "summary.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(json.dumps(content), encoding="utf-8")


def test_check_folder__untouched__passes(run: Run) -> None:
    check_folder(run)


def test_check_folder__one_unit_of_one_amount_changed__names_the_table(run: Run) -> None:
    forge(run)

    with pytest.raises(RunsDiffer, match=r"liquidations\.parquet is not what the run wrote: expected sha256") as differ:
        check_folder(Run(run.folder))
    assert differ.value.exit_code == 1


def test_check_folder__figure_of_the_summary_changed__names_it_with_both_values(run: Run) -> None:
    change_summary(run, lambda content: content.update(deficit_usd=12.5))

    was = run.frames.liquidations["deficit_raw"].sum() / 10**6
    with pytest.raises(RunsDiffer, match=rf"summary\.json: deficit_usd is 12\.5, its tables give {was}"):
        check_folder(Run(run.folder))


def test_check_folder__figure_below_a_key_changed__names_its_path(run: Run) -> None:
    change_summary(run, lambda content: content.update(backlog=dict(content["backlog"], end_positions=99)))  # type: ignore[call-overload]

    with pytest.raises(RunsDiffer, match=r"summary\.json: backlog\.end_positions is 99, its tables give "):
        check_folder(Run(run.folder))


@pytest.mark.parametrize("key", ["wall_seconds", "anvil_peak_memory_mb", "amplification"])
def test_check_folder__figure_that_no_table_has__is_not_checked(run: Run, key: str) -> None:
    change_summary(run, lambda content: content.update({key: 3.25}))

    check_folder(Run(run.folder))


def test_check_folder__table_left_out_of_the_manifest__is_named(run: Run) -> None:
    manifest = run.manifest
    tables = {name: digest for name, digest in manifest.tables.items() if name != "trades"}
    (run.folder / "manifest.json").write_text(replace(manifest, tables=tables).to_json(), encoding="utf-8")

    with pytest.raises(RunsDiffer, match="its manifest differs in the tables trades"):
        check_folder(Run(run.folder))


@pytest.mark.parametrize(
    "content", [b"PAR1 cut off", b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"]
)
def test_check_folder__table_is_no_parquet_file__is_named_in_one_line(run: Run, content: bytes) -> None:
    (run.folder / "tables" / "prices.parquet").write_bytes(content)

    with pytest.raises(RunsDiffer, match=r"prices\.parquet is not a whole Parquet file") as differ:
        check_folder(Run(run.folder))
    assert "\n" not in str(differ.value)


def test_check_folder__table_missing__is_named(run: Run) -> None:
    (run.folder / "tables" / "prices.parquet").unlink()

    with pytest.raises(RunsDiffer, match=r"prices\.parquet"):
        check_folder(Run(run.folder))


def test_run__table_changed_on_disk__is_refused_from_python_and_by_the_report(run: Run) -> None:
    forge(run)
    changed = Run(run.folder)

    with pytest.raises(TamperedTable, match=r"liquidations\.parquet is not what the run wrote"):
        _ = changed.liquidations
    with pytest.raises(TamperedTable, match=r"liquidations\.parquet is not what the run wrote"):
        draw_report(run.folder, png=False)
    assert len(changed.positions) == len(run.positions)


def test_check_tools__other_version_in_the_manifest__is_named_with_the_way_on(run: Run) -> None:
    manifest = replace(run.manifest, tools=tool_versions() | {"anvil": "0.0.1"})
    (run.folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")

    with pytest.raises(OtherTools, match=r"was made with anvil 0\.0\.1, here .*: `--other-tools` verifies") as other:
        check_tools(Run(run.folder))
    assert other.value.exit_code == 2


def test_check_tools__same_versions__passes(run: Run) -> None:
    manifest = replace(run.manifest, tools=tool_versions())
    (run.folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")

    check_tools(Run(run.folder))


def test_compare_runs__one_amount_differs__names_table_row_column_and_both_values(
    tmp_path: Path, run: Run, run_of: Callable[[Rows], Path], crash_rows: Rows
) -> None:
    first = Run(run.folder.rename(tmp_path / "first"))
    crash_rows["liquidations"][2]["debt_covered_raw"] += 1
    was = int(first.liquidations["debt_covered_raw"][2])
    second = Run(run_of(crash_rows))

    with pytest.raises(
        RunsDiffer,
        match=rf"differs in liquidations: row 2, column debt_covered_raw: {was} on disk, {was + 1} in the second run; "
        rf"sha256 \w+ in the manifest, \w+ on disk, \w+ in the second run: file and manifest agree",
    ):
        compare_runs(first, second)


def test_compare_runs__row_missing__names_both_counts(
    tmp_path: Path, run: Run, crash_rows: Rows, run_of: Callable[[Rows], Path]
) -> None:
    first = Run(run.folder.rename(tmp_path / "first"))
    del crash_rows["liquidations"][-1]
    second = Run(run_of(crash_rows))

    count = len(first.liquidations)
    with pytest.raises(RunsDiffer, match=rf"liquidations: {count} rows on disk, {count - 1} in the second run"):
        compare_runs(first, second)


def test_draw_report__run_without_an_outcome__is_refused_until_it_is_analysed(run: Run) -> None:
    (run.folder / "manifest.json").write_text(replace(run.manifest, expectation=None).to_json(), encoding="utf-8")

    with pytest.raises(CascadeError, match="have not been analysed"):
        _ = Run(run.folder).summary


def test_run__copied_and_pickled__opens_the_same_folder(run: Run) -> None:
    _ = run.liquidations

    for other in (copy.copy(run), copy.deepcopy(run), pickle.loads(pickle.dumps(run))):
        assert other.folder == run.folder
        assert len(other.liquidations) == len(run.liquidations)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("first_crash_block", r"first_crash_block is no table of a run: expected run\.frames\.first_crash_block"),
        ("parameters", r"parameters is no table of a run: expected run\.frames\.parameters"),
        ("liquidation", r"liquidation is no table of a run$"),
    ],
)
def test_run__name_of_no_table__is_refused_with_the_place_where_it_is(run: Run, name: str, message: str) -> None:
    with pytest.raises(AttributeError, match=message):
        getattr(run, name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{}", r"manifest\.json: not the manifest of a run: scenario_text: Field required"),
        (b"[1", r"manifest\.json: not the manifest of a run: the text: "),
        (b"\xff\xfe{}", r"manifest\.json: is not UTF-8"),
    ],
)
def test_run__corrupt_manifest__is_one_line_with_its_file(run: Run, content: bytes, message: str) -> None:
    (run.folder / "manifest.json").write_bytes(content)

    with pytest.raises(CascadeError, match=message) as refused:
        _ = Run(run.folder).manifest
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)
