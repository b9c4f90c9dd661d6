"""Examine whether a crash is endogenous: `cascade endogeneity SCENARIO [--seeds 20] [--vary PATH]... [--workers N]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.console.workers import with_workers
from cascade.commands.exit_codes import cascade_command


@click.command("endogeneity", short_help="Many seeds, runs without leverage and liquidations, and sensitivities")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--seeds", type=click.IntRange(min=1), default=20, show_default=True, help="Number of seeds.")
@click.option(
    "--vary",
    "paths",
    multiple=True,
    metavar="PATH",
    help="Also run with 80, 90, 110 and 120 % of this key's value; may be repeated.",
)
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key in every run.")
@with_workers
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of the results."
)
@cascade_command
def cli(
    scenario: Path,
    *,
    seeds: int,
    paths: tuple[str, ...],
    overrides: tuple[str, ...],
    workers: int,
    scheduler: str | None,
    out: Path,
) -> None:
    """Run SCENARIO with and without leverage and liquidations, over several seeds: an examination of endogeneity."""
    from cascade.commands.endogeneity import show_endogeneity
    from cascade.commands.options import execution_of

    show_endogeneity(
        scenario,
        seeds=seeds,
        paths=paths,
        overrides=overrides,
        execution=execution_of(workers, scheduler, kept=out),
        out=out,
    )
