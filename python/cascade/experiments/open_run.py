"""Open a finished run, or make one first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cascade.errors import CascadeError
from cascade.harness import replay
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.scenario.load import load_scenario

__all__ = ["open_or_run"]


def open_or_run(path: Path, *, overrides: Sequence[str], out: Path, progress: Progress) -> Run:
    """Open the run in a folder, or run the scenario in a file.

    Parameters
    ----------
    path : Path
        The folder of a finished run, or the file of a scenario.
    overrides : sequence of str
        Changes of the scenario, as `PATH=VALUE`.
    out : Path
        Folder that a new run's own folder is put into.
    progress : Progress
        Shows the stages of a new run.

    Raises
    ------
    CascadeError
        When there are overrides for a run that is already finished.
    """
    if not path.is_dir():
        scenario = load_scenario(path, overrides=overrides)
        return replay(scenario, out=out, progress=progress, require_expected=False, report=False)
    if overrides:
        raise CascadeError(f"{path}: is a finished run: --set and --seed need a scenario's file")
    return Run(path)
