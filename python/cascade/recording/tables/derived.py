"""Tables that are made from the others once a run is over."""

from __future__ import annotations

from cascade.recording.tables.row import Row, int64, real, table, text

__all__ = ["LinkRow"]


@table("links", is_derived=True)
class LinkRow(Row):
    """One row per link of the chain and feeder, made from the other tables.

    Links stand in the order in which they began, feeders by falling share. A link that did not happen has no row.
    """

    order: int = int64("-", "place in the chain, from 1")
    link: str = text(
        "macro-shock, margin-calls, loop-unwinding, chain-depeg:ASSET, exchange-depeg:ASSET, "
        "chain-liquidations, desk-liquidations, perp-liquidations, leverage:COHORT, account-liquidations, "
        "liquidity-vacuum:BOOK, flash-crash:ASSET, recovery:ASSET"
    )
    what: str = text("what happened, in a sentence")
    started_timestamp: int = int64("s", "Unix time at which it began")
    peaked_timestamp: int = int64("s", "Unix time at which it was largest; of events their busiest minute")
    ended_timestamp: int = int64("s", "Unix time of its end; 0 where it had not ended")
    started_step: int = int64("-", "step at which it began")
    size: float = real("size_unit", "how large it was in all")
    size_unit: str = text("unit of size")
    peak: float = real("peak_unit", "value at the peak")
    peak_unit: str = text("unit of peak")
    fed_by: str = text(
        "link that fed it, itself included; input (price path, forgotten order, scheduled or random traders),"
        " time (interest), others (actors of no link), residual (what no row explains)"
    )
    fed_through: str = text("through whom or what: classes of actor, assets, reasons")
    fed_share: float = real("share", "part of the size that this feeder made; sums to 1 over a link")
    fed_net: float = real(
        "share", "the same with what the feeder pushed the other way counted against it; sums to 1 as well"
    )
    basis: str = text(
        "how shares were found: ledger (moves of a price, by who made them), pivots (the move that took a "
        "health factor under 1), valuation (holdings times changes of prices), journal (reasons of "
        "transactions, or the scenario)"
    )
