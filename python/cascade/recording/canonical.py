r"""Hash the content of tables, not the files that hold them.

The bytes of a file change with the version of the library that wrote it; the content does not. Encoding, version 1:

- The text of a table is one line for its head and one for each row, each ended by a line feed, in ASCII.
- The head is the JSON array `["cascade-table-1", NAME, [[COLUMN, KIND], ...]]`, columns in the order of the schema.
- A row is the JSON array of its values in the same order: text as a JSON string, integers of every size as JSON
  integers, booleans as `true` or `false`, floats as the shortest number that reads back the same, a missing value as
  `null`. JSON is written without spaces, everything beyond ASCII as `\uXXXX`.
- Rows are sorted by these lines, byte by byte: a table is a set of facts, and the order of writing has no meaning.

The hash of a table is the SHA-256 of that text. The hash of a run's tables is the SHA-256 of the JSON object
`{TABLE: HASH, ...}`, keys sorted, without spaces.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import pandas as pd

from cascade.recording.tables import TABLES, Column, Kind, Row, Table

__all__ = ["canonical_sha256", "column_values", "combined_sha256"]

_VERSION = "cascade-table-1"


def canonical_sha256(rows: pd.DataFrame | Sequence[Row], table: str) -> str:
    """Return the hash of a table's content, in hex: the same whichever library and version wrote the file.

    Parameters
    ----------
    rows : DataFrame or sequence of Row
        The content, as `read_table` returns it or as the recorder collects it; the order of rows does not count.
    table : str
        Name of the table.
    """
    schema = TABLES[table]
    names = schema.column_names
    if isinstance(rows, pd.DataFrame):
        columns = [column_values(rows, column) for column in schema.columns]
    else:
        columns = [[getattr(row, name) for row in rows] for name in names]
    lines = sorted(f"[{','.join(values)}]" for values in zip(*map(_encoded, columns), strict=True))
    digest = hashlib.sha256(_head(schema).encode("ascii"))
    digest.update("".join(f"{line}\n" for line in lines).encode("ascii"))
    return digest.hexdigest()


def _encoded(values: Sequence[object]) -> list[str]:
    """Return each value of a column as JSON; the column is encoded by one call, which takes most of the time."""
    # No encoded value has a line feed in it: JSON escapes those of texts, and no value of a table is a list.
    return json.dumps(values, separators=("\n", ":"), ensure_ascii=True)[1:-1].split("\n") if values else []


def column_values(frame: pd.DataFrame, column: Column) -> list[object]:
    """Return one column of a table's frame as Python values; a missing one is None."""
    values: list[object] = frame[column.name].tolist()
    if column.is_nullable and column.kind is Kind.INT64:
        return [None if value is pd.NA else value for value in values]
    return values


def combined_sha256(hashes: Mapping[str, str]) -> str:
    """Return one hash, in hex, over the hashes of several tables by name."""
    text = json.dumps(dict(hashes), separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _head(schema: Table) -> str:
    columns = [[column.name, column.kind.value] for column in schema.columns]
    return json.dumps([_VERSION, schema.name, columns], separators=(",", ":")) + "\n"
