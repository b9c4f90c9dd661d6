"""Find where two runs diverge: the chain of links of both, side by side."""

from __future__ import annotations

from cascade.experiments.comparison.result import Comparison
from cascade.recording.tables import LinkRow
from cascade.report.run.link_words import LinkWords, link_words

__all__ = ["DIVERGENCE_HEADINGS", "divergence_rows"]

DIVERGENCE_HEADINGS = ("link", "baseline", "change", "verdict")

_ABSENT = "did not happen"
_ALIKE, _DIVERGES = "alike", "diverges"

_LARGEST_RATIO_ALIKE = 2.0
"""The sizes of a link are called alike up to this ratio of the larger to the smaller."""


def divergence_rows(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Return every link of either run, in the order of the baseline; links of the change alone come last.

    Returns
    -------
    list of tuple
        The link's name; in each run its size, when it began and when it peaked; and whether it diverges.
    """
    first, second = (
        {link.title: (link, size) for link, size in _links(run.frames.rows(LinkRow))}
        for run in (comparison.baseline, comparison.change)
    )
    return [
        (
            title,
            _described(first.get(title)),
            _described(second.get(title)),
            _verdict(first.get(title), second.get(title)),
        )
        for title in dict.fromkeys([*first, *second])
    ]


def _links(rows: list[LinkRow]) -> list[tuple[LinkWords, float]]:
    # The table has one row per feeder of a link, each with the link's own size.
    sizes = {row.order: row.size for row in rows}
    return [(link, sizes[link.order]) for link in link_words(rows)]


def _described(found: tuple[LinkWords, float] | None) -> str:
    if found is None:
        return _ABSENT
    link, _ = found
    return f"{link.size}; from {link.started}, peak at {link.peaked}"


def _verdict(first: tuple[LinkWords, float] | None, second: tuple[LinkWords, float] | None) -> str:
    if first is None or second is None:
        return _DIVERGES
    larger, smaller = max(first[1], second[1]), min(first[1], second[1])
    # A product rather than a quotient: the smaller size may be zero.
    return _ALIKE if larger <= _LARGEST_RATIO_ALIKE * smaller else _DIVERGES
