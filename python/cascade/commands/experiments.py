"""Experiments made and shown: page, post and terminal from one result."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cascade.errors import ExpectationFailed
from cascade.experiments.comparison.compare import compare
from cascade.experiments.comparison.markdown import comparison_markdown
from cascade.experiments.comparison.page import build_comparison
from cascade.experiments.comparison.terminal import print_comparison
from cascade.experiments.endogeneity.examine import examine
from cascade.experiments.endogeneity.terminal import print_endogeneity
from cascade.experiments.endogeneity.words import endogeneity_markdown
from cascade.experiments.necessity.examine import examine_necessity
from cascade.experiments.necessity.terminal import print_necessity
from cascade.experiments.necessity.words import necessity_markdown
from cascade.experiments.oracles.compare import compare_oracles
from cascade.experiments.oracles.page import build_oracles
from cascade.experiments.oracles.terminal import print_oracles
from cascade.experiments.oracles.words import oracle_markdown
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.scenario.load import Scenario

__all__ = ["present_comparison", "present_designs", "present_endogeneity", "present_necessity", "write_post"]


def present_comparison(
    baseline: Scenario,
    change: Scenario,
    *,
    out: Path,
    markdown: Path | None,
    amplification: bool,
    workers: int,
    progress: Progress,
) -> None:
    """Run baseline and change, write the page and the post, print the tables."""
    comparison = compare(baseline, change, out=out, amplification=amplification, workers=workers, progress=progress)
    page = build_comparison(comparison, _folder(out, "compare", [comparison.baseline, comparison.change]))
    write_post(markdown, comparison_markdown(comparison))
    print_comparison(comparison, page=page, console=_console(markdown))


def present_designs(
    scenario: Scenario,
    names: Sequence[str] | None,
    *,
    out: Path,
    markdown: Path | None,
    amplification: bool,
    workers: int,
    progress: Progress,
) -> None:
    """Run every oracle design, write the page and the post, print the table."""
    comparison = compare_oracles(
        scenario, names, out=out, amplification=amplification, workers=workers, progress=progress
    )
    page = build_oracles(comparison, _folder(out, "oracles", [design.run for design in comparison.designs]))
    write_post(markdown, oracle_markdown(comparison))
    print_oracles(comparison, page=page, console=_console(markdown))


def present_endogeneity(
    scenario: Scenario, *, seeds: int, paths: Sequence[str], out: Path, workers: int, progress: Progress
) -> None:
    """Examine a scenario, write the figures and the post, print the tables.

    Raises
    ------
    ExpectationFailed
        When the crash is not endogenous, naming what it fails to show; all is written and printed first.
    """
    found = examine(scenario, seeds=seeds, paths=paths, workers=workers, progress=progress)
    folder = out / f"endogeneity-{found.baseline.run_id}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "endogeneity.json").write_text(found.to_json(), encoding="utf-8")
    (folder / "endogeneity.md").write_text(endogeneity_markdown(found), encoding="utf-8")
    print_endogeneity(found)
    for name in ("endogeneity.json", "endogeneity.md"):
        Console().print(f"{folder / name}", markup=False, highlight=False, soft_wrap=True)
    missed = [f"{one.claim}: {one.outcome}" for one in found.criteria if not one.met]
    if missed:
        raise ExpectationFailed(f"{scenario.file}: not caused from within: {'; '.join(missed)}; see {folder}")


def present_necessity(
    scenario: Scenario, *, seeds: int, seeds_without: int, out: Path, workers: int, progress: Progress
) -> None:
    """Run the chain with and without each link, write the figures and the post, print the tables.

    Raises
    ------
    ExpectationFailed
        When the claim hangs on other links than the scenario says; all is written and printed first.
    """
    found = examine_necessity(scenario, seeds=seeds, seeds_without=seeds_without, workers=workers, progress=progress)
    folder = out / f"necessity-{found.whole.outcomes[0].run_id}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "necessity.json").write_text(found.to_json(), encoding="utf-8")
    (folder / "necessity.md").write_text(necessity_markdown(found), encoding="utf-8")
    print_necessity(found)
    for name in ("necessity.json", "necessity.md"):
        Console().print(f"{folder / name}", markup=False, highlight=False, soft_wrap=True)
    if found.faults:
        raise ExpectationFailed(f"{scenario.file}: {'; '.join(found.faults)}; see {folder}")


def write_post(file: Path | None, text: str) -> None:
    """Write Markdown to a file, or to standard output for `-`."""
    if file is None:
        return
    if str(file) == "-":
        sys.stdout.write(text)
    else:
        file.write_text(text, encoding="utf-8")


def _console(markdown: Path | None) -> Console:
    # Standard output is the post where one is asked for there.
    return Console(stderr=str(markdown) == "-")


def _folder(out: Path, kind: str, runs: Sequence[Run]) -> Path:
    ids = [run.manifest.run_id for run in runs]
    digest = hashlib.sha256("\n".join(ids).encode()).hexdigest()[:10]
    return out / f"{kind}-{ids[0].rpartition('-')[0]}-{digest}"
