"""Make one run of a sweep again, with its page: what a point of the sweep stands for."""

from __future__ import annotations

from cascade.errors import CascadeError, ExpectationFailed
from cascade.experiments.sweep.dataset import Dataset
from cascade.experiments.sweep.plan import Plan, PlannedRun
from cascade.harness import replay
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.scenario.load import vary

__all__ = ["OPENED", "find_run", "open_sweep_run"]

OPENED = "opened"
"""Folder of the runs that were made again, in that of the dataset."""


def find_run(plan: Plan, text: str) -> PlannedRun:
    """Return the run whose id begins with a text.

    Raises
    ------
    CascadeError
        When no run begins so, or several do.
    """
    found = {run.id: run for run in plan.runs if run.id.startswith(text)}
    if len(found) != 1:
        why = f"{len(found)} runs begin so: give more of the id" if found else "expected the id of a run of this sweep"
        raise CascadeError(f"--open = {text!r}: {why}")
    return next(iter(found.values()))


def open_sweep_run(plan: Plan, dataset: Dataset, planned: PlannedRun, *, progress: Progress) -> Run:
    """Make a run of a sweep again, draw its page, and return it; one that was opened before is not made again.

    Raises
    ------
    ExpectationFailed
        When its tables are not those of the sweep's row; the run is kept.
    CascadeError
        When the run fails, as it did in the sweep.
    """
    row = dataset.rows.get(planned.id)
    folder = dataset.folder / OPENED
    if row is not None and row.run_id and (folder / row.run_id / "report.html").is_file():
        return Run(folder / row.run_id)
    baseline = vary(plan.scenario, {"seed": planned.seed})
    scenario = vary(plan.scenario, {"seed": planned.seed, **planned.changes})
    run = replay(
        scenario,
        out=folder,
        like=baseline if plan.on_baseline else None,
        require_expected=False,
        progress=progress,
    )
    if row is not None and not row.error and run.summary.tables_sha256 != row.tables_sha256:
        raise ExpectationFailed(f"{run.folder}: has other tables than the run {planned.id} of the sweep: report this")
    return run
