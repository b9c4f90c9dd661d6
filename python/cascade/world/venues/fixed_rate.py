"""A deployed pool that swaps at the oracle's price: a frictionless market."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.chain.chain import Chain
from cascade.chain.local import Contract, Log
from cascade.scenario.model import FixedRateVenue
from cascade.world.venues.stable_swap import exchange_call, exchanged
from cascade.world.venues.venue import DeployedVenue, Swap, SwapCall

__all__ = ["FixedRatePool"]


@dataclass(frozen=True)
class FixedRatePool(DeployedVenue):
    """A pool without fee or slippage. It speaks Curve's `exchange`; its price is no market's, so no event sets it."""

    spec: FixedRateVenue

    def swap(self, *, asset_in: str, amount_raw: int, receiver: str, least_raw: int = 0) -> SwapCall:
        """Return the call of `exchange`."""
        return exchange_call(self, asset_in=asset_in, amount_raw=amount_raw, receiver=receiver, least_raw=least_raw)

    def spot_price_wad(self, chain: Chain, lens: Contract) -> int:
        """Read the ratio of the oracle's prices."""
        return int(chain.call(self.contract, "get_p", 0))

    def swap_of(self, log: Log) -> Swap | None:
        """Return the swap of a `TokenExchange`."""
        return exchanged(self, log)
