"""Figures of a run that are compared with published ones, each from the tables and the summary.

A figure that a run does not have is None: one of an asset, a book or an exchange that its scenario lacks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from cascade.analysis.exchange.cash import Cash
from cascade.analysis.exchange.digest import BookFigures
from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.analysis.summary import Summary
from cascade.recording.tables import ExchangeEventRow, LiquidationRow, LiquidityRow, PerpTradeRow, PriceRow
from cascade.units import E8, e8_to_float, to_tokens, value_e8_down, value_e8_up
from cascade.vocabulary import ExchangeEvent, PerpTradeKind, Phase, PriceSource

__all__ = [
    "Played",
    "adl_delay_seconds",
    "book_low",
    "deficit_pct",
    "depth_left_pct",
    "depth_start_tokens",
    "fall_of_oracle_pct",
    "fall_pct",
    "fee_at_the_end_usd",
    "hourly_median_low",
    "liquidated_usd",
    "low_time",
    "minutes_below",
    "path_low",
    "path_start",
    "path_time",
    "recovered_time",
    "seized_tokens",
    "share_before_pct",
    "widest_spread_pct",
]


@dataclass(frozen=True)
class Played:
    """Tables and summary of a run."""

    frames: Frames
    summary: Summary


_WITHIN_BPS = 200
_MINUTE_SECONDS = 60


def path_start(played: Played, asset: str) -> float | None:
    """Return the first price of the price path, in dollars."""
    path = _path(played, asset)
    return e8_to_float(path[0][1]) if path else None


def path_low(played: Played, asset: str) -> float | None:
    """Return the lowest price of the price path, in dollars."""
    path = _path(played, asset)
    return e8_to_float(min(price for _, price in path)) if path else None


def path_time(played: Played, asset: str) -> datetime | None:
    """Return the time of the lowest price of the price path."""
    path = _path(played, asset)
    return _moment(min(path, key=lambda point: point[1])[0]) if path else None


def book_low(played: Played, book: str) -> float | None:
    """Return the lowest trade of a book, in dollars; None without trades."""
    found = _book(played, book)
    return None if found is None else found.low_usd


def low_time(played: Played, book: str) -> datetime | None:
    """Return the time of the lowest trade of a book; None without trades."""
    found = _book(played, book)
    return None if found is None or found.low_at is None else datetime.fromisoformat(found.low_at)


def fall_pct(played: Played, book: str) -> float | None:
    """Return the deepest fall of a book within five minutes, in per cent."""
    found = _book(played, book)
    return None if found is None else found.five_minute_fall_pct


def hourly_median_low(played: Played, asset: str, source: str) -> float | None:
    """Return the lowest median price of an hour of the crash, taken per minute, in dollars."""
    by_hour: dict[datetime, list[float]] = {}
    for moment, price in _by_minute(played, asset, source):
        by_hour.setdefault(moment.replace(minute=0), []).append(price)
    return min((median(prices) for prices in by_hour.values()), default=None)


def minutes_below(played: Played, asset: str, source: str, line: float) -> float | None:
    """Return the number of minutes of the crash at whose start a price stood below a line."""
    prices = [price for _, price in _by_minute(played, asset, source)]
    return float(sum(price < line for price in prices)) if prices else None


def recovered_time(played: Played, asset: str, source: str, line: float) -> datetime | None:
    """Return the minute from which on a price stood at a line or above to the end; None where it ended below."""
    back: datetime | None = None
    for moment, price in _by_minute(played, asset, source):
        if price < line:
            back = None
        elif back is None:
            back = moment
    return back


def depth_start_tokens(played: Played, book: str, decimals: int) -> float | None:
    """Return bids and asks within 2 % of a book's middle at the start of the crash, in tokens."""
    depths = _depths(played, book)
    return float(to_tokens(depths[0], decimals)) if depths else None


def depth_left_pct(played: Played, book: str) -> float | None:
    """Return the smallest sum of bids and asks within 2 % of a book's middle over that at the start, in per cent."""
    depths = _depths(played, book)
    return 100 * min(depths) / depths[0] if depths and depths[0] else None


def widest_spread_pct(played: Played, asset: str, book: str) -> float | None:
    """Return the widest distance of best ask and best bid over their middle, in per cent; None where one is missing."""
    bids, asks = (dict(_by_minute(played, asset, f"{side}:{book}")) for side in ("bid", "ask"))
    both = [(bids[moment], asks[moment]) for moment in bids if moment in asks]
    return max((200 * (ask - bid) / (ask + bid) for bid, ask in both), default=None)


def share_before_pct(played: Played, asset: str, source: str, line: float) -> float | None:
    """Return the share of liquidated dollars that came before a price first stood below a line, in per cent.

    Liquidations on chain count by the debt repaid, those of unified accounts and loans by what their collateral
    brought, and those of perpetuals by contracts at the price of the trade. None where the price never stood there.
    """
    below = [timestamp for timestamp, price in _given(played, asset, source) if price is not None and price < line * E8]
    if not below:
        return None
    sold = list(_liquidated(played))
    total, before = (sum(value for timestamp, value in sold if timestamp < until) for until in (math.inf, below[0]))
    return 100 * before / total if total else None


