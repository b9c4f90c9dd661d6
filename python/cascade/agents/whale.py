"""Large loopers with a pledge beneath: margin calls, unwinding in tranches, and leaving by choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascade.agents.interface import GWEI, MarginNote, Proposal
from cascade.agents.margin_call import CallResponse
from cascade.agents.unwinding import Sale, approve_unwinding, sale_of
from cascade.chain.local import address_of
from cascade.observation import BlockView, BookEntry, PositionState
from cascade.scenario.accounts import pledge_account
from cascade.scenario.model import WhaleSpec
from cascade.units import BPS
from cascade.vocabulary import Intent, MarginCallEvent, Motive
from cascade.world.world import MAX_UINT256, World

__all__ = ["Whale"]

_REPAY_GAS = 400_000
_VARIABLE_RATE = 2


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    loop: PositionState
    pledge: PositionState | None
    cash_raw: int
    price_wad: int
    sale: Sale | None
    debt_price_e8: int
    """0 also where the oracle refuses the pledge's price: then nothing is known of its LTV."""


class Whale:
    """One owner of a loop, and of the pledge from which it was started."""

    def __init__(self, name: str, spec: WhaleSpec, rng: np.random.Generator) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)
        self._response = CallResponse(spec, rng)
        self._deadline = 0

    def prepare(self, world: World) -> None:
        """Approve what repaying and unwinding need."""
        cohort = world.scenario.spec.cohorts[self.spec.cohort]
        approve_unwinding(world, [self.address], collateral=cohort.collateral)
        world.setup(
            [(self.address, world.tokens[cohort.debt], "approve", (world.pool.address, MAX_UINT256))],
            intent=Intent.APPROVE,
        )

    def see(self, view: BlockView) -> _Sight:
        """Its two layers, its cash, and what the pool pays."""
        cohort = view.world.scenario.spec.cohorts[self.spec.cohort]
        loop = view.position(self.name)
        pledge = view.position(pledge_account(self.name)) if cohort.pledge is not None else None
        sale = None
        if loop.collateral_raw:
            sale = sale_of(view, self.spec.venue, loop, max_slippage_bps=self.spec.max_slippage_bps)
        refused = cohort.pledge is not None and not view.oracle_price_e8(cohort.pledge.collateral)
        return _Sight(
            view,
            loop,
            pledge,
            view.wallet_raw(self.address, cohort.debt),
            view.spot_price_wad(self.spec.venue),
            sale,
            0 if refused else view.oracle_price_e8(cohort.debt),
        )

    def propose(self, sight: _Sight) -> Sequence[Proposal | MarginNote]:
        """Repay what cash allows, and unwind a tranche when called or leaving."""
        step, needed = sight.view.step, self._needed_raw(sight)
        notes = self._watch_call(sight, needed)
        course = self._response.course(step, sight.price_wad)
        proposals: list[Proposal] = []
        # A whale that leaves by choice still answers a call with the cash that it has.
        if self._response.answers(step) and needed and sight.cash_raw and sight.pledge is not None:
            proposals.append(self._repayment(sight, sight.pledge.entry, min(needed, sight.cash_raw)))
        proposals += self._response.tranche(
            sight.view,
            sight.loop,
            sight.sale,
            course=course,
            lacks_raw=needed - sight.cash_raw,
            price_wad=sight.price_wad,
            called="called",
        )
        return [*notes, *proposals]

    def _needed_raw(self, sight: _Sight) -> int:
        """Stables that would bring the pledge back to the cure line."""
        if sight.pledge is None or not sight.debt_price_e8:
            return 0
        excess_e8 = sight.pledge.debt_base_e8 - sight.pledge.collateral_base_e8 * self.spec.cure_ltv_bps // BPS
        unit: int = 10 ** sight.view.world.scenario.spec.assets[sight.pledge.entry.debt].decimals
        return max(-(-excess_e8 * unit // sight.debt_price_e8), 0)

    def _watch_call(self, sight: _Sight, needed: int) -> list[MarginNote]:
        pledge, now = sight.pledge, sight.view.timestamp
        if pledge is None or self._response.has_given_up or not sight.debt_price_e8:
            return []
        # A pledge without debt is under every line; one with debt and no collateral is beyond all.
        ltv_bps = pledge.debt_base_e8 * BPS // pledge.collateral_base_e8 if pledge.collateral_base_e8 else BPS
        ltv_bps = ltv_bps if pledge.debt_raw else 0
        event: MarginCallEvent | None = None
        if not self._response.is_called:
            if ltv_bps >= self.spec.warning_ltv_bps:
                self._response.call(sight.view.step)
                self._deadline, event = now + self.spec.deadline_seconds, MarginCallEvent.CALL
        elif ltv_bps <= self.spec.cure_ltv_bps:
            # In whole 1e-4: the interest of the seconds until a repayment is mined would keep the call open forever.
            self._response.cure()
            event = MarginCallEvent.CURED
        elif now >= self._deadline:
            self._response.give_up()
            event = MarginCallEvent.FAILED
        if event is None:
            return []
        return [MarginNote(pledge.entry.borrower, event, ltv_bps, self._deadline, needed, sight.cash_raw)]

    def _repayment(self, sight: _Sight, entry: BookEntry, amount_raw: int) -> Proposal:
        world = sight.view.world
        return Proposal(
            sender=self.address,
            contract=world.pool,
            function="repay",
            arguments=(world.tokens[entry.debt].address, amount_raw, _VARIABLE_RATE, entry.address),
            gas_limit=_REPAY_GAS,
            tip_wei=int(self.spec.tip_gwei * GWEI),
            intent=Intent.REPAY,
            reason="margin call on the pledge",
            motive=Motive.MARGIN_CALL,
            key="repay",
        )
