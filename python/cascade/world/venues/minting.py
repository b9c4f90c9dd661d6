"""Ethena's minting contract as a venue: it mints and redeems at par for whitelisted accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cascade.chain.local import Log
from cascade.scenario.model import ParMintVenue
from cascade.units import BPS, WAD
from cascade.world.venues.venue import DeployedVenue, Swap, SwapCall

__all__ = ["MintingContract"]


@dataclass(frozen=True)
class MintingContract(DeployedVenue):
    """A contract that creates the asset it sells, and redeems it within limits per block."""

    spec: ParMintVenue

    has_price: ClassVar[bool] = False
    """It sells at par: its price is a parameter."""

    @property
    def highest_fee_wad(self) -> int:
        """The fee of a redemption."""
        return self.spec.redemption.fee_bps * WAD // BPS

    def swap(self, *, asset_in: str, amount_raw: int, receiver: str, least_raw: int = 0) -> SwapCall:
        """Return the call of `mint` or `redeem`; both are at par, so that least proceeds are no argument."""
        # The signature is given in full because Ethena's own `mint` and `redeem`, with signed orders, stand beside it.
        function = "mint" if asset_in == self.spec.asset_in else "redeem"
        return SwapCall(self.contract, f"{function}(uint256,address)", (amount_raw, receiver))

    def swap_of(self, log: Log) -> Swap | None:
        """Return the swap of a `Mint` or a `Redeem`."""
        if log.event not in ("Mint", "Redeem"):
            return None
        paid, minted = log.arguments["collateral_amount"], log.arguments["usde_amount"]
        cash, asset = self.coins
        return Swap(cash, paid, asset, minted) if log.event == "Mint" else Swap(asset, minted, cash, paid)
