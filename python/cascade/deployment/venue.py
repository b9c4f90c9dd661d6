"""Where assets are swapped: one deployed venue, whatever its kind, answers the same questions."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.chain.local import Contract
from cascade.scenario.model import ParMintVenue, Venue

__all__ = ["DeployedVenue"]

_EXIT_STABLE_SWAP = 1


@dataclass(frozen=True)
class DeployedVenue:
    """A venue and how to trade there."""

    name: str
    spec: Venue
    contract: Contract

    exit_kind: int = _EXIT_STABLE_SWAP
    """How the Liquidator sells here: 1 speaks Curve's `exchange`."""

    def swap_data(self, *, asset_in: str, amount_raw: int, receiver: str) -> str:
        """Call data of selling an amount of one of its assets for the other."""
        if isinstance(self.spec, ParMintVenue):
            function = "mint" if asset_in == self.spec.asset_in else "redeem"
            return self.contract.encode(function, amount_raw, receiver)
        i = self.spec.coins.index(asset_in)
        return self.contract.encode(
            "exchange(int128,int128,uint256,uint256,address)", i, 1 - i, amount_raw, 0, receiver
        )
