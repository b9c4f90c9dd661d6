"""Draw a run's page anew from its tables, and its charts as PNG files: `ape run report RUN [--png]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.shared import cascade_command


@click.command("report", short_help="Draw a run's page anew from its tables")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--png", is_flag=True, help="Also write every chart to charts/NAME.png.")
@cascade_command
def cli(run: Path, *, png: bool) -> None:
    from cascade.report.run.page import build_report
    from cascade.report.run.pictures import save_charts
    from cascade.run.opened import Run

    folder = Run(run).folder
    click.echo(build_report(folder))
    if png:
        for picture in save_charts(folder):
            click.echo(picture)
