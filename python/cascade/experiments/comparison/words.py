"""A comparison in words: the same rows for the terminal, for Markdown and for the page."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from cascade.report.shared.figures import NOTHING, number
from cascade.units import bps_to_pct, wad_to_float

if TYPE_CHECKING:
    from cascade.experiments.comparison.compare import Comparison, Outcome, ParameterChange
    from cascade.run.opened import Run

__all__ = [
    "at_once_rows",
    "commands",
    "figures",
    "impossible_rows",
    "number",
    "parameter_groups",
    "positions_note",
    "title",
]


AT_ONCE_HEADINGS = ("account", "cohort", "collateral", "health factor before", "under the change")
IMPOSSIBLE_HEADINGS = ("account", "cohort", "collateral", "LTV used", "change lends")

_PPM_PER_CENT = 10_000


def title(comparison: Comparison) -> str:
    """What is compared."""
    names = [run.manifest.scenario_name for run in (comparison.baseline, comparison.change)]
    return names[0] if names[0] == names[1] else f"{names[0]} and {names[1]}"


def parameter_groups(comparison: Comparison) -> dict[str, list[tuple[str, str, str]]]:
    """Parameters that differ by what they belong to: key, before, after."""
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for changed in comparison.parameters:
        row = (changed.key, _value(changed, changed.baseline), _value(changed, changed.change))
        groups.setdefault(changed.group, []).append(row)
    return groups


def _value(changed: ParameterChange, value: str | None) -> str:
    if value is None:
        return NOTHING
    if changed.key.endswith("_bps") and value.isdigit():
        return f"{bps_to_pct(int(value)):.2f} % [{value}]"
    return value


def figures(outcome: Outcome) -> tuple[str, str, str]:
    """Before, after, and the difference of one outcome."""
    difference = None
    if outcome.baseline is not None and outcome.change is not None:
        difference = outcome.change - outcome.baseline
    first, second, third = (number(value, outcome.unit) for value in (outcome.baseline, outcome.change, difference))
    return first, second, third


def impossible_rows(comparison: Comparison) -> list[tuple[str, str, str, str, str]]:
    """Positions that the change would not have lent for."""
    return [
        (
            one.account,
            one.cohort,
            one.asset,
            f"{one.ltv_ppm / _PPM_PER_CENT:.2f} %",
            f"{bps_to_pct(one.limit_bps):.2f} %",
        )
        for one in comparison.impossible
    ]


def at_once_rows(comparison: Comparison) -> list[tuple[str, str, str, str, str]]:
    """Positions that are liquidatable under the change before the crash begins."""
    return [
        (
            one.account,
            one.cohort,
            one.asset,
            f"{wad_to_float(one.before_wad):.4f}",
            f"{wad_to_float(one.health_factor_wad):.4f}",
        )
        for one in comparison.at_once
    ]


def positions_note(comparison: Comparison) -> str:
    """Whether both runs are about the same positions, and how the change was made."""
    if not comparison.has_same_positions:
        return "The positions differ: the change builds its own, so outcomes mix its lines with other positions."
    same = "Both runs have the same positions, to the unit"
    if comparison.is_reconfigured:
        return f"{same}, built under the baseline's lending lines; the change was applied before the crash."
    return f"{same}."


def commands(comparison: Comparison) -> list[str]:
    """The commands that make both runs again and compare their tables, from what their folders hold."""
    return [shlex.join(["ape", "run", "verify", str(run.folder)]) for run in (comparison.baseline, comparison.change)]


def run_facts(run: Run) -> tuple[str, str]:
    """Id and hash of a run."""
    return run.manifest.run_id, str(run.summary["tables_sha256"])
