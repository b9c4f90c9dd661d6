"""Subset simulation on limit states whose probabilities are known, its precision, what it draws, and its refusals."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist, mean, stdev
from typing import Any

import pytest

from cascade import load_scenario
from cascade.commands.tail import show_tail
from cascade.errors import CascadeError, ScenarioError
from cascade.experiments.frontier.condition import parse_condition
from cascade.experiments.seeds.statistics import share_of
from cascade.experiments.tail.draws import value_of, values_of
from cascade.experiments.tail.find import Tail, rank_of
from cascade.experiments.tail.journal import Journal
from cascade.experiments.tail.precision import coefficient_of_variation, crude_runs, interval
from cascade.experiments.tail.simulate import Rank, Sample, Simulation, simulate
from cascade.experiments.tail.words import tail_words
from cascade.scenario.model import DrawSpec
from cascade.scenario.streams import stream

NORMAL = NormalDist()
LOGNORMAL = DrawSpec.model_validate({"kind": "lognormal", "median": 1, "sigma": 0.115, "low": 0.2, "high": 5})


def run(
    rank: Callable[[Sample], Rank],
    is_met: Callable[[Rank], bool],
    *,
    samples: int = 500,
    seed: int = 1,
    dimensions: int = 1,
    draws_seeds: bool = False,
) -> tuple[Simulation, int]:
    """The simulation, and the number of samples that were evaluated."""
    calls = 0

    def evaluate(wanted: Sequence[Sample]) -> list[Rank]:
        nonlocal calls
        calls += len(wanted)
        return [rank(sample) for sample in wanted]

    found = simulate(dimensions, evaluate=evaluate, is_met=is_met, samples=samples, seed=seed, draws_seeds=draws_seeds)
    return found, calls


@pytest.mark.parametrize(("dimensions", "beta"), [(1, 2.3263), (1, 3.5), (5, 3.5)])
def test_simulate__sum_of_normals__estimates_its_tail_within_the_stated_precision(dimensions: int, beta: float) -> None:
    exact = 1 - NORMAL.cdf(beta)
    found = [
        run(
            lambda sample: (sum(sample.normals) / math.sqrt(dimensions),),
            lambda rank: rank[0] > beta,
            seed=seed,
            dimensions=dimensions,
        )[0]
        for seed in range(12)
    ]
    estimates = [one.probability for one in found]
    inside = [low <= exact <= high for low, high in (interval(one.probability, one.variation) for one in found)]

    # The mean of twelve estimates, each about 0.4 wide, and at most two intervals of twelve that miss.
    assert mean(estimates) == pytest.approx(exact, rel=0.35)
    assert stdev(estimates) / mean(estimates) == pytest.approx(mean(one.variation for one in found), rel=0.6)
    assert sum(inside) >= 10
    assert all(not one.stalled for one in found)


def test_simulate__probability_of_one_per_cent__agrees_with_crude_sampling_at_a_tenth_of_the_runs() -> None:
    found, calls = run(lambda sample: (sample.normals[0],), lambda rank: rank[0] > 2.3263)
    rng = stream(7, "crude")
    crude = share_of(sum(rng.standard_normal(20_000) > 2.3263), 20_000)
    low, high = interval(found.probability, found.variation)

    assert found.runs == calls < 1_500
    assert low < crude.high
    assert crude.low < high


def test_simulate__seed_that_decides_half__estimates_the_tail_over_seeds_too() -> None:
    def half_by_seed(sample: Sample) -> Rank:
        assert sample.seed is not None
        noise = NORMAL.inv_cdf((sample.seed * 2_654_435_761 % 2**32 + 0.5) / 2**32)
        return ((sample.normals[0] + noise) / math.sqrt(2),)

    estimates = [
        run(half_by_seed, lambda rank: rank[0] > 2.3263, seed=seed, draws_seeds=True)[0].probability
        for seed in range(12)
    ]

    # One seed alone has a tail of its own: of the number by it, nothing is known but its distribution.
    assert mean(estimates) == pytest.approx(0.01, rel=0.3)


def test_simulate__figure_that_is_the_same_in_most_runs__is_led_on_by_a_guide() -> None:
    def deficit(sample: Sample) -> float:
        return max(0.0, sample.normals[0] - 2.5)

    def is_met(rank: Rank) -> bool:
        return rank[0] > 0.5

    alone, _ = run(lambda sample: (deficit(sample),), is_met, samples=100, seed=4)
    guided = [
        run(lambda sample: (deficit(sample), sample.normals[0]), is_met, seed=seed)[0].probability for seed in range(8)
    ]

    # Nothing but a deficit of 0 among a hundred samples: there is no number, in place of a wrong one.
    assert (alone.stalled, alone.met) == (True, ())
    assert mean(guided) == pytest.approx(1 - NORMAL.cdf(3), rel=0.35)


def test_simulate__guide_that_points_away__is_as_right_and_needs_more() -> None:
    exact = 1 - NORMAL.cdf(2)
    found = [
        run(
            lambda sample: (float(sample.normals[0] > 1), sample.normals[1], sample.normals[0]),
            lambda rank: rank[0] > 0.5,
            dimensions=2,
            seed=seed,
        )[0].probability
        for seed in range(4)
    ]
    one = [run(lambda sample: (math.floor(sample.normals[0]),), lambda rank: rank[0] >= 2, seed=s)[0] for s in range(8)]

    assert mean(found) == pytest.approx(1 - NORMAL.cdf(1), rel=0.1)
    # Whole numbers: regions are those of the numbers, and not of a tenth.
    assert mean(level.probability for level in one) == pytest.approx(exact, rel=0.25)


def test_simulate__same_seed__draws_the_same_samples_and_another_seed_others() -> None:
    once, again, other = (
        run(lambda sample: (sample.normals[0],), lambda rank: rank[0] > 3, seed=seed, samples=50)[0]
        for seed in (1, 1, 2)
    )

    assert once == again
    assert once.levels[0].samples[0].sample != other.levels[0].samples[0].sample


def test_simulate__every_sample_of_a_level__lies_in_its_region() -> None:
    found, _ = run(lambda sample: (sample.normals[0],), lambda rank: rank[0] > 3.5, samples=200)

    assert len(found.levels) >= 3
    for before, level in pairwise(found.levels):
        assert level.above is not None
        # The states that chains start from were made before.
        assert level.runs == 200 - sum(one.rank >= level.above for one in before.samples)
        assert all(one.rank >= level.above for one in level.samples)
        assert len(level.samples) == 200


def test_variation__of_independent_samples__is_that_of_a_binomial_share() -> None:
    assert coefficient_of_variation([[True]] * 10 + [[False]] * 90) == pytest.approx(math.sqrt(0.9 / 0.1 / 100))
    assert coefficient_of_variation([[True]] * 5) == 0
    assert coefficient_of_variation([[False]] * 5) == 0


def test_variation__of_chains_that_never_move__is_that_of_their_number() -> None:
    # Ten chains of ten equal states are worth ten samples: 1 + gamma = 10.
    hits = [[True] * 10] * 5 + [[False] * 10] * 5

    assert coefficient_of_variation(hits) == pytest.approx(math.sqrt(0.5 / 0.5 / 10))


def test_variation__of_chains_that_alternate__is_not_below_that_of_independent_samples() -> None:
    hits = [[True, False] * 5] * 10

    assert coefficient_of_variation(hits) == pytest.approx(math.sqrt(1 / 100))


def test_interval__of_an_estimate__is_lognormal_and_crude_runs_are_its_worth() -> None:
    low, high = interval(0.01, 0.3)
    sigma = math.sqrt(math.log(1.09))

    assert (low, high) == pytest.approx((0.01 * math.exp(-1.959964 * sigma), 0.01 * math.exp(1.959964 * sigma)))
    assert crude_runs(0.01, 0.3) == 1100  # 0.99 / (0.01 x 0.09)
    assert interval(0.5, 2)[1] == 1


def test_value__of_a_lognormal__has_its_median_and_sigma_and_stays_within_its_bounds() -> None:
    assert value_of(LOGNORMAL, 0) == 1
    assert value_of(LOGNORMAL, 1) == pytest.approx(math.exp(0.115), rel=1e-11)
    assert value_of(LOGNORMAL, -30) == 0.2
    assert value_of(LOGNORMAL, 30) == 5


def test_value__of_a_uniform_whole_number__is_its_quantile() -> None:
    spec = DrawSpec.model_validate({"kind": "uniform", "low": 500, "high": 9500, "whole": True})

    assert [value_of(spec, normal) for normal in (-9, 0, 9)] == [500, 5000, 9500]
    assert value_of(spec, NORMAL.inv_cdf(0.25)) == 2750
    assert values_of({"a.b": spec}, [0]) == {"a.b": 5000}


@pytest.mark.parametrize(
    ("condition", "nearer", "farther"),
    [
        ("deficit_usd > 5", (6, 0, 0), (4, 9, 0)),
        ("deficit_usd > 5", (0, 2, 0), (0, 1, 0)),
        # The lower price is nearer, and a run without one is farther than any.
        ("deficit_usd > 5", (0, 1, 0.7), (0, 1, 0.8)),
        ("deficit_usd > 5", (0, 1, 0.8), (0, 1, None)),
        ("keepers.net_profit_usd < -5", (-6, 0, 0), (-4, 9, 0)),
    ],
)
def test_rank__of_figures__orders_by_the_condition_and_then_by_the_guides(
    condition: str, nearer: tuple[float | None, ...], farther: tuple[float | None, ...]
) -> None:
    directions = ["rising", "falling"]
    wanted = parse_condition(condition)

    assert rank_of(wanted, directions, nearer) > rank_of(wanted, directions, farther)


def test_journal__last_line_cut_off__keeps_every_whole_line_and_goes_on(tmp_path: Path) -> None:
    keys = [Journal.key_of({"a.b": 0.5}, seed) for seed in range(3)]
    journal = Journal(tmp_path)
    journal.keep((key, (1.0, None)) for key in keys)
    file = tmp_path / "runs.jsonl"
    whole = file.read_bytes()
    for end in range(len(whole) - 1, whole[:-1].rindex(b"\n") + 1, -7):
        file.write_bytes(whole[:end])
        torn = Journal(tmp_path)

        assert list(torn.figures) == keys[:2]
        torn.keep([(keys[2], (1.0, None))])
        assert file.read_bytes() == whole
    assert Journal(tmp_path).figures == dict.fromkeys(keys, (1.0, None))


def test_journal__line_that_is_none__is_refused_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "runs.jsonl").write_text('{"run": [1, {}], "figures": [0]}\n{"run": 3}\n', encoding="utf-8")

    with pytest.raises(CascadeError, match=r"runs\.jsonl: line 2 is no run"):
        Journal(tmp_path)


def tail_of(simulation: Simulation) -> Tail:
    return Tail(load_scenario("loop-shock"), parse_condition("deficit_usd > 0"), simulation, Path("runs"))


def test_words__of_an_estimate__say_its_interval_its_runs_and_what_crude_sampling_needs() -> None:
    found, _ = run(lambda sample: (sample.normals[0],), lambda rank: rank[0] > 3)
    low, high = interval(found.probability, found.variation)
    needed = crude_runs(found.probability, found.variation)

    assert tail_words(tail_of(found)) == (
        f"deficit_usd > 0 has a probability of {found.probability:.2g} (95 % interval {low:.2g} to {high:.2g}), from "
        f"{found.runs:,} runs. Crude sampling would need {needed:,} runs to be as exact."
    )


def test_words__of_an_outcome_that_is_not_rare__say_so_with_wilson_s_interval() -> None:
    found, _ = run(lambda sample: (sample.normals[0],), lambda rank: rank[0] > 0, samples=100)
    share = share_of(len(found.met), 100)

    assert f"(95 % interval {share.low:.2g} to {share.high:.2g}), from 100 runs. It is not rare" in tail_words(
        tail_of(found)
    )


def test_words__of_samples_that_cannot_be_told_apart__give_no_number() -> None:
    found, _ = run(lambda sample: (0.0,), lambda rank: rank[0] > 0, samples=100)

    assert tail_words(tail_of(found)).startswith("No estimate for deficit_usd > 0: after 100 runs")


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"beyond": "deficit"}, r"^--beyond = 'deficit'"),
        ({"beyond": "deficit_usd == 0"}, r"^--beyond = 'deficit_usd == 0': expected > >= < or <="),
        ({"overrides": ("tail=null",)}, r"^loop-shock\.yaml: tail: expected tail\.draw"),
        ({"overrides": ("tail.draw={seed: {kind: uniform, low: 1, high: 2}}",)}, r"tail\.draw = 'seed'"),
        ({"overrides": ("tail.draw={agents.keepr.count: {kind: uniform, low: 1, high: 2}}",)}, r"agents\.keepr"),
        (
            {
                "overrides": (
                    "tail.draw={agents.keeper.attention_bps: {kind: uniform, low: 1, high: 20000, whole: true}}",
                )
            },
            r"agents\.keeper\.attention_bps = 20000",
        ),
        ({"overrides": ("tail.draw={agents.keeper.count: {kind: fixed, value: 2}}",)}, r"kind fixed draws nothing"),
        ({"overrides": ("tail.draw={}",)}, r"tail\.draw"),
        ({"overrides": ("tail.guides={deficit: rising}",)}, r"tail\.guides = 'deficit'.*did you mean deficit_usd"),
        ({"overrides": ("tail.guides={deficit_usd: up}",)}, r"tail\.guides\.deficit_usd = 'up'"),
    ],
)
def test_tail_command__that_cannot_run__is_refused_before_anything_runs(
    options: dict[str, Any], fault: str, tmp_path: Path
) -> None:
    with pytest.raises(CascadeError, match=fault):
        show_tail(
            Path("loop-shock"), **{"beyond": "deficit_usd > 0", "samples": 20, "out": tmp_path / "out", **options}
        )
    assert not list((tmp_path).rglob("*.jsonl"))


def test_tail_section__changes_no_run() -> None:
    with_it, without = load_scenario("loop-shock"), load_scenario("loop-shock", set={"tail": None})

    assert json.loads(with_it.parameters_json()) == json.loads(without.parameters_json())


def test_shock__of_an_asset_without_prices__is_refused() -> None:
    shocks = {"USDC": {"start": "2025-10-10T21:40:12Z", "factor": 0.5}}
    with pytest.raises(ScenarioError, match=r"prices\.shocks = 'USDC': unknown asset of the price path"):
        load_scenario("loop-shock", set={"prices.shocks": shocks})
