"""Tables of the exchange; empty where a scenario has none."""

from __future__ import annotations

from cascade.recording.columns import IDENTITY, INT64, LOG, TEXT, UINT256, WHEN, Column, Table

__all__ = ["EXCHANGE_TABLES"]


def _party(column: str, meaning: str) -> tuple[Column, ...]:
    return (
        Column(column, TEXT, "-", meaning),
        Column(f"{column}_role", TEXT, "-", "its class of actor"),
        Column(f"{column}_cohort", TEXT, "-", "cohort or agent entry of the scenario that it belongs to"),
    )


_ACCOUNT = (
    Column("account", TEXT, "-", "name of the account"),
    Column("role", TEXT, "-", "its class of actor"),
    Column("cohort", TEXT, "-", "cohort or agent entry of the scenario that it belongs to"),
)

EXCHANGE_TABLES = (
    Table(
        "trades",
        "One row a trade in a book in the crash phase.",
        (
            *IDENTITY,
            *WHEN,
            *LOG,
            Column("book", TEXT, "-", "book of the scenario"),
            Column("asset", TEXT, "-", "symbol of what the book trades"),
            *_party("maker", "account whose order rested"),
            *_party(
                "taker",
                "account that met it; of a forced sale the one on whose behalf it is sold, of the desk's the borrower",
            ),
            Column("taker_side", TEXT, "-", "buy or sell"),
            Column(
                "intent",
                TEXT,
                "-",
                "what the transaction was for; account-liquidation and desk-liquidation are forced sales",
            ),
            Column("price_raw", UINT256, "smallest unit", "of the stable, for a whole token of the asset"),
            Column("base_raw", UINT256, "smallest unit", "asset traded"),
            Column("quote_raw", UINT256, "smallest unit", "stable traded, fees included; exact"),
            Column("maker_fee_raw", UINT256, "smallest unit", "of what the maker received"),
            Column("taker_fee_raw", UINT256, "smallest unit", "of what the taker received"),
        ),
    ),
    Table(
        "perp_trades",
        "One row a change of hands of perpetual contracts in the crash phase.",
        (
            *IDENTITY,
            *WHEN,
            *LOG,
            Column("market", TEXT, "-", "perpetual of the scenario"),
            *_party("taker", "account that traded, was liquidated, or is bankrupt"),
            *_party("maker", "account that quoted; of adl the one that lost its position"),
            Column("kind", TEXT, "-", "trade, liquidation or adl"),
            Column("contracts", UINT256, "contracts", "signed, bought by the taker; negative is sold"),
            Column("price_raw", UINT256, "smallest unit", "of the stable, a contract; of adl the bankruptcy price"),
            Column("mark_raw", UINT256, "smallest unit", "mark price, likewise"),
            Column("rank_wad", UINT256, "1e-18", "of adl, what put the maker in its place in line; else 0"),
        ),
    ),
    Table(
        "margin",
        "One row an account of the exchange at the end of the build and of the run, and when its level changed; none "
        "at a step at which a market with an open position has no price.",
        (
            *IDENTITY,
            *WHEN,
            *_ACCOUNT,
            Column("event", TEXT, "-", "built, changed or end"),
            Column("level", TEXT, "-", "free, warning, reduce-only or liquidation"),
            Column("equity_raw", UINT256, "smallest unit", "signed, stable: assets, cash and profit less debt"),
            Column("adjusted_equity_raw", UINT256, "smallest unit", "signed, likewise after haircuts"),
            Column("maintenance_raw", UINT256, "smallest unit", "stable: maintenance margin"),
            Column(
                "uni_mmr_wad",
                UINT256,
                "1e-18",
                "signed, adjusted equity over maintenance margin; 2^255 - 1 without maintenance margin, -2^255 where "
                "the adjusted equity is negative besides",
            ),
            Column(
                "leverage_wad",
                UINT256,
                "1e-18",
                "assets other than the stable and notional, over equity; 2^256 - 1 without equity",
            ),
            Column("debt_raw", UINT256, "smallest unit", "stable owed"),
            Column("notional_raw", UINT256, "smallest unit", "stable: perpetuals at the mark, longs and shorts alike"),
        ),
    ),
    Table(
        "margin_cohorts",
        "One row a step and cohort, over its accounts that have debt, positions, or collateral other than the stable; "
        "none at a step at which a market with an open position has no price.",
        (
            *IDENTITY,
            *WHEN,
            Column("cohort", TEXT, "-", "cohort or agent entry of the scenario"),
            Column("accounts", INT64, "-", "accounts"),
            Column("free", INT64, "-", "of them at each level: free"),
            Column("warning", INT64, "-", "warning"),
            Column("reduce_only", INT64, "-", "reduce-only"),
            Column("liquidation", INT64, "-", "liquidation"),
            Column("equity_raw", UINT256, "smallest unit", "signed, sum of equities, stable"),
            Column("adjusted_equity_raw", UINT256, "smallest unit", "signed, sum after haircuts"),
            Column("maintenance_raw", UINT256, "smallest unit", "sum of maintenance margins"),
            Column("debt_raw", UINT256, "smallest unit", "sum of debts"),
            Column("notional_raw", UINT256, "smallest unit", "sum of notionals"),
            Column(
                "gross_raw",
                UINT256,
                "smallest unit",
                "collateral other than the stable, without haircut, and notional: leverage is this over equity",
            ),
            Column("median_uni_mmr_wad", UINT256, "1e-18", "signed, median; the lower of the middle two"),
            Column("lowest_uni_mmr_wad", UINT256, "1e-18", "signed, lowest"),
        ),
    ),
    Table(
        "holdings",
        "One row a cohort, asset, and step at which what the cohort holds of it at the exchange had changed.",
        (
            *IDENTITY,
            *WHEN,
            Column("cohort", TEXT, "-", "cohort or agent entry of the scenario"),
            Column("asset", TEXT, "-", "symbol"),
            Column("amount_raw", UINT256, "smallest unit", "free and locked by orders, pledges to the desk left out"),
        ),
    ),
    Table(
        "exchange_events",
        "One row an event of the crash phase at the desk, the margin, a book or the vault; columns that do not apply "
        "are 0, or empty.",
        (
            *IDENTITY,
            *WHEN,
            *LOG,
            Column(
                "kind",
                TEXT,
                "-",
                "liquidation-started, collateral-sold, insurance-used, auto-deleveraged (sum of a transaction and "
                "market), bad-debt, liquidation-ended; margin-called, margin-call-met, loan-liquidated, "
                "shortfall-covered, desk-loss; book-halted; transfers-closed, transfers-open",
            ),
            *_ACCOUNT,
            Column("book", TEXT, "-", "book, line of the desk, or perpetual of auto-deleveraging"),
            Column("asset", TEXT, "-", "symbol of the amount; empty where contracts are counted"),
            Column(
                "amount_raw",
                UINT256,
                "smallest unit",
                "signed, sold, used, written off, or closed (contracts); equity where a liquidation started; anchor "
                "price where a book halted",
            ),
            Column("proceeds_raw", UINT256, "smallest unit", "stable got, less the book's fee; contracts' price"),
            Column("fee_raw", UINT256, "smallest unit", "of these, to the insurance fund"),
            Column("repaid_raw", UINT256, "smallest unit", "of these, to a loan of the desk"),
            Column("ltv_bps", UINT256, "1e-4", "LTV of a loan, before the event; 2^256 - 1 without a pledge's value"),
            Column("uni_mmr_wad", UINT256, "1e-18", "signed, of the account: when started, after a sale, when ended"),
            Column("leverage_wad", UINT256, "1e-18", "of the account when its liquidation started"),
            Column("until_timestamp", INT64, "s", "deadline of a margin call, end of a halt"),
        ),
    ),
    Table(
        "funds",
        "One row a fund of the exchange and step at which its balance had changed.",
        (
            *IDENTITY,
            *WHEN,
            Column("fund", TEXT, "-", "desk-insurance, margin-insurance; desk and margin: what each can lend or pay"),
            Column("asset", TEXT, "-", "symbol of the stable"),
            Column("amount_raw", UINT256, "smallest unit", "balance"),
        ),
    ),
)
