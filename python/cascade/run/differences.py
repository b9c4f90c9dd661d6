"""Name where two runs differ, or where a run's folder differs from what the run wrote: the part, the row, the hash."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pandas as pd

from cascade.errors import CascadeError
from cascade.recording.canonical import column_values
from cascade.recording.tables import Table

__all__ = ["Part", "RowDifference", "RunsDiffer", "first_key", "first_row", "short"]

_DIGITS = 10
"""Digits of a hash that a message shows."""


class Part(StrEnum):
    """Part of a run in which a difference was found."""

    SCENARIO = "scenario text"
    PATH = "price path"
    ACCOUNTS = "accounts"
    BYTECODE = "bytecode"
    AGENT = "agent source"
    CONTRACT = "contract source"
    TOOL = "tool version"
    TABLE = "table"
    TRACES = "transaction traces"
    SUMMARY = "summary"
    PAGE = "page"
    MANIFEST = "manifest"


class RunsDiffer(CascadeError):
    """Raised when a folder is not what its run wrote, or a second run of the same inputs is another one.

    Attributes
    ----------
    part : Part
        Part of the run that differs; for several the one that is named first.
    """

    exit_code = 1

    def __init__(self, folder: Path, *, part: Part, what: str) -> None:
        self.part = part
        super().__init__(f"{folder}: {part}: {what}")


@dataclass(frozen=True, kw_only=True)
class RowDifference:
    """The first place in which two frames of one table differ.

    Attributes
    ----------
    block : int
        Block of the row, or -1 where the table has no blocks or a row is missing.
    text : str
        Row, column and both values, or the numbers of rows.
    """

    block: int
    text: str


def short(sha256: str | None) -> str:
    """Return the first digits of a hash, as messages show it; `none` where there is none."""
    return sha256[:_DIGITS] if sha256 else "none"


def first_row(
    table: Table, first: pd.DataFrame, second: pd.DataFrame, *, without: Collection[str] = ()
) -> RowDifference | None:
    """Return where two frames of one table differ first, by row and then by column; None where they are the same.

    Parameters
    ----------
    first, second : DataFrame
        The table on disk, and that of the second run.
    without : collection of str
        Columns that are not compared.
    """
    columns = [column for column in table.columns if column.name not in without]
    blocks = first["block_number"].tolist() if "block_number" in table.column_names else []
    rows = [zip(*(column_values(frame, column) for column in columns), strict=True) for frame in (first, second)]
    for row, (here, there) in enumerate(zip(*rows, strict=False)):
        for column, was, now in zip(columns, here, there, strict=True):
            if was != now:
                return RowDifference(
                    block=blocks[row] if blocks else -1,
                    text=f"row {row}, column {column.name}: {was!r} on disk, {now!r} in the second run",
                )
    if len(first) != len(second):
        return RowDifference(block=-1, text=f"{len(first)} rows on disk, {len(second)} in the second run")
    return None


def first_key(found: object, expected: object, key: str = "") -> tuple[str, object, object] | None:
    """Return the dotted key at which two trees of JSON differ first, with both values; None where they are the same."""
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        for name in sorted({*found, *expected}):
            below = first_key(found.get(name), expected.get(name), f"{key}.{name}" if key else str(name))
            if below is not None:
                return below
        return None
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for index, (one, other) in enumerate(zip(found, expected, strict=True)):
            below = first_key(one, other, f"{key}.{index}")
            if below is not None:
                return below
        return None
    return None if found == expected else (key, found, expected)
