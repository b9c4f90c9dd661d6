"""Buyers with finite capital: the lower the price, the more of it they have spent. They hold what they buy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.interface import GWEI, Proposal
from cascade.chain.local import address_of
from cascade.observation import BlockView, ExitCurve
from cascade.observation.curve import largest
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import ValueBuyerSpec
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent
from cascade.world.world import MAX_UINT256, World

__all__ = ["ValueBuyer"]

_GAS = 400_000
_LEAST_TRADE = 100
_LEAST_OUT_BPS = 9500


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    price_wad: int
    capital_raw: int
    spent_raw: int
    curve: ExitCurve | None
    quote_unit: int
    asset_unit: int


class ValueBuyer:
    """One buyer of an entry. It spends capital x (from - price) / (from - to), between none and all of it.

    The buyers of an entry follow one schedule on one market: each buys its part of the demand of all of them.
    """

    def __init__(self, name: str, spec: ValueBuyerSpec) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)

    def prepare(self, world: World) -> None:
        """Give the buyer its capital."""
        venue = world.venues[self.spec.venue]
        quote = venue.coins[0]
        world.mint(
            quote, [(self.address, raw_amount(world.scenario.spec, quote, self.spec.capital) // self.spec.count)]
        )
        world.setup(
            [(self.address, world.tokens[quote], "approve", (venue.spender.address, MAX_UINT256))],
            intent=Intent.APPROVE,
        )

    def see(self, view: BlockView) -> _Sight:
        """Read the price, the amount spent, and the pool's curve."""
        spec = view.world.scenario.spec
        quote, asset = view.world.venues[self.spec.venue].coins
        price_wad = view.spot_price_wad(self.spec.venue)
        total = raw_amount(spec, quote, self.spec.capital)
        capital = total // self.spec.count
        spent = capital - view.wallet_raw(self.address, quote)
        wanted = price_wad < self.spec.from_price * WAD and spent < capital
        quote_unit, unit = 10 ** spec.assets[quote].decimals, 10 ** spec.assets[asset].decimals
        curve = view.buy_curve(self.spec.venue, most_raw=total) if wanted else None
        return _Sight(view, price_wad, capital, spent, curve, quote_unit, unit)

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Propose one purchase, up to the price at which the schedule asks for no more."""
        if sight.curve is None:
            return []
        curve = sight.curve

        def within_demand(amount: int) -> bool:
            paid, received = curve.next_after(amount * self.spec.count)
            if not received:
                return False
            price_wad = paid * sight.asset_unit * WAD // (received * sight.quote_unit)
            return sight.spent_raw + amount <= self._demand_raw(sight, price_wad)

        amount = largest(sight.capital_raw - sight.spent_raw, within_demand)
        if amount < _LEAST_TRADE * sight.quote_unit:
            return []
        venue = sight.view.world.venues[self.spec.venue]
        least = curve.pays(amount) * _LEAST_OUT_BPS // BPS
        return [
            Proposal.of_swap(
                venue.swap(asset_in=venue.coins[0], amount_raw=amount, receiver=self.address, least_raw=least),
                sender=self.address,
                gas_limit=_GAS,
                tip_wei=int(self.spec.tip_gwei * GWEI),
                intent=Intent.BUY,
                reason=f"pool at {sight.price_wad / WAD:.4f}",
                key="buy",
            )
        ]

    def _demand_raw(self, sight: _Sight, price_wad: int) -> int:
        """Return the amount that the schedule has spent at a price."""
        high, low = (int(price * WAD) for price in (self.spec.from_price, self.spec.to_price))
        return sight.capital_raw * min(max(high - price_wad, 0), high - low) // (high - low)
