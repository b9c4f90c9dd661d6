"""Run a finished run once more from its manifest and compare every table: `ape run verify RUN`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("verify", short_help="Run a finished run once more and compare every table")
@click.argument("run", type=click.Path(path_type=Path))
@cascade_command
def cli(run: Path) -> None:
    """Run RUN, the folder of a finished run, once more from its manifest, and compare every table.

    The exit code is 0 where all tables are equal, and 1 where one differs.
    """
    from cascade.commands.verify import verify_run

    verify_run(run)
