"""Views of the chain at a block, which agents and the recorder share."""

from cascade.observation.curve import ExitCurve
from cascade.observation.exchange_view import Balance, BookState, DeskLoan, ExchangeView, MarginAccount, PerpPosition
from cascade.observation.records import (
    BookEntry,
    LiquidationPreview,
    PositionState,
    RedemptionWindow,
    ReserveHolding,
    ReserveState,
    Unhealthy,
)
from cascade.observation.view import BlockView, owes

__all__ = [
    "Balance",
    "BlockView",
    "BookEntry",
    "BookState",
    "DeskLoan",
    "ExchangeView",
    "ExitCurve",
    "LiquidationPreview",
    "MarginAccount",
    "PerpPosition",
    "PositionState",
    "RedemptionWindow",
    "ReserveHolding",
    "ReserveState",
    "Unhealthy",
    "owes",
]
