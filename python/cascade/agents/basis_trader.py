"""Basis traders of the exchange: they quote perpetuals, and hold on the spot book the base of their short contracts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.frozen import FrozenWatch
from cascade.agents.interface import Proposal
from cascade.agents.opening import contracts_held
from cascade.agents.spot_order import SpotOrder, spot_order
from cascade.chain.local import address_of
from cascade.deployment.exchange import deposit
from cascade.observation import Balance, BlockView
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import BasisTraderSpec, amount_of, whole_of
from cascade.units import WAD
from cascade.vocabulary import Intent
from cascade.world.exchange import BUY, SELL, DeployedBook, DeployedExchange
from cascade.world.world import World

__all__ = ["BasisTrader"]

_QUOTE_GAS = 5_000_000


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    is_out: bool
    size: int
    base: Balance


class BasisTrader:
    """One trader. It sells spot when others sell it contracts, as liquidated longs do.

    Net long of contracts it holds no spot, and the remainder stays unhedged.
    """

    def __init__(self, name: str, spec: BasisTraderSpec) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)
        self._watch = FrozenWatch(self.address)
        self._quoted_at_size: int | None = None

    def prepare(self, world: World) -> None:
        """Open the account, deposit its cash, and quote."""
        exchange = world.require_exchange()
        exchange.enrol(self.address, world.actors[self.address].cohort)
        cash_raw = raw_amount(world.scenario.spec, exchange.cash, amount_of(self.spec.cash))
        deposit(world, [(self.address, exchange.cash, cash_raw)])
        self._quote_at_set_up(world, exchange, size=0)

    def hedge(self, world: World) -> None:
        """Deposit the base of its short contracts, and replace quotes that were taken."""
        exchange = world.require_exchange()
        (size,) = contracts_held(world, self.spec.market, [self.address])
        book = self._book(exchange)
        deposit(world, [(self.address, book.base, max(-size, 0) * self._contract_raw(exchange, book))])
        self._quote_at_set_up(world, exchange, size=size)

    def see(self, view: BlockView) -> _Sight:
        """Read its contracts, and its base."""
        at = view.exchange
        is_out = self._watch.is_out(view)
        size = at.position(self.spec.market, self.address).size
        return _Sight(view, is_out, size, at.balance(self.address, self._book(at.exchange).base))

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Replace quotes that were taken, and hedge."""
        if sight.is_out:
            # The engine dropped its quote.
            self._quoted_at_size = None
            return []
        proposals = []
        exchange = sight.view.exchange.exchange
        # A fill reduces the quote, and changes the position: an unchanged position means an untouched quote.
        if sight.size != self._quoted_at_size:
            self._quoted_at_size = sight.size
            proposals.append(
                Proposal(
                    sender=self.address,
                    contract=exchange.require_margin(),
                    function="quotePerp",
                    arguments=self._quote(exchange),
                    gas_limit=_QUOTE_GAS,
                    tip_wei=0,
                    intent=Intent.QUOTE,
                    reason=f"holds {sight.size} contracts",
                    key="quote",
                )
            )
        hedge = self._hedge(sight, exchange)
        return proposals if hedge is None else [*proposals, hedge]

    def _hedge(self, sight: _Sight, exchange: DeployedExchange) -> Proposal | None:
        """Return the hedge in whole contracts: the fee of a purchase alone is no reason to trade."""
        book = self._book(exchange)
        unit = self._contract_raw(exchange, book)
        excess = sight.base.total - max(-sight.size, 0) * unit
        contracts = min(abs(excess) // unit, whole_of(self.spec.max_hedge_contracts))
        if not contracts:
            return None
        order = SpotOrder(SELL if excess > 0 else BUY, book.lots(contracts * unit), f"short {max(-sight.size, 0)}")
        return spot_order(sight.view, book, self.address, order, intent=Intent.HEDGE)

    def _book(self, exchange: DeployedExchange) -> DeployedBook:
        return exchange.books[exchange.spec.require_margin().markets[self.spec.market].book]

    def _contract_raw(self, exchange: DeployedExchange, book: DeployedBook) -> int:
        market = exchange.spec.require_margin().markets[self.spec.market]
        return int(market.contract_size * WAD) * book.base_unit // WAD

    def _quote(self, exchange: DeployedExchange) -> tuple[int, int, int, int]:
        contracts = whole_of(self.spec.quote_contracts)
        return exchange.markets[self.spec.market], contracts, contracts, whole_of(self.spec.spread_bps)

    def _quote_at_set_up(self, world: World, exchange: DeployedExchange, *, size: int) -> None:
        world.setup(
            [(self.address, exchange.require_margin(), "quotePerp", self._quote(exchange))],
            intent=Intent.QUOTE,
            gas=_QUOTE_GAS,
        )
        self._quoted_at_size = size
