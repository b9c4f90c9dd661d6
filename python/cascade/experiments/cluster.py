"""Give work to a Dask cluster, one of this machine's own or one that exists, and take results as they come."""

from __future__ import annotations

import logging
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.util import Finalize
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import dask
from distributed import Client, Event, Future, KilledWorker, LocalCluster, get_worker, wait
from distributed.client import FuturesCancelledError

from cascade.chain.anvil import owned_folder
from cascade.chain.snapshots import Snapshots
from cascade.errors import CascadeError
from cascade.toolchain.sources import package_sha256

__all__ = ["WorkersLost", "cluster", "distribute", "workers_of"]

_MOST_LOSSES = 3
"""Times that work is given out again after the worker that had it was lost."""
_CONNECT_SECONDS = 10
_CONNECTED = "running"
"""State of a client that has its scheduler."""
_REMOVAL_ATTEMPTS = 100
_REMOVAL_PAUSE_SECONDS = 0.05

C = TypeVar("C")

Tell = Callable[[str], None]
"""Takes a result, as text."""
Work = Callable[[C, Snapshots, Tell], None]
"""What a worker does with one chunk: it has the worlds that its process built, and tells of each result."""


class WorkersLost(CascadeError):
    """Raised when workers are lost again and again."""


def distribute(client: Client, missing: Callable[[], Sequence[C]], work: Work[C], keep: Callable[[str], None]) -> None:
    """Have every chunk of work done, and keep each result as soon as a worker tells of it.

    A chunk whose worker is lost is not repeated by Dask, which would repeat the results that were told as well: what is
    missing then is asked for again.

    Parameters
    ----------
    missing : callable
        Returns the chunks that lack results; without any, the work is done.
    work : callable
        Does one chunk. It is imported by the workers, so it stands at the top of a module.
    keep : callable
        Keeps a result; it may be told of the same one twice. It is not called by two threads at once.

    Raises
    ------
    WorkersLost
        When results are missing although their work was given out several times.
    CascadeError
        What `keep` raises, or when a worker fails by itself. What is under way is abandoned.
    """
    lost = 0
    while chunks := missing():
        if lost > _MOST_LOSSES:
            raise WorkersLost(
                f"a worker process was killed, {lost} times, perhaps because memory ran out: try again with fewer "
                "--workers"
            )
        _Distribution(client, work, keep).give_out(chunks)
        lost += 1


def workers_of(client: Client, workers: int) -> int:
    """Return the number of workers of a cluster, or the stated one where they have not all started."""
    return max(workers, len(client.scheduler_info()["workers"]))


class _Distribution:
    """One round of giving out work."""

    def __init__(self, client: Client, work: Work[Any], keep: Callable[[str], None]) -> None:
        self._client, self._work, self._take = client, work, keep
        self._topic, self._lock = f"cascade-{uuid.uuid4()}", Lock()
        self._failure: CascadeError | None = None

    def give_out(self, chunks: Sequence[object]) -> None:
        # Results come as soon as a worker has them, while the rest of its chunk goes on.
        self._client.subscribe_topic(self._topic, lambda event: self._keep(event[1]))
        futures = self._client.map(_work, chunks, work=self._work, topic=self._topic, pure=False, retries=0)
        try:
            for done in self._ended(futures):
                found = _result_of(done)
                _begun(self._topic, str(done.key), self._client).clear()
                if isinstance(found, KilledWorker):
                    continue
                if isinstance(found, Exception):
                    raise CascadeError(f"a worker failed: {type(found).__name__}: {found}") from found
                # What the worker told may still be under way: what it returns has every result again.
                for text in found:
                    self._keep(text)
                if self._failure is not None:
                    raise self._failure
        finally:
            if self._client.status == _CONNECTED:
                self._client.cancel(futures)
                self._client.unsubscribe_topic(self._topic)

    def _ended(self, futures: Sequence[Future]) -> Iterator[Future]:
        """Yield each future as it ends.

        Raises
        ------
        CascadeError
            When the scheduler is gone.
        """
        left = set(futures)
        while left:
            try:
                ended = wait(left, return_when="FIRST_COMPLETED").done
            except FuturesCancelledError as error:
                raise CascadeError(
                    "the connection to the Dask scheduler was lost: what had ended before is kept, and the same "
                    "command goes on from there"
                ) from error
            yield from sorted(ended, key=lambda future: str(future.key))
            left -= ended

    def _keep(self, text: str) -> None:
        with self._lock:
            if self._failure is not None:
                return
            try:
                self._take(text)
            except CascadeError as error:
                # Called by the client's own thread as well, which nobody would hear raise.
                self._failure = error


