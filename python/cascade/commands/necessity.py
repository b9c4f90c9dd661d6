"""`cascade necessity`: examine which links and which sizes a claim depends on."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich.console import Console

from cascade.commands.outputs import require_outputs, write_examination
from cascade.errors import ExpectationFailed
from cascade.experiments.execution import Execution
from cascade.experiments.necessity.examine import examine_necessity
from cascade.experiments.necessity.size_page import build_sizes
from cascade.experiments.necessity.size_words import lead, size_sentence, sizes_markdown
from cascade.experiments.necessity.sizes import examine_sizes
from cascade.experiments.necessity.terminal import print_necessity
from cascade.experiments.necessity.words import necessity_markdown
from cascade.report.shared.terminal import print_text
from cascade.scenario.load import load_scenario

__all__ = ["show_necessity", "show_sizes"]


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


def show_sizes(
    file: Path,
    *,
    seeds: int,
    only: tuple[str, ...],
    overrides: tuple[str, ...],
    execution: Execution,
    out: Path,
) -> None:
    """Run a scenario at each value of its sizes, print how far its claim stands, and write figures, post and page."""
    require_outputs(out)
    scenario = load_scenario(file, overrides=overrides)
    found = examine_sizes(scenario, seeds=seeds, only=only, execution=execution)
    folder = out / f"sizes-{found.own[0].run_id}"
    files = write_examination(folder, "sizes", figures=found.to_json(), markdown=sizes_markdown(found))
    chosen = [part for name in only for part in ("--size", name)] or ["--sizes"]
    given = [part for override in overrides for part in ("--set", override)]
    command = shlex.join(["cascade", "necessity", str(file), *chosen, "--seeds", str(seeds), *given])
    page = build_sizes(found, folder, command=command)
    console = Console()
    for sentence in lead(found):
        print_text(console, sentence)
    for curve in found.curves:
        print_text(console, f"{curve.name}, {curve.what}. {size_sentence(found, curve)}")
    for written in (*files, page):
        print_text(console, str(written), wrap=False)
