"""What made prices fall, and which liquidation made which: from tables alone, in exact numbers."""

from cascade.analysis.causes.ledger import Ledger, ledger_frame, ledgers

__all__ = ["Ledger", "ledger_frame", "ledgers"]
