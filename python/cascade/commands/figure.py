"""Show figures of a run's summary."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from cascade.run.figure import figure_of
from cascade.run.opened import Run

__all__ = ["show_figures"]


def show_figures(folder: Path, paths: Sequence[str]) -> None:
    """Print the figure at each dotted path of a run's summary as JSON, one per line.

    Raises
    ------
    CascadeError
        For a folder that is no run, and for a path that its summary does not have: nothing is printed then.
    """
    run = Run(folder)
    for line in [json.dumps(figure_of(run.folder, path), sort_keys=True) for path in paths]:
        click.echo(line)
