"""Verify a finished run: run it again from its manifest, and compare the tables of both."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from cascade.agents.custom import is_file, load_own_agents
from cascade.harness import replay
from cascade.recording.manifest import AgentSource
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.run.verification import RunsDiffer, compare_runs, scenarios_of

__all__ = ["verify"]


def verify(run: Run, *, progress: Progress | None = None) -> str:
    """Run the scenario of a finished run again, with the contracts and tools of this installation.

    Scenario, price path and agents that were files beside the scenario come from the manifest: their Python code is
    executed. An agent of an installed module is loaded from there and must have the same source as in the run.

    Returns
    -------
    str
        A sentence that every table is the same.

    Raises
    ------
    RunsDiffer
        When a table, the scenario, its price path, the contracts or an agent's source differs.
    """
    scenario, like = scenarios_of(run)
    agents = run.manifest.agents
    with tempfile.TemporaryDirectory(prefix="cascade-verify-") as temporary:
        folder = Path(temporary)
        for name, agent in agents.items():
            if is_file(agent.agent):
                _write_agent(run, name, agent, folder)
        scenario = replace(scenario, folder=folder)
        for name, now in load_own_agents(scenario).items():
            if now.sha256 != agents[name].sha256:
                raise RunsDiffer(
                    f"{run.folder}: agents.{name}: {now.reference} has other source than in the run: expected sha256 "
                    f"{agents[name].sha256[:10]}, got {now.sha256[:10]}"
                )
        repeated = replay(
            scenario, out=folder / "runs", progress=progress, require_expected=False, like=like, report=False
        )
        return compare_runs(run, repeated)


def _write_agent(run: Run, name: str, agent: AgentSource, folder: Path) -> None:
    file = folder / agent.agent.partition(":")[0]
    # A manifest may come from a stranger: its file names must not lead out of the temporary folder.
    if not file.resolve().is_relative_to(folder.resolve()):
        raise RunsDiffer(f"{run.folder}: agents.{name}: {agent.agent}: expected a file beside the scenario")
    file.parent.mkdir(parents=True, exist_ok=True)
    # As bytes: writing text would translate line ends, and the hash is over the source as it was.
    file.write_bytes(agent.source.encode())
