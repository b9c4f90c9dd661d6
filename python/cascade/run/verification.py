"""Decide whether two runs are the same run: the same scenario, prices and contracts, and the same tables."""

from __future__ import annotations

from cascade.errors import CascadeError
from cascade.recording.manifest import ScenarioText
from cascade.run.opened import Run
from cascade.scenario.load import Scenario, restore_scenario

__all__ = ["RunsDiffer", "compare_runs", "scenarios_of"]


class RunsDiffer(CascadeError):
    """Raised when a second run of the same scenario and seed has other tables, or was not made from the same inputs."""

    exit_code = 1


def scenarios_of(run: Run) -> tuple[Scenario, Scenario | None]:
    """Restore the scenario of a run from its manifest, and the baseline whose positions stand in it; None without."""
    manifest = run.manifest
    baseline = None if manifest.built_like is None else _restored(manifest.built_like, manifest.scenario_file)
    return _restored(manifest, manifest.scenario_file), baseline


def _restored(part: ScenarioText, file: str) -> Scenario:
    return restore_scenario(
        text=part.scenario_text, path_file=part.price_path_file, path_text=part.price_path_text, file=file
    )


def compare_runs(first: Run, second: Run) -> str:
    """Return a sentence that says how many tables are the same in both runs.

    Raises
    ------
    RunsDiffer
        When the runs were made from different inputs, or when tables of the same run differ; the message names them.
    """
    was, now = first.manifest, second.manifest
    # First: from other inputs other tables are no surprise, and naming them would hide the reason.
    if was.run_id != now.run_id:
        raise RunsDiffer(
            f"{first.folder}: is {was.run_id}, the second run is {now.run_id}: the scenario, its price path or the "
            "contracts have changed since"
        )
    differing = [name for name, digest in was.tables.items() if now.tables.get(name) != digest]
    if differing:
        raise RunsDiffer(f"{first.folder}: the second run differs in {', '.join(differing)}")
    return f"{was.run_id}: all {len(was.tables)} tables are the same"
