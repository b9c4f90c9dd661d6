"""Figures of the exchange over time, in floats, for charts."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from cascade.analysis.frames import Frames
from cascade.recording.store import rows_of
from cascade.recording.tables import LiquidityRow, MarginCohortRow
from cascade.units import WAD, e8_to_float, to_tokens
from cascade.vocabulary import HEADLINE_DEPTH_BPS, Phase

__all__ = ["accounts_over_time", "bids_over_time", "book_prices", "forced_sales_over_time", "leverage_over_time"]


_LEVELS = (("free", "free"), ("warning", "warning"), ("reduce_only", "reduce-only"), ("liquidation", "liquidation"))

_FORCED = {"collateral-sold": "accounts", "loan-liquidated": "desk"}


def book_prices(frames: Frames) -> pd.DataFrame:
    """Return the price of each book's base in the book, elsewhere, and at its issuer, over time.

    The own price is in the exchange's stable: the lowest and the last of each block that moved it, so that a fall that
    was answered within a block is visible. The others are in dollars, whenever they changed.

    Returns
    -------
    DataFrame
        `timestamp`, `book`, `series` (own price, reference, redemption value), `price`.
    """
    rows: list[tuple[int, str, str, float]] = []
    prices = frames.prices
    for book, spec in _books(frames).items():
        moves = frames.price_moves[(frames.price_moves["market"] == f"book:{book}")]
        moves = moves[moves["phase"] == Phase.CRASH].sort_values(["block_number", "log_index"], kind="stable")
        given = prices[prices["price_e8"].notna() & (prices["asset"] == spec["base"])]
        known = given[given["source"] == f"book:{book}"]
        before = known[known["phase"] != Phase.CRASH].tail(1)
        for timestamp, price in zip(before["timestamp"].tolist(), before["price_e8"].tolist(), strict=True):
            rows.append((timestamp, book, "own price", e8_to_float(price)))
        for timestamp, group in moves.groupby("timestamp", sort=True):
            after = [value / WAD for value in group["price_after_wad"].tolist() if value]
            rows += [
                (int(str(timestamp)), book, "own price", value) for value in dict.fromkeys([*_low(after), *after[-1:]])
            ]
        for source, series in ((f"reference:{book}", "reference"), ("redemption", "redemption value")):
            if source == "redemption" and not spec.get("redemption"):
                continue
            found = given[given["source"] == source]
            for timestamp, price in zip(found["timestamp"].tolist(), found["price_e8"].tolist(), strict=True):
                rows.append((timestamp, book, series, e8_to_float(price)))
    return pd.DataFrame(rows, columns=["timestamp", "book", "series", "price"])


def _low(values: list[float]) -> list[float]:
    return [min(values)] if values else []


def bids_over_time(frames: Frames) -> pd.DataFrame:
    """Return the bids of each book within 2 % of the middle of best bid and ask, at each block that changed them.

    Returns
    -------
    DataFrame
        `timestamp`, `book`, `tokens`, `pct` of what they were before the crash (none where there were none).
    """
    rows = []
    for book, spec in _books(frames).items():
        found = frames.liquidity[
            (frames.liquidity["venue"] == book) & (frames.liquidity["within_bps"] == HEADLINE_DEPTH_BPS)
        ]
        found = found.sort_values("block_number", kind="stable")
        decimals = frames.decimals(spec["base"])
        start = float("nan")
        for row in rows_of(found, LiquidityRow):
            tokens = float(to_tokens(row.sell_raw, decimals))
            if row.phase != Phase.CRASH:
                start = tokens or float("nan")
            rows.append((row.timestamp, book, tokens, 100 * tokens / start))
    return pd.DataFrame(rows, columns=["timestamp", "book", "tokens", "pct"])


def leverage_over_time(frames: Frames) -> pd.DataFrame:
    """Return the leverage of each cohort of unified accounts that owed stables before the crash.

    Returns
    -------
    DataFrame
        `timestamp`, `cohort`, `leverage` (gross over equity; none without equity), `equity_usd`.
    """
    rows = []
    for row in rows_of(_of_borrowers(frames), MarginCohortRow):
        equity = row.equity_raw
        leverage = row.gross_raw / equity if equity > 0 else float("nan")
        rows.append((row.timestamp, row.cohort, leverage, _stable(frames, equity)))
    return pd.DataFrame(rows, columns=["timestamp", "cohort", "leverage", "equity_usd"])


def accounts_over_time(frames: Frames) -> pd.DataFrame:
    """Return the number of accounts of the same cohorts at each level of margin.

    Returns
    -------
    DataFrame
        `timestamp`, `level`, `accounts`: the cohorts summed; those without debt, positions or assets are left out.
    """
    found = _of_borrowers(frames)
    rows = [
        (timestamp, name, int(group[column].sum()))
        for timestamp, group in found.groupby("timestamp", sort=True)
        for column, name in _LEVELS
    ]
    return pd.DataFrame(rows, columns=["timestamp", "level", "accounts"])


def forced_sales_over_time(frames: Frames) -> pd.DataFrame:
    """Return the cumulated proceeds of forced sales, by asset and by the engine that sold.

    Returns
    -------
    DataFrame
        `timestamp`, `series` (asset and engine), `usd`: the exchange's stable counted as dollars; from nothing at the
        start of the crash.
    """
    events = frames.exchange_events[frames.exchange_events["kind"].isin(list(_FORCED))]
    events = events.sort_values(["block_number", "log_index"], kind="stable")
    start = int(frames.runs["start_timestamp"].iloc[0])
    sums: defaultdict[str, int] = defaultdict(int)
    rows: list[tuple[int, str, float]] = []
    columns = (events[name].tolist() for name in ("timestamp", "kind", "asset", "proceeds_raw"))
    for timestamp, kind, asset, proceeds in zip(*columns, strict=True):
        series = f"{asset}, {_FORCED[kind]}"
        if series not in sums:
            rows.append((start, series, 0.0))
        sums[series] += proceeds
        rows.append((timestamp, series, _stable(frames, sums[series])))
    return pd.DataFrame(rows, columns=["timestamp", "series", "usd"])


def _books(frames: Frames) -> dict[str, dict[str, str]]:
    exchange = frames.parameters.get("exchange")
    return dict(exchange["books"]) if exchange else {}


def _stable(frames: Frames, raw: int) -> float:
    return float(to_tokens(raw, frames.decimals(frames.parameters["exchange"]["cash"])))


def _of_borrowers(frames: Frames) -> pd.DataFrame:
    rows = frames.margin_cohorts.sort_values("block_number", kind="stable")
    before = rows[rows["phase"] != Phase.CRASH]
    owing = {
        cohort for cohort, debt in zip(before["cohort"].tolist(), before["debt_raw"].tolist(), strict=True) if debt
    }
    return rows[rows["cohort"].isin(sorted(owing))]
