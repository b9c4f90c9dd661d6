"""Market orders on a spot book, and when one can be placed at all."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.agents.interface import Proposal
from cascade.observation import BlockView
from cascade.world.exchange import SELL, DeployedBook

__all__ = ["SpotOrder", "spot_order"]

_GAS = 20_000_000
_MOST_FILLS = 100
_MOST_LOTS = 2**48 - 1


@dataclass(frozen=True)
class SpotOrder:
    """An order to buy or to sell, and its reason."""

    side: int
    lots: int
    reason: str


def spot_order(view: BlockView, book: DeployedBook, address: str, order: SpotOrder, *, intent: str) -> Proposal | None:
    """Return the order as a proposal, cut to the free balance; None where it would revert or meet no order."""
    at = view.exchange
    state, sells = at.book(book.name), order.side == SELL
    free = at.balance(address, book.base if sells else at.exchange.cash).free
    lots = min(order.lots, book.lots(free) if sells else _MOST_LOTS)
    # An order that meets nobody expires without effect, and one at a halted book reverts: neither is worth a place in
    # the block.
    if not lots or not free or not (state.bid if sells else state.ask) or state.halted_until > at.lane_timestamp:
        return None
    # A book takes no second market order of an account whose first is still to be continued.
    if any(known == address for known, _, _ in at.unfinished(book.name)):
        return None
    return Proposal(
        sender=address,
        contract=book.contract,
        function="placeMarket",
        arguments=(order.side, lots, _MOST_FILLS),
        gas_limit=_GAS,
        tip_wei=0,
        intent=intent,
        reason=order.reason,
        key=f"order {book.name}",
    )
