"""Show what of a file of accounts would stand: `cascade accounts FILE [--scenario SCENARIO] [--refused]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("accounts", short_help="Show which accounts of a file would stand in a scenario's pool")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--scenario", type=click.Path(path_type=Path), default="aave-listing", show_default=True)
@click.option("--format", metavar="FORMAT", help="Layout of the file: long, subgraph, query or wide.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=NAME",
    help="Column of the file for a field; FIELD= states that none holds it.",
)
@click.option(
    "--asset", "assets", multiple=True, metavar="NAME=SYMBOL", help="Symbol of an asset; empty leaves it out."
)
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key; may be repeated.")
@click.option(
    "--refused", is_flag=True, help="Print every account that the pool would refuse, as CSV, and nothing else."
)
@cascade_command
def cli(
    file: Path,
    *,
    scenario: Path,
    format: str | None,
    columns: tuple[str, ...],
    assets: tuple[str, ...],
    overrides: tuple[str, ...],
    refused: bool,
) -> None:
    """Judge every account of FILE as the pool of SCENARIO would, without starting anything.

    The options are the keys of positions.ENTRY in a scenario. SCENARIO keeps its prices and lending lines; its own
    positions are left out.
    """
    from cascade.commands.accounts import show_accounts

    show_accounts(
        file,
        scenario=scenario,
        format=format,
        columns=columns,
        assets=assets,
        overrides=overrides,
        only_refused=refused,
    )
