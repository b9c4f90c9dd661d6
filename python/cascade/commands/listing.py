"""`cascade listing`: write the lending lines of a scenario as a configuration snapshot of an Aave market."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.run.place import require_writable_file
from cascade.scenario.load import load_scenario
from cascade.scenario.snapshot_writer import snapshot_json

__all__ = ["write_listing"]


def write_listing(file: Path, *, overrides: tuple[str, ...], out: Path | None) -> None:
    """Write the snapshot to a file, or print it.

    Parameters
    ----------
    file : Path
        The scenario.
    overrides : tuple of str
        Keys that are changed before, as `PATH=VALUE`.
    out : Path, optional
        The file; None prints to standard output.
    """
    if out is not None:
        require_writable_file(out, option="--out")
    text = snapshot_json(load_scenario(file, overrides=overrides).spec)
    if out is None:
        click.echo(text, nl=False)
        return
    out.write_text(text, encoding="utf-8")
    click.echo(out)
