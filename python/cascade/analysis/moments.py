"""Times as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

__all__ = ["clock", "utc"]


def utc(timestamp: Any) -> str:
    """Unix time as ISO text in UTC."""
    return datetime.fromtimestamp(int(timestamp), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(timestamp: int) -> str:
    """Time of day of a Unix time, in UTC."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%H:%M:%S")
