"""Where assets are swapped: one deployed venue, whatever its kind, answers the same questions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cascade.chain.local import Contract
from cascade.scenario.model import ConstantProductVenue, ParMintVenue, StableSwapVenue, Venue
from cascade.units import BPS, WAD

__all__ = ["DeployedVenue", "SwapCall"]

_EXIT_STABLE_SWAP, _EXIT_CONSTANT_PRODUCT = 1, 2
_PAIR_FEE_BPS = 30


@dataclass(frozen=True)
class SwapCall:
    """The call that swaps; its contract must be approved for what is sold."""

    contract: Contract
    function: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class DeployedVenue:
    """A venue and how to trade there.

    Attributes
    ----------
    router : Contract
        Trades at a pair for accounts that are no contracts.
    tokens : dict of str to str
        Addresses of its coins, by symbol.
    """

    name: str
    spec: Venue
    contract: Contract
    router: Contract = field(repr=False)
    tokens: dict[str, str] = field(repr=False)

    @property
    def exit_kind(self) -> int:
        """How a contract sells here: 1 speaks Curve's `exchange`, 2 Uniswap's `swap`."""
        return _EXIT_CONSTANT_PRODUCT if isinstance(self.spec, ConstantProductVenue) else _EXIT_STABLE_SWAP

    @property
    def coins(self) -> tuple[str, str]:
        """Quote and asset; of a minting contract, what is paid and what is minted."""
        if isinstance(self.spec, ParMintVenue):
            return self.spec.asset_in, self.spec.asset_out
        quote, asset = self.spec.coins
        return quote, asset

    @property
    def spender(self) -> Contract:
        """Who takes what is sold."""
        return self.router if isinstance(self.spec, ConstantProductVenue) else self.contract

    @property
    def highest_fee_wad(self) -> int:
        """Most that a trade here pays as a fee, of what it trades; of a minting contract, to redeem."""
        if isinstance(self.spec, ParMintVenue):
            return self.spec.redemption.fee_bps * WAD // BPS
        if isinstance(self.spec, ConstantProductVenue):
            return _PAIR_FEE_BPS * WAD // BPS
        if isinstance(self.spec, StableSwapVenue):
            return int(self.spec.fee_bps * self.spec.offpeg_fee_multiplier * WAD / BPS)
        return 0

    def swap(self, *, asset_in: str, amount_raw: int, receiver: str, least_raw: int = 0) -> SwapCall:
        """The call that sells an amount of one of its assets for the other.

        Parameters
        ----------
        least_raw : int
            Least proceeds, else it reverts; a minting contract swaps at par and needs none.
        """
        if isinstance(self.spec, ParMintVenue):
            function = "mint" if asset_in == self.spec.asset_in else "redeem"
            return SwapCall(self.contract, f"{function}(uint256,address)", (amount_raw, receiver))
        i = self.spec.coins.index(asset_in)
        if isinstance(self.spec, ConstantProductVenue):
            pair = (self.tokens[asset_in], self.tokens[self.spec.coins[1 - i]])
            arguments = (self.exit_kind, self.contract.address, *pair, amount_raw, least_raw, receiver)
            return SwapCall(self.router, "swap", arguments)
        return SwapCall(
            self.contract,
            "exchange(int128,int128,uint256,uint256,address)",
            (i, 1 - i, amount_raw, least_raw, receiver),
        )
