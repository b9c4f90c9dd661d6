"""Questions about trees of price sources that need no chain."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cascade.scenario.model import OracleBase, PostedOracle, Sections

__all__ = ["assets_read", "initial_price_usd", "posted_leaf", "sources_of", "venues_read"]


def sources_of(source: OracleBase) -> Iterator[OracleBase]:
    """Yield a source and all sources that it is made of, itself first; the sources of other assets are not followed."""
    yield source
    for part in source.parts:
        yield from sources_of(part)


def assets_read(spec: Sections, source: OracleBase) -> list[str]:
    """Return the other assets whose price a source needs: pegs, a vault's asset, the quotes of pools."""
    return list(dict.fromkeys(asset for part in sources_of(source) for asset in part.assets_read(spec)))


def venues_read(spec: Sections, asset: str) -> list[str]:
    """Return the pools that the price of an asset depends on, through other assets too.

    A scenario that `check_references` accepts has no cycle among its sources, so that the search ends.
    """
    source = spec.oracle[asset]
    found = {part.venue_read: None for part in sources_of(source) if part.venue_read is not None}
    for other in assets_read(spec, source):
        found.update(dict.fromkeys(venues_read(spec, other)))
    return list(found)


def posted_leaf(source: OracleBase) -> PostedOracle | None:
    """Return the feed inside a source that an agent posts to; `check_references` accepts one at most."""
    return next((part for part in sources_of(source) if isinstance(part, PostedOracle)), None)


def initial_price_usd(spec: Sections, asset: str) -> Decimal:
    """Return what an asset's source answers before the crash, in dollars, as far as the scenario states it.

    A stable-swap pool is taken to be at par with its quote, a constant-product pool at the ratio of its reserves.
    """
    return spec.oracle[asset].answer_at_start(spec, asset)
