"""A finished run, from its folder or from a scenario that is run first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cascade.errors import CascadeError
from cascade.harness import replay
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.scenario.load import load_scenario

__all__ = ["open_or_run"]


def open_or_run(where: Path, *, overrides: Sequence[str], out: Path, progress: Progress) -> Run:
    """Open a run's folder, or run a scenario's file.

    Raises
    ------
    CascadeError
        When keys of a finished run are to be changed.
    """
    if not where.is_dir():
        scenario = load_scenario(where, overrides=overrides)
        return replay(scenario, out=out, progress=progress, require_expected=False, report=False)
    if overrides:
        raise CascadeError(f"{where}: is a finished run: --set and --seed need a scenario's file")
    return Run(where)
