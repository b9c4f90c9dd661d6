"""Render docs/TABLES.md from the declared schema."""

from __future__ import annotations

from cascade.recording.tables import TABLES, Table

__all__ = ["render"]

_HEAD = """\
# Tables

Made from `python/cascade/recording/tables/` by `make docs`; do not edit.

A run writes every table below to `tables/NAME.parquet`, even when the table has no rows. A value may be null only
in a column whose type says so; its meaning then says when.

| type | in Parquet | in a frame |
|---|---|---|
| text | string | str |
| int64 | int64 | int64 |
| uint256 | string, decimal | Python int, exact |
| bool | boolean | bool |
| float64 | double | float64 |

Where a value may be null, a frame holds int64 as pandas' `Int64` (null is `pandas.NA`), and uint256 with None.

`_raw` counts a token's smallest units, `_wad` has 18 decimals, `_e8` is dollars with 8 decimals, `_bps` is 1e-4, and
`_wei` is 1e-18 ether. Columns with `_usd` or `_pct` are floats that analysis derives, and are never stored. The floats
of `links` are derived as well; they are stored because the table is part of a run's result.
"""


def render() -> str:
    """Return the text of docs/TABLES.md."""
    return "\n".join([_HEAD, *(_section(table) for table in TABLES.values())])


def _section(table: Table) -> str:
    lines = [f"## {table.name}", "", table.meaning, "", "| column | type | unit | meaning |", "|---|---|---|---|"]
    for column in table.columns:
        meaning = column.meaning.replace("|", "\\|")
        kind = f"{column.kind.value} or null" if column.is_nullable else column.kind.value
        lines.append(f"| `{column.name}` | {kind} | {column.unit} | {meaning} |")
    return "\n".join([*lines, ""])
