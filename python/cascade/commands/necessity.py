"""`cascade necessity`: examine which links of a chain a claim depends on."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from cascade.commands.outputs import require_outputs, write_examination
from cascade.errors import ExpectationFailed
from cascade.experiments.execution import Execution
from cascade.experiments.necessity.examine import examine_necessity
from cascade.experiments.necessity.terminal import print_necessity
from cascade.experiments.necessity.words import necessity_markdown
from cascade.report.shared.terminal import print_text
from cascade.scenario.load import load_scenario

__all__ = ["show_necessity"]


def show_necessity(
    file: Path, *, seeds: int, seeds_without: int, overrides: tuple[str, ...], execution: Execution, out: Path
) -> None:
    """Run the chain of a scenario's file with and without each link, print the tables, and write figures and a post.

    Raises
    ------
    ExpectationFailed
        When the claim depends on other links than the scenario says; everything is written and printed first.
    """
    require_outputs(out)
    scenario = load_scenario(file, overrides=overrides)
    found = examine_necessity(scenario, seeds=seeds, seeds_without=seeds_without, execution=execution)
    # Written before anything is printed: an examination takes long, and a closed terminal must not lose it.
    folder = out / f"necessity-{found.whole.outcomes[0].run_id}"
    files = write_examination(folder, "necessity", figures=found.to_json(), markdown=necessity_markdown(found))
    console = Console()
    print_necessity(found, console=console)
    for written in files:
        print_text(console, str(written), wrap=False)
    if found.faults:
        raise ExpectationFailed(f"{scenario.file}: {'; '.join(found.faults)}; see {folder}")
