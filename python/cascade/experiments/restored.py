"""Make the inputs of a finished run again from its manifest, the user's own agents included."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cascade.agents.custom import is_file, load_own_agents
from cascade.deployment.own_contracts import RESTORED_FILE
from cascade.recording.manifest import AgentSource, ContractSource
from cascade.run.differences import Part, RunsDiffer
from cascade.run.opened import Run
from cascade.run.restoring import scenarios_of
from cascade.scenario.load import Scenario

__all__ = ["restored_inputs"]


@contextmanager
def restored_inputs(run: Run) -> Iterator[tuple[Scenario, Scenario | None]]:
    """Yield the scenario of a run, and the baseline whose positions stand in it; None without.

    The scenario's folder is a temporary one that holds the agents which were files beside the scenario; their Python
    code is executed when the scenario runs. It also holds the user's own contracts, as they were compiled for the run.
    It is removed at the end.

    Raises
    ------
    RunsDiffer
        When an agent has other source than in the run, or its file would lie outside the scenario's folder.
    """
    scenario, like = scenarios_of(run)
    with tempfile.TemporaryDirectory(prefix="cascade-restored-") as temporary:
        folder = Path(temporary)
        agents = run.manifest.agents
        for name, agent in agents.items():
            if is_file(agent.agent):
                _write_agent(run, name, agent, folder)
        if run.manifest.own_contracts:
            (folder / RESTORED_FILE).write_text(_restored_text(run.manifest.own_contracts), encoding="utf-8")
        scenario = replace(scenario, folder=folder)
        for name, now in load_own_agents(scenario).items():
            if now.sha256 != agents[name].sha256:
                raise RunsDiffer(
                    run.folder,
                    part=Part.AGENT,
                    what=f"agents.{name}: {now.reference} has other source than in the run: expected sha256 "
                    f"{agents[name].sha256[:10]}, got {now.sha256[:10]}",
                )
        yield scenario, like


def _restored_text(contracts: Mapping[str, ContractSource]) -> str:
    """Return the text of `RESTORED_FILE`: the contracts of a run by reference, compiled."""
    kept = {
        reference: {"abi": contract.abi, "bytecode": contract.bytecode, "source": contract.source}
        for reference, contract in contracts.items()
    }
    return json.dumps(kept)


def _write_agent(run: Run, name: str, agent: AgentSource, folder: Path) -> None:
    file = folder / agent.agent.partition(":")[0]
    # A manifest may come from a stranger: its file names must not lead out of the temporary folder.
    if not file.resolve().is_relative_to(folder.resolve()):
        raise RunsDiffer(
            run.folder, part=Part.AGENT, what=f"agents.{name}: {agent.agent}: expected a file beside the scenario"
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    # As bytes: writing text would translate line ends, and the hash is over the source as it was.
    file.write_bytes(agent.source.encode())
