"""Answer questions in SQL about the tables of a run, by DuckDB."""

from __future__ import annotations

import importlib
import re
from types import ModuleType

import numpy as np
import pandas as pd

from cascade.analysis.frames import Frames, liquidations_usd, positions_usd, prices_usd
from cascade.errors import CascadeError, ToolMissing
from cascade.recording.tables import TABLES, Column, Kind
from cascade.units import e8_to_float, wad_to_float

__all__ = ["QueryRefused", "query"]

_NUMBERS = "_usd"
"""Ending of the views that hold numbers in place of exact integers."""
_WITH_DOLLARS = {"liquidations": liquidations_usd, "positions": positions_usd, "prices": prices_usd}
"""Tables whose amounts have their values in dollars, from the prices that their rows hold or refer to."""


class QueryRefused(CascadeError, ValueError):
    """Raised when a query cannot be answered; the message is DuckDB's first line."""


def query(frames: Frames, sql: str) -> pd.DataFrame:
    """Return the answer to a query over the tables of a run.

    Each table is there under its name, as it was written: amounts of 256 bits are text, because no number of SQL holds
    them. `TABLE_usd` is the same table with numbers: columns `..._e8` become `..._usd` in dollars, columns `..._wad`
    lose their ending and scale, columns `..._raw` are smallest units as DOUBLE, which keeps 15 digits.
    `liquidations_usd`, `positions_usd` and `prices_usd` also have the dollar values that `cascade.analysis.frames`
    derives. Only tables that the query names are read.

    Parameters
    ----------
    sql : str
        One query. It sees the tables alone: neither files, nor the network, nor variables of Python.

    Raises
    ------
    QueryRefused
        When DuckDB does not accept it.
    ToolMissing
        When DuckDB is not installed.
    """
    duckdb = _library()
    words = set(re.findall(r"\w+", sql.lower()))
    with duckdb.connect(":memory:", config={"python_enable_replacements": False}) as connection:
        for name in TABLES:
            for view in {name, f"{name}{_NUMBERS}"} & words:
                connection.register(view, _exact(frames, name) if view == name else _numbers(frames, name))
        connection.execute("SET enable_external_access = false")
        try:
            answer: pd.DataFrame = connection.execute(sql).df()
        except duckdb.Error as error:
            raise QueryRefused(f"sql: {str(error).splitlines()[0]}") from error
    return answer


def _exact(frames: Frames, name: str) -> pd.DataFrame:
    frame: pd.DataFrame = getattr(frames, name).copy()
    for column in TABLES[name].columns:
        if column.kind is Kind.UINT256:
            frame[column.name] = pd.array(
                [None if value is None else str(value) for value in frame[column.name].tolist()], dtype="string"
            )
    return frame


def _numbers(frames: Frames, name: str) -> pd.DataFrame:
    frame: pd.DataFrame = _WITH_DOLLARS[name](frames) if name in _WITH_DOLLARS else getattr(frames, name).copy()
    for column in TABLES[name].columns:
        if column.kind is Kind.UINT256 or column.name.endswith("_e8"):
            values = frame.pop(column.name).tolist()
            called = _name_of(column)
            # What is there already was derived with more care than a change of scale.
            if called not in frame:
                frame[called] = [
                    np.nan if value is None or value is pd.NA else _float(column, value) for value in values
                ]
    return frame


def _name_of(column: Column) -> str:
    if column.name.endswith("_e8"):
        return column.name.removesuffix("_e8").removesuffix("_base") + "_usd"
    return column.name.removesuffix("_wad")


def _float(column: Column, value: int) -> float:
    if column.name.endswith("_e8"):
        return e8_to_float(value)
    return wad_to_float(value) if column.name.endswith("_wad") else float(value)


def _library() -> ModuleType:
    try:
        return importlib.import_module("duckdb")
    except ImportError as error:
        raise ToolMissing("run.sql needs the package duckdb: `pip install duckdb`") from error
