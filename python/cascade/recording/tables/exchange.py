"""Tables of the exchange; empty where a scenario has none."""

from __future__ import annotations

from cascade.recording.tables.row import AtBlock, AtLog, int64, table, text, uint256

__all__ = ["ExchangeEventRow", "FundRow", "HoldingRow", "MarginCohortRow", "MarginRow", "PerpTradeRow", "TradeRow"]

_COHORT = "cohort or agent entry of the scenario that the account belongs to"
_MAKER_ROLE, _TAKER_ROLE = "class of actor of the maker", "class of actor of the taker"
_MAKER_COHORT = "cohort or agent entry of the scenario that the maker belongs to"
_TAKER_COHORT = "cohort or agent entry of the scenario that the taker belongs to"


@table("trades")
class TradeRow(AtLog):
    """One row per trade in a book in the crash phase."""

    book: str = text("book of the scenario")
    asset: str = text("symbol of the asset that the book trades")
    maker: str = text("account whose order rested in the book")
    maker_role: str = text(_MAKER_ROLE)
    maker_cohort: str = text(_MAKER_COHORT)
    taker: str = text(
        "account whose order met it; of a forced sale the account liquidated, of a sale by the desk the borrower"
    )
    taker_role: str = text(_TAKER_ROLE)
    taker_cohort: str = text(_TAKER_COHORT)
    taker_side: str = text("buy or sell")
    intent: str = text("what the transaction was for; account-liquidation and desk-liquidation are forced sales")
    price_raw: int = uint256("smallest unit", "price in the stable, per whole token of the asset")
    base_raw: int = uint256("smallest unit", "amount of the asset traded")
    quote_raw: int = uint256("smallest unit", "amount of the stable traded, fees included; exact")
    maker_fee_raw: int = uint256("smallest unit", "fee, taken from what the maker received")
    taker_fee_raw: int = uint256("smallest unit", "fee, taken from what the taker received")


@table("perp_trades")
class PerpTradeRow(AtLog):
    """One row per change of hands of perpetual contracts in the crash phase."""

    market: str = text("perpetual of the scenario")
    taker: str = text("account that traded, was liquidated, or is bankrupt")
    taker_role: str = text(_TAKER_ROLE)
    taker_cohort: str = text(_TAKER_COHORT)
    maker: str = text("account that quoted; of auto-deleveraging the account that lost its position")
    maker_role: str = text(_MAKER_ROLE)
    maker_cohort: str = text(_MAKER_COHORT)
    kind: str = text("trade, liquidation or adl (auto-deleveraging)")
    contracts: int = uint256("contracts", "signed, bought by the taker; negative where the taker sold", signed=True)
    price_raw: int = uint256("smallest unit", "stable per contract; of auto-deleveraging the bankruptcy price")
    mark_raw: int = uint256("smallest unit", "mark price, in the stable per contract")
    rank_wad: int = uint256("1e-18", "of auto-deleveraging, the score that ranked the maker in the queue; else 0")


@table("margin")
class MarginRow(AtBlock):
    """One row per margin account at the end of the build and of the run, and whenever its level changed.

    There is no row at a step at which a market with an open position has no price.
    """

    account: str = text("name of the account")
    role: str = text("class of actor of the account")
    cohort: str = text(_COHORT)
    event: str = text("built, changed or end")
    level: str = text("free, warning, reduce-only or liquidation")
    equity_raw: int = uint256("smallest unit", "signed, stable: assets, cash and profit less debt", signed=True)
    adjusted_equity_raw: int = uint256("smallest unit", "signed, stable: equity after haircuts", signed=True)
    maintenance_raw: int = uint256("smallest unit", "stable: maintenance margin")
    uni_mmr_wad: int = uint256(
        "1e-18",
        "signed, adjusted equity over maintenance margin; without maintenance margin 2^255 - 1, or -2^255 where "
        "the adjusted equity is negative",
        signed=True,
    )
    leverage_wad: int = uint256(
        "1e-18", "assets other than the stable and notional, over equity; 2^256 - 1 without equity"
    )
    debt_raw: int = uint256("smallest unit", "stable owed")
    notional_raw: int = uint256("smallest unit", "stable: perpetuals at the mark price, longs and shorts both counted")


