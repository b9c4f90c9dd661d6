"""Replay the oracle's prices from the moves, by the tree of sources that the scenario states for each asset."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

import numpy as np

from cascade.analysis.causes.moves import Ints, Moves
from cascade.analysis.causes.signals import (
    MOVE,
    ROUNDING,
    UNEXPLAINED,
    Delayed,
    Selected,
    Signal,
    Steps,
    StepsBuilder,
    TimeWeighted,
    UnsupportedSource,
    as_steps,
)
from cascade.analysis.frames import Parameters
from cascade.recording.tables import PriceRow
from cascade.scenario.model import BLOCKS_PER_STEP
from cascade.units import E8, WAD
from cascade.vocabulary import PriceSource

__all__ = ["Oracle"]

_E8_A_WAD = WAD // E8

_LONGEST_WAIT = 5
"""Largest number of blocks that a post of a venue's price may have waited for space."""


class Oracle:
    """Price of each asset that the lending pool saw, at every point.

    The kinds of sources are computed as their contracts compute them. `posted` is a feed: posts of the path are
    exogenous, and a post of a venue's price carries the moves of the venue since the post before. `amm-spot` is the
    price of the venue times the feed of the quote, rounded down, so that each rounding belongs to the move that caused
    it. `exchange-index` is the same for a book's own price, where the index is that price alone. A `guarded` answer
    that has grown stale stops liquidations and moves no health factor, so that it is passed through. For an asset with
    a source of any other kind, the recorded price at the end of each block is used, and its changes are unexplained.

    Parameters
    ----------
    moves : Moves
        The run.
    """

    def __init__(self, moves: Moves) -> None:
        self._moves = moves
        self._trees: Parameters = moves.frames.parameters.get("oracle", {})
        events: dict[str, Parameters] = moves.frames.parameters.get("events", {})
        self._switched = {str(event["asset"]) for event in events.values() if event["kind"] == "oracle"}
        self._indexed = {str(event["book"]) for event in events.values() if event["kind"] == "index"}
        self._signals: dict[str, Signal] = {}
        self._begun: set[str] = set()
        self._spots: dict[str, Steps] = {}
        self._rows_of: dict[str, list[int]] = {}
        self._chain_blocks: list[int] = sorted(moves.frames.chain_blocks["block_number"].tolist())
        for number, row in enumerate(moves.records):
            self._rows_of.setdefault(row.market, []).append(number)

    @property
    def assets(self) -> list[str]:
        """Assets that have a price source, sorted."""
        return sorted(self._trees)

    def of(self, asset: str) -> Signal:
        """Return the price of an asset; one dollar throughout for an asset without a source."""
        if asset not in self._signals:
            # The checks refuse such a scenario; a run from elsewhere is analysed all the same, with the recorded
            # prices.
            if asset in self._begun:
                raise UnsupportedSource(f"oracle.{asset}: its price source leads back to itself")
            self._begun.add(asset)
            self._signals[asset] = self._asset(asset)
        return self._signals[asset]

    def _asset(self, asset: str) -> Signal:
        if asset not in self._trees:
            return self._constant(E8)
        try:
            return self._node(asset, self._trees[asset])
        except UnsupportedSource:
            return self._recorded(asset)

    def _node(self, asset: str, tree: Parameters) -> Signal:
        replays: dict[str, Callable[[str, Parameters], Signal]] = {
            "posted": self._posted,
            "same-as": lambda _, inner: self.of(str(inner["asset"])),
            "amm-spot": lambda _, inner: self._spot(str(inner["venue"])),
            "exchange-index": lambda asset, inner: self._index(asset, str(inner["book"])),
            "amm-twap": self._time_weighted,
            "delayed": self._delayed,
            "cap": self._capped,
            "median": self._median,
            "guarded": lambda name, inner: self._node(name, inner["source"]),
        }
        if asset in self._switched:
            raise UnsupportedSource(f"oracle.{asset}: an event switches its source, which is not replayed")
        if tree["kind"] not in replays:
            raise UnsupportedSource(f"oracle.{asset}: a source of kind {tree['kind']!r} is not replayed")
        return replays[tree["kind"]](asset, tree)

    def _constant(self, price_e8: int) -> Steps:
        return StepsBuilder(self._moves.points, price_e8).build()

    def _recorded(self, asset: str) -> Steps:
        # A refused price moves no health factor: as for a guarded answer, the last one given stays.
        held = [
            (row.block_number, row.price_e8)
            for row in sorted(self._moves.frames.rows(PriceRow), key=lambda row: row.block_number)
            if (row.asset, row.source) == (asset, PriceSource.ORACLE) and row.price_e8 is not None
        ]
        builder = StepsBuilder(self._moves.points, held[0][1] if held else E8)
        for (_, before), (block, after) in pairwise(held):
            builder.add(point=self._moves.end_of(block), amount=after - before, label=UNEXPLAINED)
        return builder.build()

    def _index(self, asset: str, book: str) -> Steps:
        index = self._moves.frames.parameters["exchange"]["books"][book]["index"]
        # Such an index mixes in a price that stands in no row per move.
        if book in self._indexed or int(index["redemption_weight_bps"]) or Decimal(str(index["floor_price"])):
            raise UnsupportedSource(f"oracle.{asset}: an index with a redemption weight or a floor is not replayed")
        return self._spot(f"book:{book}")

    def _spot(self, venue: str) -> Steps:
        if venue not in self._spots:
            self._spots[venue] = self._replay_spot(venue)
        return self._spots[venue]

    def _replay_spot(self, venue: str) -> Steps:
        moves, quote = self._moves, self.of(self._quote_of(venue))
        rows = self._rows_of.get(venue, [])
        if not rows:
            return self._constant(self._recorded_spot(venue))
        after = {int(moves.point_of[row]): row for row in rows}
        price_wad = int(moves.records[rows[0]].price_before_wad)
        # Rounded down as the contract does: the replay must meet every recorded answer exactly.
        answer = price_wad * int(quote.answers[0]) // WAD
        builder = StepsBuilder(moves.points, answer)
        quote_moved = (np.flatnonzero(np.diff(quote.answers)) + 1).tolist()
        for point in sorted({*after, *quote_moved}):
            quote_before, quote_after = int(quote.answers[point - 1]), int(quote.answers[point])
            if point in after:
                price_wad = int(moves.records[after[point]].price_after_wad)
            elif quote_before != quote_after:
                pieces = quote.pieces(point - 1, point)
                target = price_wad * quote_after // WAD
                # One move of the quote takes the whole change with its rounding; several share it, and the rounding is
                # named.
                if len(pieces) == 1 and len(pieces[0].event) == 1:
                    event, label = int(pieces[0].event[0]), int(pieces[0].label[0])
                    builder.add(point=point, amount=target - answer, event=event, label=label)
                else:
                    for piece in pieces:
                        entries = zip(piece.event.tolist(), piece.label.tolist(), piece.amount.tolist(), strict=True)
                        for event, label, amount in entries:
                            part = price_wad * int(amount) // (WAD * piece.over)
                            builder.add(point=point, amount=part, event=event, label=label)
                            answer += part
                    builder.add(point=point, amount=target - answer, label=ROUNDING)
                answer = target
                continue
            target = price_wad * quote_after // WAD
            builder.add(point=point, amount=target - answer, event=after[point], label=MOVE)
            answer = target
        return builder.build()

    def _recorded_spot(self, venue: str) -> int:
        source = f"index:{venue[5:]}" if venue.startswith("book:") else f"spot:{venue}"
        given = (row.price_e8 for row in self._moves.frames.rows(PriceRow) if row.source == source)
        return next((price for price in given if price is not None), E8)

    def _quote_of(self, venue: str) -> str:
        parameters = self._moves.frames.parameters
        if venue.startswith("book:"):
            return str(parameters["exchange"]["cash"])
        return str(parameters["venues"][venue]["coins"][0])

    def _posted(self, asset: str, tree: Parameters) -> Steps:
        moves = self._moves
        rows = self._rows_of.get(f"feed:{asset}", [])
        if rows:
            answer = int(moves.records[rows[0]].price_before_wad) // _E8_A_WAD
        else:
            answer = int(Decimal(str(tree.get("initial_price_usd", 1))) * E8)
        builder = StepsBuilder(moves.points, answer)
        venue, since = moves.market_posted(asset), 0
        for row in rows:
            record, point = moves.records[row], int(moves.point_of[row])
            posted = int(record.price_after_wad) // _E8_A_WAD
            if venue is not None:
                until = self._read_by_poster(venue, int(record.block_number), posted, since)
                moved = self._spot(venue).pieces(since, until)
                since = until
                answer += builder.add_pieces(point=point, pieces=moved)
                # What the moves since the last post do not explain is the deviation below which the poster waited.
                builder.add(point=point, amount=posted - answer, label=ROUNDING)
            else:
                builder.add(point=point, amount=posted - answer, event=row)
            answer = posted
        return builder.build()

    def _read_by_poster(self, venue: str, block: int, posted: int, since: int) -> int:
        # The block before, or an earlier one whose price it was: a post may have waited for block space.
        before = bisect_left(self._chain_blocks, block)
        earlier = self._chain_blocks[max(0, before - _LONGEST_WAIT) : before]
        ends = [self._moves.end_of(number) for number in reversed(earlier)] or [self._moves.end_of(block - 1)]
        answers = self._spot(venue).answers
        return next((end for end in ends if end >= since and int(answers[end]) == posted), max(ends[0], since))

    def _observed(self, asset: str) -> Ints:
        # The first observation of a block is the one that counts.
        first: dict[int, int] = {}
        for row in self._rows_of.get(f"oracle:{asset}", []):
            first.setdefault(int(self._moves.records[row].block_number), int(self._moves.point_of[row]))
        return np.array(sorted(first.values()), dtype=np.int64)

    def _time_weighted(self, asset: str, tree: Parameters) -> Signal:
        source = as_steps(self._node(asset, tree["source"]), self._moves.points)
        return TimeWeighted(source, self._observed(asset), int(tree["window_seconds"]), self._moves)

    def _capped(self, asset: str, tree: Parameters) -> Signal:
        source, cap = self._node(asset, tree["source"]), self._constant(int(Decimal(str(tree["cap_usd"])) * E8))
        return Selected((source, cap), (source.answers > cap.answers).astype(np.int64), self._moves.event)

    def _median(self, asset: str, tree: Parameters) -> Signal:
        sources = tuple(self._node(asset, inner) for inner in tree["sources"])
        return Selected(sources, _median_choice(sources), self._moves.event)

    def _delayed(self, asset: str, tree: Parameters) -> Signal:
        observed = self._observed(asset)
        source = self._node(asset, tree["source"])
        if not len(observed):
            return self._constant(int(source.answers[0]))
        blocks_per_step = 1 if self._moves.frames.parameters.get("exchange") is None else BLOCKS_PER_STEP
        seen_by = self._moves.block - int(tree["blocks"]) * blocks_per_step
        index = np.searchsorted(self._moves.block[observed], seen_by, side="right") - 1
        return Delayed(source, observed[np.maximum(index, 0)])


def _median_choice(sources: tuple[Signal, ...]) -> Ints:
    # An answer of zero or less is left out; the lowest index among equals is the one selected.
    table = np.array([source.answers for source in sources])
    columns = []
    for answers in table.T.tolist():
        usable = sorted(answer for answer in answers if answer > 0) or answers
        columns.append(answers.index(usable[(len(usable) - 1) // 2]))
    # By index and not by price: the split needs to know whose price it was.
    return np.array(columns, dtype=np.int64)
