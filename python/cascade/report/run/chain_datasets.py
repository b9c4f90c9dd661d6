"""Datasets of the chain of links and of the exchange."""

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
from cascade.report.run.link_words import place_of, size_of, title_of
from cascade.vocabulary import Phase

__all__ = ["chain_frames"]


def chain_frames(frames: Frames) -> dict[str, pd.DataFrame]:
    """Frames by name of dataset: `links` always, those of the exchange where there is one."""
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
    end = _crash_times(frames)[1]
    rows = []
    for row in frames.links.drop_duplicates("order").sort_values("order").to_dict("records"):
        ended = row["ended_timestamp"] or end
        times = row["started_timestamp"], max(ended, row["started_timestamp"]), row["peaked_timestamp"]
        rows.append(
            (
                row["order"],
                f"{row['order']}. {title_of(row['link'])}",
                place_of(row["link"]),
                *(moment * 1000 for moment in times),
                *(clock(moment) for moment in times),
                1 if row["ended_timestamp"] else 0,
                size_of(row["size"], row["size_unit"]),
                row["what"],
            )
        )
    columns = ["order", "link", "place", "t", "t2", "peak", "time", "until", "peaked", "ended", "size", "what"]
    return pd.DataFrame(rows, columns=columns)


def _over_time(frames: Frames, frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Rows of the crash phase, each series from the value that held at its start to its end."""
    start, end = _crash_times(frames)
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


def _crash_times(frames: Frames) -> tuple[int, int]:
    times: list[int] = frames.blocks.loc[frames.blocks["phase"] == Phase.CRASH, "timestamp"].tolist()
    return (min(times), max(times)) if times else (0, 0)
