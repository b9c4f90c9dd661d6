"""Write rows to Parquet by the declared schema, and read them back as frames or rows, every integer exact."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.arrays import IntegerArray

from cascade.errors import CascadeError
from cascade.recording.canonical import canonical_sha256, column_values, combined_sha256
from cascade.recording.tables import TABLES, Column, Kind, Row, Table
from cascade.units import UINT256_MAX

__all__ = [
    "RecordedTables",
    "SchemaViolation",
    "read_table",
    "rows_of",
    "table_sha256",
    "tables_sha256",
    "write_derived",
    "write_recorded",
    "write_tables",
]

R = TypeVar("R", bound=Row)

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_INT256_MIN = -(2**255)

_ARROW = {
    Kind.TEXT: pa.string(),
    Kind.INT64: pa.int64(),
    Kind.UINT256: pa.string(),
    Kind.BOOL: pa.bool_(),
    Kind.FLOAT64: pa.float64(),
}
_PYTHON: dict[Kind, type] = {
    Kind.TEXT: str,
    Kind.INT64: int,
    Kind.UINT256: int,
    Kind.BOOL: bool,
    Kind.FLOAT64: float,
}
_NUMPY: dict[Kind, Literal["int64", "bool", "float64"]] = {
    Kind.INT64: "int64",
    Kind.BOOL: "bool",
    Kind.FLOAT64: "float64",
}


class SchemaViolation(CascadeError, TypeError):
    """Raised when rows or a file do not fit the declared schema.

    Attributes
    ----------
    table : str
        Name of the table.
    column : str
        Name of the column; empty where the error concerns the whole table.
    """

    def __init__(self, *, table: str, column: str, what: str) -> None:
        self.table, self.column = table, column
        super().__init__(f"table {table}{f', column {column}' if column else ''}: {what}")


@dataclass(frozen=True)
class RecordedTables:
    """Tables that were just written, still in hand, so that analysis need not read them again.

    Attributes
    ----------
    hashes : mapping of str to str
        Hash of each table's content, by name.
    rows : mapping of str to sequence of Row
        The rows of each table, in the order in which they were written.
    """

    hashes: Mapping[str, str]
    rows: Mapping[str, Sequence[Row]]
    _arrow: Mapping[str, pa.Table]

    def __contains__(self, name: str) -> bool:
        # A derived table is made from the others later on, and is in its file alone.
        return name in self._arrow and not TABLES[name].is_derived

    def frame(self, name: str) -> pd.DataFrame:
        """Return one table as `read_table` returns it, from the columns that its file was written from."""
        return _to_frame(TABLES[name], self._arrow[name])


def write_tables(folder: Path, rows: Iterable[Row]) -> dict[str, str]:
    """Write every declared table, and return the hash of each table's content by name, as `write_recorded` does."""
    return dict(write_recorded(folder, rows).hashes)


