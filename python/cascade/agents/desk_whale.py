"""Large loopers whose first layer is a loan of the exchange's desk: a call there makes them raise cash on chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascade.agents.interface import GWEI, MarginNote, Proposal
from cascade.agents.margin_call import CallResponse
from cascade.agents.unwinding import Sale, approve_unwinding, sale_of
from cascade.chain.local import address_of
from cascade.observation import BlockView, PositionState
from cascade.observation.exchange_view import DeskLoan
from cascade.scenario.model import DeskWhaleSpec
from cascade.units import BPS
from cascade.vocabulary import Intent, MarginCallEvent, Motive
from cascade.world.world import MAX_UINT256, World

__all__ = ["DeskWhale"]

_DEPOSIT_GAS = 200_000
_REPAY_GAS = 1_000_000
_MOST_LTV_BPS = 2**63 - 1
"""Largest LTV that the table of margin calls holds; the desk's LTV without a pledge is the largest uint256."""


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    loop: PositionState
    loan: DeskLoan
    pledge_value_raw: int
    """Value of the pledge at the desk's price; 0 without a price, and then the LTV is unknown."""
    wallet_raw: int
    """Stables on chain."""
    paid_in_raw: int
    """Stables in its account at the exchange."""
    price_wad: int
    sale: Sale | None

    @property
    def cash_raw(self) -> int:
        """Stables on both sides."""
        return self.wallet_raw + self.paid_in_raw


class DeskWhale:
    """One owner of a loop and of the loan that its equity came from.

    Called by the desk, it unwinds, deposits the stables and repays, with one transaction per block for each. It works
    on a call until the LTV is at its cure line, even if the desk has lifted the call before. The call has failed when
    the deadline passes under a standing call, or when the desk sells from the pledge; it then unwinds the rest.
    """

    def __init__(self, name: str, spec: DeskWhaleSpec, rng: np.random.Generator) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)
        self._response = CallResponse(spec, rng)
        self._deadline = 0
        self._pledged_raw = 0

    def prepare(self, world: World) -> None:
        """Approve the contracts that unwind and that take deposits."""
        cohort = world.scenario.spec.cohorts[self.spec.cohort]
        approve_unwinding(world, [self.address], collateral=cohort.collateral)
        vault = world.require_exchange().vault.address
        world.setup([(self.address, world.tokens[cohort.debt], "approve", (vault, MAX_UINT256))], intent=Intent.APPROVE)

    def see(self, view: BlockView) -> _Sight:
        """Read the loop, the loan, the cash on both sides, and the pool's proceeds."""
        cohort, exchange = view.world.scenario.spec.cohorts[self.spec.cohort], view.exchange
        line = cohort.require_pledge().require_line()
        loop, loan, book = view.position(self.name), exchange.loan(line, self.address), exchange.exchange.books[line]
        sale = None
        if loop.collateral_raw:
            sale = sale_of(view, self.spec.venue, loop, max_slippage_bps=self.spec.max_slippage_bps)
        return _Sight(
            view,
            loop,
            loan,
            loan.pledged * exchange.index_e8(line) * book.cash_unit // (book.base_unit * 10**8),
            view.wallet_raw(self.address, cohort.debt),
            exchange.balance(self.address, cohort.debt).free,
            view.spot_price_wad(self.spec.venue),
            sale,
        )

    def propose(self, sight: _Sight) -> Sequence[Proposal | MarginNote]:
        """Repay from the deposit, deposit the cash that is needed, and unwind a tranche when called or leaving."""
        step, needed = sight.view.step, self._needed_raw(sight)
        notes = self._watch_call(sight, needed)
        course = self._response.course(step, sight.price_wad)
        # A whale that leaves by choice still answers a call with the cash that it has.
        proposals = self._cure(sight, needed) if self._response.answers(step) else []
        proposals += self._response.tranche(
            sight.view,
            sight.loop,
            sight.sale,
            course=course,
            lacks_raw=needed - sight.cash_raw,
            price_wad=sight.price_wad,
            called="called by the desk",
        )
        return [*notes, *proposals]

    def _needed_raw(self, sight: _Sight) -> int:
        """Return the stables that would bring the loan to the cure line.

        The target is a hundredth of a per cent below the line: the desk rounds an LTV up, and interest accrues until a
        repayment is mined.
        """
        if not sight.pledge_value_raw:
            return 0
        return max(sight.loan.debt - sight.pledge_value_raw * (self.spec.cure_ltv_bps - 1) // BPS, 0)

    def _watch_call(self, sight: _Sight, needed: int) -> list[MarginNote]:
        loan, now = sight.loan, sight.view.timestamp
        if self._response.has_given_up:
            return []
        event: MarginCallEvent | None = None
        if not self._response.is_called:
            if loan.deadline:
                self._response.call(sight.view.step)
                self._pledged_raw, event = loan.pledged, MarginCallEvent.CALL
        # Less pledged than at the call means that the desk has sold, which it may do before the deadline.
        elif loan.pledged < self._pledged_raw or (loan.deadline and now >= loan.deadline):
            self._response.give_up()
            event = MarginCallEvent.FAILED
        elif loan.ltv_bps <= self.spec.cure_ltv_bps:
            self._response.cure()
            event = MarginCallEvent.CURED
        self._deadline = loan.deadline or self._deadline
        if event is None:
            return []
        ltv_bps = min(loan.ltv_bps, _MOST_LTV_BPS)
        return [MarginNote(self.name, event, ltv_bps, self._deadline, needed, sight.cash_raw)]

    def _cure(self, sight: _Sight, needed: int) -> list[Proposal]:
        """Return the steps that cash at hand allows: repay from the exchange, and deposit from the chain."""
        exchange, world = sight.view.exchange, sight.view.world
        cohort = world.scenario.spec.cohorts[self.spec.cohort]
        line, desk = cohort.require_pledge().require_line(), exchange.exchange.require_desk()
        proposals: list[Proposal] = []
        repaid = min(needed, sight.paid_in_raw)
        if repaid:
            proposals.append(
                Proposal(
                    sender=self.address,
                    contract=desk,
                    function="repay",
                    arguments=(exchange.exchange.lines[line], repaid),
                    gas_limit=_REPAY_GAS,
                    tip_wei=0,
                    intent=Intent.REPAY,
                    reason="called by the desk",
                    motive=Motive.MARGIN_CALL,
                    key="repay",
                )
            )
        paid_in = min(needed - repaid, sight.wallet_raw)
        if paid_in and not exchange.is_transfer_degraded():
            token = world.tokens[cohort.debt].address
            proposals.append(
                Proposal(
                    sender=self.address,
                    contract=exchange.exchange.vault,
                    function="deposit",
                    arguments=(token, paid_in, self.address),
                    gas_limit=_DEPOSIT_GAS,
                    tip_wei=int(self.spec.tip_gwei * GWEI),
                    intent=Intent.DEPOSIT,
                    reason="called by the desk",
                    motive=Motive.MARGIN_CALL,
                    key="deposit",
                )
            )
        return proposals
