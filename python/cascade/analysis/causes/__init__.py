"""Find the causes of falling prices and of liquidations, from the tables alone and in exact numbers."""

from cascade.analysis.causes.graph import CauseGraph, cause_graph, generations, liquidation_causes
from cascade.analysis.causes.ledger import Ledger, ledger_frame, ledgers

__all__ = [
    "CauseGraph",
    "Ledger",
    "cause_graph",
    "generations",
    "ledger_frame",
    "ledgers",
    "liquidation_causes",
]
