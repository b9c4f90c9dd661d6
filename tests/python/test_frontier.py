"""Conditions, frontiers and shrinking, on functions whose edges are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from cascade import Scenario, load_scenario
from cascade.commands.frontier import show_frontier
from cascade.errors import CascadeError
from cascade.experiments.execution import HERE
from cascade.experiments.frontier.condition import InvalidCondition, parse_condition
from cascade.experiments.frontier.find import Edge, Frontier, Outcome, Value, search
from cascade.experiments.frontier.shrink import shrink
from cascade.experiments.frontier.words import frontier_words, scenario_text
from cascade.toolchain.paths import project_root

FLAGSHIP = project_root() / "scenarios" / "loop-and-crash.yaml"


def found(
    holds: Callable[[int, Value], bool], *, low: Value = 0, high: Value = 1000, tolerance: Value = 1, seeds: int = 1
) -> tuple[list[Edge], int]:
    """The edges of a function of seed and value, and the number of its calls."""
    known: dict[tuple[int, Value], bool] = {}

    def meets(probes: Sequence[tuple[int, Value]]) -> None:
        assert not known.keys() & set(probes)
        known.update({probe: holds(*probe) for probe in probes})

    edges = search(range(1, seeds + 1), low=low, high=high, tolerance=tolerance, grid=9, known=known, meets=meets)
    return edges, len(known)


def frontier(edges: Sequence[Edge], share_pct: int = 50) -> Frontier:
    return Frontier("a.b", parse_condition("deficit_usd > 0"), 0, 1000, 1, tuple(edges), share_pct)


@pytest.mark.parametrize("edge", [1, 125, 126, 500, 637, 999, 1000])
def test_search__condition_that_begins__finds_the_first_value_exactly(edge: int) -> None:
    (one,), calls = found(lambda _, value: value >= edge)

    assert (one.outcome, one.last_without, one.first_with, one.rises) == (Outcome.EDGE, edge - 1, edge, True)
    # Nine values of the grid, and seven halvings of 125.
    assert calls <= 16


def test_search__condition_that_ends__finds_the_last_value() -> None:
    (one,), _ = found(lambda _, value: value <= 333)

    assert (one.last_without, one.first_with, one.rises) == (334, 333, False)


def test_search__decimals__ends_within_the_tolerance() -> None:
    (one,), _ = found(
        lambda _, value: value >= Decimal("0.6543"), low=Decimal(0), high=Decimal(1), tolerance=Decimal("0.001")
    )

    assert one.last_without is not None
    assert one.first_with is not None
    assert one.last_without < Decimal("0.6543") <= one.first_with
    assert one.first_with - one.last_without <= Decimal("0.001")


@pytest.mark.parametrize(
    ("holds", "outcome"),
    [
        (lambda _, value: True, Outcome.ALWAYS),
        (lambda _, value: False, Outcome.NEVER),
        (lambda _, value: 200 < value < 600, Outcome.NOT_MONOTONIC),
        (lambda _, value: value < 200 or value > 600, Outcome.NOT_MONOTONIC),
    ],
)
def test_search__condition_without_one_edge__names_no_number(holds: Callable[..., bool], outcome: str) -> None:
    (one,), calls = found(holds)

    assert (one.outcome, one.first_with, one.last_without) == (outcome, None, None)
    assert calls == 9
    assert not frontier([one]).is_clear
    assert frontier([one]).point is None


def test_frontier__over_seeds__is_the_value_that_a_share_of_them_meet() -> None:
    edges, _ = found(lambda seed, value: value >= 100 * seed, seeds=9)

    # The seeds' edges are 100, 200 ... 900: five of nine meet the condition at 500, all of them at 900.
    half, most = frontier(edges).point, frontier(edges, 100).point
    assert half is not None
    assert most is not None
    assert (half.value, most.value) == (500, 900)
    # Order statistics of nine values: the second to the eighth hold the median with more than 95 %.
    assert (half.low, half.high) == (200, 800)


def test_frontier__below_an_edge__is_the_value_that_a_share_of_them_meet() -> None:
    edges, _ = found(lambda seed, value: value <= 100 * seed, seeds=9)
    point = frontier(edges, 80).point

    # At 200, eight of nine meet it; at 300, seven, which is less than 80 %.
    assert point is not None
    assert point.value == 200


def test_frontier__seeds_that_differ_in_direction__is_not_clear() -> None:
    edges, _ = found(lambda seed, value: (value >= 500) == (seed == 1), seeds=2)

    assert not frontier(edges).is_clear
    assert "it holds above the edge for some seeds and below it for others" in frontier_words(frontier(edges))


def test_words__of_each_outcome() -> None:
    def words(holds: Callable[[int, Value], bool], seeds: int = 1) -> str:
        return frontier_words(frontier(found(holds, seeds=seeds)[0]))

    assert words(lambda _, value: value >= 40) == "seed 1 meets deficit_usd > 0 at a.b = 40 or more, within 1."
    assert words(lambda seed, value: value >= 100 * seed, 9) == (
        "50 % of 9 seeds meet deficit_usd > 0 at a.b = 500 or more (95 % interval 200 to 800), within 1."
    )
    assert words(lambda _, value: False) == "deficit_usd > 0 never holds for a.b from 0 to 1000 (seed 1)."
    assert words(lambda _, value: 200 < value < 600) == (
        "deficit_usd > 0 has no single frontier over a.b from 0 to 1000: seed 1 meets it at 250, 375, 500 and not at "
        "0, 125, 625, 750, 875, 1000."
    )


@pytest.mark.parametrize(
    ("text", "figure", "value", "holds"),
    [
        ("deficit_usd > 0", "deficit_usd", 1.0, True),
        ("deficit_usd > 0", "deficit_usd", 0.0, False),
        ("deficit_usd>=1_000", "deficit_usd", 1000.0, True),
        ("deficit_usd < 1e6", "deficit_usd", 1e6, False),
        ("deficit_usd <= 1e6", "deficit_usd", 1e6, True),
        ("deficit_usd == 2.5", "deficit_usd", 2.5, True),
    ],
)
def test_condition__on_both_sides(text: str, figure: str, value: float, holds: bool) -> None:
    summary: Any = SimpleNamespace(**{figure: value}, run_id="run")

    assert parse_condition(text).holds(summary) is holds


@pytest.mark.parametrize(
    "text",
    [
        "deficit_usd",
        "deficit_usd > ",
        "> 0",
        "deficit_usd > x",
        "deficit > 0",
        "__import__('os') > 0",
        "1 > 0",
        "a > 0 > b",
    ],
)
def test_condition__that_is_none__is_refused(text: str) -> None:
    with pytest.raises(InvalidCondition, match=r"^--until = "):
        parse_condition(text)


def test_condition__figure_that_a_run_lacks__is_neither() -> None:
    summary: Any = SimpleNamespace(keepers=SimpleNamespace(net_profit_usd=None), run_id="run-1")

    with pytest.raises(CascadeError, match=r"^run-1: has no keepers\.net_profit_usd"):
        parse_condition("keepers.net_profit_usd < 0").holds(summary)


def test_shrink__condition_on_counts_and_blocks__finds_the_smallest_of_each() -> None:
    scenario = load_scenario(FLAGSHIP, set={"positions.loopers.count": 64})
    seen: list[Scenario] = []

    def meets(one: Scenario) -> bool:
        seen.append(one)
        spec = one.spec
        return (
            spec.timeline.steps >= 37
            and spec.cohorts["loopers"].count >= 11
            and spec.agents["keeper"].active
            and getattr(spec.agents["keeper"], "count") >= 2  # noqa: B009 (of one kind of agent alone)
        )

    found = shrink(scenario, meets)

    assert found.scenario.spec.timeline.steps == 37
    assert found.scenario.spec.cohorts["loopers"].count == 11
    assert found.changes["agents.keeper.count"] == 2
    assert {name for name, agent in found.scenario.spec.agents.items() if agent.active} == {"keeper"}
    assert found.runs == len(seen)


def test_shrink__scenario_that_does_not_meet_it__is_refused() -> None:
    with pytest.raises(CascadeError, match="does not meet the condition"):
        shrink(load_scenario(FLAGSHIP), lambda _: False)


def test_scenario_text__of_changes__extends_the_scenario_and_loads(tmp_path: Any) -> None:
    scenario = replace(load_scenario(FLAGSHIP, seed=4))
    changes = {"positions.loopers.count": 3, "timeline.end": scenario.spec.timeline.start.replace(hour=21, minute=0)}
    text = scenario_text(scenario, str(FLAGSHIP), changes, parse_condition("deficit_usd > 0"), liquidates=True)
    (tmp_path / "smallest.yaml").write_text(text, encoding="utf-8")
    smallest = load_scenario(tmp_path / "smallest.yaml")

    assert yaml.safe_load(text)["positions"] == {"loopers": {"count": 3}}
    assert (smallest.seed, smallest.spec.cohorts["loopers"].count) == (4, 3)
    # A quarter of an hour in blocks of 12 seconds, the one at the start included.
    assert smallest.spec.timeline.steps == 76


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"between": ("9", "1")}, r"--between 9 1: expected the smaller value first"),
        ({"between": ("a", "1")}, r"--between = 'a': expected a number"),
        ({"tolerance": "0"}, r"--tolerance = 0: expected more than 0"),
        ({"tolerance": "nan"}, r"--tolerance = 'nan': expected a finite number"),
        ({"until": "deficit"}, r"--until = 'deficit'"),
        ({"path": "agents.keepr.count"}, r"agents\.keepr"),
        ({"path": "agents.keeper.count", "between": ("0", "4")}, r"agents\.keeper\.count = 0"),
        ({"along": "chain.block_gas_limit"}, r"--along = 'chain\.block_gas_limit'"),
    ],
)
def test_frontier_command__that_cannot_run__is_refused_before_anything_runs(
    options: dict[str, Any], fault: str, tmp_path: Any
) -> None:
    arguments: dict[str, Any] = {
        "path": "agents.keeper.count",
        "between": ("1", "9"),
        "until": "deficit_usd > 0",
        "tolerance": None,
        "along": None,
        "overrides": (),
        "seed": None,
        "seeds": 1,
        "share_pct": 50,
        "shrinks": False,
        "execution": HERE,
        "out": tmp_path,
    }
    with pytest.raises(CascadeError, match=fault):
        show_frontier(FLAGSHIP, **{**arguments, **options})
    assert list(tmp_path.iterdir()) == []
