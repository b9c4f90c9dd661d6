"""Accounts of a file beside loops, without debts, under a change of lines, and with shares of a vault."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from cascade import Scenario, load_scenario, replay
from cascade.errors import ScenarioError
from cascade.experiments.comparison.compare import compare
from cascade.positions.accounts.plan import plan_accounts
from cascade.positions.plan import plan_positions
from cascade.positions.preflight import check_liquidity
from cascade.recording.tables import AccountReserveRow
from cascade.scenario.load import vary

from .accounts_story import USDC, USDE, WAD, synthetic
from .conftest import SCENARIOS

A, B = ("0x" + digits * 20 for digits in ("11", "22"))

LOOPS = {
    "count": 3, "collateral": "USDe", "debt": "USDC", "venue": "at-oracle",
    "equity": {"kind": "fixed", "value": 100_000}, "rounds": 5, "target": {"ltv_per_round_bps": 8000},
}  # fmt: skip


def small_world(folder: Path, rows: str, **changes: Any) -> Scenario:
    (folder / "book.csv").write_text(f"account,asset,supplied,borrowed\n{rows}", encoding="utf-8")
    (folder / "mine.yaml").write_text(
        f"extends: {SCENARIOS}/frictionless-loop.yaml\nprovenance: []\n", encoding="utf-8"
    )
    accounts = {"kind": "accounts", "file": "book.csv"}
    return load_scenario(folder / "mine.yaml", set={"chain.engine": "revm", "positions": {"book": accounts}, **changes})


def test_accounts__beside_loops__leave_the_loops_as_they_are_alone(tmp_path: Path) -> None:
    rows = f"{A},USDe,50000,0\n{A},USDC,0,41499\n{B},USDC,20000,0\n"
    both = {
        "book": {"kind": "accounts", "file": "book.csv"},
        "looper": {**LOOPS, "count": 1},
    }
    scenario = small_world(tmp_path, rows, positions=both)

    run = replay(scenario, out=tmp_path, report=False)

    # The account owes 83 % of its collateral, less a dollar: more than the 80 % that the pool lends once it stands.
    assert [raw / USDE for raw in run.loops["collateral_raw"]] == [100_000, 180_000, 244_000, 295_200, 336_160, 368_928]
    built = run.positions[run.positions["event"] == "built"].set_index("borrower")
    assert sorted(built.index) == [A, "looper-0"]
    assert built.loc[A, "health_factor_wad"] == 50_000 * 8300 * WAD // 41_499 // 10_000
    assert run.summary.positions == 2
    assert set(run.account_reserves["borrower"]) == {A, B}


def test_loops__that_borrow_what_accounts_leave__are_refused_beyond_it(tmp_path: Path) -> None:
    # Lenders supply 1,000,000 and an account 6,785 more; the accounts owe 200,000. Three loops need 806,784.
    rows = f"{A},USDe,250000,0\n{A},USDC,0,200000\n{B},USDC,{{}},0\n"
    both = {"book": {"kind": "accounts", "file": "book.csv"}, "looper": LOOPS}
    for supplied, is_enough in ((6_785, True), (6_783, False)):
        scenario = small_world(tmp_path, rows.format(supplied), positions=both)
        plans, accounts = plan_positions(scenario), plan_accounts(scenario)
        if is_enough:
            check_liquidity(scenario, plans, accounts)
        else:
            with pytest.raises(ScenarioError, match="the positions borrow 806784 USDC"):
                check_liquidity(scenario, plans, accounts)


def test_accounts__whose_debts_are_left_out__are_in_no_position(tmp_path: Path) -> None:
    rows = f"{A},USDe,50000,0\n{A},USDC,0,30000\n"
    entry = {"kind": "accounts", "file": "book.csv", "borrows": False}
    scenario = small_world(tmp_path, rows, positions={"book": entry}, expect={"liquidations": "none"})

    run = replay(scenario, out=tmp_path)

    assert len(run.positions) == len(run.liquidations) == 0
    assert set(zip(run.account_reserves["asset"], run.account_reserves["borrowed_raw"], strict=True)) == {("USDe", 0)}


def test_comparison__of_lending_lines__keeps_the_accounts_and_changes_their_lines(tmp_path: Path) -> None:
    baseline = synthetic(tmp_path, **{"chain.engine": "revm"})
    lines = {"ltv_bps": 9200, "liquidation_threshold_bps": 9400, "liquidation_bonus_bps": 100}
    change = vary(baseline, {f"lending.emodes.1.{key}": value for key, value in lines.items()})

    comparison = compare(baseline, change, out=tmp_path)

    first, second = (
        [row for row in run.frames.rows(AccountReserveRow) if row.event == "built"]
        for run in (comparison.baseline, comparison.change)
    )
    assert comparison.has_same_positions
    assert [(row.borrower, row.asset) for row in first] == [(row.borrower, row.asset) for row in second]
    for before, after in zip(first, second, strict=True):
        # The change is one more block, and a second more of interest.
        assert after.supplied_raw == pytest.approx(before.supplied_raw, rel=1e-7)
        assert after.borrowed_raw == pytest.approx(before.borrowed_raw, rel=1e-7)
        is_loop = before.liquidation_threshold_bps == 9300
        assert after.liquidation_threshold_bps == (9400 if is_loop else before.liquidation_threshold_bps)
        assert after.liquidation_bonus_bps == (100 if is_loop else before.liquidation_bonus_bps)
    assert len(comparison.change.liquidations) < len(comparison.baseline.liquidations)


def test_shipped_scenario__as_it_stands__ends_as_it_claims(tmp_path: Path) -> None:
    scenario = load_scenario(SCENARIOS / "synthetic-book.yaml", set={"chain.engine": "revm"})

    run = replay(scenario, out=tmp_path, report=False)

    assert (run.summary.positions, run.summary.liquidations > 500) == (1700, True)
    assert run.summary.causes is not None
    assert run.summary.causes.liquidations_not_replayed == 0


def test_accounts__of_a_vaults_shares_in_parquet__stand_and_earn(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(
        pyarrow.table(
            {
                "account": [bytes.fromhex("11" * 20)] * 2,
                "asset": ["sUSDe", "USDC"],
                "supplied_raw": pyarrow.array([10_000 * USDE, None], type=pyarrow.decimal128(38)),
                "borrowed_raw": [None, 7_000 * USDC],
            }
        ),
        tmp_path / "book.parquet",
    )
    scenario = load_scenario(
        SCENARIOS / "susde-carry.yaml",
        set={
            "chain.engine": "revm",
            "timeline.end": datetime(2025, 9, 2, tzinfo=UTC),
            "positions": {"book": {"kind": "accounts", "file": str(tmp_path / "book.parquet")}},
            "provenance": [],
        },
    )

    run = replay(scenario, out=tmp_path, report=False)

    built, end = (run.positions[run.positions["event"] == event].iloc[0] for event in ("built", "end"))
    assert (built["borrower"], built["collateral_raw"]) == (A, 10_000 * USDE)
    seconds = int(end["timestamp"]) - int(built["timestamp"])
    # The shares stay, and rewards raise their price; the debt grows by 9.8 % a year.
    assert end["collateral_raw"] == 10_000 * USDE
    assert end["collateral_base_e8"] > built["collateral_base_e8"]
    assert end["debt_raw"] - built["debt_raw"] == pytest.approx(
        7_000 * USDC * 0.098 * seconds / (365 * 86_400), rel=0.001
    )
