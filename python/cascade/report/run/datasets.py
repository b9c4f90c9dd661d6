"""Make the datasets that the charts and the table of liquidations are drawn from."""

from __future__ import annotations

import math

import pandas as pd

from cascade.analysis.frames import Frames, liquidations_usd, prices_usd
from cascade.analysis.lending.who_paid import BorrowersLoss
from cascade.analysis.moments import clock
from cascade.analysis.series.lending import (
    bucket_label,
    debt_at_risk,
    depth_over_time,
    health_over_time,
    leverage_at_build,
    losses_over_time,
)
from cascade.analysis.summary import Summary
from cascade.report.run.cause_datasets import cause_frames
from cascade.report.run.chain_datasets import chain_frames
from cascade.report.run.held import crash_times, held_values
from cascade.report.run.price_words import source_name
from cascade.report.shared.datasets import Dataset
from cascade.units import bps_to_pct, e8_to_float
from cascade.vocabulary import Phase, PriceSource, Valuation

__all__ = ["datasets", "health_stride"]

_HEALTH_MOMENTS = 700
"""Moments at which the page shows health factors, at most: more could not be told apart, and would swell the page."""

_LEVERAGE_BIN = 0.25
"""Width of a bar of the histogram of leverage."""

_DRAWN = (PriceSource.REDEMPTION, PriceSource.PATH, PriceSource.EXIT, PriceSource.SPOT, PriceSource.ORACLE)
"""Kinds of price that are drawn. Later ones are drawn over earlier ones: the price that the pool sees comes last."""


def datasets(frames: Frames, summary: Summary) -> dict[str, Dataset]:
    """Return every dataset of the page, by the name that the charts refer to.

    Columns `t` and `t2` are Unix times in milliseconds, `time` is the same as text in UTC.
    """
    return {
        **{name: Dataset.of(frame) for name, frame in chain_frames(frames).items()},
        **{name: Dataset.of(frame) for name, frame in cause_frames(frames).items()},
        "prices": Dataset.of(_prices(frames)),
        "health": Dataset.of(_health(frames)),
        "liquidations": Dataset.of(_liquidations(frames)),
        "cumulated": Dataset.of(_cumulated(frames)),
        "deficit": Dataset.of(_deficit(frames)),
        "shortfall": Dataset.of(_shortfall(frames)),
        "waterfall": Dataset.of(_waterfall(summary)),
        "parties": Dataset.of(_parties(summary)),
        "depth": Dataset.of(_depth(frames)),
        "leverage": Dataset.of(_leverage(frames)),
        "risk": Dataset.of(debt_at_risk(frames)),
    }


def health_stride(frames: Frames) -> int:
    """Return the number of crash blocks between the moments at which the page shows health factors.

    It is 1 for a run of usual length.
    """
    return math.ceil(int((frames.chain_blocks["phase"] == Phase.CRASH).sum()) / _HEALTH_MOMENTS) or 1


def _prices(frames: Frames) -> pd.DataFrame:
    prices = prices_usd(frames)
    pairs = sorted(
        (kind, asset, source)
        for asset, source in set(zip(prices["asset"].tolist(), prices["source"].tolist(), strict=True))
        if (kind := PriceSource(source.partition(":")[0])) in _DRAWN
    )
    moved = {asset for _, asset, source in pairs if _of(prices, asset, source)["price_e8"].nunique() > 1}
    # Where nothing moved, the prices that the pool sees are drawn all the same: flat lines are an answer too.
    shown = moved or set(prices.loc[prices["source"] == PriceSource.ORACLE, "asset"].tolist())
    rows = []
    for kind, asset, source in sorted(pairs, key=lambda pair: (_DRAWN.index(pair[0]), *pair[1:])):
        if asset not in shown:
            continue
        group = _of(prices, asset, source)
        label = source_name(source)
        series = f"{asset} {label}" if len(shown) > 1 else label
        points = held_values(frames, group["timestamp"].tolist(), group["price_usd"].tolist())
        rows += [(time * 1000, clock(time), asset, series, kind.value, value) for time, value in points]
    return pd.DataFrame(rows, columns=["t", "time", "asset", "series", "kind", "price"])


