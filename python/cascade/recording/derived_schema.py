"""Tables that are made from the others once a run is over."""

from __future__ import annotations

from cascade.recording.columns import FLOAT64, IDENTITY, INT64, TEXT, Column, Table

__all__ = ["DERIVED_TABLES"]

DERIVED_TABLES = (
    Table(
        "links",
        "One row a link of the chain and what fed it, made from the tables above: links in the order in which they "
        "began, feeders by falling share. A link that did not happen has no row.",
        (
            *IDENTITY,
            Column("order", INT64, "-", "place in the chain, from 1"),
            Column(
                "link",
                TEXT,
                "-",
                "macro-shock, margin-calls, loop-unwinding, chain-depeg:ASSET, exchange-depeg:ASSET, "
                "chain-liquidations, desk-liquidations, perp-liquidations, leverage:COHORT, account-liquidations, "
                "liquidity-vacuum:BOOK, flash-crash:ASSET, recovery:ASSET",
            ),
            Column("what", TEXT, "-", "what happened, in a sentence"),
            Column("started_timestamp", INT64, "s", "Unix time at which it began"),
            Column("peaked_timestamp", INT64, "s", "Unix time at which it was largest; of events their busiest minute"),
            Column("ended_timestamp", INT64, "s", "Unix time of its end; 0 where it had not ended"),
            Column("started_step", INT64, "-", "step at which it began"),
            Column("size", FLOAT64, "size_unit", "how large it was in all"),
            Column("size_unit", TEXT, "-", "unit of size"),
            Column("peak", FLOAT64, "peak_unit", "value at the peak"),
            Column("peak_unit", TEXT, "-", "unit of peak"),
            Column(
                "fed_by",
                TEXT,
                "-",
                "link that fed it, itself included; input (price path, forgotten order, scheduled or random traders), "
                "time (interest), others (actors of no link), residual (what no row explains)",
            ),
            Column("fed_through", TEXT, "-", "through whom or what: classes of actor, assets, reasons"),
            Column("fed_share", FLOAT64, "share", "part of the size that this feeder made; sums to 1 over a link"),
            Column(
                "fed_net",
                FLOAT64,
                "share",
                "the same with what the feeder pushed the other way counted against it; sums to 1 as well",
            ),
            Column(
                "basis",
                TEXT,
                "-",
                "how shares were found: ledger (moves of a price, by who made them), pivots (the move that took a "
                "health factor under 1), valuation (holdings times changes of prices), journal (reasons of "
                "transactions, or the scenario)",
            ),
        ),
        is_derived=True,
    ),
)
