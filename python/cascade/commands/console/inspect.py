"""Look into a finished run: `cascade inspect RUN [--liquidation N | --trace HASH] [--at BLOCK] [--node]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.exit_codes import cascade_command
from cascade.errors import CascadeError


@click.command("inspect", short_help="Rebuild the chain of a finished run, and look at a transaction or a block")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--liquidation", type=int, default=None, metavar="N", help="Show the run's Nth liquidation in full.")
@click.option("--trace", default=None, metavar="HASH", help="Show a transaction of the crash in full.")
@click.option("--at", type=int, default=None, metavar="BLOCK", help="Rebuild up to this block, and show its state.")
@click.option("--node", is_flag=True, help="Leave the anvil open at that block until Ctrl-C.")
@click.option("--console", is_flag=True, help="Open ape's console there, with the contracts by name.")
@click.option("--code", multiple=True, metavar="LINE", help="Run a line in that console instead; may be repeated.")
@click.option("--port", type=click.IntRange(1, 65535), default=None, help="Port of 127.0.0.1; a free one by default.")
@cascade_command
def cli(
    run: Path,
    *,
    liquidation: int | None,
    trace: str | None,
    at: int | None,
    node: bool,
    console: bool,
    code: tuple[str, ...],
    port: int | None,
) -> None:
    """Rebuild the chain of RUN, the folder of a finished run, by replay from its manifest.

    Every block is compared with the tables of the run as it is mined. The chain is rebuilt up to the block of the
    transaction that is shown, up to BLOCK, or to its end. A liquidation that the run kept in full needs no chain.
    """
    from cascade.commands.inspect import inspect_run

    if liquidation is not None and trace is not None:
        raise CascadeError("--liquidation and --trace: expected one of them")
    inspect_run(run, liquidation=liquidation, trace=trace, at=at, node=node, console=console, code=code, port=port)
