"""Say what is there of what cascade needs: `cascade doctor [--out DIR]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("doctor", short_help="What is there of the tools, and what installs the rest")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs.")
@cascade_command
def cli(out: Path) -> None:
    """Show the tools, versions and folders that cascade uses, and the command that installs what is missing.

    Nothing is changed. The exit code is 1 where something is missing without which no scenario runs.
    """
    from cascade.commands.doctor import show_findings

    show_findings(out)
