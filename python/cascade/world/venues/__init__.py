"""Deployed venues: one class per kind, which knows how to trade there, what to read, and what its events say.

Agents, views and recording ask a venue and never its kind.
"""

from cascade.world.venues.constant_product import ConstantProductPair
from cascade.world.venues.fixed_rate import FixedRatePool
from cascade.world.venues.minting import MintingContract
from cascade.world.venues.stable_swap import StableSwapPool
from cascade.world.venues.venue import DeployedVenue, LiquidityCall, Swap, SwapCall

__all__ = [
    "ConstantProductPair",
    "DeployedVenue",
    "FixedRatePool",
    "LiquidityCall",
    "MintingContract",
    "StableSwapPool",
    "Swap",
    "SwapCall",
]
