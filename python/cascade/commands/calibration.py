"""Write docs/CALIBRATION.md and docs/OCTOBER.md: `python -m cascade.commands.calibration [RUN ...]`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from cascade.experiments.calibration.document import SECTIONS, document
from cascade.experiments.calibration.walk import walk
from cascade.harness import replay
from cascade.run.opened import Run
from cascade.scenario.load import load_scenario
from cascade.toolchain.paths import project_root

__all__ = ["main"]


@click.command()
@click.argument("folders", metavar="[RUN ...]", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(folders: tuple[Path, ...]) -> None:
    """Write published figures beside those of runs, and the walk through October.

    A scenario of which no run is named is played in process.
    """
    runs = {run.manifest.scenario_name: run for run in map(Run, folders)}
    with TemporaryDirectory() as temporary:
        for scenarios, _ in SECTIONS.values():
            for name in scenarios:
                if name not in runs:
                    scenario = load_scenario(name, set={"chain.engine": "revm"})
                    runs[name] = replay(scenario, out=Path(temporary), report=False)
        docs = project_root() / "docs"
        for name, text in (("CALIBRATION.md", document(runs)), ("OCTOBER.md", walk(runs))):
            (docs / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
