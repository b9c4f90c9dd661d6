"""Times as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

__all__ = ["utc"]


def utc(timestamp: Any) -> str:
    """Unix time as ISO text in UTC."""
    return datetime.fromtimestamp(int(timestamp), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
