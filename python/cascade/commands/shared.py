"""What every command shares: one line for what is wrong, the exit code, an end on signals."""

from __future__ import annotations

import functools
import signal
import sys
from collections.abc import Callable
from typing import ParamSpec

import click

from cascade.errors import CascadeError

__all__ = ["cascade_command", "network_url"]

P = ParamSpec("P")


def cascade_command(command: Callable[P, None]) -> Callable[P, None]:
    """Print an error of this package as one line on standard error and leave with its exit code; no traceback.

    A termination signal ends the command as an interrupt does, so that what was started is also stopped.
    """

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        signal.signal(signal.SIGTERM, _terminate)
        try:
            command(*args, **kwargs)
        except CascadeError as error:
            click.echo(f"error: {_one_line(error)}", err=True)
            sys.exit(error.exit_code)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"error: {where}{error.strerror or error}", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            click.echo("error: interrupted; nothing was kept", err=True)
            sys.exit(130)

    return wrapped


def network_url(network: str) -> str | None:
    """The running anvil that `--network` names, or None where one is to be started.

    Parameters
    ----------
    network : str
        `ethereum:local:foundry` starts an anvil of its own; `http://host:port` uses one that runs.

    Raises
    ------
    CascadeError
        For a network a replay cannot run on.
    """
    if network.startswith("http://"):
        return network
    if network in ("ethereum:local:foundry", "ethereum:local", "::foundry"):
        return None
    raise CascadeError(
        f"--network = {network!r}: a replay sets times, fees and balances, which only anvil allows: expected "
        "ethereum:local:foundry, or the http:// address of a fresh anvil"
    )


def _one_line(error: CascadeError) -> str:
    return " ".join(str(error).split())


def _terminate(*_: object) -> None:
    raise KeyboardInterrupt
