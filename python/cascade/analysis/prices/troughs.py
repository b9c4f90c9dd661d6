"""Where prices were lowest, and what the venues would still have bought there."""

from __future__ import annotations

from typing import Any

from cascade.analysis.frames import Frames
from cascade.analysis.lending.concentration import sum_by
from cascade.analysis.moments import utc
from cascade.analysis.prices.pricebook import PriceBook
from cascade.units import e8_to_float, to_tokens

__all__ = ["depth_at_trough", "market_trough", "troughs"]

_NO_PRICE = ("bid", "ask", "reference")


def market_trough(frames: Frames, book: PriceBook) -> dict[str, Any] | None:
    """Where the market of the main collateral was lowest.

    The main collateral is the asset with the most collateral at the oracle when the crash starts. Its market is its
    price path; where it has none, the spot venue that fell deepest; where there is none, the oracle. The trough is
    the first crash block at which that price was lowest.

    Returns
    -------
    dict or None
        `asset`, `source`, `price_usd`, `block_number`, `timestamp`, `time`; None without positions or prices.
    """
    start = frames.positions_at(frames.first_crash_block - 1)
    if start.empty:
        return None
    by_asset = sum_by(start, "collateral_asset")
    asset = max(by_asset, key=lambda symbol: (by_asset[symbol], symbol))
    spots = [source for source in book.sources(asset) if source.startswith("spot:")]
    for sources in (["path"], spots, ["oracle"]):
        found = [(low, source) for source in sources if (low := book.lowest(asset, source, frames.first_chain_block))]
        if found:
            (price, block), source = min(found)
            timestamp = frames.timestamps.get(block, 0)
            return {
                "asset": asset,
                "source": source,
                "price_usd": e8_to_float(price),
                "block_number": block,
                "timestamp": timestamp,
                "time": utc(timestamp),
            }
    return None


def troughs(frames: Frames, book: PriceBook) -> dict[str, dict[str, float]]:
    """Lowest price of each asset at each source that held during the crash: asset -> source -> dollars.

    Bids, asks and references of a book are no price that anything was had at, and left out.
    """
    return {
        asset: {
            source: e8_to_float(low[0])
            for source in book.sources(asset)
            if source.partition(":")[0] not in _NO_PRICE
            and (low := book.lowest(asset, source, frames.first_chain_block))
        }
        for asset in book.assets
    }


def depth_at_trough(frames: Frames, trough: dict[str, Any] | None) -> dict[str, dict[str, float]]:
    """How much collateral each venue would buy at the market's trough: venue -> within bps -> tokens.

    Tokens of the venue's second coin, the first being its quote.
    """
    if trough is None:
        return {}
    known = frames.venue_liquidity[frames.venue_liquidity["block_number"] <= trough["block_number"]]
    last = known.sort_values("block_number", kind="stable").drop_duplicates(["venue", "within_bps"], keep="last")
    depths: dict[str, dict[str, float]] = {}
    for row in last.sort_values(["venue", "within_bps"]).to_dict("records"):
        asset = frames.parameters["venues"][row["venue"]]["coins"][1]
        tokens = float(to_tokens(row["sell_raw"], frames.decimals(asset)))
        depths.setdefault(row["venue"], {})[str(row["within_bps"])] = tokens
    return depths
