"""Holders on the exchange who sell an asset for cash: the second branch of a depeg, beside the pools of the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascade.agents.interface import Proposal
from cascade.chain.local import address_of
from cascade.deployment.exchange import deposit
from cascade.observation import BlockView
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import HolderExitSpec
from cascade.scenario.streams import draw
from cascade.vocabulary import Intent
from cascade.world.exchange import SELL, DeployedBook
from cascade.world.world import World

__all__ = ["HolderExit"]

_ORDER_GAS = 30_000_000
_IMMEDIATE_OR_CANCEL = 1


@dataclass(frozen=True)
class _Sight:
    book: DeployedBook
    now: int
    start: int
    held_raw: int
    bid_raw: int


class HolderExit:
    """Sell equal parts of a holding, block by block, from a time that is drawn once."""

    def __init__(self, name: str, spec: HolderExitSpec, rng: np.random.Generator) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)
        self._begin_seconds = round(draw(spec.begin_seconds, 1, rng)[0])

    def prepare(self, world: World) -> None:
        """Pay in what it holds."""
        exchange = world.require_exchange()
        book = exchange.books[self.spec.book]
        exchange.enrol(self.address, self.name.rpartition("-")[0])
        deposit(world, [(self.address, book.base, raw_amount(world.scenario.spec, book.base, self.spec.base))])

    def see(self, view: BlockView) -> _Sight:
        """Its balance and the best bid."""
        exchange = view.exchange
        book = exchange.exchange.books[self.spec.book]
        return _Sight(
            book=book,
            now=view.next_timestamp,
            start=view.world.scenario.spec.timeline.start_timestamp,
            held_raw=exchange.balance(self.address, book.base).free,
            bid_raw=exchange.book(self.spec.book).bid,
        )

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Sell one part, at the floor or better."""
        book = sight.book
        floor_raw = book.tick_raw
        if self.spec.not_below is not None:
            floor_raw = int(self.spec.not_below * book.cash_unit)
        if sight.now - sight.start < self._begin_seconds or sight.bid_raw < floor_raw:
            return []
        whole = int(self.spec.base * book.base_unit)
        lots = min(book.lots(sight.held_raw), book.lots(-(-whole // self.spec.sell_blocks)))
        if not lots:
            return []
        return [
            Proposal(
                sender=self.address,
                contract=book.contract,
                function="placeLimit",
                arguments=(SELL, floor_raw, lots, _IMMEDIATE_OR_CANCEL),
                gas_limit=_ORDER_GAS,
                tip_wei=0,
                intent=Intent.SELL,
                reason=f"needs cash: bid at {sight.bid_raw / book.cash_unit:.4f}",
                key="sell",
            )
        ]
