"""Seeds, no leverage, no liquidations and a value tried, on whole runs of the endogenous crash in its small size."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cascade import Run
from cascade.experiments.endogeneity.examine import examine_endogeneity
from cascade.experiments.endogeneity.result import Endogeneity
from cascade.experiments.execution import Execution
from cascade.toolchain.paths import project_root

from .conftest import small_unwind

pytestmark = pytest.mark.xdist_group("endogeneity")
"""One worker runs this module: its fixtures replay whole runs, which every other worker would replay again."""

TRIED = {"sensitivity": {"venues.usde-usdc.amplification": [10]}}


@pytest.fixture(scope="module")
def found() -> Endogeneity:
    return examine_endogeneity(small_unwind(**TRIED), seeds=2, execution=Execution(workers=2))


def test_examine__first_seed__is_the_scenario_s_own_run(found: Endogeneity, unwind_run: Run) -> None:
    # The key `sensitivity` is a parameter too, so the run's id differs; what happened does not.
    assert found.baseline.trough_usd == unwind_run.summary.trough["USDe"]["spot:usde-usdc"]
    assert found.baseline.liquidations == len(unwind_run.liquidations)
    assert found.market == "USDe, spot:usde-usdc"


def test_examine__seeds__are_different_runs_that_meet_the_claim(found: Endogeneity) -> None:
    assert [one.seed for one in found.seeds] == [1, 2]
    assert found.seeds[0].tables_sha256 != found.seeds[1].tables_sha256
    assert all(one.met and one.liquidations > 0 for one in found.seeds)
    assert found.criteria[0].outcome == "2 of 2"


def test_examine__without_leverage_and_without_liquidations__falls_less(found: Endogeneity) -> None:
    assert found.without_liquidations is not None
    assert (found.without_leverage.liquidations, found.without_liquidations.liquidations) == (0, 0)
    assert found.without_leverage.trough_usd > found.baseline.trough_usd
    assert found.without_liquidations.trough_usd > found.baseline.trough_usd


def test_examine__pool_that_holds_its_price_less__market_falls_further(found: Endogeneity) -> None:
    (trial,) = found.trials

    assert (trial.path, trial.value) == ("venues.usde-usdc.amplification", 10)
    assert trial.figures.trough_usd < found.baseline.trough_usd


@pytest.mark.parametrize("command", ["causes", "endogeneity", "compare"])
def test_ape_run__experiments__are_listed_with_their_arguments(command: str) -> None:
    ape = Path(sys.executable).with_name("ape")
    done = subprocess.run(
        [str(ape), "run", command, "--help"],
        cwd=project_root(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "--workers" in done.stdout


def below(parent: int) -> list[int]:
    """Process ids of all descendants."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found += [int(folder.name), *below(int(folder.name))]
    return found


def is_anvil(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8") == "anvil\n"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_worker(pid: int) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_ape_run_endogeneity__ended_while_workers_start__leaves_no_temporary_file(tmp_path: Path) -> None:
    ape = Path(sys.executable).with_name("ape")
    process = subprocess.Popen(
        [str(ape), "run", "endogeneity", "scenarios/usde-unwind.yaml", "--workers=2", f"--out={tmp_path / 'runs'}"],
        cwd=project_root(),
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: any(is_worker(pid) for pid in below(process.pid)))
        time.sleep(1)  # in the middle of their imports, which write temporary files too
        process.terminate()
        process.communicate(timeout=60)
    finally:
        process.kill()

    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kill", [signal.SIGTERM, signal.SIGKILL])
def test_ape_run_endogeneity__killed_with_workers__leaves_no_process(kill: signal.Signals, tmp_path: Path) -> None:
    ape = Path(sys.executable).with_name("ape")
    process = subprocess.Popen(
        [str(ape), "run", "endogeneity", "scenarios/usde-unwind.yaml", "--workers=2", f"--out={tmp_path / 'runs'}"],
        cwd=project_root(),
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: any(is_anvil(pid) for pid in below(process.pid)))
        started = below(process.pid)
        process.send_signal(kill)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()

    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started))
    assert not (tmp_path / "runs").exists()
    if kill is signal.SIGTERM:
        assert process.returncode == 130
        assert "Traceback" not in errors
        assert list(tmp_path.iterdir()) == []
