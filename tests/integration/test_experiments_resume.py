"""Experiments that are interrupted and started again, and that run on a Dask cluster which exists."""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

import cascade.experiments.runs as experiment_runs
from cascade import Run, Scenario, replay
from cascade.errors import CascadeError
from cascade.experiments.causes.amplification import keepers_off
from cascade.experiments.cluster import cluster, distribute
from cascade.experiments.execution import Execution
from cascade.experiments.runs import Job, read_groups, read_runs, run_all
from cascade.experiments.seeds.compare import PairOutcome, read_pair
from cascade.scenario.load import vary

from .conftest import small

pytestmark = pytest.mark.xdist_group("experiments")
"""One worker runs this module: its runs share a cluster."""


def scenario(seed: int = 1) -> Scenario:
    return vary(small(**{"chain.engine": "revm", "positions.loopers.count": 10}), {"seed": seed})


def jobs() -> list[Job]:
    return [Job(f"seed {seed}", scenario(seed)) for seed in (1, 2, 3)]


def hash_of(run: Run) -> str:
    return run.summary.tables_sha256


class Counted:
    """`replay`, counted, and interrupted in place of one of its runs."""

    def __init__(self, *, interrupted_at: int | None = None) -> None:
        self.made: list[int] = []
        self._interrupted_at = interrupted_at

    def __call__(self, one: Scenario, **options: Any) -> Run:
        if len(self.made) == self._interrupted_at:
            raise KeyboardInterrupt
        self.made.append(one.seed)
        return replay(one, **options)


@pytest.fixture(scope="module")
def whole() -> list[str]:
    """What the experiment says when nothing disturbs it."""
    return read_runs(jobs(), hash_of, kind=str)


def test_read_runs__interrupted_and_started_again__repeats_no_run(
    whole: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = Counted(interrupted_at=2), Counted(), Counted()
    execution = Execution(kept=tmp_path)
    monkeypatch.setattr(experiment_runs, "replay", first)
    with pytest.raises(
        KeyboardInterrupt, match=r"^outcomes of 2 of 3 are kept in .*outcomes; the same command goes on$"
    ):
        read_runs(jobs(), hash_of, kind=str, execution=execution)

    monkeypatch.setattr(experiment_runs, "replay", second)
    again = read_runs(jobs(), hash_of, kind=str, execution=execution)
    monkeypatch.setattr(experiment_runs, "replay", third)
    once_more = read_runs(jobs(), hash_of, kind=str, execution=execution)

    assert (first.made, second.made, third.made) == ([1, 2], [3], [])
    assert again == once_more == whole
    assert len(set(whole)) == 3


def test_run_all__runs_that_are_there__are_checked_and_not_made_again(
    whole: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted()
    monkeypatch.setattr(experiment_runs, "replay", counted)
    runs = run_all(jobs()[:2], out=tmp_path)
    digit = runs[0].folder / "summary.json"
    digit.write_text(digit.read_text(encoding="utf-8").replace('"positions": 10', '"positions": 11'), encoding="utf-8")

    again = run_all(jobs(), out=tmp_path)

    # The first run's summary is not what it wrote, the third is new; the second stands.
    assert counted.made == [1, 2, 1, 3]
    assert [hash_of(run) for run in again] == whole
    assert again[0].summary.positions == 10


def test_read_groups__pairs_on_a_cluster_that_exists__give_the_outcomes_of_this_process(
    whole: list[str], tmp_path: Path
) -> None:
    pairs = [
        (Job("with keepers", scenario(seed)), Job("without", without(seed), like=scenario(seed))) for seed in (1, 2)
    ]
    # A worker imports what reads the runs: it stands in the package, as tests do not.
    read = partial(read_pair, figures=("deficit_usd", "liquidations"))
    here = read_groups(pairs, read, kind=PairOutcome)

    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        local_directory=str(tmp_path / "dask"),
        silence_logs=50,
    ) as existing:
        there = read_groups(
            pairs, read, kind=PairOutcome, execution=Execution(scheduler=existing.scheduler_address, kept=tmp_path)
        )

    assert there == here
    assert [pair.judged["liquidations"] for pair in there] == [0, 0]
    liquidated = [next(one for one in pair.outcomes if one.name == "liquidations") for pair in there]
    assert all(one.baseline and one.change == 0 for one in liquidated)
    assert there[0] != there[1]


def test_cluster__scheduler_is_lost_in_the_middle__is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes of Dask's own, as on another machine; the scheduler is killed while a worker has work."""
    # Scheduler and worker import the work, so it stands in a module of its own.
    (tmp_path / "long_work.py").write_text(
        "import time\n\ndef sleep(chunk, *_):\n    time.sleep(chunk)\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    sleep = importlib.import_module("long_work").sleep
    address = f"tcp://127.0.0.1:{free_port()}"
    options = ["--no-dashboard", "--host", "127.0.0.1"]
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", *options, "--port", address.rpartition(":")[2]]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, *options, "--nthreads", "1"]
    with (
        subprocess.Popen(dask, stderr=subprocess.DEVNULL) as scheduler,
        subprocess.Popen([*worker, "--local-directory", str(tmp_path)], stderr=subprocess.DEVNULL) as other,
    ):
        try:
            with cluster(workers=1, scheduler=address) as client:
                threading.Timer(2, scheduler.kill).start()
                with pytest.raises(CascadeError, match=r"^the connection to the Dask scheduler was lost: "):
                    distribute(client, lambda: [60], sleep, lambda text: None)
        finally:
            scheduler.kill()
            other.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def without(seed: int) -> Scenario:
    found = keepers_off(scenario(seed))
    assert found is not None
    return vary(found, {"expect.liquidations": "none"})


def test_compare__scheduler_that_is_not_there__is_one_line_before_any_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "cascade", "compare", "loop-and-crash", "--set", "agents.keeper.count=1"),
            *("--scheduler", "tcp://127.0.0.1:1", "--out", str(tmp_path / "runs")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: --scheduler = 'tcp://127.0.0.1:1': does not answer: ")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()
