"""Lenders who leave: usage and rates jump, and who asks for more than the pool has gets an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.interface import GWEI, Proposal
from cascade.chain.local import address_of
from cascade.observation import BlockView
from cascade.scenario.model import LenderExitSpec
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent

__all__ = ["LenderExit"]

_GAS = 500_000


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    price_wad: int
    supplied_raw: int
    cash_raw: int


class LenderExit:
    """Withdraw a share of a reserve's supply in tranches, whether or not the pool can pay."""

    def __init__(self, name: str, spec: LenderExitSpec) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of("lender")
        self._start_raw = 0
        self._leaving = False

    def see(self, view: BlockView) -> _Sight:
        """Read the price that triggers the exit, the remaining supply, and the pool's cash."""
        token = view.world.a_tokens[self.spec.asset]
        return _Sight(
            view,
            view.spot_price_wad(self.spec.venue),
            view.token_balance_raw(token, self.address),
            view.pool_cash_raw(self.spec.asset),
        )

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Propose one withdrawal per block, until the share is out to a ten-thousandth of the supply."""
        self._start_raw = self._start_raw or sight.supplied_raw
        self._leaving = self._leaving or sight.price_wad < self.spec.below_price * WAD
        staying = self._start_raw - self._start_raw * self.spec.share_bps // BPS
        amount = min(self._start_raw * self.spec.tranche_bps // BPS, sight.supplied_raw - staying)
        # Interest comes in with every block: a rest of it is worth no transaction, and would never end.
        if not self._leaving or amount * BPS < self._start_raw:
            return []
        world = sight.view.world
        return [
            Proposal(
                sender=self.address,
                contract=world.pool,
                function="withdraw",
                arguments=(world.tokens[self.spec.asset].address, amount, self.address),
                gas_limit=_GAS,
                tip_wei=int(self.spec.tip_gwei * GWEI),
                intent=Intent.WITHDRAW,
                reason=f"pool at {sight.price_wad / WAD:.4f}, cash {sight.cash_raw}",
                key=self.name,
            )
        ]
