"""Bidders of the exchange without debt: bids around a reference, reposted as they are filled and as it moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from cascade.agents.interface import Proposal
from cascade.agents.ladder import (
    WAD_A_BPS,
    Rung,
    bids_below,
    committable_raw,
    cut,
    even_lots,
    is_fallen,
    requote_gas,
    value_raw,
)
from cascade.chain.local import address_of
from cascade.deployment.exchange import deposit
from cascade.observation import Balance, BlockView, BookState
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import BidderSpec, whole_of
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent, Motive
from cascade.world.exchange import DeployedBook
from cascade.world.world import World

__all__ = ["Bidder"]

_CANCEL_GAS = 20_000_000
_WHY = {Motive.LOW_PRICE: "price under reference", Motive.FULL: "filled with its part of its capital"}


@dataclass(frozen=True)
class _Sight:
    step: int
    book: DeployedBook
    state: BookState
    reference_wad: int
    base: Balance
    cash: Balance


class Bidder:
    """One bidder. It never sells, so that it spends at most its capital.

    It remembers its bids at each level. Fills count against the best levels first, and each level is refilled by an
    equal part of its size per block until it is whole again. While it steps back, nothing is bid, and levels refill.

    Parameters
    ----------
    name : str
        Account of the bidder.
    spec : BidderSpec
        Its own figures: `scenario.members` draws those of each bidder.
    part : Fraction, optional
        Its part of the entry's size and capital; None is an equal part.
    """

    def __init__(self, name: str, spec: BidderSpec, part: Fraction | None = None) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)
        self._part = Fraction(1, spec.count) if part is None else part
        self._levels, self._refill_blocks = whole_of(spec.levels), whole_of(spec.refill_blocks)
        self._requote_bps, self._return_blocks = whole_of(spec.requote_bps), whole_of(spec.return_blocks)
        self._doubt_bps = None if spec.doubt_bps is None else whole_of(spec.doubt_bps)
        self._full_bps = None if spec.full_bps is None else whole_of(spec.full_bps)
        first, last, spaces = whole_of(spec.from_bps), whole_of(spec.to_bps), max(self._levels - 1, 1)
        self._distances = tuple(
            (first * spaces + (last - first) * level) * WAD_A_BPS // spaces for level in range(self._levels)
        )
        self._capital_raw = 0
        self._cash_when_back: int | None = None
        """Cash when it last came back, or at the start; None while it steps back."""
        self._stepped_back_at: int | None = None
        self._last_trade_at = 0
        self._whole: tuple[int, ...] = ()
        self._parts: list[int] = []
        """Bids at each level, in lots times `refill_blocks`."""
        self._middle_wad = 0
        self._base_raw = 0
        self._step = 0

    def prepare(self, world: World) -> None:
        """Open the account, deposit its part of the capital, and place the first bids under the initial price."""
        exchange, scenario = world.require_exchange(), world.scenario.spec
        exchange.enrol(self.address, world.actors[self.address].cohort)
        book = exchange.books[self.spec.book]
        capital = int(raw_amount(scenario, exchange.cash, self.spec.capital) * self._part)
        deposit(world, [(self.address, exchange.cash, capital)])
        self._capital_raw = self._cash_when_back = capital
        lots = book.lots(int(raw_amount(scenario, book.base, self.spec.size) * self._part))
        self._whole = even_lots(lots, self._levels)
        self._parts = [size * self._refill_blocks for size in self._whole]
        self._middle_wad = int(book.spec.initial_price * WAD)
        bids = self._bids(book, Balance(capital, 0))
        if bids:
            world.setup(
                [(self.address, book.contract, "requote", (bids, ()))],
                intent=Intent.REQUOTE,
                gas=requote_gas(len(bids)),
            )

    def see(self, view: BlockView) -> _Sight:
        """Read the reference, the book's price, and its holdings."""
        at = view.exchange
        book = at.exchange.books[self.spec.book]
        return _Sight(
            view.step,
            book,
            at.book(book.name),
            at.reference_wad(book.name),
            at.balance(self.address, book.base),
            at.balance(self.address, at.exchange.cash),
        )

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Step back, or replace the ladder where the reference moved or the resting bids are not the bids wanted."""
        self._take_off(sight)
        self._refill(sight.step)
        motive = self._why_back(sight)
        if motive is not Motive.NONE:
            self._stepped_back_at, self._cash_when_back = sight.step, None
            return [self._cancellation(sight, motive)] if sight.cash.locked else []
        if self._stepped_back_at is not None:
            if sight.step - self._stepped_back_at < self._return_blocks:
                return []
            self._stepped_back_at = None
        if self._cash_when_back is None:
            self._cash_when_back = sight.cash.total
        has_moved = abs(sight.reference_wad - self._middle_wad) * BPS >= self._requote_bps * self._middle_wad
        if has_moved:
            self._middle_wad = sight.reference_wad
        bids = self._bids(sight.book, sight.cash)
        if not has_moved and value_raw(sight.book, bids) == sight.cash.locked:
            return []
        if not bids and not sight.cash.locked:
            return []
        why = f"reference {sight.reference_wad / WAD:.6g}" if has_moved else "bids taken"
        return [
            Proposal(
                sender=self.address,
                contract=sight.book.contract,
                function="requote",
                arguments=(bids, ()),
                gas_limit=requote_gas(len(bids)),
                tip_wei=0,
                intent=Intent.REQUOTE,
                reason=why,
                key="bids",
            )
        ]

    def _why_back(self, sight: _Sight) -> Motive:
        """Return why it steps back now; none where it does not."""
        if self._doubt_bps is not None and self._doubts(sight, self._doubt_bps):
            return Motive.LOW_PRICE
        if self._full_bps is not None and self._cash_when_back is not None:
            spent = self._cash_when_back - sight.cash.total
            if spent * BPS >= self._full_bps * self._capital_raw:
                return Motive.FULL
        return Motive.NONE

    def _doubts(self, sight: _Sight, doubt_bps: int) -> bool:
        """Return whether somebody trades or sells far under its reference, or the reference is gone.

        An old price in a book without an order is no news: doubt would otherwise never end where all bidders doubt.
        """
        state, reference = sight.state, sight.reference_wad
        is_news = state.last_at > self._last_trade_at or 0 < state.ask < state.last
        self._last_trade_at = state.last_at
        return not reference or (is_news and is_fallen(sight.book, state, reference_wad=reference, fall_bps=doubt_bps))

    def _cancellation(self, sight: _Sight, motive: Motive) -> Proposal:
        return Proposal(
            sender=self.address,
            contract=sight.book.contract,
            function="cancelAll",
            arguments=(),
            gas_limit=_CANCEL_GAS,
            tip_wei=0,
            intent=Intent.PULL,
            reason=_WHY[motive],
            motive=motive,
            key="bids",
        )

    def _take_off(self, sight: _Sight) -> None:
        """Count purchases since the last sight as fills of the best levels."""
        bought, self._base_raw = sight.base.total - self._base_raw, sight.base.total
        if bought <= 0:
            return
        # The fee came out of what was bought; a rounded unit of it is less than half a lot.
        gross = -(-bought * BPS // (BPS - sight.book.spec.maker_fee_bps))
        taken = (gross + sight.book.lot_raw // 2) // sight.book.lot_raw * self._refill_blocks
        for level, part in enumerate(self._parts):
            off = min(part, taken)
            self._parts[level] -= off
            taken -= off

    def _refill(self, step: int) -> None:
        blocks, self._step = step - self._step, step
        for level, size in enumerate(self._whole):
            self._parts[level] = min(self._parts[level] + size * blocks, size * self._refill_blocks)

    def _bids(self, book: DeployedBook, cash: Balance) -> tuple[Rung, ...]:
        lots = [part // self._refill_blocks for part in self._parts]
        bids = bids_below(book, self._middle_wad, self._distances, lots)
        return cut(bids, needed_raw=value_raw(book, bids), most_raw=committable_raw(cash))
