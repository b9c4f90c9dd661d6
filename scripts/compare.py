"""Run a scenario and a change of it, or every oracle design, on the same positions.

`ape run compare SCENARIO --set PATH=VALUE ...`, `ape run compare BASELINE CHANGE`, and
`ape run compare SCENARIO --oracle all`.
"""

from __future__ import annotations

from pathlib import Path

import click

from cascade.commands.shared import cascade_command
from cascade.run.progress import terminal


@click.command("compare", short_help="Run a scenario and a change of it, and show what differs")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path), required=False)
@click.option("--set", "changes", multiple=True, metavar="PATH=VALUE", help="The change; may be repeated.")
@click.option("--oracle", "designs", metavar="all|NAME,...", help="Put the scenario's oracle designs side by side.")
@click.option("--base", "shared", multiple=True, metavar="PATH=VALUE", help="A key set in every run; may be repeated.")
@click.option("--seed", type=str, default=None, help="Seed of every run, in place of the scenario's own.")
@click.option(
    "--amplification/--no-amplification",
    default=True,
    show_default=True,
    help="Also run each without forced liquidations, to say what these added.",
)
@click.option("--markdown", type=click.Path(path_type=Path, allow_dash=True), help="Write the post here; - prints it.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
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
    amplification: bool,
    markdown: Path | None,
    workers: int,
    out: Path,
) -> None:
    from cascade.commands.experiments import present_comparison, present_designs
    from cascade.errors import CascadeError
    from cascade.scenario.load import load_scenario

    if designs is None and other is None and not changes:
        raise CascadeError("nothing to compare with: give --set PATH=VALUE, a second scenario, or --oracle all")
    if designs is not None and (other is not None or changes):
        raise CascadeError("--oracle compares designs of one scenario: --base sets keys in every run")
    both = shared if seed is None else (*shared, f"seed={seed}")
    baseline = load_scenario(scenario, overrides=both)
    given = {
        "amplification": amplification,
        "workers": workers,
        "out": out,
        "markdown": markdown,
        "progress": terminal(),
    }
    if designs is not None:
        present_designs(baseline, None if designs == "all" else designs.split(","), **given)
    else:
        present_comparison(baseline, load_scenario(other or scenario, overrides=(*both, *changes)), **given)
