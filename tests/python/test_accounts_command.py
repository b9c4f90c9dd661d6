"""`cascade accounts`: the verdict on a file, without a chain."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cascade.commands.console import cli

A, B, C = (f"0x{digit * 40}" for digit in "123")
ROWS = f"""borrower,asset,supplied,borrowed,emode
{A},USDe,100000,0,1
{A},USDC,0,92000,1
{B},USDe,1000,0,1
{B},USDC,0,940,1
{C},USDe,0.5,0,
{C},Staked,7,0,
"""


def accounts(folder: Path, *options: str, rows: str = ROWS) -> Result:
    file = folder / "book.csv"
    file.write_text(rows, encoding="utf-8")
    arguments = ["accounts", str(file), "--scenario", "synthetic-book", "--column", "account=borrower", *options]
    return CliRunner(env={"COLUMNS": "200"}).invoke(cli, arguments, catch_exceptions=False)


def test_accounts__of_a_file__are_judged_and_summed(tmp_path: Path) -> None:
    result = accounts(tmp_path, "--asset", "Staked=")

    assert result.exit_code == 0, result.output
    lines = [" ".join(line.replace("│", " ").split()) for line in result.output.splitlines()]
    assert "in the file 3 accounts" in lines
    assert "USDe 100,000.00 0.00 1" in lines
    assert "USDC 0.00 92,000.00 1" in lines
    assert "stand 1 account, $100.0 k supplied, $92.00 k of debt" in lines
    # 1,000 at 93 % against 940.
    assert "health-factor 1 account, $1.00 k supplied, $940 of debt" in lines
    assert "asset-left-out 1 account, $0.50 supplied, $0 of debt" in lines
    assert "modes 1: 2" in lines
    assert (
        "In a scenario: positions: {book: {kind: accounts, file: book.csv, skip: true, columns: {account: borrower}, "
        "assets: {Staked: null}}}"
    ) in lines


def test_accounts__refused__are_printed_as_csv_and_nothing_else(tmp_path: Path) -> None:
    result = accounts(tmp_path, "--asset", "Staked=", "--refused")

    assert result.output.splitlines() == [
        "account,row,obstacle,detail",
        f"{B},line 4,health-factor,health factor 0.9893 is under 1",
        f'{C},line 6,asset-left-out,"holds Staked, which the scenario leaves out"',
    ]


def test_accounts__lines_of_the_scenario__are_changed_by_set(tmp_path: Path) -> None:
    options = ("--asset", "Staked=USDT", "--set", "lending.emodes.1.liquidation_threshold_bps=9500", "--refused")

    assert accounts(tmp_path, *options).output.splitlines() == ["account,row,obstacle,detail"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), "book.csv: line 7: asset = 'Staked': unknown reserve"),
        (("--asset", "Staked"), "--asset = 'Staked': expected NAME=VALUE"),
        (("--column", "asset=token"), "columns.asset = 'token': unknown column of the file"),
        (("--format", "wild"), "positions.book.format = 'wild'"),
        (("--scenario", "nowhere"), "unknown scenario"),
    ],
)
def test_accounts__that_cannot_be_read__are_one_line_and_exit_code_2(
    tmp_path: Path, options: tuple[str, ...], expected: str
) -> None:
    result = accounts(tmp_path, *options)

    assert result.exit_code == 2
    assert expected in result.output
    assert result.output.count("\n") == 1
