"""The declared schema of every table: column, type, unit, meaning.

Parquet holds a `uint256` as a decimal string and a frame holds it as a Python int: no integer or decimal type of
either fits it, and both round it silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["TABLES", "Column", "Kind", "Table"]


class Kind(Enum):
    """Type of a column."""

    TEXT = "text"
    INT64 = "int64"
    UINT256 = "uint256"
    """Exact integer of up to 256 bits, negative ones included where the meaning says `signed`."""
    BOOL = "bool"


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    kind: Kind
    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """One table: a row a fact."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> list[str]:
        """Names in order."""
        return [column.name for column in self.columns]


TEXT, INT64, UINT256, BOOL = Kind.TEXT, Kind.INT64, Kind.UINT256, Kind.BOOL

_IDENTITY = (
    Column("run_id", TEXT, "-", "scenario, seed and hash of the run"),
    Column("seed", INT64, "-", "seed of every random stream"),
)
_WHEN = (
    Column("phase", TEXT, "-", "build or crash"),
    Column("step", INT64, "-", "step of the crash phase, 0 at its first block; -1 during the build"),
    Column("block_number", INT64, "-", "block"),
    Column("timestamp", INT64, "s", "Unix time of the block"),
)
_LOG = (
    Column("tx_hash", TEXT, "-", "transaction that emitted the event"),
    Column("log_index", INT64, "-", "position of the event in its block"),
)

