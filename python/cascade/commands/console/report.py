"""Draw a run's page again from its tables, and its charts as PNG files: `cascade report RUN [--png]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("report", short_help="Draw a run's page again from its tables")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--png", is_flag=True, help="Also write every chart to charts/NAME.png.")
@cascade_command
def cli(run: Path, *, png: bool) -> None:
    """Draw the page of RUN, the folder of a finished run, again from its tables."""
    from cascade.commands.report import draw_report

    draw_report(run, png=png)
