"""Which varied keys a figure depends on: shares of its variance over a full grid, exactly.

On a full grid the expectation of a figure given one key is a mean over rows, so that Sobol's first-order and total
indices are plain sums of squares: nothing is estimated but what the seeds draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

__all__ = ["Index", "indices_of"]


@dataclass(frozen=True)
class Index:
    """Share of a figure's variance over a grid that a key decides.

    Attributes
    ----------
    path : str
        The key.
    first_order : float
        Share that is left of the variance when only the mean at each value of the key is kept: what it decides alone.
    total : float
        Share that is lost when the key is averaged out: what it decides alone and together with others.
    """

    path: str
    first_order: float
    total: float


def indices_of(frame: pd.DataFrame, paths: Sequence[str], figure: str) -> list[Index] | None:
    """Return the indices of every key, the largest total first.

    Seeds are averaged out first: what they draw is no effect of a key.

    Returns
    -------
    list of Index or None
        None where the rows are no full grid, lack the figure, or all have the same.
    """
    means = frame.groupby(list(paths), observed=True, sort=True)[figure].mean().astype(float)
    full = 1
    for path in paths:
        full *= frame[path].nunique()
    if len(means) != full or means.isna().any() or not frame[figure].notna().all():
        return None
    whole = means.to_numpy()
    variance = float(((whole - whole.mean()) ** 2).mean())
    if variance == 0:
        return None
    found = []
    for path in paths:
        alone = means.groupby(level=path).mean().to_numpy()
        others = [other for other in paths if other != path]
        # Without other keys everything is this one's.
        rest = means.groupby(level=others).mean().to_numpy() if others else whole[:1] * 0 + whole.mean()
        first = float(((alone - whole.mean()) ** 2).mean()) / variance
        total = 1 - float(((rest - whole.mean()) ** 2).mean()) / variance
        # Both are 0 at the least, but for the last digits of the sums.
        found.append(Index(path, max(first, 0.0), max(total, 0.0)))
    return sorted(found, key=lambda index: (-index.total, index.path))
