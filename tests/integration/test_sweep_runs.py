"""Sweeps on a Dask cluster: rows against runs of their own, a kill, a lost worker, a scheduler that exists."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import psutil
import pytest
from distributed import LocalCluster

from cascade import load_scenario, replay
from cascade.commands.sweep import open_run_of_sweep, run_sweep
from cascade.errors import ExpectationFailed
from cascade.experiments.sweep import certificate, execute, open_run
from cascade.experiments.sweep.words import SweepResult

from .conftest import SCENARIOS

GRID = """\
scenario: loop-and-crash
base:
  chain.engine: revm
  timeline.start: 2025-10-10T21:38:00Z
  timeline.end: 2025-10-10T21:43:00Z
  positions.loopers.count: 20
  venues.usde-usdc.reserves: {{USDC: 10_000_000, USDe: 10_000_000}}
  agents.keeper.count: 2
  expect.troughs: [{{asset: USDe, source: oracle, at_least_usd: 2}}]
vary:
  agents.keeper.attention_bps: [{attention}]
  lending.reserves.USDe.liquidation_bonus_bps: [300, 900]
positions: baseline
"""
ATTENTION, BONUS = "agents.keeper.attention_bps", "lending.reserves.USDe.liquidation_bonus_bps"


def grid_file(folder: Path, attention: str = "1000, 5000, 9000") -> Path:
    file = folder / "grid.yaml"
    file.write_text(GRID.format(attention=attention), encoding="utf-8")
    return file


def rows_of(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "rows").set_index("number").sort_index()


def journal_of(folder: Path) -> list[dict[str, object]]:
    text = (folder / "journal.jsonl").read_text(encoding="utf-8") if (folder / "journal.jsonl").is_file() else ""
    return [json.loads(line) for line in text.splitlines() if line.endswith("}")]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> SweepResult:
    folder = tmp_path_factory.mktemp("sweep")
    return run_sweep(grid_file(folder), folder=folder / "rows", workers=2)


def test_sweep__each_row__is_the_run_of_its_point(swept: SweepResult, tmp_path: Path) -> None:
    base = swept.plan.grid.spec.base
    baseline = load_scenario(SCENARIOS / "loop-and-crash.yaml", set=base)
    rows = rows_of(swept.folder)

    assert len(rows) == 6
    for number in (0, 5):
        row = rows.loc[number]
        point = {ATTENTION: int(row[ATTENTION]), BONUS: int(row[BONUS])}
        scenario = load_scenario(SCENARIOS / "loop-and-crash.yaml", set={**base, **point})
        run = replay(scenario, out=tmp_path, like=baseline, report=False, require_expected=False)
        assert row["run_id"] == run.manifest.run_id
        assert row["tables_sha256"] == run.summary.tables_sha256
        assert row["deficit_usd"] == run.summary.deficit_usd
        assert row["liquidations"] == run.summary.liquidations
        # There are liquidations, and nothing was ever worth two dollars.
        assert (row["expect.liquidations"], row["expect.troughs.0"]) == (1, 0)
    assert rows["tables_sha256"].nunique() == 6
    assert rows["keepers.net_profit_usd"].isna().all()


def test_sweep__certificate__compares_runs_on_anvil_without_any_difference(swept: SweepResult) -> None:
    assert swept.certificate is not None
    assert (swept.certificate.runs, swept.certificate.holds) == (3, True)
    assert {"deficit_usd", "liquidations"} <= swept.certificate.largest.keys()
    page = (swept.folder / "sweep.html").read_text(encoding="utf-8")
    assert "3 runs of the sweep, drawn by lot, were made on anvil as well: no difference" in page


def test_sweep__finished_and_repeated__makes_no_run_on_either_engine(
    swept: SweepResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a run was made again")

    monkeypatch.setattr(certificate, "make_run", refuse)
    monkeypatch.setattr(execute, "cluster", refuse)
    again = run_sweep(swept.plan.grid.file, folder=swept.folder, workers=2)

    assert again.certificate == swept.certificate
    pd.testing.assert_frame_equal(again.frame, swept.frame)


def test_sweep__opened_run__has_its_page_and_the_tables_of_its_row(
    swept: SweepResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = rows_of(swept.folder).loc[4]
    file = swept.plan.grid.file

    run = open_run_of_sweep(file, str(row["id"]), folder=swept.folder)

    assert run.folder == swept.folder / "opened" / str(row["run_id"])
    assert (run.folder / "report.html").is_file()
    assert run.summary.tables_sha256 == row["tables_sha256"]
    assert run.summary.deficit_usd == row["deficit_usd"]

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the run was made again")

    monkeypatch.setattr(open_run, "replay", refuse)
    assert open_run_of_sweep(file, str(row["id"])[:12], folder=swept.folder).folder == run.folder


def test_sweep__opened_run_whose_row_was_changed__is_told(swept: SweepResult, tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    for name in ("sweep.json", "journal.jsonl"):
        (folder / name).write_bytes((swept.folder / name).read_bytes())
    row = rows_of(swept.folder).loc[1]
    journal = (folder / "journal.jsonl").read_text(encoding="utf-8")
    (folder / "journal.jsonl").write_text(journal.replace(str(row["tables_sha256"]), "0" * 64), encoding="utf-8")

    with pytest.raises(ExpectationFailed, match=f"has other tables than the run {row['id']} of the sweep"):
        open_run_of_sweep(swept.plan.grid.file, str(row["id"]), folder=folder)


def test_sweep__killed_and_started_again__loses_no_run_and_repeats_none(swept: SweepResult, tmp_path: Path) -> None:
    file, folder = grid_file(tmp_path), tmp_path / "rows"
    command = [sys.executable, "-m", "cascade", "sweep", str(file), "--folder", str(folder), "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not any("ended" in line for line in journal_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
        assert process.poll() is None
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    psutil.wait_procs(workers, timeout=60)
    kept = [line["ended"]["id"] for line in journal_of(folder) if "ended" in line]  # type: ignore[index]
    assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    ended = Counter(line["ended"]["id"] for line in journal_of(folder) if "ended" in line)  # type: ignore[index]
    assert len(kept) >= 1
    assert ended == Counter(rows_of(folder)["id"].tolist())
    started = Counter(line["started"] for line in journal_of(folder) if "started" in line)
    assert all(started[run] == 1 for run in kept)
    pd.testing.assert_frame_equal(rows_of(folder), rows_of(swept.folder).assign(command=rows_of(folder)["command"]))


def test_sweep__on_a_scheduler_that_exists_whose_worker_is_lost__makes_every_run(
    swept: SweepResult, tmp_path: Path
) -> None:
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=50,
    ) as cluster:
        victim = next(iter(cluster.workers.values())).pid
        command = [
            sys.executable,
            "-m",
            "cascade",
            "sweep",
            str(grid_file(tmp_path)),
            "--folder",
            str(tmp_path / "rows"),
        ]
        process = subprocess.Popen(
            [*command, "--scheduler", cluster.scheduler_address],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + 240
        while not any("ended" in line for line in journal_of(tmp_path / "rows")) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(victim, signal.SIGKILL)
        said, _ = process.communicate(timeout=300)

    assert process.returncode == 0, said
    theirs = rows_of(tmp_path / "rows")
    assert theirs["tables_sha256"].tolist() == rows_of(swept.folder)["tables_sha256"].tolist()


def test_sweep__interrupted__keeps_what_is_finished_and_says_how_to_go_on(tmp_path: Path) -> None:
    file, folder = grid_file(tmp_path, "1000, 2000, 3000, 4000, 5000, 6000"), tmp_path / "rows"
    command = [sys.executable, "-m", "cascade", "sweep", str(file), "--folder", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 240
    while not any("ended" in line for line in journal_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)

    assert process.returncode == 130
    assert "Traceback" not in said
    kept = sum("ended" in line for line in journal_of(folder))
    assert f"interrupted; {kept} of 12 runs are kept in {folder}; the same command goes on" in " ".join(said.split())
    assert len(rows_of(folder)) == kept
    psutil.wait_procs(children, timeout=60)
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def test_sweep__run_that_fails__is_a_row_with_its_error_and_a_command_that_fails_alike(tmp_path: Path) -> None:
    text = (
        GRID.format(attention="1000")
        .replace("positions: baseline\n", "")
        .replace(
            "  lending.reserves.USDe.liquidation_bonus_bps: [300, 900]\n",
            # A pool that every loop drains while it is built: the second value cannot be built.
            "  lending.reserves.USDC.lenders_supply: [120_000_000, 100]\n",
        )
    )
    file = tmp_path / "grid.yaml"
    file.write_text(text + "certificate: {share: 0, least: 0}\n", encoding="utf-8")

    found = run_sweep(file, folder=tmp_path / "rows", workers=1)
    rows = rows_of(tmp_path / "rows")

    assert rows.loc[0, "error"] == ""
    assert rows.loc[1, "error"] != ""
    assert pd.isna(rows.loc[1, "deficit_usd"])
    assert found.certificate is None
    again = subprocess.run(
        [sys.executable, "-m", *shlex.split(str(rows.loc[1, "command"]))], capture_output=True, text=True, check=False
    )
    assert again.returncode == 2
    assert " ".join(str(rows.loc[1, "error"]).split()) in " ".join(again.stderr.split())
