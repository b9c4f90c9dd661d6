"""Liquidity providers who withdraw from a pool that falls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.interface import GWEI, Proposal
from cascade.chain.local import address_of
from cascade.observation import BlockView
from cascade.scenario.model import ProviderExitSpec
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent
from cascade.world.venues import LiquidityCall

__all__ = ["ProviderExit"]

_GAS = 400_000


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    price_wad: int
    shares: int


class ProviderExit:
    """Withdraw a share of a pool's liquidity in tranches once the price is under a line; it does not return."""

    def __init__(self, name: str, spec: ProviderExitSpec) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of("liquidity-provider")
        self._start_shares = 0
        self._leaving = False

    def see(self, view: BlockView) -> _Sight:
        """Read the price, and the LP tokens that are left."""
        contract = view.world.venues[self.spec.venue].contract
        return _Sight(view, view.spot_price_wad(self.spec.venue), view.token_balance_raw(contract, self.address))

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Propose one tranche, until the share is out."""
        self._start_shares = self._start_shares or sight.shares
        # Leaving is final: a recovery of the price does not bring the liquidity back.
        self._leaving = self._leaving or sight.price_wad < self.spec.below_price * WAD
        # By the shares at the start, so that all tranches are of one size and the last is what is missing.
        staying = self._start_shares - self._start_shares * self.spec.share_bps // BPS
        amount = min(self._start_shares * self.spec.tranche_bps // BPS, sight.shares - staying)
        if not self._leaving or amount <= 0:
            return []
        pool = sight.view.world.venues[self.spec.venue]
        reason = f"pool at {sight.price_wad / WAD:.4f}"
        return [self._call(sight, call, reason) for call in pool.withdrawal(amount, self.address)]

    def _call(self, sight: _Sight, call: LiquidityCall, reason: str) -> Proposal:
        return Proposal(
            sender=self.address,
            contract=sight.view.world.venues[self.spec.venue].contract,
            function=call.function,
            arguments=call.arguments,
            gas_limit=_GAS,
            tip_wei=int(self.spec.tip_gwei * GWEI),
            intent=Intent.REMOVE_LIQUIDITY,
            reason=reason,
            key=f"{self.name} {call.function}",
        )
