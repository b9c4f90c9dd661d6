"""A comparison over seeds: quantiles, chances, paired differences, verdicts and words, by hand."""

from __future__ import annotations

import math
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from cascade import load_scenario
from cascade.errors import ScenarioError
from cascade.experiments.seeds.figures import NoSuchFigure, figure_at, require_figure, unit_of
from cascade.experiments.seeds.result import SeedOutcome
from cascade.experiments.seeds.statistics import difference_of, distribution_of, share_of
from cascade.experiments.seeds.verdicts import Judgement, judge, lines_of, require_lines
from cascade.experiments.seeds.words import difference_words
from cascade.toolchain.paths import project_root

FLAGSHIP = project_root() / "scenarios" / "loop-and-crash.yaml"


def wilson(count: int, of: int) -> tuple[float, float]:
    """Wilson's interval of 95 %, from its formula."""
    z, share = 1.959963984540054, count / of
    middle, denominator = share + z * z / (2 * of), 1 + z * z / of
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - half) / denominator, (middle + half) / denominator


@pytest.mark.parametrize(("count", "of"), [(0, 20), (1, 20), (10, 20), (19, 20), (20, 20), (3, 7)])
def test_share__any_count__has_wilson_s_interval(count: int, of: int) -> None:
    low, high = wilson(count, of)
    share = share_of(count, of)

    assert (share.low, share.high) == pytest.approx((max(low, 0), min(high, 1)), abs=1e-9)
    assert share.value == count / of


def test_distribution__of_twenty_values__has_their_order_statistics() -> None:
    found = distribution_of([float(value) for value in range(20, 0, -1)])

    assert found.median is not None
    assert found.p95 is not None
    # With 20 values the interval of the median is the 6th to the 15th: fewer than 6 of 20 fair coins fall on one side
    # with a chance of 2.07 %, fewer than 7 with 5.77 %.
    assert (found.median.low, found.median.value, found.median.high) == (6, 10, 15)
    assert float(sum(Fraction(math.comb(20, k), 2**20) for k in range(6))) == pytest.approx(0.0207, abs=1e-4)
    assert (found.p95.value, found.p95.high) == (19, None)
    assert (found.mean, found.worst, found.missing) == (10.5, 20, 0)


def test_distribution__losses_in_some_seeds__tells_chance_and_severity_apart() -> None:
    found = distribution_of([0.0, 0.0, 0.0, 100.0, 300.0, None])

    assert (found.seeds, found.missing) == (6, 1)
    assert found.mean == 80
    assert found.mean_above_zero == 200
    assert found.above_zero is not None
    assert (found.above_zero.count, found.above_zero.of) == (2, 5)


def test_distribution__no_value_at_all__is_nothing_and_not_zero() -> None:
    found = distribution_of([None, None])

    assert (found.median, found.mean, found.worst, found.above_zero, found.mean_above_zero) == (None,) * 5


def test_difference__of_pairs__compares_each_seed_with_itself() -> None:
    found = difference_of([10.0, 20.0, 30.0, None, 5.0], [11.0, 19.0, 30.0, 1.0, None])

    assert (found.pairs, found.missing) == (3, 2)
    assert (found.rises, found.falls, found.equal) == (1, 1, 1)
    assert found.median is not None
    assert found.median.value == 0


MANY = [0.0] * 100
"""As many seeds as bound the 95th percentile from above, which 72 do."""


@pytest.mark.parametrize(
    ("values", "line", "expected"),
    [
        (MANY, {"p95_at_most": 0.0}, Judgement.PASS),
        (MANY[:72], {"p95_at_most": 0.0}, Judgement.PASS),
        (MANY[:71], {"p95_at_most": 0.0}, Judgement.INDETERMINATE),
        ([1.0] * 100, {"p95_at_most": 0.0}, Judgement.FAIL),
        ([1.0] * 100, {"p95_at_most": 1.0}, Judgement.PASS),
        ([*MANY[:-1], None], {"p95_at_most": 0.0}, Judgement.INDETERMINATE),
        ([1.0] * 10, {"median_at_least": 1.0}, Judgement.PASS),
        ([1.0] * 10, {"median_at_least": 1.1}, Judgement.FAIL),
        ([0.0] * 5 + [2.0] * 5, {"median_at_least": 1.0}, Judgement.INDETERMINATE),
        # Wilson: 0 of 10 is at most 27.8 %, 10 of 10 at least 72.2 %.
        (MANY[:10], {"probability_at_most": 0.28}, Judgement.PASS),
        (MANY[:10], {"probability_at_most": 0.27}, Judgement.INDETERMINATE),
        ([1.0] * 10, {"probability_at_most": 0.72}, Judgement.FAIL),
        ([1.0] * 10, {"probability_at_least": 0.72}, Judgement.PASS),
    ],
)
def test_verdict__on_both_sides_of_a_line(
    values: list[float | None], line: dict[str, float], expected: Judgement
) -> None:
    (verdict,) = judge("deficit_usd", values, line)

    assert verdict.judgement is expected