def _of(prices: pd.DataFrame, asset: str, source: str) -> pd.DataFrame:
    return prices[(prices["asset"] == asset) & (prices["source"] == source)]


def _health(frames: Frames) -> pd.DataFrame:
    health = health_over_time(frames, every=health_stride(frames))
    return pd.DataFrame(
        {
            "t": health["timestamp"] * 1000,
            "time": [clock(value) for value in health["timestamp"].tolist()],
            "bucket": [
                bucket_label(low, high)
                for low, high in zip(health["health_low_bps"].tolist(), health["health_high_bps"].tolist(), strict=True)
            ],
            "low": health["health_low_bps"],
            "positions": health["positions"],
            "collateral": health["collateral_usd"],
        }
    )


def _liquidations(frames: Frames) -> pd.DataFrame:
    rows = liquidations_usd(frames)
    return pd.DataFrame(
        {
            "t": rows["timestamp"] * 1000,
            "time": [clock(value) for value in rows["timestamp"].tolist()],
            "block": rows["block_number"],
            "tx": rows["tx_hash"],
            "log": rows["log_index"],
            "borrower": rows["borrower"],
            "round": rows["round"],
            "pair": [
                f"{collateral}/{debt}"
                for collateral, debt in zip(rows["collateral_asset"].tolist(), rows["debt_asset"].tolist(), strict=True)
            ],
            "keeper": rows["liquidator"],
            "hf_before": rows["health_factor_before"],
            "hf_after": rows["health_factor_after"],
            "covered": rows["debt_covered_usd"],
            "seized": rows["collateral_seized_usd"],
            "price": [e8_to_float(price) for price in rows["collateral_price_e8"].tolist()],
            "bonus": rows["bonus_usd"],
            "fee": rows["protocol_fee_usd"],
            "deficit": rows["deficit_usd"],
            "profit": rows["profit_usd"],
            "gas": rows["gas_usd"],
            "delay": rows["delay_blocks"],
            "trigger": rows["triggered_by"],
        }
    )


def _cumulated(frames: Frames) -> pd.DataFrame:
    rows = liquidations_usd(frames).sort_values(["block_number", "log_index"])
    # One point per block: within a block the chart has no time to show.
    blocks = rows.groupby("timestamp", sort=True)[["debt_covered_usd", "collateral_seized_usd"]].sum().cumsum()
    counts = rows.groupby("timestamp", sort=True).size().cumsum()
    start, end = crash_times(frames.chain_blocks)
    points = [(start, 0.0, 0.0, 0)]
    for time in blocks.index.tolist():
        covered, seized = blocks.loc[time].tolist()
        points.append((time, covered, seized, int(counts.loc[time])))
    points.append((end, *points[-1][1:]))
    return pd.DataFrame(
        [
            (time * 1000, clock(time), name, value, count)
            for time, covered, seized, count in points
            for name, value in (("debt covered", covered), ("collateral seized", seized))
        ],
        columns=["t", "time", "series", "usd", "count"],
    )


def _deficit(frames: Frames) -> pd.DataFrame:
    rows = liquidations_usd(frames)
    rows = rows[rows["deficit_usd"] > 0]
    # Without rows the page says that nothing happened, instead of drawing a line at zero.
    if rows.empty:
        return pd.DataFrame(columns=["t", "time", "usd", "count"])
    start, end = crash_times(frames.chain_blocks)
    points = [(start, 0.0, 0)]
    for time, group in rows.groupby("timestamp", sort=True):
        points.append((int(str(time)), points[-1][1] + float(group["deficit_usd"].sum()), points[-1][2] + len(group)))
    points.append((end, *points[-1][1:]))
    return pd.DataFrame(
        [(time * 1000, clock(time), usd, count) for time, usd, count in points], columns=["t", "time", "usd", "count"]
    )


