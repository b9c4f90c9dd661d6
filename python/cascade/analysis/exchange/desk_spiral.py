"""Measure the spiral of the loan desk: how much of a fall its sales carried, and in how many generations they came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from cascade.analysis.frames import Frames
from cascade.recording.tables import ExchangeEventRow, PriceMoveRow
from cascade.vocabulary import ExchangeEvent, Intent, MoveKind, Phase, Role

__all__ = ["DeskSale", "DeskSpiral", "desk_spirals"]


@dataclass(frozen=True)
class DeskSale:
    """One sale of a pledge by the desk, and its generation.

    Attributes
    ----------
    account : str
        Borrower.
    block_number, timestamp : int
        Block and its Unix time.
    generation : int
        1 where the loan had reached its line without the desk's own sales; else one more than the latest generation
        among the earlier sales whose fall had not been undone.
    proceeds_raw : int
        Stable received less the book's fee, in smallest units.
    """

    account: str
    block_number: int
    timestamp: int
    generation: int
    proceeds_raw: int


@dataclass(frozen=True)
class DeskSpiral:
    """Sales of one line of the desk.

    Attributes
    ----------
    sales : tuple of DeskSale
        All sales of the crash phase, in their order.
    fall_wad : int
        Fall of the book's own price, in the stable at the 1e18 scale, from the start of the crash to the first
        liquidation of a maker's account, or to its lowest own price where no maker was liquidated.
    by_desk_wad : int
        Part of it that the desk's sales made, in the ledger of the book: the sum of the moves that their trades made,
        which quotes may have undone.
    sales_before : int
        Number of sales until then.
    """

    sales: tuple[DeskSale, ...]
    fall_wad: int
    by_desk_wad: int
    sales_before: int

    @property
    def share(self) -> Fraction | None:
        """Part of the fall that the desk's sales made; None where the price had not fallen."""
        return Fraction(self.by_desk_wad, self.fall_wad) if self.fall_wad > 0 else None


@dataclass
class _Dips:
    """Falls that the desk's sales made and that later rises have not undone, the latest last."""

    standing: list[tuple[int, int]] = field(default_factory=list)
    """Generation and remaining fall of each."""

    def moved(self, change: int, generation: int) -> None:
        """Take note of a move; a fall with a generation is the desk's."""
        if change < 0 and generation:
            self.standing.append((generation, -change))
        while change > 0 and self.standing:
            last, fall = self.standing.pop()
            undone = min(fall, change)
            change -= undone
            if fall > undone:
                self.standing.append((last, fall - undone))

    @property
    def fall(self) -> int:
        return sum(fall for _, fall in self.standing)

    @property
    def latest(self) -> int:
        return max((generation for generation, _ in self.standing), default=0)


def desk_spirals(frames: Frames) -> dict[str, DeskSpiral]:
    """Return the sales of the desk by line; no entry for a line that sold nothing."""
    desk = (frames.parameters.get("exchange") or {}).get("desk") or {}
    events = frames.rows(ExchangeEventRow)
    found = {}
    for line, terms in desk.get("lines", {}).items():
        sales = [row for row in events if row.kind == ExchangeEvent.LOAN_LIQUIDATED and row.book == line]
        if sales:
            found[line] = _spiral(frames, line, terms, sales)
    return found


def _spiral(frames: Frames, line: str, terms: dict[str, int], loans: list[ExchangeEventRow]) -> DeskSpiral:
    moves = [row for row in frames.rows(PriceMoveRow) if row.market == f"book:{line}"]
    moves.sort(key=lambda row: (row.block_number, row.log_index))
    before = [row for row in moves if row.phase != Phase.CRASH]
    crash = [row for row in moves if row.phase == Phase.CRASH]
    start = before[-1].price_after_wad if before else crash[0].price_before_wad
    end = _end(frames, crash)
    until = [row for row in crash if (row.block_number, row.log_index) < end]
    sales = tuple(_generations(crash, loans, terms))
    return DeskSpiral(
        sales=sales,
        fall_wad=start - (until[-1].price_after_wad if until else start),
        by_desk_wad=sum(row.price_before_wad - row.price_after_wad for row in until if _is_of_the_desk(row)),
        sales_before=sum((row.block_number, row.log_index) < end for row in loans),
    )


def _end(frames: Frames, crash: list[PriceMoveRow]) -> tuple[int, int]:
    """Return the place of a maker's first liquidation, or that after the lowest own price."""
    for row in frames.rows(ExchangeEventRow):
        if row.kind == ExchangeEvent.LIQUIDATION_STARTED and row.role == Role.MAKER:
            return row.block_number, row.log_index
    lowest = min(crash, key=lambda row: (row.price_after_wad, row.block_number, row.log_index))
    return lowest.block_number, lowest.log_index + 1


def _is_of_the_desk(row: PriceMoveRow) -> bool:
    return row.kind == MoveKind.TRADE and row.intent == Intent.DESK_LIQUIDATION


def _generations(moves: list[PriceMoveRow], loans: list[ExchangeEventRow], terms: dict[str, int]) -> Iterator[DeskSale]:
    """Yield the sales with their generations.

    The trades of a sale stand in the log before the event of the sale, in the same transaction.
    """
    dips, position = _Dips(), 0
    for loan in loans:
        own: list[PriceMoveRow] = []
        while position < len(moves) and _place(moves[position]) < _place(loan):
            row = moves[position]
            if row.tx_hash == loan.tx_hash and _is_of_the_desk(row):
                own.append(row)
            else:
                dips.moved(row.price_after_wad - row.price_before_wad, dips.latest if _is_of_the_desk(row) else 0)
            position += 1
        price = own[0].price_before_wad if own else moves[position - 1].price_after_wad if position else 0
        generation = 1 + (dips.latest if _is_by_dips(loan.ltv_bps, price, dips.fall, terms) else 0)
        for row in own:
            dips.moved(row.price_after_wad - row.price_before_wad, generation)
        yield DeskSale(loan.account, loan.block_number, loan.timestamp, generation, loan.proceeds_raw)


def _is_by_dips(ltv_bps: int, price: int, fall: int, terms: dict[str, int]) -> bool:
    """Return whether a loan would not have been sold at the price without the falls that the desk's sales made."""
    if not price or not fall:
        return False
    # A loan under the line of liquidation was sold because its call had expired: the line of the call is its line.
    lines = (int(terms["liquidation_ltv_bps"]), int(terms["margin_call_ltv_bps"]))
    line = lines[0] if ltv_bps >= lines[0] else lines[1]
    return Fraction(ltv_bps * price, price + fall) < line <= ltv_bps


def _place(row: PriceMoveRow | ExchangeEventRow) -> tuple[int, int]:
    return row.block_number, row.log_index
