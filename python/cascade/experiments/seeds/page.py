"""Assemble `seeds.html`: a comparison over seeds on one page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cascade.experiments.comparison.words import counterfactuals, parameter_groups, title
from cascade.experiments.seeds.charts import charted, charts, datasets
from cascade.experiments.seeds.result import SeedsComparison
from cascade.experiments.seeds.words import (
    AT_RISK_HEADINGS,
    DIFFERENCE_HEADINGS,
    LOSS_HEADINGS,
    OUTCOME_HEADINGS,
    VERDICT_HEADINGS,
    at_risk_rows,
    difference_rows,
    headlines,
    limits,
    loss_rows,
    method,
    outcome_rows,
    unchanged_words,
    verdict_rows,
)
from cascade.report.shared.document import document, write_page

__all__ = ["build_seeds"]

_TEMPLATE = Path(__file__).with_name("seeds.html.j2")

Headings = tuple[str, ...]
Rows = list[tuple[str, ...]]


@dataclass(frozen=True)
class _Page:
    """Values that the template shows: texts, and a pair of headings and rows per table."""

    name: str
    seeds: int
    counterfactuals: list[str]
    headlines: list[str]
    method: str
    limits: list[str]
    command: str
    parameters: dict[str, list[tuple[str, str, str]]]
    verdicts: tuple[Headings, Rows]
    at_risk: tuple[Headings, Rows]
    differences: tuple[Headings, Rows]
    outcomes: tuple[Headings, Rows]
    losses: tuple[Headings, Rows]
    charted: str
    unchanged: str
    runs: Rows


def build_seeds(found: SeedsComparison, folder: Path, *, command: str) -> Path:
    """Write `seeds.html` into a folder, and return its path."""
    outcome = charted(found)
    first = found.first
    page = _Page(
        name=title(first),
        seeds=len(found.seeds),
        counterfactuals=counterfactuals(first),
        headlines=headlines(found),
        method=method(found),
        limits=limits(found),
        command=command,
        parameters=parameter_groups(first),
        verdicts=(VERDICT_HEADINGS, list(verdict_rows(found))),
        at_risk=(AT_RISK_HEADINGS, list(at_risk_rows(found))),
        differences=(DIFFERENCE_HEADINGS, list(difference_rows(found))),
        outcomes=(OUTCOME_HEADINGS, list(outcome_rows(found))),
        losses=(LOSS_HEADINGS, list(loss_rows(found))),
        charted="" if outcome is None else outcome.name,
        unchanged=unchanged_words(found),
        runs=[
            (side, run.manifest.run_id, run.summary.tables_sha256)
            for side, run in (("baseline", first.baseline), ("change", first.change))
        ],
    )
    text = document(_TEMPLATE, page=page, datasets=datasets(found), charts=charts(found))
    return write_page(folder / "seeds.html", text)