@table("margin_cohorts")
class MarginCohortRow(AtBlock):
    """One row per step and cohort, over its accounts with debt, positions, or collateral other than the stable.

    There is no row at a step at which a market with an open position has no price.
    """

    cohort: str = text("cohort or agent entry of the scenario")
    accounts: int = int64("-", "number of such accounts")
    free: int = int64("-", "number of accounts at the level free")
    warning: int = int64("-", "number of accounts at the level warning")
    reduce_only: int = int64("-", "number of accounts at the level reduce-only")
    liquidation: int = int64("-", "number of accounts at the level liquidation")
    equity_raw: int = uint256("smallest unit", "signed, stable: sum of equities", signed=True)
    adjusted_equity_raw: int = uint256("smallest unit", "signed, stable: sum of equities after haircuts", signed=True)
    maintenance_raw: int = uint256("smallest unit", "stable: sum of maintenance margins")
    debt_raw: int = uint256("smallest unit", "stable: sum of debts")
    notional_raw: int = uint256("smallest unit", "stable: sum of notionals")
    gross_raw: int = uint256(
        "smallest unit",
        "stable: collateral other than the stable, without haircut, and notional; leverage is this over equity",
    )
    median_uni_mmr_wad: int = uint256(
        "1e-18", "signed, median of the accounts' ratios; of an even number the lower of the middle two", signed=True
    )
    lowest_uni_mmr_wad: int = uint256("1e-18", "signed, lowest of the accounts' ratios", signed=True)


@table("holdings")
class HoldingRow(AtBlock):
    """One row per cohort, asset, and step at which the cohort's holding of the asset at the exchange changed."""

    cohort: str = text("cohort or agent entry of the scenario")
    asset: str = text("symbol")
    amount_raw: int = uint256("smallest unit", "free balances and those locked by orders; pledges to the desk left out")


@table("exchange_events")
class ExchangeEventRow(AtLog):
    """One row per event of the crash phase at the desk, the margin engine, a book or the vault.

    Columns that do not apply to an event are 0, or empty.
    """

    kind: str = text(
        "liquidation-started, collateral-sold, insurance-used, auto-deleveraged (one row per transaction and market), "
        "bad-debt, liquidation-ended; margin-called, margin-call-met, loan-liquidated, shortfall-covered, desk-loss; "
        "book-halted; transfers-closed, transfers-open"
    )
    account: str = text("name of the account")
    role: str = text("class of actor of the account")
    cohort: str = text(_COHORT)
    book: str = text("book, line of the desk, or perpetual of auto-deleveraging")
    asset: str = text("symbol of the amount; empty where contracts are counted")
    amount_raw: int = uint256(
        "smallest unit",
        "signed: amount sold, used, written off, or closed (in contracts); equity where a liquidation started; anchor "
        "price where a book halted",
        signed=True,
    )
    proceeds_raw: int = uint256("smallest unit", "stable received, less the book's fee; of contracts, their price")
    fee_raw: int = uint256("smallest unit", "part of the proceeds that went to the insurance fund")
    repaid_raw: int = uint256("smallest unit", "part of the proceeds that repaid a loan of the desk")
    ltv_bps: int = uint256("1e-4", "LTV of a loan before the event; 2^256 - 1 where the pledge has no value")
    uni_mmr_wad: int = uint256(
        "1e-18",
        "signed, ratio of the account when its liquidation started, after a sale, or when its liquidation ended",
        signed=True,
    )
    leverage_wad: int = uint256("1e-18", "leverage of the account when its liquidation started")
    until_timestamp: int = int64("s", "Unix time of a margin call's deadline, or of the end of a halt")


@table("funds")
class FundRow(AtBlock):
    """One row per fund of the exchange and step at which its balance changed."""

    fund: str = text("desk-insurance, margin-insurance; desk and margin are the cash that each can lend or pay out")
    asset: str = text("symbol of the stable")
    amount_raw: int = uint256("smallest unit", "balance")
