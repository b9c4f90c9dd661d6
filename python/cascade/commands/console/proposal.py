"""Run a proposal from the configuration before and after it: `cascade proposal BEFORE AFTER [--positions FILE] ...`."""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.console.workers import with_workers
from cascade.commands.exit_codes import cascade_command


@click.command("proposal", short_help="Run a proposal, from the configuration before and after it")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--scenario", type=click.Path(path_type=Path), help="Scenario of both runs; the shipped one otherwise.")
@click.option("--positions", type=click.Path(path_type=Path), help="File of accounts in place of its positions.")
@click.option(
    "--reserve",
    "reserves",
    multiple=True,
    metavar="ASSET=RESERVE",
    help="Symbol or address of an asset's reserve; may be repeated. Assets are found by their symbols otherwise.",
)
@click.option(
    "--emode",
    "emodes",
    multiple=True,
    metavar="NUMBER=MODE",
    help="A mode's number in the scenario and in the snapshots, as 1=11; may be repeated. Otherwise each has its own.",
)
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Set a key in both runs.")
@click.option("--seed", type=str, default=None, help="Use this seed in both runs, in place of the scenario's own.")
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
    before: Path,
    after: Path,
    *,
    scenario: Path | None,
    positions: Path | None,
    reserves: tuple[str, ...],
    emodes: tuple[str, ...],
    overrides: tuple[str, ...],
    seed: str | None,
    amplification: bool,
    markdown: Path | None,
    workers: int,
    scheduler: str | None,
    out: Path,
) -> None:
    """Run the configuration BEFORE and AFTER a proposal on the same positions, and show what differs.

    Both are configuration snapshots of an Aave market, as JSON; AFTER may be the diff of both.
    """
    from cascade.commands.options import execution_of
    from cascade.commands.proposal import run_proposal

    run_proposal(
        before,
        after,
        scenario=scenario,
        positions=positions,
        reserves=reserves,
        emodes=emodes,
        overrides=overrides,
        seed=seed,
        amplification=amplification,
        markdown=markdown,
        execution=execution_of(workers, scheduler, kept=out),
        out=out,
    )
