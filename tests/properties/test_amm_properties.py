"""Runs forge's property tests of the AMMs, and guards that none is lost."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import solcx

from cascade.toolchain.paths import forge_binary, project_root
from cascade.toolchain.solc import SOLC_VERSION


def test_amm_properties__fuzzed__all_hold() -> None:
    sources = Path(__file__).parent.glob("*.t.sol")
    written = sum(source.read_text(encoding="utf-8").count("function testFuzz_") for source in sources)
    compiler = str(solcx.install.get_executable(SOLC_VERSION))

    run = subprocess.run(
        [str(forge_binary()), "test", "--json"],
        cwd=project_root(), env={**os.environ, "FOUNDRY_SOLC": compiler},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip

    assert run.stdout.lstrip().startswith("{"), run.stdout + run.stderr
    suites = json.loads(run.stdout).values()
    results = {name: result["status"] for suite in suites for name, result in suite["test_results"].items()}
    assert {name: status for name, status in results.items() if status != "Success"} == {}
    assert len(results) == written >= 12
