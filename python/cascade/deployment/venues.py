"""Venues deployed and funded, and the minting window as the crash finds it."""

from __future__ import annotations

from cascade.chain.local import address_of
from cascade.deployment.venue import DeployedVenue
from cascade.deployment.world import World
from cascade.scenario.checks import raw_amount
from cascade.scenario.model import AmmVenue, ConstantProductVenue, FixedRateVenue, ParMintVenue, Venue

__all__ = ["deploy_venue", "fund_venue"]

_FEE_DENOMINATOR_PER_BPS = 10**6
_OFFPEG_DENOMINATOR = 10**10
_ADMIN_FEE = 5 * 10**9


def deploy_venue(world: World, name: str, spec: Venue) -> DeployedVenue:
    """Deploy a venue, empty."""
    tokens = {symbol: token.address for symbol, token in world.tokens.items()}
    if isinstance(spec, ParMintVenue):
        contract = world.deploy("ParMinting", tokens[spec.asset_out], tokens[spec.asset_in], world.deployer, name=name)
    elif isinstance(spec, FixedRateVenue):
        contract = world.deploy(
            "FixedRatePool", world.oracle.address, *(tokens[coin] for coin in spec.coins), name=name
        )
    elif isinstance(spec, ConstantProductVenue):
        contract = world.deploy("ConstantProductPair", *(tokens[coin] for coin in spec.coins), name=name)
    else:
        contract = world.deploy(
            "StableSwapPool", name, name, [tokens[coin] for coin in spec.coins], spec.amplification,
            int(spec.fee_bps * _FEE_DENOMINATOR_PER_BPS), int(spec.offpeg_fee_multiplier * _OFFPEG_DENOMINATOR),
            _ADMIN_FEE, world.deployer, name=name,
        )  # fmt: skip
    return DeployedVenue(name=name, spec=spec, contract=contract, router=world.router, tokens=tokens)


def fund_venue(world: World, venue: DeployedVenue) -> None:
    """Give a venue the reserves that the scenario states."""
    if isinstance(venue.spec, ParMintVenue):
        return
    provider = address_of("liquidity-provider")
    amounts = [raw_amount(world.scenario.spec, coin, venue.spec.reserves[coin]) for coin in venue.spec.coins]
    pairs = list(zip(venue.spec.coins, amounts, strict=True))
    pool = venue.contract
    for coin, raw in pairs:
        world.mint(coin, [(provider, raw)])
    if not isinstance(venue.spec, AmmVenue) or isinstance(venue.spec, ConstantProductVenue):
        world.setup(
            ((provider, world.tokens[coin], "transfer", (pool.address, raw)) for coin, raw in pairs),
            intent="add-liquidity",
        )
    if isinstance(venue.spec, ConstantProductVenue):
        world.setup([(provider, pool, "mint", (provider,))], intent="add-liquidity")
    elif isinstance(venue.spec, AmmVenue):
        world.setup(
            [
                *((provider, world.tokens[coin], "approve", (pool.address, raw)) for coin, raw in pairs),
                (provider, pool, "add_liquidity(uint256[],uint256,address)", (amounts, 0, provider)),
            ],
            intent="add-liquidity",
        )


def prepare_redemption(world: World) -> None:
    """Put every minting contract into the state that the crash finds it in: window, limit, fee and buffer."""
