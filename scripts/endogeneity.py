"""Is a crash caused from within? `ape run endogeneity SCENARIO [--seeds 20] [--vary PATH]... [--workers N]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.shared import cascade_command
from cascade.run.progress import terminal


@click.command("endogeneity", short_help="Many seeds, the same without leverage and liquidations, and sensitivities")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--seeds", type=click.IntRange(min=1), default=20, show_default=True, help="How many seeds.")
@click.option("--vary", "paths", multiple=True, metavar="PATH", help="Also try 80, 90, 110, 120 % of a key.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key in every run.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Results.")
@cascade_command
def cli(
    scenario: Path, *, seeds: int, paths: tuple[str, ...], overrides: tuple[str, ...], workers: int, out: Path
) -> None:
    from cascade.commands.experiments import present_endogeneity
    from cascade.scenario.load import load_scenario

    present_endogeneity(
        load_scenario(scenario, overrides=overrides),
        seeds=seeds,
        paths=paths,
        workers=workers,
        out=out,
        progress=terminal(),
    )
