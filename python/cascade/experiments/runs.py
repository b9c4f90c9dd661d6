"""Make the runs of an experiment in this process or on a Dask cluster, and keep what it asks of each."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from cascade.chain.artifacts import load_artifacts
from cascade.chain.snapshots import Snapshots
from cascade.deployment.own_contracts import load_own_contracts
from cascade.errors import CascadeError
from cascade.experiments.cluster import WorkersLost, cluster, distribute, workers_of
from cascade.experiments.execution import HERE, Execution
from cascade.experiments.identity import identity_of, inputs_of, tools_text
from cascade.experiments.outcomes import Outcomes
from cascade.harness import replay
from cascade.positions.standing import standing_positions
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.run.verification import check_folder, check_tools
from cascade.scenario.load import Scenario

__all__ = ["Job", "RunFailed", "read_groups", "read_runs", "run_all"]

T = TypeVar("T")

_ID_DIGITS = 20
_MOST_OF_CHUNK = 16
"""Pieces of work of a chunk: enough to share what one of them builds, and few enough to spread over workers."""


class RunFailed(CascadeError):
    """Raised when one of the runs of an experiment fails; the message names the run and its seed."""

    def __init__(self, message: str, *, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Job:
    """One run that is still to be made.

    Attributes
    ----------
    name : str
        Name of the run within the experiment, for messages.
    scenario : Scenario
        The scenario to run. A run that ends otherwise than its scenario expects does not fail.
    like : Scenario, optional
        A baseline whose positions are built for the run; None builds the scenario's own.
    report : bool
        Whether the page of the run is drawn, where its folder is kept.
    """

    name: str
    scenario: Scenario
    like: Scenario | None = None
    report: bool = False

    @property
    def built(self) -> Scenario:
        """The scenario whose positions are built."""
        return self.scenario if self.like is None else self.like


class _Told(msgspec.Struct):
    """What a worker tells of one piece of work: its outcome as JSON, or why it failed."""

    number: int
    outcome: str = ""
    error: str = ""
    exit_code: int = 0


_Make = Callable[[tuple[Job, ...], Snapshots, "_Shown | None"], str]
"""Makes the runs of some jobs, and returns their outcome as JSON."""


@dataclass(frozen=True)
class _Piece:
    """Jobs whose outcome is one."""

    number: int
    identity: str
    jobs: tuple[Job, ...]


def run_all(jobs: Sequence[Job], *, out: str | Path, execution: Execution = HERE) -> list[Run]:
    """Make every run, and return the runs in the order of the jobs.

    A run whose folder is in `out` already, whole and made with the same tools, is not made again.

    Parameters
    ----------
    jobs : sequence of Job
        The runs to make.
    out : str or Path
        Folder that the folders of the runs are put into. Workers of a scheduler that exists need it under the same
        path.
    execution : Execution
        Where they are made.

    Raises
    ------
    RunFailed
        When a run fails, or a worker is lost again and again; those that are under way are abandoned, and no further
        run is started.
    KeyboardInterrupt
        When it is interrupted; the message says how many runs had been finished, and stay.
    """
    folders: list[Path | None] = [_finished(job, Path(out)) for job in jobs]
    missing = [number for number, folder in enumerate(folders) if folder is None]
    if len(missing) < len(jobs):
        execution.progress.say(f"{len(jobs) - len(missing)} of {len(jobs)} runs are in {out} already")
    pieces = [_Piece(number, "", (jobs[number],)) for number in missing]

    def found(number: int, text: str) -> None:
        folders[number] = Path(msgspec.json.decode(text, type=str))

    try:
        _make_all(pieces, partial(_keep_folder, out=str(out)), found, execution=execution)
    except KeyboardInterrupt as stop:
        kept = sum(folder is not None for folder in folders)
        if not kept:
            raise
        words = "1 finished run is" if kept == 1 else f"{kept} finished runs are"
        raise KeyboardInterrupt(f"{words} kept in {out}") from stop
    return [_opened(folder, out) for folder in folders if folder is not None]


def read_runs(jobs: Sequence[Job], read: Callable[[Run], T], *, kind: type[T], execution: Execution = HERE) -> list[T]:
    """Make every run in a folder that is removed, and return what a function reads of each, in the order of the jobs.

    Parameters
    ----------
    read : callable
        Reads a finished run. It stands at the top of a module, or is a `partial` of one that does.
    kind : type
        What it returns: something that `msgspec` writes as JSON and reads again.
    execution : Execution
        Where the runs are made, and where outcomes are kept.

    Raises
    ------
    RunFailed, KeyboardInterrupt
        As `run_all`.
    """
    return read_groups([(job,) for job in jobs], partial(_only, read=read), kind=kind, execution=execution)


def read_groups(
    groups: Sequence[tuple[Job, ...]],
    read: Callable[[tuple[Run, ...]], T],
    *,
    kind: type[T],
    execution: Execution = HERE,
) -> list[T]:
    """Do the same with groups of runs that are read together, as both sides of a comparison.

    Raises
    ------
    RunFailed, KeyboardInterrupt
        As `run_all`.
    """
    outcomes = Outcomes(execution.kept)
    pieces = _identified(groups, read)
    known = {piece.number: text for piece in pieces if (text := outcomes.of(piece.identity)) is not None}
    if known:
        runs = sum(len(groups[number]) for number in known)
        execution.progress.say(
            f"{runs} of {sum(map(len, groups))} runs were made before: their outcomes are in {outcomes.folder}"
        )
    missing = [piece for piece in pieces if piece.number not in known]
    identities = {piece.number: piece.identity for piece in missing}

    def keep(number: int, text: str) -> None:
        outcomes.keep(identities[number], text, name=", ".join(job.name for job in groups[number]))
        known[number] = text

    try:
        _make_all(missing, partial(_read, read=read), keep, execution=execution)
    except KeyboardInterrupt as stop:
        if not known or outcomes.folder is None:
            raise
        kept = f"outcomes of {len(known)} of {len(groups)} are kept in {outcomes.folder}; the same command goes on"
        raise KeyboardInterrupt(kept) from stop
    return [msgspec.json.decode(known[number], type=kind) for number in range(len(groups))]


def _identified(groups: Sequence[tuple[Job, ...]], read: Callable[..., object]) -> list[_Piece]:
    """Return the groups with the identity of their outcome: that of their runs, and what is read of them."""
    tools: dict[str, str] = {}
    pieces = []
    for number, jobs in enumerate(groups):
        digest = hashlib.sha256(_name_of(read).encode())
        for job in jobs:
            engine = job.scenario.spec.chain.engine
            if engine not in tools:
                tools[engine] = tools_text(job.scenario)
            digest.update(identity_of(job.scenario, job.like, tools=tools[engine]).encode())
            # Overrides decide no run, but outcomes quote them.
            digest.update("\n".join(job.scenario.overrides).encode())
        pieces.append(_Piece(number, digest.hexdigest()[:_ID_DIGITS], jobs))
    return pieces


def _name_of(read: Callable[..., object]) -> str:
    """Return what identifies a function: where it stands, and its fixed arguments."""
    if isinstance(read, partial):
        fixed = {name: _name_of(value) if callable(value) else repr(value) for name, value in read.keywords.items()}
        return f"{_name_of(read.func)} {read.args!r} {sorted(fixed.items())!r}"
    return f"{read.__module__}.{read.__qualname__}"


def _make_all(pieces: Sequence[_Piece], make: _Make, keep: Callable[[int, str], None], *, execution: Execution) -> None:
    """Have the outcome of each piece of work made, and keep it, under the piece's number, as soon as it is there."""
    if not pieces:
        return
    # Compiled once here: otherwise every worker would compile the contracts at the same time.
    shipped = load_artifacts()
    for piece in pieces:
        for job in piece.jobs:
            load_own_contracts(job.scenario, shipped)
    # What builds the same world is made one after the other: the first of them builds it.
    places = {key: place for place, key in enumerate(dict.fromkeys(_build_of(piece) for piece in pieces))}
    ordered = sorted(pieces, key=lambda piece: places[_build_of(piece)])
    if execution.is_here:
        _make_here(ordered, make, keep, progress=execution.progress)
    else:
        _make_elsewhere(ordered, make, keep, execution=execution)


