"""Closes the gap between a pool and the minting contract, or a second pool: the way back to par, where one is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.interface import GWEI, Proposal
from cascade.chain.local import address_of
from cascade.deployment.venue import DeployedVenue
from cascade.deployment.world import MAX_UINT256, World
from cascade.observation import BlockView
from cascade.scenario.checks import raw_amount
from cascade.scenario.model import ArbitrageurSpec, ParMintVenue
from cascade.units import BPS, WAD

__all__ = ["Arbitrageur"]

_GAS = 500_000
_LEAST_TRADE = 100


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    price_wad: int
    other_wad: int
    """Price at which the other side takes the asset."""
    takes_raw: int
    """Most that the other side takes of it in the next block."""
    quote_raw: int
    asset_raw: int


class Arbitrageur:
    """Buys where the asset is cheaper until the gap is the fees and its edge, and gives it to the other side.

    What it bought in one block it gives away in the next: it acts on what it holds, not on what it hopes to get.
    """

    role = "arbitrageur"

    def __init__(self, name: str, spec: ArbitrageurSpec) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)

    def prepare(self, world: World) -> None:
        """Give it its capital and approve both sides."""
        here, there = world.venues[self.spec.venue], world.venues[self.spec.against]
        quote = here.coins[0]
        world.mint(quote, [(self.address, raw_amount(world.scenario.spec, quote, self.spec.capital))])
        spenders = dict.fromkeys((here.spender.address, there.spender.address))
        world.setup(
            (
                (self.address, world.tokens[coin], "approve", (spender, MAX_UINT256))
                for coin in here.coins
                for spender in spenders
            ),
            intent="approve",
        )

    def see(self, view: BlockView) -> _Sight:
        """Both prices, what the other side takes, and what it holds."""
        here, there = view.world.venues[self.spec.venue], view.world.venues[self.spec.against]
        quote, asset = here.coins
        if isinstance(there.spec, ParMintVenue):
            other, takes = WAD * (BPS - there.spec.redemption.fee_bps) // BPS, view.redeemable_raw(there.name)
        else:
            other, takes = view.spot_price_wad(there.name), MAX_UINT256
        return _Sight(
            view, view.spot_price_wad(here.name), other, takes, view.wallet_raw(self.address, quote),
            view.wallet_raw(self.address, asset),
        )  # fmt: skip

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Give away what it holds; buy more where the gap pays."""
        world = sight.view.world
        here, there = world.venues[self.spec.venue], world.venues[self.spec.against]
        quote, asset = here.coins
        unit = 10 ** world.scenario.spec.assets[asset].decimals
        proposals = []
        given = min(sight.asset_raw, sight.takes_raw)
        if given >= _LEAST_TRADE * unit and sight.price_wad < sight.other_wad:
            proposals.append(self._swap(there, asset, given, "redeem", sight))
        edge_wad = sight.other_wad * self.spec.min_edge_bps // BPS
        if sight.price_wad < sight.other_wad - edge_wad:
            cost = self._cost_raw(sight, sight.other_wad - edge_wad, already=given)
            if cost >= _LEAST_TRADE * 10 ** world.scenario.spec.assets[quote].decimals:
                proposals.append(self._swap(here, quote, cost, "buy", sight))
        return proposals

    def _cost_raw(self, sight: _Sight, target_wad: int, *, already: int) -> int:
        """Quote to spend: up to the target, what the other side still takes, and what it has."""
        sold, amount = sight.view.trade_to_price(self.spec.venue, target_wad)
        assets = sight.view.world.scenario.spec.assets
        quote, asset = sight.view.world.venues[self.spec.venue].coins
        if sold != quote:
            return 0
        room = sight.takes_raw - already
        if self.spec.max_per_block is not None:
            room = min(room, raw_amount(sight.view.world.scenario.spec, asset, self.spec.max_per_block))
        held_back = max(sight.asset_raw - already, 0)
        room = max(room - held_back, 0)
        worth: int = room * target_wad * 10 ** assets[quote].decimals // (WAD * 10 ** assets[asset].decimals)
        return min(amount, worth, sight.quote_raw)

    def _swap(self, venue: DeployedVenue, sold: str, amount: int, intent: str, sight: _Sight) -> Proposal:
        swap = venue.swap(asset_in=sold, amount_raw=amount, receiver=self.address)
        return Proposal.of_swap(
            swap, sender=self.address, gas_limit=_GAS, tip_wei=int(self.spec.tip_gwei * GWEI), intent=intent,
            reason=f"{sight.price_wad / WAD:.4f} here, {sight.other_wad / WAD:.4f} there", key=intent,
        )  # fmt: skip
