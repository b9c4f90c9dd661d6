"""Write a comparison as Markdown for a governance post: parameters before and after, then the outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cascade.experiments.comparison.divergence import DIVERGENCE_HEADINGS, divergence_rows
from cascade.experiments.comparison.result import Comparison, Outcome
from cascade.experiments.comparison.words import (
    AT_ONCE_HEADINGS,
    IMPOSSIBLE_HEADINGS,
    at_once_rows,
    counterfactuals,
    figures,
    impossible_rows,
    parameter_groups,
    positions_note,
    run_facts,
    title,
)
from cascade.report.shared.figures import counted
from cascade.report.shared.markdown import escaped, markdown_table

__all__ = ["comparison_markdown", "parameter_tables"]


def comparison_markdown(comparison: Comparison, *, head: Sequence[str] | None = None) -> str:
    """Return the whole post.

    Parameters
    ----------
    head : sequence of str, optional
        Lines in place of the title and the table of parameters, for a post that has its own.
    """
    return "\n".join(_lines(comparison, head)) + "\n"


def _lines(comparison: Comparison, head: Sequence[str] | None) -> Iterator[str]:
    yield from head if head is not None else (f"# {escaped(title(comparison))}: baseline and change", "")
    yield from (positions_note(comparison), "")
    for text in counterfactuals(comparison):
        yield from (f"**Counterfactual.** {escaped(text)}", "")
    if head is None:
        yield from parameter_tables(comparison)
    for heading, headings, named in (
        ("Positions that the change makes impossible", IMPOSSIBLE_HEADINGS, impossible_rows(comparison)),
        ("Positions that are liquidatable at once", AT_ONCE_HEADINGS, at_once_rows(comparison)),
    ):
        if named:
            yield from (f"## {heading}", "", f"{counted(len(named), 'position')}, kept in both runs.", "")
            yield from markdown_table(headings, named)
    yield from ("## Outcomes", "")
    outcomes = [(_named(outcome), *figures(outcome)) for outcome in comparison.outcomes]
    yield from markdown_table(("outcome", "baseline", "change", "difference"), outcomes, figures_from=1)
    links = divergence_rows(comparison)
    if links:
        yield from ("## Where the runs diverge", "")
        yield from markdown_table(DIVERGENCE_HEADINGS, links)
    for heading, names in (("saved", comparison.saved), ("newly lost", comparison.newly_lost)):
        if names:
            yield from (f"Positions {heading}: {', '.join(map(escaped, names))}.", "")
    yield from ("## Reproduce", "")
    facts = [
        (name, *run_facts(run)) for name, run in (("baseline", comparison.baseline), ("change", comparison.change))
    ]
    yield from markdown_table(("run", "id", "SHA-256 of its tables"), facts)


def parameter_tables(comparison: Comparison) -> Iterator[str]:
    """Yield a table per group of parameters that differ, before and after, under a heading for all."""
    yield from ("## Parameters", "")
    for group, rows in parameter_groups(comparison).items():
        yield from (f"### {escaped(group)}", "")
        changes = [(f"`{key}`", f"{escaped(before)} \u2192 {escaped(after)}") for key, before, after in rows]
        yield from markdown_table(("parameter", "before \u2192 after"), changes, is_escaped=True)


def _named(outcome: Outcome) -> str:
    return f"{outcome.name}, {outcome.unit}" if outcome.unit in ("USD", "USD each") else outcome.name
