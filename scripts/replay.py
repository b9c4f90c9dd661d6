"""Run one scenario: `ape run replay SCENARIO [--seed N] [--set PATH=VALUE]... [--out DIR] [--network NETWORK]`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.shared import cascade_command, network_url
from cascade.report.run.terminal import print_summary
from cascade.run.progress import terminal


@click.command("replay", short_help="Run one scenario and write its tables and report")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--seed", type=str, default=None, help="Seed in place of the scenario's own.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one key; may be repeated.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs.")
@click.option("--network", default="ethereum:local:foundry", show_default=True, help="ape network, or URL of an anvil.")
@cascade_command
def cli(scenario: Path, seed: str | None, overrides: tuple[str, ...], out: Path, network: str) -> None:
    from cascade.harness import replay
    from cascade.scenario.load import load_scenario

    given = overrides if seed is None else (*overrides, f"seed={seed}")
    run = replay(
        load_scenario(scenario, overrides=given),
        out=out,
        node_url=network_url(network),
        progress=terminal(),
        require_expected=False,
    )
    print_summary(run.folder, summary=run.summary, manifest=run.manifest)
    run.require_expected()
