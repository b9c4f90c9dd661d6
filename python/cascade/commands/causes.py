"""`cascade causes`: the causes of a fall, from further runs of the same seed with classes of actor switched off."""

from __future__ import annotations

from pathlib import Path

from cascade.commands.options import with_seed
from cascade.experiments.causes.find import find_causes
from cascade.experiments.causes.save import save_causes
from cascade.experiments.causes.terminal import print_causes
from cascade.experiments.open_run import open_or_run
from cascade.run.progress import terminal

__all__ = ["show_causes"]


def show_causes(
    scenario_or_run: Path,
    *,
    shapley: bool,
    groups: tuple[str, ...],
    overrides: tuple[str, ...],
    seed: str | None,
    workers: int,
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
    progress = terminal()
    run = open_or_run(scenario_or_run, overrides=with_seed(overrides, seed), out=out, progress=progress)
    causes = find_causes(
        run, shapley=shapley, groups=[group.split("+") for group in groups], workers=workers, progress=progress
    )
    save_causes(causes)
    print_causes(causes)
