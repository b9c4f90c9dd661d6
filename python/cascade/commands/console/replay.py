"""Run one scenario: `cascade replay SCENARIO [--seed N] [--set PATH=VALUE]... [--out DIR] [--network NETWORK]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("replay", short_help="Run one scenario and write its tables and report")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--seed", type=str, default=None, help="Use this seed in place of the scenario's own.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key; may be repeated.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs.")
@click.option(
    "--network", default="ethereum:local:foundry", show_default=True, help="Name of an ape network, or URL of an anvil."
)
@cascade_command
def cli(scenario: Path, seed: str | None, overrides: tuple[str, ...], out: Path, network: str) -> None:
    """Run SCENARIO, a YAML file, and write its tables and its page to a folder below --out.

    The exit code is 0 where the run met what the scenario expects of it, 1 where it did not, and 2 for bad input.
    """
    from cascade.commands.replay import replay_scenario

    replay_scenario(scenario, seed=seed, overrides=overrides, out=out, network=network)
