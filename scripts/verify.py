"""Run a finished run once more, from what its manifest holds, and compare every table: `ape run verify RUN`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.shared import cascade_command
from cascade.run.progress import terminal


@click.command("verify", short_help="Run a finished run once more and compare every table")
@click.argument("run", type=click.Path(path_type=Path))
@cascade_command
def cli(run: Path) -> None:
    from cascade.experiments.verify import verify
    from cascade.run.opened import Run

    click.echo(verify(Run(run), progress=terminal()))
