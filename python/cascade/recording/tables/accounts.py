"""Tables of accounts that a scenario takes from a file."""

from __future__ import annotations

from cascade.recording.tables.row import Row, int64, table, text, uint256, uint256_or_null

__all__ = ["StatedAccountRow"]


@table("stated_accounts")
class StatedAccountRow(Row):
    """One row per account of the scenario's file of accounts, as the file states it; empty without a file."""

    account: str = text("address of the account, which is its name in every table")
    cohort: str = text("entry of positions that names the file")
    emode: int = int64("-", "efficiency mode, 0 for none")
    status: str = text("built, dust or not-built")
    obstacle: str = text("why the pool would refuse it, in a word of `Obstacle`; empty where it does not")
    detail: str = text("the same in words")
    supplied_base_e8: int = uint256("USD 1e-8", "value of what it supplied, at the prices before the crash")
    debt_base_e8: int = uint256("USD 1e-8", "value of its debt, likewise")
    health_factor_wad: int | None = uint256_or_null(
        "1e-18", "health factor, likewise; 2^256 - 1 without debt; null where it holds assets that are left out"
    )
