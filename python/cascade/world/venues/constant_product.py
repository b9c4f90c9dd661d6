"""A deployed pair of the constant product, after Uniswap V2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cascade.chain.chain import Chain
from cascade.chain.local import Contract, Log
from cascade.scenario.model import ConstantProductVenue
from cascade.units import BPS, WAD
from cascade.world.venues.venue import DeployedVenue, LiquidityCall, Swap, SwapCall

__all__ = ["ConstantProductPair"]

_SOLD_WITH_SWAP = 2
_FEE_BPS = 30


@dataclass(frozen=True)
class ConstantProductPair(DeployedVenue):
    """A pair of two reserves whose product no trade lowers.

    It pays out only what has been paid in before, within one transaction, so that a router trades for accounts.
    """

    spec: ConstantProductVenue

    exit_kind: ClassVar[int] = _SOLD_WITH_SWAP

    @property
    def spender(self) -> Contract:
        """The router."""
        return self.router

    @property
    def highest_fee_wad(self) -> int:
        """The one fee, 0.3 %."""
        return _FEE_BPS * WAD // BPS

    def swap(self, *, asset_in: str, amount_raw: int, receiver: str, least_raw: int = 0) -> SwapCall:
        """Return the call of the router."""
        quote, asset = self.coins
        asset_out = asset if asset_in == quote else quote
        # A pair has no call that takes tokens from an account: the router pays it and swaps in one transaction.
        pair = (self.tokens[asset_in], self.tokens[asset_out])
        arguments = (self.exit_kind, self.contract.address, *pair, amount_raw, least_raw, receiver)
        return SwapCall(self.router, "swap", arguments)

    def withdrawal(self, shares: int, receiver: str) -> Sequence[LiquidityCall]:
        """Return the two calls: a pair burns the shares that were sent to it before, in the same block."""
        return [
            LiquidityCall("transfer", (self.contract.address, shares)),
            LiquidityCall("burn", (receiver,)),
        ]

    def spot_price_wad(self, chain: Chain, lens: Contract) -> int:
        """Read the ratio of the reserves from the lens."""
        return int(chain.call(lens, "constantProductSpotPriceWad", self.contract.address, self._asset))

    def trade_to_price(self, chain: Chain, lens: Contract, target_wad: int) -> tuple[str, int]:
        """Read the trade from the lens, which has it in closed form."""
        token, amount = chain.call(lens, "constantProductTradeToPrice", self.contract.address, self._asset, target_wad)
        # The lens answers with an address, which is compared regardless of its checksum.
        return next(symbol for symbol in self.coins if self.tokens[symbol].lower() == token.lower()), amount

    def depth(self, chain: Chain, lens: Contract, within_bps: Sequence[int]) -> list[int]:
        """Read the depth from the lens."""
        return list(chain.call(lens, "constantProductDepth", self.contract.address, self._asset, list(within_bps)))

    def swap_of(self, log: Log) -> Swap | None:
        """Return the swap of a `Swap`."""
        if log.event != "Swap":
            return None
        coins, event = self.coins, log.arguments
        sold = 0 if event["amount0In"] else 1
        return Swap(coins[sold], event[f"amount{sold}In"], coins[1 - sold], event[f"amount{1 - sold}Out"])

    def price_of(self, log: Log, units: tuple[int, int]) -> int | None:
        """Return the ratio of the reserves that `Sync` reports; 0 for a pair without any of its asset."""
        if log.event != "Sync":
            return None
        # A pair is deployed with the quote coin first, so that its token0 is the quote.
        quote, asset = units
        reserve_quote, reserve_asset = log.arguments["reserve0"], log.arguments["reserve1"]
        return reserve_quote * asset * WAD // (reserve_asset * quote) if reserve_asset else 0

    def is_trade(self, logs: Sequence[Log], position: int) -> bool:
        """Return whether `Swap` stands right after `Sync`."""
        return self._is_beside(logs, position + 1, "Swap")

    @property
    def _asset(self) -> str:
        return self.tokens[self.coins[1]]
