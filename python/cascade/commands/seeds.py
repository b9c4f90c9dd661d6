"""`cascade compare --seeds N`: compare a scenario with a change of it over many seeds."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cascade.commands.outputs import console_beside, require_outputs, write_markdown
from cascade.experiments.execution import Execution
from cascade.experiments.seeds.charts import write_pictures
from cascade.experiments.seeds.compare import compare_over_seeds
from cascade.experiments.seeds.markdown import seeds_markdown
from cascade.experiments.seeds.page import build_seeds
from cascade.experiments.seeds.result import SeedsComparison
from cascade.experiments.seeds.terminal import print_seeds
from cascade.scenario.load import Scenario

__all__ = ["show_seeds"]

_ID_DIGITS = 10
_STANDARD_OUTPUT = "-"


def show_seeds(
    baseline: Scenario,
    change: Scenario,
    *,
    seeds: int,
    command: str,
    markdown: Path | None,
    execution: Execution,
    out: Path,
) -> None:
    """Compare over seeds, write figures, post, pictures and page into a folder, and print the tables.

    Parameters
    ----------
    command : str
        The command that makes the comparison again, for the post.
    markdown : Path, optional
        A further file for the post, with the pictures beside it; `-` prints the post.
    """
    require_outputs(out, markdown)
    found = compare_over_seeds(baseline, change, seeds=seeds, out=out, execution=execution)
    folder = out / _folder_name(found)
    folder.mkdir(parents=True, exist_ok=True)
    # Figures first: they took long, and everything else is made from them.
    (folder / "seeds.json").write_text(found.to_json(), encoding="utf-8")
    pictures = {key: Path(file.name) for key, file in write_pictures(found, folder).items()}
    post = folder / "post.md"
    post.write_text(seeds_markdown(found, command=command, pictures=pictures), encoding="utf-8")
    page = build_seeds(found, folder, command=command)
    if markdown is not None:
        _write_post(found, markdown, folder, command=command)
    print_seeds(found, files=(folder / "seeds.json", post, page), console=console_beside(markdown))


def _write_post(found: SeedsComparison, file: Path, folder: Path, *, command: str) -> None:
    if str(file) == _STANDARD_OUTPUT:
        write_markdown(file, seeds_markdown(found, command=command))
        return
    pictures = {}
    for picture in sorted(folder.glob("*.png")):
        beside = file.with_name(f"{file.stem}-{picture.name}")
        beside.write_bytes(picture.read_bytes())
        pictures[picture.stem] = Path(beside.name)
    write_markdown(file, seeds_markdown(found, command=command, pictures=pictures))


def _folder_name(found: SeedsComparison) -> str:
    """Return `seeds-SCENARIO-SEED-HASH`, the hash over both runs of the first seed and the number of seeds."""
    ids = [run.manifest.run_id for run in (found.first.baseline, found.first.change)]
    digest = hashlib.sha256("\n".join([*ids, str(len(found.seeds))]).encode()).hexdigest()[:_ID_DIGITS]
    return f"seeds-{ids[0].rpartition('-')[0]}-{digest}"
