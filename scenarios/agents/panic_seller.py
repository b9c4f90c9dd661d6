"""An example of a custom agent: a holder of USDe who sells in tranches once the price of a pool is under a line.

In a scenario: `{kind: custom, agent: "agents/panic_seller.py:PanicSeller", role: holder, parameters: {...}}` with the
parameters `venue` (the pool), `tokens` (the holder's balance), `below` (the line) and `tranche` (tokens per block).
"""

from __future__ import annotations

from dataclasses import dataclass

from cascade.agents.interface import GWEI, Proposal
from cascade.world.world import MAX_UINT256

WAD = 10**18


@dataclass(frozen=True)
class Sight:
    """The state that the decision needs: the pool, its price, and the balance in smallest units."""

    venue: object
    price_wad: int
    held_raw: int
    unit: int


class PanicSeller:
    """Waits until the price is under its line, then sells a tranche per block until nothing is left."""

    def __init__(self, *, name, parameters, rng, address):
        self.name, self.address = name, address
        self.venue, self.tokens = parameters["venue"], parameters["tokens"]
        self.tranche = parameters["tranche"]
        # Each seller draws its own line once, up to one per cent under the one stated.
        self.below_wad = int(parameters["below"] * WAD) - int(rng.integers(0, WAD // 100))
        self.selling = False

    def prepare(self, world):
        """Mint the tokens, and approve the pool."""
        asset = world.venues[self.venue].coins[1]
        world.mint(asset, [(self.address, self.tokens * 10 ** world.scenario.spec.assets[asset].decimals)])
        spender = world.venues[self.venue].spender.address
        world.setup([(self.address, world.tokens[asset], "approve", (spender, MAX_UINT256))], intent="approve")

    def see(self, view):
        """Read the pool's price and the balance."""
        venue = view.world.venues[self.venue]
        asset = venue.coins[1]
        unit = 10 ** view.world.scenario.spec.assets[asset].decimals
        return Sight(venue, view.spot_price_wad(self.venue), view.wallet_raw(self.address, asset), unit)

    def propose(self, sight):
        """Sell one tranche."""
        self.selling = self.selling or sight.price_wad < self.below_wad
        amount = min(sight.held_raw, self.tranche * sight.unit)
        if not self.selling or not amount:
            return []
        swap = sight.venue.swap(asset_in=sight.venue.coins[1], amount_raw=amount, receiver=self.address)
        reason = f"pool at {sight.price_wad / WAD:.4f}"
        return [
            Proposal.of_swap(
                swap, sender=self.address, gas_limit=400_000, tip_wei=2 * GWEI, intent="sell", reason=reason, key="sell"
            )
        ]
