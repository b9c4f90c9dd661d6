"""The console command `cascade`, with a module per subcommand: the command line alone, which `ape run` scripts share.

A module of this package defines `cli` and imports what the command does inside its function: help on a command, and the
completion of its name, must not wait for pandas, ape and the drawing of charts.
"""

from __future__ import annotations

import importlib

import click

__all__ = ["COMMANDS", "cli", "main"]

COMMANDS = (
    "init",
    "contracts",
    "replay",
    "node",
    "deploy",
    "report",
    "figure",
    "verify",
    "inspect",
    "compare",
    "sweep",
    "frontier",
    "tail",
    "proposal",
    "causes",
    "endogeneity",
    "necessity",
    "prices",
    "accounts",
    "listing",
    "doctor",
    "setup",
)
"""Names of the subcommands, in the order in which help lists them. Each is the name of its module."""


class _OnDemand(click.Group):
    """A group that imports the module of a subcommand when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the subcommands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a subcommand; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(f"{__name__}.{cmd_name}").cli
        return found


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"cascade {version('cascade-replay')}")
        ctx.exit()


@click.command("cascade", cls=_OnDemand, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
def cli() -> None:
    """Replay leverage cascades on real contracts: a scenario goes in, transactions happen, tables come out.

    SCENARIO is a YAML file, or the bare name of a scenario that cascade ships, such as october-2025.
    """


def main() -> None:
    """Run the console command."""
    cli(prog_name="cascade")
