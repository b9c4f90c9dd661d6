"""Exogenous order flow that holds a pool near the price path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.interface import Proposal
from cascade.chain.local import address_of
from cascade.errors import MissingPart
from cascade.observation import BlockView
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import PathFlowSpec
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent
from cascade.world.world import MAX_UINT256, World

__all__ = ["PathFlow"]

_GAS = 400_000
_TIP_WEI = 500 * 10**9
"""Second only to the oracle: where the market opens in a block is an input of the scenario."""

_STOCK_MULTIPLE = 20


@dataclass(frozen=True)
class _Gap:
    view: BlockView
    spot_wad: int
    target_wad: int
    sold: str
    amount_raw: int


class PathFlow:
    """The rest of the market, as an input: it trades a pool back to the path whenever the price is off."""

    def __init__(self, name: str, spec: PathFlowSpec) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)

    def prepare(self, world: World) -> None:
        """Give the flow more of both coins than the pool can ever take."""
        venue = world.venues[self.spec.venue]
        for coin in venue.coins:
            reserve = venue.spec.stock_of(coin)
            if reserve is None:
                raise MissingPart(f"pool {self.spec.venue}")
            stock = _STOCK_MULTIPLE * raw_amount(world.scenario.spec, coin, reserve)
            world.mint(coin, [(self.address, stock)])
            world.setup(
                [(self.address, world.tokens[coin], "approve", (venue.spender.address, MAX_UINT256))],
                intent=Intent.APPROVE,
            )

    def see(self, view: BlockView) -> _Gap | None:
        """Read the trade that closes the gap between pool and path; None when the gap is small."""
        quote = view.world.venues[self.spec.venue].coins[0]
        quote_e8 = view.oracle_price_e8(quote)
        if not quote_e8:
            # The oracle refuses the quote's price, so that the path has no price in it: wait.
            return None
        target = view.path_price_e8(self.spec.asset) * WAD // quote_e8
        spot = view.spot_price_wad(self.spec.venue)
        if abs(spot - target) * BPS <= self.spec.tolerance_bps * target:
            return None
        sold, amount = view.trade_to_price(self.spec.venue, target)
        return _Gap(view, spot, target, sold, amount) if amount else None

    def propose(self, sight: _Gap | None) -> Sequence[Proposal]:
        """Propose that trade."""
        if sight is None:
            return []
        venue = sight.view.world.venues[self.spec.venue]
        return [
            Proposal.of_swap(
                venue.swap(asset_in=sight.sold, amount_raw=sight.amount_raw, receiver=self.address),
                sender=self.address,
                gas_limit=_GAS,
                tip_wei=_TIP_WEI,
                intent=Intent.FOLLOW_PATH,
                reason=f"pool at {sight.spot_wad / WAD:.6f}, path at {sight.target_wad / WAD:.6f}",
                key="flow",
            )
        ]
