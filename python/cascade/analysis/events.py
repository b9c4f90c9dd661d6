"""Which events of the scenario were made, and when."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.analysis.moments import utc
from cascade.recording.tables import EventRow
from cascade.vocabulary import TransactionStatus

__all__ = ["EventFigures", "events"]


@dataclass(frozen=True)
class EventFigures:
    """One event of the scenario."""

    kind: str
    """Kind of the event."""
    target: str
    """What it sets: an asset, a venue, a book, the number of a mode, or empty; empty too if it was not made."""
    made_at: str | None
    """Time of the block that made it; null where its condition never held, or where its time never came."""
    reverted: int
    """Number of its transactions that reverted: what they set was left as it was."""


def events(frames: Frames) -> dict[str, EventFigures]:
    """Return every event of the scenario by its name."""
    made: dict[str, list[EventRow]] = {}
    for row in frames.rows(EventRow):
        made.setdefault(row.event, []).append(row)
    found = {}
    # A run of an earlier version has no such section.
    for name, stated in frames.parameters.get("events", {}).items():
        rows = made.get(name, [])
        found[name] = EventFigures(
            kind=str(stated["kind"]),
            target=rows[0].target if rows else "",
            made_at=utc(rows[0].timestamp) if rows else None,
            reverted=sum(row.status == TransactionStatus.REVERTED for row in rows),
        )
    return found
