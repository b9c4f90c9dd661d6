"""Word a comparison: the same rows for the terminal, for Markdown and for the page."""

from __future__ import annotations

import shlex

from cascade.experiments.comparison.result import Comparison, Outcome, ParameterChange
from cascade.report.shared.figures import NOTHING, count, number
from cascade.run.opened import Run
from cascade.units import bps_to_pct, ppm_to_pct, wad_to_float

__all__ = [
    "AT_ONCE_HEADINGS",
    "IMPOSSIBLE_HEADINGS",
    "at_once_rows",
    "column_differences",
    "commands",
    "counterfactuals",
    "figures",
    "impossible_rows",
    "parameter_groups",
    "positions_note",
    "row_counts",
    "run_facts",
    "title",
]

AT_ONCE_HEADINGS = ("account", "cohort", "collateral", "health factor before", "under the change")
IMPOSSIBLE_HEADINGS = ("account", "cohort", "collateral", "LTV used", "change lends")


def title(comparison: Comparison) -> str:
    """Return the name of the scenario, or the names of both where they differ."""
    names = [run.manifest.scenario_name for run in (comparison.baseline, comparison.change)]
    return names[0] if names[0] == names[1] else f"{names[0]} and {names[1]}"


def parameter_groups(comparison: Comparison) -> dict[str, list[tuple[str, str, str]]]:
    """Return key, value before and value after of each parameter that differs, by the group that it belongs to."""
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for changed in comparison.parameters:
        row = (changed.key, _value(changed, changed.baseline), _value(changed, changed.change))
        groups.setdefault(changed.group, []).append(row)
    return groups


def _value(changed: ParameterChange, value: str | None) -> str:
    if value is None:
        return NOTHING
    # Proposals state rates in per cent; the value that the scenario states follows in brackets.
    if changed.key.endswith("_bps") and value.isdigit():
        return f"{bps_to_pct(int(value)):.2f} % [{value}]"
    return value


def figures(outcome: Outcome) -> tuple[str, str, str]:
    """Return a figure before and after the change, and their difference."""
    # The difference to a figure that a run does not have is none, not the other figure.
    difference = None
    if outcome.baseline is not None and outcome.change is not None:
        difference = outcome.change - outcome.baseline
    first, second, third = (number(value, outcome.unit) for value in (outcome.baseline, outcome.change, difference))
    return first, second, third


def impossible_rows(comparison: Comparison) -> list[tuple[str, str, str, str, str]]:
    """Return a row per position that the change would not have lent for."""
    return [
        (
            position.account,
            position.cohort,
            position.asset,
            f"{ppm_to_pct(position.ltv_ppm):.2f} %",
            f"{bps_to_pct(position.limit_bps):.2f} %",
        )
        for position in comparison.impossible
    ]


def at_once_rows(comparison: Comparison) -> list[tuple[str, str, str, str, str]]:
    """Return a row per position that is liquidatable under the change before the crash begins."""
    return [
        (
            position.account,
            position.cohort,
            position.asset,
            f"{wad_to_float(position.before_wad):.4f}",
            f"{wad_to_float(position.health_factor_wad):.4f}",
        )
        for position in comparison.at_once
    ]


def row_counts(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Return a row per table: the number of its rows in both runs, and in only one of them."""
    return [
        (match.table, count(match.both), count(match.only_baseline), count(match.only_change))
        for match in comparison.rows
    ]


def column_differences(comparison: Comparison) -> list[tuple[str, str, str, str, str]]:
    """Return a row per column: the number of rows with different values, and the largest difference."""
    return [
        (column.table, column.column, column.unit, count(column.rows_differing), count(column.largest))
        for column in comparison.columns
    ]


def counterfactuals(comparison: Comparison) -> list[str]:
    """Return what the runs assume against the record; both usually say the same, which is returned once."""
    texts = [run.summary.counterfactual for run in (comparison.baseline, comparison.change)]
    return list(dict.fromkeys(text for text in texts if text))


def positions_note(comparison: Comparison) -> str:
    """Return a sentence about whether both runs have the same positions, and how the change was made."""
    if not comparison.has_same_positions:
        return (
            "The positions differ: the change builds its own, so outcomes show its lending lines and its positions "
            "together."
        )
    same = "Both runs have the same positions, to the unit"
    if comparison.is_reconfigured:
        return f"{same}, built under the baseline's lending lines; the change was applied before the crash."
    return f"{same}."


def commands(comparison: Comparison) -> list[str]:
    """Return the commands that make both runs again and compare their tables."""
    return [shlex.join(["ape", "run", "verify", str(run.folder)]) for run in (comparison.baseline, comparison.change)]


def run_facts(run: Run) -> tuple[str, str]:
    """Return the id of a run and the hash over its tables."""
    return run.manifest.run_id, run.summary.tables_sha256
