"""Same scenario and seed, same bytes; also beside a busy CPU, and another seed gives another run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from cascade import Run, replay
from cascade.recording.tables import TABLES

from .conftest import SCENARIOS, SMALL, small

MACHINE = dict.fromkeys(("wall_seconds", "crash_wall_seconds", "crash_node_seconds", "anvil_peak_memory_mb"))
"""Figures of the machine, which differ from run to run."""


def table_bytes(run: Run) -> dict[str, bytes]:
    return {name: (run.folder / "tables" / f"{name}.parquet").read_bytes() for name in TABLES}


@contextmanager
def busy_processors() -> Iterator[None]:
    """More endless loops than processors, all of them running."""
    loop = "print('running', flush=True)\nwhile True: pass"
    processes = [
        subprocess.Popen([sys.executable, "-c", loop], stdout=subprocess.PIPE) for _ in range((os.cpu_count() or 1) + 1)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"running\n"
        yield
        assert all(process.poll() is None for process in processes)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_replay__second_time_beside_a_busy_cpu__gives_the_same_bytes(crash_run: Run, tmp_path: Path) -> None:
    with busy_processors():
        again = replay(small(), out=tmp_path)

    assert again.folder.name == crash_run.folder.name
    assert table_bytes(again) == table_bytes(crash_run)
    assert again.manifest.tables == crash_run.manifest.tables


SECOND_RUN = """
import datetime, sys
import numpy as np
from cascade import load_scenario, replay
assert not np.show_config("dicts")["SIMD Extensions"].get("found"), "numpy still uses the vector extensions"
scenario = load_scenario(sys.argv[1], set={changes})
print(replay(scenario, out=sys.argv[2]).folder)
"""


def test_replay__without_the_processors_vector_extensions__gives_the_same_tables(
    crash_run: Run, tmp_path: Path
) -> None:
    # numpy chooses its loops, and the C library its exponentials and powers, by what the processor has.
    configuration: Any = np.show_config
    present = configuration("dicts")["SIMD Extensions"].get("found", [])
    plain = {
        "NPY_DISABLE_CPU_FEATURES": " ".join(present),
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-FMA,-FMA4",
    }
    code = SECOND_RUN.replace("{changes}", repr(SMALL))
    command = [sys.executable, "-c", code, str(SCENARIOS / "loop-and-crash.yaml"), str(tmp_path)]
    done = subprocess.run(command, env={**os.environ, **plain}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    again = Run(Path(done.stdout.split()[-1]))

    assert table_bytes(again) == table_bytes(crash_run)
    figures = [vars(run.summary) | MACHINE for run in (again, crash_run)]
    assert figures[0] == figures[1]


def test_replay__into_the_folder_of_an_earlier_run__replaces_it_whole(tmp_path: Path) -> None:
    scenario = small(**{"positions.loopers.count": 5, "expect.liquidations": "some"})
    first = replay(scenario, out=tmp_path, require_expected=False)
    (first.folder / "left-over").write_text("x", encoding="utf-8")
    second = replay(scenario, out=tmp_path, require_expected=False)

    assert second.folder == first.folder
    assert [entry.name for entry in tmp_path.iterdir()] == [second.folder.name]
    assert not (second.folder / "left-over").exists()


def test_replay__another_seed__gives_another_run(crash_run: Run, tmp_path: Path) -> None:
    other = replay(small(seed=2), out=tmp_path)

    assert other.folder.name != crash_run.folder.name
    assert other.manifest.tables["positions"] != crash_run.manifest.tables["positions"]
