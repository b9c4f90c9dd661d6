"""Draw a run's page again from its tables, and its charts as PNG files: `cascade report RUN [--png | --index]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("report", short_help="Draw a run's page again from its tables")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--png", is_flag=True, help="Also write every chart to charts/NAME.png.")
@click.option("--index", is_flag=True, help="RUN is a folder of runs: write the page that lists and compares them.")
@cascade_command
def cli(run: Path, *, png: bool, index: bool) -> None:
    """Draw the page of RUN, the folder of a finished run, again from its tables.

    With --index, RUN is a folder of runs, and its index.html lists them and compares two of them with a click.
    """
    from cascade.commands.report import draw_index, draw_report

    if index:
        draw_index(run, png=png)
    else:
        draw_report(run, png=png)
