"""A sweep on a cluster of two hosts: network namespaces with an address each, joined by one cable."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from cascade import load_scenario, replay
from cascade.chain.artifacts import load_artifacts

from .conftest import SCENARIOS

GRID = """\
scenario: loop-and-crash
base:
  chain.engine: revm
  timeline.start: 2025-10-10T21:38:00Z
  timeline.end: 2025-10-10T21:43:00Z
  positions.loopers.count: 20
  venues.usde-usdc.reserves: {USDC: 10_000_000, USDe: 10_000_000}
  agents.keeper.count: 2
vary:
  agents.keeper.attention_bps: {first: 1000, last: 9000, steps: 9}
certificate: {share: 0, least: 0}
"""
ATTENTION = "agents.keeper.attention_bps"

PRELOAD = """\
import json, os

def dask_setup(worker):
    # Each host keeps its own list of the runs that it made.
    tell, file = worker.log_event, os.environ["HOST_RUNS"]
    def noted(topic, text):
        if topic.startswith("cascade-"):
            with open(file, "a") as runs:
                runs.write(json.dumps([worker.address, json.loads(text)["id"]]) + "\\n")
        tell(topic, text)
    worker.log_event = noted
"""
FIRST, SECOND = "10.77.41.1", "10.77.41.2"
PORT = 8786
SECONDS = 120


@dataclass(frozen=True)
class Hosts:
    """Two network namespaces, and a folder for what stands on either."""

    first: str
    second: str
    folder: Path

    def start(self, host: str, *words: str, **environment: str) -> subprocess.Popen[str]:
        with (self.folder / f"{host}.log").open("a", encoding="utf-8") as log:
            return subprocess.Popen(
                ["ip", "netns", "exec", host, sys.executable, "-m", *words],
                stdout=log,
                stderr=log,
                text=True,
                env={**os.environ, **environment},
            )

    def worker(self, host: str, address: str) -> subprocess.Popen[str]:
        temporary = self.folder / f"tmp-{host}"
        temporary.mkdir()
        # Without the nanny, which would start another worker in the place of one that is killed.
        words = ["--no-nanny", "--no-dashboard", "--nthreads", "1", "--host", address, "--preload"]
        return self.start(
            host,
            "distributed.cli.dask_worker",
            f"tcp://{FIRST}:{PORT}",
            *words,
            str(self.folder / "preload.py"),
            "--local-directory",
            str(temporary),
            TMPDIR=str(temporary),
            HOST_RUNS=str(self.folder / f"{host}.runs"),
        )

    def runs_of(self, host: str) -> list[tuple[str, str]]:
        file = self.folder / f"{host}.runs"
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        return [tuple(json.loads(line)) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    if sys.platform != "linux" or shutil.which("ip") is None:
        pytest.skip("two hosts need network namespaces, which only Linux has, and the command ip of iproute2")
    names = [f"cascade-{os.getpid()}-{side}" for side in ("first", "second")]
    made = []
    try:
        for name in names:
            try:
                ip("netns", "add", name)
            except subprocess.CalledProcessError as error:
                pytest.skip(f"this account may not make network namespaces: {error.stderr.strip()}")
            made.append(name)
        try:
            ip("link", "add", "cable", "netns", names[0], "type", "veth", "peer", "name", "cable", "netns", names[1])
            for name, address in zip(names, (FIRST, SECOND), strict=True):
                ip("-n", name, "address", "add", f"{address}/24", "dev", "cable")
                ip("-n", name, "link", "set", "cable", "up")
                ip("-n", name, "link", "set", "lo", "up")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"two network namespaces cannot be joined here: {error.stderr.strip()}")
        (tmp_path / "preload.py").write_text(PRELOAD, encoding="utf-8")
        yield Hosts(names[0], names[1], tmp_path)
    finally:
        for name in made:
            ip("netns", "delete", name)


def journal_of(folder: Path) -> tuple[list[str], list[str]]:
    """Ids of the runs that were given out, and of those that have ended, in order."""
    file = folder / "journal.jsonl"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    started = [line["started"] for line in lines if "started" in line]
    return started, [line["ended"]["id"] for line in lines if "ended" in line]


def test_sweep__on_two_hosts_of_which_one_is_lost__makes_every_run_and_repeats_none_that_ended(
    hosts: Hosts, tmp_path: Path
) -> None:
    # A host of the test has no other network: whatever has to be compiled is compiled before.
    load_artifacts()
    file, folder = tmp_path / "grid.yaml", tmp_path / "rows"
    file.write_text(GRID, encoding="utf-8")
    running = [
        hosts.start(
            hosts.first, "distributed.cli.dask_scheduler", "--host", FIRST, "--port", str(PORT), "--no-dashboard"
        )
    ]
    try:
        running.append(hosts.worker(hosts.first, FIRST))
        lost = hosts.worker(hosts.second, SECOND)
        running.append(lost)
        scheduler = f"tcp://{FIRST}:{PORT}"
        sweep = hosts.start(
            hosts.first, "cascade", "sweep", str(file), "--folder", str(folder), "--scheduler", scheduler
        )
        running.append(sweep)
        deadline = time.monotonic() + SECONDS
        # Both hosts have made runs, and what the second has told is kept, when its worker is killed.
        while not all(
            {run for _, run in hosts.runs_of(host)} & {*journal_of(folder)[1]} for host in (hosts.first, hosts.second)
        ):
            time.sleep(0.01)
            assert sweep.poll() is None
            assert time.monotonic() < deadline
        _, kept = journal_of(folder)
        lost.send_signal(signal.SIGKILL)
        assert sweep.wait(SECONDS) == 0, (tmp_path / f"{hosts.first}.log").read_text(encoding="utf-8")
    finally:
        for process in reversed(running):
            if process.poll() is None:
                process.terminate()
            process.wait(30)

    started, ended = journal_of(folder)
    rows = pd.read_parquet(folder / "rows").set_index("number").sort_index()
    assert 2 <= len(kept) < 9
    assert Counter(ended) == Counter(rows["id"].tolist()) == Counter(set(started))
    assert len(rows) == 9
    assert (rows["error"] == "").all()
    # What had ended was given out once, and made once, on whichever host.
    made = Counter(run for host in (hosts.first, hosts.second) for _, run in hosts.runs_of(host))
    assert all(Counter(started)[run] == made[run] == 1 for run in kept)
    addresses = {
        address.removeprefix("tcp://").split(":")[0]
        for host in (hosts.first, hosts.second)
        for address, _ in hosts.runs_of(host)
    }
    assert addresses == {FIRST, SECOND}
    # A run of the host that was lost, made here, has the same tables.
    alone = rows[rows["id"].isin([run for _, run in hosts.runs_of(hosts.second)])].iloc[0]
    base = {
        "chain.engine": "revm",
        "timeline.start": "2025-10-10T21:38:00Z",
        "timeline.end": "2025-10-10T21:43:00Z",
        "positions.loopers.count": 20,
        "venues.usde-usdc.reserves": {"USDC": 10_000_000, "USDe": 10_000_000},
        "agents.keeper.count": 2,
        ATTENTION: alone[ATTENTION].item(),
    }
    run = replay(
        load_scenario(SCENARIOS / "loop-and-crash.yaml", set=base), out=tmp_path, report=False, require_expected=False
    )
    assert alone["tables_sha256"] == run.summary.tables_sha256
