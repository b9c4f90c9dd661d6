"""Tables of the exchange; empty where a scenario has none."""

from __future__ import annotations

from cascade.recording.tables.row import AtBlock, AtLog, int64, table, text, uint256

__all__ = ["ExchangeEventRow", "FundRow", "HoldingRow", "MarginCohortRow", "MarginRow", "PerpTradeRow", "TradeRow"]


@table("trades")
class TradeRow(AtLog):
    """One row per trade in a book in the crash phase."""

    book: str = text("book of the scenario")
    asset: str = text("symbol of what the book trades")
    maker: str = text("account whose order rested")
    maker_role: str = text("its class of actor")
    maker_cohort: str = text("cohort or agent entry of the scenario that it belongs to")
    taker: str = text(
        "account that met it; of a forced sale the one on whose behalf it is sold, of the desk's the borrower"
    )
    taker_role: str = text("its class of actor")
    taker_cohort: str = text("cohort or agent entry of the scenario that it belongs to")
    taker_side: str = text("buy or sell")
    intent: str = text("what the transaction was for; account-liquidation and desk-liquidation are forced sales")
    price_raw: int = uint256("smallest unit", "of the stable, for a whole token of the asset")
    base_raw: int = uint256("smallest unit", "asset traded")
    quote_raw: int = uint256("smallest unit", "stable traded, fees included; exact")
    maker_fee_raw: int = uint256("smallest unit", "of what the maker received")
    taker_fee_raw: int = uint256("smallest unit", "of what the taker received")


@table("perp_trades")
class PerpTradeRow(AtLog):
    """One row per change of hands of perpetual contracts in the crash phase."""

    market: str = text("perpetual of the scenario")
    taker: str = text("account that traded, was liquidated, or is bankrupt")
    taker_role: str = text("its class of actor")
    taker_cohort: str = text("cohort or agent entry of the scenario that it belongs to")
    maker: str = text("account that quoted; of adl the one that lost its position")
    maker_role: str = text("its class of actor")
    maker_cohort: str = text("cohort or agent entry of the scenario that it belongs to")
    kind: str = text("trade, liquidation or adl")
    contracts: int = uint256("contracts", "signed, bought by the taker; negative is sold", signed=True)
    price_raw: int = uint256("smallest unit", "of the stable, a contract; of adl the bankruptcy price")
    mark_raw: int = uint256("smallest unit", "mark price, likewise")
    rank_wad: int = uint256("1e-18", "of adl, what put the maker in its place in line; else 0")


@table("margin")
class MarginRow(AtBlock):
    """One row per account of the exchange at the end of the build and of the run, and when its level changed.

    There is no row at a step at which a market with an open position has no price.
    """

    account: str = text("name of the account")
    role: str = text("its class of actor")
    cohort: str = text("cohort or agent entry of the scenario that it belongs to")
    event: str = text("built, changed or end")
    level: str = text("free, warning, reduce-only or liquidation")
    equity_raw: int = uint256("smallest unit", "signed, stable: assets, cash and profit less debt", signed=True)
    adjusted_equity_raw: int = uint256("smallest unit", "signed, likewise after haircuts", signed=True)
    maintenance_raw: int = uint256("smallest unit", "stable: maintenance margin")
    uni_mmr_wad: int = uint256(
        "1e-18",
        "signed, adjusted equity over maintenance margin; 2^255 - 1 without maintenance margin, -2^255 where "
        "the adjusted equity is negative besides",
        signed=True,
    )
    leverage_wad: int = uint256(
        "1e-18", "assets other than the stable and notional, over equity; 2^256 - 1 without equity"
    )
    debt_raw: int = uint256("smallest unit", "stable owed")
    notional_raw: int = uint256("smallest unit", "stable: perpetuals at the mark, longs and shorts alike")


@table("margin_cohorts")
class MarginCohortRow(AtBlock):
    """One row per step and cohort, over its accounts with debt, positions, or collateral other than the stable.

    There is no row at a step at which a market with an open position has no price.
    """

    cohort: str = text("cohort or agent entry of the scenario")
    accounts: int = int64("-", "accounts")
    free: int = int64("-", "of them at each level: free")
    warning: int = int64("-", "warning")
    reduce_only: int = int64("-", "reduce-only")
    liquidation: int = int64("-", "liquidation")
    equity_raw: int = uint256("smallest unit", "signed, sum of equities, stable", signed=True)
    adjusted_equity_raw: int = uint256("smallest unit", "signed, sum after haircuts", signed=True)
    maintenance_raw: int = uint256("smallest unit", "sum of maintenance margins")
    debt_raw: int = uint256("smallest unit", "sum of debts")
    notional_raw: int = uint256("smallest unit", "sum of notionals")
    gross_raw: int = uint256(
        "smallest unit", "collateral other than the stable, without haircut, and notional: leverage is this over equity"
    )
    median_uni_mmr_wad: int = uint256("1e-18", "signed, median; the lower of the middle two", signed=True)
    lowest_uni_mmr_wad: int = uint256("1e-18", "signed, lowest", signed=True)


@table("holdings")
class HoldingRow(AtBlock):
    """One row per cohort, asset, and step at which what the cohort holds of it at the exchange had changed."""

    cohort: str = text("cohort or agent entry of the scenario")
    asset: str = text("symbol")
    amount_raw: int = uint256("smallest unit", "free and locked by orders, pledges to the desk left out")


@table("exchange_events")
class ExchangeEventRow(AtLog):
    """One row per event of the crash phase at the desk, the margin, a book or the vault.

    Columns that do not apply are 0, or empty.
    """

    kind: str = text(
        "liquidation-started, collateral-sold, insurance-used, auto-deleveraged (sum of a transaction and "
        "market), bad-debt, liquidation-ended; margin-called, margin-call-met, loan-liquidated, "
        "shortfall-covered, desk-loss; book-halted; transfers-closed, transfers-open"
    )
    account: str = text("name of the account")
    role: str = text("its class of actor")
    cohort: str = text("cohort or agent entry of the scenario that it belongs to")
    book: str = text("book, line of the desk, or perpetual of auto-deleveraging")
    asset: str = text("symbol of the amount; empty where contracts are counted")
    amount_raw: int = uint256(
        "smallest unit",
        "signed, sold, used, written off, or closed (contracts); equity where a liquidation started; anchor "
        "price where a book halted",
        signed=True,
    )
    proceeds_raw: int = uint256("smallest unit", "stable got, less the book's fee; contracts' price")
    fee_raw: int = uint256("smallest unit", "of these, to the insurance fund")
    repaid_raw: int = uint256("smallest unit", "of these, to a loan of the desk")
    ltv_bps: int = uint256("1e-4", "LTV of a loan, before the event; 2^256 - 1 without a pledge's value")
    uni_mmr_wad: int = uint256("1e-18", "signed, of the account: when started, after a sale, when ended", signed=True)
    leverage_wad: int = uint256("1e-18", "of the account when its liquidation started")
    until_timestamp: int = int64("s", "deadline of a margin call, end of a halt")


@table("funds")
class FundRow(AtBlock):
    """One row per fund of the exchange and step at which its balance had changed."""

    fund: str = text("desk-insurance, margin-insurance; desk and margin: what each can lend or pay")
    asset: str = text("symbol of the stable")
    amount_raw: int = uint256("smallest unit", "balance")
