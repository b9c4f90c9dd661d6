"""What a table is made of: a class of rows whose fields are the columns, each with its type, unit and meaning.

A table is declared once, as a frozen dataclass decorated with `table`. The schema of the Parquet file, the generated
document and the rows that recording makes and analysis reads all follow from that class.

Parquet holds a `uint256` as a decimal string and a frame holds it as a Python int: no integer or decimal type of
either fits it, and both round it silently.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, ClassVar, TypedDict, TypeVar, dataclass_transform

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
    "real",
    "table",
    "text",
    "uint256",
]


class Kind(Enum):
    """Type of a column."""

    TEXT = "text"
    INT64 = "int64"
    UINT256 = "uint256"
    """Exact integer of up to 256 bits; negative only where the column is signed."""
    BOOL = "bool"
    FLOAT64 = "float64"
    """A derived figure, finite; never an amount that a contract counts."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    unit : str
        Unit of the values; `-` where there is none.
    is_signed : bool
        Whether a uint256 column also holds negative values.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    is_signed: bool = False


@dataclass(frozen=True)
class Table:
    """The schema of one table, taken from its class of rows.

    Attributes
    ----------
    row : type of Row
        The class of its rows.
    is_derived : bool
        Whether it is made from the other tables once they are whole, and not recorded.
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


def _column(kind: Kind, unit: str, meaning: str, *, signed: bool = False) -> Any:
    # Returned in place of a default, as `dataclasses.field` is: the field is required, and its type is the annotation.
    return field(metadata={"kind": kind, "unit": unit, "meaning": meaning, "signed": signed})


def text(meaning: str, *, unit: str = "-") -> Any:
    """Declare a column of text."""
    return _column(Kind.TEXT, unit, meaning)


def int64(unit: str, meaning: str) -> Any:
    """Declare a column of integers that fit 64 bits."""
    return _column(Kind.INT64, unit, meaning)


def uint256(unit: str, meaning: str, *, signed: bool = False) -> Any:
    """Declare a column of exact integers of up to 256 bits."""
    return _column(Kind.UINT256, unit, meaning, signed=signed)


def boolean(meaning: str) -> Any:
    """Declare a column of true or false."""
    return _column(Kind.BOOL, "-", meaning)


def real(unit: str, meaning: str) -> Any:
    """Declare a column of finite floats: derived figures only."""
    return _column(Kind.FLOAT64, unit, meaning)


class Identity(TypedDict):
    """The columns that name the run of a row; `Row(**identity, ...)`."""

    run_id: str
    seed: int


class BlockStamp(Identity):
    """Identity, and the columns that place a row in time."""

    phase: str
    step: int
    block_number: int
    timestamp: int


class LogStamp(BlockStamp):
    """A block's stamp, and the columns that name an event in its block."""

    tx_hash: str
    log_index: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table, of the run and seed that it belongs to."""

    table_name: ClassVar[str] = ""
    """Name of the table whose rows these are; set by `table`."""

    run_id: str = text("scenario, seed and hash of the run")
    seed: int = int64("-", "seed of every random stream")


@dataclass(frozen=True, kw_only=True)
class AtBlock(Row):
    """A row that belongs to a block."""

    phase: str = text("build or crash")
    step: int = int64("-", "step of the crash phase, 0 at its first block; -1 during the build")
    block_number: int = int64("-", "block")
    timestamp: int = int64("s", "Unix time of the block")


@dataclass(frozen=True, kw_only=True)
class AtLog(AtBlock):
    """A row that one event of a transaction stands for."""

    tx_hash: str = text("transaction that emitted the event")
    log_index: int = int64("-", "position of the event in its block")


TABLES: dict[str, Table] = {}
"""Every declared table by name, in the order in which they are written."""

R = TypeVar("R", bound=Row)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(text, int64, uint256, boolean, real))
def table(name: str, *, is_derived: bool = False) -> Callable[[type[R]], type[R]]:
    """Declare the class below as the rows of a table: its fields are the columns, its docstring is the meaning.

    Parameters
    ----------
    name : str
        Name of the table, and of its file.
    is_derived : bool
        Whether it is made from the other tables once they are whole.
    """

    def declare(cls: type[R]) -> type[R]:
        row = dataclass(frozen=True, kw_only=True)(cls)
        columns = tuple(
            Column(
                one.name, one.metadata["kind"], one.metadata["unit"], one.metadata["meaning"], one.metadata["signed"]
            )
            for one in fields(row)
        )
        row.table_name = name
        TABLES[name] = Table(name, " ".join((cls.__doc__ or "").split()), columns, row, is_derived)
        return row

    return declare
