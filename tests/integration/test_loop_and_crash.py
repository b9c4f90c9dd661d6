"""The flagship in its small size: what every run must satisfy, checked from its tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cascade import Run, replay
from cascade.recording.manifest import Expectation
from cascade.recording.store import tables_sha256
from cascade.recording.tables import TABLES, Kind, LiquidationRow

from .conftest import small

WAD = 10**18


def test_crash_run__every_table__has_its_declared_types(crash_run: Run) -> None:
    for name, table in TABLES.items():
        frame = getattr(crash_run, name)
        assert list(frame.columns) == table.column_names
        for column in table.columns:
            values = frame[column.name]
            if column.kind is Kind.UINT256:
                assert all(type(value) is int for value in values), f"{name}.{column.name}"
            elif column.kind is Kind.INT64:
                assert values.dtype == ("Int64" if column.is_nullable else "int64"), f"{name}.{column.name}"
            # The flagship's oracle always answers, its keepers report, and its chain knows gas.
            assert not values.isna().any(), f"{name}.{column.name}"


def test_crash_run__liquidations__happen_and_each_is_a_transaction(crash_run: Run) -> None:
    liquidations, transactions = crash_run.liquidations, crash_run.transactions.set_index("tx_hash")

    assert len(liquidations) >= 10
    assert liquidations["tx_hash"].is_unique
    for row in crash_run.frames.rows(LiquidationRow):
        transaction = transactions.loc[row.tx_hash]
        assert (transaction["intent"], transaction["status"]) == ("liquidate", "ok")
        assert transaction["actor"] == row.liquidator
        assert row.health_factor_before_wad < WAD


def test_crash_run__liquidation__identity_holds_in_exact_integers(crash_run: Run) -> None:
    # covered x (1 + bonus) in oracle value = seized, at most one unit of each rounding away (Aave V3.6, step 5).
    for row in crash_run.frames.rows(LiquidationRow):
        base = row.debt_price_e8 * row.debt_covered_raw * 10**18 // (row.collateral_price_e8 * 10**6)
        seized = (base * (10_000 + row.bonus_bps) + 5_000) // 10_000
        if row.collateral_seized_raw < row.collateral_before_raw:
            assert row.collateral_seized_raw == seized
        else:
            one_unit_of_debt = row.debt_price_e8 * 10**18 * 105 // (row.collateral_price_e8 * 10**6 * 100) + 2
            assert abs(row.collateral_seized_raw - seized) <= one_unit_of_debt


def test_crash_run__close_factor__is_half_only_above_the_line_and_for_large_sides(crash_run: Run) -> None:
    for row in crash_run.frames.rows(LiquidationRow):
        collateral_e8 = row.collateral_before_raw * row.collateral_price_e8 // 10**18
        debt_e8 = -(-row.debt_before_raw * row.debt_price_e8 // 10**6)
        half = row.health_factor_before_wad > 95 * WAD // 100 and min(collateral_e8, debt_e8) >= 2_000 * 10**8
        assert row.close_factor_bps == (5_000 if half else 10_000)


def test_crash_run__debt__is_covered_written_off_or_still_there(crash_run: Run) -> None:
    positions = crash_run.positions
    for borrower, rows in crash_run.liquidations.groupby("borrower"):
        states = positions[positions["borrower"] == borrower]
        built, end = states.iloc[0], states.iloc[-1]
        gone = sum(rows["debt_covered_raw"]) + sum(rows["deficit_raw"])
        # What is left over is interest of a few minutes: at most 44 % a year on the first debt.
        interest = end["debt_raw"] + gone - built["debt_raw"]
        assert 0 <= interest <= built["debt_raw"] * 44 * 3600 // (100 * 365 * 86_400) + len(rows) + 1


def test_crash_run__prices__pool_is_held_at_the_path_within_its_tolerance(crash_run: Run) -> None:
    prices = crash_run.prices
    asset = prices[(prices["asset"] == "USDe") & (prices["phase"] == "crash")]
    wide = asset.pivot_table(index="step", columns="source", values="price_e8", aggfunc="last").ffill()

    assert (wide["oracle"] == wide["path"]).all()
    assert wide["oracle"].min() == 65_670_000
    # Keepers sell after the flow in a block, so the pool may end below the path, never far above it.
    assert (wide["spot:usde-usdc"] <= wide["path"] * 1.002).all()


def test_crash_run__blocks__keep_order_time_and_space(crash_run: Run) -> None:
    blocks = crash_run.blocks
    crash = blocks[blocks["phase"] == "crash"]

    assert list(blocks["block_number"]) == list(range(1, len(blocks) + 1))
    assert blocks["timestamp"].is_monotonic_increasing
    assert set(crash["timestamp"].diff().dropna()) == {12}
    assert (crash["gas_limit"] == 45_000_000).all()
    assert (crash["gas_used"] <= crash["gas_limit"]).all()


def test_crash_run__within_a_block__transactions_are_in_order_of_falling_tip(crash_run: Run) -> None:
    transactions = crash_run.transactions
    mined = transactions[(transactions["phase"] == "crash") & (transactions["status"] != "rejected")]

    for _, block in mined.groupby("block_number"):
        assert list(block["transaction_index"]) == list(range(len(block)))
        assert block["tip_wei"].is_monotonic_decreasing


def test_crash_run__folder__holds_all_of_a_finished_run(crash_run: Run) -> None:
    manifest = json.loads((crash_run.folder / "manifest.json").read_text(encoding="utf-8"))

    assert manifest["run_id"] == crash_run.folder.name
    assert manifest["expectation"] == {"liquidations": "some", "met": True, "missed": []}
    assert crash_run.summary.tables_sha256 == tables_sha256(crash_run.folder / "tables")
    assert crash_run.summary.liquidations == len(crash_run.liquidations)
    assert (crash_run.folder / "report.html").stat().st_size > 10_000
    assert not list(crash_run.folder.parent.glob(".partial*"))


def test_crash_run__losing_bots__revert_and_pay_gas(crash_run: Run) -> None:
    attempts = crash_run.transactions.query("intent == 'liquidate'")
    lost = attempts[attempts["status"] == "reverted"]

    assert len(lost) > 0
    assert all(fee > 0 for fee in lost["fee_wei"])
    assert all(lost["revert_reason"] != "")


def test_peg_run__same_positions_and_day__nothing_is_liquidated(crash_run: Run, peg_run: Run) -> None:
    columns = ["borrower", "address", "collateral_raw", "debt_raw"]
    crash_built, peg_built = (run.positions[run.positions["event"] == "built"][columns] for run in (crash_run, peg_run))

    pd.testing.assert_frame_equal(crash_built, peg_built)
    assert len(peg_run.liquidations) == 0
    assert peg_run.summary.deficit_usd == 0
    assert peg_run.summary.counterfactual is None
    assert peg_run.manifest.expectation == Expectation(liquidations="none", met=True, missed=())


def test_peg_run__at_the_trough__has_no_shortfall_at_the_oracle_and_one_at_the_exit(peg_run: Run) -> None:
    shortfall = peg_run.summary.shortfall_usd.trough

    assert shortfall.oracle == 0
    assert shortfall.exit is not None
    assert shortfall.exit > 0


@pytest.mark.parametrize("exits", [["usde-usdc"], []])
def test_keepers_with_inventory__sell_or_hold__liquidate_without_flash_loans(exits: list[str], tmp_path: Path) -> None:
    keys: dict[str, Any] = {"funding": "inventory", "inventory": 2_000_000, "exits": exits}
    run = replay(small(**{f"agents.keeper.{key}": value for key, value in keys.items()}), out=tmp_path)

    assert len(run.liquidations) >= 10
    assert not run.liquidations["flash_loan"].any()
    assert (run.liquidations["exit_proceeds_raw"].map(bool) == bool(exits)).all()
