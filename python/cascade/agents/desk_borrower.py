"""Borrowers of the exchange's desk who have spent the loan: only the desk moves their pledge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cascade.agents.interface import Proposal
from cascade.chain.local import address_of
from cascade.deployment.exchange import deposit
from cascade.observation import BlockView
from cascade.scenario.model import DeskBorrowerSpec
from cascade.scenario.streams import draw
from cascade.units import BPS, E8
from cascade.vocabulary import Intent
from cascade.world.world import World

__all__ = ["DeskBorrower"]


class DeskBorrower:
    """One loan of the desk. Its pledge and its LTV are drawn once; the stables borrowed leave the exchange."""

    def __init__(self, name: str, spec: DeskBorrowerSpec, rng: np.random.Generator) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)
        self._pledge = round(draw(spec.pledge, 1, rng)[0])
        self._ltv_bps = round(draw(spec.ltv, 1, rng)[0] * BPS)

    def prepare(self, world: World) -> None:
        """Deposit the pledge, in whole lots."""
        exchange = world.require_exchange()
        exchange.enrol(self.address, self.name.rpartition("-")[0])
        deposit(world, [(self.address, exchange.books[self.spec.line].base, self._pledge_raw(world))])

    def open(self, world: World) -> None:
        """Borrow at the desk's own valuation, and withdraw the stables."""
        exchange = world.require_exchange()
        book, pledge_raw = exchange.books[self.spec.line], self._pledge_raw(world)
        price_e8 = int(world.chain.call(exchange.index_feeds[self.spec.line], "latestAnswer"))
        amount = pledge_raw * price_e8 * self._ltv_bps * book.cash_unit // (book.base_unit * E8 * BPS)
        cash = world.tokens[exchange.cash].address
        world.setup(
            [
                (self.address, exchange.require_desk(), "borrow", (exchange.lines[self.spec.line], pledge_raw, amount)),
                (self.address, exchange.vault, "withdraw", (cash, amount)),
            ],
            intent=Intent.BORROW,
        )

    def see(self, view: BlockView) -> None:
        """Return nothing: it cannot act."""

    def propose(self, sight: None) -> Sequence[Proposal]:  # noqa: ARG002 (it sees nothing)
        """Propose nothing."""
        return []

    def _pledge_raw(self, world: World) -> int:
        book = world.require_exchange().books[self.spec.line]
        return book.lots(self._pledge * book.base_unit) * book.lot_raw
