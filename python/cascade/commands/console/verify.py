"""Check a finished run, run it once more and compare every table: `cascade verify RUN [--other-tools]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("verify", short_help="Run a finished run once more and compare every table")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--other-tools", is_flag=True, help="Accept other versions of the tools than the run was made with.")
@cascade_command
def cli(run: Path, *, other_tools: bool) -> None:
    """Check RUN, the folder of a finished run, run it once more from its manifest, and compare every table.

    Tables, summary and page are checked against the manifest first, then the versions of the tools. The exit code is 0
    where everything is equal, and 1 where something differs.
    """
    from cascade.commands.verify import verify_run

    verify_run(run, other_tools=other_tools)
