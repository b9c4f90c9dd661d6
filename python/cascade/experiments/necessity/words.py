"""Word the outcome of an examination of necessity: the same rows for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from cascade.experiments.necessity.result import Necessity, Variant
from cascade.report.shared.figures import NOTHING
from cascade.report.shared.markdown import escaped, markdown_table

__all__ = ["LINK_HEADINGS", "SEED_HEADINGS", "link_rows", "necessity_markdown", "seed_rows", "subject_figures"]

LINK_HEADINGS = ("run", "what it changes", "the claim holds", "all claims hold")
SEED_HEADINGS = ("seed", "as expected", "missed")


def link_rows(found: Necessity) -> list[tuple[str, ...]]:
    """Return a row per variant: in how many of its runs the examined claim holds, and in how many every claim does."""
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
    """Return a row per seed of the whole chain, with the claims that it missed."""
    return [
        (str(run.seed), "NO" if run.missed else "yes", ", ".join(run.missed) or NOTHING) for run in found.whole.outcomes
    ]


def subject_figures(found: Necessity) -> list[tuple[str, ...]]:
    """Return a row per figure and a column per variant, each cell with the median and the range over the seeds."""
    runs = [run for variant in found.variants for run in variant.outcomes]
    names = dict.fromkeys(name for run in runs for name in run.figures)
    return [(name, *(_range(variant, name) for variant in found.variants)) for name in names]


def _range(variant: Variant, name: str) -> str:
    values = [value for run in variant.outcomes if (value := run.figures.get(name)) is not None]
    if not values:
        return NOTHING
    return f"{_number(median(values))} [{_number(min(values))} to {_number(max(values))}]"


def _number(value: float) -> str:
    # Counts and dollars are read as whole numbers; prices and shares need their decimals.
    is_whole = float(value).is_integer() and abs(value) >= 10
    return f"{value:,.0f}" if is_whole else f"{value:.4f}"


def necessity_markdown(found: Necessity) -> str:
    """Return the whole examination as Markdown."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Necessity) -> Iterator[str]:
    yield from (f"# {escaped(found.scenario.spec.name)}: which links the claim depends on", "")
    yield from (f"The claim: `expect.{found.claim}`.", "")
    yield from markdown_table(LINK_HEADINGS, link_rows(found))
    yield from ("## Figures", "", "Median over the seeds, and the range.", "")
    headings = ("figure", *(variant.name for variant in found.variants))
    yield from markdown_table(headings, subject_figures(found), figures_from=1)
    yield from ("## The whole chain, seed by seed", "")
    yield from markdown_table(SEED_HEADINGS, seed_rows(found))
