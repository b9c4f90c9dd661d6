"""Compare what the harness computes by itself with what the contracts say, at intervals of every run.

Depth, trades to a price and exit curves of stable pools are computed in Python, because the contracts take long to find
them. Nothing computed so is trusted: a difference of one unit ends the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cascade.chain.chain import Chain
from cascade.chain.local import Contract
from cascade.errors import MirrorDiffers
from cascade.units import BPS
from cascade.vocabulary import DEPTH_WITHIN_BPS
from cascade.world.venues import StableSwapPool
from cascade.world.world import World

__all__ = ["ContractChecks"]

_EVERY = 100
"""Steps from one comparison to the next at the latest."""
_LEAST = 20
"""Steps between two comparisons that a new low calls for."""
_TARGETS_BPS = (9_000, 9_950, 10_050, 11_000)
"""Prices that trades are compared for, as shares of the present one in 1e-4."""
_SALES_PPM = (1, 1_000, 50_000, 500_000)
"""Sales that are compared, as shares of the balance in millionths."""


class ContractChecks:
    """Compare every so many steps, and at each new low of a pool's price.

    Parameters
    ----------
    world : World
        The deployed scenario.

    Attributes
    ----------
    compared : int
        Number of figures compared so far.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._pools = [venue for venue in world.venues.values() if isinstance(venue, StableSwapPool)]
        self._lowest: dict[str, int] = {}
        self._last_step = -_EVERY
        self.compared = 0

    def after_block(self, step: int, price_of: Callable[[str], int], *, is_last: bool) -> None:
        """Compare where the interval is over, a price is lower than ever, or the run ends.

        Parameters
        ----------
        price_of : callable
            Returns the price of a venue after the block (1e18 scale): a view of the block has read it already.

        Raises
        ------
        MirrorDiffers
            For the first figure that differs.
        """
        low = False
        for pool in self._pools:
            price = price_of(pool.name)
            low = low or price < self._lowest.get(pool.name, price)
            self._lowest[pool.name] = min(price, self._lowest.get(pool.name, price))
        since = step - self._last_step
        if is_last or since >= _EVERY or (low and since >= _LEAST):
            self._last_step = step
            for pool in self._pools:
                self._compare(pool, self._world.chain, self._world.lens)

    def _compare(self, pool: StableSwapPool, chain: Chain, lens: Contract) -> None:
        address, state = pool.contract.address, pool.state(chain, lens)
        self._same(pool, "price", [state.spot_price_wad], [chain.call(pool.contract, "get_p", 0)])
        said = list(chain.call(lens, "stableSwapDepth", address, list(DEPTH_WITHIN_BPS)))
        self._same(pool, "depth", state.depth(DEPTH_WITHIN_BPS), said)
        targets = [state.spot_price_wad * share // BPS for share in _TARGETS_BPS]
        said = list(chain.call(lens, "stableSwapTradesToPrices", address, targets))
        found = [word for target in targets for word in state.trade_to_price(target)]
        self._same(pool, "trade to a price", found, said)
        for sold in (0, 1):
            sales = [max(state.balances[sold] * share // 10**6, 1) for share in _SALES_PPM]
            said = [chain.call(pool.contract, "get_dy", sold, 1 - sold, amount) for amount in sales]
            self._same(pool, "proceeds of a sale", [state.pays(sold, amount) for amount in sales], said)

    def _same(self, pool: StableSwapPool, what: str, found: Sequence[int], said: Sequence[int]) -> None:
        self.compared += len(said)
        for mine, theirs in zip(found, said, strict=True):
            if mine != theirs:
                block = self._world.chain.block_number
                raise MirrorDiffers(f"venues.{pool.name}: {what} at block {block}", computed=mine, contract=theirs)
