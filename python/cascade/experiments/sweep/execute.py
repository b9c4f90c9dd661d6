"""Make the runs of a sweep on a Dask cluster: one of this machine's own, or one that exists."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.util import Finalize
from threading import Lock

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, as_completed, get_worker

from cascade.chain.artifacts import load_artifacts
from cascade.chain.snapshots import Snapshots
from cascade.errors import CascadeError
from cascade.experiments.sweep.dataset import Dataset
from cascade.experiments.sweep.make import Row, make_chunk
from cascade.experiments.sweep.plan import Chunk, Plan, chunks_of
from cascade.run.progress import Progress

__all__ = ["execute"]

_MOST_LOSSES = 3
"""Times that the runs of a chunk are given out again after their worker was lost."""
_CONNECT_SECONDS = 10


def execute(plan: Plan, dataset: Dataset, *, workers: int, scheduler: str | None, progress: Progress) -> None:
    """Make every run that the dataset lacks; each row is kept as soon as its run ends.

    Parameters
    ----------
    workers : int
        Processes of a cluster of this machine's own.
    scheduler : str, optional
        Address of a scheduler that exists, as `tcp://host:8786`; its workers need this package. None starts a cluster.
    progress : Progress
        Shows how many runs have ended, their rate, and the time left.

    Raises
    ------
    CascadeError
        When the scheduler does not answer, or workers are lost again and again.
    """
    # Compiled once here: otherwise every worker would compile the contracts at the same time.
    load_artifacts()
    if not dataset.missing:
        return
    with _client(workers, scheduler) as client, progress.bar("runs", len(plan.runs)) as advance:
        advance(len(dataset.rows))
        runs = _Runs(client, plan, dataset, workers=workers, advance=advance)
        for _ in range(_MOST_LOSSES + 1):
            runs.make_missing()
            if not dataset.missing:
                return
        raise CascadeError(
            f"{len(dataset.missing)} runs were lost with their workers, {_MOST_LOSSES + 1} times: perhaps memory ran "
            "out: try again with fewer --workers; the runs that ended are kept"
        )


class _Runs:
    """The runs of a sweep on a cluster, and the rows that come back from it."""

    def __init__(
        self, client: Client, plan: Plan, dataset: Dataset, *, workers: int, advance: Callable[[int], None]
    ) -> None:
        self._client, self._plan, self._dataset, self._advance = client, plan, dataset, advance
        self._workers = max(workers, len(client.scheduler_info()["workers"]))
        self._topic, self._lock = f"cascade-sweep-{uuid.uuid4()}", Lock()
        self._failure: CascadeError | None = None
        # Rows come back as soon as a run has ended, while the others of its chunk go on.
        client.subscribe_topic(self._topic, lambda event: self._keep(event[1]))

    def make_missing(self) -> None:
        """Give out every run that is missing, and wait until all have ended or were lost with their worker.

        Raises
        ------
        CascadeError
            When a row cannot be kept, or a worker fails by itself.
        """
        outcomes = tuple(self._plan.grid.spec.outcomes)
        chunks = list(chunks_of(self._plan, self._dataset.missing, workers=self._workers))
        for chunk in chunks:
            self._dataset.started(chunk.runs)
        futures = self._client.map(_work, chunks, topic=self._topic, outcomes=outcomes, pure=False, retries=0)
        for done in as_completed(futures):
            found = _result_of(done)
            if isinstance(found, KilledWorker):
                continue
            if isinstance(found, Exception):
                self._client.cancel(futures)
                raise CascadeError(f"a worker failed: {type(found).__name__}: {found}") from found
            # What the worker told may still be under way: its result has every row again.
            for row in found:
                self._keep(row)
            if self._failure is not None:
                self._client.cancel(futures)
                raise self._failure

    def _keep(self, text: str) -> None:
        with self._lock:
            row = Row.from_json(json.loads(text))
            if row.id in self._dataset.rows or self._failure is not None:
                return
            try:
                self._dataset.ended(row)
            except CascadeError as error:
                # Called by the client's own thread as well, which nobody would hear raise.
                self._failure = error
            self._advance(1)


def _result_of(done: Future) -> list[str] | Exception:
    try:
        found: list[str] = done.result()
    except Exception as error:  # Dask raises what the worker raised, and errors of its own for a worker that is lost
        return error
    return found


_worlds = Snapshots()
"""What this process has built, where it is a worker."""
_finalizers: list[Finalize] = []


def _work(chunk: Chunk, *, topic: str, outcomes: tuple[str, ...]) -> list[str]:
    """Make the runs of a chunk in a worker, and tell of each row as its run ends."""
    if not _finalizers:
        # An engine that was kept ends with its worker.
        _finalizers.append(Finalize(None, _worlds.close, exitpriority=100))
    worker, rows = get_worker(), list[str]()

    def tell(row: Row) -> None:
        rows.append(json.dumps(row.as_json()))
        worker.log_event(topic, rows[-1])

    make_chunk(chunk, outcomes=outcomes, snapshots=_worlds, tell=tell)
    return rows


@contextmanager
def _client(workers: int, scheduler: str | None) -> Iterator[Client]:
    # A task whose worker is lost is not repeated by Dask, which would repeat the runs that had ended too.
    with dask.config.set({"distributed.scheduler.allowed-failures": 0, "distributed.comm.timeouts.connect": "10s"}):
        if scheduler is not None:
            try:
                client = Client(scheduler, timeout=_CONNECT_SECONDS)
            except (OSError, ValueError) as error:
                why = str(error).splitlines()[0]
                raise CascadeError(f"--scheduler = {scheduler!r}: does not answer: {why}") from error
            with client:
                yield client
            return
        with (
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                # On the loopback interface, and on a port that is free: two sweeps can run side by side.
                dashboard_address="127.0.0.1:0",
                silence_logs=50,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
