"""Tables that are made from the others once a run is over."""

from __future__ import annotations

from cascade.recording.tables.row import Row, int64, real, table, text

__all__ = ["LinkRow"]


@table("links", is_derived=True)
class LinkRow(Row):
    """One row per link of the chain of causes and feeder of the link, made from the other tables.

    Links are ordered by the moment at which they began, the feeders of a link by falling share. A link that did not
    happen has no row.
    """

    order: int = int64("-", "place of the link in the chain, from 1")
    link: str = text(
        "macro-shock, margin-calls, loop-unwinding, chain-depeg:ASSET, exchange-depeg:ASSET, "
        "chain-liquidations, desk-liquidations, perp-liquidations, leverage:COHORT, account-liquidations, "
        "liquidity-vacuum:BOOK, flash-crash:ASSET, recovery:ASSET"
    )
    what: str = text("what happened, in one sentence for a reader")
    started_timestamp: int = int64("s", "Unix time at which it began")
    peaked_timestamp: int = int64(
        "s", "Unix time at which it was largest; for a series of events, their busiest minute"
    )
    ended_timestamp: int = int64("s", "Unix time at which it ended; 0 where it had not ended by the end of the run")
    started_step: int = int64("-", "step at which it began")
    size: float = real("size_unit", "total size of the link")
    size_unit: str = text("unit of the size")
    peak: float = real("peak_unit", "value at the peak")
    peak_unit: str = text("unit of the peak")
    fed_by: str = text(
        "link that fed it, itself included; input (price path, forgotten order, scheduled or random traders), "
        "time (interest), others (actors of no link), residual (what no row explains)"
    )
    fed_through: str = text("classes of actor, assets or reasons through which it was fed")
    fed_share: float = real("share", "part of the size that this feeder made; sums to 1 over a link")
    fed_net: float = real(
        "share",
        "part of the size that this feeder made, less what the feeder pushed the other way; sums to 1 over a link",
    )
    basis: str = text(
        "how shares were found: ledger (moves of a price, by who made them), pivots (the move that took a "
        "health factor under 1), valuation (holdings times changes of prices), journal (motives of "
        "transactions, or the scenario)"
    )
