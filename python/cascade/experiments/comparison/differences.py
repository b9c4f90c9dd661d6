"""Measure how far the rows of two runs differ."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from cascade.errors import CascadeError
from cascade.experiments.comparison.result import ColumnDifference, RowMatch
from cascade.recording.tables import TABLES
from cascade.run.opened import Run

__all__ = ["IDENTITY", "compare_rows"]

IDENTITY = {
    "liquidations": ("step", "borrower", "collateral_asset", "debt_asset", "round"),
    "positions": ("phase", "step", "event", "borrower"),
}
"""The columns that name a row in both runs. Block numbers do not: engines need different numbers of set-up blocks."""

_COMPARED_UNITS = ("smallest unit", "USD 1e-8", "1e-18", "1e-4")
"""Units of amounts, of prices and values, of health factors, and of rates such as bonus and close factor."""


def compare_rows(baseline: Run, change: Run) -> tuple[tuple[RowMatch, ...], tuple[ColumnDifference, ...]]:
    """Return how many liquidations and positions two runs have in common, and how far those differ.

    Raises
    ------
    CascadeError
        When the identity of a row is not unique in its run.
    """
    matches: list[RowMatch] = []
    differences: list[ColumnDifference] = []
    for table, identity in IDENTITY.items():
        first, second = (_indexed(run.frames.table(table), identity, table) for run in (baseline, change))
        # Rows that only one run has are counted; there is nothing to compare them with.
        both = first.index.intersection(second.index)
        matches.append(RowMatch(table, len(both), len(first) - len(both), len(second) - len(both)))
        differences += _column_differences(table, first.loc[both], second.loc[both])
    return tuple(matches), tuple(differences)


def _indexed(frame: pd.DataFrame, identity: tuple[str, ...], table: str) -> pd.DataFrame:
    indexed = frame.set_index(list(identity))
    if not indexed.index.is_unique:
        raise CascadeError(f"{table}: {', '.join(identity)} name more than one row: the runs cannot be compared")
    return indexed


def _column_differences(table: str, first: pd.DataFrame, second: pd.DataFrame) -> Iterator[ColumnDifference]:
    for column in TABLES[table].columns:
        if column.unit not in _COMPARED_UNITS:
            continue
        # Python integers: the difference of two 256-bit amounts fits no other type.
        pairs = zip(first[column.name].tolist(), second[column.name].tolist(), strict=True)
        distances = [abs(int(one) - int(other)) for one, other in pairs]
        yield ColumnDifference(table, column.name, column.unit, sum(map(bool, distances)), max(distances, default=0))
