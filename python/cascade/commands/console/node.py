"""Leave a node with a scenario's world running: `cascade node SCENARIO [--at BLOCK] [--port P]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("node", short_help="Leave a node with a scenario's world running, for consoles and wallets")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--at", type=int, default=None, metavar="BLOCK", help="Play the crash up to this block first.")
@click.option("--port", type=click.IntRange(1, 65535), default=8545, show_default=True, help="Port of 127.0.0.1.")
@click.option("--seed", type=str, default=None, help="Use this seed in place of the scenario's own.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key; may be repeated.")
@cascade_command
def cli(scenario: Path, at: int | None, port: int, seed: str | None, overrides: tuple[str, ...]) -> None:
    """Build the world of SCENARIO on an anvil, print what stands where, and keep the node open until Ctrl-C.

    Numbers of blocks are those of the tables of a run of the same scenario. From the moment at which the node is left
    open, it mines a block per transaction.
    """
    from cascade.commands.node import stand_node

    stand_node(scenario, at=at, port=port, seed=seed, overrides=overrides)
