"""Restore the scenario of a run from its manifest."""

from __future__ import annotations

from cascade.recording.manifest import ScenarioText
from cascade.run.opened import Run
from cascade.scenario.load import Scenario, restore_scenario

__all__ = ["scenarios_of"]


def scenarios_of(run: Run) -> tuple[Scenario, Scenario | None]:
    """Restore the scenario of a run from its manifest, and the baseline whose positions stand in it; None without."""
    manifest = run.manifest
    baseline = None if manifest.built_like is None else _restored(manifest.built_like, manifest.scenario_file)
    return _restored(manifest, manifest.scenario_file), baseline


def _restored(part: ScenarioText, file: str) -> Scenario:
    return restore_scenario(
        text=part.scenario_text,
        path_file=part.price_path_file,
        path_text=part.price_path_text,
        file=file,
        account_texts=part.account_texts,
    )
