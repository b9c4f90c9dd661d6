"""Run a scenario and a change of it, or every oracle design, on the same positions.

`cascade compare SCENARIO --set PATH=VALUE ...`, `cascade compare BASELINE CHANGE`, and
`cascade compare SCENARIO --oracle all`.
"""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.console.workers import with_workers
from cascade.commands.exit_codes import cascade_command


@click.command("compare", short_help="Run a scenario and a change of it, and show how the outcomes differ")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path), required=False)
@click.option("--set", "changes", multiple=True, metavar="PATH=VALUE", help="The change; may be repeated.")
@click.option("--oracle", "designs", metavar="all|NAME,...", help="Compare oracle designs of the scenario instead.")
@click.option("--base", "shared", multiple=True, metavar="PATH=VALUE", help="Set a key in every run; may be repeated.")
@click.option("--seed", type=str, default=None, help="Use this seed in every run, in place of the scenario's own.")
@click.option(
    "--seeds",
    type=click.IntRange(min=2),
    default=None,
    help="Compare over this many seeds, counted up from the scenario's own: quantiles, chances and verdicts.",
)
@click.option(
    "--amplification/--no-amplification",
    default=True,
    show_default=True,
    help="Also run each without forced liquidations, to measure how much these added to the fall.",
)
@click.option(
    "--markdown", type=click.Path(path_type=Path, allow_dash=True), help="Write a post as Markdown; - prints it."
)
@with_workers
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs.")
@cascade_command
def cli(
    scenario: Path,
    *,
    other: Path | None,
    changes: tuple[str, ...],
    designs: str | None,
    shared: tuple[str, ...],
    seed: str | None,
    seeds: int | None,
    amplification: bool,
    markdown: Path | None,
    workers: int,
    scheduler: str | None,
    out: Path,
) -> None:
    """Run SCENARIO and a change of it on the same positions, and show what differs.

    The change is given by --set, by a second scenario file OTHER, or by --oracle.
    """
    from cascade.commands.compare import compare_scenarios
    from cascade.commands.options import execution_of

    compare_scenarios(
        scenario,
        other,
        changes=changes,
        designs=designs,
        shared=shared,
        seed=seed,
        seeds=seeds,
        amplification=amplification,
        markdown=markdown,
        execution=execution_of(workers, scheduler, kept=out),
        out=out,
    )
