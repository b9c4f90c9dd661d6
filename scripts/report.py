"""Draw a run's page anew from its tables: `ape run report RUN`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.command import cascade_command


@click.command("report", short_help="Draw a run's page anew from its tables")
@click.argument("run", type=click.Path(path_type=Path))
@cascade_command
def cli(run: Path) -> None:
    from cascade.report.page import build_report
    from cascade.run import Run

    click.echo(build_report(Run(run).folder))
