"""`cascade sweep`: run a grid or a sample of parameters and seeds, and keep a dataset of the runs."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from cascade.commands.outputs import require_outputs
from cascade.errors import ExpectationFailed, ScenarioError
from cascade.experiments.seeds.figures import NoSuchFigure, require_figure
from cascade.experiments.sweep.certificate import certify
from cascade.experiments.sweep.dataset import Dataset
from cascade.experiments.sweep.deciding import deciding_keys
from cascade.experiments.sweep.execute import execute
from cascade.experiments.sweep.grid import Grid, read_grid, size_of
from cascade.experiments.sweep.open_run import find_run, open_sweep_run
from cascade.experiments.sweep.page import build_sweep
from cascade.experiments.sweep.plan import Plan, plan_sweep, require_no_base_conflict
from cascade.experiments.sweep.words import (
    FAILURE_HEADINGS,
    FIGURE_HEADINGS,
    SweepResult,
    certificate_words,
    failure_rows,
    figure_rows,
    headline,
)
from cascade.report.shared.terminal import print_table, print_text
from cascade.run.opened import Run
from cascade.run.progress import Progress, terminal

__all__ = ["open_run_of_sweep", "run_sweep"]

_ID_DIGITS = 10


def run_sweep(
    file: Path,
    *,
    folder: Path | None = None,
    out: Path = Path("runs"),
    workers: int = 1,
    scheduler: str | None = None,
    is_meant: bool = False,
) -> SweepResult:
    """Make the runs of a sweep that its dataset lacks, write rows and page, and print the figures.

    Parameters
    ----------
    file : Path
        The file of the sweep.
    folder : Path, optional
        Folder of the dataset; None takes one in `out` that is named after the sweep and everything it depends on, so
        that the same command goes on where it stopped.
    workers : int
        Processes of a cluster of this machine's own.
    scheduler : str, optional
        Address of a Dask scheduler that exists.
    is_meant : bool
        Whether more than a million runs are meant.

    Raises
    ------
    ScenarioError, CascadeError
        Before anything runs, for a file that is no sweep or cannot be run.
    ExpectationFailed
        When a run in process and on anvil differ; everything is written and printed first.
    KeyboardInterrupt
        When it is interrupted; the message says how many runs are kept.
    """
    progress = terminal()
    plan, dataset = _opened(file, folder=folder, out=out, is_meant=is_meant, progress=progress)
    try:
        execute(plan, dataset, workers=workers, scheduler=scheduler, progress=progress)
        certificate = certify(plan, dataset, progress=progress)
    except KeyboardInterrupt as stop:
        dataset.write_parts()
        kept = f"{len(dataset.rows)} of {len(plan.runs)} runs are kept in {dataset.folder}; the same command goes on"
        raise KeyboardInterrupt(kept) from stop
    dataset.write_parts()
    found = SweepResult(plan, dataset.folder, dataset.frame(), certificate)
    page = build_sweep(found)
    _print(found, page)
    if certificate is not None and not certificate.holds:
        raise ExpectationFailed(f"{file.name}: {certificate_words(certificate, engine=found.engine)}")
    return found


def open_run_of_sweep(
    file: Path, run: str, *, folder: Path | None = None, out: Path = Path("runs"), is_meant: bool = False
) -> Run:
    """Make one run of a sweep again with its page, and print the path of the page.

    Parameters
    ----------
    run : str
        Id of the run, or its beginning.

    Raises
    ------
    CascadeError
        When the sweep has no such run, or the run fails.
    ExpectationFailed
        When it has other tables than in the sweep.
    """
    progress = terminal()
    plan, dataset = _opened(file, folder=folder, out=out, is_meant=is_meant, progress=progress)
    found = open_sweep_run(plan, dataset, find_run(plan, run), progress=progress)
    print_text(Console(), str(found.folder / "report.html"), wrap=False)
    return found


def _opened(file: Path, *, folder: Path | None, out: Path, is_meant: bool, progress: Progress) -> tuple[Plan, Dataset]:
    require_outputs(out if folder is None else folder.parent)
    grid = read_grid(file)
    _require_sound(grid, is_meant=is_meant)
    with progress.stage("checking every point"):
        plan = plan_sweep(grid)
    return plan, Dataset(folder or out / f"sweep-{grid.name}-{plan.identity[:_ID_DIGITS]}", plan)


def _require_sound(grid: Grid, *, is_meant: bool) -> None:
    size_of(grid.spec, is_meant=is_meant)
    require_no_base_conflict(grid)
    for number, path in enumerate(grid.spec.outcomes):
        try:
            require_figure(path)
        except NoSuchFigure as error:
            raise ScenarioError(
                file=grid.file.name, key=f"outcomes.{number}", value=path, expected=str(error)
            ) from error


def _print(found: SweepResult, page: Path) -> None:
    console = Console()
    print_text(console, headline(found))
    print_table(console, "figures", FIGURE_HEADINGS, figure_rows(found))
    deciding = deciding_keys(found)
    if deciding.rows:
        print_table(console, "keys that decide", deciding.headings, deciding.rows, text_columns=2)
    if failure_rows(found):
        print_table(console, "failed runs", FAILURE_HEADINGS, failure_rows(found))
    print_text(console, certificate_words(found.certificate, engine=found.engine))
    print_text(console, str(page), wrap=False)
