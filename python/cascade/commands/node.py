"""`cascade node`: print what a standing node has, and wait until it is told to stop."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cascade.commands.options import with_seed
from cascade.errors import ChainError
from cascade.node import TEST_ACCOUNTS, StandingNode, standing_node
from cascade.run.progress import terminal
from cascade.scenario.load import load_scenario

__all__ = ["stand_node", "stand_until_interrupt"]

_MOST_ACTORS = 20
"""Actors that are listed: a scenario has thousands of borrowers, and those with a role of their own come first."""

_SNIPPET = """\
# ape-config.yaml, beside `plugins: [foundry]`; then: ape console --network ethereum:local:foundry
foundry:
  host: {url}
"""


def stand_node(file: Path, *, at: int | None, port: int, seed: str | None, overrides: tuple[str, ...]) -> None:
    """Leave a node with the world of a scenario's file open until an interrupt, which ends it in good order.

    Raises
    ------
    ChainError
        When the node ends by itself.
    """
    scenario = load_scenario(file, overrides=with_seed(overrides, seed))
    with standing_node(scenario, at=at, port=port, progress=terminal()) as node:
        stand_until_interrupt(node)


def stand_until_interrupt(node: StandingNode) -> None:
    """Print what a node has, and wait until an interrupt, which ends it in good order.

    Raises
    ------
    ChainError
        When the node ends by itself.
    """
    try:
        # Within: whoever reads the last line may interrupt at once.
        _print(node)
        while node.is_alive():
            time.sleep(0.2)
    except KeyboardInterrupt:
        return
    raise ChainError(f"{node.url}: the node has ended")


def _print(node: StandingNode) -> None:
    # Wide, so that no address is broken where the output is no terminal.
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    for title, columns, rows in (
        ("Contracts", ("name", "contract", "address"), node.contracts()),
        ("Actors (impersonated: no key is needed)", ("name", "role", "address"), node.actors()[:_MOST_ACTORS]),
        (
            "Test accounts (10,000 ether each; everybody knows these keys)",
            ("address", "private key"),
            [(account.address, account.key) for account in TEST_ACCOUNTS],
        ),
    ):
        table = Table(title=title, title_justify="left")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    hidden = len(node.actors()) - _MOST_ACTORS
    if hidden > 0:
        console.print(f"and {hidden} more actors")
    console.print(_SNIPPET.format(url=node.url), markup=False)
    console.print(f"The node runs at {node.url}, chain id {node.chain_id}, block {node.block_number}. Ctrl-C ends it.")
    sys.stdout.flush()
