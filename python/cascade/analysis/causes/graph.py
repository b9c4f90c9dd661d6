"""Build the graph of a cascade: pivot and generation of each liquidation, and the sources of the health it lost."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property

import pandas as pd

from cascade.analysis.causes.compositions import Compositions
from cascade.analysis.causes.moves import Moves
from cascade.analysis.causes.oracle import Oracle
from cascade.analysis.causes.pivots import HealthPath, Pair
from cascade.analysis.causes.signals import PSEUDO_CLASSES, SWITCH, UNEXPLAINED
from cascade.analysis.causes.weights import TIME, Lineage, Shares
from cascade.analysis.frames import Frames
from cascade.recording.tables import LiquidationRow, PriceMoveRow
from cascade.units import NO_DEBT_WAD, WAD, e8_to_float, value_e8_up
from cascade.vocabulary import MoveKind, PivotKind, PositionEvent, Role

__all__ = ["FLOOR", "CauseGraph", "Generation", "LiquidationCause", "cause_graph", "generations", "liquidation_causes"]

FLOOR = Fraction(1, 50)
"""Smallest share of the health factor lost at which another liquidation is an edge of its own."""

_NO_CHANGE = (PositionEvent.LIQUIDATED, PositionEvent.END)


@dataclass(frozen=True)
class LiquidationCause:
    """One liquidation and its pivot: the move that took its health factor under 1 (see `liquidation_causes`).

    Attributes
    ----------
    liquidation : int
        Number of the liquidation in log order, from 0.
    debt_covered_e8 : int
        Debt repaid, in dollars with 8 decimals, exact.
    generation, pivot_generation : int
        Generation of the liquidation, and of its pivot, which is one less.
    pivot_kind, pivot_class : PivotKind, str
        Kind of the pivot and class of the actor who made it.
    pivot_block, pivot_log_index, pivot_tx_hash, pivot_market, pivot_actor
        The move; -1 or empty where the pivot is no move.
    inherits_from : int
        Number of the liquidation whose sale the pivot is, or -1.
    kept : bool
        Whether the pivot is that of an earlier liquidation, from which the position never recovered.
    oracle_met : bool
        Whether the replayed oracle had the prices that the liquidation recorded. Where it had not, the cause cannot be
        trusted.
    """

    liquidation: int
    block_number: int
    log_index: int
    step: int
    timestamp: int
    tx_hash: str
    borrower: str
    liquidator: str
    debt_covered_e8: int
    generation: int
    pivot_kind: PivotKind
    pivot_class: str
    pivot_generation: int
    pivot_block: int
    pivot_log_index: int
    pivot_tx_hash: str
    pivot_market: str
    pivot_actor: str
    inherits_from: int
    kept: bool
    oracle_met: bool


@dataclass(frozen=True)
class CauseGraph:
    """The cause of each liquidation, and the sources of the health that each position lost.

    Attributes
    ----------
    causes : tuple of LiquidationCause
        One entry per liquidation, in log order.
    edges : DataFrame
        One row per liquidation and source of the health it lost: `liquidation` (number of the row), `source` (number
        of the liquidation whose sale it was; -1 for a group of everything else), `generation` and `class` of the
        source, `share` (Fraction). The shares of each liquidation sum to exactly 1.
    """

    causes: tuple[LiquidationCause, ...]
    edges: pd.DataFrame

    @cached_property
    def liquidations(self) -> pd.DataFrame:
        """The causes as a frame, with the columns of `LiquidationCause`."""
        columns = [field.name for field in fields(LiquidationCause)]
        rows = [[getattr(cause, name) for name in columns] for cause in self.causes]
        return pd.DataFrame(rows, columns=columns).astype({"debt_covered_e8": object})


def liquidation_causes(frames: Frames) -> pd.DataFrame:
    """Return pivot and generation of every liquidation.

    The pivot is the price move that last took the position's health factor from at least one to under one. The search
    runs from the liquidation back to the last own change of the position: its building, a change by its owner (from the
    start of that block), or an earlier liquidation. Where an earlier liquidation left the health factor under one, and
    it never recovered, the pivot of that liquidation is kept. For an oracle that answers late or averages, the pivot is
    the move with the largest negative weighted contribution to the step that took the health factor under one. Where no
    move did, the pivot is time.

    Exogenous moves, time and voluntary trades are generation 0. A liquidation is one generation after its pivot, and
    the sale in its transaction inherits its generation. A later sale by the keeper who held the seized collateral
    inherits the mean generation of its seizures since its last such sale, weighted by debt covered and rounded half up;
    as an edge it counts as the last of these liquidations.

    Parameters
    ----------
    frames : Frames
        The run.

    Returns
    -------
    DataFrame
        In log order, with the columns of `LiquidationCause`.
    """
    return cause_graph(frames).liquidations


@dataclass(frozen=True)
class Generation:
    """Liquidations that are equally many steps away from a move outside the liquidations."""

    generation: int
    """1 for a liquidation whose pivot was no liquidation's sale, 2 for one whose pivot was a sale of generation 1, and
    so on."""
    liquidations: int
    """Number of them."""
    debt_covered_usd: float
    """Debt that they repaid, in dollars."""
    r: float | None
    """Debt covered in the next generation over that in this one; null where this one covered none."""


def generations(graph: CauseGraph) -> list[Generation]:
    """Return the size of each generation, and the debt in the next generation per dollar of it."""
    covered: defaultdict[int, int] = defaultdict(int)
    counts: defaultdict[int, int] = defaultdict(int)
    for cause in graph.causes:
        covered[cause.generation] += cause.debt_covered_e8
        counts[cause.generation] += 1
    return [
        Generation(
            generation=number,
            liquidations=counts[number],
            debt_covered_usd=e8_to_float(covered[number]),
            r=float(Fraction(covered.get(number + 1, 0), covered[number])) if covered[number] else None,
        )
        for number in sorted(counts)
    ]


def cause_graph(frames: Frames, *, floor: Fraction = FLOOR) -> CauseGraph:
    """Return pivots, generations and edges of every liquidation.

    The weight of an edge is the share of its source in the health factor that the position lost between its last own
    state with a health factor of at least one (built, changed by its owner, or left by a liquidation) and its
    liquidation. A position without such a state counts from the first point at which its health factor was at least
    one. A liquidation that keeps the pivot of an earlier one keeps its weights too. Each pair of collateral and debt
    counts as a position of its own, except that an account of a file is one position with all its reserves.

    Parameters
    ----------
    frames : Frames
        The run.
    floor : Fraction
        Least share at which another liquidation is named as a source; smaller ones are summed by generation and
        class, but for the one whose sale was the pivot.
    """
    # The summary, the links and the page all need the graph of the default floor, which takes seconds to build.
    return frames.once(_default_graph) if floor == FLOOR else _Builder(frames, floor).build()


def _default_graph(frames: Frames) -> CauseGraph:
    return _Builder(frames, FLOOR).build()


@dataclass(frozen=True)
class _OwnState:
    """State of a position after its last own change."""

    since: int
    """Point from which a crossing may have happened."""
    point: int
    """Point at which it had `health_wad`."""
    health_wad: int
    liquidation: int = -1
    """Number of the liquidation that left this state; -1 for another change."""


@dataclass(frozen=True)
class _Cause:
    """Pivot of one liquidation."""

    kind: PivotKind
    actor_class: str
    event: int = -1
    generation: int = 0
    inherits_from: int = -1


@dataclass
class _Held:
    """Collateral that a keeper has seized and not yet sold."""

    last: int = -1
    generation: int = 0
    weight: int = 0
    weighted: int = 0


class _Builder:
    def __init__(self, frames: Frames, floor: Fraction) -> None:
        self._frames, self._floor = frames, floor
        self._moves = Moves(frames)
        self._oracle = Oracle(self._moves)
        self._rows = sorted(frames.rows(LiquidationRow), key=lambda row: (row.block_number, row.log_index))
        self._lineage = Lineage(self._moves.classes, len(self._rows))
        self._pairs: dict[tuple[str, str], Pair] = {}
        self._compositions = Compositions(frames, self._oracle)
        self._own = _own_changes(frames, self._compositions)
        self._last: dict[tuple[str, str, str], int] = {}
        self._held: defaultdict[str, _Held] = defaultdict(_Held)
        self._of_transaction: dict[str, list[int]] = {}
        self._causes: list[_Cause] = []
        self._shares: list[Shares] = []
        self._kept: list[bool] = []
        self._met: list[bool] = []
        self._covered = [
            value_e8_up(row.debt_covered_raw, row.debt_price_e8, frames.decimals(row.debt_asset)) for row in self._rows
        ]

    def build(self) -> CauseGraph:
        """Process liquidations and keepers' sales in log order: a sale has its generation before it is a pivot."""
        for number, row in enumerate(self._rows):
            self._of_transaction.setdefault(row.tx_hash, []).append(number)
        sales = [event for event, row in enumerate(self._moves.records) if _is_sale(row)]
        steps = [(row.block_number, row.log_index, 0, number) for number, row in enumerate(self._rows)]
        steps += [
            (record.block_number, record.log_index, 1, event)
            for event in sales
            for record in (self._moves.records[event],)
        ]
        # A liquidation precedes a sale of the same log position: the sale inherits from it.
        for _, _, is_sale, number in sorted(steps):
            if is_sale:
                self._inherit(number)
            else:
                self._liquidate(number)
        return CauseGraph(tuple(self._liquidation_causes()), self._edge_frame())

    def _inherit(self, event: int) -> None:
        record = self._moves.records[event]
        # Of several liquidations in one transaction, the sale belongs to the last before it: its keeper sells what it
        # has just seized.
        sold = [number for number in self._of_transaction.get(record.tx_hash, ()) if number < len(self._causes)]
        if sold:
            self._lineage.inherit(event, generation=self._generation(sold[-1]), owner=sold[-1])
            return
        held = self._held[record.actor]
        if held.weight:
            # The weighted mean, rounded half up in integers: floats would make the generation depend on the order of
            # summation.
            held.generation = (2 * held.weighted + held.weight) // (2 * held.weight)
            held.weight = held.weighted = 0
        if held.last >= 0:
            self._lineage.inherit(event, generation=held.generation, owner=held.last)

    def _generation(self, number: int) -> int:
        return self._causes[number].generation + 1

    def _liquidate(self, number: int) -> None:
        row = self._rows[number]
        key = _key(row.borrower, row.collateral_asset, row.debt_asset, self._compositions)
        end = self._moves.before_log(row.block_number, row.log_index)
        own, pair = self._own_state(key, row.block_number), self._pair(row.collateral_asset, row.debt_asset)
        path = self._compositions.before(row) if row.borrower in self._compositions else pair
        cause, shares, kept = self._cause(path, own, end, int(row.health_factor_before_wad))
        replayed = int(pair.collateral.answers[end]), int(pair.debt.answers[end])
        # The pool's own record of its prices tests the replay of the oracle at each liquidation.
        self._met.append(replayed == (row.collateral_price_e8, row.debt_price_e8))
        self._causes.append(cause)
        self._shares.append(shares)
        self._kept.append(kept)
        self._last[key] = number
        # A keeper that sells in the same transaction holds nothing afterwards; one that keeps the collateral sells it
        # later.
        if not row.exit_proceeds_raw:
            held = self._held[row.liquidator]
            held.last = number
            held.weight += self._covered[number]
            held.weighted += self._covered[number] * self._generation(number)

    def _pair(self, collateral: str, debt: str) -> Pair:
        if (collateral, debt) not in self._pairs:
            self._pairs[collateral, debt] = Pair(self._oracle.of(collateral), self._oracle.of(debt))
        return self._pairs[collateral, debt]

    def _own_state(self, key: tuple[str, str, str], block: int) -> _OwnState | None:
        blocks, healths, events = self._own.get(key, ([], [], []))
        index = bisect_left(blocks, block) - 1
        previous = self._last.get(key, -1)
        if previous >= 0 and (index < 0 or self._rows[previous].block_number >= blocks[index]):
            row = self._rows[previous]
            point = self._moves.before_log(row.block_number, row.log_index)
            return _OwnState(point, point, int(row.health_factor_after_wad), previous)
        if index < 0:
            return None
        point = self._moves.end_of(blocks[index])
        # Where in its block the owner acted is not in the table, so that the whole block is looked through.
        since = point if events[index] == PositionEvent.BUILT else self._moves.start_of(blocks[index])
        return _OwnState(since, point, healths[index])

    def _cause(self, path: HealthPath, own: _OwnState | None, end: int, health_wad: int) -> tuple[_Cause, Shares, bool]:
        since = own.since if own else self._moves.end_of(self._frames.first_crash_block - 1)
        healthy = path.healthy(start=since, end=end, health_wad=health_wad)
        if healthy is None and own and own.liquidation >= 0 and own.health_wad < WAD:
            # The earlier liquidation left it unhealthy: what made it so the first time is still the cause.
            return self._causes[own.liquidation], self._shares[own.liquidation], True
        cause = _Cause(PivotKind.TIME, TIME) if healthy is None else self._pivot(path, healthy[1])
        # An own state without debt has no health factor to lose from: the first healthy point counts instead.
        if own and WAD <= own.health_wad < NO_DEBT_WAD:
            start, health_start = own.point, Fraction(own.health_wad)
        elif healthy:
            start = healthy[0]
            health_start = path.health_at(start, end=end, health_wad=health_wad)
        else:
            return cause, Shares.all_time(), False
        parts = path.change(start, end, health_wad=health_wad)
        shares = self._lineage.shares(
            parts, lost_wad=health_start - health_wad, floor=self._floor, pivot=cause.inherits_from
        )
        return cause, shares, False

    def _pivot(self, path: HealthPath, healthy: int) -> _Cause:
        blame = path.blame(healthy)
        if blame is None:
            return _Cause(PivotKind.TIME, TIME)
        # Roundings of a mean and prices that no table explains have no actor: their own name stands for the class.
        if blame.label == UNEXPLAINED or blame.event < 0:
            name = PSEUDO_CLASSES[blame.label]
            return _Cause(PivotKind(name), name)
        generation = int(self._lineage.generation[blame.event])
        owner = int(self._lineage.owner[blame.event])
        actor_class = self._moves.classes[blame.event]
        if blame.label == SWITCH:
            return _Cause(PivotKind.SWITCH, actor_class, blame.event, generation, owner)
        return _Cause(_kind(actor_class, owner), actor_class, blame.event, generation, owner)

    def _liquidation_causes(self) -> Iterator[LiquidationCause]:
        for number, (row, cause) in enumerate(zip(self._rows, self._causes, strict=True)):
            move = self._moves.records[cause.event] if cause.event >= 0 else None
            yield LiquidationCause(
                liquidation=number,
                block_number=row.block_number,
                log_index=row.log_index,
                step=row.step,
                timestamp=row.timestamp,
                tx_hash=row.tx_hash,
                borrower=row.borrower,
                liquidator=row.liquidator,
                debt_covered_e8=self._covered[number],
                generation=cause.generation + 1,
                pivot_kind=cause.kind,
                pivot_class=cause.actor_class,
                pivot_generation=cause.generation,
                pivot_block=move.block_number if move else -1,
                pivot_log_index=move.log_index if move else -1,
                pivot_tx_hash=move.tx_hash if move else "",
                pivot_market=move.market if move else "",
                pivot_actor=move.actor if move else "",
                inherits_from=cause.inherits_from,
                kept=self._kept[number],
                oracle_met=self._met[number],
            )

    def _edge_frame(self) -> pd.DataFrame:
        rows = []
        for number, shares in enumerate(self._shares):
            for source, share in shares.liquidations.items():
                rows.append((number, source, self._generation(source), "keeper", share))
            rows += [(number, -1, *key, share) for key, share in shares.groups.items()]
        columns = ["liquidation", "source", "generation", "class", "share"]
        # As objects: pandas would turn exact fractions into floats.
        return pd.DataFrame(rows, columns=columns).astype({"share": object})


