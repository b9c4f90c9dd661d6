"""Deploy a checked scenario: tokens, feeds, lending pool, venues, lens, lenders."""

from __future__ import annotations

from cascade.deployment.exchange import deploy_books, deploy_exchange
from cascade.deployment.lending import deploy_lending
from cascade.deployment.oracles import deploy_posted_feeds, deploy_sources, start_observing
from cascade.deployment.reserve import deploy_reserve
from cascade.deployment.venues import deploy_venue, fund_venue
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import AssetKind
from cascade.units import WAD
from cascade.vocabulary import Intent, Role
from cascade.world.world import World

__all__ = ["deploy_world"]


def deploy_world(world: World) -> None:
    """Deploy tokens, feeds, pools, price sources, lending pool and lens; fund the venues; let lenders supply.

    Pools and books come before the sources that read them, and a venue at the oracle's price after the oracle.

    Parameters
    ----------
    world : World
        The empty world to fill; the caller's observer of blocks already knows it.
    """
    spec = world.scenario.spec
    world.enlist("deployer", role=Role.DEPLOYER)
    lender = world.enlist("lender", role=Role.LENDER)
    world.enlist("liquidity-provider", role=Role.PROVIDER)
    world.chain.fund(world.actors)
    _deploy_tokens(world)
    world.install(router=world.deploy("Router", name="Router"))
    deploy_posted_feeds(world)
    _deploy_venues(world, at_oracle=False)
    deploy_books(world)
    deploy_sources(world)
    deploy_lending(world)
    _deploy_venues(world, at_oracle=True)
    world.install(
        lens=world.deploy("Lens", name="Lens"),
        deleverager=world.deploy("Deleverager", world.pool.address, name="Deleverager"),
    )
    deploy_exchange(world)
    start_observing(world)
    deploy_reserve(world)
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
                intent=Intent.SUPPLY,
            )


def _deploy_tokens(world: World) -> None:
    assets = world.scenario.spec.assets
    # A token that converts to another takes its address, so that such tokens are deployed after all others.
    converting = {symbol: asset for symbol, asset in assets.items() if asset.underlying is not None}
    for symbol, asset in assets.items():
        if symbol in converting:
            continue
        if asset.kind is AssetKind.USDE:
            token = world.deploy("USDe", world.deployer, name=symbol)
            world.setup([(world.deployer, token, "setMinter", (world.deployer,))], intent=Intent.CONFIGURE)
        else:
            token = world.deploy("MockERC20", symbol, symbol, asset.decimals, name=symbol)
        world.tokens[symbol] = token
    for symbol, asset in converting.items():
        underlying = world.tokens[str(asset.underlying)].address
        if asset.rate is not None:
            rate_wad = int(asset.rate * WAD)
            world.tokens[symbol] = world.deploy(
                "MockRateToken", symbol, symbol, asset.decimals, underlying, rate_wad, name=symbol
            )
            continue
        vault = world.deploy("StakedUSDe", underlying, world.deployer, world.deployer, name=symbol)
        world.adopt(world.chain.call(vault, "silo"), world.artifacts["USDeSilo"].interface, name=f"{symbol} silo")
        world.tokens[symbol] = vault


def _deploy_venues(world: World, *, at_oracle: bool) -> None:
    for name, venue in world.scenario.spec.venues.items():
        # Each venue is deployed and funded in one of two passes, with its dependency on the oracle as the only
        # difference.
        if venue.reads_oracle == at_oracle:
            world.venues[name] = deploy_venue(world, name, venue)
            fund_venue(world, world.venues[name])
