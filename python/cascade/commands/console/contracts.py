"""Copy the Solidity sources that cascade ships: `cascade contracts DIR`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("contracts", short_help="Copy the Solidity sources of the mocks, to change them")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@cascade_command
def cli(folder: Path) -> None:
    """Copy the Solidity sources of the pool, the price sources, the venues and the liquidator into DIR.

    DIR is a folder that is new or empty, among the contracts of your project. A scenario deploys a changed one by its
    key `contract`.
    """
    from cascade.commands.contracts import copy_contracts

    copy_contracts(folder)
