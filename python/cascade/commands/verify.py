"""`ape run verify`: run a finished run once more and compare every table."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.experiments.verify import verify
from cascade.run.opened import Run
from cascade.run.progress import terminal

__all__ = ["verify_run"]


def verify_run(folder: Path) -> None:
    """Run the scenario of a run's folder again, and print that every table is the same.

    Raises
    ------
    RunsDiffer
        When a table, the scenario, its price path, the contracts or an agent's source differs.
    """
    click.echo(verify(Run(folder), progress=terminal()))
