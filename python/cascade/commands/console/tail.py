"""Estimate the probability of a rare outcome: `cascade tail SCENARIO --beyond CONDITION`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.console.workers import with_workers
from cascade.commands.exit_codes import cascade_command


@click.command("tail", short_help="Estimate the probability of a rare outcome")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--beyond", metavar="CONDITION", required=True, help="A figure of the summary, > >= < or <=, a number.")
@click.option(
    "--samples",
    type=click.IntRange(min=20),
    default=500,
    show_default=True,
    help="Runs of a level, of which a tenth go on.",
)
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key in every run.")
@click.option("--seed", type=str, default=None, help="Seed of what is drawn, in place of the scenario's own.")
@with_workers
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs.")
@cascade_command
def cli(
    scenario: Path,
    *,
    beyond: str,
    samples: int,
    overrides: tuple[str, ...],
    seed: str | None,
    workers: int,
    scheduler: str | None,
    out: Path,
) -> None:
    """Estimate how probable it is that a run of SCENARIO is beyond a value, by subset simulation.

    The section `tail` of the scenario says what is random: docs/TAIL.md. Runs that have ended are kept: the same
    command goes on where it stopped.
    """
    from cascade.commands.options import execution_of
    from cascade.commands.tail import show_tail

    show_tail(
        scenario,
        beyond=beyond,
        samples=samples,
        overrides=overrides,
        seed=seed,
        execution=execution_of(workers, scheduler, kept=out),
        out=out,
    )
