"""Show what would be read from a price file: `cascade prices FILE [--format FORMAT] [--price close] ...`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command


@click.command("prices", short_help="Show what a scenario would read from a price file")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", metavar="FORMAT", help="Layout of the file; found from its first row where it is not given.")
@click.option("--price", metavar="open|high|low|close", help="Price of a bar that is taken.")
@click.option("--inside", metavar="low-first|high-first", help="Path inside each bar, in place of one price.")
@click.option("--bar-seconds", type=int, help="Length of a bar, in seconds.")
@click.option("--decimals", type=int, help="Decimals of the integers of Chainlink rounds.")
@click.option("--time-column", help="Column of times of a time-price file.")
@click.option("--price-column", help="Column of prices of a time-price file.")
@cascade_command
def cli(
    file: Path,
    *,
    format: str | None,
    price: str | None,
    inside: str | None,
    bar_seconds: int | None,
    decimals: int | None,
    time_column: str | None,
    price_column: str | None,
) -> None:
    """Show first, last, lowest and highest price of FILE, its gaps, and its shape, as a scenario would read it.

    The options are the keys of prices.sources.ASSET in a scenario. FILE may be a price path of this project as well.
    """
    from cascade.commands.prices import show_prices

    show_prices(
        file,
        format=format,
        price=price,
        inside=inside,
        bar_seconds=bar_seconds,
        decimals=decimals,
        time_column=time_column,
        price_column=price_column,
    )
