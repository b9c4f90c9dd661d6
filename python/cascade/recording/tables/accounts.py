"""Tables of accounts that a scenario takes from a file."""

from __future__ import annotations

from cascade.recording.tables.row import (
    AtBlock,
    AtLog,
    Row,
    boolean,
    int64,
    table,
    text,
    uint256,
    uint256_or_null,
)

__all__ = ["AccountReserveRow", "DrawnFigureRow", "OtherDeficitRow", "StatedAccountRow"]


@table("drawn_figures")
class DrawnFigureRow(Row):
    """One row per figure that was drawn for a member of an agent entry, where the entry states a distribution.

    Keys that are always distributions, such as the equity of traders of perpetuals, have no rows.
    """

    account: str = text("account of the member")
    cohort: str = text("entry of the scenario's agents")
    key: str = text("dotted path of the figure below the entry, such as ladders.ALT-USDC.bid_size")
    value: str = text("what was drawn, as a decimal number in the unit of the key; exact")


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


@table("account_reserves")
class AccountReserveRow(AtBlock):
    """One row per reserve of an account of the file, whenever `positions` has a row of it; empty without a file.

    Accounts without debt have rows at the end of the build and of the run alone.
    """

    borrower: str = text("address of the account, which is its name in every table")
    cohort: str = text("entry of positions that names the file")
    event: str = text("as in positions")
    asset: str = text("symbol of the reserve")
    supplied_raw: int = uint256("smallest unit", "aToken balance")
    borrowed_raw: int = uint256("smallest unit", "variable debt balance")
    used_as_collateral: bool = boolean("whether the supply secures the debts")
    liquidation_threshold_bps: int = int64(
        "1e-4", "liquidation threshold that counts for the account, its efficiency mode included; 0 without collateral"
    )
    liquidation_bonus_bps: int = int64("1e-4", "liquidation bonus likewise, 500 for 5 %")
    supplied_base_e8: int | None = uint256_or_null(
        "USD 1e-8", "value of the supply at the oracle, rounded down; null while the oracle refuses the price"
    )
    borrowed_base_e8: int | None = uint256_or_null(
        "USD 1e-8", "value of the debt at the oracle, rounded up; null likewise"
    )


@table("other_deficits")
class OtherDeficitRow(AtLog):
    """One row per debt that a liquidation wrote off beside the one that it repaid.

    A liquidation that takes the last collateral of an account writes off all its debts: `liquidations` has the deficit
    of the debt that was repaid.
    """

    borrower: str = text("name of the account")
    cohort: str = text("cohort of the borrower")
    asset: str = text("symbol of the debt")
    deficit_raw: int = uint256("smallest unit", "debt written off to the reserve's deficit")
    price_e8: int | None = uint256_or_null(
        "USD 1e-8", "price of the debt at the oracle at the end of the block; null while the oracle refuses it"
    )
