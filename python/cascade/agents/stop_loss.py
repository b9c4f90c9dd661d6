"""Retail loopers with a stop: they deleverage at a health factor of their own, before anyone liquidates them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.interface import GWEI, Proposal
from cascade.agents.unwinding import LEAST_SALE_USD, Sale, approve_unwinding, sale_of, unwind
from cascade.chain.local import address_of
from cascade.observation import BlockView, PositionState
from cascade.positions.plan import borrowing_lines_bps
from cascade.scenario.accounts import numbered
from cascade.scenario.model import CohortSpec, StopLossSpec, amount_of
from cascade.scenario.streams import draw, lot, stream
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent, Motive
from cascade.world.world import World

__all__ = ["StopLoss"]


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    price_e8: int
    unit: int
    threshold_bps: int
    near: tuple[Sale, ...]


class StopLoss:
    """The stops of a cohort; which positions have one, and at which level, is drawn once.

    Parameters
    ----------
    name : str
        Name of the entry.
    spec : StopLossSpec
        The entry.
    cohort : CohortSpec
        The positions.
    seed : int
        Seed of the run.
    members : sequence of StopLossSpec, optional
        Figures of each position's stop, where they differ; None takes those of the entry.
    """

    def __init__(
        self,
        name: str,
        spec: StopLossSpec,
        cohort: CohortSpec,
        seed: int,
        members: Sequence[StopLossSpec] | None = None,
    ) -> None:
        self.name = name
        self.spec = spec
        self._collateral = cohort.collateral
        # Drawn for every member, also for those without a stop: another share then changes nobody else's level.
        accounts = numbered(spec.cohort, cohort.count)
        has_stop = [lot(seed, f"agents/{name}/{account}", BPS) < spec.share_bps for account in accounts]
        triggers = draw(spec.trigger_health_factor, cohort.count, stream(seed, f"agents/{name}/trigger"))
        self._trigger_wad = {
            account: round(trigger * WAD)
            for account, trigger, stops in zip(accounts, triggers, has_stop, strict=True)
            if stops
        }
        targets = [amount_of(member.target_health_factor) for member in members or [spec] * cohort.count]
        self._target_bps = {account: int(target * BPS) for account, target in zip(accounts, targets, strict=True)}

    def prepare(self, world: World) -> None:
        """Approve what unwinding needs."""
        approve_unwinding(world, [address_of(name) for name in self._trigger_wad], collateral=self._collateral)

    def see(self, view: BlockView) -> _Sight:
        """Which positions with a stop are under it, and what the pool pays them."""
        spec = view.world.scenario.spec
        near = tuple(
            sale_of(view, self.spec.venue, state, max_slippage_bps=self.spec.max_slippage_bps)
            for state in view.members(self.spec.cohort)
            if state.debt_raw and state.health_factor_wad < self._trigger_wad.get(state.entry.borrower, 0)
        )
        _, threshold_bps = borrowing_lines_bps(spec, spec.cohorts[self.spec.cohort])
        unit = 10 ** spec.assets[self._collateral].decimals
        return _Sight(view, view.oracle_price_e8(self._collateral), unit, threshold_bps, near)

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Propose one sale for each position under its stop that the pool takes without too much slippage."""
        proposals = []
        for sale in sight.near:
            amount = self._amount_raw(sight, sale.position)
            if amount * sight.price_e8 < LEAST_SALE_USD * 10**8 * sight.unit or sale.most_raw(amount) < amount:
                continue
            proposals.append(
                unwind(
                    sight.view,
                    self.spec.venue,
                    sale,
                    amount_raw=amount,
                    cash_raw=0,
                    tip_wei=int(self.spec.tip_gwei * GWEI),
                    intent=Intent.STOP,
                    reason=f"health {sale.position.health_factor_wad / WAD:.4f}",
                    motive=Motive.STOP,
                )
            )
        return proposals

    def _amount_raw(self, sight: _Sight, state: PositionState) -> int:
        if not sight.price_e8:
            return 0
        target_bps = self._target_bps[state.entry.borrower]
        # Sold at the oracle's price, x of both sides: (C - x) threshold = target (D - x), solved for x.
        missing = target_bps * state.debt_base_e8 - sight.threshold_bps * state.collateral_base_e8
        sold_e8 = max(-(-missing // (target_bps - sight.threshold_bps)), 0)
        # Worth less than its debt, it would have to sell more than it has: no stop saves it.
        amount = -(-sold_e8 * sight.unit // sight.price_e8)
        return amount if amount <= state.collateral_raw else 0
