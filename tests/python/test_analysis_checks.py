"""The accounting checks pass what adds up, to the unit, and name what does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cascade.analysis import Frames, check_liquidations
from cascade.errors import AccountingViolation

Rows = dict[str, list[dict[str, Any]]]
RunOf = Callable[[Rows], Path]


def check(folder: Path) -> int:
    return check_liquidations(Frames(folder))


def partial(rows: Rows) -> dict[str, Any]:
    """A liquidation that left collateral and debt."""
    return next(
        row
        for row in rows["liquidations"]
        if row["debt_before_raw"] > row["debt_covered_raw"] and not row["deficit_raw"]
    )


def total(rows: Rows) -> dict[str, Any]:
    """A liquidation that took all collateral and left a deficit."""
    return next(row for row in rows["liquidations"] if row["deficit_raw"])


def test_check_liquidations__of_a_sound_run__counts_them(run_of: RunOf, crash_rows: Rows) -> None:
    assert check(run_of(crash_rows)) == len(crash_rows["liquidations"]) > 50


def test_check_liquidations__of_a_calm_run__is_zero(run_of: RunOf, calm_rows: Rows) -> None:
    assert check(run_of(calm_rows)) == 0


@pytest.mark.parametrize("units", [-3, 3])
def test_check_liquidations__seizure_off_by_three_units__names_transaction_and_amounts(
    run_of: RunOf, crash_rows: Rows, units: int
) -> None:
    row = partial(crash_rows)
    row["collateral_seized_raw"] += units
    with pytest.raises(AccountingViolation, match=r"is worth .* seized were") as caught:
        check(run_of(crash_rows))
    assert row["tx_hash"] in str(caught.value)
    assert str(row["collateral_seized_raw"]) in str(caught.value)


@pytest.mark.parametrize("units", [-2, 2])
def test_check_liquidations__cover_off_where_all_was_seized__is_a_violation(
    run_of: RunOf, crash_rows: Rows, units: int
) -> None:
    row = total(crash_rows)
    row["debt_covered_raw"] += units
    row["deficit_raw"] -= units
    with pytest.raises(AccountingViolation, match=r"is worth .* seized were"):
        check(run_of(crash_rows))


@pytest.mark.parametrize("units", [-6, 6])
def test_check_liquidations__fee_off_by_six_units__is_a_violation(run_of: RunOf, crash_rows: Rows, units: int) -> None:
    partial(crash_rows)["protocol_fee_raw"] += units
    with pytest.raises(AccountingViolation, match=r"protocol fee is .* 1000 bps of the bonus"):
        check(run_of(crash_rows))


@pytest.mark.parametrize("units", [-1, 1])
def test_check_liquidations__a_deficit_that_does_not_close_the_debt__is_a_violation(
    run_of: RunOf, crash_rows: Rows, units: int
) -> None:
    total(crash_rows)["deficit_raw"] += units
    with pytest.raises(AccountingViolation, match=r"less deficit .* leaves"):
        check(run_of(crash_rows))


def test_check_liquidations__more_seized_than_there_was__is_a_violation(run_of: RunOf, crash_rows: Rows) -> None:
    row = partial(crash_rows)
    row["collateral_before_raw"] = row["collateral_seized_raw"] - 1
    with pytest.raises(AccountingViolation, match="seized"):
        check(run_of(crash_rows))


def test_check_liquidations__of_a_healthy_position__is_a_violation(run_of: RunOf, crash_rows: Rows) -> None:
    row = partial(crash_rows)
    row["health_factor_before_wad"] = 10**18
    with pytest.raises(AccountingViolation, match="health factor before was 1000000000000000000, not under 1e18"):
        check(run_of(crash_rows))


@pytest.mark.parametrize("parts_in_a_billion", [-10, 10])
def test_check_liquidations__health_factor_that_contradicts_the_balances__is_a_violation(
    run_of: RunOf, crash_rows: Rows, parts_in_a_billion: int
) -> None:
    row = partial(crash_rows)
    row["health_factor_after_wad"] += row["health_factor_after_wad"] * parts_in_a_billion // 10**9
    with pytest.raises(AccountingViolation, match="health factor after is"):
        check(run_of(crash_rows))


def test_check_liquidations__health_of_a_borrower_with_two_debts__is_not_judged(
    run_of: RunOf, crash_rows: Rows
) -> None:
    row = partial(crash_rows)
    row["health_factor_after_wad"] //= 2
    position = next(entry for entry in crash_rows["positions"] if entry["borrower"] == row["borrower"])
    crash_rows["positions"].append({**position, "debt_asset": "USDT"})
    assert check(run_of(crash_rows)) == len(crash_rows["liquidations"])


def test_check_liquidations__a_debt_gone_with_a_factor_left__is_a_violation(run_of: RunOf, crash_rows: Rows) -> None:
    total(crash_rows)["health_factor_after_wad"] = 0
    with pytest.raises(AccountingViolation, match="health factor after is 0 with a debt of 0"):
        check(run_of(crash_rows))


def test_check_liquidations__a_transaction_not_recorded__is_a_violation(run_of: RunOf, crash_rows: Rows) -> None:
    row = crash_rows["liquidations"][0]
    crash_rows["transactions"] = [sent for sent in crash_rows["transactions"] if sent["tx_hash"] != row["tx_hash"]]
    with pytest.raises(AccountingViolation, match="no successful transaction of that hash"):
        check(run_of(crash_rows))


def test_check_liquidations__another_fee_than_the_transaction__is_a_violation(run_of: RunOf, crash_rows: Rows) -> None:
    crash_rows["liquidations"][0]["fee_wei"] += 1
    with pytest.raises(AccountingViolation, match="fee_wei is"):
        check(run_of(crash_rows))