def write_recorded(folder: Path, rows: Iterable[Row]) -> RecordedTables:
    """Write every declared table, each to its own file; a table without rows is written empty.

    The same rows give the same bytes with the same pyarrow.

    Parameters
    ----------
    folder : Path
        Where the files go; made when missing.
    rows : iterable of Row
        Rows of all tables; the rows of one table are written in the order in which they come.

    Returns
    -------
    RecordedTables
        What was written.

    Raises
    ------
    SchemaViolation
        For a row of a class that declares no table, or a value of another type than its column's or out of its range.
        Nothing is written then.
    """
    by_table: dict[str, list[Row]] = {name: [] for name in TABLES}
    for row in rows:
        if row.table_name not in by_table:
            raise SchemaViolation(table=f"of {type(row).__name__}", column="", what=_not_declared())
        by_table[row.table_name].append(row)
    # Every table is checked before the first is written, so that a violation leaves no folder that looks like a run's.
    tables = {name: _to_arrow(schema, by_table[name]) for name, schema in TABLES.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        _write(folder, name, table)
    hashes = {name: _sha256(TABLES[name], by_table[name]) for name in TABLES}
    return RecordedTables(hashes, by_table, tables)


def write_derived(folder: Path, kind: type[R], rows: Sequence[R]) -> str:
    """Write one table that is made from the others, in place of the empty file that `write_tables` wrote for it.

    Parameters
    ----------
    folder : Path
        The folder of the tables.
    kind : type of Row
        The table's class of rows.
    rows : sequence of Row
        All of its rows.

    Returns
    -------
    str
        Hash of its content.

    Raises
    ------
    SchemaViolation
        As `write_tables`; also for a table that is recorded.
    """
    name = kind.table_name
    if name not in TABLES or not TABLES[name].is_derived:
        raise SchemaViolation(table=name, column="", what="is not declared as derived from other tables")
    _write(folder, name, _to_arrow(TABLES[name], rows))
    return _sha256(TABLES[name], rows)


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Read one table as a frame.

    Parameters
    ----------
    folder : Path
        Folder of the tables.
    name : str
        Name of the table.

    Returns
    -------
    DataFrame
        The declared columns in order: text as str, bool, int64 and float64 as such, uint256 as Python ints in an
        object column. A column whose values may be missing is `Int64` of pandas, where a missing one is `pandas.NA`,
        or for uint256 an object column, where it is None.

    Raises
    ------
    SchemaViolation
        When the table is not declared, or the file is not Parquet, or has other columns or types, or lacks a value
        that must be there.
    FileNotFoundError
        When the folder does not hold the table.
    """
    if name not in TABLES:
        raise SchemaViolation(table=name, column="", what=_not_declared())
    schema = TABLES[name]
    try:
        with pq.ParquetFile(folder / f"{name}.parquet") as file:
            table = file.read(use_threads=False)
    except pa.ArrowException as error:
        # As for a file that was cut off, and for a pointer of Git LFS in the place of one.
        what = f"{name}.parquet is not a whole Parquet file: {str(error).splitlines()[0]}"
        raise SchemaViolation(table=name, column="", what=what) from error
    if table.schema.names != schema.column_names:
        odd = sorted(set(table.schema.names) ^ set(schema.column_names)) or ["their order"]
        raise SchemaViolation(table=name, column="", what=f"the file differs from the schema in {', '.join(odd)}")
    return _to_frame(schema, table)


def _to_frame(schema: Table, table: pa.Table) -> pd.DataFrame:
    arrays = {}
    for column, values in zip(schema.columns, table.columns, strict=True):
        if values.type != _ARROW[column.kind] or (values.null_count and not column.is_nullable):
            raise SchemaViolation(table=schema.name, column=column.name, what=f"holds {values.type}, or nulls")
        arrays[column.name] = _to_array(column, values)
    return pd.DataFrame(arrays, columns=schema.column_names)


def rows_of(frame: pd.DataFrame, kind: type[R]) -> list[R]:
    """Return a table's frame, or part of one, as typed rows.

    Parameters
    ----------
    frame : DataFrame
        As `read_table` returns it; rows may be filtered or sorted, the columns must all be there.
    kind : type of Row
        The table's class of rows.

    Returns
    -------
    list of Row
        In the order of the frame; integers as Python ints, missing values as None.
    """
    schema = TABLES[kind.table_name]
    names = schema.column_names
    columns = [column_values(frame, column) for column in schema.columns]
    return [kind(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)]


def table_sha256(folder: Path) -> dict[str, str]:
    """Return the hash of each table's content, by name."""
    return {name: canonical_sha256(read_table(folder, name), name) for name in TABLES}


def tables_sha256(folder: Path) -> str:
    """Return one hash over the content of all tables."""
    return combined_sha256(table_sha256(folder))


def _write(folder: Path, name: str, table: pa.Table) -> None:
    file = folder / f"{name}.parquet"
    if table.num_rows:
        _write_parquet(file, TABLES[name], table)
    else:
        file.write_bytes(_empty_file(TABLES[name]))


@lru_cache(maxsize=256)
def _empty_file(schema: Table) -> bytes:
    """Return the file of a table without rows: most tables of a run have none, and all of these files are alike."""
    stream = pa.BufferOutputStream()
    _write_parquet(stream, schema, _empty(schema))
    return bytes(stream.getvalue())


def _write_parquet(where: Path | pa.BufferOutputStream, schema: Table, table: pa.Table) -> None:
    # pyarrow would add its own copy of the schema to the file; the one that `_described` adds is all that readers need.
    with pq.ParquetWriter(where, table.schema, compression="zstd", compression_level=9, store_schema=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(_described(schema))


def _not_declared() -> str:
    return f"is not declared; tables are {', '.join(TABLES)}"


def _sha256(schema: Table, rows: Sequence[Row]) -> str:
    return canonical_sha256(rows, schema.name) if rows else _empty_sha256(schema)


@lru_cache(maxsize=256)
def _empty_sha256(schema: Table) -> str:
    return canonical_sha256([], schema.name)


@lru_cache(maxsize=256)
def _empty(schema: Table) -> pa.Table:
    return _arrow_table(schema, [[] for _ in schema.columns])


def _to_arrow(schema: Table, rows: Sequence[Row]) -> pa.Table:
    if not rows:
        return _empty(schema)
    # A row at a time, by one call for all of its columns: large tables have some 100,000 values.
    by_row = map(attrgetter(*schema.column_names), rows)
    return _arrow_table(schema, [list(values) for values in zip(*by_row, strict=True)])


def _arrow_table(schema: Table, columns: Sequence[Sequence[object]]) -> pa.Table:
    arrays = []
    for column, values in zip(schema.columns, columns, strict=True):
        _check(schema.name, column, values)
        if column.kind is Kind.UINT256:
            # No type of Parquet holds 256 bits: its decimals end at 76 digits in pyarrow, two short.
            texts = [None if value is None else str(value) for value in values]
            arrays.append(pa.array(texts, type=_ARROW[column.kind]))
        else:
            arrays.append(pa.array(values, type=_ARROW[column.kind]))
    fields = [pa.field(column.name, _ARROW[column.kind], nullable=column.is_nullable) for column in schema.columns]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _check(table: str, column: Column, values: Sequence[object]) -> None:
    """Refuse values that a column cannot hold, and name the first."""
    wanted, kind = _PYTHON[column.kind], column.kind
    low, high = _limits(column)
    present = [value for value in values if value is not None] if column.is_nullable else values
    if _are_sound(present, wanted, kind, low, high):
        return
    for value in values:
        if value is None and column.is_nullable:
            continue
        # Types must match exactly: True is no integer, and numpy's integers wrap. A vocabulary's member is its text.
        if type(value) is not wanted and not (kind is Kind.TEXT and isinstance(value, str)):
            what = f"{value!r} is {type(value).__name__}, not {kind.value}"
        elif isinstance(value, float) and not math.isfinite(value):
            what = f"{value} is not finite"
        elif kind is not Kind.BOOL and isinstance(value, int) and not low <= value <= high:
            what = f"{value} is out of the range of {kind.value}"
        else:
            continue
        raise SchemaViolation(table=table, column=column.name, what=what)


def _are_sound(values: Sequence[object], wanted: type, kind: Kind, low: int, high: int) -> bool:
    """Return whether all values fit, by a few calls for the whole column; False leaves it to a closer look."""
    if not values:
        return True
    types = set(map(type, values))
    if kind is Kind.TEXT:
        return all(issubclass(found, str) for found in types)
    if types != {wanted}:
        return False
    if wanted is float:
        return all(map(math.isfinite, values))  # type: ignore[arg-type]
    return wanted is not int or (low <= min(values) and max(values) <= high)  # type: ignore[type-var, operator]


def _limits(column: Column) -> tuple[int, int]:
    if column.kind is Kind.INT64:
        return _INT64_MIN, _INT64_MAX
    return (_INT256_MIN if column.is_signed else 0), UINT256_MAX


def _to_array(column: Column, values: pa.ChunkedArray) -> npt.NDArray[np.generic] | IntegerArray:
    if column.kind is Kind.UINT256:
        # Text in the file, Python's own ints in a frame: numpy's integers would wrap.
        return np.array([None if value is None else int(value) for value in values.to_pylist()], dtype=object)
    if column.kind is Kind.TEXT:
        return np.array(values.to_pylist(), dtype=object)
    if column.is_nullable:
        # numpy has no missing integer, and would make floats of all the others.
        found = values.to_pylist()
        present = np.array([value or 0 for value in found], dtype=np.int64)
        return IntegerArray(present, np.array([value is None for value in found], dtype=np.bool_))
    return np.asarray(values.to_numpy(), dtype=_NUMPY[column.kind])


def _described(schema: Table) -> dict[str, str]:
    # Units and meanings travel in the file, for a reader who has nothing but the file.
    columns = [
        {"name": column.name, "kind": column.kind.value, "unit": column.unit, "meaning": column.meaning}
        | ({"nullable": True} if column.is_nullable else {})
        for column in schema.columns
    ]
    return {"cascade.table": schema.name, "cascade.columns": json.dumps(columns, separators=(",", ":"))}
