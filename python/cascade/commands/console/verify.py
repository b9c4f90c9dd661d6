"""Check a finished run, run it once more and compare every table: `cascade verify RUN [--other-tools] [--engine E]`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from cascade.commands.exit_codes import cascade_command


@click.command("verify", short_help="Run a finished run once more and compare every table")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--other-tools", is_flag=True, help="Accept other versions of the tools than the run was made with.")
@click.option(
    "--engine",
    type=click.Choice(["anvil", "revm"]),
    default=None,
    help="Run it once more on this engine; columns of gas are left out where the run had the other one.",
)
@cascade_command
def cli(run: Path, *, other_tools: bool, engine: Literal["anvil", "revm"] | None) -> None:
    """Check RUN, the folder of a finished run, run it once more from its manifest, and compare every table.

    Tables, inputs, versions of the tools, summary and page are checked against the manifest first. The exit code is 0
    where everything is equal, and 1 where something differs: the message names the part, of a table the row and column,
    and whose hash it is (docs/CERTIFICATE.md).
    """
    from cascade.commands.verify import verify_run

    verify_run(run, other_tools=other_tools, engine=engine)
