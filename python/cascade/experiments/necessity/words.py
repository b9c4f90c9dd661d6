"""Necessity in words: the same rows for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING

from cascade.report.shared.markdown import escaped, markdown_table

if TYPE_CHECKING:
    from cascade.experiments.necessity.examine import Necessity, Variant

__all__ = ["LINK_HEADINGS", "SEED_HEADINGS", "link_rows", "necessity_markdown", "seed_rows", "subject_figures"]

LINK_HEADINGS = ("run", "what it changes", "the claim holds", "all claims hold")
SEED_HEADINGS = ("seed", "as expected", "missed")


def link_rows(found: Necessity) -> list[tuple[str, ...]]:
    """The whole chain and every variant: in how many seeds the claim holds, and every claim."""
    return [
        (
            variant.name,
            variant.what,
            f"{variant.held(found.claim)} of {len(variant.outcomes)}",
            f"{variant.met} of {len(variant.outcomes)}",
        )
        for variant in found.variants
    ]


def seed_rows(found: Necessity) -> list[tuple[str, ...]]:
    """The whole chain, seed by seed."""
    return [
        (str(one.seed), "NO" if one.missed else "yes", ", ".join(one.missed) or "-") for one in found.whole.outcomes
    ]


def subject_figures(found: Necessity) -> list[tuple[str, ...]]:
    """Figures of every run: their median and range over the seeds, a row a figure, a column a run."""
    runs = [one for variant in found.variants for one in variant.outcomes]
    names = dict.fromkeys(name for one in runs for name in one.figures)
    return [(name, *(_range(variant, name) for variant in found.variants)) for name in names]


def _range(variant: Variant, name: str) -> str:
    values = [one.figures[name] for one in variant.outcomes if one.figures.get(name) is not None]
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    return f"{_number(median(known))} [{_number(min(known))} to {_number(max(known))}]"


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) >= 10 else f"{value:.4f}"


def necessity_markdown(found: Necessity) -> str:
    """The whole examination as Markdown."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Necessity) -> Iterator[str]:
    yield from (f"# {escaped(found.scenario.spec.name)}: what hangs on what", "")
    yield from (f"The claim: `expect.{found.claim}`.", "")
    yield from markdown_table(LINK_HEADINGS, link_rows(found))
    yield from ("## Figures", "", "Median over the seeds, and the range.", "")
    headings = ("figure", *(variant.name for variant in found.variants))
    yield from markdown_table(headings, subject_figures(found), figures_from=1)
    yield from ("## The whole chain, seed by seed", "")
    yield from markdown_table(SEED_HEADINGS, seed_rows(found))
