"""Make the runs of a sweep on a Dask cluster: one of this machine's own, or one that exists."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial

from cascade.chain.artifacts import load_artifacts
from cascade.chain.snapshots import Snapshots
from cascade.errors import CascadeError
from cascade.experiments.cluster import WorkersLost, cluster, distribute, workers_of
from cascade.experiments.sweep.dataset import Dataset
from cascade.experiments.sweep.make import Row, make_chunk
from cascade.experiments.sweep.plan import Chunk, Plan, chunks_of
from cascade.run.progress import Progress

__all__ = ["execute"]


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
    ended = len(dataset.rows)
    with (
        cluster(workers=workers, scheduler=scheduler) as client,
        progress.bar("runs", ended + len(dataset.missing), done=ended) as advance,
    ):
        count = workers_of(client, workers)

        def missing() -> Sequence[Chunk]:
            chunks = list(chunks_of(plan, dataset.missing, workers=count))
            for chunk in chunks:
                dataset.started(chunk.runs)
            return chunks

        def keep(text: str) -> None:
            row = Row.from_json(json.loads(text))
            if row.id not in dataset.rows:
                dataset.ended(row)
                advance(1)

        try:
            distribute(client, missing, partial(_make, outcomes=tuple(plan.grid.spec.outcomes)), keep)
        except WorkersLost as error:
            raise CascadeError(
                f"{error}; {len(dataset.missing)} runs are missing, those that ended are kept"
            ) from error


def _make(chunk: Chunk, snapshots: Snapshots, tell: Callable[[str], None], *, outcomes: Sequence[str]) -> None:
    make_chunk(chunk, outcomes=outcomes, snapshots=snapshots, tell=lambda row: tell(json.dumps(row.as_json())))
