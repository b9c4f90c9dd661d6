"""Where two runs part: the chain of links of both, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cascade.report.run.link_words import LinkWords, link_words

if TYPE_CHECKING:
    from cascade.experiments.comparison.compare import Comparison

__all__ = ["PARTING_HEADINGS", "parting_rows"]

PARTING_HEADINGS = ("link", "baseline", "change", "the two")

_ABSENT = "did not happen"
_ALIKE = 2.0
"""Sizes that differ by less than this factor are called alike."""


def parting_rows(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Every link of either run, in the order of the baseline; those of the change alone come last.

    Returns
    -------
    list of tuple
        Name; when it began, peaked and how large it was, in each run; and whether the runs part there.
    """
    first, second = (
        {link.title: (link, size) for link, size in _links(run.frames.links)}
        for run in (comparison.baseline, comparison.change)
    )
    return [
        (title, _told(first.get(title)), _told(second.get(title)), _verdict(first.get(title), second.get(title)))
        for title in dict.fromkeys([*first, *second])
    ]


def _links(table: pd.DataFrame) -> list[tuple[LinkWords, float]]:
    if table.empty:
        return []
    sizes = table.groupby("order", sort=True)["size"].first().tolist()
    return list(zip(link_words(table), map(float, sizes), strict=True))


def _told(found: tuple[LinkWords, float] | None) -> str:
    if found is None:
        return _ABSENT
    link, _ = found
    return f"{link.size}; from {link.started}, most at {link.peaked}"


def _verdict(first: tuple[LinkWords, float] | None, second: tuple[LinkWords, float] | None) -> str:
    if first is None or second is None:
        return "part"
    larger, smaller = max(first[1], second[1]), min(first[1], second[1])
    return "alike" if larger <= _ALIKE * smaller else "part"