def _result_of(done: Future) -> list[str] | Exception:
    try:
        found: list[str] = done.result()
    except Exception as error:  # Dask raises what the worker raised, and errors of its own for a worker that is lost
        return error
    return found


_worlds = Snapshots()
"""What this process has built, where it is a worker."""
_finalizers: list[Finalize] = []
_clients: list[Client] = []
"""The client of this process, where it is a worker."""


def _work(chunk: object, *, work: Work[Any], topic: str) -> list[str]:
    """Do one chunk in a worker, and tell of each result as soon as it is there."""
    if not _finalizers:
        # An engine that was kept ends with its worker.
        _finalizers.append(Finalize(None, _worlds.close, exitpriority=100))
    worker, results = get_worker(), list[str]()
    if not _clients:
        _clients.append(_Client(worker.scheduler, loop=worker.loop, direct_to_workers=True, name="worker"))
    # Whether Dask repeats a task whose worker was lost is a setting of the scheduler: one that exists usually does so,
    # and would repeat what had ended. Such a chunk is left undone, and what it lacks is asked for again.
    begun = _begun(topic, str(worker.get_current_task()), _clients[0])
    if begun.is_set():
        return results
    begun.set()

    def tell(text: str) -> None:
        results.append(text)
        worker.log_event(topic, text)

    work(chunk, _worlds, tell)
    return results


def _begun(topic: str, key: str, client: Client) -> Event:
    """Return the scheduler's note that a worker has begun a chunk."""
    return Event(f"{topic}/{key}", client=client)


class _Client(Client):  # type: ignore[misc]  # Dask states no types
    """A client whose collection prints nothing.

    A process that is stopped, or interrupted while its client connects, leaves a client that was not closed. When
    Python collects it, its loop has ended, and Dask would print a traceback of that.
    """

    def __del__(self) -> None:
        with suppress(RuntimeError):
            super().__del__()


@contextmanager
def cluster(*, workers: int, scheduler: str | None) -> Iterator[Client]:
    """Yield a client of a cluster.

    Parameters
    ----------
    workers : int
        Processes of a cluster of this machine's own.
    scheduler : str, optional
        Address of a scheduler that exists; None starts a cluster, whose processes end with this block.

    Raises
    ------
    CascadeError
        When the scheduler does not answer, has no worker, or one with another version of this package.
    """
    # A task whose worker is lost is not repeated by Dask, which would repeat what had ended too.
    with dask.config.set({"distributed.scheduler.allowed-failures": 0, "distributed.comm.timeouts.connect": "10s"}):
        if scheduler is not None:
            try:
                client = _Client(scheduler, timeout=_CONNECT_SECONDS)
            except (OSError, ValueError) as error:
                why = str(error).splitlines()[0]
                raise CascadeError(f"--scheduler = {scheduler!r}: does not answer: {why}") from error
            with client, _quiet_logs():
                _require_workers(client, scheduler)
                yield client
            return
        with (
            _temporary_files() as folder,
            dask.config.set({"temporary-directory": str(folder)}),
            _own_cluster(workers) as own,
            _Client(own) as client,
        ):
            yield client


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Keep Dask from printing tracebacks of a connection that is lost: the error says it in one line."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado.application")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _own_cluster(workers: int) -> LocalCluster:
    try:
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            # On the loopback interface, and on a port that is free: two clusters can run side by side.
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
        )
    except RuntimeError as error:
        raise CascadeError(
            "the processes of several workers cannot start: a script that asks for them needs its calls below "
            '`if __name__ == "__main__":`, and cannot be read from standard input'
        ) from error


def _require_workers(client: Client, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
    except TimeoutError as error:
        raise CascadeError(
            f"--scheduler = {scheduler!r}: has no worker: start one with `dask worker {scheduler}`"
        ) from error
    here = package_sha256()
    for address, there in client.run(package_sha256, on_error="return").items():
        if there != here:
            found = f"sha256 {there[:10]}" if isinstance(there, str) else "none of it"
            raise CascadeError(
                f"--scheduler = {scheduler!r}: the worker {address} has another version of cascade: expected sha256 "
                f"{here[:10]} over its source, got {found}"
            )


@contextmanager
def _temporary_files() -> Iterator[Path]:
    """Yield a folder for the temporary files of processes that are started meanwhile, and remove it at the end.

    This process removes what its workers leave: one that is stopped while it starts removes nothing.
    """
    folder, before = owned_folder(), os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        yield folder
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder, again and again for some seconds: a node that is being stopped may still write into it."""
    for _ in range(_REMOVAL_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_REMOVAL_PAUSE_SECONDS)
