"""Small columnar tables of numbers and names that charts are drawn from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

__all__ = ["Cell", "Dataset"]

Cell = str | int | float | None
"""One value of a dataset; booleans count as integers."""


@dataclass(frozen=True)
class Dataset:
    """Columns and rows of values that JSON can hold.

    Attributes
    ----------
    columns : sequence of str
        Names of the columns.
    rows : sequence of sequence of Cell
        One sequence per row, with a value per column.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Dataset:
        """Return the dataset of a frame; a number that is not finite becomes null, because JSON has no such numbers."""
        columns = [[_plain(value) for value in frame[name].tolist()] for name in frame.columns]
        return cls([str(name) for name in frame.columns], [list(row) for row in zip(*columns, strict=True)])

    def records(self) -> list[dict[str, Cell]]:
        """Return one mapping per row, from the name of a column to its value."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def texts(self, column: str) -> list[str]:
        """Return the values of a column as text, in the order of the rows."""
        position = self.columns.index(column)
        return [str(row[position]) for row in self.rows]

    def numbers(self, column: str) -> list[float]:
        """Return the values of a column of numbers, in the order of the rows; NaN stands for null.

        Raises
        ------
        ValueError
            When a value is text that is no number.
        """
        position = self.columns.index(column)
        return [math.nan if (value := row[position]) is None else float(value) for row in self.rows]

    def names(self, column: str) -> list[str]:
        """Return the different texts of a column, in alphabetical order."""
        return sorted(set(self.texts(column)))


def _plain(value: Cell) -> Cell:
    return None if isinstance(value, float) and not math.isfinite(value) else value
