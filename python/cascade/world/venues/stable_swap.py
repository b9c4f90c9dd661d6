"""A deployed StableSwap pool, after Curve's StableSwap-NG with two coins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.chain.chain import Chain
from cascade.chain.local import Contract, Log
from cascade.scenario.model import StableSwapVenue
from cascade.units import BPS, WAD
from cascade.world.venues.stable_swap_math import StableSwapState
from cascade.world.venues.venue import DeployedVenue, LiquidityCall, Swap, SwapCall

__all__ = ["StableSwapPool", "exchange_call", "exchanged"]


def exchange_call(
    venue: DeployedVenue, *, asset_in: str, amount_raw: int, receiver: str, least_raw: int = 0
) -> SwapCall:
    """Return the call of Curve's `exchange`, which other kinds of pool speak as well."""
    sold = venue.coins.index(asset_in)
    arguments = (sold, 1 - sold, amount_raw, least_raw, receiver)
    return SwapCall(venue.contract, "exchange(int128,int128,uint256,uint256,address)", arguments)


def exchanged(venue: DeployedVenue, log: Log) -> Swap | None:
    """Return the swap that Curve's event `TokenExchange` reports; None for any other event."""
    if log.event != "TokenExchange":
        return None
    coins, event = venue.coins, log.arguments
    return Swap(coins[event["sold_id"]], event["tokens_sold"], coins[event["bought_id"]], event["tokens_bought"])


@dataclass(frozen=True)
class StableSwapPool(DeployedVenue):
    """A pool of two coins whose price stays near one until one of them is scarce."""

    spec: StableSwapVenue

    @property
    def highest_fee_wad(self) -> int:
        """The fee far from balance."""
        return int(self.spec.fee_bps * self.spec.offpeg_fee_multiplier * WAD / BPS)

    def swap(self, *, asset_in: str, amount_raw: int, receiver: str, least_raw: int = 0) -> SwapCall:
        """Return the call of `exchange`."""
        return exchange_call(self, asset_in=asset_in, amount_raw=amount_raw, receiver=receiver, least_raw=least_raw)

    def withdrawal(self, shares: int, receiver: str) -> Sequence[LiquidityCall]:
        """Return the one call that burns shares for both coins in proportion; the sender receives them."""
        # No least amounts: a withdrawal in proportion cannot be made worse by trades before it in the same block.
        return [LiquidityCall("remove_liquidity(uint256,uint256[])", (shares, [0, 0]))]

    def state(self, chain: Chain, lens: Contract) -> StableSwapState:
        """Read balances and parameters, from which everything else follows."""
        words = chain.call(lens, "stableSwapState", self.contract.address)
        return StableSwapState((words[0], words[1]), (words[2], words[3]), *words[4:])

    def spot_price_wad(self, chain: Chain, lens: Contract) -> int:
        """Return the pool's own price."""
        return self.state(chain, lens).spot_price_wad

    def trade_to_price(self, chain: Chain, lens: Contract, target_wad: int) -> tuple[str, int]:
        """Return the trade, which takes a search."""
        sold, amount = self.state(chain, lens).trade_to_price(target_wad)
        return self.coins[sold], amount

    def depth(self, chain: Chain, lens: Contract, within_bps: Sequence[int]) -> list[int]:
        """Return the depth, which takes two searches per distance."""
        return self.state(chain, lens).depth(within_bps)

    def quotes(self, chain: Chain, lens: Contract, *, asset_in: str, amounts_raw: Sequence[int]) -> list[int]:
        """Return what selling each amount would pay, each from the state as it is."""
        state, sold = self.state(chain, lens), self.coins.index(asset_in)
        return [state.pays(sold, amount) for amount in amounts_raw]

    def swap_of(self, log: Log) -> Swap | None:
        """Return the swap of a `TokenExchange`."""
        return exchanged(self, log)

    def price_of(self, log: Log, units: tuple[int, int]) -> int | None:
        """Return the price that the pool emits after every change of its balances."""
        price: int | None = log.arguments["priceWad"] if log.event == "SpotPrice" else None
        return price

    def is_trade(self, logs: Sequence[Log], position: int) -> bool:
        """Return whether `TokenExchange` stands right before `SpotPrice`."""
        return self._is_beside(logs, position - 1, "TokenExchange")
