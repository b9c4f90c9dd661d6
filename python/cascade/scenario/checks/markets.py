"""Lending pool, venues, and Ethena."""

from __future__ import annotations

from decimal import Decimal

from cascade.scenario.checks.case import Case
from cascade.scenario.model import AssetKind, FixedRateVenue, ParMintVenue, PostedOracle

__all__ = ["check_ethena", "check_lending", "check_venues"]


def check_lending(case: Case) -> None:
    """Refuse reserves without an asset or a price, and modes of assets that are not listed."""
    for asset in case.spec.lending.reserves:
        case.require_asset(f"lending.reserves.{asset}", asset)
        if asset not in case.spec.oracle:
            case.refuse(f"lending.reserves.{asset}", asset, f"listed without a price source: add oracle.{asset}")
    for number, mode in case.spec.lending.emodes.items():
        for key in ("collateral", "borrowable"):
            for asset in getattr(mode, key):
                if asset not in case.spec.lending.reserves:
                    case.refuse(f"lending.emodes.{number}.{key}", asset, "expected an asset of lending.reserves")


def check_venues(case: Case) -> None:
    """Refuse pools that trade nothing, and two mints of one token."""
    for name, venue in case.spec.venues.items():
        coins = [venue.asset_in, venue.asset_out] if isinstance(venue, ParMintVenue) else venue.coins
        for coin in coins:
            case.require_asset(f"venues.{name}", coin)
        if name in case.spec.assets:
            case.refuse(f"venues.{name}", name, "is the name of an asset: a venue needs one of its own")
        if coins[0] == coins[1]:
            case.refuse(f"venues.{name}", coins[0], "the two assets of a venue must differ")
        if isinstance(venue, ParMintVenue):
            _minting(case, f"venues.{name}", name, venue)
            continue
        for coin in coins:
            if venue.reserves.get(coin, Decimal(0)) <= 0:
                case.refuse(
                    f"venues.{name}.reserves.{coin}", 0, "a venue without liquidity: expected an amount above 0"
                )
        for coin in venue.reserves:
            if coin not in coins:
                case.refuse(f"venues.{name}.reserves", coin, f"expected one of its coins, {', '.join(coins)}")
        if isinstance(venue, FixedRateVenue):
            for coin in coins:
                if coin not in case.spec.oracle:
                    case.refuse(f"venues.{name}", coin, f"swaps at the oracle's price: add oracle.{coin}")


def _minting(case: Case, key: str, name: str, venue: ParMintVenue) -> None:
    if case.spec.assets[venue.asset_out].kind is not AssetKind.USDE:
        case.refuse(f"{key}.asset_out", venue.asset_out, "expected an asset of kind usde: it is what is minted")
    if case.spec.assets[venue.asset_in].decimals > case.spec.assets[venue.asset_out].decimals:
        case.refuse(f"{key}.asset_in", venue.asset_in, f"has more decimals than {venue.asset_out}")
    for other, known in case.spec.venues.items():
        if other == name:
            return
        if isinstance(known, ParMintVenue) and known.asset_out == venue.asset_out:
            case.refuse(f"{key}.asset_out", venue.asset_out, f"is minted by {other}: a token has one minter")


def check_ethena(case: Case) -> None:
    """Refuse a reserve whose parts do not fit together."""
    ethena = case.spec.ethena
    if ethena is None:
        return
    case.require_venue("ethena.minting", ethena.minting)
    venue = case.spec.venues[ethena.minting]
    if not isinstance(venue, ParMintVenue):
        case.refuse("ethena.minting", ethena.minting, "expected a venue of kind par-mint")
    case.require_asset("ethena.staked", ethena.staked)
    if case.spec.assets[ethena.staked].stakes != venue.asset_out:
        case.refuse("ethena.staked", ethena.staked, f"expected a staked-usde that stakes {venue.asset_out}")
    case.require_asset("ethena.spot", ethena.spot)
    for key, asset in (("ethena.spot", ethena.spot), (f"venues.{ethena.minting}.asset_in", venue.asset_in)):
        if case.spec.assets[asset].kind is not AssetKind.ERC20:
            case.refuse(key, asset, "expected an asset of kind erc20")
    if ethena.spot == venue.asset_in:
        case.refuse("ethena.spot", ethena.spot, "is what minting is paid in: it needs no hedge")
    if not isinstance(case.spec.oracle.get(ethena.spot), PostedOracle):
        case.refuse("ethena.spot", ethena.spot, f"marked at its feed: expected oracle.{ethena.spot} to be posted")
