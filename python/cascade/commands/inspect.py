"""`cascade inspect`: rebuild the chain of a run up to a block, and show a transaction, a state, a node or a console."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from cascade.commands.node import stand_until_interrupt
from cascade.commands.transaction_words import print_record, print_state
from cascade.experiments.rebuilding import liquidation_of, rebuilt_chain
from cascade.node import StandingNode
from cascade.recording.transaction_record import read_traces
from cascade.run.opened import Run
from cascade.run.progress import terminal

__all__ = ["inspect_run"]


def inspect_run(
    folder: Path,
    *,
    liquidation: int | None,
    trace: str | None,
    at: int | None,
    node: bool,
    console: bool,
    code: tuple[str, ...],
    port: int | None,
) -> None:
    """Rebuild a run's chain as far as it is asked for, and print or hand over what is asked for.

    A liquidation that the run kept in full is printed from its folder, without a chain.

    Raises
    ------
    CascadeError
        When the run has no such block, liquidation or transaction.
    RunsDiffer
        When a block of the rebuilt chain differs from the run's.
    """
    run = Run(folder)
    # Wide, so that few lines are broken where the output is no terminal.
    shown = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    hands_over = node or console or bool(code)
    if liquidation is not None and at is None and not hands_over:
        row = liquidation_of(run, liquidation)
        kept = next((one for one in read_traces(run.folder) if one.tx_hash == row.tx_hash and one.call), None)
        if kept is not None:
            print_record(shown, run, kept)
            return
    wanted = trace if trace is not None else liquidation
    with rebuilt_chain(run, at=at, wanted=wanted, port=port, progress=terminal()) as rebuilt:
        shown.print(
            f"block {rebuilt.node.block_number}: the {rebuilt.checked} transactions up to here are those of the run"
        )
        if rebuilt.record is not None:
            print_record(shown, run, rebuilt.record)
        else:
            print_state(shown, rebuilt.node)
        if console or code:
            _open_console(rebuilt.node, code)
        elif node:
            stand_until_interrupt(rebuilt.node)


def _open_console(node: StandingNode, code: tuple[str, ...]) -> None:
    # Imported on use: ape takes seconds to load.
    from cascade.chain.ape_console import open_console

    world = node.world
    open_console(
        node.url,
        contracts={name: world.chain.contract_at(address) for address, name in world.contract_names.items()},
        code=code,
    )
