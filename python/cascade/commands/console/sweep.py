"""Run a grid or a sample of parameters and seeds: `cascade sweep GRID.yaml [--workers N | --scheduler ADDRESS]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("sweep", short_help="Run a grid or a sample of parameters and seeds, and keep a dataset")
@click.argument("grid", type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes of this machine.")
@click.option(
    "--scheduler", metavar="ADDRESS", default=None, help="Use a Dask scheduler that exists, as tcp://host:8786."
)
@click.option("--folder", type=click.Path(path_type=Path), default=None, help="Folder of the dataset.")
@click.option("--open", "run", metavar="RUN", default=None, help="Draw the page of one run, by its id, and end.")
@click.option("--yes", "is_meant", is_flag=True, help="Make more than a million runs.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of sweeps."
)
@cascade_command
def cli(
    grid: Path,
    *,
    workers: int,
    scheduler: str | None,
    folder: Path | None,
    run: str | None,
    is_meant: bool,
    out: Path,
) -> None:
    """Run every point of GRID, a YAML file: docs/SWEEP.md says what it may hold.

    Runs that have ended are kept: the same command goes on where it stopped.
    """
    from cascade.commands.sweep import open_run_of_sweep, run_sweep

    if run is not None:
        open_run_of_sweep(grid, run, folder=folder, out=out, is_meant=is_meant)
        return
    run_sweep(grid, folder=folder, out=out, workers=workers, scheduler=scheduler, is_meant=is_meant)
