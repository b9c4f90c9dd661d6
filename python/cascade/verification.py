"""Whether two runs are the same run."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cascade.agents.custom import is_file, load_own_agents
from cascade.errors import CascadeError
from cascade.harness import replay
from cascade.progress import Progress
from cascade.run import Run
from cascade.scenario.load import Scenario, restore_scenario

__all__ = ["RunsDiffer", "compare_runs", "scenarios_of", "verify"]


class RunsDiffer(CascadeError):
    """A second run of the same scenario and seed gave other tables."""

    exit_code = 1


def verify(run: Run, *, progress: Progress | None = None) -> str:
    """Run it once more from the scenario and prices in its manifest, with the contracts and tools of now.

    An agent that was a file beside the scenario is run from the manifest too; one of an installed module must be the
    same as then.

    Raises
    ------
    RunsDiffer
        When anything differs.
    """
    scenario, like = scenarios_of(run)
    agents = run.manifest.get("agents", {})
    with tempfile.TemporaryDirectory(prefix="cascade-verify-") as temporary:
        folder = Path(temporary)
        for name, agent in agents.items():
            if is_file(agent["agent"]):
                _write_agent(run, name, agent, folder)
        scenario = replace(scenario, folder=folder)
        for name, now in load_own_agents(scenario).items():
            if now.sha256 != agents[name]["sha256"]:
                raise RunsDiffer(
                    f"{run.folder}: agents.{name}: {now.reference} has other source than in the run: expected sha256 "
                    f"{agents[name]['sha256'][:10]}, got {now.sha256[:10]}"
                )
        repeated = replay(
            scenario, out=folder / "runs", progress=progress, require_expected=False, like=like, report=False
        )
        return compare_runs(run, repeated)


def scenarios_of(run: Run) -> tuple[Scenario, Scenario | None]:
    """The scenario of a run from its manifest, and the baseline whose positions stand in it, where one does."""
    manifest = run.manifest

    def restored(part: Mapping[str, str]) -> Scenario:
        return restore_scenario(
            text=part["scenario_text"],
            path_file=part["price_path_file"],
            path_text=part["price_path_text"],
            file=manifest["scenario_file"],
        )

    like = manifest.get("built_like")
    return restored(manifest), None if like is None else restored(like)


def _write_agent(run: Run, name: str, agent: dict[str, str], folder: Path) -> None:
    file = folder / agent["agent"].partition(":")[0]
    if not file.resolve().is_relative_to(folder.resolve()):
        raise RunsDiffer(f"{run.folder}: agents.{name}: {agent['agent']}: expected a file beside the scenario")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(agent["source"].encode())


def compare_runs(first: Run, second: Run) -> str:
    """A line that says both are the same.

    Raises
    ------
    RunsDiffer
        Naming what differs: the run itself (scenario, prices or contracts), or tables of the same run.
    """
    if first.manifest["run_id"] != second.manifest["run_id"]:
        raise RunsDiffer(
            f"{first.folder}: is {first.manifest['run_id']}, the second run is {second.manifest['run_id']}: the "
            "scenario, its price path or the contracts have changed since"
        )
    differing = [
        name for name, digest in first.manifest["tables"].items() if second.manifest["tables"].get(name) != digest
    ]
    if differing:
        raise RunsDiffer(f"{first.folder}: the second run differs in {', '.join(differing)}")
    return f"{first.manifest['run_id']}: all {len(first.manifest['tables'])} tables are the same"
