"""Causes by further runs: `ape run causes SCENARIO_OR_RUN [--shapley] [--group A+B]... [--workers N]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.shared import cascade_command
from cascade.run.progress import terminal


@click.command("causes", short_help="Amplification and Shapley values, from further runs of the same seed")
@click.argument("scenario_or_run", type=click.Path(path_type=Path))
@click.option("--shapley", is_flag=True, help="Also run every set of classes of actor: at most 32 runs.")
@click.option("--group", "groups", multiple=True, metavar="A+B", help="Classes taken together; may be repeated.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key of a scenario.")
@click.option("--seed", type=str, default=None, help="Seed in place of the scenario's own.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
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
    out: Path,
) -> None:
    from cascade.experiments.causes.further_runs import find_causes, save_causes
    from cascade.experiments.causes.terminal import print_causes
    from cascade.experiments.open_run import open_or_run

    progress = terminal()
    given = overrides if seed is None else (*overrides, f"seed={seed}")
    run = open_or_run(scenario_or_run, overrides=given, out=out, progress=progress)
    causes = find_causes(
        run, shapley=shapley, groups=[group.split("+") for group in groups], workers=workers, progress=progress
    )
    save_causes(causes)
    print_causes(causes)
