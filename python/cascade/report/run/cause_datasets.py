"""Make the datasets of the causes: who made each price fall, and which liquidation led to which."""

from __future__ import annotations

import math
from collections import defaultdict

import pandas as pd

from cascade.analysis.causes import CauseGraph, cause_graph, generations, ledgers
from cascade.analysis.frames import Frames
from cascade.analysis.metrics.stability import stability_over_time
from cascade.analysis.moments import clock
from cascade.report.run.class_words import class_name
from cascade.report.run.price_words import source_name
from cascade.report.shared.datasets import Cell
from cascade.report.shared.figures import signed
from cascade.units import WAD, e8_to_float
from cascade.vocabulary import Phase, PriceSource

__all__ = ["EDGES_DRAWN", "cause_frames"]

EDGES_DRAWN = 400
"""Edges that the graph draws at most: those to pivots first, then those that carry the most dollars."""

_SPREAD = 0.36
"""Distance, in generations, over which the dots of one block and generation are spread: none must hide another."""

_WEI_PER_GWEI = 10**9

_GRAPH_COLUMNS = [
    "kind",
    "t",
    "time",
    "y",
    "t2",
    "y2",
    "share",
    "covered",
    "generation",
    "pivot",
    "by",
    "borrower",
    "tx",
    "pivot_tx",
]


def cause_frames(frames: Frames) -> dict[str, pd.DataFrame]:
    """Return the frames by name of dataset; none where no event moved a price."""
    if frames.price_moves.empty:
        return {}
    graph = cause_graph(frames)
    return {
        "ledger": _ledger(frames),
        "graph": _graph(graph),
        "generations": _generations(graph),
        "rho": _rho(frames),
        "blockspace": _block_space(frames),
    }


def _ledger(frames: Frames) -> pd.DataFrame:
    rows = []
    for ledger in ledgers(frames):
        place = " at the oracle" if ledger.market == PriceSource.ORACLE else f", {source_name(ledger.market)}"
        for entry in ledger.classes:
            names = f"{ledger.asset}{place}", class_name(entry.actor_class)
            down, up, net = (float(value / WAD) for value in (entry.gross_down, entry.gross_up, entry.net))
            # The text stands to the right of all bars of its row.
            rows.append((*names, down, up, net, max(up, 0.0), signed(net, significant=3), entry.moves))
    return pd.DataFrame(rows, columns=["ledger", "class", "down", "up", "net", "reach", "text", "moves"])


def _graph(graph: CauseGraph) -> pd.DataFrame:
    """Return edges and dots in one frame: a chart of several layers has one dataset only."""
    rows = graph.liquidations
    heights, times = _heights(rows), rows["timestamp"].tolist()
    covered = [e8_to_float(value) for value in rows["debt_covered_e8"].tolist()]
    drawn: list[tuple[Cell, ...]] = []
    parents = rows["inherits_from"].tolist()
    # Edges come before dots, because a dot is drawn over the ends of its edges.
    for number, source, share in _strongest(graph, covered):
        start, end = times[source], times[number]
        ends = (start * 1000, clock(start), heights[source], end * 1000, heights[number])
        kind = "pivot edge" if parents[number] == source else "edge"
        drawn.append((kind, *ends, share, 0.0, 0, "", "", "", "", ""))
    names = ("generation", "pivot_kind", "pivot_class", "borrower", "tx_hash", "pivot_tx_hash")
    columns = (rows[name].tolist() for name in names)
    for number, (generation, *texts) in enumerate(zip(*columns, strict=True)):
        at, height = times[number], heights[number]
        place = (at * 1000, clock(at), height, at * 1000, height)
        drawn.append(("liquidation", *place, 0.0, covered[number], generation, *texts))
    return pd.DataFrame(drawn, columns=_GRAPH_COLUMNS)


def _heights(rows: pd.DataFrame) -> list[float]:
    """Return the height of each dot: its generation, spread where a block has several of one generation."""
    keys = list(zip(rows["block_number"].tolist(), rows["generation"].tolist(), strict=True))
    sizes: defaultdict[tuple[int, int], int] = defaultdict(int)
    for key in keys:
        sizes[key] += 1
    seen: defaultdict[tuple[int, int], int] = defaultdict(int)
    heights = []
    for key in keys:
        # The first dot is in the middle, the next ones above and below it in turn.
        step = (seen[key] + 1) // 2 * (1 if seen[key] % 2 else -1)
        seen[key] += 1
        # Up to eight dots stand at a fixed distance; more are squeezed, so that they stay within their generation.
        heights.append(key[1] + 2 * _SPREAD * step / max(8, sizes[key]))
    return heights


def _strongest(graph: CauseGraph, covered: list[float]) -> list[tuple[int, int, float]]:
    # Causes that are no liquidation, such as interest, have the source -1.
    edges = graph.edges[graph.edges["source"] >= 0]
    columns = (edges[name].tolist() for name in ("liquidation", "source", "share"))
    # A source that raised the health factor has a negative share, and others then have more than the whole.
    found = [(number, source, min(1.0, max(0.0, float(share)))) for number, source, share in zip(*columns, strict=True)]
    parents = graph.liquidations["inherits_from"].tolist()
    return sorted(found, key=lambda edge: (parents[edge[0]] != edge[1], -edge[2] * covered[edge[0]], edge))[
        :EDGES_DRAWN
    ]


def _generations(graph: CauseGraph) -> pd.DataFrame:
    found = generations(graph)
    rows = [
        (one.generation, one.liquidations, one.debt_covered_usd, one.r, "" if one.r is None else f"R = {one.r:.2f}")
        for one in found
    ]
    return pd.DataFrame(rows, columns=["generation", "liquidations", "usd", "r", "text"]).astype({"r": "float64"})


def _rho(frames: Frames) -> pd.DataFrame:
    over_time = stability_over_time(frames)
    # An asset of which no collateral was ever near the line of liquidation is left out.
    shown = over_time[over_time.groupby("asset")["near_tokens"].transform("max") > 0]
    names = ("timestamp", "asset", "price_usd", "rho", "liquidatable_tokens", "rho_near", "near_tokens")
    rows: list[tuple[Cell, ...]] = []
    for time, asset, price, rho, liquidatable, rho_near, near in zip(
        *(shown[name].tolist() for name in names), strict=True
    ):
        for is_near, label, value, tokens in (
            (0, "liquidatable", rho, liquidatable),
            (1, "within 1 % of the line", rho_near, near),
        ):
            rows.append((time * 1000, clock(time), asset, f"{asset}, {label}", is_near, value, price, tokens))
    return pd.DataFrame(rows, columns=["t", "time", "asset", "series", "near", "rho", "price", "tokens"])


def _block_space(frames: Frames) -> pd.DataFrame:
    crash = frames.chain_blocks[frames.chain_blocks["phase"] == Phase.CRASH]
    return pd.DataFrame(
        {
            "t": crash["timestamp"] * 1000,
            "time": [clock(value) for value in crash["timestamp"].tolist()],
            "queued": crash["queued"],
            "used": (100 * crash["gas_used"] / crash["gas_limit"]).to_numpy("float64", na_value=math.nan),
            "gwei": (crash["base_fee_wei"] / _WEI_PER_GWEI).to_numpy("float64", na_value=math.nan),
        }
    )
