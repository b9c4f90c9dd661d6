"""Examine what a claim depends on: `cascade necessity SCENARIO [--seeds 20] [--without-seeds 5] [--sizes]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.console.workers import with_workers
from cascade.commands.exit_codes import cascade_command


@click.command("necessity", short_help="Many seeds of a chain of links, and of the chain without each link")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option(
    "--seeds", type=click.IntRange(min=1), default=20, show_default=True, help="Number of seeds of the whole chain."
)
@click.option(
    "--without-seeds",
    "seeds_without",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Number of seeds without each link, and with each remedy.",
)
@click.option(
    "--sizes",
    "is_of_sizes",
    is_flag=True,
    help="Move each size of the scenario's necessity.sizes instead: how often the claim holds at each value.",
)
@click.option("--size", "only", multiple=True, metavar="NAME", help="Move this size alone; may be repeated.")
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
    seeds_without: int,
    is_of_sizes: bool,
    only: tuple[str, ...],
    overrides: tuple[str, ...],
    workers: int,
    scheduler: str | None,
    out: Path,
) -> None:
    """Run SCENARIO whole, without each link, and with each remedy: which links its claim depends on.

    With --sizes, run it at each value of its sizes: how far the claim stands from where it no longer holds.
    """
    from cascade.commands.necessity import show_necessity, show_sizes
    from cascade.commands.options import execution_of

    if is_of_sizes or only:
        show_sizes(
            scenario,
            seeds=seeds,
            only=only,
            overrides=overrides,
            execution=execution_of(workers, scheduler, kept=out),
            out=out,
        )
        return
    show_necessity(
        scenario,
        seeds=seeds,
        seeds_without=seeds_without,
        overrides=overrides,
        execution=execution_of(workers, scheduler, kept=out),
        out=out,
    )
