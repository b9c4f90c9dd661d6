"""Assets and their price sources."""

from __future__ import annotations

from cascade.scenario.checks.case import Case
from cascade.scenario.checks.exchange import require_book
from cascade.scenario.model import (
    AmmSpotOracle,
    AmmVenue,
    AssetKind,
    ExchangeIndexOracle,
    MedianOracle,
    OracleSpec,
    PostedOracle,
    SameAsOracle,
    VaultRateOracle,
)
from cascade.scenario.sources import assets_read, sources_of

__all__ = ["check_assets", "check_oracles"]


def check_assets(case: Case) -> None:
    """Refuse what is staked and is not there."""
    for symbol, asset in case.spec.assets.items():
        if asset.stakes is not None:
            case.require_asset(f"assets.{symbol}.stakes", asset.stakes)
            if case.spec.assets[asset.stakes].kind is not AssetKind.USDE:
                case.refuse(f"assets.{symbol}.stakes", asset.stakes, "expected an asset of kind usde")


def check_oracles(case: Case) -> None:
    """Refuse price sources that read what is not there, or each other in a circle."""
    for asset, oracle in case.spec.oracle.items():
        case.require_asset(f"oracle.{asset}", asset)
        _source(case, f"oracle.{asset}", asset, oracle)
    for asset in case.spec.oracle:
        _acyclic(case, asset, ())
    for name, design in case.spec.oracle_comparison.designs.items():
        for asset, oracle in design.items():
            key = f"oracle_comparison.designs.{name}.{asset}"
            if asset not in case.spec.oracle:
                case.refuse(key, asset, f"expected an asset of oracle: {', '.join(case.spec.oracle)}")
            _source(case, key, asset, oracle)


def _source(case: Case, key: str, asset: str, source: OracleSpec) -> None:
    posted = [part for part in sources_of(source) if isinstance(part, PostedOracle)]
    if len(posted) > 1:
        case.refuse(key, "posted", "a source may hold one posted feed: an agent posts by the asset's name")
    for part in sources_of(source):
        if isinstance(part, (SameAsOracle, VaultRateOracle)) and part.asset not in case.spec.oracle:
            case.refuse(f"{key}.asset", part.asset, f"has no price source: add oracle.{part.asset}")
        elif isinstance(part, AmmSpotOracle):
            case.require_venue(f"{key}.venue", part.venue)
            venue = case.spec.venues[part.venue]
            if not isinstance(venue, AmmVenue):
                case.refuse(f"{key}.venue", part.venue, "expected a stable-swap or constant-product pool")
            if venue.coins[1] != asset:
                case.refuse(f"{key}.venue", part.venue, f"prices {venue.coins[1]}, its second coin, not {asset}")
            if venue.coins[0] not in case.spec.oracle:
                case.refuse(
                    f"{key}.venue", part.venue, f"its quote {venue.coins[0]} has no price source: add one to oracle"
                )
        elif isinstance(part, ExchangeIndexOracle):
            _exchange_index(case, f"{key}.book", asset, part.book)
        elif isinstance(part, MedianOracle) and len(part.sources) % 2 == 0:
            case.refuse(f"{key}.sources", len(part.sources), "expected an odd number of sources")


def _exchange_index(case: Case, key: str, asset: str, book: str) -> None:
    exchange = case.spec.exchange
    if exchange is None:
        case.refuse(key, book, "there is no exchange: add exchange")
    base = require_book(case, key, book).base
    if base != asset:
        case.refuse(key, book, f"trades {base}, not {asset}")
    if exchange.cash not in case.spec.oracle:
        case.refuse("exchange.cash", exchange.cash, f"has no price source: add oracle.{exchange.cash}")


def _acyclic(case: Case, asset: str, above: tuple[str, ...]) -> None:
    if asset in above:
        circle = " -> ".join((*above[above.index(asset) :], asset))
        case.refuse(f"oracle.{above[-1]}", asset, f"price sources in a circle: {circle}")
    for other in assets_read(case.spec, case.spec.oracle[asset]):
        _acyclic(case, other, (*above, asset))
