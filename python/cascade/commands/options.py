"""Options that several commands share, turned into the arguments of the functions behind them."""

from __future__ import annotations

from pathlib import Path

from cascade.errors import CascadeError
from cascade.experiments.execution import Execution
from cascade.run.progress import terminal

__all__ = ["execution_of", "node_url_of", "with_seed"]

_OWN_ANVIL = ("ethereum:local:foundry", "ethereum:local", "::foundry")
"""Names by which ape calls a local node of Foundry."""


def node_url_of(network: str) -> str | None:
    """Return the URL of the running anvil that `--network` names; None starts an anvil for the run.

    Parameters
    ----------
    network : str
        `ethereum:local:foundry` starts an anvil; `http://host:port` is the address of one that runs.

    Raises
    ------
    CascadeError
        When a replay cannot run on the network.
    """
    if network.startswith("http://"):
        return network
    if network in _OWN_ANVIL:
        return None
    raise CascadeError(
        f"--network = {network!r}: a replay sets times, fees and balances, which only anvil allows: expected "
        "ethereum:local:foundry, the http:// address of a fresh anvil, or --account for real transactions"
    )


def execution_of(workers: int, scheduler: str | None, *, kept: Path) -> Execution:
    """Return where the runs of a command are made, shown on the terminal.

    Parameters
    ----------
    workers : int
        Runs at the same time on this machine.
    scheduler : str, optional
        Address of a Dask scheduler that exists.
    kept : Path
        Folder of the results, in which outcomes stay.
    """
    return Execution(workers=workers, scheduler=scheduler, kept=kept, progress=terminal())


def with_seed(overrides: tuple[str, ...], seed: str | None) -> tuple[str, ...]:
    """Return the overrides of `--set`, followed by that of `--seed` where one is given.

    The seed stays text, so that a seed that is not a number is reported as any other wrong value of the scenario is.
    """
    return overrides if seed is None else (*overrides, f"seed={seed}")
