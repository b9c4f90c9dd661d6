"""Write a comparison over seeds as Markdown, as a risk provider posts a change of parameters to a forum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from cascade.experiments.comparison.markdown import parameter_tables
from cascade.experiments.comparison.words import counterfactuals, title
from cascade.experiments.seeds.charts import AT_RISK, OUTCOME, charted
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
from cascade.report.shared.markdown import escaped, markdown_table

__all__ = ["seeds_markdown"]


def seeds_markdown(found: SeedsComparison, *, command: str, pictures: Mapping[str, Path] | None = None) -> str:
    """Return the whole post.

    Parameters
    ----------
    command : str
        The command that makes it again.
    pictures : mapping of str to Path, optional
        Pictures of the charts by key, relative to the post.
    """
    return "\n".join(_lines(found, command, pictures or {})) + "\n"


def _lines(found: SeedsComparison, command: str, pictures: Mapping[str, Path]) -> Iterator[str]:
    yield from (f"# {escaped(title(found.first))}: baseline and change over {len(found.seeds)} seeds", "")
    for text in counterfactuals(found.first):
        yield from (f"**Counterfactual.** {escaped(text)}", "")
    yield from (f"- {escaped(sentence)}" for sentence in headlines(found))
    yield ""
    if found.verdicts:
        yield from ("## Verdicts", "")
        yield from markdown_table(VERDICT_HEADINGS, verdict_rows(found))
    yield from parameter_tables(found.first)
    yield from ("## Method", "", escaped(method(found)), "")
    yield from ("## Positions and collateral at risk", "")
    yield from markdown_table(AT_RISK_HEADINGS, at_risk_rows(found), figures_from=1)
    yield from _picture(pictures, AT_RISK, "Collateral that a fall would make liquidatable when the crash starts")
    yield from ("## Outcomes", "")
    outcome = charted(found)
    if outcome is not None:
        yield from _picture(pictures, OUTCOME, f"{outcome.name} by seed, each line one seed")
    yield from markdown_table(DIFFERENCE_HEADINGS, list(difference_rows(found)), figures_from=1)
    if unchanged_words(found):
        yield from (escaped(unchanged_words(found)), "")
    yield from markdown_table(OUTCOME_HEADINGS, list(outcome_rows(found)), figures_from=2)
    losses = list(loss_rows(found))
    if losses:
        yield from ("## Losses", "")
        yield from markdown_table(LOSS_HEADINGS, losses, figures_from=2)
    yield from ("## Limits", "")
    yield from (f"- {escaped(sentence)}" for sentence in limits(found))
    yield from ("", "## Reproduce", "", "```", command, "```")


def _picture(pictures: Mapping[str, Path], key: str, caption: str) -> Iterator[str]:
    if key in pictures:
        yield from (f"![{escaped(caption)}]({pictures[key].as_posix()})", "")
