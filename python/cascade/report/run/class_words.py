"""Word classes of actor and kinds of pivot, as the ledger of causes and the graph name them."""

from __future__ import annotations

from typing import assert_never

from cascade.vocabulary import PivotKind

__all__ = ["class_name", "pivot_name", "pivot_reason"]

_DEEDS = {
    "forced": "forced sales",
    "quote": "orders placed",
    "cancel": "orders withdrawn",
    "liquidity": "liquidity",
}
"""The kind of deed in words, by the word before the colon of a class."""


def class_name(actor_class: str) -> str:
    """Return a class of actor in words: `maker, forced sales` for `forced:maker`, and a plain role as it is."""
    deed, _, role = actor_class.partition(":")
    return f"{role}, {_DEEDS[deed]}" if role and deed in _DEEDS else actor_class


def pivot_name(kind: PivotKind) -> str:
    """Return the name of a kind of pivot, as the legend of the graph shows it."""
    match kind:
        case PivotKind.LIQUIDATION:
            return "sale of a liquidation"
        case PivotKind.VOLUNTARY:
            return "voluntary trade"
        case PivotKind.EXOGENOUS:
            return "price path"
        case PivotKind.FORCED:
            return "forced sale at the exchange"
        case PivotKind.LIQUIDITY:
            return "liquidity withdrawn"
        case PivotKind.SWITCH:
            return "change of the oracle's source"
        case PivotKind.TIME:
            return "interest"
        case PivotKind.ROUNDING:
            return "rounding"
        case PivotKind.UNEXPLAINED:
            return "unexplained"
        case _:
            assert_never(kind)


def pivot_reason(kind: PivotKind) -> str:
    """Return a kind of pivot as the reason within a sentence."""
    match kind:
        case PivotKind.LIQUIDATION:
            return "the sales of other liquidations"
        case PivotKind.VOLUNTARY:
            return "voluntary trades"
        case PivotKind.EXOGENOUS:
            return "the price path"
        case PivotKind.FORCED:
            return "forced sales at the exchange"
        case PivotKind.LIQUIDITY:
            return "liquidity that was withdrawn"
        case PivotKind.SWITCH:
            return "a change of the oracle's source"
        case PivotKind.TIME:
            return "interest"
        case PivotKind.ROUNDING:
            return "rounding"
        case PivotKind.UNEXPLAINED:
            return "moves that the tables do not explain"
        case _:
            assert_never(kind)
