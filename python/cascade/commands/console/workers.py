"""The options of every command that makes several runs: where they are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

__all__ = ["with_workers"]

F = TypeVar("F", bound=Callable[..., object])


def with_workers(command: F) -> F:
    """Add `--workers` and `--scheduler` to a command."""
    workers = click.option(
        "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Runs at the same time."
    )
    scheduler = click.option(
        "--scheduler",
        metavar="ADDRESS",
        default=None,
        help="Make the runs on a Dask cluster that exists, as tcp://host:8786, in place of processes of this machine.",
    )
    return workers(scheduler(command))