def _shortfall(frames: Frames) -> pd.DataFrame:
    losses = losses_over_time(frames)
    rows = [
        (time * 1000, clock(time), f"at {kind}", value)
        for kind in Valuation
        for time, value in zip(losses["timestamp"].tolist(), losses[f"{kind}_usd"].tolist(), strict=True)
    ]
    return pd.DataFrame(rows, columns=["t", "time", "series", "usd"])


def _waterfall(summary: Summary) -> pd.DataFrame:
    # Each bar starts where the one before it ends; a level starts at zero.
    rows, level = [], 0.0
    for order, (label, amount, sign) in enumerate(_steps(summary.who_paid.borrowers)):
        low, high = (0.0, amount) if sign == 0 else (level, level + sign * amount)
        level = high
        change = amount if sign == 0 else sign * amount
        kind = "equity" if sign == 0 else "loss" if change < 0 else "gain"
        rows.append((order, label, low, high, change, kind))
    return pd.DataFrame(rows, columns=["order", "label", "low", "high", "change", "kind"])


def _steps(paid: BorrowersLoss) -> list[tuple[str, float, int]]:
    """Return label, dollars and sign of each step from the equity at the start to that at the end; 0 is a level."""
    return [
        ("equity at the start", paid.equity_start_usd, 0),
        ("price loss on what was seized", paid.price_loss_seized_usd, -1),
        ("price loss on what they sold", paid.price_loss_sold_usd, -1),
        ("price loss on what is still held", paid.price_loss_kept_usd, -1),
        ("slippage of their own sales", paid.sale_slippage_usd, -1),
        ("liquidation bonus", paid.bonus_usd, -1),
        ("protocol fee", paid.protocol_fee_usd, -1),
        ("cash taken out", paid.cash_out_usd, -1),
        ("interest and other", paid.interest_and_other_usd, -1),
        ("written off by lenders", paid.absorbed_by_lenders_usd, 1),
        ("equity at the end", paid.equity_end_usd, 0),
    ]


def _parties(summary: Summary) -> pd.DataFrame:
    paid, keepers = summary.who_paid, summary.keepers
    rows = [
        ("borrowers", -paid.borrowers.loss_usd),
        ("lenders", -paid.lenders.loss_usd),
        ("keepers, net of gas", keepers.net_profit_usd),
        ("treasury, liquidation fees", paid.treasury.protocol_fee_usd),
        ("block builders, keepers' gas", keepers.all_gas_usd),
    ]
    # A figure that is not known has no bar.
    known = [(label, usd) for label, usd in rows if usd is not None]
    return pd.DataFrame(
        [(order, label, usd, "loss" if usd < 0 else "gain") for order, (label, usd) in enumerate(known)],
        columns=["order", "label", "usd", "kind"],
    )


def _depth(frames: Frames) -> pd.DataFrame:
    depth = depth_over_time(frames)
    rows = []
    for (venue, within), group in depth.groupby(["venue", "within_bps"], sort=True):
        series = f"within {bps_to_pct(int(str(within))):g} %"
        points = held_values(frames, group["timestamp"].tolist(), group["tokens"].tolist())
        rows += [(time * 1000, clock(time), venue, series, tokens) for time, tokens in points]
    return pd.DataFrame(rows, columns=["t", "time", "venue", "series", "tokens"])


def _leverage(frames: Frames) -> pd.DataFrame:
    counts: dict[tuple[int, bool], int] = {}
    frame = leverage_at_build(frames)
    for leverage, liquidated in zip(frame["leverage"].tolist(), frame["liquidated"].tolist(), strict=True):
        # Counted here rather than by Vega, so that the page holds a few bars and not every position.
        key = (math.floor(leverage / _LEVERAGE_BIN), liquidated)
        counts[key] = counts.get(key, 0) + 1
    rows = [
        (index * _LEVERAGE_BIN, (index + 1) * _LEVERAGE_BIN, "liquidated" if liquidated else "survived", count)
        for (index, liquidated), count in sorted(counts.items())
    ]
    return pd.DataFrame(rows, columns=["low", "high", "fate", "positions"])
