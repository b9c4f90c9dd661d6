"""Make a sample of the runs of a sweep on anvil as well, and compare their figures: no difference is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from cascade.experiments.json_lines import JsonLines
from cascade.experiments.sweep.dataset import Dataset
from cascade.experiments.sweep.make import Row, make_run
from cascade.experiments.sweep.plan import Chunk, Plan, PlannedRun
from cascade.run.progress import Progress
from cascade.scenario.streams import lot

__all__ = ["Certificate", "certify", "drawn"]

_LOTS = 2**63
_FILE = "certificate.jsonl"


@dataclass(frozen=True)
class Certificate:
    """What the runs on anvil say of those in process.

    Attributes
    ----------
    runs : int
        Runs that were made on anvil as well.
    largest : dict of str to float
        Largest difference of each figure over these runs, by dotted path, without those that one engine does not know.
    failed : tuple of str
        Ids of runs that ended on one engine and failed on the other.
    """

    runs: int
    largest: dict[str, float]
    failed: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing differs."""
        return not self.failed and not any(self.largest.values())


def drawn(plan: Plan) -> list[PlannedRun]:
    """Return the runs that are made on anvil as well: so many by lot as the sweep states, the same every time."""
    spec = plan.grid.spec.certificate
    if plan.scenario.spec.chain.engine != "revm":
        return []
    # Points that are the same are one run.
    runs = list({run.id: run for run in plan.runs}.values())
    count = min(max(ceil(spec.share * len(runs)), spec.least), len(runs))
    return sorted(runs, key=lambda run: lot(plan.scenario.seed, f"certificate/{run.id}", _LOTS))[:count]


def certify(plan: Plan, dataset: Dataset, *, progress: Progress) -> Certificate | None:
    """Make the sample on anvil and compare; None where the sweep runs on anvil already, or asks for no sample.

    Runs on anvil are kept beside the dataset, each with the hash over the tables of the run in process that it was made
    for: a sweep that is repeated does not make them again, unless that run has other tables now. One that failed is
    tried again.
    """
    sample = drawn(plan)
    if not sample:
        return None
    kept = _Kept(dataset)
    missing = [planned for planned in sample if planned.id not in kept.rows]
    if missing:
        with progress.bar("runs on anvil", len(sample), done=len(sample) - len(missing)) as advance:
            for planned in missing:
                kept.keep(_on_anvil(plan, planned))
                advance(1)
    return compare_rows([(dataset.rows[planned.id], kept.rows[planned.id]) for planned in sample])


class _Kept:
    """The runs on anvil that a dataset's folder has, by id."""

    def __init__(self, dataset: Dataset) -> None:
        self._lines, self._dataset = JsonLines(dataset.folder / _FILE), dataset
        self.rows: dict[str, Row] = {}
        for line in self._lines.read():
            row = Row.from_json(line["row"])
            made_for = dataset.rows.get(row.id)
            if made_for is not None and line["in_process_sha256"] == made_for.tables_sha256:
                self.rows[row.id] = row

    def keep(self, row: Row) -> None:
        """Keep the row of a run on anvil; that of one which failed for this time alone."""
        self.rows[row.id] = row
        if not row.error:
            digest = self._dataset.rows[row.id].tables_sha256
            self._lines.append([{"in_process_sha256": digest, "row": row.as_json()}])


def _on_anvil(plan: Plan, planned: PlannedRun) -> Row:
    chunk = Chunk(plan.scenario, plan.on_baseline, (planned,))
    return make_run(chunk, planned, outcomes=plan.grid.spec.outcomes, snapshots=None, further={"chain.engine": "anvil"})


def compare_rows(pairs: Sequence[tuple[Row, Row]]) -> Certificate:
    """Return the largest difference of each figure over pairs of rows of one run on two engines."""
    largest: dict[str, float] = {}
    failed = []
    for one, other in pairs:
        if bool(one.error) != bool(other.error):
            failed.append(one.id)
            continue
        for path in one.figures.keys() | other.figures.keys():
            first, second = one.figures.get(path), other.figures.get(path)
            # Gas is not known in process: its figures are null there.
            if first is not None and second is not None:
                largest[path] = max(largest.get(path, 0.0), abs(first - second))
    return Certificate(len(pairs), dict(sorted(largest.items())), tuple(failed))
