"""`cascade deploy`: put a scenario's world on a network, and print what stands where."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cascade.commands.options import with_seed
from cascade.deploy import deploy
from cascade.run.progress import terminal
from cascade.scenario.load import load_scenario
from cascade.staging.networks import NetworkOptions

__all__ = ["deploy_scenario"]

_WEI = 10**18


def deploy_scenario(file: Path, options: NetworkOptions, *, seed: str | None, overrides: tuple[str, ...]) -> None:
    """Deploy a scenario's file, and print its contracts and what it cost."""
    done = deploy(load_scenario(file, overrides=with_seed(overrides, seed)), options, progress=terminal())
    # Wide, so that no address is broken where the output is no terminal.
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    table = Table(title=f"Contracts on {done.about['network']}, chain {done.about['chain_id']}", title_justify="left")
    for column in ("contract", "address", "block"):
        table.add_column(column, overflow="fold")
    for address, deployed in done.contracts.items():
        table.add_row(deployed.kind, address, str(deployed.block))
    console.print(table)
    console.print(f"It has cost {done.cost_wei / _WEI:.6f}. What stands where is in {done.file}.")
