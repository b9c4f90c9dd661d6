"""Say where the runs of an experiment are made, and where their outcomes are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cascade.run.progress import Progress, quiet

__all__ = ["HERE", "Execution"]


@dataclass(frozen=True)
class Execution:
    """Where the runs of an experiment are made.

    Attributes
    ----------
    workers : int
        Number of processes of a Dask cluster of this machine's own; 1 makes the runs in this process.
    scheduler : str, optional
        Address of a Dask scheduler that exists, as `tcp://host:8786`, whose workers make the runs in place of a cluster
        of this machine's own. They need this package in the same version.
    kept : Path, optional
        Folder of results. Outcomes of runs whose tables are not kept stay in its folder `outcomes`, and an experiment
        that is started again takes them from there; None keeps no outcome.
    progress : Progress
        Shows the stages of each run in this process, or how many runs have ended elsewhere.
    """

    workers: int = 1
    scheduler: str | None = None
    kept: Path | None = None
    progress: Progress = field(default_factory=quiet, repr=False, compare=False)

    @property
    def is_here(self) -> bool:
        """Whether the runs are made in this process."""
        return self.workers == 1 and self.scheduler is None


HERE = Execution()
"""In this process, with nothing kept and nothing shown."""
