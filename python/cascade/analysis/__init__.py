"""Compute figures from the tables of a run alone: frames, the summary, causes, links, and the accounting checks."""

from cascade.analysis.causes import cause_graph, generations, ledger_frame, ledgers, liquidation_causes
from cascade.analysis.frames import Frames, liquidations_usd, positions_usd, prices_usd
from cascade.analysis.lending.accounting import check_liquidations
from cascade.analysis.links import link_rows
from cascade.analysis.summary import summarise

__all__ = [
    "Frames",
    "cause_graph",
    "check_liquidations",
    "generations",
    "ledger_frame",
    "ledgers",
    "link_rows",
    "liquidation_causes",
    "liquidations_usd",
    "positions_usd",
    "prices_usd",
    "summarise",
]
