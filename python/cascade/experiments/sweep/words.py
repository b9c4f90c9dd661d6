"""Word the dataset of a sweep: the same rows for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cascade.experiments.seeds.figures import unit_of
from cascade.experiments.seeds.statistics import distribution_of
from cascade.experiments.sweep.certificate import Certificate
from cascade.experiments.sweep.make import CLAIMED
from cascade.experiments.sweep.plan import Plan
from cascade.report.shared.figures import NOTHING, count, counted, number

__all__ = [
    "FAILURE_HEADINGS",
    "FIGURE_HEADINGS",
    "SweepResult",
    "certificate_words",
    "failure_rows",
    "figure_rows",
    "headline",
    "main_figures",
    "readers",
]

FIGURE_HEADINGS = ("figure", "runs", "smallest", "median", "95th percentile", "largest", "runs above 0")
FAILURE_HEADINGS = ("run", "why", "command")
_MAIN = ("deficit_usd", "who_paid.lenders.loss_usd", "debt_covered_usd", "shortfall_usd.trough.exit", "liquidations")
"""Figures that are drawn, where they differ between runs."""
_MOST_DRAWN = 3


@dataclass(frozen=True)
class SweepResult:
    """A finished sweep.

    Attributes
    ----------
    plan : Plan
        Its runs.
    folder : Path
        Folder of its dataset.
    frame : DataFrame
        One row per run.
    certificate : Certificate, optional
        Comparison of a sample with runs on anvil; None where there was nothing to compare.
    """

    plan: Plan
    folder: Path
    frame: pd.DataFrame
    certificate: Certificate | None

    @property
    def engine(self) -> str:
        """Engine of the chain that the runs are made on."""
        return self.plan.scenario.spec.chain.engine

    @property
    def paths(self) -> list[str]:
        """The keys that vary."""
        return list(self.plan.grid.spec.vary)

    @property
    def ended(self) -> pd.DataFrame:
        """The rows of the runs that did not fail."""
        return self.frame[self.frame["error"] == ""]

    def values_by_point(self, figure: str) -> list[float] | None:
        """Return a figure at every point, the mean over its seeds, in the order of the points; None where one lacks it.

        Two points that are the same have one run, and both have its figure.
        """
        if figure not in self.frame:
            return None
        known = dict(zip(self.frame["id"], self.frame[figure], strict=True))
        runs, seeds = self.plan.runs, {run.seed for run in self.plan.runs}
        points = len(runs) // len(seeds)
        values: list[list[float]] = [[] for _ in range(points)]
        for run in runs:
            value = known.get(run.id)
            if value is None or pd.isna(value):
                return None
            # Runs are numbered seed by seed, and within a seed in the order of the points.
            values[run.number % points].append(float(value))
        return [sum(found) / len(found) for found in values]

    @property
    def figures(self) -> list[str]:
        """Columns of figures, by dotted path."""
        own = {"id", "number", "seed", *self.paths, "run_id", "tables_sha256", "engine", "error", "command"}
        return [name for name in self.frame.columns if name not in own]


def headline(found: SweepResult) -> str:
    """Return how many runs there are, over which keys, and how many failed."""
    failed = int((found.frame["error"] != "").sum())
    keys = ", ".join(found.paths)
    text = f"{counted(len(found.frame), 'run')} over {keys}"
    return f"{text}; {counted(failed, 'run')} failed." if failed else f"{text}."


def figure_rows(found: SweepResult) -> list[tuple[str, ...]]:
    """Return a row per figure that is not the same in all runs."""
    rows = []
    for path in found.figures:
        values = [None if pd.isna(value) else float(value) for value in found.ended[path].tolist()]
        of, unit = distribution_of(values), unit_of(path)
        known = [value for value in values if value is not None]
        if not known or min(known) == max(known) or of.median is None or of.p95 is None:
            continue
        above = NOTHING if of.above_zero is None else count(of.above_zero.count)
        shown = (number(value, unit) for value in (min(known), of.median.value, of.p95.value, max(known)))
        rows.append((path, count(len(known)), *shown, above))
    return rows


def main_figures(found: SweepResult) -> list[str]:
    """Return the figures that are drawn: claims, then the most telling other ones, that differ between runs."""
    differing, drawn = {row[0] for row in figure_rows(found)}, dict[str, pd.Series]()
    claims = [path for path in found.figures if path.startswith(CLAIMED)]
    for path in (*claims, *_MAIN):
        values = found.ended[path] if path in differing else None
        # Where nobody repays a deficit, the lenders' loss is the deficit: it is drawn once.
        if values is not None and not any(values.equals(other) for other in drawn.values()):
            drawn[path] = values
    return list(drawn)[:_MOST_DRAWN]


def failure_rows(found: SweepResult) -> list[tuple[str, str, str]]:
    """Return a row per run that failed."""
    failed = found.frame[found.frame["error"] != ""]
    return list(zip(failed["id"].tolist(), failed["error"].tolist(), failed["command"].tolist(), strict=True))


def certificate_words(certificate: Certificate | None, *, engine: str) -> str:
    """Return what the runs on anvil say.

    Parameters
    ----------
    engine : str
        Engine of the chain that the sweep runs on.
    """
    if certificate is None and engine == "revm":
        return "Every run was made in process, and none on anvil as well: the sweep asks for no certificate."
    if certificate is None:
        return "Every run was made on anvil, the chain of record."
    made = (
        f"{counted(certificate.runs, 'run')} of the sweep, drawn by lot, {'was' if certificate.runs == 1 else 'were'}"
    )
    if certificate.holds:
        compared = counted(len(certificate.largest), "figure")
        return f"{made} made on anvil as well: no difference in any of {compared}."
    differing = [f"{path} by {value:g}" for path, value in certificate.largest.items() if value]
    differing += [f"run {failed} failed on one engine alone" for failed in certificate.failed]
    return f"{made} made on anvil as well, with differences: {'; '.join(differing)}."


def readers(folder: Path) -> Sequence[tuple[str, str]]:
    """Return how DuckDB, polars and pandas read the dataset."""
    rows = folder / "rows"
    return (
        ("DuckDB", f"duckdb.read_parquet('{rows}/*.parquet').filter('deficit_usd > 0')"),
        ("polars", f"polars.read_parquet('{rows}/*.parquet')"),
        ("pandas", f"pandas.read_parquet('{rows}')"),
    )
