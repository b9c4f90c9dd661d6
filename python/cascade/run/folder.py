"""Write the folder of a run: tables first, then everything that is made from them.

The folder has a temporary name until it is whole, so that a run that was killed never looks finished. Tables and their
hashes are on disk before anything is made from them: a run that cannot be analysed or drawn is kept, and says so.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cascade.analysis.expectation import judge
from cascade.analysis.frames import Frames
from cascade.analysis.lending.accounting import check_liquidations
from cascade.analysis.links import link_rows
from cascade.analysis.summary import SUMMARY_FILE, summarise, summary_json
from cascade.errors import CascadeError, IncompleteRun
from cascade.recording.canonical import combined_sha256
from cascade.recording.manifest import (
    MANIFEST_FILE,
    AgentSource,
    ContractSource,
    Manifest,
    ScenarioText,
    input_hashes,
    read_manifest,
)
from cascade.recording.store import RecordedTables, write_derived, write_recorded
from cascade.recording.tables import LinkRow, Row
from cascade.recording.transaction_record import TRACES_FILE, TransactionRecord, traces_json
from cascade.run.inputs import RunInputs
from cascade.run.progress import Progress
from cascade.scenario.load import Scenario
from cascade.scenario.model import ExpectSpec
from cascade.scenario.shipped import shipped_scenarios
from cascade.toolchain.versions import tool_versions

__all__ = ["MachineFigures", "analyse_run", "write_run"]

_TABLES = "tables"
_MACHINE = "machine.json"
"""Figures of the machine, from the recording of a run until its summary holds them."""


@dataclass(frozen=True, kw_only=True)
class MachineFigures:
    """Time and memory that a run took on its machine. The summary states them; no hash covers them.

    Attributes
    ----------
    started : float
        Reading of `time.monotonic()` when the run was started.
    crash_wall_seconds : float
        Duration of the crash phase.
    crash_node_seconds : float
        Part of that duration that was spent waiting for the node.
    anvil_peak_memory_mb : float
        Largest memory of the node; 0 where it was not started for the run.
    """

    started: float
    crash_wall_seconds: float
    crash_node_seconds: float
    anvil_peak_memory_mb: float

    @property
    def wall_seconds(self) -> float:
        """Seconds since the run was started."""
        return time.monotonic() - self.started


def write_run(
    inputs: RunInputs,
    rows: Iterable[Row],
    *,
    traces: Sequence[TransactionRecord] = (),
    out: Path,
    machine: MachineFigures,
    progress: Progress,
    draw: Callable[[Path], object] | None = None,
) -> Path:
    """Write the tables of a run, analyse them, and draw its page; the folder gets its own name once it is whole.

    Parameters
    ----------
    inputs : RunInputs
        The inputs that the run was made from.
    rows : iterable of Row
        The rows of all tables.
    traces : sequence of TransactionRecord
        Transactions that are kept in full, beside the tables.
    out : Path
        Folder that the run's own folder is put into.
    machine : MachineFigures
        Time and memory that the run took.
    progress : Progress
        Shows the stages.
    draw : callable, optional
        Draws the page into the folder while that still has its temporary name; None leaves the page out.

    Returns
    -------
    Path
        `out/RUN_ID`; an earlier run of the same id is replaced.

    Raises
    ------
    IncompleteRun
        When the tables are written, and the analysis or the page fails. The folder is put in place without them.
    CascadeError
        When the tables cannot be written, as on a full disk; nothing is left then.
    """
    partial, final = out / f".partial-{inputs.run_id}-{os.getpid()}", out / inputs.run_id
    try:
        with progress.stage("writing tables"), _naming(out):
            recorded = _record(partial, inputs, rows, traces, machine)
        step = "analysing its tables"
        try:
            with progress.stage("analysing tables"):
                analyse_run(partial, expect=inputs.scenario.spec.expect, recorded=recorded)
            step = "drawing its page"
            if draw is not None:
                with progress.stage("drawing the report"):
                    draw(partial)
        except Exception as error:
            with _naming(out):
                kept = _put_in_place(partial, final)
            raise IncompleteRun(kept, step=step, error=error) from error
        with _naming(out):
            return _put_in_place(partial, final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _naming(out: Path) -> Iterator[None]:
    """Name the folder of runs where the system refuses to write into it: some of its errors name no file."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise CascadeError(f"{out}: the run cannot be written there, and is lost: {why}") from error


