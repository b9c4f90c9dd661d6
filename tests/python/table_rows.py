"""Rows of tables from dictionaries: a test changes a column of a dictionary more easily than one of a frozen row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cascade.recording.tables import TABLES, Row


def typed(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[Row]:
    """Return rows of the tables' classes from dictionaries of their columns, by name of the table."""
    return [TABLES[table].row(**row) for table, found in rows.items() for row in found]