def test_verdict__too_few_seeds__says_how_many_would_do() -> None:
    (verdict,) = judge("deficit_usd", MANY[:20], {"p95_at_most": 0.0})

    assert verdict.reason == "0.00 (0.00 to unbounded); 20 seeds do not bound it on that side: 72 do"


def test_verdict__figure_missing__says_so() -> None:
    (verdict,) = judge("keepers.net_profit_usd", [1.0, None, None], {"median_at_least": 0.0})

    assert (verdict.judgement, verdict.reason) == (Judgement.INDETERMINATE, "2 runs do not have the figure")


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("deficit", "unknown figure: did you mean deficit_usd"),
        ("who_paid.lender.loss_usd", "unknown figure: did you mean lenders"),
        ("deficit_usd.p95", "deficit_usd is a figure itself and has no p95"),
        ("who_paid.lenders", "is no number"),
        ("scenario", "is no number"),
        ("trough.USDe", "is no number"),
    ],
)
def test_figure__path_that_leads_to_no_number__is_refused(path: str, fault: str) -> None:
    with pytest.raises(NoSuchFigure, match=fault):
        require_figure(path)


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("deficit_usd", "USD"),
        ("shortfall_usd.trough.oracle", "USD"),
        ("trough.USDe.spot:usde-usdc", "USD each"),
        ("liquidations", ""),
        ("who_paid.lenders.loss_usd", "USD"),
        ("keepers.net_profit_usd", "USD"),
    ],
)
def test_figure__path_to_a_number__has_the_unit_of_its_name(path: str, unit: str) -> None:
    require_figure(path)

    assert unit_of(path) == unit


def test_figure_at__of_a_summary__is_the_number_or_none() -> None:
    summary: Any = SimpleNamespace(
        deficit_usd=3, trough={"USDe": {"oracle": 0.65}}, exchange=None, keepers=SimpleNamespace(net_profit_usd=None)
    )

    assert figure_at(summary, "deficit_usd") == 3
    assert figure_at(summary, "trough.USDe.oracle") == 0.65
    assert figure_at(summary, "trough.ALT.oracle") is None
    assert figure_at(summary, "exchange.bad_debt_usd") is None
    assert figure_at(summary, "keepers.net_profit_usd") is None


def test_lines__of_a_scenario__are_read_and_leave_the_run_as_it_is() -> None:
    plain = load_scenario(FLAGSHIP)
    judged = load_scenario(FLAGSHIP, set={"verdicts": [{"deficit_usd": {"p95_at_most": 0}}]})

    assert lines_of(judged) == [("deficit_usd", {"p95_at_most": 0.0})]
    assert judged.parameters_json() == plain.parameters_json()


def test_lines__about_no_figure__are_refused_by_key_before_any_run() -> None:
    scenario = load_scenario(FLAGSHIP, set={"verdicts": [{"deficit": {"p95_at_most": 0}}]})

    with pytest.raises(
        ScenarioError, match=r"verdicts\.0 = 'deficit': deficit: unknown figure: did you mean deficit_u"
    ):
        require_lines(scenario)


@pytest.mark.parametrize("lines", [{}, {"p95": 0}, {"probability_at_most": 2}, {"p95_at_most": "none"}])
def test_lines__that_are_none__are_refused(lines: dict[str, object]) -> None:
    with pytest.raises(ScenarioError, match=r"verdicts"):
        load_scenario(FLAGSHIP, set={"verdicts": [{"deficit_usd": lines}]})


@pytest.mark.parametrize(
    ("name", "unit", "before", "after", "words"),
    [
        (
            "deficit",
            "USD",
            (0.0,) * 6,
            (410_000.0, 220_000.0, 630_000.0, 410_000.0, 410_000.0, 410_000.0),
            "deficit rises by $410.0 k (change of $220.0 k to $630.0 k), in 6 of 6 seeds.",
        ),
        (
            "liquidations",
            "",
            (5.0,) * 6,
            (3.0, 4.0, 2.0, 3.0, 3.0, 6.0),
            "liquidations fall by 2 (change of \u22123 to 1), in 5 of 6 seeds.",
        ),
        ("deficit", "USD", (1.0, 1.0, 1.0), (1.0, 1.0, 2.0), "deficit is the same in 2 of 3 seeds, rises in 1."),
        ("deficit", "USD", (None,), (1.0,), "deficit: no seed has the figure in both runs."),
    ],
)
def test_difference__in_words(
    name: str, unit: str, before: tuple[float | None, ...], after: tuple[float | None, ...], words: str
) -> None:
    assert difference_words(SeedOutcome(name, unit, before, after)) == words
