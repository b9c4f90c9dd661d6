"""Write the lending lines of a scenario as a configuration snapshot: `cascade listing SCENARIO [--out FILE]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("listing", short_help="Write a scenario's lending lines as a configuration snapshot")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key; may be repeated.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write; printed where it is not given.")
@cascade_command
def cli(scenario: Path, *, overrides: tuple[str, ...], out: Path | None) -> None:
    """Write reserves, rates, caps and modes of SCENARIO as JSON, in the layout of the tooling of Aave's governance.

    Edit a copy and give both to `proposal`, which runs the change.
    """
    from cascade.commands.listing import write_listing

    write_listing(scenario, overrides=overrides, out=out)
