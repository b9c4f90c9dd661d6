"""Find the parameters in which two scenarios differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from cascade.experiments.comparison.result import ParameterChange

__all__ = ["parameter_changes"]

_DESCRIPTIVE = ("description", "provenance")
"""Sections that describe a scenario without changing it."""
_LISTING = "lending.listing."
"""Keys that say which file the lines were read from; the lines themselves are compared."""


def parameter_changes(baseline: str, change: str) -> tuple[ParameterChange, ...]:
    """Return the parameters that differ, in alphabetical order of their dotted paths.

    Parameters
    ----------
    baseline, change : str
        Every parameter of each scenario as JSON, as the column `parameters` of the table `runs` has it.
    """
    first, second = (dict(_flat(json.loads(text))) for text in (baseline, change))
    # Compared as text: a value that is written differently but means the same has one form in the parameters' JSON.
    return tuple(
        ParameterChange(key, first.get(key), second.get(key))
        for key in sorted({*first, *second})
        if first.get(key) != second.get(key)
        and key.partition(".")[0] not in _DESCRIPTIVE
        and not key.startswith(_LISTING)
    )


def _flat(node: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted path and the text of every leaf; a list is one leaf, and so is an empty section."""
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _flat(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, node if isinstance(node, str) else json.dumps(node, ensure_ascii=False)
