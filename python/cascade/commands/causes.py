"""`cascade causes`: the causes of a fall, from further runs of the same seed with classes of actor switched off."""

from __future__ import annotations

from pathlib import Path

from cascade.commands.options import with_seed
from cascade.experiments.causes.find import find_causes
from cascade.experiments.causes.save import save_causes
from cascade.experiments.causes.terminal import print_causes
from cascade.experiments.execution import Execution
from cascade.experiments.open_run import open_or_run

__all__ = ["show_causes"]


def show_causes(
    scenario_or_run: Path,
    *,
    shapley: bool,
    groups: tuple[str, ...],
    overrides: tuple[str, ...],
    seed: str | None,
    execution: Execution,
    out: Path,
) -> None:
    """Find the causes of a run's fall, write them into its folder, and print them.

    Parameters
    ----------
    scenario_or_run : Path
        The file of a scenario, which is run first, or the folder of a finished run.
    groups : tuple of str
        Classes of actor taken as one, as `A+B`.
    """
    run = open_or_run(scenario_or_run, overrides=with_seed(overrides, seed), out=out, progress=execution.progress)
    causes = find_causes(run, shapley=shapley, groups=[group.split("+") for group in groups], execution=execution)
    save_causes(causes)
    print_causes(causes)
