"""Many runs of one question: one after the other, or in processes of their own, each with its own anvil."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cascade.chain.anvil import die_with_parent, owned_folder
from cascade.chain.artifacts import load_artifacts
from cascade.errors import CascadeError
from cascade.harness import replay
from cascade.run.opened import Run
from cascade.run.progress import Progress, quiet
from cascade.scenario.load import Scenario

__all__ = ["Job", "RunFailed", "run_all"]

_REMOVAL_ATTEMPTS = 100
_STANDARD_ERROR = 2


class RunFailed(CascadeError):
    """One of an experiment's runs failed; the message names the change and the seed."""

    def __init__(self, message: str, *, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Job:
    """One run to be made.

    Attributes
    ----------
    name : str
        What it is within the experiment, as a message says it.
    scenario : Scenario
        What is run; how it ends is not held against what the scenario expects.
    like : Scenario, optional
        A baseline whose positions it is run on.
    report : bool
        Whether its page is drawn.
    """

    name: str
    scenario: Scenario
    like: Scenario | None = None
    report: bool = False


@dataclass(frozen=True)
class _Failure:
    """An error as text: one with arguments of its own does not survive the way between processes."""

    message: str
    exit_code: int


def run_all(jobs: Sequence[Job], *, out: str | Path, workers: int = 1, progress: Progress | None = None) -> list[Run]:
    """Make every run and return them in the order of the jobs.

    Parameters
    ----------
    workers : int
        Processes, each with one anvil at a time; 1 runs in this process.

    Raises
    ------
    RunFailed
        For the first run that fails; those under way are ended.
    """
    progress = progress or quiet()
    if workers == 1 or len(jobs) == 1:
        return [_play_here(number, jobs, str(out), progress) for number in range(len(jobs))]
    load_artifacts()  # compiled here once, or every worker would compile
    outcomes: dict[int, Path] = {}
    with progress.bar("runs", len(jobs)) as advance, _processes(min(workers, len(jobs))) as pool:
        numbers: dict[Future[Path | _Failure], int] = {
            pool.submit(_play_apart, job, str(out)): number for number, job in enumerate(jobs)
        }
        for done in as_completed(numbers):
            outcomes[numbers[done]] = _checked(jobs[numbers[done]], done.result())
            advance(1)
    return [Run(outcomes[number]) for number in range(len(jobs))]


def _play_here(number: int, jobs: Sequence[Job], out: str, progress: Progress) -> Run:
    job = jobs[number]
    progress.say(f"run {number + 1} of {len(jobs)}: {job.name}")
    return Run(_checked(job, _play(job, out, progress)))


def _play(job: Job, out: str, progress: Progress | None = None) -> Path | _Failure:
    try:
        return replay(
            job.scenario, out=out, like=job.like, report=job.report, require_expected=False, progress=progress
        ).folder
    except CascadeError as error:
        return _Failure(str(error), error.exit_code)


def _play_apart(job: Job, out: str) -> Path | _Failure:
    """In a process of its own: ended by a signal, it first ends its anvil and removes what it has written."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _play(job, out)
    except KeyboardInterrupt:
        os._exit(1)
    finally:
        signal.signal(signal.SIGTERM, before)


def _checked(job: Job, outcome: Path | _Failure) -> Path:
    if isinstance(outcome, _Failure):
        raise RunFailed(f"{job.name}, seed {job.scenario.seed}: {outcome.message}", exit_code=outcome.exit_code)
    return outcome


@contextmanager
def _processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes end with what started them, whatever they are doing."""
    others = set(multiprocessing.active_children())
    # Their temporary files are the parent's to remove: a process ended while it starts removes nothing itself.
    temporary, before = owned_folder(), os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(temporary)
    # Spawned, not forked: a fork would share the parent's connections and threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(max_workers=count, mp_context=context, initializer=_live_under_parent)
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
    """Remove a folder into which a node that is being ended may still write for a moment."""
    for _ in range(_REMOVAL_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def _live_under_parent() -> None:
    # An interrupt on a terminal reaches everyone: the parent ends its workers, once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        die_with_parent()


def _interrupt(*_: object) -> None:
    # Whatever the interrupt breaks into, its parent says what there is to say.
    os.dup2(os.open(os.devnull, os.O_WRONLY), _STANDARD_ERROR)
    raise KeyboardInterrupt
