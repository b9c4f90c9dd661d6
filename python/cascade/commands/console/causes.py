"""Find the causes of a fall by further runs: `cascade causes SCENARIO_OR_RUN [--shapley] [--group A+B]...`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.console.workers import with_workers
from cascade.commands.exit_codes import cascade_command


@click.command("causes", short_help="Amplification and Shapley values, from further runs of the same seed")
@click.argument("scenario_or_run", type=click.Path(path_type=Path))
@click.option("--shapley", is_flag=True, help="Also run every set of classes of actor: at most 32 runs.")
@click.option(
    "--group", "groups", multiple=True, metavar="A+B", help="Take classes together as one player; may be repeated."
)
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key of the scenario.")
@click.option("--seed", type=str, default=None, help="Use this seed in place of the scenario's own.")
@with_workers
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs.")
@cascade_command
def cli(
    scenario_or_run: Path,
    *,
    shapley: bool,
    groups: tuple[str, ...],
    overrides: tuple[str, ...],
    seed: str | None,
    workers: int,
    scheduler: str | None,
    out: Path,
) -> None:
    """Run SCENARIO_OR_RUN again without classes of actor, and split the fall among them.

    A scenario is run first; a folder of a finished run is taken as it is. The figures are saved beside the run.
    """
    from cascade.commands.causes import show_causes
    from cascade.commands.options import execution_of

    show_causes(
        scenario_or_run,
        shapley=shapley,
        groups=groups,
        overrides=overrides,
        seed=seed,
        execution=execution_of(workers, scheduler, kept=out),
        out=out,
    )
