"""Write a project of one's own: `cascade init DIR`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("init", short_help="Write a project of your own: a scenario, an agent, a test")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@cascade_command
def cli(folder: Path) -> None:
    """Write a project of your own into DIR, a folder that is new or empty.

    It has a scenario that changes a shipped one, an agent, a test, a workflow for continuous integration, and what ape
    needs: `cascade replay`, `ape run replay` and `pytest` work in it at once.
    """
    from cascade.commands.init import write_project

    write_project(folder)
