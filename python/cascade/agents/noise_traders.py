"""Noise of the exchange: small market orders at random, both ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cascade.agents.interface import Proposal
from cascade.agents.spot_order import SpotOrder, spot_order
from cascade.chain.local import address_of
from cascade.deployment.exchange import deposit
from cascade.observation import BlockView
from cascade.scenario.accounts import numbered, raw_amount
from cascade.scenario.model import NoiseTraderSpec, amount_of, whole_of
from cascade.scenario.streams import draw
from cascade.units import BPS
from cascade.vocabulary import Intent
from cascade.world.exchange import BUY, SELL
from cascade.world.world import World

__all__ = ["NoiseTraders"]


class NoiseTraders:
    """All traders of an entry: each has an account and a random stream of its own."""

    def __init__(
        self,
        name: str,
        spec: NoiseTraderSpec,
        streams: Sequence[np.random.Generator],
        members: Sequence[NoiseTraderSpec] | None = None,
    ) -> None:
        self.name = name
        self.spec = spec
        self.addresses = [address_of(member) for member in numbered(name, spec.count)]
        self._streams = dict(zip(self.addresses, streams, strict=True))
        # Without figures of their own, all are as the entry states.
        self._members = dict(zip(self.addresses, members or [spec] * spec.count, strict=True))

    def prepare(self, world: World) -> None:
        """Open the accounts and pay in what they hold."""
        exchange, scenario = world.require_exchange(), world.scenario.spec
        base = exchange.books[self.spec.book].base
        for address in self.addresses:
            exchange.enrol(address, world.actors[address].cohort)
        members = self._members.items()
        cash = [
            (address, exchange.cash, raw_amount(scenario, exchange.cash, amount_of(m.cash))) for address, m in members
        ]
        deposit(
            world,
            [*cash, *((address, base, raw_amount(scenario, base, amount_of(m.base))) for address, m in members)],
        )

    def see(self, view: BlockView) -> BlockView:
        """All it needs is looked up for those who trade."""
        return view

    def propose(self, sight: BlockView) -> Sequence[Proposal]:
        """Propose the orders of the traders whose draw succeeded."""
        book = sight.exchange.exchange.books[self.spec.book]
        proposals = []
        for address, rng in self._streams.items():
            # Drawn before anything is looked at: the stream must not depend on what the market did.
            if rng.integers(0, BPS) >= whole_of(self._members[address].chance_bps):
                continue
            side = BUY if rng.integers(0, 2) == 0 else SELL
            (size,) = draw(self.spec.order, 1, rng)
            order = SpotOrder(side, book.lots(round(size * book.base_unit)), "noise")
            proposal = spot_order(sight, book, address, order, intent=Intent.BUY if side == BUY else "sell")
            if proposal is not None:
                proposals.append(proposal)
        return proposals
