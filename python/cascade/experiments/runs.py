"""Make the runs of an experiment: one after the other, or in several processes, each with its own anvil."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path

from cascade.chain.anvil import die_with_parent, owned_folder
from cascade.chain.artifacts import load_artifacts
from cascade.chain.snapshots import Snapshots
from cascade.deployment.own_contracts import load_own_contracts
from cascade.errors import CascadeError
from cascade.harness import replay
from cascade.run.opened import Run
from cascade.run.progress import Progress, quiet
from cascade.scenario.load import Scenario

__all__ = ["Job", "RunFailed", "passing_runs", "run_all"]

_REMOVAL_ATTEMPTS = 100
_REMOVAL_PAUSE_SECONDS = 0.05
_FIRST = 100
"""Rank of what a worker that ends does first."""
_STANDARD_ERROR = 2
"""File descriptor of standard error."""


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
        Whether the page of the run is drawn.
    """

    name: str
    scenario: Scenario
    like: Scenario | None = None
    report: bool = False


@dataclass(frozen=True)
class _Failure:
    """An error as text: an exception with a constructor of its own cannot be pickled between processes."""

    message: str
    exit_code: int


def run_all(jobs: Sequence[Job], *, out: str | Path, workers: int = 1, progress: Progress | None = None) -> list[Run]:
    """Make every run, and return the runs in the order of the jobs.

    Parameters
    ----------
    jobs : sequence of Job
        The runs to make.
    out : str or Path
        Folder that the folders of the runs are put into.
    workers : int
        Number of processes, each with one anvil at a time; 1 makes the runs in this process.
    progress : Progress, optional
        Shows the stages of each run in this process, or how many runs of other processes are finished.

    Raises
    ------
    RunFailed
        When a run fails, or a worker is killed; those that are under way are stopped, and no further run is started.
    KeyboardInterrupt
        When it is interrupted; the message says how many runs had been finished, and stay.
    """
    progress = progress or quiet()
    finished: list[Path] = []
    try:
        return _run_all(jobs, out=str(out), workers=workers, progress=progress, finished=finished)
    except KeyboardInterrupt as stop:
        if not finished:
            raise
        kept = "1 finished run is" if len(finished) == 1 else f"{len(finished)} finished runs are"
        raise KeyboardInterrupt(f"{kept} kept in {out}") from stop


@contextmanager
def passing_runs(jobs: Sequence[Job], *, workers: int = 1, progress: Progress | None = None) -> Iterator[list[Run]]:
    """Make every run in a folder that is removed at the end, and yield the runs in the order of the jobs.

    Raises
    ------
    RunFailed
        As `run_all`.
    """
    with tempfile.TemporaryDirectory(prefix="cascade-runs-") as folder:
        try:
            runs = run_all(jobs, out=folder, workers=workers, progress=progress)
        except KeyboardInterrupt:
            # Without the message that finished runs stay: these do not.
            raise KeyboardInterrupt from None
        yield runs


def _run_all(jobs: Sequence[Job], *, out: str, workers: int, progress: Progress, finished: list[Path]) -> list[Run]:
    """Make every run, and add the folder of each to `finished` as soon as it is whole."""
    if workers == 1 or len(jobs) == 1:
        with Snapshots() as snapshots:
            for number in range(len(jobs)):
                finished.append(_run_here(number, jobs, out, progress, snapshots))
        return [Run(folder) for folder in finished]
    # Compiled once here: otherwise every worker would compile the contracts at the same time.
    shipped = load_artifacts()
    for job in jobs:
        load_own_contracts(job.scenario, shipped)
    outcomes: dict[int, Path] = {}
    with progress.bar("runs", len(jobs)) as advance, _processes(min(workers, len(jobs))) as pool:
        numbers: dict[Future[Path | _Failure], int] = {
            pool.submit(_run_in_worker, job, out): number for number, job in enumerate(jobs)
        }
        for done in as_completed(numbers):
            outcomes[numbers[done]] = _checked(jobs[numbers[done]], _outcome_of(done))
            finished.append(outcomes[numbers[done]])
            advance(1)
    return [Run(outcomes[number]) for number in range(len(jobs))]


def _outcome_of(done: Future[Path | _Failure]) -> Path | _Failure:
    try:
        return done.result()
    except BrokenProcessPool as error:
        # Which of the runs it was making is unknown: the pool breaks as a whole.
        message = "a worker process was killed, perhaps because memory ran out: try again with fewer --workers"
        raise RunFailed(message, exit_code=2) from error


def _run_here(number: int, jobs: Sequence[Job], out: str, progress: Progress, snapshots: Snapshots) -> Path:
    job = jobs[number]
    progress.say(f"run {number + 1} of {len(jobs)}: {job.name}")
    return _checked(job, _run(job, out, snapshots, progress))


def _run(job: Job, out: str, snapshots: Snapshots, progress: Progress | None = None) -> Path | _Failure:
    try:
        return replay(
            job.scenario,
            out=out,
            like=job.like,
            report=job.report,
            require_expected=False,
            progress=progress,
            snapshots=snapshots,
        ).folder
    except CascadeError as error:
        return _Failure(str(error), error.exit_code)


def _run_in_worker(job: Job, out: str) -> Path | _Failure:
    """Make a run in a worker; a termination signal stops its anvil and removes its files before the worker ends."""
    try:
        return _run(job, out, _worlds)
    except KeyboardInterrupt:
        _worlds.close()
        os._exit(1)


def _checked(job: Job, outcome: Path | _Failure) -> Path:
    if isinstance(outcome, _Failure):
        raise RunFailed(f"{job.name}, seed {job.scenario.seed}: {outcome.message}", exit_code=outcome.exit_code)
    return outcome


@contextmanager
def _processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool whose processes end when this block does, even in the middle of a run."""
    others = set(multiprocessing.active_children())
    # The parent removes the workers' temporary files: a process that is stopped while it starts removes nothing.
    temporary, before = owned_folder(), os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(temporary)
    # Spawned, not forked: a fork would share the parent's connections, and copy its locks without the threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(max_workers=count, mp_context=context, initializer=_follow_parent)
    try:
        yield pool
    except BaseException:
        started = set(multiprocessing.active_children()) - others
        pool.shutdown(wait=False, cancel_futures=True)
        for process in started:
            process.terminate()
        for process in started:
            process.join()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before
        _remove(temporary)


def _remove(folder: Path) -> None:
    """Remove a folder, again and again for some seconds: a node that is being stopped may still write into it."""
    for _ in range(_REMOVAL_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_REMOVAL_PAUSE_SECONDS)


_worlds = Snapshots()
"""What this process has built, where it is a worker."""


def _follow_parent() -> None:
    # A terminal sends an interrupt to every process of the group; the parent alone answers it and stops its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A worker that waits for its next run has an engine as well, which ends with the worker.
    signal.signal(signal.SIGTERM, _interrupt)
    Finalize(None, _worlds.close, exitpriority=_FIRST)
    if sys.platform == "linux":
        die_with_parent()


def _interrupt(*_: object) -> None:
    # The parent reports the interruption; a traceback from wherever the worker was would only hide that message.
    os.dup2(os.open(os.devnull, os.O_WRONLY), _STANDARD_ERROR)
    raise KeyboardInterrupt
