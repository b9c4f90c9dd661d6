"""Write Unix times as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["clock", "utc"]


def utc(timestamp: int) -> str:
    """Return a Unix time as ISO text in UTC."""
    # A pandas column gives numpy integers, which `fromtimestamp` does not take.
    return datetime.fromtimestamp(int(timestamp), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(timestamp: int) -> str:
    """Return the time of day of a Unix time, in UTC."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%H:%M:%S")
