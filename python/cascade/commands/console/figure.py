"""Print figures of a run's summary: `cascade figure RUN PATH ...`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("figure", short_help="Print figures of a run's summary")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("paths", metavar="PATH ...", nargs=-1, required=True)
@cascade_command
def cli(run: Path, paths: tuple[str, ...]) -> None:
    """Print the figure at each PATH of RUN's summary, one per line.

    PATH is dotted, as in exchange.books.ALT-USDC.low; docs/SUMMARY.md lists every key. A figure that the run does not
    have is printed as null.
    """
    from cascade.commands.figure import show_figures

    show_figures(run, paths)
