"""`cascade endogeneity`: examine whether a crash is endogenous."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from cascade.commands.outputs import require_outputs, write_examination
from cascade.errors import ExpectationFailed
from cascade.experiments.endogeneity.examine import examine_endogeneity
from cascade.experiments.endogeneity.terminal import print_endogeneity
from cascade.experiments.endogeneity.words import endogeneity_markdown
from cascade.experiments.execution import Execution
from cascade.report.shared.terminal import print_text
from cascade.scenario.load import load_scenario

__all__ = ["show_endogeneity"]


def show_endogeneity(
    file: Path, *, seeds: int, paths: tuple[str, ...], overrides: tuple[str, ...], execution: Execution, out: Path
) -> None:
    """Examine the crash of a scenario's file, print the tables, and write the figures and a post.

    Raises
    ------
    ExpectationFailed
        When the crash is not endogenous, naming the criteria that fail; everything is written and printed first.
    """
    require_outputs(out)
    scenario = load_scenario(file, overrides=overrides)
    found = examine_endogeneity(scenario, seeds=seeds, paths=paths, execution=execution)
    # Written before anything is printed: an examination takes long, and a closed terminal must not lose it.
    folder = out / f"endogeneity-{found.baseline.run_id}"
    files = write_examination(folder, "endogeneity", figures=found.to_json(), markdown=endogeneity_markdown(found))
    console = Console()
    print_endogeneity(found, console=console)
    for written in files:
        print_text(console, str(written), wrap=False)
    missed = [f"{criterion.claim}: {criterion.outcome}" for criterion in found.criteria if not criterion.met]
    if missed:
        raise ExpectationFailed(f"{scenario.file}: not endogenous: {'; '.join(missed)}; see {folder}")
