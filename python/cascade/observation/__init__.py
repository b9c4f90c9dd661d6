"""What can be seen of the chain at a block."""

from cascade.observation.curve import ExitCurve
from cascade.observation.records import (
    BookEntry,
    LiquidationPreview,
    PositionState,
    RedemptionWindow,
    ReserveState,
    Unhealthy,
)
from cascade.observation.view import BlockView

__all__ = [
    "BlockView",
    "BookEntry",
    "ExitCurve",
    "LiquidationPreview",
    "PositionState",
    "RedemptionWindow",
    "ReserveState",
    "Unhealthy",
]
