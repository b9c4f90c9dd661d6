"""Get what pip does not bring: `cascade setup [aave-v3]`."""

from __future__ import annotations

import click

from cascade.commands.exit_codes import cascade_command


@click.command("setup", short_help="Install anvil, forge and solc into a cache of cascade's own")
@click.argument("what", type=click.Choice(["tools", "aave-v3"]), default="tools")
@cascade_command
def cli(what: str) -> None:
    """Install what pip does not bring: anvil, forge, OpenZeppelin's contracts and solc.

    They come from npm, in the versions and with the hashes that cascade pins, and go into a cache that all environments
    of the user share; solc goes where py-solc-x and ape look for it. `cascade setup aave-v3` adds the contracts of Aave
    V3.6, which are under a licence of their own (BUSL-1.1).
    """
    from cascade.commands.setup import set_up, set_up_aave

    if what == "aave-v3":
        set_up_aave()
        click.echo("Aave V3.6 is installed")
    else:
        click.echo(f"anvil, forge and solc are installed: {set_up()}")
