"""Group the values of a key for drawing: few stand for themselves, many numbers become equal parts of their range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

__all__ = ["Groups", "groups_of", "short_names"]

_MOST_VALUES = 12
"""Values of a key that are drawn each by itself."""
_PARTS = 8


@dataclass(frozen=True)
class Groups:
    """The values of a key in groups.

    Attributes
    ----------
    of : Series of int
        Number of the group of each row.
    labels : list of str
        Name of each group, in order.
    places : list of float, optional
        Value, or middle of the range, of each group; None where values are no numbers.
    """

    of: pd.Series
    labels: list[str]
    places: list[float] | None


def groups_of(values: pd.Series) -> Groups:
    """Return the groups of the values of a key."""
    if not pd.api.types.is_numeric_dtype(values):
        distinct = list(dict.fromkeys(values.tolist()))
        return Groups(
            values.map({value: place for place, value in enumerate(distinct)}), list(map(str, distinct)), None
        )
    known = sorted(set(values.tolist()))
    if len(known) <= _MOST_VALUES:
        numbers = values.map({value: place for place, value in enumerate(known)})
        return Groups(numbers, [f"{value:g}" for value in known], [float(value) for value in known])
    edges = np.linspace(known[0], known[-1], _PARTS + 1)
    numbers = pd.Series(np.clip(np.searchsorted(edges, values, side="right") - 1, 0, _PARTS - 1), index=values.index)
    labels = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges.tolist())]
    return Groups(numbers, labels, ((edges[:-1] + edges[1:]) / 2).tolist())


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """Return the last parts of each dotted path, as many as tell it from the others."""
    names = {}
    for path in paths:
        parts = path.split(".")
        for kept in range(1, len(parts) + 1):
            name = ".".join(parts[-kept:])
            if sum(other == name or other.endswith(f".{name}") for other in paths) == 1:
                break
        names[path] = name
    return names
