"""Find where a condition begins to hold: `cascade frontier SCENARIO --vary PATH --between LO HI --until CONDITION`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.console.workers import with_workers
from cascade.commands.exit_codes import cascade_command


@click.command("frontier", short_help="Find the value of a key at which a condition begins to hold")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--vary", "path", metavar="PATH", required=True, help="The key that grows.")
@click.option("--between", nargs=2, type=str, metavar="LO HI", required=True, help="Ends of the range.")
@click.option("--until", metavar="CONDITION", required=True, help="A figure of the summary, a sign, and a number.")
@click.option("--tolerance", metavar="WIDTH", default=None, help="Where bisection ends; a hundredth of the range.")
@click.option("--along", metavar="PATH=V1,V2,...", default=None, help="Find it for each of these values: a curve.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key in every run.")
@click.option("--seed", type=str, default=None, help="Use this seed in place of the scenario's own.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="Number of seeds.")
@click.option(
    "--share",
    "share_pct",
    type=click.IntRange(min=1, max=100),
    default=50,
    show_default=True,
    help="Per cent of the seeds that must meet the condition.",
)
@click.option("--shrink", "shrinks", is_flag=True, help="Also find the smallest world that meets it, and write a test.")
@with_workers
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs.")
@cascade_command
def cli(
    scenario: Path,
    *,
    path: str,
    between: tuple[str, str],
    until: str,
    tolerance: str | None,
    along: str | None,
    overrides: tuple[str, ...],
    seed: str | None,
    seeds: int,
    share_pct: int,
    shrinks: bool,
    workers: int,
    scheduler: str | None,
    out: Path,
) -> None:
    """Try SCENARIO with growing values of one key, first on a grid and then by bisection, until a condition holds.

    A condition that holds, ends and holds again has no single frontier: the command says so, with exit code 1.
    """
    from cascade.commands.frontier import show_frontier
    from cascade.commands.options import execution_of

    show_frontier(
        scenario,
        path=path,
        between=between,
        until=until,
        tolerance=tolerance,
        along=along,
        overrides=overrides,
        seed=seed,
        seeds=seeds,
        share_pct=share_pct,
        shrinks=shrinks,
        execution=execution_of(workers, scheduler, kept=out),
        out=out,
    )
