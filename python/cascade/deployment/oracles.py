"""Price sources deployed: a contract for each node of an asset's tree, the tree's root read by the lending oracle."""

from __future__ import annotations

from cascade.chain.local import Contract
from cascade.deployment.exchange import index_feed
from cascade.scenario.model import (
    AmmSpotOracle,
    AmmTwapOracle,
    CapOracle,
    DelayedOracle,
    ExchangeIndexOracle,
    GuardedOracle,
    MedianOracle,
    OracleSpec,
    PostedOracle,
    SameAsOracle,
)
from cascade.scenario.sources import posted_leaf
from cascade.world.world import World

__all__ = ["deploy_posted_feeds", "deploy_sources", "start_observing"]

_SPARE_OBSERVATIONS = 8
"""Beyond one a block of the window: the observation it starts within, and set-up blocks."""


def deploy_posted_feeds(world: World) -> None:
    """Deploy every feed that an agent posts to, at its initial price."""
    poster = world.enlist("price-poster", role="oracle")
    world.chain.fund([poster])
    for asset, source in world.scenario.spec.oracle.items():
        leaf = posted_leaf(source)
        if leaf is not None:
            answer = int(leaf.initial_price_usd * 10**8)
            world.posted_feeds[asset] = world.deploy(
                "PostedPriceFeed", f"{asset} / USD", answer, poster, name=f"{asset}/USD"
            )


def deploy_sources(world: World) -> None:
    """Deploy what each asset's price is made of; needs the pools that are read."""
    for asset in world.scenario.spec.oracle:
        _feed(world, asset)


def start_observing(world: World) -> None:
    """Show the averaging and delaying sources a first price; the pools must be funded."""
    upkeep = world.enlist("oracle-upkeep", role="oracle")
    world.chain.fund([upkeep])
    world.setup(((upkeep, source, "poke", ()) for source in world.observers.values()), intent="poke")


def _feed(world: World, asset: str) -> Contract:
    if asset not in world.feeds:
        world.feeds[asset] = _deploy(world, asset, world.scenario.spec.oracle[asset], f"{asset} source")
    return world.feeds[asset]


def _deploy(world: World, asset: str, source: OracleSpec, name: str) -> Contract:
    if isinstance(source, PostedOracle):
        return world.posted_feeds[asset]
    if isinstance(source, SameAsOracle):
        return world.deploy("PeggedFeed", _feed(world, source.asset).address, name=name)
    if isinstance(source, AmmSpotOracle):
        venue = world.venues[source.venue]
        quote, base = venue.coins
        return world.deploy(
            "AmmSpotFeed",
            venue.contract.address,
            venue.exit_kind,
            world.tokens[base].address,
            world.tokens[quote].address,
            _feed(world, quote).address,
            name=name,
        )
    if isinstance(source, ExchangeIndexOracle):
        _feed(world, world.require_exchange().cash)
        return index_feed(world, source.book)
    if isinstance(source, MedianOracle):
        parts = [_deploy(world, asset, part, f"{name} {i}") for i, part in enumerate(source.sources)]
        return world.deploy("MedianFeed", [part.address for part in parts], name=name)
    if isinstance(source, (AmmTwapOracle, DelayedOracle, CapOracle, GuardedOracle)):
        inner = _deploy(world, asset, source.source, f"{name} inner").address
        if isinstance(source, CapOracle):
            return world.deploy("CappedFeed", inner, int(source.cap_usd * 10**8), name=name)
        if isinstance(source, GuardedOracle):
            return world.deploy("FreshnessGuard", inner, source.max_age_seconds, name=name)
        return _deploy_observer(world, asset, source, inner, name)
    # A cap on the growth of the rate starts from the rate that holds now.
    vault = world.tokens[asset]
    capped = source.max_yearly_growth_bps > 0
    ratio_wad = world.chain.call(vault, "convertToAssets", 10**18) if capped else 0
    return world.deploy(
        "VaultRateFeed",
        vault.address,
        _feed(world, source.asset).address,
        ratio_wad,
        world.chain.timestamp if capped else 0,
        source.max_yearly_growth_bps,
        name=name,
    )


def _deploy_observer(
    world: World, asset: str, source: AmmTwapOracle | DelayedOracle, inner: str, name: str
) -> Contract:
    if isinstance(source, DelayedOracle):
        # The contract counts the node's blocks, of which a step of an exchange has one more.
        blocks = source.blocks * world.scenario.spec.blocks_per_step
        feed = world.deploy("DelayedFeed", inner, blocks, name=name)
    else:
        block_seconds = world.scenario.spec.timeline.block_seconds
        observations = source.window_seconds // block_seconds + _SPARE_OBSERVATIONS
        feed = world.deploy("TimeWeightedFeed", inner, source.window_seconds, observations, name=name)
    earlier = sum(known.partition(":")[0] == asset for known in world.observers)
    world.observers[f"{asset}:{earlier + 1}" if earlier else asset] = feed
    return feed
