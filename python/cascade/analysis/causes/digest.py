"""The causes of a run in a few figures, for its summary."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction
from typing import Any

from cascade.analysis.causes.graph import CauseGraph, cause_graph, generations
from cascade.analysis.causes.ledger import Ledger, ledgers
from cascade.analysis.frames import Frames
from cascade.analysis.moments import utc
from cascade.units import WAD, e8_to_float

__all__ = ["causes"]


def causes(frames: Frames) -> dict[str, Any] | None:
    """Ledger, pivots and generations of a run.

    Returns
    -------
    dict or None
        `ledger`: a list, for each price that moved `market` (a venue, `book:BOOK`, or `oracle`), `asset`, `start`,
        `trough`, `fall` (of a venue in its quote coin, of a book in its stable, of the oracle in dollars),
        `trough_at` (time), `residual` (0), and `classes`: by class of actor `gross_down`, `gross_up`, `net`, `moves`.
        `pivots`: liquidations and debt covered by kind and class of their pivot, the most dollars first.
        `generations`: as `generations` has them, `r` None for a generation without dollars.
        `liquidations_not_replayed`: those whose recorded oracle prices the replay of its sources did not meet, 0.
        None where no event moved a price: a run of a pool whose prices nobody but the oracle makes.
    """
    if frames.price_moves.empty:
        return None
    graph = cause_graph(frames)
    return {
        "ledger": [_ledger(frames, ledger) for ledger in ledgers(frames)],
        "pivots": _pivots(graph),
        "liquidations_not_replayed": int((~graph.liquidations["oracle_met"].astype(bool)).sum()),
        "generations": [
            {**row, "r": None if math.isnan(row["r"]) else row["r"]} for row in generations(graph).to_dict("records")
        ],
    }


def _ledger(frames: Frames, ledger: Ledger) -> dict[str, Any]:
    return {
        "market": ledger.market,
        "asset": ledger.asset,
        "start": ledger.start / WAD,
        "trough": ledger.trough / WAD,
        "fall": ledger.fall / WAD,
        "trough_at": utc(frames.timestamps[ledger.trough_block]) if ledger.trough_block in frames.timestamps else None,
        "residual": _float(ledger.residual),
        "classes": {
            entry.actor_class: {
                "gross_down": _float(entry.gross_down),
                "gross_up": _float(entry.gross_up),
                "net": _float(entry.net),
                "moves": entry.moves,
            }
            for entry in ledger.classes
        },
    }


def _float(value_wad: Fraction) -> float:
    return float(value_wad / WAD)


def _pivots(graph: CauseGraph) -> list[dict[str, Any]]:
    rows = graph.liquidations
    counts: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    columns = (rows[name].tolist() for name in ("pivot_kind", "pivot_class", "debt_covered_e8"))
    for kind, actor_class, covered in zip(*columns, strict=True):
        counts[kind, actor_class][0] += 1
        counts[kind, actor_class][1] += covered
    ordered = sorted(counts.items(), key=lambda item: (-item[1][1], item[0]))
    return [
        {"kind": kind, "class": actor_class, "liquidations": count, "debt_covered_usd": e8_to_float(covered)}
        for (kind, actor_class), (count, covered) in ordered
    ]
