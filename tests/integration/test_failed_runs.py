"""A run that fails leaves what is known of it, the command that reproduces it, and nothing that looks like a run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cascade import Run, replay
from cascade.errors import CascadeError, MirrorDiffers
from cascade.run.failure import FailedRun
from cascade.toolchain.paths import project_root
from cascade.toolchain.versions import tool_versions
from cascade.world.venues.stable_swap_math import StableSwapState

from .conftest import small

REFUSES = """
class Refuses:
    def __init__(self, *, name, parameters, rng, address):
        self.name, self.address = name, address

    def prepare(self, world):
        raise ValueError("has no plan")

    def see(self, view):
        return view

    def propose(self, view):
        return []
"""


def cascade(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cascade", *arguments],
        cwd=cwd or project_root(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def wrong_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure of the harness that is one unit off: the comparison with the contract ends the run in the crash."""
    right = StableSwapState.depth

    def wrong(state: StableSwapState, *arguments: Any) -> Any:
        found = right(state, *arguments)
        return [*found[:-1], found[-1] + 1]

    monkeypatch.setattr(StableSwapState, "depth", wrong)


@pytest.mark.usefixtures("wrong_depth")
def test_replay__fails_in_the_crash__leaves_where_and_why_and_its_last_transactions(tmp_path: Path) -> None:
    with pytest.raises(FailedRun) as failed:
        replay(small(**{"chain.engine": "revm"}), out=tmp_path, keep_failed=True)

    assert isinstance(failed.value.__cause__, MirrorDiffers)
    assert "\n" not in str(failed.value)
    (folder,) = tmp_path.iterdir()
    assert folder == failed.value.folder
    kept = json.loads((folder / "failure.json").read_text(encoding="utf-8"))
    assert (kept["scenario"], kept["seed"]) == ("loop-and-crash", 1)
    assert kept["exception"]["type"] == "MirrorDiffers"
    assert kept["exception"]["message"] in str(failed.value)
    assert kept["command"] in str(failed.value)
    assert any("stable_swap" in line or "checks" in line for line in kept["exception"]["traceback"])
    sent = kept["transactions"]
    assert len(sent) == 50
    assert (kept["block"], kept["step"]) == (sent[-1]["block_number"], sent[-1]["step"])
    assert {"actor", "intent", "reason", "status", "revert_reason"} <= set(sent[-1])
    assert kept["tools"] == tool_versions(in_process=True)
    assert (folder / "scenario.yaml").read_text(encoding="utf-8").startswith("name: loop-and-crash")


@pytest.mark.usefixtures("wrong_depth")
def test_failed_run__opened_as_a_run__is_refused(tmp_path: Path) -> None:
    with pytest.raises(FailedRun) as failed:
        replay(small(**{"chain.engine": "revm"}), out=tmp_path, keep_failed=True)

    assert not {"manifest.json", "tables", "summary.json"} & {file.name for file in failed.value.folder.iterdir()}
    with pytest.raises(CascadeError, match="is not a finished run"):
        Run(failed.value.folder)


@pytest.mark.usefixtures("wrong_depth")
def test_replay__from_python_without_being_asked__keeps_nothing(tmp_path: Path) -> None:
    with pytest.raises(MirrorDiffers):
        replay(small(**{"chain.engine": "revm"}), out=tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_cascade_replay__agent_cannot_be_set_up__prints_the_command_that_fails_alike(tmp_path: Path) -> None:
    (tmp_path / "refuses.py").write_text(REFUSES, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(
        "extends: frictionless-loop\n"
        "name: mine\n"
        "agents:\n"
        "  refuser: {kind: custom, agent: 'refuses.py:Refuses', role: holder}\n",
        encoding="utf-8",
    )

    first = cascade("replay", "mine.yaml", "--set", "seed=4", "--out", "runs", cwd=tmp_path)
    (line,) = [line for line in first.stderr.splitlines() if line.startswith("error:")]
    (command,) = re.findall(r"`(cascade replay [^`]*)`", line)
    again = cascade(*shlex.split(command)[1:], "--out", str(tmp_path / "again"))

    assert first.returncode == 2
    assert "Traceback" not in first.stderr
    assert "has no plan" in line
    assert again.returncode == 2
    kept, repeated = (
        json.loads(next(folder.glob("failed-mine-4-*/failure.json")).read_text(encoding="utf-8"))
        for folder in (tmp_path / "runs", tmp_path / "again")
    )
    assert kept["agent"] == "refuser"
    for one in (kept, repeated):
        one["exception"].pop("traceback")
        one.pop("command")
    assert kept == repeated
    assert next((tmp_path / "runs").glob("failed-*/agent-refuser.py")).read_text(encoding="utf-8") == REFUSES
