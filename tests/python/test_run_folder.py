"""The folder of a run: tables and hashes first, so that a failure afterwards loses nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cascade.commands.report import draw_report
from cascade.errors import AccountingViolation, CascadeError, IncompleteRun
from cascade.recording.store import table_sha256
from cascade.run import folder as run_folder
from cascade.run.inputs import RunInputs
from cascade.run.opened import Run
from cascade.run.progress import quiet
from cascade.scenario.load import load_scenario
from cascade.toolchain.paths import project_root

from .conftest import Rows
from .table_rows import typed

SCENARIOS = project_root() / "scenarios"

DRAWN = "drawn"


def write(rows: Rows, out: Path, *, draw: Callable[[Path], object] | None = None) -> Path:
    machine = run_folder.MachineFigures(
        started=time.monotonic(), crash_wall_seconds=2.5, crash_node_seconds=1.5, anvil_peak_memory_mb=80.0
    )
    inputs = RunInputs(load_scenario(SCENARIOS / "frictionless-loop.yaml"), {}, {})
    return run_folder.write_run(inputs, typed(rows), out=out, machine=machine, progress=quiet(), draw=draw)


def fails(error: Exception) -> Callable[..., object]:
    def raising(*_: object, **__: object) -> object:
        raise error

    return raising


def test_write_run__analysis_and_page__has_both_and_nothing_temporary(calm_rows: Rows, tmp_path: Path) -> None:
    folder = write(calm_rows, tmp_path, draw=lambda partial: (partial / "report.html").write_text(DRAWN))

    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name]
    assert sorted(path.name for path in folder.iterdir()) == [
        "manifest.json",
        "report.html",
        "summary.json",
        "tables",
        "traces.json",
    ]
    assert Run(folder).summary.crash_wall_seconds == 2.5


def test_write_run__page_fails__keeps_the_analysed_run_and_names_the_command(calm_rows: Rows, tmp_path: Path) -> None:
    with pytest.raises(IncompleteRun) as caught:
        write(calm_rows, tmp_path, draw=fails(KeyError("forced")))

    folder = caught.value.folder
    assert str(caught.value) == (
        f"drawing its page failed: KeyError: 'forced'; the run is kept: repeat this step with `cascade report {folder}`"
    )
    assert caught.value.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert Run(folder).manifest.tables == table_sha256(folder / "tables")
    assert Run(folder).summary.positions == 5


def test_write_run__analysis_fails__keeps_whole_tables_and_their_hashes(
    calm_rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folder, "summarise", fails(KeyError("forced")))

    with pytest.raises(IncompleteRun, match="analysing its tables failed: KeyError"):
        write(calm_rows, tmp_path)
    (folder,) = tmp_path.iterdir()

    assert Run(folder).manifest.tables == table_sha256(folder / "tables")
    assert len(Run(folder).positions) == len(calm_rows["positions"])
    with pytest.raises(CascadeError, match="have not been analysed: `cascade report` does that"):
        _ = Run(folder).summary
    with pytest.raises(CascadeError, match="have not been analysed"):
        Run(folder).require_expected()


def test_draw_report__analysis_had_failed__makes_the_run_that_would_have_been(
    calm_rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write(calm_rows, tmp_path / "whole")
    monkeypatch.setattr(run_folder, "link_rows", fails(ZeroDivisionError("division by zero")))
    with pytest.raises(IncompleteRun):
        write(calm_rows, tmp_path / "broken")
    monkeypatch.undo()
    folder = tmp_path / "broken" / whole.name

    draw_report(folder, png=False)

    assert (folder / "manifest.json").read_bytes() == (whole / "manifest.json").read_bytes()
    assert Run(folder).summary.crash_node_seconds == 1.5
    assert sorted(path.name for path in folder.iterdir()) == [
        "manifest.json",
        "report.html",
        "summary.json",
        "tables",
        "traces.json",
    ]


def test_write_run__liquidation_that_does_not_add_up__is_kept_and_never_has_figures(
    calm_rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folder, "check_liquidations", fails(AccountingViolation("liquidation 0x1: seized 2 of 1")))

    with pytest.raises(IncompleteRun, match="analysing its tables failed: liquidation 0x1: seized 2 of 1; the run is"):
        write(calm_rows, tmp_path)
    (folder,) = tmp_path.iterdir()

    with pytest.raises(AccountingViolation):
        draw_report(folder, png=False)
    assert not (folder / "summary.json").exists()
    assert not (folder / "report.html").exists()


def test_write_run__interrupted_while_drawing__leaves_nothing(calm_rows: Rows, tmp_path: Path) -> None:
    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(calm_rows, tmp_path, draw=interrupted)

    assert list(tmp_path.iterdir()) == []


def test_write_run__tables_fail__leaves_nothing(
    calm_rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folder, "write_recorded", fails(OSError(28, "No space left on device")))

    with pytest.raises(CascadeError, match=f"{tmp_path}: the run cannot be written there, and is lost: No space left"):
        write(calm_rows, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_put_in_place__many_at_once__all_succeed_and_one_whole_run_is_left(tmp_path: Path) -> None:
    final = tmp_path / "run-1"

    def put(number: int) -> Path:
        partial = tmp_path / f".partial-run-1-{number}"
        partial.mkdir()
        for name in ("manifest.json", "summary.json"):
            (partial / name).write_text(str(number))
        return run_folder._put_in_place(partial, final)

    with ThreadPoolExecutor(max_workers=8) as pool:
        placed = list(pool.map(put, range(400)))

    assert placed == [final] * 400
    assert [path.name for path in tmp_path.iterdir()] == ["run-1"]
    assert len({(final / name).read_text() for name in ("manifest.json", "summary.json")}) == 1


def test_put_in_place__another_error__is_raised(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_folder._put_in_place(tmp_path / "missing", tmp_path / "run-1")
