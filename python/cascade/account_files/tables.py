"""Read a CSV, Parquet or JSON file into rows of cells, each with its place in the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from cascade.errors import ScenarioError
from cascade.prices.rows import read_rows
from cascade.toolchain.text_files import read_text

__all__ = ["Sheet", "SheetRow", "read_sheet", "sheet_of_csv"]

_MOST_BYTES = 1_000_000_000
_LISTS = ("userReserves", "user_reserves", "rows", "result")
"""Keys below which a JSON export holds its rows, the innermost one last."""


@dataclass(frozen=True)
class SheetRow:
    """One row of a file.

    Attributes
    ----------
    where : str
        Its place, as `line 17` of a CSV, `row 16` of a Parquet file, `entry 16` of a JSON list.
    cells : mapping of str to object
        Cells by column; nested ones have names with dots.
    """

    where: str
    cells: Mapping[str, object]


@dataclass(frozen=True)
class Sheet:
    """The columns of a file, and its rows."""

    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]


def read_sheet(file: Path, *, name: str) -> Sheet:
    """Read a file by its ending: `.parquet`, `.json`, or CSV.

    Parameters
    ----------
    name : str
        Name of the file in messages.

    Raises
    ------
    ScenarioError
        When it cannot be read, or is not what its ending says.
    """
    if file.suffix == ".parquet":
        return _sheet_of_parquet(file, name=name)
    text = read_text(file, name=name, most_bytes=_MOST_BYTES)
    return _sheet_of_json(text, name=name) if file.suffix == ".json" else sheet_of_csv(text, name=name)


def sheet_of_csv(text: str, *, name: str) -> Sheet:
    """Read the text of a CSV: a comma between cells, one row per line, a header first."""
    rows = tuple(
        SheetRow(f"line {row.line}", dict(row.cells))
        for row in read_rows(text.removeprefix("\ufeff"), file=name, required=(), complete=True)
    )
    return Sheet(tuple(dict.fromkeys(column for row in rows for column in row.cells)), rows)


def _sheet_of_parquet(file: Path, *, name: str) -> Sheet:
    # Imported here: the other layouts need no Arrow, whose import takes long.
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(file)
    except OSError as error:
        why = error.strerror or "is not a Parquet file"
        raise ScenarioError(file=name, key="", value=None, expected=f"cannot be read: {why}") from error
    except pyarrow.ArrowInvalid as error:
        raise ScenarioError(file=name, key="", value=None, expected="is not a Parquet file") from error
    while any(pyarrow.types.is_struct(column.type) for column in table.columns):
        # A struct's fields become columns with a dot in their names, as in a flattened CSV.
        table = table.flatten()
    rows = (SheetRow(f"row {number}", cells) for number, cells in enumerate(table.to_pylist(), start=1))
    return Sheet(tuple(table.column_names), tuple(rows))


def _sheet_of_json(text: str, *, name: str) -> Sheet:
    try:
        # Amounts may be numbers with more digits than a float holds.
        tree = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        # Python refuses integers of thousands of digits with a plain ValueError.
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise ScenarioError(file=name, key=where, value=None, expected="is not JSON") from error
    rows = []
    for number, entry in enumerate(_entries(tree), start=1):
        if not isinstance(entry, dict):
            raise ScenarioError(
                file=name, key=f"entry {number}", value=entry, expected="expected an object with the keys of a row"
            )
        rows.append(SheetRow(f"entry {number}", dict(_flat(entry))))
    return Sheet(tuple(dict.fromkeys(column for row in rows for column in row.cells)), tuple(rows))


def _entries(tree: Any) -> Iterator[object]:
    """Yield the rows of an export: a list of them, an answer of a server that holds one, or several such pages."""
    if isinstance(tree, dict):
        if isinstance(tree.get("errors"), list) and "data" not in tree:
            return
        inside = next((tree[key] for key in ("data", *_LISTS) if key in tree), None)
        if inside is None:
            # A single row, whose columns are judged like those of any other.
            yield tree
        else:
            yield from _entries(inside)
    elif isinstance(tree, list):
        for entry in tree:
            is_page = isinstance(entry, list) or (
                isinstance(entry, dict) and any(k in entry for k in ("data", *_LISTS))
            )
            if is_page:
                yield from _entries(entry)
            else:
                yield entry
    else:
        yield tree


def _flat(entry: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in entry.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
