"""The exchange in a few figures, for a run's summary."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from cascade.analysis.exchange.cash import Cash
from cascade.analysis.exchange.depth import BookDepth, book_depths
from cascade.analysis.exchange.exposure import net_deltas
from cascade.analysis.exchange.falls import BookFall, book_falls
from cascade.analysis.exchange.forced import forced_sales, losses
from cascade.analysis.exchange.leverage import CohortLeverage, cohort_leverages
from cascade.analysis.exchange.trading import trading
from cascade.analysis.frames import Frames
from cascade.analysis.moments import utc
from cascade.analysis.prices.pricebook import PriceBook
from cascade.units import WAD, e8_to_float, to_tokens

__all__ = ["exchange_figures"]


def exchange_figures(frames: Frames, book: PriceBook) -> dict[str, Any] | None:
    """Figures of the exchange; prices of books in its stable but for `low_usd`.

    Returns
    -------
    dict or None
        As `trading`, `forced_sales` and `losses` define them, and:
        `books`: by book `asset`, `start`, `low`, `low_usd`, `low_at`, `five_minute_fall_pct`, `five_minute_fall_at`,
        `after_10_minutes`, `after_10_minutes_pct` (of the start), as `BookFall` has them, None for a book without a
        trade; `depth_start_tokens`, `depth_lowest_tokens`, `depth_lowest_at`, `depth_fall_pct`: bids within 2 % of the
        middle, as `BookDepth` has them.
        `leverage`: by cohort `start`, `peak`, `peak_at`, `is_bare`, `liquidated_at`, `at_liquidation`, as
        `CohortLeverage` has them.
        `net_delta_usd`: of one maker by cohort and asset, as `net_deltas` has it.
        None for a scenario without an exchange.
    """
    spec = frames.parameters.get("exchange")
    if spec is None:
        return None
    cash = Cash(frames, book)
    falls, depths = book_falls(frames, book), book_depths(frames)
    return {
        **trading(frames, cash),
        **forced_sales(frames, cash),
        **losses(frames, cash),
        "books": {
            name: {"asset": entry["base"], **_fall(falls.get(name)), **_depth(frames, depths.get(name))}
            for name, entry in spec["books"].items()
        },
        "net_delta_usd": net_deltas(frames),
        "leverage": {name: _leverage(entry) for name, entry in cohort_leverages(frames).items()},
    }


def _fall(fall: BookFall | None) -> dict[str, Any]:
    if fall is None:
        return dict.fromkeys(_FALL_KEYS)
    share = fall.share_of_start
    return {
        "start": fall.start_wad / WAD,
        "low": fall.low_wad / WAD,
        "low_usd": e8_to_float(fall.low_e8),
        "low_at": utc(fall.low_at),
        "five_minute_fall_pct": float(fall.fall * 100),
        "five_minute_fall_at": utc(fall.fall_at) if fall.fall else None,
        "after_10_minutes": None if fall.later_wad is None else fall.later_wad / WAD,
        "after_10_minutes_pct": None if share is None else float(share * 100),
    }


_FALL_KEYS = (
    "start",
    "low",
    "low_usd",
    "low_at",
    "five_minute_fall_pct",
    "five_minute_fall_at",
    "after_10_minutes",
    "after_10_minutes_pct",
)


def _depth(frames: Frames, depth: BookDepth | None) -> dict[str, Any]:
    if depth is None:
        return dict.fromkeys(("depth_start_tokens", "depth_lowest_tokens", "depth_lowest_at", "depth_fall_pct"))
    decimals = frames.decimals(depth.asset)
    return {
        "depth_start_tokens": float(to_tokens(depth.start_raw, decimals)),
        "depth_lowest_tokens": float(to_tokens(depth.lowest_raw, decimals)),
        "depth_lowest_at": utc(depth.lowest_at),
        "depth_fall_pct": float(depth.fall_bps / 100),
    }


def _leverage(entry: CohortLeverage) -> dict[str, Any]:
    return {
        "start": _number(entry.start),
        "peak": _number(entry.peak),
        "peak_at": utc(entry.peak_at) if entry.peak is not None else None,
        "is_bare": entry.is_bare,
        "liquidated_at": None if entry.liquidated_at is None else utc(entry.liquidated_at),
        "at_liquidation": _number(entry.at_liquidation),
    }


def _number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
