"""What a table's schema is made of: columns with type, unit and meaning, and those that many tables share.

Parquet holds a `uint256` as a decimal string and a frame holds it as a Python int: no integer or decimal type of
either fits it, and both round it silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["BOOL", "FLOAT64", "IDENTITY", "INT64", "LANE", "LOG", "TEXT", "UINT256", "WHEN", "Column", "Kind", "Table"]


class Kind(Enum):
    """Type of a column."""

    TEXT = "text"
    INT64 = "int64"
    UINT256 = "uint256"
    """Exact integer of up to 256 bits, negative ones included where the meaning says `signed`."""
    BOOL = "bool"
    FLOAT64 = "float64"
    """A derived figure, finite; never an amount that a contract counts."""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    kind: Kind
    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """One table: a row a fact."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    is_derived: bool = False
    """Made from the other tables once they are whole, not recorded."""

    @property
    def column_names(self) -> list[str]:
        """Names in order."""
        return [column.name for column in self.columns]


TEXT, INT64, UINT256, BOOL, FLOAT64 = Kind.TEXT, Kind.INT64, Kind.UINT256, Kind.BOOL, Kind.FLOAT64

IDENTITY = (
    Column("run_id", TEXT, "-", "scenario, seed and hash of the run"),
    Column("seed", INT64, "-", "seed of every random stream"),
)
WHEN = (
    Column("phase", TEXT, "-", "build or crash"),
    Column("step", INT64, "-", "step of the crash phase, 0 at its first block; -1 during the build"),
    Column("block_number", INT64, "-", "block"),
    Column("timestamp", INT64, "s", "Unix time of the block"),
)
LANE = Column("lane", TEXT, "-", "chain, or exchange: outside the chain's blocks, half a block's time before them")
LOG = (
    Column("tx_hash", TEXT, "-", "transaction that emitted the event"),
    Column("log_index", INT64, "-", "position of the event in its block"),
)
