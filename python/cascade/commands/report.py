"""`cascade report`: draw the page of a run again from its tables, after analysing them where that failed before."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.errors import CascadeError
from cascade.report.index.page import build_index
from cascade.report.run.page import build_report
from cascade.report.run.pictures import save_charts
from cascade.run.folder import analyse_run
from cascade.run.opened import Run
from cascade.run.restoring import scenarios_of

__all__ = ["draw_index", "draw_report"]


def draw_report(folder: Path, *, png: bool) -> None:
    """Write `report.html` into a run's folder, with `png` also every chart as a picture, and print their paths."""
    run = Run(folder)
    if run.manifest.expectation is None:
        scenario, _ = scenarios_of(run)
        analyse_run(run.folder, expect=scenario.spec.expect)
    click.echo(build_report(run.folder))
    if png:
        for picture in save_charts(run.folder):
            click.echo(picture)


def draw_index(folder: Path, *, png: bool) -> None:
    """Write `index.html` into a folder of runs, and print its path.

    Raises
    ------
    CascadeError
        When pictures are asked for too, or the folder holds no finished run.
    """
    if png:
        raise CascadeError("--png: an index has no charts: leave it out, or name one run without --index")
    click.echo(build_index(folder))
