"""Who could get out: money in reach against claims, lenders' withdrawals, and what liquidity providers lost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cascade.analysis.frames import CRASH, Frames
from cascade.analysis.lending.valuation import collateral_e8
from cascade.analysis.prices.pricebook import PriceBook
from cascade.units import E8, e8_to_float, value_e8_down

__all__ = ["coverage_of_exits", "failed_withdrawals", "providers"]

_BUYERS = ("value-buyer", "dip-buyer")


def coverage_of_exits(frames: Frames, book: PriceBook) -> dict[str, dict[str, float | None]]:
    """Money in reach of the claims when the crash starts, by collateral asset.

    Returns
    -------
    dict
        By asset: `quote_usd`: quote coins of the venues that trade it, by the scenario's reserves, at the oracle.
        `buyers_usd`: capital that buyers there state (`agents.*.capital`; a dip-buyer's is each one's own).
        `claims_usd`: all of it that is collateral, at the oracle. `coverage`: both sums over the claims, None where
        the claims are worth nothing.
    """
    start = frames.first_crash_block - 1
    claims: dict[str, int] = {}
    for row in frames.positions_at(start).to_dict("records"):
        asset = row["collateral_asset"]
        claims[asset] = claims.get(asset, 0) + collateral_e8(frames, book, row, start)
    venues, agents = frames.parameters.get("venues", {}), frames.parameters.get("agents", {})
    figures: dict[str, dict[str, float | None]] = {}
    for asset, claimed in sorted(claims.items()):
        quotes = {name: venue["coins"][0] for name, venue in venues.items() if asset in venue.get("coins", ())[1:]}
        quote = sum(
            int(Decimal(str(venues[name]["reserves"][coin])) * _price(book, coin, start))
            for name, coin in quotes.items()
            if venues[name].get("reserves")
        )
        buyers = sum(
            int(_capital(agent) * _price(book, quotes[agent["venue"]], start))
            for agent in agents.values()
            if agent["kind"] in _BUYERS and agent["venue"] in quotes
        )
        figures[asset] = {
            "quote_usd": e8_to_float(quote),
            "buyers_usd": e8_to_float(buyers),
            "claims_usd": e8_to_float(claimed),
            "coverage": (quote + buyers) / claimed if claimed else None,
        }
    return figures


def _capital(agent: dict[str, Any]) -> Decimal:
    # Value buyers share their capital, dip-buyers have it each.
    return Decimal(str(agent["capital"])) * (int(agent["count"]) if agent["kind"] == "dip-buyer" else 1)


def _price(book: PriceBook, asset: str, block: int) -> int:
    price = book.at(asset, "oracle", block)
    return E8 if price is None else price


def failed_withdrawals(frames: Frames, book: PriceBook) -> dict[str, Any]:
    """Lenders who asked for their money.

    Returns
    -------
    dict
        `asked`: withdrawals tried; `failed`: those that got nothing; `asked_usd` and `unmet_usd`: what was asked, and
        what of it was not got, at the oracle's price of the block. A lender who tries again counts again. Zeros
        without any.
    """
    rows = frames.withdrawals.to_dict("records")
    asked = unmet = failed = 0
    for row in rows:
        worth = _price(book, row["asset"], row["block_number"]), frames.decimals(row["asset"])
        asked += value_e8_down(row["asked_raw"], *worth)
        unmet += value_e8_down(row["asked_raw"] - row["got_raw"], *worth)
        failed += row["got_raw"] == 0
    return {
        "asked": len(rows),
        "failed": int(failed),
        "asked_usd": e8_to_float(asked),
        "unmet_usd": e8_to_float(unmet),
    }


def providers(frames: Frames, book: PriceBook) -> dict[str, dict[str, float]]:
    """What liquidity providers lost against holding, by venue.

    A pool begins with the scenario's reserves and changes by its swaps of the crash phase, fees included. Both what it
    began with and what it holds at the end are valued at the end: the quote coin at the oracle, the asset at the
    venue's own price.

    Returns
    -------
    dict
        By venue that has reserves, a price of its own, and saw no liquidity come or go: `held_usd` (had they held),
        `pool_usd`, `loss_usd`.
    """
    moved = frames.price_moves
    changed = set(moved.loc[(moved["kind"] == "liquidity") & (moved["phase"] == CRASH), "market"].tolist())
    swaps = frames.swaps[frames.swaps["phase"] == CRASH]
    figures = {}
    for name, venue in sorted(frames.parameters.get("venues", {}).items()):
        if not venue.get("reserves") or name in changed:
            continue
        quote, asset = venue["coins"]
        spot = book.at(asset, f"spot:{name}", frames.last_block)
        if spot is None:
            continue
        holdings = {
            coin: int(Decimal(str(venue["reserves"][coin])) * 10 ** frames.decimals(coin)) for coin in (quote, asset)
        }
        prices = {quote: _price(book, quote, frames.last_block), asset: spot}
        held = sum(value_e8_down(holdings[coin], prices[coin], frames.decimals(coin)) for coin in holdings)
        for row in swaps[swaps["venue"] == name].to_dict("records"):
            holdings[row["asset_in"]] += row["amount_in_raw"]
            holdings[row["asset_out"]] -= row["amount_out_raw"]
        pool = sum(value_e8_down(holdings[coin], prices[coin], frames.decimals(coin)) for coin in holdings)
        figures[name] = {
            "held_usd": e8_to_float(held),
            "pool_usd": e8_to_float(pool),
            "loss_usd": e8_to_float(held - pool),
        }
    return figures
