"""Deploy price sources: one contract per node of an asset's tree; the lending oracle reads the root of the tree."""

from __future__ import annotations

from cascade.chain.local import Contract
from cascade.deployment.exchange import index_feed
from cascade.deployment.own_contracts import deploy_part
from cascade.errors import ScenarioError
from cascade.scenario.model import (
    AmmSpotOracle,
    AmmTwapOracle,
    CapOracle,
    ContractOracle,
    DelayedOracle,
    ExchangeIndexOracle,
    GuardedOracle,
    MedianOracle,
    OracleEvent,
    OracleSpec,
    PostedOracle,
    SameAsOracle,
    VaultRateOracle,
)
from cascade.scenario.sources import posted_leaf
from cascade.units import E8, WAD
from cascade.vocabulary import Intent, Role
from cascade.world.world import World

__all__ = ["deploy_posted_feeds", "deploy_sources", "start_observing"]

_SPARE_OBSERVATIONS = 8
"""Observations kept beyond one per block of the window: the one that the window starts within, and set-up blocks."""


def deploy_posted_feeds(world: World) -> None:
    """Deploy every feed that an agent posts to, at its initial price."""
    poster = world.enlist("price-poster", role=Role.ORACLE)
    world.chain.fund([poster])
    for asset, source in world.scenario.spec.oracle.items():
        leaf = posted_leaf(source)
        if leaf is not None:
            answer = int(leaf.initial_price_usd * E8)
            world.posted_feeds[asset] = world.deploy(
                "PostedPriceFeed", f"{asset} / USD", answer, poster, name=f"{asset}/USD"
            )


def deploy_sources(world: World) -> None:
    """Deploy the price source of each asset; the pools that sources read must stand."""
    spec = world.scenario.spec
    for asset in spec.oracle:
        _feed(world, asset)
    for name, event in spec.events.items():
        if isinstance(event, OracleEvent):
            world.event_sources[name] = _deploy(world, event.asset, event.source, f"{event.asset} source {name}")


def start_observing(world: World) -> None:
    """Show a first price to the sources that average or delay; the pools must be funded."""
    upkeep = world.enlist("oracle-upkeep", role=Role.ORACLE)
    world.chain.fund([upkeep])
    world.setup(((upkeep, source, "poke", ()) for source in world.observers.values()), intent=Intent.POKE)


def _feed(world: World, asset: str) -> Contract:
    # Recursive and once per asset: a source may read the feed of another asset that comes later in the scenario.
    if asset not in world.feeds:
        world.feeds[asset] = _deploy(world, asset, world.scenario.spec.oracle[asset], f"{asset} source")
    return world.feeds[asset]


def _deploy(world: World, asset: str, source: OracleSpec, name: str) -> Contract:
    """Deploy one source and those that it is made of; a kind that is missing here is an error of types."""
    match source:
        case PostedOracle():
            return world.posted_feeds[asset]
        case SameAsOracle():
            return world.deploy("PeggedFeed", _feed(world, source.asset).address, name=name)
        case AmmSpotOracle():
            return _deploy_spot(world, source, name)
        case ExchangeIndexOracle():
            # The index is in the exchange's stable, whose price turns it into dollars.
            _feed(world, world.require_exchange().cash)
            return index_feed(world, source.book)
        case MedianOracle():
            parts = [_deploy(world, asset, part, f"{name} {i}") for i, part in enumerate(source.sources)]
            return world.deploy("MedianFeed", [part.address for part in parts], name=name)
        case CapOracle():
            inner = _deploy(world, asset, source.source, f"{name} inner")
            return world.deploy("CappedFeed", inner.address, int(source.cap_usd * E8), name=name)
        case GuardedOracle():
            inner = _deploy(world, asset, source.source, f"{name} inner")
            return world.deploy("FreshnessGuard", inner.address, source.max_age_seconds, name=name)
        case DelayedOracle():
            inner = _deploy(world, asset, source.source, f"{name} inner")
            # The contract counts the node's blocks, of which a step of an exchange has one more.
            blocks = source.blocks * world.scenario.spec.blocks_per_step
            return _observing(world, asset, world.deploy("DelayedFeed", inner.address, blocks, name=name))
        case AmmTwapOracle():
            inner = _deploy(world, asset, source.source, f"{name} inner")
            window, block_seconds = source.window_seconds, world.scenario.spec.timeline.block_seconds
            # A ring that is too small would shorten the window silently.
            observations = window // block_seconds + _SPARE_OBSERVATIONS
            feed = world.deploy("TimeWeightedFeed", inner.address, window, observations, name=name)
            return _observing(world, asset, feed)
        case VaultRateOracle():
            return _deploy_vault_rate(world, asset, source, name)
        case ContractOracle():
            return _deploy_own(world, asset, source, name)


def _deploy_own(world: World, asset: str, source: ContractOracle, name: str) -> Contract:
    key = f"oracle.{asset}.contract"
    known = {"asset": world.tokens[asset].address}
    feed = deploy_part(world, "feed", source.contract, name=name, key=key, known=known)
    answer, stated = int(world.chain.call(feed, "latestAnswer")), int(source.initial_price_usd * E8)
    if answer != stated:
        raise ScenarioError(
            file=world.scenario.file,
            key=f"oracle.{asset}.initial_price_usd",
            value=float(source.initial_price_usd),
            expected=f"{source.contract.source} answers {answer / E8:.8f} once it is deployed",
        )
    return _observing(world, asset, feed) if "poke()" in feed.interface.functions else feed


def _deploy_spot(world: World, source: AmmSpotOracle, name: str) -> Contract:
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


def _deploy_vault_rate(world: World, asset: str, source: VaultRateOracle, name: str) -> Contract:
    vault, ratio_wad = world.tokens[asset], 0
    if source.snapshot_ratio is not None:
        ratio_wad = int(source.snapshot_ratio * WAD)
    elif source.max_yearly_growth_bps:
        # A cap on the growth of the rate starts from the rate that holds now.
        decimals = world.scenario.spec.assets[asset].decimals, world.scenario.spec.assets[source.asset].decimals
        ratio_wad = world.chain.call(vault, "convertToAssets", 10 ** decimals[0]) * WAD // 10 ** decimals[1]
    return world.deploy(
        "VaultRateFeed",
        vault.address,
        _feed(world, source.asset).address,
        ratio_wad,
        world.chain.timestamp - source.snapshot_age_seconds if ratio_wad else 0,
        source.max_yearly_growth_bps,
        name=name,
    )


def _observing(world: World, asset: str, feed: Contract) -> Contract:
    """Enter a source that must be shown the market once per block among the observers, and return it."""
    # A tree may hold several observing sources; each needs a name of its own in tables.
    earlier = sum(known.partition(":")[0] == asset for known in world.observers)
    world.observers[f"{asset}:{earlier + 1}" if earlier else asset] = feed
    return feed
