"""Two runs of one seed, baseline and change: what was changed, what came of it, and how far the facts differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cascade.errors import CascadeError
from cascade.harness import replay
from cascade.progress import Progress, quiet
from cascade.recording.schema import TABLES
from cascade.run import Run
from cascade.scenario.load import Scenario

__all__ = [
    "ColumnDifference",
    "Comparison",
    "NothingChanged",
    "Outcome",
    "ParameterChange",
    "RowMatch",
    "compare",
    "compare_finished",
]

IDENTITY = {
    "liquidations": ("step", "borrower", "collateral_asset", "debt_asset", "round"),
    "positions": ("phase", "step", "event", "borrower"),
}
"""What names a row in both runs. Block numbers do not: engines need different numbers of set-up blocks."""

_COMPARED_UNITS = ("smallest unit", "USD 1e-8", "1e-18", "1e-4")
"""Amounts, prices and values, health factors, rates of bonus and close factor."""


class NothingChanged(CascadeError, ValueError):
    """Baseline and change are the same scenario."""


@dataclass(frozen=True)
class ParameterChange:
    """A parameter that differs; None where one side does not have it."""

    key: str
    baseline: str | None
    change: str | None


@dataclass(frozen=True)
class Outcome:
    """A figure of both runs' summaries; None where a run has none."""

    name: str
    unit: str
    baseline: float | None
    change: float | None


@dataclass(frozen=True)
class RowMatch:
    """How many rows of a table both runs have, and how many only one has."""

    table: str
    both: int
    only_baseline: int
    only_change: int


@dataclass(frozen=True)
class ColumnDifference:
    """The largest difference of a column over the rows that both runs have, in the column's own unit, exact."""

    table: str
    column: str
    unit: str
    rows_differing: int
    largest: int


@dataclass(frozen=True)
class Comparison:
    """Two finished runs side by side."""

    baseline: Run
    change: Run
    parameters: tuple[ParameterChange, ...]
    outcomes: tuple[Outcome, ...]
    rows: tuple[RowMatch, ...]
    columns: tuple[ColumnDifference, ...]

    @property
    def is_identical(self) -> bool:
        """Whether both runs have the same rows, without any difference in the columns compared."""
        return all(not match.only_baseline and not match.only_change for match in self.rows) and all(
            column.rows_differing == 0 for column in self.columns
        )


def compare(
    baseline: Scenario, change: Scenario, *, out: str | Path = "runs", progress: Progress | None = None
) -> Comparison:
    """Run both scenarios and put them side by side.

    Raises
    ------
    NothingChanged
        Before anything is started.
    CascadeError
        What `replay` raises; a run that ends otherwise than expected is no error here.
    """
    if not _parameter_changes(baseline.parameters_json(), change.parameters_json()) and (
        baseline.path_json() == change.path_json()
    ):
        raise NothingChanged(f"{change.file}: --set changes nothing: baseline and change are the same scenario")
    progress = progress or quiet()
    runs = []
    for name, scenario in (("baseline", baseline), ("change", change)):
        progress.say(name)
        runs.append(replay(scenario, out=out, progress=progress, require_expected=False))
    return compare_finished(*runs)


def compare_finished(baseline: Run, change: Run) -> Comparison:
    """Put two finished runs side by side."""
    parameters = [str(run.runs["parameters"].iloc[0]) for run in (baseline, change)]
    rows: list[RowMatch] = []
    columns: list[ColumnDifference] = []
    for table, identity in IDENTITY.items():
        first, second = (_indexed(getattr(run, table), identity, table) for run in (baseline, change))
        both = first.index.intersection(second.index)
        rows.append(RowMatch(table, len(both), len(first) - len(both), len(second) - len(both)))
        columns += _column_differences(table, first.loc[both], second.loc[both])
    return Comparison(
        baseline=baseline,
        change=change,
        parameters=_parameter_changes(*parameters),
        outcomes=tuple(_outcomes(baseline.summary, change.summary)),
        rows=tuple(rows),
        columns=tuple(columns),
    )


def _parameter_changes(baseline: str, change: str) -> tuple[ParameterChange, ...]:
    first, second = (dict(_flat(json.loads(text))) for text in (baseline, change))
    return tuple(
        ParameterChange(key, first.get(key), second.get(key))
        for key in sorted({*first, *second})
        if first.get(key) != second.get(key)
    )


def _flat(node: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _flat(value, f"{prefix}.{key}" if prefix else key)
    else:
        yield prefix, node if isinstance(node, str) else json.dumps(node, ensure_ascii=False)


def _indexed(frame: pd.DataFrame, identity: tuple[str, ...], table: str) -> pd.DataFrame:
    indexed = frame.set_index(list(identity))
    if not indexed.index.is_unique:
        raise CascadeError(f"{table}: {', '.join(identity)} name more than one row: the runs cannot be compared")
    return indexed


def _column_differences(table: str, first: pd.DataFrame, second: pd.DataFrame) -> Iterator[ColumnDifference]:
    for column in TABLES[table].columns:
        if column.unit not in _COMPARED_UNITS:
            continue
        # Python integers: a difference of two 256-bit amounts fits no other type.
        pairs = zip(first[column.name].tolist(), second[column.name].tolist(), strict=True)
        distances = [abs(int(one) - int(other)) for one, other in pairs]
        yield ColumnDifference(table, column.name, column.unit, sum(map(bool, distances)), max(distances, default=0))


def _outcomes(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Outcome]:
    paths = [
        ("liquidations", "", ("liquidations",)),
        ("liquidated positions", "", ("liquidated_positions",)),
        ("debt covered", "USD", ("debt_covered_usd",)),
        ("deficit", "USD", ("deficit_usd",)),
        ("keepers' net profit", "USD", ("keepers", "net_profit_usd")),
    ]
    paths += [(f"shortfall at trough, {price}", "USD", ("shortfall_usd", "trough", price)) for price in _SHORTFALLS]
    for asset in sorted({*first["trough"], *second["trough"]}):
        for source in sorted({*first["trough"].get(asset, {}), *second["trough"].get(asset, {})}):
            paths.append((f"lowest {asset}, {source}", "USD each", ("trough", asset, source)))
    for name, unit, path in paths:
        yield Outcome(name, unit, _at(first, path), _at(second, path))


_SHORTFALLS = ("oracle", "exit", "redemption")


def _at(summary: Mapping[str, Any], path: tuple[str, ...]) -> float | None:
    value: Any = summary
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return None if value is None else float(value)
