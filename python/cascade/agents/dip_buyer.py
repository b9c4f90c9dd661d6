"""Buyers on leverage: they open loops during the fall, and can be liquidated like everyone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascade.agents.interface import GWEI, Proposal
from cascade.chain.local import address_of
from cascade.observation import BlockView, PositionState
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import DipBuyerSpec
from cascade.scenario.streams import draw
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent
from cascade.world.world import MAX_UINT256, World

__all__ = ["DipBuyer"]

_GAS = 500_000
_VARIABLE_RATE = 2
_LEAST_TRADE = 100
_UNITS_LOST_TO_ROUNDING = 2


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    price_wad: int
    quote_raw: int
    asset_raw: int
    position: PositionState
    borrowable_raw: int
    quote_unit: int


class DipBuyer:
    """Buy with its capital once the price is under its line, then supply, borrow and buy again.

    It takes one action per block, by its holdings: it supplies the asset, spends the quote, and with neither it borrows
    for the next round, as far as the pool has cash. A round counts once its loan is there.
    """

    def __init__(self, name: str, spec: DipBuyerSpec, rng: np.random.Generator) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)
        self._below_wad = round(draw(spec.buy_below, 1, rng)[0] * WAD)
        self._rounds = 0
        self._asked = False
        self._entered = False

    def prepare(self, world: World) -> None:
        """Mint its capital, and approve the contracts that it will use."""
        venue = world.venues[self.spec.venue]
        quote, asset = venue.coins
        world.mint(quote, [(self.address, raw_amount(world.scenario.spec, quote, self.spec.capital))])
        world.setup(
            [
                (self.address, world.tokens[quote], "approve", (venue.spender.address, MAX_UINT256)),
                (self.address, world.tokens[asset], "approve", (world.pool.address, MAX_UINT256)),
            ],
            intent=Intent.APPROVE,
        )

    def see(self, view: BlockView) -> _Sight:
        """Read the price, its holdings, its position, and the amount that it could borrow."""
        quote, asset = view.world.venues[self.spec.venue].coins
        position = view.position(self.name)
        unit = 10 ** view.world.scenario.spec.assets[quote].decimals
        return _Sight(
            view,
            view.spot_price_wad(self.spec.venue),
            view.wallet_raw(self.address, quote),
            view.wallet_raw(self.address, asset),
            position,
            self._borrowable_raw(view, position, unit),
            unit,
        )

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Propose the next action of its loop, if it has begun."""
        self._entered = self._entered or sight.price_wad < self._below_wad
        if not self._entered:
            return []
        world = sight.view.world
        quote, asset = world.venues[self.spec.venue].coins
        if sight.asset_raw:
            return [self._to_pool(world, "supply", (world.tokens[asset].address, sight.asset_raw, self.address, 0))]
        if sight.quote_raw >= _LEAST_TRADE * sight.quote_unit:
            # The loan that was asked for has arrived: quote in the wallet shows it, whatever became of the proposal.
            self._rounds += self._asked
            self._asked = False
            return [self._purchase(sight)]
        if self._rounds < self.spec.rounds and sight.borrowable_raw >= _LEAST_TRADE * sight.quote_unit:
            self._asked = True
            arguments = (world.tokens[quote].address, sight.borrowable_raw, _VARIABLE_RATE, 0, self.address)
            return [self._to_pool(world, "borrow", arguments)]
        return []

    def _borrowable_raw(self, view: BlockView, state: PositionState, unit: int) -> int:
        price_e8 = view.oracle_price_e8(state.entry.debt)
        if not price_e8:
            return 0
        wanted_e8 = state.collateral_base_e8 * self.spec.ltv_bps // BPS - state.debt_base_e8
        # Two units less: the pool rounds the debt up when it is taken and again when it is valued.
        return min(wanted_e8 * unit // price_e8 - _UNITS_LOST_TO_ROUNDING, view.pool_cash_raw(state.entry.debt))

    def _purchase(self, sight: _Sight) -> Proposal:
        venue = sight.view.world.venues[self.spec.venue]
        swap = venue.swap(asset_in=venue.coins[0], amount_raw=sight.quote_raw, receiver=self.address)
        return Proposal.of_swap(
            swap,
            sender=self.address,
            gas_limit=_GAS,
            tip_wei=int(self.spec.tip_gwei * GWEI),
            intent=Intent.BUY,
            reason=f"pool at {sight.price_wad / WAD:.4f}",
            key="act",
        )

    def _to_pool(self, world: World, function: str, arguments: tuple[object, ...]) -> Proposal:
        return Proposal(
            sender=self.address,
            contract=world.pool,
            function=function,
            arguments=arguments,
            gas_limit=_GAS,
            tip_wei=int(self.spec.tip_gwei * GWEI),
            intent=Intent.LOOP,
            reason=f"round {self._rounds}",
            key="act",
        )
