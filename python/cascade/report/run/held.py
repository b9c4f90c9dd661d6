"""Carry values that hold until the next one from the start of the crash to its end."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cascade.analysis.frames import Frames
from cascade.vocabulary import Phase

__all__ = ["crash_times", "held_values"]


def crash_times(blocks: pd.DataFrame) -> tuple[int, int]:
    """Return the Unix times of the first and the last block of the crash; zeros where there is none.

    Parameters
    ----------
    blocks : DataFrame
        Blocks of the chain alone, or also those of the exchange, whose first and last are half a block earlier.
    """
    times: list[int] = blocks.loc[blocks["phase"] == Phase.CRASH, "timestamp"].tolist()
    return (min(times), max(times)) if times else (0, 0)


def held_values(frames: Frames, times: Sequence[int], values: Sequence[float]) -> list[tuple[int, float]]:
    """Return the points of a line through the crash.

    A value is recorded when it changes and holds until the next: the line starts with the last value before the first
    crash block, and ends with the last value of all in the last block.
    """
    start, end = crash_times(frames.chain_blocks)
    pairs = list(zip(times, values, strict=True))
    before = [value for time, value in pairs if time < start]
    points = [(time, value) for time, value in pairs if time >= start]
    if before and (not points or points[0][0] > start):
        points.insert(0, (start, before[-1]))
    if points and points[-1][0] < end:
        points.append((end, points[-1][1]))
    return points
