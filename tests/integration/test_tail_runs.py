"""`cascade tail` on real runs of a loop under a lognormal shock, whose every deficit has an exact probability."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest

from cascade import load_scenario, replay
from cascade.commands.tail import show_tail
from cascade.experiments.tail import find
from cascade.experiments.tail.find import Tail
from cascade.experiments.tail.precision import interval
from cascade.experiments.tail.simulate import Rank, Sample, simulate

COLLATERAL, DEBT = 368_928, 268_928
THRESHOLD, BONUS = 0.83, 1.05
SIGMA = 0.115
SAMPLES = 20
OVERRIDES = ("chain.engine=revm",)


def deficit_at(price: float) -> float:
    """What the lenders lose when the price of the collateral `C` falls to `x`, against a debt `D`.

    The loop is liquidatable below a health factor of 1, at `x C LT < D`. A liquidator takes `bonus` times the debt that
    it covers. When `bonus D` exceeds `x C`, it takes all the collateral for `x C / bonus`, and the rest of the debt is
    written off: `D - x C / bonus`. The health factor is below 0.95 there, so that one liquidation may cover all of it.
    """
    return max(0.0, DEBT - price * COLLATERAL / BONUS)


def covered_at(price: float) -> float:
    """Debt that is covered: none, half of it above a health factor of 0.95, and else all that the collateral pays."""
    health = price * COLLATERAL * THRESHOLD / DEBT
    if health >= 1:
        return 0
    return DEBT / 2 if health > 0.95 else min(DEBT, price * COLLATERAL / BONUS)


def probability_beyond(deficit: float) -> float:
    """The chance that `x` is so low: `x = exp(sigma z)` with a standard normal `z`, and the deficit falls with `x`."""
    return NormalDist().cdf(math.log(BONUS * (DEBT - deficit) / COLLATERAL) / SIGMA)


def closed_form(wanted: Sequence[Sample]) -> list[Rank]:
    """Ranks as the default guides give them: deficit, debt covered, and the fall of the price."""
    prices = [math.exp(SIGMA * sample.normals[0]) for sample in wanted]
    return [(deficit_at(price), covered_at(price), -min(1, price)) for price in prices]


def simulated(deficit: float, *, samples: int, seed: int) -> Any:
    return simulate(
        1,
        evaluate=closed_form,
        is_met=lambda rank: rank[0] > deficit,
        samples=samples,
        seed=seed,
        draws_seeds=True,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tail")


@pytest.fixture(scope="module")
def found(folder: Path) -> Tail:
    return show_tail(Path("loop-shock"), beyond="deficit_usd > 0", samples=SAMPLES, overrides=OVERRIDES, out=folder)


@pytest.mark.parametrize("deficit", [0, 20_000])
def test_closed_form__of_the_loop__is_what_subset_simulation_estimates(deficit: float) -> None:
    exact = probability_beyond(deficit)
    estimates = [simulated(deficit, samples=1000, seed=seed) for seed in range(6)]

    # 1 % without any deficit, and 0.14 % beyond 20,000.
    assert exact == pytest.approx(0.01 if deficit == 0 else 0.00136, rel=0.02)
    assert sum(one.probability for one in estimates) / 6 == pytest.approx(exact, rel=0.25)
    ends = [interval(one.probability, one.variation) for one in estimates]
    assert sum(low <= exact <= high for low, high in ends) >= 5


def test_tail__of_real_runs__is_that_of_the_closed_form_sample_by_sample(found: Tail) -> None:
    expected = simulated(0, samples=SAMPLES, seed=1)

    assert found.simulation.probability == expected.probability
    assert found.simulation.runs == expected.runs
    for made, exact in zip(found.simulation.levels, expected.levels, strict=True):
        assert [one.sample for one in made.samples] == [one.sample for one in exact.samples]
        for run, computed in zip(made.samples, exact.samples, strict=True):
            # Prices are rounded to 1e-8 dollars, and tokens of the debt to 1e-6.
            assert run.rank == pytest.approx(computed.rank, abs=0.01)
    low, high = interval(expected.probability, expected.variation)
    assert low <= probability_beyond(0) <= high


def test_tail__likeliest_run__is_made_again_by_its_command_and_meets_the_condition(found: Tail, tmp_path: Path) -> None:
    likeliest = found.likeliest
    assert likeliest is not None
    words = shlex.split(found.command_of(likeliest, Path("loop-shock")))
    options = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
    scenario = load_scenario(words[2], overrides=options, seed=int(words[-1]))
    run = replay(scenario, out=tmp_path, report=False, require_expected=False)

    assert words[:3] == ["cascade", "replay", "loop-shock"]
    assert run.summary.deficit_usd == pytest.approx(likeliest.rank[0], abs=1e-6)
    assert run.summary.deficit_usd > 0


def test_tail__started_again__makes_no_run_that_has_ended(
    found: Tail, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a run was made again")

    before = (found.folder / "runs.jsonl").read_bytes()
    figures = json.loads((found.folder / "tail.json").read_text(encoding="utf-8"))
    monkeypatch.setattr(find, "read_runs", refuse)
    again = show_tail(Path("loop-shock"), beyond="deficit_usd > 0", samples=SAMPLES, overrides=OVERRIDES, out=folder)

    assert again.simulation == found.simulation
    assert (found.folder / "runs.jsonl").read_bytes() == before
    assert figures["probability"] == found.simulation.probability
    assert figures["runs"] == len(before.splitlines()) == found.simulation.runs
