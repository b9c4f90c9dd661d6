"""`cascade frontier`: find where a condition begins to hold as one key grows, and the smallest world that meets it."""

from __future__ import annotations

import json
import os
import re
import tempfile
from decimal import Decimal, InvalidOperation
from pathlib import Path

from rich.console import Console

from cascade.chain.snapshots import Snapshots
from cascade.commands.options import with_seed
from cascade.commands.outputs import require_outputs
from cascade.errors import CascadeError, ExpectationFailed
from cascade.experiments.execution import Execution
from cascade.experiments.frontier.condition import parse_condition
from cascade.experiments.frontier.find import Frontier, Value, find_frontier, require_range
from cascade.experiments.frontier.shrink import shrink
from cascade.experiments.frontier.words import (
    EDGE_HEADINGS,
    edge_rows,
    frontier_words,
    pytest_file,
    scenario_text,
)
from cascade.harness import replay
from cascade.report.shared.terminal import print_table, print_text
from cascade.run.progress import Progress
from cascade.scenario.load import Scenario, load_scenario, vary
from cascade.scenario.tree import parse_override

__all__ = ["show_frontier"]


def show_frontier(
    file: Path,
    *,
    path: str,
    between: tuple[str, str],
    until: str,
    tolerance: str | None,
    along: str | None,
    overrides: tuple[str, ...],
    seed: str | None,
    seeds: int,
    share_pct: int,
    shrinks: bool,
    execution: Execution,
    out: Path,
) -> None:
    """Find the frontier, print it, and write its figures; shrink the scenario at the frontier where that is asked for.

    Raises
    ------
    ExpectationFailed
        When there is no single frontier; everything is written and printed first.
    CascadeError
        Before anything runs, for a condition, range or key that is none.
    """
    require_outputs(out)
    condition = parse_condition(until)
    low, high = (_number("--between", text) for text in between)
    least = _number("--tolerance", tolerance) if tolerance is not None else _default_tolerance(low, high)
    require_range(low, high, least)
    scenario = load_scenario(file, overrides=with_seed(overrides, seed))
    progress, console = execution.progress, Console()
    curve: list[tuple[str, Frontier]] = []
    for change in _along(along):
        varied = load_scenario(file, overrides=with_seed((*overrides, *change), seed)) if change else scenario
        found = find_frontier(
            varied,
            path,
            low=low,
            high=high,
            condition=condition,
            tolerance=least,
            seeds=seeds,
            share_pct=share_pct,
            execution=execution,
        )
        label = change[0] if change else ""
        curve.append((label, found))
        print_text(console, f"{label}: {frontier_words(found)}" if label else frontier_words(found))
        print_table(console, "by seed", EDGE_HEADINGS, edge_rows(found))
    name = re.sub(r"[^\w.-]+", "-", f"frontier-{scenario.spec.name}-{path}")
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    figures = folder / "frontier.json"
    figures.write_text(_as_json(curve), encoding="utf-8")
    print_text(console, str(figures), wrap=False)
    unclear = [frontier_words(found) for _, found in curve if not found.is_clear]
    if shrinks and not unclear:
        for written in _shrunk(file, scenario, curve[0][1], folder, progress):
            print_text(console, str(written), wrap=False)
    if unclear:
        raise ExpectationFailed(f"{file.name}: {unclear[0]}")


def _shrunk(file: Path, scenario: Scenario, found: Frontier, folder: Path, progress: Progress) -> list[Path]:
    """Write the smallest scenario that meets the condition at the frontier of the first seed, and its test."""
    first = found.edges[0].first_with
    if first is None:
        return []
    value = first if isinstance(first, int) else float(first)
    at_edge = vary(scenario, {found.path: value})
    condition = found.condition
    with progress.stage("shrinking"), Snapshots() as snapshots, tempfile.TemporaryDirectory() as runs:

        def meets(candidate: Scenario) -> bool:
            run = replay(candidate, out=runs, report=False, require_expected=False, snapshots=snapshots)
            return condition.holds(run.summary)

        smallest = shrink(at_edge, meets)
        last = replay(smallest.scenario, out=runs, report=False, require_expected=False, snapshots=snapshots)
        liquidates = last.summary.liquidations > 0
    extends = os.path.relpath(file, folder) if file.suffix else str(file)
    scenario_file, test_file = folder / "smallest.yaml", folder / "test_smallest.py"
    # In the order in which they were made: those of the command line, the value at the frontier, what was taken away.
    changes = dict(parse_override(one) for one in smallest.scenario.overrides)
    text = scenario_text(smallest.scenario, extends, changes, condition, liquidates=liquidates)
    scenario_file.write_text(text, encoding="utf-8")
    test_file.write_text(pytest_file(scenario_file.name, condition), encoding="utf-8")
    return [scenario_file, test_file]


def _along(text: str | None) -> list[tuple[str, ...]]:
    """Return the changes of each point of a curve, from `PATH=V1,V2`; one without changes where there is no curve."""
    if text is None:
        return [()]
    path, equals, values = text.partition("=")
    points: list[tuple[str, ...]] = [(f"{path}={value.strip()}",) for value in values.split(",") if value.strip()]
    if not equals or not points:
        raise CascadeError(f"--along = {text!r}: expected PATH=VALUE,VALUE,...")
    return points


def _number(option: str, text: str) -> Value:
    try:
        number = Decimal(text.replace("_", ""))
    except InvalidOperation as error:
        raise CascadeError(f"{option} = {text!r}: expected a number") from error
    if not number.is_finite():
        raise CascadeError(f"{option} = {text!r}: expected a finite number")
    return int(number) if re.fullmatch(r"[-+]?[0-9_]+", text) else number


def _default_tolerance(low: Value, high: Value) -> Value:
    """Return a hundredth of the range, and at least 1 between whole numbers."""
    width = high - low
    return max(width // 100, 1) if isinstance(width, int) else width / 100


def _as_json(curve: list[tuple[str, Frontier]]) -> str:
    content = [
        {
            "along": label,
            "path": found.path,
            "until": str(found.condition),
            "between": [str(found.low), str(found.high)],
            "tolerance": str(found.tolerance),
            "clear": found.is_clear,
            "point": None if found.point is None else [found.point.low, found.point.value, found.point.high],
            "seeds": [
                {
                    "seed": edge.seed,
                    "outcome": edge.outcome,
                    "first_with": None if edge.first_with is None else str(edge.first_with),
                    "last_without": None if edge.last_without is None else str(edge.last_without),
                    "tried": {str(value): holds for value, holds in edge.tried.items()},
                }
                for edge in found.edges
            ],
        }
        for label, found in curve
    ]
    return json.dumps(content, indent=2) + "\n"
