"""The base of every deployed venue: two assets that are swapped, and the questions that every kind answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar, NamedTuple

from cascade.chain.chain import Chain
from cascade.chain.local import Contract, Log
from cascade.errors import MissingPart
from cascade.scenario.model import Venue

__all__ = ["DeployedVenue", "LiquidityCall", "Swap", "SwapCall"]

_SOLD_WITH_EXCHANGE = 1


@dataclass(frozen=True)
class SwapCall:
    """The call that swaps; its contract must be approved for the asset that is sold."""

    contract: Contract
    function: str
    arguments: tuple[object, ...]


class LiquidityCall(NamedTuple):
    """One call at the venue's own contract, of those that take liquidity out."""

    function: str
    arguments: tuple[object, ...]


@dataclass(frozen=True)
class Swap:
    """Assets and amounts (smallest units) of one swap, as an event reports it."""

    asset_in: str
    amount_in_raw: int
    asset_out: str
    amount_out_raw: int


@dataclass(frozen=True)
class DeployedVenue:
    """A venue and how to trade there. A subclass describes each kind.

    Attributes
    ----------
    name : str
        Name of the venue in the scenario.
    spec : Venue
        Its parameters.
    contract : Contract
        The venue itself.
    router : Contract
        Trades for accounts that are no contracts, at kinds that pay a contract only.
    tokens : mapping of str to str
        Addresses of its assets, by symbol.
    """

    name: str
    spec: Venue
    contract: Contract
    router: Contract = field(repr=False)
    tokens: Mapping[str, str] = field(repr=False)

    exit_kind: ClassVar[int] = _SOLD_WITH_EXCHANGE
    """How contracts of this project sell here: 1 calls Curve's `exchange`, 2 calls Uniswap's `swap`."""
    has_price: ClassVar[bool] = True
    """Whether its price is an observation of the run."""

    @property
    def coins(self) -> tuple[str, str]:
        """Quote and asset; of a minting contract, the asset paid and the asset minted."""
        return self.spec.pair

    @property
    def minted(self) -> str | None:
        """The asset that only this venue mints; None where it mints none."""
        return self.spec.pair[1] if self.spec.mints else None

    @property
    def spender(self) -> Contract:
        """The contract that takes the asset sold, and must be approved for it."""
        return self.contract

    @property
    def highest_fee_wad(self) -> int:
        """Highest fee of a trade here, as a share (1e18 scale) of the amount traded."""
        return 0

    def swap(self, *, asset_in: str, amount_raw: int, receiver: str, least_raw: int = 0) -> SwapCall:
        """Return the call that sells an amount of one of its assets for the other.

        Parameters
        ----------
        least_raw : int
            Least proceeds: the call reverts below them.
        """
        raise NotImplementedError

    def withdrawal(self, shares: int, receiver: str) -> Sequence[LiquidityCall]:
        """Return the calls, in their order within one block, by which a provider takes out a part of its liquidity."""
        raise MissingPart(f"liquidity of providers at venues.{self.name}")

    def spot_price_wad(self, chain: Chain, lens: Contract) -> int:
        """Read the marginal price of its second coin in its first (1e18 scale)."""
        raise MissingPart(f"spot price at venues.{self.name}")

    def trade_to_price(self, chain: Chain, lens: Contract, target_wad: int) -> tuple[str, int]:
        """Read the asset to sell, and the amount of it, that moves the spot price to a target."""
        raise MissingPart(f"price that trades move at venues.{self.name}")

    def depth(self, chain: Chain, lens: Contract, within_bps: Sequence[int]) -> list[int]:
        """Read how much of its second coin can be sold, and bought, before its price has moved by a distance.

        Returns
        -------
        list of int
            Two amounts in smallest units per distance: sold, then bought.
        """
        raise MissingPart(f"depth at venues.{self.name}")

    def quotes(self, chain: Chain, lens: Contract, *, asset_in: str, amounts_raw: Sequence[int]) -> list[int]:
        """Read what selling each of some rising amounts would pay, each from the state as it is."""
        # The lens adds increments up, and quotes each sum.
        increments = [later - earlier for earlier, later in pairwise([0, *amounts_raw])]
        asset_out = next(coin for coin in self.coins if coin != asset_in)
        return list(
            chain.call(
                lens,
                "quoteCumulative",
                self.contract.address,
                self.exit_kind,
                self.tokens[asset_in],
                self.tokens[asset_out],
                increments,
            )
        )

    def swap_of(self, log: Log) -> Swap | None:
        """Return the swap that one of its events reports; None where the event reports none."""
        return None

    def price_of(self, log: Log, units: tuple[int, int]) -> int | None:
        """Return the price of its second coin in its first (1e18 scale) that an event sets; None where it sets none.

        Parameters
        ----------
        units : tuple of int
            Smallest units per token of its first and of its second coin.
        """
        return None

    def is_trade(self, logs: Sequence[Log], position: int) -> bool:
        """Return whether a swap set the price at a position of the log; otherwise a change of liquidity did."""
        return False

    def _is_beside(self, logs: Sequence[Log], position: int, event: str) -> bool:
        """Return whether an event of this venue's own stands at a position."""
        if not 0 <= position < len(logs):
            return False
        return logs[position].event == event and logs[position].address.lower() == self.contract.address.lower()