def adl_delay_seconds(played: Played) -> float | None:
    """Return the seconds from the first liquidation at the exchange to the first deleveraged account; None without."""
    frames = played.frames
    adl = [row.timestamp for row in frames.rows(PerpTradeRow) if row.kind == PerpTradeKind.ADL]
    events = frames.rows(ExchangeEventRow)
    started = [row.timestamp for row in events if row.kind == ExchangeEvent.LIQUIDATION_STARTED]
    return float(min(adl) - min(started)) if adl and started else None


def deficit_pct(played: Played) -> float | None:
    """Return the deficit of the lending pool over the debt that liquidations repaid, in per cent; None without any."""
    covered = played.summary.debt_covered_usd
    return 100 * played.summary.deficit_usd / covered if covered else None


def liquidated_usd(played: Played, collateral: str) -> float:
    """Return the debt that liquidations on chain repaid against a collateral, in dollars."""
    return e8_to_float(sum(value for _, value in _on_chain(played.frames, collateral)))


def seized_tokens(played: Played, collateral: str) -> float:
    """Return the collateral that liquidations on chain seized, in tokens."""
    frames = played.frames
    rows = [row for row in frames.rows(LiquidationRow) if row.collateral_asset == collateral]
    return (
        float(to_tokens(sum(row.collateral_seized_raw for row in rows), frames.decimals(collateral))) if rows else 0.0
    )


def fee_at_the_end_usd(played: Played) -> float:
    """Return the protocol's fees of liquidations at the last prices of the oracle, in dollars."""
    frames, book = played.frames, PriceBook(played.frames)
    last = int(frames.chain_blocks["block_number"].max())
    fees = (
        value_e8_down(
            row.protocol_fee_raw, book.oracle(row.collateral_asset, last), frames.decimals(row.collateral_asset)
        )
        for row in frames.rows(LiquidationRow)
    )
    return e8_to_float(sum(fees))


def fall_of_oracle_pct(played: Played, asset: str) -> float | None:
    """Return the lowest price of the oracle under its first one, in per cent."""
    prices = [price for _, price in _given(played, asset, PriceSource.ORACLE) if price is not None]
    return 100 * (1 - min(prices) / prices[0]) if prices else None


def _path(played: Played, asset: str) -> list[tuple[int, int]]:
    return [(timestamp, price) for timestamp, price in _given(played, asset, PriceSource.PATH) if price is not None]


def _book(played: Played, book: str) -> BookFigures | None:
    figures = played.summary.exchange
    return None if figures is None else figures.books.get(book)


def _liquidated(played: Played) -> Iterator[tuple[int, int]]:
    """Yield time and value, in dollars with 8 decimals, of everything that was liquidated in a run."""
    frames = played.frames
    yield from _on_chain(frames)
    if played.summary.exchange is None:
        return
    cash = Cash(frames, PriceBook(frames))
    for row in frames.rows(ExchangeEventRow):
        if row.kind in (ExchangeEvent.COLLATERAL_SOLD, ExchangeEvent.LOAN_LIQUIDATED):
            yield row.timestamp, cash.value_e8(row.proceeds_raw, row.block_number)
    for trade in frames.rows(PerpTradeRow):
        if trade.kind == PerpTradeKind.LIQUIDATION:
            yield trade.timestamp, cash.value_e8(abs(trade.contracts) * trade.price_raw, trade.block_number)


def _on_chain(frames: Frames, collateral: str | None = None) -> Iterator[tuple[int, int]]:
    for row in frames.rows(LiquidationRow):
        if collateral in (None, row.collateral_asset):
            debt_usd_e8 = value_e8_up(row.debt_covered_raw, row.debt_price_e8, frames.decimals(row.debt_asset))
            yield row.timestamp, debt_usd_e8


def _depths(played: Played, book: str) -> list[int]:
    rows = (row for row in played.frames.rows(LiquidityRow) if row.venue == book and row.within_bps == _WITHIN_BPS)
    return [row.sell_raw + row.buy_raw for row in rows if row.phase == Phase.CRASH]


def _given(played: Played, asset: str, source: str) -> list[tuple[int, int | None]]:
    """Return time and price, in dollars with 8 decimals, of each change of a price; a null ends the one before."""
    rows = played.frames.rows(PriceRow)
    return [(row.timestamp, row.price_e8) for row in rows if (row.asset, row.source) == (asset, source)]


def _by_minute(played: Played, asset: str, source: str) -> Iterator[tuple[datetime, float]]:
    """Yield the price that stood at the start of every whole minute of the crash, where there was one."""
    changes, place, price = _given(played, asset, source), 0, None
    blocks = played.frames.blocks
    times = blocks.loc[blocks["phase"] == Phase.CRASH, "timestamp"]
    for minute in range(
        -(-int(times.min()) // _MINUTE_SECONDS) * _MINUTE_SECONDS, int(times.max()) + 1, _MINUTE_SECONDS
    ):
        while place < len(changes) and changes[place][0] <= minute:
            price, place = changes[place][1], place + 1
        if price is not None:
            yield _moment(minute), e8_to_float(price)


def _moment(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
