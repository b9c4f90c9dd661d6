"""Close the gap between a pool and the minting contract, or a second pool, while there is a way back to par."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.interface import GWEI, Proposal
from cascade.chain.local import address_of
from cascade.deployment.venues import whitelist
from cascade.observation import BlockView
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import ArbitrageurSpec
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent
from cascade.world.venues import DeployedVenue, SwapCall
from cascade.world.world import MAX_UINT256, World

__all__ = ["Arbitrageur"]

_GAS = 500_000
_LEAST_TRADE = 100


@dataclass(frozen=True)
class _Sight:
    """State of both sides: prices in the quote, amounts in smallest units."""

    here: DeployedVenue
    there: DeployedVenue
    price_wad: int
    other_wad: int
    """Price that the other side pays for the last unit that it takes, after its fee."""
    per_block_raw: int
    """Largest amount of the asset that the other side takes in a block."""
    in_all_raw: int
    """Largest amount that it takes before it is refilled."""
    to_target_raw: int
    """Quote that lifts the pool to the highest price worth paying; 0 where it is there."""
    quote_raw: int
    asset_raw: int
    quote_unit: int
    asset_unit: int
    most_raw: int
    """Largest purchase per block, by its own rule."""


class Arbitrageur:
    """Buy in the pool while it is cheaper than the other side pays after fees and edge, and sell to the other side.

    It sells in one block what it bought in the block before, and buys again meanwhile: it acts on its holding and not
    on expected purchases, so that its capital must last for two blocks. It buys no more than the other side will take
    in the block after. Each purchase states its least amount, so that the sale cannot lose; at a second pool it
    remembers the highest price that it may have paid, and does not sell below it.
    """

    def __init__(self, name: str, spec: ArbitrageurSpec) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)
        self._paid_wad = 0

    def prepare(self, world: World) -> None:
        """Mint its capital, approve both sides, and whitelist it at the minting contract."""
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
            intent=Intent.APPROVE,
        )
        whitelist(world, there, [self.address])

    def see(self, view: BlockView) -> _Sight:
        """Read both prices, the demand of the other side, the cost of the gap, and its holdings."""
        spec = view.world.scenario.spec
        here, there = view.world.venues[self.spec.venue], view.world.venues[self.spec.against]
        quote, asset = here.coins
        held = view.wallet_raw(self.address, asset)
        price = view.spot_price_wad(here.name)
        if there.spec.mints:
            window = view.redemption(there.name)
            other, per_block, in_all = WAD - there.highest_fee_wad, window.limit_raw, window.buffer_raw
        else:
            other, per_block = self._second_pool(view, there, price, held)
            in_all = per_block
        most = self.spec.max_per_block
        return _Sight(
            here=here,
            there=there,
            price_wad=price,
            other_wad=other,
            per_block_raw=per_block,
            in_all_raw=in_all,
            to_target_raw=self._to_target_raw(view, here, price, other),
            quote_raw=view.wallet_raw(self.address, quote),
            asset_raw=held,
            quote_unit=10 ** spec.assets[quote].decimals,
            asset_unit=10 ** spec.assets[asset].decimals,
            most_raw=MAX_UINT256 if most is None else raw_amount(spec, asset, most),
        )

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Sell what it holds to the other side, and buy more where the gap pays."""
        quote, asset = sight.here.coins
        if not sight.asset_raw:
            self._paid_wad = 0
        proposals = []
        # What the other side cannot take in this block waits for the next.
        given = min(sight.asset_raw, sight.per_block_raw, sight.in_all_raw)
        if given >= _LEAST_TRADE * sight.asset_unit:
            least = _worth_up(given, self._paid_wad, sight)
            swap = sight.there.swap(asset_in=asset, amount_raw=given, receiver=self.address, least_raw=least)
            proposals.append(self._swap(swap, "redeem", sight))
        else:
            given = 0
        cost = self._cost_raw(sight, given)
        if cost >= _LEAST_TRADE * sight.quote_unit:
            # Rounded up: a purchase that gets less than its cost is worth at the other side must revert.
            least = -(-cost * sight.asset_unit * WAD // (sight.quote_unit * sight.other_wad))
            swap = sight.here.swap(asset_in=quote, amount_raw=cost, receiver=self.address, least_raw=least)
            proposals.append(self._swap(swap, "buy", sight))
            self._paid_wad = max(self._paid_wad, sight.other_wad)
        return proposals

    @staticmethod
    def _cost_raw(sight: _Sight, given: int) -> int:
        """Return the quote to spend: up to the target, its cash, and what the other side takes in the block after."""
        # The purchase of this block is sold in the next, beside what is left unsold of this one.
        room = min(sight.per_block_raw, sight.in_all_raw - given) - (sight.asset_raw - given)
        room = max(min(room, sight.most_raw), 0)
        # At the price before the trade, the lowest it will pay: so it never gets more than the room.
        worth = room * sight.price_wad * sight.quote_unit // (WAD * sight.asset_unit)
        return min(sight.to_target_raw, worth, sight.quote_raw)

    def _to_target_raw(self, view: BlockView, here: DeployedVenue, price_wad: int, other_wad: int) -> int:
        # The pool's price is before its fee, so that a buyer who pays the target has moved it by the fee less.
        worth_paying = other_wad - other_wad * self.spec.min_edge_bps // BPS
        target = worth_paying * (WAD - here.highest_fee_wad) // WAD
        if price_wad >= target:
            return 0
        sold, amount = view.trade_to_price(here.name, target)
        return amount if sold == here.coins[0] else 0

    def _second_pool(self, view: BlockView, there: DeployedVenue, price_wad: int, held_raw: int) -> tuple[int, int]:
        """Return the price of the last unit sold at a second pool, after the fee, and the amount sold until then.

        While there is a gap both pools meet in its middle; once it is closed, the rest is sold down to its cost.
        """
        spot, kept = view.spot_price_wad(there.name), WAD - there.highest_fee_wad
        floor = -(-self._paid_wad * WAD // kept) if held_raw else 0
        reach = max(floor, (price_wad + spot) // 2) if price_wad < spot else floor
        if not reach or spot <= reach:
            return spot * kept // WAD, 0
        sold, amount = view.trade_to_price(there.name, reach)
        return reach * kept // WAD, amount if sold == there.coins[1] else 0

    def _swap(self, swap: SwapCall, intent: str, sight: _Sight) -> Proposal:
        return Proposal.of_swap(
            swap,
            sender=self.address,
            gas_limit=_GAS,
            tip_wei=int(self.spec.tip_gwei * GWEI),
            intent=intent,
            reason=f"{sight.price_wad / WAD:.4f} here, {sight.other_wad / WAD:.4f} there",
            key=intent,
        )


def _worth_up(amount: int, price_wad: int, sight: _Sight) -> int:
    """Return the value of an amount of the asset at a price, in the quote, rounded up."""
    return -(-amount * price_wad * sight.quote_unit // (WAD * sight.asset_unit))
