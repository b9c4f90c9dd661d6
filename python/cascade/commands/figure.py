"""Show figures of a run's summary."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from cascade.errors import CascadeError, unknown_name
from cascade.run.opened import Run

__all__ = ["printed_figure", "show_figures"]


def show_figures(folder: Path, paths: Sequence[str]) -> None:
    """Print the figure at each dotted path of a run's summary as JSON, one per line.

    Raises
    ------
    CascadeError
        For a folder that is no run, and for a path that its summary does not have: nothing is printed then.
    """
    run = Run(folder)
    for line in [printed_figure(run, path) for path in paths]:
        click.echo(line)


def printed_figure(run: Run, path: str) -> str:
    """Return what is printed for a dotted path.

    Raises
    ------
    CascadeError
        When the summary has no such key.
    """
    node: Any = json.loads((run.folder / "summary.json").read_text(encoding="utf-8"))
    walked: list[str] = []
    for part in path.split("."):
        if not isinstance(node, dict):
            raise CascadeError(f"{path}: {'.'.join(walked)} is {json.dumps(node)}, and has no keys below it")
        if part not in node:
            raise CascadeError(f"{path}: {unknown_name('key', part, sorted(node))}")
        node = node[part]
        walked.append(part)
    return json.dumps(node, sort_keys=True)
