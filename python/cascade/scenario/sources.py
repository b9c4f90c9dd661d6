"""What a tree of price sources is made of, before any chain exists."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from cascade.scenario.model import (
    AmmSpotOracle,
    AmmTwapOracle,
    CapOracle,
    ConstantProductVenue,
    DelayedOracle,
    ExchangeIndexOracle,
    GuardedOracle,
    MedianOracle,
    OracleSpec,
    PostedOracle,
    SameAsOracle,
    ScenarioSpec,
    VaultRateOracle,
)

__all__ = ["assets_read", "children", "initial_price_usd", "posted_leaf", "sources_of", "venues_read"]


def children(source: OracleSpec) -> tuple[OracleSpec, ...]:
    """Sources that a source is made of."""
    if isinstance(source, MedianOracle):
        return tuple(source.sources)
    if isinstance(source, (AmmTwapOracle, DelayedOracle, CapOracle, GuardedOracle)):
        return (source.source,)
    return ()


def sources_of(source: OracleSpec) -> Iterator[OracleSpec]:
    """A source and all it is made of, itself first; what it reads of other assets is not followed."""
    yield source
    for child in children(source):
        yield from sources_of(child)


def assets_read(spec: ScenarioSpec, source: OracleSpec) -> list[str]:
    """Other assets whose price a source needs: pegs, a vault's asset, the quotes of pools."""
    found: dict[str, None] = {}
    for part in sources_of(source):
        if isinstance(part, (SameAsOracle, VaultRateOracle)):
            found[part.asset] = None
        elif isinstance(part, AmmSpotOracle):
            found[_coins(spec, part.venue)[0]] = None
        elif isinstance(part, ExchangeIndexOracle) and spec.exchange is not None:
            found[spec.exchange.cash] = None
    return list(found)


def venues_read(spec: ScenarioSpec, asset: str) -> list[str]:
    """Pools that the price of an asset depends on, through other assets too; free of cycles by `check_references`."""
    found: dict[str, None] = {}
    source = spec.oracle[asset]
    for part in sources_of(source):
        if isinstance(part, AmmSpotOracle):
            found[part.venue] = None
    for other in assets_read(spec, source):
        found.update(dict.fromkeys(venues_read(spec, other)))
    return list(found)


def posted_leaf(source: OracleSpec) -> PostedOracle | None:
    """The feed inside a source that an agent posts to; there is at most one."""
    return next((part for part in sources_of(source) if isinstance(part, PostedOracle)), None)


def initial_price_usd(spec: ScenarioSpec, asset: str) -> Decimal:
    """What an asset's source says before the crash, as far as the scenario states it.

    A stable-swap pool is taken at par with its quote, a constant-product pool at the ratio of its reserves.
    """
    return _initial(spec, asset, spec.oracle[asset])


def _initial(spec: ScenarioSpec, asset: str, source: OracleSpec) -> Decimal:
    if isinstance(source, PostedOracle):
        return source.initial_price_usd
    if isinstance(source, (SameAsOracle, VaultRateOracle)):
        return initial_price_usd(spec, source.asset)
    if isinstance(source, AmmSpotOracle):
        venue: Any = spec.venues[source.venue]
        quote, base = venue.coins
        ratio = Decimal(1)
        if isinstance(venue, ConstantProductVenue):
            ratio = venue.reserves[quote] / venue.reserves[base]
        return ratio * initial_price_usd(spec, quote)
    if isinstance(source, ExchangeIndexOracle):
        assert spec.exchange is not None
        return spec.exchange.books[source.book].initial_price
    if isinstance(source, CapOracle):
        return min(_initial(spec, asset, source.source), source.cap_usd)
    prices = sorted(_initial(spec, asset, child) for child in children(source))
    return prices[len(prices) // 2]


def _coins(spec: ScenarioSpec, venue: str) -> list[str]:
    coins: list[str] = getattr(spec.venues[venue], "coins", [])
    return coins
