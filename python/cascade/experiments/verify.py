"""Verify a finished run: run it again from its manifest, and compare the tables of both."""

from __future__ import annotations

import tempfile

from cascade.experiments.restored import restored_inputs
from cascade.harness import replay
from cascade.report.run.page import report_text
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.run.verification import RunsDiffer, check_folder, check_tools, compare_runs

__all__ = ["verify"]


def verify(run: Run, *, progress: Progress | None = None, other_tools: bool = False) -> str:
    """Check the folder of a finished run, then run its scenario again with what is installed, and compare.

    First the tables are compared with the hashes in the manifest, the summary with the tables, the page with both, and
    the versions of the tools with those installed. Then the tables on disk are compared with those of the second run.

    Scenario, price path and agents that were files beside the scenario come from the manifest: their Python code is
    executed. An agent of an installed module is loaded from there and must have the same source as in the run.

    Parameters
    ----------
    run : Run
        The run.
    progress : Progress, optional
        Shows the stages of the second run.
    other_tools : bool
        Whether other versions of the tools than the run's are accepted.

    Returns
    -------
    str
        A sentence that every table is the same.

    Raises
    ------
    RunsDiffer
        When a table, the summary, the page, the scenario, its price path, the contracts or an agent's source differs.
    OtherTools
        When the tools have other versions, unless that is accepted.
    """
    check_folder(run)
    if not other_tools:
        check_tools(run)
    _check_page(run)
    with restored_inputs(run) as (scenario, like), tempfile.TemporaryDirectory(prefix="cascade-verify-") as folder:
        repeated = replay(scenario, out=folder, progress=progress, require_expected=False, like=like, report=False)
        return compare_runs(run, repeated)


def _check_page(run: Run) -> None:
    """Check that the page, where there is one, is the one that tables and summary give."""
    page = run.folder / "report.html"
    if page.is_file() and page.read_text(encoding="utf-8") != report_text(run.folder):
        raise RunsDiffer(f"{page}: is not the page of this run: `cascade report {run.folder}` draws it again")
