"""Run a scenario and a change of it, side by side: `ape run compare SCENARIO --set PATH=VALUE [--set ...]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.command import cascade_command
from cascade.progress import terminal


@click.command("compare", short_help="Run a scenario and a change of it, and show what differs")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option(
    "--set", "changes", multiple=True, required=True, metavar="PATH=VALUE", help="The change; may be repeated."
)
@click.option("--base", "shared", multiple=True, metavar="PATH=VALUE", help="A key set in both runs; may be repeated.")
@click.option("--seed", type=str, default=None, help="Seed of both runs, in place of the scenario's own.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs.")
@cascade_command
def cli(scenario: Path, changes: tuple[str, ...], shared: tuple[str, ...], seed: str | None, out: Path) -> None:
    from cascade.experiments.compare import compare
    from cascade.scenario.load import load_scenario
    from cascade.terminal_comparison import print_comparison

    both = shared if seed is None else (*shared, f"seed={seed}")
    baseline = load_scenario(scenario, overrides=both)
    change = load_scenario(scenario, overrides=(*both, *changes))
    print_comparison(compare(baseline, change, out=out, progress=terminal()))
