"""Summarise the causes of a run: the moves of each price by class of actor, and the pivots of the liquidations."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from cascade.analysis.causes.graph import CauseGraph, Generation, cause_graph, generations
from cascade.analysis.causes.ledger import Ledger, ledgers
from cascade.analysis.frames import Frames
from cascade.analysis.moments import utc
from cascade.units import WAD, e8_to_float
from cascade.vocabulary import PivotKind

__all__ = ["CausesDigest", "ClassFigures", "LedgerFigures", "PivotFigures", "causes"]


@dataclass(frozen=True)
class ClassFigures:
    """Moves of one price by one class of actor from the start to the trough, in the unit of the ledger."""

    gross_down: float
    """Sum of its moves that lowered the price, negative."""
    gross_up: float
    """Sum of its moves that raised the price."""
    net: float
    """Sum of all its moves. The net figures of all classes sum to the fall, negative."""
    moves: int
    """Number of its moves."""


@dataclass(frozen=True)
class LedgerFigures:
    """Fall of one price, split by the class of actor whose transactions moved it.

    Prices of a venue are in its quote coin, those of a book in the exchange's stable, those of the oracle in dollars.
    """

    market: str
    """A venue, `book:BOOK`, or `oracle`."""
    asset: str
    """Asset whose price it is."""
    start: float
    """Price when the crash began."""
    trough: float
    """Lowest price of the crash."""
    trough_at: str | None
    """Time of the lowest price; null where its block is not in the tables."""
    fall: float
    """Start less trough."""
    residual: float
    """Part of the fall that no class explains: 0, unless the replay of the oracle's sources is incomplete."""
    classes: dict[str, ClassFigures]
    """By class of actor."""


@dataclass(frozen=True)
class PivotFigures:
    """Liquidations whose pivot is of one kind: the move that took the health factor under 1."""

    kind: PivotKind
    """Kind of the move, or of the cause without a move."""
    # `class` is a keyword of Python, and the name in `summary.json`.
    actor_class: Annotated[str, Field(alias="class")]
    """Class of actor that made the move, or the kind again where there is no move."""
    liquidations: int
    """Number of such liquidations."""
    debt_covered_usd: float
    """Debt that they repaid, in dollars."""


@dataclass(frozen=True)
class CausesDigest:
    """Causes of prices and of liquidations."""

    ledger: list[LedgerFigures]
    """One entry per price that moved."""
    pivots: list[PivotFigures]
    """One entry per kind and class of pivot, by falling debt covered."""
    generations: list[Generation]
    """One entry per generation of liquidations."""
    liquidations_not_replayed: int
    """Number of liquidations whose recorded oracle prices the replay of the oracle's sources did not meet; 0 unless
    the oracle has a source that the replay does not know."""


def causes(frames: Frames) -> CausesDigest | None:
    """Return ledgers, pivots and generations of a run; None where no event moved a price.

    A run without price moves is one of a pool whose prices nobody but the poster of its oracle makes.
    """
    if frames.price_moves.empty:
        return None
    graph = cause_graph(frames)
    return CausesDigest(
        ledger=[_ledger(frames, ledger) for ledger in ledgers(frames)],
        pivots=_pivots(graph),
        generations=generations(graph),
        liquidations_not_replayed=sum(not cause.oracle_met for cause in graph.causes),
    )


def _ledger(frames: Frames, ledger: Ledger) -> LedgerFigures:
    return LedgerFigures(
        market=ledger.market,
        asset=ledger.asset,
        start=ledger.start / WAD,
        trough=ledger.trough / WAD,
        trough_at=utc(frames.timestamps[ledger.trough_block]) if ledger.trough_block in frames.timestamps else None,
        fall=ledger.fall / WAD,
        residual=_float(ledger.residual),
        classes={
            entry.actor_class: ClassFigures(
                gross_down=_float(entry.gross_down),
                gross_up=_float(entry.gross_up),
                net=_float(entry.net),
                moves=entry.moves,
            )
            for entry in ledger.classes
        },
    )


def _float(value_wad: Fraction) -> float:
    return float(value_wad / WAD)


def _pivots(graph: CauseGraph) -> list[PivotFigures]:
    counts: defaultdict[tuple[PivotKind, str], list[int]] = defaultdict(lambda: [0, 0])
    for cause in graph.causes:
        counts[cause.pivot_kind, cause.pivot_class][0] += 1
        counts[cause.pivot_kind, cause.pivot_class][1] += cause.debt_covered_e8
    ordered = sorted(counts.items(), key=lambda item: (-item[1][1], item[0]))
    return [
        PivotFigures(kind=kind, actor_class=actor_class, liquidations=count, debt_covered_usd=e8_to_float(covered))
        for (kind, actor_class), (count, covered) in ordered
    ]
