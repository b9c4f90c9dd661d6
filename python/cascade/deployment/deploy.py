"""From a checked scenario to a world that stands: tokens, feeds, lending pool, venues, lens, lenders."""

from __future__ import annotations

from cascade.deployment.lending import deploy_lending
from cascade.deployment.venues import deploy_venue
from cascade.deployment.world import World
from cascade.scenario.checks import raw_amount
from cascade.scenario.model import AssetKind, PostedOracle, SameAsOracle

__all__ = ["deploy_world"]


def deploy_world(world: World) -> None:
    """Deploy tokens, feeds, oracle, pool, venues and lens, list the reserves, and let lenders supply.

    Parameters
    ----------
    world : World
        The empty world to fill; the caller's observer of blocks already knows it.
    """
    spec = world.scenario.spec
    world.enlist("deployer", role="deployer")
    lender = world.enlist("lender", role="lender")
    world.enlist("liquidity-provider", role="lender")
    world.chain.fund(world.actors)
    _deploy_tokens(world)
    deploy_lending(world)
    for name, venue in spec.venues.items():
        world.venues[name] = deploy_venue(world, name, venue)
    world.install(lens=world.deploy("Lens", name="Lens"))
    for asset, reserve in spec.lending.reserves.items():
        supplied = raw_amount(spec, asset, reserve.lenders_supply)
        if supplied:
            world.mint(asset, [(lender, supplied)])
            token = world.tokens[asset]
            world.setup(
                [
                    (lender, token, "approve", (world.pool.address, supplied)),
                    (lender, world.pool, "supply", (token.address, supplied, lender, 0)),
                ],
                intent="supply",
            )


def _deploy_tokens(world: World) -> None:
    for symbol, asset in world.scenario.spec.assets.items():
        if asset.kind is AssetKind.USDE:
            token = world.deploy("USDe", world.deployer, name=symbol)
            world.setup([(world.deployer, token, "setMinter", (world.deployer,))], intent="configure")
        else:
            token = world.deploy("MockERC20", symbol, symbol, asset.decimals, name=symbol)
        world.tokens[symbol] = token
    poster = world.enlist("price-poster", role="oracle")
    world.chain.fund([poster])
    oracles = world.scenario.spec.oracle
    for symbol, oracle in oracles.items():
        if isinstance(oracle, PostedOracle):
            answer = int(oracle.initial_price_usd * 10**8)
            world.feeds[symbol] = world.deploy(
                "PostedPriceFeed", f"{symbol} / USD", answer, poster, name=f"{symbol}/USD"
            )
    for symbol, oracle in oracles.items():
        if isinstance(oracle, SameAsOracle):
            world.feeds[symbol] = world.feeds[oracle.asset]
