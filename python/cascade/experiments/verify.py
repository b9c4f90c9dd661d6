"""Verify a finished run: run it again from its manifest, and compare the tables of both."""

from __future__ import annotations

import tempfile
from typing import Literal

from cascade.errors import CascadeError
from cascade.experiments.restored import restored_inputs
from cascade.harness import replay
from cascade.report.run.page import report_text
from cascade.run.differences import Part, RunsDiffer
from cascade.run.input_checks import check_identity, check_inputs
from cascade.run.opened import Run
from cascade.run.progress import Progress, quiet
from cascade.run.verification import (
    changed_tables,
    check_folder,
    check_summary,
    check_tools,
    check_traces,
    compare_engines,
    compare_runs,
)
from cascade.scenario.load import vary
from cascade.staging.world import prepare

__all__ = ["verify"]


def verify(
    run: Run,
    *,
    progress: Progress | None = None,
    other_tools: bool = False,
    engine: Literal["anvil", "revm"] | None = None,
) -> str:
    """Check the folder of a finished run, then run its scenario again with what is installed, and compare.

    In this order: the tables on disk against the hashes in the manifest, the inputs in the manifest against theirs, the
    versions of the tools against those installed, the summary against the tables, and the page against both. Then the
    bytecode of the installed contracts is compared with the run's, and the tables on disk with those of a second run.
    Where a table on disk was changed, the second run tells in which row and column.

    Scenario, price path and agents that were files beside the scenario come from the manifest: their Python code is
    executed, once it has the source that the manifest states. An agent of an installed module is loaded from there and
    must have the same source as in the run.

    Parameters
    ----------
    run : Run
        The run.
    progress : Progress, optional
        Shows the stages of the second run.
    other_tools : bool
        Whether other versions of the tools than the run's are accepted.
    engine : {"anvil", "revm"}, optional
        Engine of the second run; None takes the run's own. On the other one every column is compared but those of gas,
        and those that follow from it.

    Returns
    -------
    str
        A sentence that every table is the same; of a run on a network, that it is as it was written, since no second
        run is the same there.

    Raises
    ------
    RunsDiffer
        Naming the part that differs: a table with its row and column, the summary, the page, the scenario, its price
        path, its accounts, a contract or an agent's source.
    OtherTools
        When the tools have other versions, unless that is accepted.
    """
    changed = changed_tables(run)
    if "runs" in changed:
        # What was run, and on which engine, stands in this table: nothing can be compared with it.
        check_inputs(run, with_tables=False)
    else:
        check_inputs(run, with_tables=not changed)
        if not other_tools:
            check_tools(run)
    if not changed:
        check_traces(run)
        check_summary(run)
        _check_page(run)
    progress = progress or quiet()
    if run.manifest.network is not None:
        check_folder(run)
        place = run.manifest.network
        return (
            f"{run.folder}: tables, summary and page are as they were written; the run played on chain "
            f"{place.chain_id}, where no second run is the same"
        )
    with restored_inputs(run) as (scenario, like), tempfile.TemporaryDirectory(prefix="cascade-verify-") as folder:
        try:
            check_identity(run, prepare(scenario, progress=progress, like=like).inputs)
        except CascadeError:
            # Without a second run the table that was changed can be named, and no row of it.
            check_folder(run)
            raise
        own = scenario.spec.chain.engine
        is_other = engine not in (None, own)
        repeated = replay(
            vary(scenario, {"chain.engine": engine}) if is_other else scenario,
            out=folder,
            progress=progress,
            require_expected=False,
            like=like,
            report=False,
        )
        return compare_engines(run, repeated) if is_other else compare_runs(run, repeated)


def _check_page(run: Run) -> None:
    """Check that the page, where there is one, is the one that tables and summary give."""
    page = run.folder / "report.html"
    if page.is_file() and page.read_text(encoding="utf-8") != report_text(run.folder):
        raise RunsDiffer(
            run.folder,
            part=Part.PAGE,
            what=f"{page}: is not the page of this run: `cascade report {run.folder}` draws it again",
        )
