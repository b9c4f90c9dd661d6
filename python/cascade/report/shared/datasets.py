"""Small columnar tables of numbers and names that charts are drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

__all__ = ["Dataset"]


@dataclass(frozen=True)
class Dataset:
    """Columns and rows, ready for JSON."""

    columns: list[str]
    rows: list[list[Any]]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Dataset:
        """Take a frame as it stands; what is not finite becomes null."""
        columns = [[_plain(value) for value in frame[name].tolist()] for name in frame.columns]
        return cls([str(name) for name in frame.columns], [list(row) for row in zip(*columns, strict=True)])

    def records(self) -> list[dict[str, Any]]:
        """Rows as mappings, for a renderer that is not the page."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
