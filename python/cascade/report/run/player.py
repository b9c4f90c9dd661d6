"""Lay the crash out moment by moment, for the part of the page that plays it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from cascade.analysis.frames import Frames
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.figures import dollars
from cascade.units import BPS, bps_to_pct, to_tokens
from cascade.vocabulary import ExchangeEvent, Phase, PriceSource

__all__ = ["player"]

_MOST_MOMENTS = 3000
"""Moments that the player has, at most; a longer run is shown at every second or third block, and so on."""

Player = dict[str, Any]
"""Content of the player, ready for JSON: columns of numbers, each with one value per moment."""

_Points = Sequence[tuple[float, float | None]]


def player(frames: Frames, data: dict[str, Dataset]) -> Player | None:
    """Return the content of the player of a run; None for a run of fewer than two crash blocks.

    Every series has one value per moment, the last that held at it: a dot of a series between two moments moves to the
    later one. Times are Unix times in seconds.

    Parameters
    ----------
    frames : Frames
        The tables of the run.
    data : dict of str to Dataset
        Datasets of the page's charts.
    """
    crash = frames.chain_blocks[frames.chain_blocks["phase"] == Phase.CRASH].sort_values("timestamp")
    every = math.ceil(len(crash) / _MOST_MOMENTS) or 1
    times = crash["timestamp"].tolist()[::every]
    if len(times) < 2:
        return None
    prices, depth = _prices(frames, data, times), _depth(frames, times)
    lead, ladder = _lead(frames, list(prices), list(depth))
    return {
        "times": times,
        "lead": lead,
        "ladder": ladder,
        "prices": prices,
        "sales": _sales(data, times),
        "space": _space(data, times),
        "depth": depth,
        "health": _health(data["health"], times),
        "links": [
            {"name": row["link"], "from": _seconds(row["t"]), "peak": _seconds(row["peak"]), "to": _seconds(row["t2"])}
            for row in data["links"].records()
        ],
        "events": _events(frames, data, times),
    }


def _lead(frames: Frames, assets: list[str], places: list[str]) -> tuple[str | None, str | None]:
    """Return the asset and the venue or book that are shown first: those that the scenario claims something about.

    Without such a claim they are the asset with the deepest fall, and the first place.
    """
    expect = frames.parameters.get("expect") or {}
    books = list((expect.get("exchange") or {}).get("books") or {})
    bases = [frames.parameters["exchange"]["books"][book]["base"] for book in books]
    claims = expect.get("troughs") or []
    claimed_assets = [*bases, *(claim["asset"] for claim in claims)]
    claimed_places = [*books, *(claim["source"].partition(":")[2] for claim in claims)]
    asset = next((name for name in claimed_assets if name in assets), assets[0] if assets else None)
    place = next((name for name in claimed_places if name in places), places[0] if places else None)
    return asset, place


def _seconds(value: object) -> int:
    return int(float(str(value))) // 1000


def _held(points: _Points, times: Sequence[int]) -> list[float | None]:
    """Return the last value at or before each moment; None before the first."""
    ordered = sorted(points, key=lambda point: point[0])
    moments = [moment for moment, _ in ordered]
    places = (bisect_right(moments, time) for time in times)
    return [_rounded(ordered[place - 1][1]) if place else None for place in places]


def _rounded(value: float | None) -> float | None:
    # Seven digits are more than a chart shows, and a third of the text of a double.
    return None if value is None or not math.isfinite(value) else float(f"{value:.7g}")


def _lines(rows: Iterable[tuple[str, str, float, float]], times: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    """Return the series of each panel from rows of panel, series, moment and value."""
    points: defaultdict[tuple[str, str], list[tuple[float, float | None]]] = defaultdict(list)
    for panel, series, moment, value in rows:
        points[panel, series].append((moment, value))
    panels: dict[str, list[dict[str, Any]]] = {}
    for (panel, series), found in points.items():
        panels.setdefault(panel, []).append({"name": series, "values": _held(found, times)})
    return panels


def _prices(frames: Frames, data: dict[str, Dataset], times: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    """Return the prices by asset, the deepest fall first: oracle, market, book, and what else is known of it."""
    prices = data["prices"]
    columns = zip(
        prices.texts("asset"),
        prices.texts("series"),
        prices.texts("kind"),
        prices.numbers("t"),
        prices.numbers("price"),
        strict=True,
    )
    # The price for all collateral at once would hide the others, and has a chart of its own.
    rows = [
        (asset, series, moment / 1000, price)
        for asset, series, kind, moment, price in columns
        if kind != PriceSource.EXIT
    ]
    if "books" in data:
        books = data["books"]
        base = {name: spec["base"] for name, spec in frames.parameters["exchange"]["books"].items()}
        named = zip(books.texts("book"), books.texts("series"), books.numbers("t"), books.numbers("price"), strict=True)
        rows += [
            (base[book], f"book {book}", at / 1000, price) for book, series, at, price in named if series == "own price"
        ]
    panels = _lines(rows, times)

    def left(asset: str) -> float:
        known = [[value for value in line["values"] if value] for line in panels[asset]]
        return min((min(values) / values[0] for values in known if values), default=1.0)

    return {asset: panels[asset] for asset in sorted(panels, key=lambda asset: (left(asset), asset))}


def _sales(data: dict[str, Dataset], times: Sequence[int]) -> list[dict[str, Any]]:
    """Return what liquidations have repaid and what forced sales have brought so far, in dollars."""
    cumulated = data["cumulated"]
    named = zip(cumulated.texts("series"), cumulated.numbers("t"), cumulated.numbers("usd"), strict=True)
    rows = [("", f"pool: {series}", moment / 1000, usd) for series, moment, usd in named]
    if "forced" in data:
        forced = data["forced"]
        sold = zip(forced.texts("series"), forced.numbers("t"), forced.numbers("usd"), strict=True)
        rows += [("", f"exchange: {series}", moment / 1000, usd) for series, moment, usd in sold]
    lines = _lines(rows, times).get("", [])
    return [line for line in lines if any(line["values"])]


def _space(data: dict[str, Dataset], times: Sequence[int]) -> list[dict[str, Any]]:
    """Return the queue and the base fee after each block; a series that never differs from zero is left out."""
    if "blockspace" not in data:
        return []
    space = data["blockspace"]
    moments = [moment / 1000 for moment in space.numbers("t")]
    lines = [
        {"name": name, "values": _held(list(zip(moments, space.numbers(column), strict=True)), times)}
        for name, column in (("transactions waiting", "queued"), ("base fee, gwei", "gwei"))
    ]
    return [line for line in lines if len({value for value in line["values"] if value is not None}) > 1]


def _depth(frames: Frames, times: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Return, by venue and book, what can be sold and bought within each distance from the price, in tokens."""
    bases = {name: spec["coins"][1] for name, spec in frames.parameters.get("venues", {}).items() if "coins" in spec}
    exchange = frames.parameters.get("exchange") or {"books": {}}
    bases |= {name: spec["base"] for name, spec in exchange["books"].items()}
    ladders: dict[str, dict[str, Any]] = {}
    for (venue, within), rows in frames.liquidity.groupby(["venue", "within_bps"], sort=True):
        name = str(venue)
        if name not in bases:
            continue
        decimals = frames.decimals(bases[name])
        moments = rows["timestamp"].tolist()
        ladder = ladders.setdefault(name, {"asset": bases[name], "rungs": []})
        sides = {
            side: _held(
                [(at, float(to_tokens(raw, decimals))) for at, raw in zip(moments, rows[column], strict=True)], times
            )
            for side, column in (("bids", "sell_raw"), ("asks", "buy_raw"))
        }
        ladder["rungs"].append({"within": f"{bps_to_pct(int(str(within))):g} %", **sides})
    return ladders


