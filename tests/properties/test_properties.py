"""Runs forge's property tests, and guards that none is lost."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import solcx

from cascade.toolchain.paths import forge_binary, project_root
from cascade.toolchain.solc import SOLC_VERSION

SOURCES = list(Path(__file__).parent.glob("*.t.sol"))
PREFIXES = ("testFuzz_", "test_", "invariant_")
LARGE_DEPTH = 500
LARGE_RUNS_EACH = 1000
"""Of each seed: two seeds make a million calls of every invariant campaign."""

LARGE_SEEDS = ("0x20251010", "0x20251011")


def test_properties__fuzzed__all_hold(pytestconfig: pytest.Config) -> None:
    written = sum(source.read_text(encoding="utf-8").count(f"function {p}") for source in SOURCES for p in PREFIXES)
    assert written >= 16
    compiler = str(solcx.install.get_executable(SOLC_VERSION))
    environment = {**os.environ, "FOUNDRY_SOLC": compiler}

    if pytestconfig.getoption("--fuzz-size") == "small":
        assert_all_hold(forge("test", "--json", environment=environment), written)
        return
    forge("build", environment=environment)
    size = {
        "FOUNDRY_INVARIANT_RUNS": str(LARGE_RUNS_EACH),
        "FOUNDRY_INVARIANT_DEPTH": str(LARGE_DEPTH),
        "FOUNDRY_FUZZ_RUNS": "10000",
    }
    with ThreadPoolExecutor(len(LARGE_SEEDS)) as threads:
        runs = [
            threads.submit(forge, "test", "--json", environment={**environment, **size, "FOUNDRY_FUZZ_SEED": seed})
            for seed in LARGE_SEEDS
        ]
    for run in runs:
        assert_all_hold(run.result(), written)


def forge(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(forge_binary()), *arguments],
        cwd=project_root(),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def assert_all_hold(run: subprocess.CompletedProcess[str], written: int) -> None:
    assert run.stdout.lstrip().startswith("{"), run.stdout + run.stderr
    suites = json.loads(run.stdout)
    results = {
        f"{suite} {name}": result
        for suite, outcome in suites.items()
        for name, result in outcome["test_results"].items()
    }
    broken = {name: result["reason"] for name, result in results.items() if result["status"] != "Success"}
    assert broken == {}
    assert len(results) == written
