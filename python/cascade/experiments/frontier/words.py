"""Word a frontier, and write the files of a scenario that was shrunk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import yaml

from cascade.experiments.frontier.condition import Condition
from cascade.experiments.frontier.find import Edge, Frontier, Outcome
from cascade.scenario.load import Scenario

__all__ = ["EDGE_HEADINGS", "edge_rows", "frontier_words", "pytest_file", "scenario_text"]

EDGE_HEADINGS = ("seed", "outcome", "holds from", "not at", "values tried")


def frontier_words(found: Frontier) -> str:
    """Return what was found, in a sentence."""
    range_ = f"{found.low} to {found.high}"
    outcomes = {edge.outcome for edge in found.edges}
    of = f"{len(found.edges)} seeds" if len(found.edges) > 1 else f"seed {found.edges[0].seed}"
    if outcomes == {Outcome.NEVER}:
        return f"{found.condition} never holds for {found.path} from {range_} ({of})."
    if outcomes == {Outcome.ALWAYS}:
        return f"{found.condition} always holds for {found.path} from {range_} ({of})."
    point = found.point
    if point is None:
        return (
            f"{found.condition} has no single frontier over {found.path} from {range_}: "
            f"{'; '.join(_without_edge(edge) for edge in found.edges if edge.outcome != Outcome.EDGE) or _both_ways()}."
        )
    side = "or more" if found.edges[0].rises else "or less"
    share = f"{found.share_pct} % of {of} meet" if len(found.edges) > 1 else f"{of} meets"
    ends = " to ".join("unbounded" if end is None else f"{end:g}" for end in (point.low, point.high))
    interval = f" (95 % interval {ends})" if len(found.edges) > 1 else ""
    return f"{share} {found.condition} at {found.path} = {point.value:g} {side}{interval}, within {found.tolerance}."


def edge_rows(found: Frontier) -> list[tuple[str, ...]]:
    """Return a row per seed."""
    return [
        (
            str(edge.seed),
            edge.outcome,
            "-" if edge.first_with is None else str(edge.first_with),
            "-" if edge.last_without is None else str(edge.last_without),
            str(len(edge.tried)),
        )
        for edge in found.edges
    ]


def scenario_text(
    scenario: Scenario, extends: str, changes: Mapping[str, object], condition: Condition, *, liquidates: bool
) -> str:
    """Return the YAML of a scenario that was shrunk: what it extends, and what was changed.

    Parameters
    ----------
    liquidates : bool
        Whether anybody is liquidated in it.
    """
    tree: dict[str, object] = {
        "extends": extends,
        "name": f"{scenario.spec.name}-smallest",
        "description": f"the smallest world found in which {condition}",
        "seed": scenario.seed,
        # The claims are of the whole scenario; this one is held against the condition, by the test beside it.
        "expect": {"liquidations": "some" if liquidates else "none", "troughs": [], "exchange": None},
    }
    for path, value in changes.items():
        node: dict[str, object] = tree
        *sections, key = path.split(".")
        for section in sections:
            below = node.setdefault(section, {})
            node = below if isinstance(below, dict) else {}
        node[key] = value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
    # The seed stands once, whether the command line set it or not.
    tree["seed"] = scenario.seed
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


def pytest_file(file: str, condition: Condition) -> str:
    """Return a test that runs the scenario beside it and holds it against the condition."""
    return f'''"""The smallest world that was found in which {condition}: it fails as soon as a change prevents that."""

from pathlib import Path

from cascade.experiments.frontier.condition import parse_condition


def test_smallest_world__meets_the_condition(replay):
    run = replay(Path(__file__).with_name({file!r}))

    assert parse_condition({str(condition)!r}).holds(run.summary)
'''


def _without_edge(edge: Edge) -> str:
    if edge.outcome != Outcome.NOT_MONOTONIC:
        return f"seed {edge.seed} {edge.outcome} meets it"
    held = [str(value) for value, holds in edge.tried.items() if holds]
    lacking = [str(value) for value, holds in edge.tried.items() if not holds]
    return f"seed {edge.seed} meets it at {', '.join(held)} and not at {', '.join(lacking)}"


def _both_ways() -> str:
    return "it holds above the edge for some seeds and below it for others"
