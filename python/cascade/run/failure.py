"""Keep what is known of a run that failed: where, why, its last transactions, and the command that reproduces it.

The folder has no manifest and no tables, so that nothing takes it for a run.
"""

from __future__ import annotations

import json
import shlex
import shutil
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cascade.errors import CascadeError
from cascade.recording.tables import Row, TransactionRow
from cascade.run.inputs import RunInputs
from cascade.scenario.shipped import shipped_scenarios
from cascade.toolchain.versions import tool_versions

__all__ = ["FailedRun", "keep_failure", "reproducing_command"]

_PREFIX = "failed-"
_LAST = 50
"""Transactions that are kept, the latest of those mined and of those that were never sent."""


class FailedRun(CascadeError, RuntimeError):
    """Raised when a run failed while it was played, and what is known of it was kept.

    Attributes
    ----------
    folder : Path
        Folder of what was kept. It is no run's folder.
    """

    def __init__(self, folder: Path, *, command: str, error: Exception) -> None:
        self.folder = folder
        if isinstance(error, CascadeError):
            self.exit_code = error.exit_code
        why = str(error) if isinstance(error, CascadeError) else f"{type(error).__name__}: {error}"
        super().__init__(f"{why}; {folder}/failure.json says more; `{command}` reproduces it")


def reproducing_command(inputs: RunInputs) -> str:
    """Return the command that makes the run of a scenario's file again, with its seed and its changed keys."""
    scenario = inputs.scenario
    file = (scenario.folder / scenario.file).resolve()
    is_shipped = any(file == known.resolve() for known in shipped_scenarios().values())
    words = ["cascade", "replay", file.stem if is_shipped else str(file), "--seed", str(scenario.seed)]
    for override in scenario.overrides:
        words += ["--set", override]
    return shlex.join(words)


def keep_failure(out: Path, inputs: RunInputs, rows: Sequence[Row], error: Exception) -> FailedRun:
    """Write what is known of a failed run into `out/failed-RUN_ID`, and return the error that names it.

    Parameters
    ----------
    out : Path
        Folder of runs. An earlier failure of the same run is replaced.
    rows : sequence of Row
        What was recorded until then.
    error : Exception
        Why the run failed.
    """
    folder, command = out / f"{_PREFIX}{inputs.run_id}", reproducing_command(inputs)
    sent = [row for row in rows if isinstance(row, TransactionRow)]
    latest = sent[-1] if sent else None
    content = {
        "run_id": inputs.run_id,
        "scenario": inputs.scenario.spec.name,
        "seed": inputs.scenario.seed,
        "command": command,
        "phase": latest.phase if latest else "build",
        "step": latest.step if latest else -1,
        "block": latest.block_number if latest else 0,
        "agent": _agent_of(error),
        "exception": {
            "type": type(error).__name__,
            "message": str(error),
            "traceback": traceback.format_exception(error),
        },
        "transactions": [_shown(row) for row in sent[-_LAST:]],
        "tools": tool_versions(in_process=inputs.scenario.spec.chain.engine == "revm"),
        "contracts_sha256": inputs.contracts_sha256,
    }
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in _texts(inputs):
        (folder / name).write_text(text, encoding="utf-8")
    # Last: a folder with this file is whole.
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (folder / "failure.json").write_text(text + "\n", encoding="utf-8")
    return FailedRun(folder, command=command, error=error)


def _texts(inputs: RunInputs) -> Iterable[tuple[str, str]]:
    yield "scenario.yaml", inputs.scenario.text
    yield "price-path.csv", inputs.scenario.path_text
    for name, agent in inputs.own_agents.items():
        yield f"agent-{name}.py", agent.source


def _agent_of(error: BaseException | None) -> str | None:
    """Return the agent that an error, or what caused it, names; None where none does."""
    while error is not None:
        agent = getattr(error, "agent", None)
        if isinstance(agent, str):
            return agent
        error = error.__cause__
    return None


def _shown(row: TransactionRow) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name not in ("run_id", "seed")}