_KIND_OF = {
    "liquidity": PivotKind.LIQUIDITY,
    "quote": PivotKind.LIQUIDITY,
    "cancel": PivotKind.LIQUIDITY,
    "forced": PivotKind.FORCED,
}
"""Kind of a pivot by the prefix of its class, which stands before the role."""


def _is_sale(row: PriceMoveRow) -> bool:
    return row.role == Role.KEEPER and row.kind == MoveKind.SWAP


def _kind(actor_class: str, owner: int) -> PivotKind:
    if owner >= 0:
        return PivotKind.LIQUIDATION
    if actor_class == Role.EXOGENOUS:
        return PivotKind.EXOGENOUS
    return _KIND_OF.get(actor_class.partition(":")[0], PivotKind.VOLUNTARY)


def _key(borrower: str, collateral: str, debt: str, accounts: Compositions) -> tuple[str, str, str]:
    """Return what counts as one position: a pair of a borrower's reserves, or an account of a file as a whole."""
    return (borrower, "", "") if borrower in accounts else (borrower, collateral, debt)


def _own_changes(
    frames: Frames, accounts: Compositions
) -> dict[tuple[str, str, str], tuple[list[int], list[int], list[str]]]:
    changes: dict[tuple[str, str, str], tuple[list[int], list[int], list[str]]] = {}
    rows = frames.positions[~frames.positions["event"].isin(_NO_CHANGE)]
    # Stable, so that the last of several changes in one block stays the last.
    rows = rows.sort_values("block_number", kind="stable")
    names = ("borrower", "collateral_asset", "debt_asset", "block_number", "health_factor_wad", "event")
    for *key, block, health, event in zip(*(rows[name].tolist() for name in names), strict=True):
        blocks, healths, events = changes.setdefault(_key(key[0], key[1], key[2], accounts), ([], [], []))
        blocks.append(block)
        # Without a price there is no health factor to lose from, as without debt.
        healths.append(NO_DEBT_WAD if health is None else int(health))
        events.append(event)
    return changes
