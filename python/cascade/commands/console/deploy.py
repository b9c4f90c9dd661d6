"""Put a scenario's world on a network: `cascade deploy SCENARIO --network NETWORK --account ALIAS`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cascade.commands.exit_codes import cascade_command
from cascade.commands.network_options import network_options


@click.command("deploy", short_help="Put a scenario's world on a network, by signed transactions")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--network", required=True, help="ecosystem:network:provider as ape names it, or the URL of a node.")
@click.option("--account", required=True, metavar="ALIAS", help="Account of ape's that pays.")
@click.option("--seed", type=str, default=None, help="Use this seed in place of the scenario's own.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key; may be repeated.")
@network_options
@cascade_command
def cli(
    scenario: Path, network: str, account: str, seed: str | None, overrides: tuple[str, ...], **options: Any
) -> None:
    """Deploy the contracts of SCENARIO on a network, and write what stands where to deployments/NETWORK/SCENARIO.json.

    The paying account gives ether to accounts derived from it, which act for the scenario's actors. A deployment that
    was interrupted goes on where it stopped, and sends nothing twice.
    """
    from cascade.commands.deploy import deploy_scenario
    from cascade.commands.network_options import options_of

    deploy_scenario(scenario, options_of(network, account, **options), seed=seed, overrides=overrides)
