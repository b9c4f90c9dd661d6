"""Declare a table as a class of rows: its fields are the columns, each with its type, unit and meaning.

A table is declared once, as a frozen dataclass decorated with `table`. The schema of the Parquet file, the generated
document, and the rows that recording makes and analysis reads all follow from that class. A new table needs such a
class and the code that makes its rows, and nothing else: the store writes it, empty or not, and frames read it.

Parquet holds a `uint256` as a decimal string, and a frame holds it as a Python int: no integer or decimal type of
either fits it, and both round it silently.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import ClassVar, TypedDict, TypeVar, cast, dataclass_transform

__all__ = [
    "TABLES",
    "AtBlock",
    "AtLog",
    "BlockStamp",
    "Column",
    "Identity",
    "Kind",
    "LogStamp",
    "Row",
    "Table",
    "boolean",
    "int64",
    "int64_or_null",
    "real",
    "table",
    "text",
    "uint256",
    "uint256_or_null",
]


class Kind(Enum):
    """Type of a column."""

    TEXT = "text"
    INT64 = "int64"
    UINT256 = "uint256"
    """Exact integer of up to 256 bits; negative only in columns that are signed."""
    BOOL = "bool"
    FLOAT64 = "float64"
    """Finite, derived figure; never an amount that a contract counts."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
        Name of the column, as in the file.
    kind : Kind
        Type of the values.
    unit : str
        Unit of the values; `-` where there is none.
    meaning : str
        Meaning of the values, for a reader; no code depends on it.
    is_signed : bool
        Whether a uint256 column also holds negative values.
    is_nullable : bool
        Whether a value may be missing, where the meaning says when.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    is_signed: bool = False
    is_nullable: bool = False


@dataclass(frozen=True)
class Table:
    """The schema of one table, taken from its class of rows.

    Attributes
    ----------
    name : str
        Name of the table, and of its file.
    meaning : str
        Meaning of one row.
    columns : tuple of Column
        Columns in the order in which they are written.
    row : type of Row
        Class of its rows.
    is_derived : bool
        Whether it is made from the other tables once they are whole, instead of being recorded.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    row: type[Row]
    is_derived: bool = False

    @property
    def column_names(self) -> list[str]:
        """Names of the columns in order."""
        return [column.name for column in self.columns]


def _column(kind: Kind, unit: str, meaning: str, *, signed: bool = False, nullable: bool = False) -> object:
    return field(
        metadata={"kind": kind, "unit": unit, "meaning": meaning, "is_signed": signed, "is_nullable": nullable}
    )


# Each of these returns a dataclass field and says that it returns a value of the column's type, as `dataclasses.field`
# does: a type checker then compares the declared kind with the annotation of the attribute.


def text(meaning: str, *, unit: str = "-") -> str:
    """Declare a column of text."""
    return cast(str, _column(Kind.TEXT, unit, meaning))


def int64(unit: str, meaning: str) -> int:
    """Declare a column of integers that fit 64 bits."""
    return cast(int, _column(Kind.INT64, unit, meaning))


def uint256(unit: str, meaning: str, *, signed: bool = False) -> int:
    """Declare a column of exact integers of up to 256 bits, which may be negative where it is signed."""
    return cast(int, _column(Kind.UINT256, unit, meaning, signed=signed))


def int64_or_null(unit: str, meaning: str) -> int | None:
    """Declare a column of integers that fit 64 bits, of which some may be missing."""
    return cast(int, _column(Kind.INT64, unit, meaning, nullable=True))


def uint256_or_null(unit: str, meaning: str, *, signed: bool = False) -> int | None:
    """Declare a column of exact integers of up to 256 bits, of which some may be missing."""
    return cast(int, _column(Kind.UINT256, unit, meaning, signed=signed, nullable=True))


def boolean(meaning: str) -> bool:
    """Declare a column of true or false."""
    return cast(bool, _column(Kind.BOOL, "-", meaning))


def real(unit: str, meaning: str) -> float:
    """Declare a column of finite floats, for derived figures only."""
    return cast(float, _column(Kind.FLOAT64, unit, meaning))


class Identity(TypedDict):
    """Columns that name the run of a row, to be unpacked into it: `LoopRow(**identity, ...)`."""

    run_id: str
    seed: int


class BlockStamp(Identity):
    """Identity, and the columns that place a row in time: `BlockRow(**stamp, ...)`."""

    phase: str
    step: int
    block_number: int
    timestamp: int


class LogStamp(BlockStamp):
    """Stamp of a block, and the columns that name an event in it: `SwapRow(**stamp, ...)`."""

    tx_hash: str
    log_index: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """Base of every table's rows: the run and seed that a row belongs to."""

    table_name: ClassVar[str] = ""
    """Name of the table whose rows these are; set by `table`."""

    run_id: str = text("scenario, seed and hash of the run")
    seed: int = int64("-", "seed of every random stream")


@dataclass(frozen=True, kw_only=True)
class AtBlock(Row):
    """Base of rows that belong to a block."""

    phase: str = text("build or crash")
    step: int = int64("-", "step of the crash phase, 0 at its first block; -1 during the build")
    block_number: int = int64("-", "block")
    timestamp: int = int64("s", "Unix time of the block")


@dataclass(frozen=True, kw_only=True)
class AtLog(AtBlock):
    """Base of rows that stand for one event of a transaction."""

    tx_hash: str = text("transaction that emitted the event")
    log_index: int = int64("-", "position of the event in its block")


TABLES: dict[str, Table] = {}
"""Every declared table by name, in the order in which they are written."""

R = TypeVar("R", bound=Row)


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(text, int64, int64_or_null, uint256, uint256_or_null, boolean, real),
)
def table(name: str, *, is_derived: bool = False) -> Callable[[type[R]], type[R]]:
    """Declare the class below as the rows of a table: its fields are the columns, its docstring is the meaning.

    Parameters
    ----------
    name : str
        Name of the table, and of its file.
    is_derived : bool
        Whether it is made from the other tables once they are whole, instead of being recorded.

    Returns
    -------
    callable
        Decorator that makes the class a frozen dataclass and enters its schema into `TABLES`.
    """

    def declare(cls: type[R]) -> type[R]:
        row = dataclass(frozen=True, kw_only=True)(cls)
        columns = tuple(Column(name=one.name, **one.metadata) for one in fields(row))
        row.table_name = name
        TABLES[name] = Table(name, " ".join((cls.__doc__ or "").split()), columns, row, is_derived)
        return row

    return declare
