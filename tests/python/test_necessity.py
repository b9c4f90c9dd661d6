"""Necessity without a chain: what counts as a fault, which claims there are, what is written."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from cascade.analysis.expectation import claims_of
from cascade.errors import ScenarioError
from cascade.experiments.necessity.examine import examine_necessity
from cascade.experiments.necessity.result import Necessity, RunOutcome, Variant
from cascade.experiments.necessity.terminal import print_necessity
from cascade.experiments.necessity.words import link_rows, necessity_markdown, subject_figures
from cascade.scenario.load import load_scenario
from cascade.toolchain.paths import project_root

OCTOBER = project_root() / "scenarios" / "october-2025.yaml"
CLAIM = "exchange.books.ALT-USDC.five_minute_fall_at_least_bps"
OTHER = "liquidations"


def outcome(seed: int, *missed: str, fall: float | None = 86.0) -> RunOutcome:
    return RunOutcome(
        seed=seed,
        run_id=f"run-{seed}",
        tables_sha256="a" * 64,
        changes=(f"seed={seed}",),
        missed=missed,
        figures={"fall": fall},
    )


def found(*, whole: list[RunOutcome], without: list[RunOutcome], necessary: bool | None = True) -> Necessity:
    return Necessity(
        scenario=load_scenario(OCTOBER),
        claim=CLAIM,
        whole=Variant("whole", "the scenario itself", None, tuple(whole)),
        others=(Variant("without depeg", "no depeg", necessary, tuple(without)),),
    )


def test_faults__claim_holds_whole_and_never_without__are_none() -> None:
    assert found(whole=[outcome(1), outcome(2)], without=[outcome(1, CLAIM), outcome(2, CLAIM, OTHER)]).faults == []


def test_faults__one_seed_misses_any_claim__is_one() -> None:
    (fault,) = found(whole=[outcome(1), outcome(2, OTHER)], without=[outcome(1, CLAIM)]).faults

    assert fault == "the whole chain ends as expected in 1 of 2 seeds"


def test_faults__claim_holds_without_the_link_in_one_seed__is_one() -> None:
    (fault,) = found(whole=[outcome(1)], without=[outcome(1, CLAIM), outcome(2, OTHER)]).faults

    assert fault == "without depeg the claim still holds in 1 of 2"


def test_faults__link_said_not_to_be_necessary__must_leave_the_claim_standing() -> None:
    assert found(whole=[outcome(1)], without=[outcome(1)], necessary=False).faults == []
    assert len(found(whole=[outcome(1)], without=[outcome(1, CLAIM)], necessary=False).faults) == 1


@pytest.mark.parametrize("missed", [(), (CLAIM,)])
def test_faults__remedy__is_found_and_not_claimed(missed: tuple[str, ...]) -> None:
    assert found(whole=[outcome(1)], without=[outcome(1, *missed)], necessary=None).faults == []


def test_claims__shipped_scenario__are_its_expectations_by_path() -> None:
    claims = claims_of(load_scenario(OCTOBER).spec.expect)

    assert CLAIM in claims
    assert "exchange.cohorts.makers.peak_leverage_at_most" in claims
    assert "troughs.0" in claims


def test_rows__count_the_claim_and_all_claims_separately() -> None:
    rows = link_rows(found(whole=[outcome(1), outcome(2, OTHER)], without=[outcome(1, CLAIM)]))

    assert [row[2:] for row in rows] == [("2 of 2", "1 of 2"), ("0 of 1", "0 of 1")]


def test_figures__over_seeds__are_median_and_range_and_leave_out_what_is_missing() -> None:
    seeds = [outcome(1, fall=80.5), outcome(2, fall=90.25), outcome(3, fall=None), outcome(4, fall=81.0)]
    (row,) = subject_figures(found(whole=seeds, without=[outcome(1, fall=None)]))

    assert row == ("fall", "81 [80.5000 to 90.2500]", "-")


def test_words__of_an_examination__are_whole_in_text_and_escaped_in_markdown() -> None:
    one = found(whole=[outcome(1)], without=[outcome(1, CLAIM)])
    terminal = io.StringIO()
    print_necessity(one, console=Console(file=terminal, width=200))

    assert "without depeg" in terminal.getvalue()
    assert "| without depeg | no depeg | 0 of 1 | 0 of 1 |" in necessity_markdown(one)
    assert json.loads(one.to_json())["runs"][1]["outcomes"][0]["missed"] == [CLAIM]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"necessity": None}, "necessity"),
        ({"necessity.claim": "exchange.books.ALT-USDC.low"}, "necessity.claim"),
    ],
)
def test_examination__without_a_claim_it_could_test__is_refused_before_any_run(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        examine_necessity(load_scenario(OCTOBER, set=changes))
