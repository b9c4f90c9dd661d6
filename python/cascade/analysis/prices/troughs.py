"""Find where prices were lowest, and how much the venues would still have bought there."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.analysis.lending.concentration import collateral_by_asset
from cascade.analysis.moments import utc
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.store import rows_of
from cascade.recording.tables import LiquidityRow
from cascade.units import e8_to_float, to_tokens
from cascade.vocabulary import Phase, PriceSource

__all__ = ["MarketTrough", "depth_at_trough", "market_trough", "oracle_refusals", "troughs"]

_NO_PRICE = (PriceSource.BID, PriceSource.ASK, PriceSource.REFERENCE)
"""Sources at which nothing was bought or sold."""


@dataclass(frozen=True)
class MarketTrough:
    """Lowest price of the market of the main collateral.

    The main collateral is the asset with the most collateral at the oracle when the crash starts. Its market is its
    price path; where it has none, the spot venue that fell deepest; where there is none, the oracle.
    """

    asset: str
    """The main collateral."""
    source: str
    """Source of the price, as in the table of prices."""
    price_usd: float
    """The lowest price, in dollars."""
    block_number: int
    """First block of the crash phase at which it held."""
    timestamp: int
    """Unix time of that block."""
    time: str
    """The same in UTC."""


def market_trough(frames: Frames, book: PriceBook) -> MarketTrough | None:
    """Return where the market of the main collateral was lowest; None without positions or prices."""
    by_asset = collateral_by_asset(frames, book)
    if not by_asset:
        return None
    asset = max(by_asset, key=lambda symbol: (by_asset[symbol], symbol))
    spots = [source for source in book.sources(asset) if PriceSource.SPOT.is_kind_of(source)]
    for sources in ([PriceSource.PATH], spots, [PriceSource.ORACLE]):
        found = [
            (low, str(source)) for source in sources if (low := book.lowest(asset, source, frames.first_chain_block))
        ]
        if found:
            (price, block), source = min(found)
            timestamp = frames.timestamps.get(block, 0)
            return MarketTrough(
                asset=asset,
                source=source,
                price_usd=e8_to_float(price),
                block_number=block,
                timestamp=timestamp,
                time=utc(timestamp),
            )
    return None


def troughs(frames: Frames, book: PriceBook) -> dict[str, dict[str, float]]:
    """Return the lowest price of each asset at each source during the crash, in dollars, by asset and source.

    Bids, asks and references of a book are left out: nothing was traded at them.
    """
    return {
        asset: {
            source: e8_to_float(low[0])
            for source in book.sources(asset)
            if not any(kind.is_kind_of(source) for kind in _NO_PRICE)
            and (low := book.lowest(asset, source, frames.first_chain_block))
        }
        for asset in book.assets
    }


def oracle_refusals(frames: Frames, book: PriceBook) -> dict[str, int]:
    """Return the number of blocks of the crash at whose end the oracle refused an asset's price, by asset refused."""
    blocks = frames.chain_blocks
    crash: list[int] = blocks.loc[blocks["phase"] == Phase.CRASH, "block_number"].tolist()
    priced = [asset for asset in book.assets if PriceSource.ORACLE in book.sources(asset)]
    counts = {asset: sum(book.at(asset, PriceSource.ORACLE, block) is None for block in crash) for asset in priced}
    return {asset: count for asset, count in counts.items() if count}


def depth_at_trough(frames: Frames, trough: MarketTrough | None) -> dict[str, dict[str, float]]:
    """Return how much collateral each venue would buy at the market's trough, by venue and distance in 1e-4.

    Amounts are tokens of the venue's second coin; the first one is its quote.
    """
    if trough is None:
        return {}
    known = frames.venue_liquidity[frames.venue_liquidity["block_number"] <= trough.block_number]
    last = known.sort_values("block_number", kind="stable").drop_duplicates(["venue", "within_bps"], keep="last")
    depths: dict[str, dict[str, float]] = {}
    for row in rows_of(last.sort_values(["venue", "within_bps"]), LiquidityRow):
        asset = frames.parameters["venues"][row.venue]["coins"][1]
        tokens = float(to_tokens(row.sell_raw, frames.decimals(asset)))
        depths.setdefault(row.venue, {})[str(row.within_bps)] = tokens
    return depths
