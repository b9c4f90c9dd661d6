"""Check the lending pool, the venues and the reserve of USDe."""

from __future__ import annotations

from cascade.scenario.model import AssetKind, Case, PostedOracle

__all__ = ["check_ethena", "check_lending", "check_venues"]


def check_lending(case: Case) -> None:
    """Refuse reserves without an asset or a price, and efficiency modes of assets that are not listed."""
    for asset in case.spec.lending.reserves:
        case.require_asset(f"lending.reserves.{asset}", asset)
        if asset not in case.spec.oracle:
            case.refuse(f"lending.reserves.{asset}", asset, f"listed without a price source: add oracle.{asset}")
    for number, mode in case.spec.lending.emodes.items():
        for key, assets in (("collateral", mode.collateral), ("borrowable", mode.borrowable)):
            for asset in assets:
                if asset not in case.spec.lending.reserves:
                    case.refuse(f"lending.emodes.{number}.{key}", asset, "expected an asset of lending.reserves")


def check_venues(case: Case) -> None:
    """Refuse venues of assets that are not there, and what their kinds cannot be deployed with."""
    for name, venue in case.spec.venues.items():
        key = f"venues.{name}"
        for coin in venue.pair:
            case.require_asset(key, coin)
        if name in case.spec.assets:
            case.refuse(key, name, "is the name of an asset: a venue needs one of its own")
        if venue.pair[0] == venue.pair[1]:
            case.refuse(key, venue.pair[0], "the two assets of a venue must differ")
        venue.check(case, key, name)


def check_ethena(case: Case) -> None:
    """Refuse a reserve whose parts do not fit together."""
    ethena = case.spec.ethena
    if ethena is None:
        return
    venue = case.venue("ethena.minting", ethena.minting)
    if not venue.mints:
        case.refuse("ethena.minting", ethena.minting, "expected a venue of kind par-mint")
    paid, minted = venue.pair
    case.require_asset("ethena.staked", ethena.staked)
    if case.spec.assets[ethena.staked].stakes != minted:
        case.refuse("ethena.staked", ethena.staked, f"expected a staked-usde that stakes {minted}")
    case.require_asset("ethena.spot", ethena.spot)
    # Set-up mints both to the market that hedges are traded with, which only a mock ERC-20 allows.
    for key, asset in (("ethena.spot", ethena.spot), (f"venues.{ethena.minting}.asset_in", paid)):
        if case.spec.assets[asset].kind is not AssetKind.ERC20:
            case.refuse(key, asset, "expected an asset of kind erc20")
    if ethena.spot == paid:
        case.refuse("ethena.spot", ethena.spot, "is the asset that minting is paid in: it needs no hedge")
    if not isinstance(case.spec.oracle.get(ethena.spot), PostedOracle):
        case.refuse("ethena.spot", ethena.spot, f"marked at its feed: expected oracle.{ethena.spot} to be posted")
