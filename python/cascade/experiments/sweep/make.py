"""Make the runs of a chunk in one process, and return what a row holds of each."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from cascade.analysis.expectation import claims_of, missed_claims
from cascade.chain.snapshots import Snapshots
from cascade.errors import CascadeError
from cascade.experiments.seeds.figures import figure_at
from cascade.experiments.sweep.grid import Point
from cascade.experiments.sweep.plan import Chunk, PlannedRun
from cascade.harness import replay
from cascade.run.opened import Run
from cascade.scenario.load import Scenario, vary

__all__ = ["CLAIMED", "FIGURES", "Row", "make_chunk", "make_run"]

FIGURES = (
    "positions",
    "debt_built_usd",
    "liquidations",
    "liquidated_positions",
    "wiped_out_positions",
    "debt_covered_usd",
    "collateral_seized_usd",
    "deficit_usd",
    "who_paid.lenders.loss_usd",
    "shortfall_usd.trough.oracle",
    "shortfall_usd.trough.exit",
    "shortfall_usd.trough.redemption",
    "keepers.gross_profit_usd",
    "keepers.net_profit_usd",
    "block_space.peak_base_fee_gwei",
)
"""Figures of the summary that every row has, by dotted path."""

CLAIMED = "expect."
"""Begins the figure of each claim of the scenario: 1 where it holds, 0 where it does not."""


@dataclass(frozen=True)
class Row:
    """One finished run.

    Attributes
    ----------
    id : str
        Identity of the run.
    number, seed : int
        Its place in the sweep, and its seed.
    changes : mapping
        Its point.
    figures : dict of str to float
        Its figures by dotted path, lowest prices as `trough.ASSET.SOURCE` and claims as `expect.CLAIM`; None where the
        run does not have one.
    run_id, tables_sha256, engine : str
        Names the run as its manifest does, the hash over its tables, and the chain's engine; empty where it failed.
    error : str
        Why it failed; empty where it did not.
    command : str
        The command that makes it alone.
    """

    id: str
    number: int
    seed: int
    changes: Point
    figures: dict[str, float | None]
    run_id: str
    tables_sha256: str
    engine: str
    error: str
    command: str

    def as_json(self) -> dict[str, object]:
        """Return the row as JSON holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, object]) -> Row:
        """Return the row that JSON held."""
        return cls(**content)  # type: ignore[arg-type]


def make_chunk(chunk: Chunk, *, outcomes: Sequence[str], snapshots: Snapshots, tell: Callable[[Row], None]) -> None:
    """Make every run of a chunk, and tell of each as soon as it has ended.

    Parameters
    ----------
    outcomes : sequence of str
        Further figures of the rows.
    snapshots : Snapshots
        Worlds that this process has built.
    tell : callable
        Takes each row.
    """
    for run in chunk.runs:
        tell(make_run(chunk, run, outcomes=outcomes, snapshots=snapshots))


def make_run(
    chunk: Chunk,
    planned: PlannedRun,
    *,
    outcomes: Sequence[str],
    snapshots: Snapshots | None,
    further: Mapping[str, object] | None = None,
) -> Row:
    """Make one run, and return its row; a run that fails has a row with its error.

    Parameters
    ----------
    further : mapping, optional
        Keys that are changed beyond the point, as for a run on another engine.
    """
    more = dict(further or {})
    try:
        baseline = vary(chunk.scenario, {"seed": planned.seed, **more}) if chunk.on_baseline else None
        scenario = vary(chunk.scenario, {"seed": planned.seed, **planned.changes, **more})
        with tempfile.TemporaryDirectory(prefix="cascade-sweep-") as folder:
            run = replay(
                scenario,
                out=folder,
                like=baseline,
                report=False,
                require_expected=False,
                snapshots=snapshots,
            )
            return _row(planned, run, scenario, outcomes)
    except CascadeError as error:
        # Nothing of a run that failed is to be trusted: its row has no figures.
        return Row(
            planned.id, planned.number, planned.seed, planned.changes, {}, "", "", "", str(error), planned.command
        )


def _row(planned: PlannedRun, run: Run, scenario: Scenario, outcomes: Sequence[str]) -> Row:
    summary, expect = run.summary, scenario.spec.expect
    figures = {path: figure_at(summary, path) for path in (*FIGURES, *outcomes)}
    missed = {claim.claim for claim in missed_claims(expect, run.frames)}
    # The mean of such a column over seeds is how often the claim holds.
    figures |= {f"{CLAIMED}{claim}": float(claim not in missed) for claim in claims_of(expect)}
    for asset, sources in summary.trough.items():
        figures |= {f"trough.{asset}.{source}": lowest for source, lowest in sources.items()}
    return Row(
        id=planned.id,
        number=planned.number,
        seed=planned.seed,
        changes=planned.changes,
        figures=figures,
        run_id=run.manifest.run_id,
        tables_sha256=summary.tables_sha256,
        engine=str(run.runs["chain_engine"].iloc[0]),
        error="",
        command=planned.command,
    )