_TABLES = (
    Table(
        "runs",
        "One row: what was run, with what.",
        (
            *_IDENTITY,
            Column("scenario", TEXT, "-", "name of the scenario"),
            Column("engine", TEXT, "-", "lending pool that ran: mock, or aave-v3"),
            Column("start_timestamp", INT64, "s", "Unix time of the first crash block"),
            Column("block_seconds", INT64, "s", "time between crash blocks"),
            Column("positions", INT64, "-", "positions built"),
            Column("counterfactual", TEXT, "-", "why this run is a counterfactual; empty when it is none"),
            Column("parameters", TEXT, "JSON", "every parameter of the scenario, defaults included"),
            Column("scenario_sha256", TEXT, "-", "hash of `parameters`"),
            Column("contracts_sha256", TEXT, "-", "hash over the creation code of every contract deployed"),
        ),
    ),
    Table(
        "blocks",
        "One row a mined block.",
        (
            *_IDENTITY,
            *_WHEN,
            Column("transactions", INT64, "-", "transactions in the block"),
            Column("queued", INT64, "-", "transactions left waiting for space after the block"),
            Column("queued_gas", INT64, "gas", "gas that those waiting reserve"),
            Column("gas_used", INT64, "gas", "gas used"),
            Column("gas_limit", INT64, "gas", "gas limit"),
            Column("base_fee_wei", INT64, "wei", "base fee a unit of gas"),
        ),
    ),
    Table(
        "transactions",
        "One row a transaction, and one a proposal that never became one.",
        (
            *_IDENTITY,
            *_WHEN,
            Column("transaction_index", INT64, "-", "position in the block; -1 for a proposal that was not sent"),
            Column("tx_hash", TEXT, "-", "hash; empty for a proposal that was not sent"),
            Column("actor", TEXT, "-", "name of the sender"),
            Column(
                "role", TEXT, "-",
                "class of actor: looper, whale, keeper, buyer, dip-buyer, arbitrageur, provider, lender, issuer, "
                "oracle, exogenous, deployer; or what an agent of one's own is called",
            ),
            Column("cohort", TEXT, "-", "cohort or agent entry of the scenario that the actor belongs to"),
            Column("intent", TEXT, "-", "what it is for: supply, borrow, swap, post, liquidate, ..."),
            Column("reason", TEXT, "-", "why the agent proposed it, in its own words"),
            Column("target", TEXT, "-", "contract called"),
            Column("status", TEXT, "-", "ok, reverted, or rejected (never sent)"),
            Column("revert_reason", TEXT, "-", "decoded error; empty when ok"),
            Column("proposed_step", INT64, "-", "step since which its maker has wanted it; -1 before the crash"),
            Column("gas_limit", INT64, "gas", "gas limit of the transaction"),
            Column("gas_used", INT64, "gas", "gas used"),
            Column("tip_wei", INT64, "wei", "priority fee offered a unit of gas"),
            Column("fee_wei", UINT256, "wei", "gas used times effective gas price"),
        ),
    ),
    Table(
        "prices",
        "One row a price that changed: asset, source and block.",
        (
            *_IDENTITY,
            *_WHEN,
            Column("asset", TEXT, "-", "symbol"),
            Column(
                "source", TEXT, "-",
                "oracle (what the pool sees), path (input), spot:VENUE, exit:VENUE (average over all open collateral), "
                "redemption",
            ),
            Column("price_e8", INT64, "USD 1e-8", "price"),
        ),
    ),
    Table(
        "positions",
        "One row a position whenever an event changed its balances, and at the end of the build and of the run.",
        (
            *_IDENTITY,
            *_WHEN,
            Column("borrower", TEXT, "-", "name of the account"),
            Column("address", TEXT, "-", "its address"),
            Column("cohort", TEXT, "-", "cohort of the scenario"),
            Column(
                "event", TEXT, "-",
                "built, end, liquidated; unwound, stopped, repaid, topped-up, looped or changed by its owner",
            ),
            Column("collateral_asset", TEXT, "-", "symbol"),
            Column("debt_asset", TEXT, "-", "symbol"),
            Column("collateral_raw", UINT256, "smallest unit", "aToken balance"),
            Column("debt_raw", UINT256, "smallest unit", "variable debt balance"),
            Column("collateral_base_e8", UINT256, "USD 1e-8", "collateral of the account at the oracle"),
            Column("debt_base_e8", UINT256, "USD 1e-8", "debt of the account at the oracle"),
            Column("health_factor_wad", UINT256, "1e-18", "health factor; 2^256 - 1 without debt"),
        ),
    ),
    Table(
        "health",
        "One row a block and non-empty bucket of health factors, over the open positions.",
        (
            *_IDENTITY,
            *_WHEN,
            Column("health_low_bps", INT64, "1e-4", "health factor from, inclusive"),
            Column("health_high_bps", INT64, "1e-4", "health factor to, exclusive; 2^31 stands for no bound"),
            Column("positions", INT64, "-", "positions in the bucket"),
            Column("collateral_base_e8", UINT256, "USD 1e-8", "their collateral at the oracle"),
            Column("debt_base_e8", UINT256, "USD 1e-8", "their debt at the oracle"),
        ),
    ),
    Table(
        "loops",
        "One row a round of a looped position; round 0 is the first supply.",
        (
            *_IDENTITY,
            Column("borrower", TEXT, "-", "name of the account"),
            Column("cohort", TEXT, "-", "cohort of the scenario"),
            Column("round", INT64, "-", "round, 0 for the first supply"),
            Column("block_number", INT64, "-", "block of the round's supply"),
            Column("borrowed_raw", UINT256, "smallest unit", "debt asset borrowed"),
            Column("swapped_raw", UINT256, "smallest unit", "collateral asset received for it"),
            Column("supplied_raw", UINT256, "smallest unit", "collateral asset supplied"),
            Column("collateral_raw", UINT256, "smallest unit", "supplied so far, interest left out"),
            Column("debt_raw", UINT256, "smallest unit", "borrowed so far, interest left out"),
        ),
    ),
    Table(
        "swaps",
        "One row an exchange at a venue.",
        (
            *_IDENTITY,
            *_WHEN,
            *_LOG,
            Column("venue", TEXT, "-", "venue of the scenario"),
            Column("actor", TEXT, "-", "name of the sender of the transaction"),
            Column("role", TEXT, "-", "class of actor"),
            Column("asset_in", TEXT, "-", "symbol sold"),
            Column("asset_out", TEXT, "-", "symbol bought"),
            Column("amount_in_raw", UINT256, "smallest unit", "amount sold"),
            Column("amount_out_raw", UINT256, "smallest unit", "amount bought"),
        ),
    ),
    Table(
        "liquidity",
        "One row a venue, distance from its price, and block at which that depth changed.",
        (
            *_IDENTITY,
            *_WHEN,
            Column("venue", TEXT, "-", "venue of the scenario"),
            Column("within_bps", INT64, "1e-4", "distance from the price"),
            Column("sell_raw", UINT256, "smallest unit", "collateral asset that can be sold before it falls so far"),
            Column("buy_raw", UINT256, "smallest unit", "collateral asset that can be bought before it rises so far"),
        ),
    ),
    Table(
        "price_moves",
        "One row an event that moved a price, in log order: (block_number, log_index) is the total order.",
        (
            *_IDENTITY,
            *_WHEN,
            Column("transaction_index", INT64, "-", "position of the transaction in its block"),
            Column("log_index", INT64, "-", "position of the event in its block"),
            Column("tx_hash", TEXT, "-", "transaction that emitted the event"),
            Column(
                "market", TEXT, "-",
                "name of the venue; feed:ASSET for a posted feed; oracle:ASSET for an observation by an averaging or "
                "delaying source",
            ),
            Column("asset", TEXT, "-", "symbol"),
            Column("kind", TEXT, "-", "swap, liquidity, post or observe"),
            Column("actor", TEXT, "-", "name of the sender of the transaction"),
            Column(
                "role", TEXT, "-",
                "class of actor: looper, whale, keeper, buyer, dip-buyer, arbitrageur, provider, lender, oracle, "
                "exogenous, deployer",
            ),
            Column("cohort", TEXT, "-", "cohort or agent entry of the scenario that the actor belongs to"),
            Column("intent", TEXT, "-", "what the transaction is for"),
            Column(
                "price_before_wad", UINT256, "1e-18",
                "price right before: of the asset in the venue's quote coin; of feeds and observations, dollars a "
                "token",
            ),
            Column("price_after_wad", UINT256, "1e-18", "price right after, likewise"),
        ),
    ),
    Table(
        "liquidations",
        "One row a liquidationCall that went through.",
        (
            *_IDENTITY,
            *_WHEN,
            *_LOG,
            Column("venue", TEXT, "-", "lending pool"),
            Column("liquidator", TEXT, "-", "name of the keeper"),
            Column("borrower", TEXT, "-", "name of the account"),
            Column("cohort", TEXT, "-", "cohort of the borrower"),
            Column("collateral_asset", TEXT, "-", "symbol"),
            Column("debt_asset", TEXT, "-", "symbol"),
            Column("debt_covered_raw", UINT256, "smallest unit", "debt repaid"),
            Column("collateral_seized_raw", UINT256, "smallest unit", "collateral taken, protocol fee included"),
            Column("protocol_fee_raw", UINT256, "smallest unit", "of the seized, what the treasury got"),
            Column("deficit_raw", UINT256, "smallest unit", "debt written off to the reserve's deficit"),
            Column("collateral_price_e8", INT64, "USD 1e-8", "oracle price of the collateral in the transaction"),
            Column("debt_price_e8", INT64, "USD 1e-8", "oracle price of the debt in the transaction"),
            Column("bonus_bps", INT64, "1e-4", "liquidation bonus, 500 for 5 %"),
            Column("close_factor_bps", INT64, "1e-4", "5000 where half the debt was the most, else 10000"),
            Column("health_factor_before_wad", UINT256, "1e-18", "right before, in the transaction"),
            Column("health_factor_after_wad", UINT256, "1e-18", "right after, likewise; 2^256 - 1 without debt"),
            Column("collateral_before_raw", UINT256, "smallest unit", "aToken balance right before"),
            Column("debt_before_raw", UINT256, "smallest unit", "debt balance right before"),
            Column("exit_proceeds_raw", UINT256, "smallest unit", "debt asset got for the collateral; 0 when held"),
            Column("liquidator_profit_raw", UINT256, "smallest unit", "signed, before gas; collateral held counts 0"),
            Column("gas_used", INT64, "gas", "gas of the transaction"),
            Column("fee_wei", UINT256, "wei", "fee of the transaction"),
            Column("flash_loan", BOOL, "-", "paid with a flash loan"),
            Column("round", INT64, "-", "how many times this borrower has been liquidated, this one included"),
            Column("unhealthy_since_step", INT64, "-", "step whose block took the health factor under 1"),
            Column(
                "triggered_by", TEXT, "-",
                "transaction that posted the price which took the health factor under 1; empty when no post did",
            ),
        ),
    ),
    Table(
        "unwinds",
        "One row a loop, or part of one, that its owner sold and repaid in one transaction.",
        (
            *_IDENTITY,
            *_WHEN,
            *_LOG,
            Column("borrower", TEXT, "-", "name of the account"),
            Column("cohort", TEXT, "-", "cohort of the scenario"),
            Column("collateral_asset", TEXT, "-", "symbol"),
            Column("debt_asset", TEXT, "-", "symbol"),
            Column("collateral_sold_raw", UINT256, "smallest unit", "collateral withdrawn and sold"),
            Column("proceeds_raw", UINT256, "smallest unit", "debt asset got for it"),
            Column("debt_repaid_raw", UINT256, "smallest unit", "debt repaid"),
            Column("premium_raw", UINT256, "smallest unit", "premium of the flash loan"),
            Column("cash_paid_raw", UINT256, "smallest unit", "what the owner got in hand"),
            Column("collateral_price_e8", INT64, "USD 1e-8", "oracle price of the collateral, before the sale"),
            Column("debt_price_e8", INT64, "USD 1e-8", "oracle price of the debt, likewise"),
            Column("health_factor_before_wad", UINT256, "1e-18", "before the repayment; 2^256 - 1 without debt"),
            Column("health_factor_after_wad", UINT256, "1e-18", "after the withdrawal, before the sale"),
        ),
    ),
    Table(
        "flows",
        "One row a movement of the crash phase between a position and an account that is no contract.",
        (
            *_IDENTITY,
            *_WHEN,
            *_LOG,
            Column("account", TEXT, "-", "whose position"),
            Column("cohort", TEXT, "-", "cohort or agent entry of the scenario that it belongs to"),
            Column("event", TEXT, "-", "supply, withdraw, borrow or repay"),
            Column("asset", TEXT, "-", "symbol"),
            Column("amount_raw", UINT256, "smallest unit", "amount"),
        ),
    ),
    Table(
        "margin_events",
        "One row a step of a margin call on a pledge, from the agents' journal: no transaction, but why some follow.",
        (
            *_IDENTITY,
            *_WHEN,
            Column("borrower", TEXT, "-", "account of the pledge"),
            Column("event", TEXT, "-", "call, cured or failed (the deadline passed)"),
            Column("ltv_bps", INT64, "1e-4", "debt over collateral of the pledge, at the oracle"),
            Column("deadline_timestamp", INT64, "s", "Unix time of the deadline"),
            Column("needed_raw", UINT256, "smallest unit", "debt to repay for the LTV to reach the cure line"),
            Column("raised_raw", UINT256, "smallest unit", "cash at hand for it"),
        ),
    ),
    Table(
        "reserve",
        "One row a block in which USDe's reserve changed, where the scenario has one: at the block's time and mark.",
        (
            *_IDENTITY,
            *_WHEN,
            Column("spot_raw", UINT256, "smallest unit", "spot held"),
            Column("short_raw", UINT256, "smallest unit", "spot asset sold short"),
            Column("short_entry_raw", UINT256, "smallest unit", "collateral asset: what the short was opened at"),
            Column("mark_e8", INT64, "USD 1e-8", "price that spot and short are valued at"),
            Column("cash_raw", UINT256, "smallest unit", "collateral asset held"),
            Column("funding_raw", UINT256, "smallest unit", "signed, collateral asset: funding accrued, not settled"),
            Column(
                "undistributed_raw", UINT256, "smallest unit",
                "signed, collateral asset: funding settled, not paid to the stakers",
            ),
            Column(
                "nav_raw", UINT256, "smallest unit",
                "signed, collateral asset: cash, spot, profit of the short and accrued funding",
            ),
            Column("buffer_raw", UINT256, "smallest unit", "collateral asset that the minting contract holds"),
            Column("usde_supply_raw", UINT256, "smallest unit", "USDe in being"),
            Column("staked_assets_raw", UINT256, "smallest unit", "USDe that the stakers' shares are worth"),
            Column("staked_shares_raw", UINT256, "smallest unit", "their shares"),
        ),
    ),
    Table(
        "withdrawals",
        "One row a lender's attempt to withdraw.",
        (
            *_IDENTITY,
            *_WHEN,
            Column("tx_hash", TEXT, "-", "the transaction"),
            Column("lender", TEXT, "-", "name of the account"),
            Column("asset", TEXT, "-", "symbol"),
            Column("asked_raw", UINT256, "smallest unit", "amount asked for"),
            Column("got_raw", UINT256, "smallest unit", "amount paid; 0 when it failed"),
            Column("revert_reason", TEXT, "-", "why it failed; empty when it did not"),
        ),
    ),
)  # fmt: skip

TABLES: dict[str, Table] = {table.name: table for table in _TABLES}
"""Every table by name, in the order they are written."""