def _build_of(piece: _Piece) -> tuple[str, str]:
    built = piece.jobs[0].built
    return built.parameters_json(), built.path_json()


def _make_here(pieces: Sequence[_Piece], make: _Make, keep: Callable[[int, str], None], *, progress: Progress) -> None:
    total, done = sum(len(piece.jobs) for piece in pieces), 0
    with Snapshots() as snapshots:
        for piece in pieces:
            shown = _Shown(progress, done, total)
            keep(piece.number, _checked(_told(piece, make, snapshots, shown)))
            done += len(piece.jobs)


def _make_elsewhere(
    pieces: Sequence[_Piece], make: _Make, keep: Callable[[int, str], None], *, execution: Execution
) -> None:
    rest = {piece.number: piece for piece in pieces}
    with (
        cluster(workers=execution.workers, scheduler=execution.scheduler) as client,
        execution.progress.bar("runs", sum(len(piece.jobs) for piece in pieces)) as advance,
    ):
        count = workers_of(client, execution.workers)

        def missing() -> Sequence[tuple[_Piece, ...]]:
            left = list(rest.values())
            size = max(1, min(_MOST_OF_CHUNK, -(-len(left) // (2 * count))))
            return [tuple(left[start : start + size]) for start in range(0, len(left), size)]

        def take(text: str) -> None:
            told = msgspec.json.decode(text, type=_Told)
            if (piece := rest.get(told.number)) is not None:
                keep(told.number, _checked(told))
                del rest[told.number]
                advance(len(piece.jobs))

        try:
            distribute(client, missing, partial(_work, make=make), take)
        except WorkersLost as error:
            raise RunFailed(str(error), exit_code=error.exit_code) from error


def _work(pieces: tuple[_Piece, ...], snapshots: Snapshots, tell: Callable[[str], None], *, make: _Make) -> None:
    """Do a chunk of work in a worker."""
    for piece in pieces:
        tell(msgspec.json.encode(_told(piece, make, snapshots, None)).decode())


def _told(piece: _Piece, make: _Make, snapshots: Snapshots, shown: _Shown | None) -> _Told:
    try:
        return _Told(piece.number, make(piece.jobs, snapshots, shown))
    except CascadeError as error:
        # As text: an exception with a constructor of its own cannot be sent between processes.
        return _Told(piece.number, error=str(error), exit_code=error.exit_code)


def _checked(told: _Told) -> str:
    if told.error:
        raise RunFailed(told.error, exit_code=told.exit_code)
    return told.outcome


@dataclass(frozen=True)
class _Shown:
    """Shows the runs that are made in this process."""

    progress: Progress
    done: int
    total: int

    def begin(self, place: int, job: Job) -> Progress:
        """Say which run begins, and return what shows its stages."""
        self.progress.say(f"run {self.done + place + 1} of {self.total}: {job.name}")
        return self.progress


def _replayed(jobs: Sequence[Job], out: str, snapshots: Snapshots, shown: _Shown | None) -> Iterator[Run]:
    """Make the runs of some jobs, with the name of the job in each error."""
    for place, job in enumerate(jobs):
        try:
            yield replay(
                job.scenario,
                out=out,
                like=job.like,
                report=job.report,
                require_expected=False,
                progress=None if shown is None else shown.begin(place, job),
                snapshots=snapshots,
            )
        except CascadeError as error:
            message = f"{job.name}, seed {job.scenario.seed}: {error}"
            raise RunFailed(message, exit_code=error.exit_code) from error


def _keep_folder(jobs: tuple[Job, ...], snapshots: Snapshots, shown: _Shown | None, *, out: str) -> str:
    """Make one run whose folder stays, and return the path of the folder."""
    (run,) = _replayed(jobs, out, snapshots, shown)
    return msgspec.json.encode(str(run.folder)).decode()


def _read(
    jobs: tuple[Job, ...], snapshots: Snapshots, shown: _Shown | None, *, read: Callable[[tuple[Run, ...]], object]
) -> str:
    """Make runs in a folder that is removed, and return what is read of them."""
    with tempfile.TemporaryDirectory(prefix="cascade-runs-") as folder:
        return msgspec.json.encode(read(tuple(_replayed(jobs, folder, snapshots, shown)))).decode()


def _only(runs: tuple[Run, ...], *, read: Callable[[Run], T]) -> T:
    (run,) = runs
    return read(run)


def _finished(job: Job, out: Path) -> Path | None:
    """Return the folder of a run where it lies in `out` already, is what the run wrote, and has the same tools."""
    if not out.is_dir():
        return None
    # Where the scenario builds its own positions, the baseline decides nothing and is no input, as in `replay`.
    like = None if job.like is None or standing_positions(job.like, job.scenario) is None else job.like
    folder = out / inputs_of(job.scenario, like).run_id
    if not folder.is_dir():
        return None
    run = Run(folder)
    try:
        check_tools(run)
        check_folder(run)
        if job.report:
            run.report()
    except CascadeError:
        return None
    return folder


def _opened(folder: Path, out: str | Path) -> Run:
    try:
        return Run(folder)
    except CascadeError as error:
        raise CascadeError(
            f"{folder}: a worker made this run, and it is not here: --out = {out} must be a folder that this machine "
            "and the workers of --scheduler share"
        ) from error
