"""Where assets are swapped: one deployed venue, whatever its kind, answers the same three questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cascade.chain.local import Contract, address_of
from cascade.scenario.checks import raw_amount
from cascade.scenario.model import FixedRateVenue, ParMintVenue, StableSwapVenue, Venue

if TYPE_CHECKING:
    from cascade.deployment.world import World

__all__ = ["DeployedVenue", "deploy_venue", "fund_venue"]

_FEE_DENOMINATOR_PER_BPS = 10**6
_OFFPEG_DENOMINATOR = 10**10
_ADMIN_FEE = 5 * 10**9
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

    @property
    def has_spot_price(self) -> bool:
        """Whether trades move its price."""
        return isinstance(self.spec, StableSwapVenue)


def deploy_venue(world: World, name: str, spec: Venue) -> DeployedVenue:
    """Deploy a venue, empty."""
    tokens = {symbol: token.address for symbol, token in world.tokens.items()}
    if isinstance(spec, ParMintVenue):
        arguments: tuple[object, ...] = (tokens[spec.asset_out], tokens[spec.asset_in], world.deployer)
        contract = world.deploy("ParMinting", *arguments, name=name)
    elif isinstance(spec, FixedRateVenue):
        contract = world.deploy(
            "FixedRatePool", world.oracle.address, *(tokens[coin] for coin in spec.coins), name=name
        )
    else:
        contract = world.deploy(
            "StableSwapPool", name, name, [tokens[coin] for coin in spec.coins], spec.amplification,
            int(spec.fee_bps * _FEE_DENOMINATOR_PER_BPS), int(spec.offpeg_fee_multiplier * _OFFPEG_DENOMINATOR),
            _ADMIN_FEE, world.deployer, name=name,
        )  # fmt: skip
    return DeployedVenue(name=name, spec=spec, contract=contract)


def fund_venue(world: World, venue: DeployedVenue) -> None:
    """Give a venue the reserves that the scenario states; its tokens must have been minted to the provider."""
    if isinstance(venue.spec, ParMintVenue):
        return
    provider = address_of("liquidity-provider")
    amounts = [raw_amount(world.scenario.spec, coin, venue.spec.reserves[coin]) for coin in venue.spec.coins]
    pairs = list(zip(venue.spec.coins, amounts, strict=True))
    pool = venue.contract
    if isinstance(venue.spec, FixedRateVenue):
        world.setup(
            ((provider, world.tokens[coin], "transfer", (pool.address, raw)) for coin, raw in pairs),
            intent="add-liquidity",
        )
        return
    world.setup(
        [
            *((provider, world.tokens[coin], "approve", (pool.address, raw)) for coin, raw in pairs),
            (provider, pool, "add_liquidity(uint256[],uint256,address)", (amounts, 0, provider)),
        ],
        intent="add-liquidity",
    )