def _record(
    folder: Path,
    inputs: RunInputs,
    rows: Iterable[Row],
    traces: Sequence[TransactionRecord],
    machine: MachineFigures,
) -> RecordedTables:
    """Write the tables, and a manifest that says that they have not been analysed; return the tables."""
    recorded = write_recorded(folder / _TABLES, rows)
    figures = {
        "wall_seconds": round(machine.wall_seconds, 3),
        "crash_wall_seconds": round(machine.crash_wall_seconds, 3),
        "crash_node_seconds": round(machine.crash_node_seconds, 3),
        "anvil_peak_memory_mb": round(machine.anvil_peak_memory_mb, 1),
    }
    (folder / _MACHINE).write_text(json.dumps(figures), encoding="utf-8")
    text = traces_json(traces)
    (folder / TRACES_FILE).write_text(text, encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    _write_manifest(folder, _manifest_of(inputs, dict(recorded.hashes), traces_sha256=digest))
    return recorded


def analyse_run(folder: Path, *, expect: ExpectSpec, recorded: RecordedTables | None = None) -> None:
    """Check the tables of a recorded run, and write the derived table, the summary and the manifest beside them.

    Parameters
    ----------
    folder : Path
        Folder of the run, with its tables and its manifest.
    expect : ExpectSpec
        The claims of its scenario.
    recorded : RecordedTables, optional
        The tables, where this process has just written them; None reads them.

    Raises
    ------
    AccountingViolation
        When a liquidation does not add up.
    """
    frames = Frames(folder, recorded=recorded)
    check_liquidations(frames)
    # The table of links is part of the summary's and the manifest's hashes, so it is written before both.
    links_sha256 = write_derived(folder / _TABLES, LinkRow, link_rows(frames))
    manifest = read_manifest(folder)
    # The other tables are as they were when they were recorded.
    hashes = {**manifest.tables, LinkRow.table_name: links_sha256}
    machine = folder / _MACHINE
    # A run that is analysed once more after it had been whole has lost these figures: they are null then.
    figures = json.loads(machine.read_text(encoding="utf-8")) if machine.is_file() else {}
    summary = summarise(frames, tables_sha256=combined_sha256(hashes), **figures)
    (folder / SUMMARY_FILE).write_text(summary_json(summary), encoding="utf-8")
    # Last: what the manifest says of the outcome makes a run whole.
    _write_manifest(folder, replace(manifest, tables=hashes, expectation=judge(expect, frames)))
    machine.unlink(missing_ok=True)


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / MANIFEST_FILE).write_text(manifest.to_json(), encoding="utf-8")


def _manifest_of(inputs: RunInputs, hashes: dict[str, str], *, traces_sha256: str) -> Manifest:
    scenario, text = inputs.scenario, _text_of(inputs.scenario)
    built_like = None if inputs.built_like is None else _text_of(inputs.built_like)
    return Manifest(
        **asdict(text),
        run_id=inputs.run_id,
        scenario_name=scenario.spec.name,
        scenario_file=_file_of(scenario),
        inputs=input_hashes(text, built_like),
        built_like=built_like,
        seed=scenario.seed,
        overrides=tuple(scenario.overrides),
        tools=tool_versions(in_process=scenario.spec.chain.engine == "revm"),
        contracts=inputs.bytecode_sha256,
        agents={
            name: AgentSource(agent=agent.reference, sha256=agent.sha256, source=agent.source)
            for name, agent in inputs.own_agents.items()
        },
        own_contracts={
            reference: ContractSource(
                sha256=own.sha256,
                source=own.source,
                abi=[dict(entry) for entry in own.artifact.interface.abi],
                bytecode=own.artifact.bytecode,
            )
            for reference, own in inputs.own_contracts.items()
        },
        tables=hashes,
        traces_sha256=traces_sha256,
        expectation=None,
        network=inputs.network,
    )


def _file_of(scenario: Scenario) -> str:
    """Return the bare name of a shipped scenario, or the path of a file below its project's folder, one of ape's.

    A file that lies in no project is named without its folder.
    """
    file = (scenario.folder / scenario.file).resolve()
    if not file.is_file():
        return scenario.file
    if any(file == known.resolve() for known in shipped_scenarios().values()):
        return file.stem
    root = next((folder for folder in file.parents if (folder / "ape-config.yaml").is_file()), None)
    return scenario.file if root is None else file.relative_to(root).as_posix()


def _text_of(scenario: Scenario) -> ScenarioText:
    return ScenarioText(
        scenario_text=scenario.text,
        price_path_file=scenario.path.file,
        price_path_text=scenario.path_text,
        account_texts=scenario.account_texts(),
    )


def _put_in_place(partial: Path, final: Path) -> Path:
    """Rename a finished folder, in place of an earlier run of the same id.

    A folder that is not empty cannot be replaced in one step. The earlier run is renamed first and removed last, so
    that one of the two is always whole. Another process may put its own copy of the same run in place in between: that
    one is then the earlier run.
    """
    replaced: list[Path] = []
    while True:
        try:
            partial.rename(final)
            break
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        previous = final.with_name(f"{partial.name}-replaces-{len(replaced)}")
        try:
            final.rename(previous)
        except FileNotFoundError:
            # Another process has just moved it away.
            continue
        replaced.append(previous)
    for previous in replaced:
        shutil.rmtree(previous)
    return final
