"""Decide whether a run's folder is what the run wrote, and whether a second run of it is the same run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from cascade.analysis.frames import TamperedTable
from cascade.analysis.summary import Summary, summarise, summary_json
from cascade.errors import CascadeError
from cascade.recording.canonical import column_values
from cascade.recording.manifest import ScenarioText
from cascade.recording.tables import TABLES, Table
from cascade.run.opened import Run
from cascade.scenario.load import Scenario, restore_scenario
from cascade.toolchain.versions import tool_versions

__all__ = ["OtherTools", "RunsDiffer", "check_folder", "check_tools", "compare_runs", "scenarios_of"]


class RunsDiffer(CascadeError):
    """Raised when a second run of the same scenario and seed has other tables, or was not made from the same inputs."""

    exit_code = 1


class OtherTools(CascadeError):
    """Raised when a run was made with other versions of the tools than those installed."""


def check_tools(run: Run) -> None:
    """Check that the tools that are installed have the versions that a run was made with.

    Raises
    ------
    OtherTools
        Naming each tool, with both versions.
    """
    in_process = run.runs["chain_engine"].iloc[0] == "revm"
    was, now = run.manifest.tools, tool_versions(in_process=in_process)
    differing = [
        f"{name} {was.get(name, 'none')}, here {now.get(name, 'none')}"
        for name in sorted({*was, *now})
        if was.get(name) != now.get(name)
    ]
    if differing:
        raise OtherTools(
            f"{run.folder}: was made with {'; '.join(differing)}: `--other-tools` verifies it all the same"
        )


def check_folder(run: Run) -> None:
    """Check the tables and the summary of a run's folder against its manifest and against each other.

    Figures of the machine, and those that further runs gave, do not follow from the tables and are not checked.

    Raises
    ------
    RunsDiffer
        Naming the first table, or the first figure of the summary, that the run did not write.
    """
    named, known = set(run.manifest.tables), set(TABLES)
    if named != known:
        raise RunsDiffer(f"{run.folder}: its manifest differs in the tables {', '.join(sorted(named ^ known))}")
    for name in TABLES:
        try:
            getattr(run.frames, name)
        except TamperedTable as error:
            raise RunsDiffer(str(error)) from error
        except (CascadeError, OSError) as error:
            raise RunsDiffer(f"{run.folder}: {error}") from error
    found = run.summary
    expected = _without_tables(run, found)
    for (key, is_now), (_, should_be) in zip(_figures(found), _figures(expected), strict=False):
        if is_now != should_be:
            raise RunsDiffer(f"{run.folder}/summary.json: {key} is {is_now}, its tables give {should_be}")
    if summary_json(found) != summary_json(expected):
        raise RunsDiffer(f"{run.folder}/summary.json: has other keys than its tables give")


def _without_tables(run: Run, found: Summary) -> Summary:
    """Return the summary that the tables of a run give, with the figures of the one on disk that no table has."""
    return replace(
        summarise(run.frames),
        amplification=found.amplification,
        shapley=found.shapley,
        wall_seconds=found.wall_seconds,
        crash_wall_seconds=found.crash_wall_seconds,
        crash_node_seconds=found.crash_node_seconds,
        anvil_peak_memory_mb=found.anvil_peak_memory_mb,
    )


def _figures(summary: Summary) -> Iterator[tuple[str, object]]:
    """Yield every figure of a summary with its dotted key, in alphabetical order."""

    def below(key: str, value: object) -> Iterator[tuple[str, object]]:
        entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
        if entries is None:
            yield key, value
            return
        for name, entry in entries:
            yield from below(f"{key}.{name}" if key else str(name), entry)

    return below("", json.loads(summary_json(summary)))


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
    for name in TABLES:
        if was.tables.get(name) != now.tables.get(name):
            difference = _first_difference(TABLES[name], getattr(first, name), getattr(second, name))
            raise RunsDiffer(f"{first.folder}: the second run differs in {name}: {difference}")
    return f"{was.run_id}: all {len(was.tables)} tables are the same"


def _first_difference(table: Table, first: pd.DataFrame, second: pd.DataFrame) -> str:
    """Return where two frames of one table differ first, by row and then by column."""
    rows = [zip(*(column_values(frame, column) for column in table.columns), strict=True) for frame in (first, second)]
    for row, (here, there) in enumerate(zip(*rows, strict=False)):
        for column, was, now in zip(table.column_names, here, there, strict=True):
            if was != now:
                return f"row {row}, column {column}: {was!r} on disk, {now!r} in the second run"
    return f"{len(first)} rows on disk, {len(second)} in the second run"
