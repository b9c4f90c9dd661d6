"""Who could get out: money in reach against claims, lenders' withdrawals, and what liquidity providers lost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cascade.analysis.frames import CRASH, Frames
from cascade.analysis.pricebook import PriceBook
from cascade.analysis.valuation import collateral_e8
from cascade.units import E8, e8_to_float, value_e8_down

__all__ = ["coverage_of_exits", "failed_withdrawals", "providers"]


def coverage_of_exits(frames: Frames, book: PriceBook) -> dict[str, float | None]:
    """Money in reach of the looped claims when the crash starts.

    Returns
    -------
    dict
        `quote_usd`: quote coins that the venues hold by the scenario (`venues.*.reserves`), at the oracle.
        `buyers_usd`: capital that buyers state (`agents.*.capital` or `capital_usd` of the kinds whose name says
        buyer). `claims_usd`: collateral of all positions at the oracle. `coverage`: both sums over the claims, None
        without claims.
    """
    start = frames.first_crash_block - 1
    quote = sum(
        int(Decimal(str(venue["reserves"][venue["coins"][0]])) * _price(book, venue["coins"][0], start))
        for venue in frames.parameters.get("venues", {}).values()
        if venue.get("reserves")
    )
    buyers = sum(
        int(Decimal(str(agent.get("capital_usd") or agent.get("capital") or 0)) * int(agent.get("count") or 1) * E8)
        for agent in frames.parameters.get("agents", {}).values()
        if "buyer" in agent["kind"]
    )
    claims = sum(collateral_e8(frames, book, row, start) for row in frames.positions_at(start).to_dict("records"))
    return {
        "quote_usd": e8_to_float(quote),
        "buyers_usd": e8_to_float(buyers),
        "claims_usd": e8_to_float(claims),
        "coverage": (quote + buyers) / claims if claims else None,
    }


def _price(book: PriceBook, asset: str, block: int) -> int:
    price = book.at(asset, "oracle", block)
    return E8 if price is None else price


def failed_withdrawals(frames: Frames, book: PriceBook) -> dict[str, Any]:
    """Lenders who asked for their money.

    Returns
    -------
    dict
        `asked`: withdrawals tried; `failed`: those that got nothing; `asked_usd` and `unmet_usd`: what was asked, and
        what of it was not got, at the oracle's last price. A lender who tries again counts again. Zeros without any.
    """
    rows = frames.optional("withdrawals").to_dict("records")
    asked = unmet = failed = 0
    for row in rows:
        worth = _price(book, row["asset"], frames.last_block), frames.decimals(row["asset"])
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
            "held_usd": e8_to_float(held), "pool_usd": e8_to_float(pool), "loss_usd": e8_to_float(held - pool),
        }  # fmt: skip
    return figures
