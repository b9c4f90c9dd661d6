"""Compare a scenario with a change of it, by two runs of one seed.

The change is run on the baseline's positions: the pool's configurator applies changed lending lines right before the
crash, under positions that stand. Only where the change asks for other positions are others built.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cascade.errors import CascadeError
from cascade.experiments.causes.amplification import Amplification, amplifications
from cascade.experiments.comparison.differences import compare_rows
from cascade.experiments.comparison.outcomes import outcomes_of
from cascade.experiments.comparison.parameters import parameter_changes
from cascade.experiments.comparison.positions import has_same_loops, impossible_positions, liquidatable_at_once
from cascade.experiments.comparison.result import Comparison, ImpossiblePosition, Outcome
from cascade.experiments.execution import HERE, Execution
from cascade.experiments.runs import Job, run_all
from cascade.recording.tables import RunRow
from cascade.run.opened import Run
from cascade.scenario.load import Scenario

__all__ = ["NothingChanged", "compare", "compare_finished", "require_change"]


class NothingChanged(CascadeError, ValueError):
    """Raised when baseline and change are the same scenario."""


def compare(
    baseline: Scenario,
    change: Scenario,
    *,
    out: str | Path = "runs",
    amplification: bool = False,
    execution: Execution = HERE,
) -> Comparison:
    """Run both scenarios, the change on the baseline's positions, and compare the runs.

    Parameters
    ----------
    baseline, change : Scenario
        The two sides.
    out : str or Path
        Folder that the folders of the runs are put into.
    amplification : bool
        Whether both are also run without forced liquidations, to measure how much these added to the fall.
    execution : Execution
        Where the runs are made.

    Raises
    ------
    NothingChanged
        Before anything is started, when both sides are the same scenario.
    CascadeError
        Any error of `replay`; a run that ends otherwise than expected is no error here.
    """
    require_change(baseline, change)
    # Found before the first run: a change that the configurator refuses then costs no run.
    impossible = impossible_positions(baseline, change)
    jobs = [Job("baseline", baseline, report=True), Job("change", change, like=baseline, report=True)]
    runs = run_all(jobs, out=out, execution=execution)
    amplified: Sequence[Amplification | None] = (None, None)
    if amplification:
        # The change's run without keepers stands on the baseline's positions too: only the keepers may differ.
        pairs = list(zip(runs, (baseline, change), strict=True))
        amplified = amplifications(pairs, like=baseline, execution=execution)
    return compare_finished(runs[0], runs[1], impossible=impossible, amplified=(amplified[0], amplified[1]))


def require_change(baseline: Scenario, change: Scenario) -> None:
    """Refuse two sides that are the same scenario.

    Raises
    ------
    NothingChanged
        When neither a parameter nor the price path differs.
    """
    if (
        not parameter_changes(baseline.parameters_json(), change.parameters_json())
        and baseline.path_json() == change.path_json()
    ):
        raise NothingChanged(f"{change.file}: --set changes nothing: baseline and change are the same scenario")


def compare_finished(
    baseline: Run,
    change: Run,
    *,
    impossible: tuple[ImpossiblePosition, ...] = (),
    amplified: tuple[Amplification | None, Amplification | None] = (None, None),
) -> Comparison:
    """Compare two finished runs.

    Parameters
    ----------
    baseline, change : Run
        The two runs.
    impossible : tuple of ImpossiblePosition
        Positions that the change would not have lent for; the scenarios show them, the tables do not.
    amplified : tuple of Amplification
        Amplification of each run, where runs without liquidations were made.
    """
    before, after = (run.frames.rows(RunRow)[0].parameters for run in (baseline, change))
    rows, columns = compare_rows(baseline, change)
    liquidated_before, liquidated_after = (set(run.liquidations["borrower"]) for run in (baseline, change))
    # Accounts, not liquidations: a position that is liquidated twice is lost once.
    saved = tuple(sorted(liquidated_before - liquidated_after))
    newly_lost = tuple(sorted(liquidated_after - liquidated_before))
    return Comparison(
        baseline=baseline,
        change=change,
        parameters=parameter_changes(before, after),
        outcomes=(
            *outcomes_of(baseline, change, amplified),
            Outcome("positions saved", "", None, len(saved)),
            Outcome("positions newly lost", "", None, len(newly_lost)),
        ),
        rows=rows,
        columns=columns,
        has_same_positions=has_same_loops(baseline, change),
        is_reconfigured=change.manifest.built_like is not None,
        impossible=impossible,
        at_once=liquidatable_at_once(baseline, change),
        saved=saved,
        newly_lost=newly_lost,
    )
