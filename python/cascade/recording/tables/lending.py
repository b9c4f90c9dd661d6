"""Tables of lending: positions, liquidations, unwinding, margin calls, and the reserve of USDe."""

from __future__ import annotations

from cascade.recording.tables.row import (
    AtBlock,
    AtLog,
    Row,
    boolean,
    int64,
    int64_or_null,
    table,
    text,
    uint256,
    uint256_or_null,
)

__all__ = [
    "FlowRow",
    "HealthRow",
    "LiquidationRow",
    "LoopRow",
    "MarginEventRow",
    "PositionRow",
    "ReserveRow",
    "UnwindRow",
    "WithdrawalRow",
]


@table("positions")
class PositionRow(AtBlock):
    """One row per position whenever an event changed its balances, and at the end of the build and of the run."""

    borrower: str = text("name of the account")
    address: str = text("address of the account")
    cohort: str = text("cohort of the scenario")
    event: str = text("built, end, liquidated; unwound, stopped, repaid, topped-up, looped or changed by its owner")
    collateral_asset: str = text("symbol of the collateral")
    debt_asset: str = text("symbol of the debt")
    collateral_raw: int = uint256("smallest unit", "aToken balance")
    debt_raw: int = uint256("smallest unit", "variable debt balance")
    collateral_base_e8: int | None = uint256_or_null(
        "USD 1e-8", "value of the account's collateral at the oracle; null while the oracle refuses either price"
    )
    debt_base_e8: int | None = uint256_or_null("USD 1e-8", "value of the account's debt at the oracle; null likewise")
    health_factor_wad: int | None = uint256_or_null("1e-18", "health factor; 2^256 - 1 without debt; null likewise")


@table("health")
class HealthRow(AtBlock):
    """One row per block and non-empty bucket of health factors, over the positions with debt.

    While the oracle refuses the price of a position's collateral or debt, the position is in no bucket.
    """

    health_low_bps: int = int64("1e-4", "lowest health factor of the bucket, inclusive")
    health_high_bps: int = int64("1e-4", "highest health factor of the bucket, exclusive; 2^31 stands for no bound")
    positions: int = int64("-", "number of positions in the bucket")
    collateral_base_e8: int = uint256("USD 1e-8", "value of their collateral at the oracle")
    debt_base_e8: int = uint256("USD 1e-8", "value of their debt at the oracle")


@table("loops")
class LoopRow(Row):
    """One row per round of a looped position; round 0 is the first supply."""

    borrower: str = text("name of the account")
    cohort: str = text("cohort of the scenario")
    round: int = int64("-", "round, 0 for the first supply")
    block_number: int = int64("-", "block of the round's supply")
    borrowed_raw: int = uint256("smallest unit", "debt asset borrowed in the round")
    swapped_raw: int = uint256("smallest unit", "collateral asset received for the debt asset")
    supplied_raw: int = uint256("smallest unit", "collateral asset supplied in the round")
    collateral_raw: int = uint256("smallest unit", "collateral asset supplied so far, without interest")
    debt_raw: int = uint256("smallest unit", "debt asset borrowed so far, without interest")


@table("liquidations")
class LiquidationRow(AtLog):
    """One row per liquidationCall that succeeded."""

    venue: str = text("lending pool")
    liquidator: str = text("name of the keeper")
    borrower: str = text("name of the account liquidated")
    cohort: str = text("cohort of the borrower")
    collateral_asset: str = text("symbol of the collateral seized")
    debt_asset: str = text("symbol of the debt repaid")
    debt_covered_raw: int = uint256("smallest unit", "debt repaid by the liquidator")
    collateral_seized_raw: int = uint256("smallest unit", "collateral taken from the borrower, protocol fee included")
    protocol_fee_raw: int = uint256("smallest unit", "part of the collateral seized that went to the treasury")
    deficit_raw: int = uint256("smallest unit", "debt written off to the reserve's deficit")
    collateral_price_e8: int = int64("USD 1e-8", "oracle price of the collateral in the transaction")
    debt_price_e8: int = int64("USD 1e-8", "oracle price of the debt in the transaction")
    bonus_bps: int = int64("1e-4", "liquidation bonus, 500 for 5 %")
    close_factor_bps: int = int64("1e-4", "5000 where at most half the debt could be repaid, else 10000")
    health_factor_before_wad: int = uint256("1e-18", "health factor right before, in the transaction")
    health_factor_after_wad: int = uint256(
        "1e-18", "health factor right after, in the transaction; 2^256 - 1 without debt"
    )
    collateral_before_raw: int = uint256("smallest unit", "aToken balance right before")
    debt_before_raw: int = uint256("smallest unit", "debt balance right before")
    exit_proceeds_raw: int | None = uint256_or_null(
        "smallest unit",
        "debt asset received for the collateral; 0 when it was kept; null where the liquidator called the pool itself "
        "instead of through the contract Liquidator, which reports it",
    )
    liquidator_profit_raw: int | None = uint256_or_null(
        "smallest unit",
        "signed, debt asset: profit before gas; collateral that was kept counts 0; null where it is not reported",
        signed=True,
    )
    gas_used: int | None = int64_or_null("gas", "gas of the transaction; null in a run in process, which knows no gas")
    fee_wei: int | None = uint256_or_null("wei", "fee of the transaction; null likewise")
    flash_loan: bool = boolean("whether a flash loan paid for it")
    round: int = int64("-", "how many times this borrower has been liquidated, this one included")
    unhealthy_since_step: int = int64("-", "step whose block took the health factor under 1")
    triggered_by: str = text(
        "transaction that last lowered the price which took the health factor under 1; empty when none did"
    )


