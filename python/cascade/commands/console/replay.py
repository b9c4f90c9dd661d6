"""Run one scenario: `cascade replay SCENARIO [--seed N] [--set PATH=VALUE]... [--out DIR] [--network NETWORK]`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cascade.commands.exit_codes import cascade_command
from cascade.commands.network_options import network_options, options_of


@click.command("replay", short_help="Run one scenario and write its tables and report")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--seed", type=str, default=None, help="Use this seed in place of the scenario's own.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key; may be repeated.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs.")
@click.option(
    "--network", default="ethereum:local:foundry", show_default=True, help="Name of an ape network, or URL of an anvil."
)
@click.option("--account", default=None, metavar="ALIAS", help="Account of ape's that pays, on a network of others.")
@network_options
@cascade_command
def cli(
    scenario: Path, seed: str | None, overrides: tuple[str, ...], *, out: Path, account: str | None, **options: Any
) -> None:
    """Run SCENARIO, a YAML file, and write its tables and its page to a folder below --out.

    With --account, the run plays in real blocks on a network that others use too, after `cascade deploy` or doing it;
    the last seven options are about such a network alone.

    The exit code is 0 where the run met what the scenario expects of it, 1 where it did not, and 2 for bad input.
    """
    from cascade.commands.replay import replay_scenario

    network = str(options.pop("network"))
    live = None if account is None else options_of(network, account, **options)
    replay_scenario(scenario, seed=seed, overrides=overrides, out=out, network=network, live=live)
