"""Decide whether a run's folder is what the run wrote, and whether a second run of it is the same run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import replace

from cascade.analysis.summary import Summary, summarise, summary_json
from cascade.errors import CascadeError
from cascade.recording.canonical import canonical_sha256
from cascade.recording.store import read_table
from cascade.recording.tables import TABLES
from cascade.recording.transaction_record import TRACES_FILE
from cascade.run.differences import Part, RowDifference, RunsDiffer, first_key, first_row, short
from cascade.run.opened import Run
from cascade.toolchain.versions import tool_versions

__all__ = [
    "OTHER_ENGINE",
    "OtherTools",
    "changed_tables",
    "check_folder",
    "check_summary",
    "check_tools",
    "check_traces",
    "compare_engines",
    "compare_runs",
]

OTHER_ENGINE = frozenset(
    (
        *("run_id", "chain_engine", "parameters", "scenario_sha256"),
        # Gas is null in process; the others follow from the base fee, which is estimated there.
        *("gas_used", "fee_wei", "base_fee_wei", "tip_wei", "reason", "tx_hash", "triggered_by"),
    )
)
"""Columns that a run in process does not share with the same run on anvil (docs/MODEL.md)."""


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
            f"{run.folder}: {Part.TOOL}: was made with {'; '.join(differing)}: `--other-tools` verifies it all the same"
        )


def changed_tables(run: Run) -> list[str]:
    """Return the names of the tables on disk that are not those whose hashes the manifest states.

    Raises
    ------
    RunsDiffer
        When the manifest lists other tables than there are, or a file is missing or is no table.
    """
    stated = run.manifest.tables
    if odd := sorted({*stated} ^ {*TABLES}):
        raise RunsDiffer(run.folder, part=Part.TABLE, what=f"its manifest differs in the tables {', '.join(odd)}")
    return [name for name in TABLES if _hash_on_disk(run, name) != stated[name]]


def _hash_on_disk(run: Run, name: str) -> str:
    try:
        return canonical_sha256(read_table(run.folder / "tables", name), name)
    except (CascadeError, OSError) as error:
        raise RunsDiffer(run.folder, part=Part.TABLE, what=str(error)) from error


def check_traces(run: Run) -> None:
    """Check that the transactions that the run kept in full are those whose hash the manifest states.

    Raises
    ------
    RunsDiffer
        When the file was changed, or is missing.
    """
    stated = run.manifest.traces_sha256
    if not stated:
        return
    file = run.folder / TRACES_FILE
    found = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None
    if found != stated:
        raise RunsDiffer(
            run.folder,
            part=Part.TRACES,
            what=f"{TRACES_FILE} has sha256 {short(found)}, traces_sha256 of the manifest states {short(stated)}",
        )


def _compare_traces(first: Run, second: Run) -> None:
    if not first.manifest.traces_sha256 or first.manifest.traces_sha256 == second.manifest.traces_sha256:
        return
    trees = [json.loads((run.folder / TRACES_FILE).read_text(encoding="utf-8")) for run in (first, second)]
    differing = first_key(*trees)
    if differing is not None:
        key, was, now = differing
        raise RunsDiffer(
            first.folder,
            part=Part.TRACES,
            what=f"{TRACES_FILE}: {key.lstrip('.')} is {was!r:.80} on disk, {now!r:.80} in the second run",
        )


def check_folder(run: Run) -> None:
    """Check the tables and the summary of a run's folder against its manifest and against each other.

    Raises
    ------
    RunsDiffer
        Naming the first table, or the first figure of the summary, that the run did not write.
    """
    for name in changed_tables(run):
        raise RunsDiffer(run.folder, part=Part.TABLE, what=_not_written(run, name))
    check_traces(run)
    check_summary(run)


def _not_written(run: Run, name: str) -> str:
    return (
        f"tables/{name}.parquet is not what the run wrote: expected sha256 {short(run.manifest.tables[name])}, as in "
        f"its manifest, got {short(_hash_on_disk(run, name))}"
    )


def check_summary(run: Run) -> None:
    """Check the summary of a run's folder against its tables.

    Figures of the machine, and those that further runs gave, do not follow from the tables and are not checked.

    Raises
    ------
    RunsDiffer
        Naming the first figure that the tables do not give.
    """
    found = run.summary
    expected = _without_tables(run, found)
    for (key, is_now), (_, should_be) in zip(_figures(found), _figures(expected), strict=False):
        if is_now != should_be:
            raise RunsDiffer(
                run.folder, part=Part.SUMMARY, what=f"summary.json: {key} is {is_now}, its tables give {should_be}"
            )
    if summary_json(found) != summary_json(expected):
        raise RunsDiffer(run.folder, part=Part.SUMMARY, what="summary.json: has other keys than its tables give")


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


def compare_runs(first: Run, second: Run) -> str:
    """Return a sentence that says how many tables are the same in a run on disk and in a second one.

    Every table has three hashes: the manifest's, that of the file beside it, and the second run's. Which of them agree
    tells whether the file was changed, or the manifest, or neither.

    Raises
    ------
    RunsDiffer
        When a table differs; the message names the row and the column that differ first in the table in which that
        happens at the earliest block, whose hash it is, and how many other tables differ too.
    """
    was, now = first.manifest, second.manifest
    if was.run_id != now.run_id:
        raise RunsDiffer(first.folder, part=Part.MANIFEST, what=f"is {was.run_id}, the second run is {now.run_id}")
    hashes = {name: (was.tables.get(name), _hash_on_disk(first, name), now.tables[name]) for name in TABLES}
    wrong = [name for name, three in hashes.items() if len(set(three)) > 1]
    if not wrong:
        _compare_traces(first, second)
        return f"{was.run_id}: all {len(was.tables)} tables are the same"
    places = {name: where for name in wrong if (where := _first_row(first, second, name))}
    name = _earliest(places) if places else wrong[0]
    others = f"; so do {', '.join(other for other in wrong if other != name)}" if len(wrong) > 1 else ""
    place = f": {places[name].text}" if name in places else ""
    raise RunsDiffer(
        first.folder,
        part=Part.TABLE,
        what=f"the second run differs in {name}{place}; {_whose(name, *hashes[name])}{others}",
    )


def compare_engines(first: Run, second: Run) -> str:
    """Return a sentence that says that a run on disk and one on the other engine have the same tables, but for gas.

    Raises
    ------
    RunsDiffer
        When another column than those of `OTHER_ENGINE` differs.
    """
    places = {name: where for name in TABLES if (where := _first_row(first, second, name, without=OTHER_ENGINE))}
    if places:
        name = _earliest(places)
        raise RunsDiffer(first.folder, part=Part.TABLE, what=f"the second run differs in {name}: {places[name].text}")
    return (
        f"{first.manifest.run_id}: all {len(TABLES)} tables are the same on {second.runs['chain_engine'].iloc[0]}, "
        "but for gas and what follows from it"
    )


def _first_row(first: Run, second: Run, name: str, *, without: Collection[str] = ()) -> RowDifference | None:
    on_disk = read_table(first.folder / "tables", name)
    return first_row(TABLES[name], on_disk, getattr(second, name), without=without)


def _earliest(places: dict[str, RowDifference]) -> str:
    """Return the table that differs at the earliest block; those without one come last, in the order of tables."""
    return min(places, key=lambda name: (places[name].block < 0, places[name].block))


def _whose(name: str, stated: str | None, on_disk: str, repeated: str) -> str:
    """Return which of a table's three hashes is the odd one, and what that means."""
    three = f"sha256 {short(stated)} in the manifest, {short(on_disk)} on disk, {short(repeated)} in the second run"
    if stated == repeated:
        return f"{three}: tables/{name}.parquet was changed after the run"
    if on_disk == repeated:
        return f"{three}: tables.{name} of manifest.json was changed after the run"
    if stated == on_disk:
        return f"{three}: file and manifest agree, so that both were changed, or the run does not repeat here"
    return f"{three}: all three differ"
