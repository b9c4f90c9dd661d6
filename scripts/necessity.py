"""Which links does a claim hang on? `ape run necessity SCENARIO [--seeds 20] [--without-seeds 5] [--workers N]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.shared import cascade_command
from cascade.run.progress import terminal


@click.command("necessity", short_help="Many seeds of a chain of links, and the chain without each link")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--seeds", type=click.IntRange(min=1), default=20, show_default=True, help="Seeds of the whole chain.")
@click.option(
    "--without-seeds", type=click.IntRange(min=1), default=5, show_default=True, help="Seeds without each link."
)
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key in every run.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Results.")
@cascade_command
def cli(scenario: Path, *, seeds: int, without_seeds: int, overrides: tuple[str, ...], workers: int, out: Path) -> None:
    from cascade.commands.experiments import present_necessity
    from cascade.scenario.load import load_scenario

    present_necessity(
        load_scenario(scenario, overrides=overrides),
        seeds=seeds,
        seeds_without=without_seeds,
        workers=workers,
        out=out,
        progress=terminal(),
    )
