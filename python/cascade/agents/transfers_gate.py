"""Closes the exchange's deposits and withdrawals for as long as its transfers are degraded."""

from __future__ import annotations

from collections.abc import Sequence

from cascade.agents.interface import GWEI, Proposal
from cascade.chain.local import address_of
from cascade.observation import BlockView
from cascade.vocabulary import Intent

__all__ = ["TransfersGate"]

_GAS = 100_000
_TIP_WEI = 1001 * GWEI
"""Before everything else of the block: a deposit behind it fails, or goes through, by the time stated."""


class TransfersGate:
    """The operator of the exchange, who closes and opens transfers at the ends of the window."""

    name = "exchange"

    def __init__(self) -> None:
        self._is_open = True

    def see(self, view: BlockView) -> BlockView:
        """Read the time of the next block."""
        return view

    def propose(self, sight: BlockView) -> Sequence[Proposal]:
        """Propose one call where the next block is the first beyond an end of the window."""
        is_open = not sight.exchange.is_transfer_degraded()
        if is_open == self._is_open:
            return []
        self._is_open = is_open
        return [
            Proposal(
                sender=address_of(self.name),
                contract=sight.exchange.exchange.vault,
                function="setTransfers",
                arguments=(is_open, is_open),
                gas_limit=_GAS,
                tip_wei=_TIP_WEI,
                intent=Intent.OPEN_TRANSFERS if is_open else "close-transfers",
                reason="as the scenario says",
                key="transfers",
            )
        ]
