"""Margin accounts that could not open are refused before deployment, by name: the engine itself is the judge."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cascade import load_scenario, replay
from cascade.agents.account_checks import check_accounts
from cascade.errors import AgentFailed, ScenarioError
from cascade.scenario.members import drawn_figures
from cascade.staging import world

from .conftest import SCENARIOS

CASCADE = SCENARIOS / "maker-cascade.yaml"
SHORT = {"timeline.end": datetime(2025, 10, 10, 20, 52, tzinfo=UTC), "expect": {"liquidations": "none"}}
# 400,000 of cash, and ALT, USDe, wBETH and BNSOL at 70 % and 95 % of their value, over 1 + 1.5 x 14 %.
LARGEST = (400_000 + 0.7 * 1_000_000 + 0.95 * (700_000 + 42 * 4_747.21 + 850 * 235.4)) / (1 + 1.5 * 0.14)


def test_check_accounts__maker_that_owes_too_much__is_refused_with_the_largest_debt_that_fits() -> None:
    with pytest.raises(ScenarioError) as refused:
        check_accounts(load_scenario(CASCADE, set={"agents.makers.borrowed": 2_000_000}))

    own = LARGEST * 1.21 - 2_000_000
    assert str(refused.value) == (
        "maker-cascade.yaml: agents.makers.borrowed = '2000000': makers-00 would open at a uniMMR of "
        f"{own / 280_000:.4f}, under rules.free 1.5: {int(LARGEST)} USDC fit"
    )


def test_check_accounts__one_of_makers_that_differ__is_refused_as_itself() -> None:
    changes = {
        "agents.makers.borrowed": {"kind": "uniform", "low": 1_000_000, "high": 2_000_000},
        "agents.makers.scale": {"kind": "uniform", "low": 0.5, "high": 2},
    }
    scenario = load_scenario(CASCADE, set=changes)
    drawn = {(one.member, one.key): one.value for one in drawn_figures(scenario.spec, seed=scenario.seed)}
    # Brackets of collateral and debt are one: the largest debt grows with the maker.
    over = [member for (member, key), value in drawn.items() if key == "borrowed" and value > LARGEST]
    assert 0 < len(over) < 20

    with pytest.raises(ScenarioError) as refused:
        check_accounts(scenario)

    text = str(refused.value)
    assert text.startswith(f"maker-cascade.yaml: agents.makers.borrowed = '{drawn[over[0], 'borrowed'].normalize():f}'")
    assert f": {over[0]} would open at a uniMMR of " in text
    assert text.endswith(f"under rules.free 1.5: {int(LARGEST)} USDC fit")


def test_check_accounts__trader_with_too_much_leverage__is_refused_by_name() -> None:
    longs = {"equity": {"kind": "fixed", "value": 10_000}, "leverage": {"kind": "fixed", "value": 20}}
    changes = {f"agents.longs.{key}": value for key, value in longs.items()}
    with pytest.raises(ScenarioError) as refused:
        check_accounts(load_scenario(CASCADE, set=changes))

    # 200,000 of ALT: 5 % of the first 100,000 and 10 % of the rest are 15,000 of maintenance, under 10,000 of equity.
    assert "agents.longs.leverage = '20.0000': longs-" in str(refused.value)
    assert "with an equity of 10000.00, would open at a uniMMR of 0.6667, under rules.warning 1.2: " in str(
        refused.value
    )
    # 8,333.33 of maintenance are 133,333 of ALT, in contracts of 100.
    assert str(refused.value).endswith("a leverage of 13.33 fits")


def test_replay__maker_with_the_largest_debt_that_is_named__opens(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as refused:
        check_accounts(load_scenario(CASCADE, set={"agents.makers.borrowed": 2_000_000}))
    largest = int(str(refused.value).rpartition(": ")[2].removesuffix(" USDC fit"))

    run = replay(load_scenario(CASCADE, set={**SHORT, "agents.makers.borrowed": largest}), out=tmp_path, report=False)

    borrowed = run.transactions[(run.transactions["role"] == "maker") & (run.transactions["intent"] == "borrow")]
    assert set(borrowed["status"]) == {"ok"}
    assert len(borrowed) == 20


def test_replay__maker_who_owes_one_more_than_fits__is_refused_before_deployment_and_by_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = load_scenario(CASCADE, set={**SHORT, "agents.makers.borrowed": int(LARGEST) + 1})

    with pytest.raises(ScenarioError, match=rf"makers-00 would open at .*: {int(LARGEST)} USDC fit$"):
        replay(scenario, out=tmp_path, report=False)

    monkeypatch.setattr(world, "check_accounts", lambda scenario: None)
    with pytest.raises(
        AgentFailed, match=r"^agents\.makers-00: .*MarginTooLow\(.*, while opening its account, seed 1$"
    ):
        replay(scenario, out=tmp_path, report=False)
    assert list(tmp_path.iterdir()) == []