def _health(health: Dataset, times: Sequence[int]) -> list[dict[str, Any]]:
    """Return the number of open positions by bucket of health factor, the weakest first."""
    low = dict(zip(health.texts("bucket"), health.numbers("low"), strict=True))
    moments = sorted(set(health.numbers("t")))
    counts = {
        (moment, bucket): positions
        for moment, bucket, positions in zip(
            health.numbers("t"), health.texts("bucket"), health.numbers("positions"), strict=True
        )
    }
    return [
        {
            "name": bucket,
            "under": low[bucket] < BPS,
            "values": _held([(moment / 1000, counts.get((moment, bucket), 0.0)) for moment in moments], times),
        }
        for bucket in sorted(low, key=lambda name: low[name])
    ]


def _events(frames: Frames, data: dict[str, Dataset], times: Sequence[int]) -> dict[str, list[Any]]:
    """Return every liquidation in the pool and at the exchange, as columns, in the order in which they happened."""
    found: list[tuple[int, str, str]] = []
    for row in data["liquidations"].records():
        covered = dollars(float(str(row["covered"])))
        found.append((_seconds(row["t"]), f"{row['borrower']}: {covered} of {row['pair']} in the pool", str(row["tx"])))
    started = frames.exchange_events[frames.exchange_events["kind"] == ExchangeEvent.LIQUIDATION_STARTED]
    for at, account, cohort in zip(
        *(started[name].tolist() for name in ("timestamp", "account", "cohort")), strict=True
    ):
        found.append((at, f"{account} of {cohort} at the exchange", ""))
    found.sort(key=lambda event: event[0])
    last = len(times) - 1
    return {
        # The first moment at which it had happened.
        "at": [min(last, bisect_left(times, at)) for at, _, _ in found],
        "words": [words for _, words, _ in found],
        "tx": [tx for _, _, tx in found],
    }
