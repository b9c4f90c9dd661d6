"""How much of a file of accounts stands: counts, dollars and shares by hand."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cascade.account_files import Account, AccountFile, Holding
from cascade.analysis.lending.coverage import AccountGroup, accounts_coverage
from cascade.recording.tables import StatedAccountRow
from cascade.report.run.coverage_words import coverage_sentences
from cascade.vocabulary import AccountStatus, Obstacle

E8 = 10**8


def row(status: AccountStatus, supplied: int, debt: int, obstacle: str = "") -> StatedAccountRow:
    return StatedAccountRow(
        run_id="run",
        seed=1,
        account="0x" + "11" * 20,
        cohort="book",
        emode=0,
        status=status,
        obstacle=obstacle,
        detail="",
        supplied_base_e8=supplied * E8,
        debt_base_e8=debt * E8,
        health_factor_wad=None,
    )


def frames(*rows: StatedAccountRow) -> Any:
    return SimpleNamespace(rows=lambda kind: list(rows))


ROWS = (
    row(AccountStatus.BUILT, 1000, 600),
    row(AccountStatus.BUILT, 500, 0),
    row(AccountStatus.BUILT, 100, 60),
    row(AccountStatus.NOT_BUILT, 300, 290, Obstacle.HEALTH_FACTOR),
    row(AccountStatus.NOT_BUILT, 40, 50, Obstacle.HEALTH_FACTOR),
    row(AccountStatus.NOT_BUILT, 70, 0, Obstacle.SUPPLY_CAP),
    row(AccountStatus.DUST, 0, 0),
    row(AccountStatus.DUST, 0, 0),
)


def test_coverage__of_a_file__counts_accounts_and_dollars() -> None:
    found = accounts_coverage(frames(*ROWS))

    assert found is not None
    assert found.built == AccountGroup(3, 1600.0, 660.0)
    assert found.not_built == AccountGroup(3, 410.0, 340.0)
    assert found.not_built_by_obstacle == {
        "health-factor": AccountGroup(2, 340.0, 340.0),
        "supply-cap": AccountGroup(1, 70.0, 0.0),
    }
    assert found.dust.accounts == 2
    assert found.accounts_pct == 50.0
    assert found.debt_pct == pytest.approx(66.0)


def test_coverage__without_a_file__is_missing() -> None:
    assert accounts_coverage(frames()) is None
    assert coverage_sentences(None) == []


def test_coverage__of_suppliers_alone__has_no_share_of_debt() -> None:
    found = accounts_coverage(frames(row(AccountStatus.BUILT, 10, 0)))

    assert found is not None
    assert (found.accounts_pct, found.debt_pct) == (100.0, None)
    assert coverage_sentences(found) == ["1 of 1 account stands (100.0 %), with $0 of debt."]


def test_coverage_sentences__a_file__say_what_stands_and_why_not() -> None:
    first, second, third = coverage_sentences(accounts_coverage(frames(*ROWS)))

    assert first == "3 of 6 accounts stand (50.0 %), with $660 of debt (66.0 % of the file's)."
    assert second == (
        "The pool would refuse 3 accounts with $410 supplied and $340 of debt: health-factor: 2 accounts with $340 "
        "supplied and $340 of debt; supply-cap: 1 account with $70.00 supplied and $0 of debt."
    )
    assert third == "Dropped as dust: 2 accounts with $0 supplied and $0 of debt."


def test_notes__of_a_file__say_what_was_passed_over_and_rounded() -> None:
    accounts = tuple(Account(f"0x{i:040x}", 0, (Holding("USDe", 1, 0),)) for i in range(999))
    found = AccountFile("page.json", accounts, empty_rows=1, rounded_amounts=2)

    assert found.notes() == [
        "page.json: rows without a balance, which were passed over: 1",
        "page.json: amounts with more decimals than their asset has, supplies rounded down and debts up: 2",
        "page.json: has 1,000 rows, whole pages of 1,000: is a page of the export missing?",
    ]
    assert not replace(found, file="book.csv", empty_rows=0, rounded_amounts=0).notes()
    assert not replace(found, empty_rows=0, rounded_amounts=0).notes()
