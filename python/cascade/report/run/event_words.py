"""Say which events of the scenario were made, and mark them on the charts over time."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from cascade.analysis.events import EventFigures
from cascade.analysis.frames import Frames
from cascade.recording.tables import EventRow
from cascade.report.shared.colours import MUTED
from cascade.report.shared.figures import clock, counted
from cascade.report.shared.style import Chart, Specification

__all__ = ["event_marks", "event_sentences", "marked"]

_MARKED = ("prices", "books", "bids", "cohorts", "forced", "depth")
"""Charts over time that show when an event was made."""

_MILLISECONDS = 1000


def event_sentences(events: Mapping[str, EventFigures]) -> list[str]:
    """Return one sentence per event, in the order in which they were made; those that were not made come last.

    >>> event_sentences({"reopens": EventFigures("redemption", "mint", "2025-10-10T21:35:36Z", 0)})
    ['reopens (redemption of mint) was made at 21:35:36 UTC.']
    >>> event_sentences({"halts": EventFigures("halt", "", None, 0)})
    ['halts (halt) was not made: its condition never held, or its time did not come.']
    """
    sentences = []
    for name, event in sorted(events.items(), key=lambda item: (item[1].made_at or "~", item[0])):
        what = f"{name} ({event.kind}{f' of {event.target}' if event.target else ''})"
        if event.made_at is None:
            sentences.append(f"{what} was not made: its condition never held, or its time did not come.")
        elif event.reverted:
            failed = counted(event.reverted, "transaction")
            sentences.append(f"{what} was sent at {clock(event.made_at)} UTC, and {failed} of it reverted.")
        else:
            sentences.append(f"{what} was made at {clock(event.made_at)} UTC.")
    return sentences


def event_marks(frames: Frames) -> list[dict[str, object]]:
    """Return the moments at which events were made: `t` in milliseconds since 1970, and `event`."""
    first: dict[str, int] = {}
    for row in frames.rows(EventRow):
        first.setdefault(row.event, row.timestamp)
    return [{"t": timestamp * _MILLISECONDS, "event": name} for name, timestamp in first.items()]


def marked(charts: list[Chart], marks: list[dict[str, object]]) -> list[Chart]:
    """Return the charts with a vertical line at every event, where they are over time."""
    if not marks:
        return charts
    return [
        Chart(chart.key, {label: _marked(one, marks) for label, one in chart.variants.items()})
        if chart.key in _MARKED
        else chart
        for chart in charts
    ]


def _marked(specification: Specification, marks: list[dict[str, object]]) -> Specification:
    with_marks = copy.deepcopy(specification)
    # The axis of the lines: two different ones would be drawn on top of each other.
    x = with_marks["layer"][0]["encoding"]["x"]
    with_marks["layer"].append(
        {
            "data": {"values": marks},
            "mark": {"type": "rule", "color": MUTED, "strokeDash": [2, 3], "strokeWidth": 1.5},
            "encoding": {"x": x, "tooltip": [{"field": "event", "type": "nominal", "title": "event"}]},
        }
    )
    return with_marks
