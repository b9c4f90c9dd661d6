"""Bidders of the exchange without debt: bids around a reference, reposted as they are filled and as it moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.interface import Proposal
from cascade.agents.ladder import (
    WAD_A_BPS,
    Rung,
    bids_below,
    committable_raw,
    cut,
    even_lots,
    requote_gas,
    value_raw,
)
from cascade.chain.local import address_of
from cascade.deployment.exchange import deposit
from cascade.observation import Balance, BlockView
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import BidderSpec
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent
from cascade.world.exchange import DeployedBook
from cascade.world.world import World

__all__ = ["Bidder"]


@dataclass(frozen=True)
class _Sight:
    step: int
    book: DeployedBook
    reference_wad: int
    base: Balance
    cash: Balance


class Bidder:
    """One bidder. It never sells, so that it spends at most its capital.

    It remembers its bids at each level. Fills count against the best levels first, and each level is refilled by an
    equal part of its size per block until it is whole again.
    """

    def __init__(self, name: str, spec: BidderSpec) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)
        spaces = max(spec.levels - 1, 1)
        self._distances = tuple(
            (spec.from_bps * spaces + (spec.to_bps - spec.from_bps) * level) * WAD_A_BPS // spaces
            for level in range(spec.levels)
        )
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
        capital = raw_amount(scenario, exchange.cash, self.spec.capital) // self.spec.count
        deposit(world, [(self.address, exchange.cash, capital)])
        lots = book.lots(raw_amount(scenario, book.base, self.spec.size) // self.spec.count)
        self._whole = even_lots(lots, self.spec.levels)
        self._parts = [size * self.spec.refill_blocks for size in self._whole]
        self._middle_wad = int(book.spec.initial_price * WAD)
        bids = self._bids(book, Balance(capital, 0))
        if bids:
            world.setup(
                [(self.address, book.contract, "requote", (bids, ()))],
                intent=Intent.REQUOTE,
                gas=requote_gas(len(bids)),
            )

    def see(self, view: BlockView) -> _Sight:
        """Read the reference, and its holdings."""
        at = view.exchange
        book = at.exchange.books[self.spec.book]
        return _Sight(
            view.step,
            book,
            at.reference_wad(book.name),
            at.balance(self.address, book.base),
            at.balance(self.address, at.exchange.cash),
        )

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Replace the ladder where the reference moved, or where the resting bids are not the bids wanted."""
        self._take_off(sight)
        self._refill(sight.step)
        has_moved = abs(sight.reference_wad - self._middle_wad) * BPS >= self.spec.requote_bps * self._middle_wad
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

    def _take_off(self, sight: _Sight) -> None:
        """Count purchases since the last sight as fills of the best levels."""
        bought, self._base_raw = sight.base.total - self._base_raw, sight.base.total
        if bought <= 0:
            return
        # The fee came out of what was bought; a rounded unit of it is less than half a lot.
        gross = -(-bought * BPS // (BPS - sight.book.spec.maker_fee_bps))
        taken = (gross + sight.book.lot_raw // 2) // sight.book.lot_raw * self.spec.refill_blocks
        for level, part in enumerate(self._parts):
            off = min(part, taken)
            self._parts[level] -= off
            taken -= off

    def _refill(self, step: int) -> None:
        blocks, self._step = step - self._step, step
        for level, size in enumerate(self._whole):
            self._parts[level] = min(self._parts[level] + size * blocks, size * self.spec.refill_blocks)

    def _bids(self, book: DeployedBook, cash: Balance) -> tuple[Rung, ...]:
        lots = [part // self.spec.refill_blocks for part in self._parts]
        bids = bids_below(book, self._middle_wad, self._distances, lots)
        return cut(bids, needed_raw=value_raw(book, bids), most_raw=committable_raw(cash))
