"""Whether two runs are the same run."""

from __future__ import annotations

from cascade.errors import CascadeError
from cascade.recording.manifest import ScenarioText
from cascade.run.opened import Run
from cascade.scenario.load import Scenario, restore_scenario

__all__ = ["RunsDiffer", "compare_runs", "scenarios_of"]


class RunsDiffer(CascadeError):
    """A second run of the same scenario and seed gave other tables."""

    exit_code = 1


def scenarios_of(run: Run) -> tuple[Scenario, Scenario | None]:
    """The scenario of a run from its manifest, and the baseline whose positions stand in it, where one does."""
    manifest = run.manifest

    def restored(part: ScenarioText) -> Scenario:
        return restore_scenario(
            text=part.scenario_text,
            path_file=part.price_path_file,
            path_text=part.price_path_text,
            file=manifest.scenario_file,
        )

    like = manifest.built_like
    return restored(manifest), None if like is None else restored(like)


def compare_runs(first: Run, second: Run) -> str:
    """A line that says both are the same.

    Raises
    ------
    RunsDiffer
        Naming what differs: the run itself (scenario, prices or contracts), or tables of the same run.
    """
    if first.manifest.run_id != second.manifest.run_id:
        raise RunsDiffer(
            f"{first.folder}: is {first.manifest.run_id}, the second run is {second.manifest.run_id}: the "
            "scenario, its price path or the contracts have changed since"
        )
    differing = [name for name, digest in first.manifest.tables.items() if second.manifest.tables.get(name) != digest]
    if differing:
        raise RunsDiffer(f"{first.folder}: the second run differs in {', '.join(differing)}")
    return f"{first.manifest.run_id}: all {len(first.manifest.tables)} tables are the same"
