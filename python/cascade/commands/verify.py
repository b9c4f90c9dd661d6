"""`cascade verify`: check the folder of a finished run, run it once more, and compare every table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from cascade.experiments.verify import verify
from cascade.run.opened import Run
from cascade.run.progress import terminal

__all__ = ["verify_run"]


def verify_run(folder: Path, *, other_tools: bool, engine: Literal["anvil", "revm"] | None) -> None:
    """Check a run's folder, run its scenario again, and print that every table is the same.

    Raises
    ------
    RunsDiffer
        Naming the part that differs, as `cascade.experiments.verify.verify` does.
    OtherTools
        When the tools have other versions, unless that is accepted.
    """
    click.echo(verify(Run(folder), progress=terminal(), other_tools=other_tools, engine=engine))
