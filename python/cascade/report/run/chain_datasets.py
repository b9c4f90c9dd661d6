"""Make the datasets of the chain of links and of the exchange."""

from __future__ import annotations

import pandas as pd

from cascade.analysis.frames import Frames
from cascade.analysis.moments import clock
from cascade.analysis.series.exchange import (
    accounts_over_time,
    bids_over_time,
    book_prices,
    forced_sales_over_time,
    leverage_over_time,
)
from cascade.recording.tables import LinkRow
from cascade.report.run.held import crash_times
from cascade.report.run.link_words import place_of, size_of, title_of

__all__ = ["chain_frames"]


def chain_frames(frames: Frames) -> dict[str, pd.DataFrame]:
    """Return the frames by name of dataset: `links` for every run, the others for a run with an exchange."""
    found = {"links": _links(frames)}
    if not frames.parameters.get("exchange"):
        return found
    found["books"] = _over_time(frames, book_prices(frames), ["book", "series"])
    found["bids"] = _over_time(frames, bids_over_time(frames), ["book"])
    found["cohorts"] = _over_time(frames, leverage_over_time(frames), ["cohort"])
    found["levels"] = _over_time(frames, accounts_over_time(frames), ["level"])
    found["forced"] = _over_time(frames, forced_sales_over_time(frames), ["series"])
    return found


def _links(frames: Frames) -> pd.DataFrame:
    _, end = crash_times(frames.blocks)
    found = []
    # The table has one row per feeder of a link, each with the link's own times and size: one of them is enough.
    firsts = {row.order: row for row in reversed(frames.rows(LinkRow))}
    for order, row in sorted(firsts.items()):
        # A link may have ended before the first crash block of the chain, or not at all.
        until = max(row.ended_timestamp or end, row.started_timestamp)
        times = row.started_timestamp, until, row.peaked_timestamp
        found.append(
            (
                order,
                f"{order}. {title_of(row.link)}",
                place_of(row.link).value,
                *(moment * 1000 for moment in times),
                *(clock(moment) for moment in times),
                1 if row.ended_timestamp else 0,
                size_of(row.size, row.size_unit),
                row.what,
            )
        )
    columns = ["order", "link", "place", "t", "t2", "peak", "time", "until", "peaked", "ended", "size", "what"]
    return pd.DataFrame(found, columns=columns)


def _over_time(frames: Frames, frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the rows of the crash; each series begins with the value that held before it, and ends with its last."""
    start, end = crash_times(frames.blocks)
    names = ["t", "time", *[name for name in frame.columns if name != "timestamp"]]
    parts: list[tuple[object, ...]] = []
    for _, group in frame.groupby(keys, sort=True):
        rows = list(group.itertuples(index=False, name=None))
        before, after = [row for row in rows if row[0] < start], [row for row in rows if row[0] >= start]
        if before and (not after or after[0][0] > start):
            after.insert(0, (start, *before[-1][1:]))
        if after and after[-1][0] < end:
            after.append((end, *after[-1][1:]))
        parts += [(row[0] * 1000, clock(row[0]), *row[1:]) for row in after]
    return pd.DataFrame(parts, columns=names)
