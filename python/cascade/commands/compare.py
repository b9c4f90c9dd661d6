"""`cascade compare`: run a scenario and a change of it, or every oracle design, on the same positions."""

from __future__ import annotations

import shlex
from pathlib import Path

from cascade.commands.options import with_seed
from cascade.commands.outputs import console_beside, folder_of_runs, require_outputs, write_markdown
from cascade.commands.seeds import show_seeds
from cascade.errors import CascadeError
from cascade.experiments.comparison.compare import compare
from cascade.experiments.comparison.markdown import comparison_markdown
from cascade.experiments.comparison.page import build_comparison
from cascade.experiments.comparison.terminal import print_comparison
from cascade.experiments.execution import Execution
from cascade.experiments.oracles.compare import compare_oracles
from cascade.experiments.oracles.page import build_oracles
from cascade.experiments.oracles.terminal import print_oracles
from cascade.experiments.oracles.words import oracle_markdown
from cascade.scenario.load import Scenario, load_scenario

__all__ = ["compare_scenarios"]


def compare_scenarios(
    file: Path,
    other: Path | None,
    *,
    changes: tuple[str, ...],
    designs: str | None,
    shared: tuple[str, ...],
    seed: str | None,
    seeds: int | None,
    amplification: bool,
    markdown: Path | None,
    execution: Execution,
    out: Path,
) -> None:
    """Run both sides of a comparison, write its page and a post, and print its tables.

    Parameters
    ----------
    file : Path
        The baseline's scenario.
    other : Path, optional
        The scenario of the change; None changes the baseline's own by `changes`.
    changes : tuple of str
        Overrides of the change, as `PATH=VALUE`.
    designs : str, optional
        `all`, or names of oracle designs separated by commas: these are compared in place of a change.
    shared : tuple of str
        Overrides of every run.
    seeds : int, optional
        Number of seeds to compare over, without amplification; None compares two runs of one seed.

    Raises
    ------
    CascadeError
        When there is nothing to compare with, or both a change and oracle designs, or an output cannot be written.
    """
    require_outputs(out, markdown)
    if designs is None and other is None and not changes:
        raise CascadeError("nothing to compare with: give --set PATH=VALUE, a second scenario, or --oracle all")
    if designs is not None and (other is not None or changes):
        raise CascadeError("--oracle compares designs of one scenario: --base sets keys in every run")
    if designs is not None and seeds is not None:
        raise CascadeError("--seeds compares a scenario with a change of it: give --set or a second scenario")
    # The seed is that of both runs: another seed in the change alone would be a change too.
    in_every_run = with_seed(shared, seed)
    baseline = load_scenario(file, overrides=in_every_run)
    if designs is None:
        change = load_scenario(other or file, overrides=(*in_every_run, *changes))
        if seeds is not None:
            command = _command(file, other, changes=changes, shared=shared, seed=seed, seeds=seeds)
            show_seeds(baseline, change, seeds=seeds, command=command, markdown=markdown, execution=execution, out=out)
            return
        _compare_with_change(
            baseline, change, amplification=amplification, markdown=markdown, execution=execution, out=out
        )
    else:
        names = None if designs == "all" else designs.split(",")
        _compare_designs(baseline, names, amplification=amplification, markdown=markdown, execution=execution, out=out)


def _compare_with_change(
    baseline: Scenario, change: Scenario, *, amplification: bool, markdown: Path | None, execution: Execution, out: Path
) -> None:
    comparison = compare(baseline, change, out=out, amplification=amplification, execution=execution)
    page = build_comparison(comparison, folder_of_runs(out, "compare", [comparison.baseline, comparison.change]))
    write_markdown(markdown, comparison_markdown(comparison))
    print_comparison(comparison, page=page, console=console_beside(markdown))


def _command(
    file: Path, other: Path | None, *, changes: tuple[str, ...], shared: tuple[str, ...], seed: str | None, seeds: int
) -> str:
    """Return the command that makes the comparison again."""
    words = ["cascade", "compare", str(file), *([str(other)] if other is not None else [])]
    words += [word for change in changes for word in ("--set", change)]
    words += [word for change in shared for word in ("--base", change)]
    words += ["--seed", seed] if seed is not None else []
    return shlex.join([*words, "--seeds", str(seeds)])


def _compare_designs(
    scenario: Scenario,
    names: list[str] | None,
    *,
    amplification: bool,
    markdown: Path | None,
    execution: Execution,
    out: Path,
) -> None:
    comparison = compare_oracles(scenario, names, out=out, amplification=amplification, execution=execution)
    page = build_oracles(comparison, folder_of_runs(out, "oracles", [design.run for design in comparison.designs]))
    write_markdown(markdown, oracle_markdown(comparison))
    print_oracles(comparison, page=page, console=console_beside(markdown))
