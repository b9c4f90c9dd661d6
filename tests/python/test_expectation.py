"""What a scenario claims, held against made-up runs: each bound from both sides, and what a missed claim says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cascade import Run
from cascade.analysis import Frames
from cascade.analysis.expectation import judge
from cascade.errors import ExpectationFailed, ScenarioError
from cascade.recording.manifest import Expectation
from cascade.scenario.load import load_scenario
from cascade.scenario.model import ExpectedTrough, ExpectSpec
from cascade.toolchain.paths import project_root

Rows = dict[str, list[dict[str, Any]]]
RunOf = Callable[[Rows], Path]

LOWEST_USD = Decimal("0.64")
"""The made-up path's lowest price."""

UNIT = Decimal("1e-8")


def oracle_trough(**bounds: Decimal) -> ExpectSpec:
    # The model takes YAML's numbers; a decimal is one.
    return ExpectSpec(troughs=[ExpectedTrough(asset="USDe", source="oracle", **bounds)])


@pytest.mark.parametrize(
    ("bounds", "met"),
    [
        ({"at_least_usd": LOWEST_USD}, True),
        ({"at_least_usd": LOWEST_USD + UNIT}, False),
        ({"at_most_usd": LOWEST_USD}, True),
        ({"at_most_usd": LOWEST_USD - UNIT}, False),
        ({"at_least_usd": LOWEST_USD - UNIT, "at_most_usd": LOWEST_USD + UNIT}, True),
        ({"at_least_usd": LOWEST_USD + UNIT, "at_most_usd": LOWEST_USD + UNIT}, False),
    ],
)
def test_judge__trough_at_a_bound__is_met_on_its_own_side_only(
    bounds: dict[str, Decimal], met: bool, run_of: RunOf, crash_rows: Rows
) -> None:
    verdict = judge(oracle_trough(**bounds), Frames(run_of(crash_rows)))

    assert verdict.met is met
    assert len(verdict.missed) == (0 if met else 1)


def test_judge__missed_trough__names_claim_and_outcome(run_of: RunOf, crash_rows: Rows) -> None:
    verdict = judge(oracle_trough(at_most_usd=Decimal("0.6")), Frames(run_of(crash_rows)))

    assert verdict.missed == ("expect.troughs.0 = USDe, oracle, at most 0.6: its lowest price was 0.6400 dollars",)


def test_judge__price_absent_from_the_run__is_missed_and_lists_those_recorded(run_of: RunOf, crash_rows: Rows) -> None:
    expect = ExpectSpec(troughs=[ExpectedTrough(asset="USDe", source="spot:other", at_most_usd=Decimal(1))])
    verdict = judge(expect, Frames(run_of(crash_rows)))

    assert not verdict.met
    assert "no such price; sources of USDe: exit:curve, oracle, path, redemption, spot:curve" in verdict.missed[0]


def test_judge__liquidations__some_and_none_are_opposites(run_of: RunOf, crash_rows: Rows) -> None:
    frames = Frames(run_of(crash_rows))

    assert judge(ExpectSpec(liquidations="some"), frames).met
    missed = judge(ExpectSpec(liquidations="none"), frames)
    count = len(crash_rows["liquidations"])
    assert missed == Expectation(
        liquidations="none", met=False, missed=(f"expect.liquidations = 'none': the run had {count}",)
    )


def test_require_expected__missed_claim__raises_with_it_and_the_folder(run_of: RunOf, crash_rows: Rows) -> None:
    folder = run_of(crash_rows)
    expectation = judge(oracle_trough(at_least_usd=Decimal("0.7")), Frames(folder))
    manifest = replace(Run(folder).manifest, expectation=expectation)
    (folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")

    with pytest.raises(ExpectationFailed, match=r"expect\.troughs\.0 = USDe.* 0\.6400 dollars; see ") as failure:
        Run(folder).require_expected()
    assert failure.value.exit_code == 1


@pytest.mark.parametrize(
    ("trough", "expected"),
    [
        ("{asset: EURe, source: oracle, at_most_usd: 1}", "expect.troughs.0.asset = 'EURe': unknown asset"),
        ("{asset: USDe, source: 'spot:nowhere', at_most_usd: 1}", "expect.troughs.0.source = 'nowhere': unknown venue"),
        ("{asset: USDe, source: usde-usdc, at_most_usd: 1}", "expect.troughs.0.source = 'usde-usdc': expected oracle"),
        ("{asset: USDe, source: 'oracle:usde-usdc', at_most_usd: 1}", "expect.troughs.0.source"),
    ],
)
def test_load__trough_of_an_unknown_market__is_refused(trough: str, expected: str) -> None:
    flagship = project_root() / "scenarios" / "loop-and-crash.yaml"

    with pytest.raises(ScenarioError, match=expected):
        load_scenario(flagship, overrides=[f"expect.troughs=[{trough}]"])


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        (
            "expect.troughs=[{asset: USDe, source: 'index:nowhere', at_most_usd: 1}]",
            "expect.troughs.0.source = 'nowhere': unknown book; exchange.books has none",
        ),
        (
            "expect.exchange={books: {nowhere: {low_at_most_usd: 1}}}",
            "expect.exchange.books.nowhere = 'nowhere': unknown book",
        ),
        (
            "expect.exchange={cohorts: {nobody: {peak_leverage_at_least: 3}}}",
            "expect.exchange.cohorts.nobody = 'nobody': expected an entry of agents or positions",
        ),
        ("expect.exchange={cohorts: {loopers: {}}}", "needs one of peak_leverage_at_least, peak_leverage_at_most"),
    ],
)
def test_load__claim_about_a_missing_part_of_the_exchange__is_refused(override: str, expected: str) -> None:
    flagship = project_root() / "scenarios" / "loop-and-crash.yaml"

    with pytest.raises(ScenarioError, match=expected):
        load_scenario(flagship, overrides=[override])
