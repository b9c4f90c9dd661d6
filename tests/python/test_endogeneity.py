"""Endogeneity without a chain: what is tried, what counts as endogenous, what is written."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from cascade.errors import CascadeError, ScenarioError
from cascade.experiments.endogeneity.examine import scaled, trials_of
from cascade.experiments.endogeneity.result import Endogeneity, RunFigures, Trial
from cascade.experiments.endogeneity.terminal import print_endogeneity
from cascade.experiments.endogeneity.words import endogeneity_markdown
from cascade.scenario.load import load_scenario, vary
from cascade.toolchain.paths import project_root

UNWIND = project_root() / "scenarios" / "usde-unwind.yaml"


def figures(trough_usd: float = 0.64, *, seed: int = 1, met: bool = True, liquidations: int = 400) -> RunFigures:
    return RunFigures(
        changes=(f"seed={seed}",),
        run_id=f"run-{seed}",
        tables_sha256="a" * 64,
        seed=seed,
        met=met,
        start_usd=1.0,
        trough_usd=trough_usd,
        liquidations=liquidations,
        deficit_usd=1000.0 * seed,
        shortfall_oracle_usd=2000.0 * seed,
        shortfall_exit_usd=None,
    )


@pytest.fixture
def found() -> Endogeneity:
    return Endogeneity(
        scenario=load_scenario(UNWIND),
        market="USDe, spot:usde-usdc",
        seeds=tuple(figures(0.64 + seed / 10_000, seed=seed) for seed in range(1, 21)),
        without_leverage=figures(0.99, liquidations=0),
        without_liquidations=figures(0.85, liquidations=0),
        trials=(Trial("venues.usde-usdc.amplification", 10, figures(0.6)),),
    )


def holding(found: Endogeneity) -> list[bool]:
    return [criterion.met for criterion in found.criteria]


def test_criteria__all_at_their_bounds__hold(found: Endogeneity) -> None:
    assert holding(found) == [True, True, True]
    assert found.criteria[0].outcome == "20 of 20"


def test_criteria__one_seed_that_misses__fails_the_first_alone(found: Endogeneity) -> None:
    seeds = (*found.seeds[:-1], figures(seed=20, met=False))

    assert holding(replace(found, seeds=seeds)) == [False, True, True]


def test_criteria__just_below_their_bounds__fail(found: Endogeneity) -> None:
    worse = replace(found, without_leverage=figures(0.9899), without_liquidations=figures(0.8499))

    assert holding(worse) == [True, False, False]


def test_criteria__price_that_starts_elsewhere__is_held_against_its_start(found: Endogeneity) -> None:
    half = replace(figures(0.495), start_usd=0.5)

    assert holding(replace(found, without_leverage=half)) == [True, True, True]


def test_criteria__no_keeper__leaves_out_the_criterion_on_keepers(found: Endogeneity) -> None:
    assert len(replace(found, without_liquidations=None).criteria) == 2


def test_trials__shipped_scenario__are_its_sensitivity_one_at_a_time() -> None:
    trials = trials_of(load_scenario(UNWIND))
    paths = [path for path, _ in trials]

    assert paths.count("venues.usde-usdc.reserves") == 2
    assert ("venues.usde-usdc.amplification", 10) in trials
    assert ("venues.usde-usdc.amplification", 40) in trials
    assert len(trials) == 12


def test_trials__shipped_depth_capital_and_loopers__are_ten_per_cent_around_the_scenario() -> None:
    scenario = load_scenario(UNWIND)
    stated = {
        "venues.usde-usdc.reserves": {"USDC": 28_000_000, "USDe": 28_000_000},
        "agents.buyers.capital": 82_000_000,
        "positions.loopers.count": 400,
    }
    for path, value in stated.items():
        assert [tried for at, tried in trials_of(scenario) if at == path] == [scaled(value, 90), scaled(value, 110)]
        assert vary(scenario, {path: value}).spec == scenario.spec


def test_trials__every_value__makes_a_scenario() -> None:
    scenario = load_scenario(UNWIND)
    trials = list(trials_of(scenario, ["agents.whales-owners.tranche_bps"]))
    assert trials
    for path, value in trials:
        assert vary(scenario, {path: value}).spec != scenario.spec, path


def test_trials__path_asked_for__is_scaled_by_tenths_and_fifths() -> None:
    scenario = vary(load_scenario(UNWIND), {"sensitivity": {}})

    assert [value for _, value in trials_of(scenario, ["agents.buyers.capital"])] == [
        65_600_000,
        73_800_000,
        90_200_000,
        98_400_000,
    ]


@pytest.mark.parametrize(
    ("path", "value", "tried"),
    [
        ("agents.keeper.max_per_block", 2, [1, 3]),
        ("agents.keeper.max_per_block", 7, [5, 6, 8, 9]),
        ("agents.keeper.max_per_block", 10, [8, 9, 11, 12]),
        ("venues.usde-usdc.reserves", {"USDC": 2, "USDe": 20}, [{"USDC": 1, "USDe": 16}, {"USDC": 1, "USDe": 18}]),
    ],
)
def test_trials__small_whole_number__is_never_tried_at_itself_or_twice(path: str, value: Any, tried: list[Any]) -> None:
    scenario = vary(load_scenario(UNWIND), {"sensitivity": {}, path: value})

    assert [found for _, found in trials_of(scenario, [path])][: len(tried)] == tried


def test_trials__of_zero__are_refused() -> None:
    scenario = vary(load_scenario(UNWIND), {"sensitivity": {}, "lending.flash_loan_premium_bps": 0})

    with pytest.raises(ScenarioError, match=r"flash_loan_premium_bps = 0: has no share to try: state the values under"):
        trials_of(scenario, ["lending.flash_loan_premium_bps"])


@pytest.mark.parametrize("path", ["agents.keeper.exits", "agents.nobody.capital", "venues.usde-usdc", "name"])
def test_trials__path_without_a_number__is_refused(path: str) -> None:
    with pytest.raises(ScenarioError, match=rf"usde-unwind\.yaml: {path}.*: expected a number"):
        trials_of(load_scenario(UNWIND), [path])


@pytest.mark.parametrize(
    ("value", "share", "expected"),
    [
        (10, 90, 9),
        (5, 110, 6),
        (5, 90, 4),
        (2, 80, 1),
        (2, 110, 3),
        (0.95, 110, 1.045),
        ({"a": 100, "b": 2.0}, 120, {"a": 120, "b": 2.4}),
    ],
)
def test_scaled__numbers__stay_whole_where_they_are_and_sections_are_scaled_throughout(
    value: Any, share: int, expected: Any
) -> None:
    assert scaled(value, share) == expected
    assert type(scaled(value, share)) is type(expected)


@pytest.mark.parametrize("value", [True, "ten", None, [], {}])
def test_scaled__no_number__is_refused(value: Any) -> None:
    with pytest.raises(CascadeError, match="expected a number"):
        scaled(value, 90)


def test_quantiles__over_twenty_seeds__of_deficit_and_of_what_a_run_lacks(found: Endogeneity) -> None:
    median, high, highest = found.quantiles("deficit_usd")

    assert (median.value, median.low, median.high) == (10_000, 6000, 15_000)
    assert (high.value, high.high, highest.value, highest.high) == (19_000, None, 20_000, None)
    assert found.quantiles("shortfall_exit_usd") == []


def test_json__read_again__has_every_run_and_the_method_of_its_intervals(found: Endogeneity) -> None:
    content = json.loads(found.to_json())

    assert [run["seed"] for run in content["seeds"]] == list(range(1, 21))
    assert content["seeds"][0]["changes"] == ["seed=1"]
    assert content["sensitivity"][0]["path"] == "venues.usde-usdc.amplification"
    assert content["sensitivity"][0]["value"] == 10
    assert content["intervals"].startswith("order statistics")
    assert content["quantiles"]["deficit_usd"][0] == {"share_pct": 50, "value": 10_000, "low": 6000, "high": 15_000}


def test_words__terminal_and_markdown__say_the_same_figures(found: Endogeneity) -> None:
    text = io.StringIO()
    print_endogeneity(found, console=Console(file=text, width=140))
    shown, post = text.getvalue(), endogeneity_markdown(found)

    for words in (
        "20 of 20",
        "without leverage the market keeps 0.99",
        "10,000.00",
        "6,000.00",
        "15,000.00",
        "venues.usde-usdc.amplification = 10",
        "0.6000",
        "-0.0401",
    ):
        assert words in shown, words
        assert words in post, words
    assert "Seeds 1 to 20" in post
