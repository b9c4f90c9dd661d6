"""`cascade sweep`: run a grid or a sample of parameters and seeds, and keep a dataset of the runs."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from cascade.commands.outputs import require_outputs
from cascade.errors import ExpectationFailed, ScenarioError
from cascade.experiments.seeds.figures import NoSuchFigure, require_figure
from cascade.experiments.sweep.certificate import certify
from cascade.experiments.sweep.dataset import Dataset
from cascade.experiments.sweep.execute import execute
from cascade.experiments.sweep.grid import Grid, read_grid, size_of
from cascade.experiments.sweep.page import build_sweep
from cascade.experiments.sweep.plan import plan_sweep, require_no_base_conflict
from cascade.experiments.sweep.words import (
    FAILURE_HEADINGS,
    FIGURE_HEADINGS,
    INDEX_HEADINGS,
    SweepResult,
    certificate_words,
    failure_rows,
    figure_rows,
    headline,
    index_rows,
)
from cascade.report.shared.terminal import print_table, print_text
from cascade.run.progress import terminal

__all__ = ["run_sweep"]

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
    require_outputs(out if folder is None else folder.parent)
    grid = read_grid(file)
    _require_sound(grid, is_meant=is_meant)
    progress = terminal()
    with progress.stage("checking every point"):
        plan = plan_sweep(grid)
    dataset = Dataset(folder or out / f"sweep-{grid.name}-{plan.identity[:_ID_DIGITS]}", plan)
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
        raise ExpectationFailed(f"{file.name}: {certificate_words(certificate)}")
    return found


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
    if index_rows(found):
        print_table(console, "share of the variance over the grid", INDEX_HEADINGS, index_rows(found))
    if failure_rows(found):
        print_table(console, "failed runs", FAILURE_HEADINGS, failure_rows(found))
    print_text(console, certificate_words(found.certificate))
    print_text(console, str(page), wrap=False)
