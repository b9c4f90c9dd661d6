"""Runs of accounts with several collaterals and debts, and what their tables say of each account."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from cascade import Run, Scenario, load_scenario
from cascade.commands.synthetic_book import main as write_synthetic_book
from cascade.recording.tables import AccountReserveRow

from .conftest import SCENARIOS

USDE, USDC, WAD, E8 = 10**18, 10**6, 10**18, 10**8
ACCOUNTS = 120

DEEP = """time,asset,price
2025-10-10T21:10:00Z,USDe,1
2025-10-10T21:15:00Z,USDe,0.88
2025-10-10T21:17:00Z,USDe,0.9
2025-10-10T21:10:00Z,WETH,4400
2025-10-10T21:15:00Z,WETH,2700
2025-10-10T21:17:00Z,WETH,2900
2025-10-10T21:10:00Z,WBTC,122000
2025-10-10T21:15:00Z,WBTC,80000
2025-10-10T21:17:00Z,WBTC,83000
"""


def synthetic(folder: Path, **changes: Any) -> Scenario:
    """The shipped scenario with fewer accounts and a deeper fall, so that accounts of every kind are liquidated."""
    file = folder / "book.csv"
    (folder / "deep.csv").write_text(DEEP, encoding="utf-8")
    result = CliRunner().invoke(
        write_synthetic_book, ["--accounts", str(ACCOUNTS), "--seed", "5", "--out", str(file)], catch_exceptions=False
    )
    assert result.exit_code == 0
    deep = {"prices.path": str(folder / "deep.csv"), "timeline.end": datetime(2025, 10, 10, 21, 17, tzinfo=UTC)}
    return load_scenario(SCENARIOS / "synthetic-book.yaml", set={"positions.book.file": str(file), **deep, **changes})


def reserves(run: Run) -> dict[tuple[str, int], dict[str, AccountReserveRow]]:
    """Holdings of each account by block."""
    found: defaultdict[tuple[str, int], dict[str, AccountReserveRow]] = defaultdict(dict)
    for row in run.frames.rows(AccountReserveRow):
        found[row.borrower, row.block_number][row.asset] = row
    return found


def value_of(rows: dict[str, AccountReserveRow]) -> tuple[int, int, int]:
    """Collateral and debt (dollars with 8 decimals) and weighted collateral of an account, as Aave sums them."""
    secured = [row for row in rows.values() if row.used_as_collateral]
    collateral = sum(row.supplied_base_e8 or 0 for row in secured)
    weighted = sum((row.supplied_base_e8 or 0) * row.liquidation_threshold_bps for row in secured)
    return collateral, sum(row.borrowed_base_e8 or 0 for row in rows.values()), weighted