@table("unwinds")
class UnwindRow(AtLog):
    """One row per loop, or part of one, that its owner sold and repaid in one transaction."""

    borrower: str = text("name of the account")
    cohort: str = text("cohort of the scenario")
    collateral_asset: str = text("symbol of the collateral")
    debt_asset: str = text("symbol of the debt")
    collateral_sold_raw: int = uint256("smallest unit", "collateral withdrawn and sold")
    proceeds_raw: int = uint256("smallest unit", "debt asset received for the collateral")
    debt_repaid_raw: int = uint256("smallest unit", "debt repaid")
    premium_raw: int = uint256("smallest unit", "premium of the flash loan")
    cash_paid_raw: int = uint256("smallest unit", "debt asset left over and paid to the owner")
    collateral_price_e8: int = int64("USD 1e-8", "oracle price of the collateral before the sale")
    debt_price_e8: int = int64("USD 1e-8", "oracle price of the debt before the sale")
    health_factor_before_wad: int = uint256("1e-18", "health factor before the repayment; 2^256 - 1 without debt")
    health_factor_after_wad: int = uint256("1e-18", "health factor after the withdrawal, before the sale")


@table("flows")
class FlowRow(AtLog):
    """One row per movement of the crash phase between a position and an account that is no contract."""

    account: str = text("name of the position's owner")
    cohort: str = text("cohort or agent entry of the scenario that the owner belongs to")
    event: str = text("supply, withdraw, borrow or repay")
    asset: str = text("symbol of the asset moved")
    amount_raw: int = uint256("smallest unit", "amount moved")


@table("margin_events")
class MarginEventRow(AtBlock):
    """One row per step of a margin call on a pledge, as the agents report it: a step is no transaction of its own."""

    borrower: str = text("name of the account of the pledge")
    event: str = text("call, cured or failed (the deadline passed)")
    ltv_bps: int = int64("1e-4", "debt over collateral of the pledge, at the oracle")
    deadline_timestamp: int = int64("s", "Unix time of the deadline")
    needed_raw: int = uint256("smallest unit", "debt to repay for the LTV to reach the cure line")
    raised_raw: int = uint256("smallest unit", "cash at hand to repay it")


@table("withdrawals")
class WithdrawalRow(AtBlock):
    """One row per lender's attempt to withdraw."""

    tx_hash: str = text("hash of the transaction")
    lender: str = text("name of the account")
    asset: str = text("symbol of the asset")
    asked_raw: int = uint256("smallest unit", "amount asked for")
    got_raw: int = uint256("smallest unit", "amount paid; 0 when the withdrawal failed")
    revert_reason: str = text("why it failed; empty when it did not")


@table("reserve")
class ReserveRow(AtBlock):
    """One row per block in which USDe's reserve changed, at the block's time and mark; empty where there is none."""

    spot_raw: int = uint256("smallest unit", "spot asset held")
    short_raw: int = uint256("smallest unit", "spot asset sold short")
    short_entry_raw: int = uint256("smallest unit", "collateral asset: value at which the short was opened")
    mark_e8: int = int64("USD 1e-8", "price at which spot and short are valued")
    cash_raw: int = uint256("smallest unit", "collateral asset held")
    funding_raw: int = uint256("smallest unit", "signed, collateral asset: funding accrued, not settled", signed=True)
    undistributed_raw: int = uint256(
        "smallest unit", "signed, collateral asset: funding settled, not yet paid to the stakers", signed=True
    )
    nav_raw: int = uint256(
        "smallest unit", "signed, collateral asset: cash, spot, profit of the short and accrued funding", signed=True
    )
    buffer_raw: int = uint256("smallest unit", "collateral asset that the minting contract holds")
    usde_supply_raw: int = uint256("smallest unit", "supply of USDe")
    staked_assets_raw: int = uint256("smallest unit", "USDe that the stakers' shares are worth")
    staked_shares_raw: int = uint256("smallest unit", "number of the stakers' shares")
