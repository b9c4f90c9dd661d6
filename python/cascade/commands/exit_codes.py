"""Ends every command the same way: one line per error, an exit code, and an orderly stop on signals."""

from __future__ import annotations

import functools
import io
import signal
import sys
from collections.abc import Callable
from typing import ParamSpec

import click

from cascade.errors import CascadeError

__all__ = ["cascade_command"]

P = ParamSpec("P")

_BAD_INPUT = 2
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals of Ctrl-C, of `kill`, and of a terminal that is closed."""
_INTERRUPTED = 130
"""128 and the number of SIGINT, as shells report a process that an interrupt ended."""


def cascade_command(command: Callable[P, None]) -> Callable[P, None]:
    """Print an error of this package as one line on standard error, without a traceback, and exit with its code.

    An interrupt, a termination signal and a closed terminal end the command alike: every anvil and worker that it
    started is stopped, and no temporary folder is left.
    """

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # A terminal that knows ASCII alone shows a question mark where a figure has a dash.
                stream.reconfigure(errors="replace")
        # Set here and not earlier: ape replaces the handler of interrupts when it is imported.
        for number in _STOPS:
            signal.signal(number, _stop)
        try:
            command(*args, **kwargs)
        except CascadeError as error:
            # Messages may quote values that span lines; the promise of one line per error holds for them too.
            _exit(" ".join(str(error).split()), error.exit_code)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            _exit(f"{where}{error.strerror or error}", _BAD_INPUT)
        except KeyboardInterrupt as stop:
            from cascade.chain.anvil import remove_own_folders

            remove_own_folders()
            _exit(f"interrupted; {str(stop) or 'nothing was kept'}", _INTERRUPTED)

    return wrapped


def _exit(message: str, code: int) -> None:
    click.echo(f"error: {message}", err=True)
    sys.exit(code)


def _stop(*_: object) -> None:
    # Once: a second signal would break off the removal of what the first one left behind.
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
