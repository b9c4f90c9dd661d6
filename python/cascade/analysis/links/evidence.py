"""Prepare the evidence that all links share: a run's tables, its prices as series, and the link of each price move."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property

from cascade.analysis.causes.graph import LiquidationCause
from cascade.analysis.causes.moves import Moves
from cascade.analysis.frames import Frames, Parameters
from cascade.analysis.links.model import Feeder, Moment, Parts, Point
from cascade.analysis.links.movers import Movers
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.store import rows_of
from cascade.recording.tables import AtBlock, AtLog, PriceMoveRow, PriceRow, TradeRow
from cascade.units import E8, WAD
from cascade.vocabulary import Phase, PriceSource

Place = tuple[int, int]
"""A block, and the position of a transaction in it."""

__all__ = ["Evidence", "MarketMoves", "Place", "Standing"]


class MarketMoves:
    """The moves of one market in log order, with sums by feeder.

    Parameters
    ----------
    rows : sequence
        Rows of `price_moves` of the crash phase and the feeder of each.
    """

    def __init__(self, rows: Sequence[tuple[PriceMoveRow, Feeder]]) -> None:
        self.rows = [row for row, _ in rows]
        self._blocks = [row.block_number for row in self.rows]
        self._of: dict[Feeder, tuple[list[int], list[int]]] = {}
        for number, (row, feeder) in enumerate(rows):
            numbers, sums = self._of.setdefault(feeder, ([], [0]))
            numbers.append(number)
            sums.append(sums[-1] + row.price_after_wad - row.price_before_wad)

    def until(self, block: int) -> int:
        """Return the number of moves by the end of a block."""
        return bisect_right(self._blocks, block)

    def split(self, first: int, last: int) -> Parts:
        """Split the change of the price from move `first` up to, and without, move `last`, by feeder.

        A feeder's moves up and down are summed first: a feeder that buys and sells at random has no effect. Shares are
        those of the feeders that pushed the price down; nets are shares of the whole change.
        """
        found: dict[Feeder, Fraction] = {}
        for feeder, (numbers, sums) in self._of.items():
            low, high = (bisect_right(numbers, at - 1) for at in (first, last))
            if high > low:
                found[feeder] = Fraction(sums[low] - sums[high])
        pushed = sum((amount for amount in found.values() if amount > 0), Fraction(0))
        if not pushed:
            return Parts.unknown()
        change = sum(found.values(), Fraction(0))
        shares = {feeder: max(amount, Fraction(0)) / pushed for feeder, amount in found.items()}
        if change <= 0:
            return Parts.of(shares)
        return Parts(shares, {feeder: amount / change for feeder, amount in found.items()})


class Standing:
    """The part of each move of a market that still stands after later moves.

    A move cancels the latest moves of the other direction that still stand, and its remainder stands itself. The
    standing moves therefore sum to the change of the price since the start, exactly, and a fall that was reversed is
    assigned to nobody.

    Parameters
    ----------
    rows : sequence
        As of `MarketMoves`.
    """

    def __init__(self, rows: Sequence[tuple[PriceMoveRow, Feeder]]) -> None:
        self._places = [(row.block_number, row.transaction_index) for row, _ in rows]
        self._prices = [row.price_after_wad for row, _ in rows]
        self._start = rows[0][0].price_before_wad
        self._of: dict[Feeder, tuple[list[int], list[int]]] = {}
        stack: list[tuple[Feeder, int]] = []
        for number, (row, feeder) in enumerate(rows):
            rest = row.price_after_wad - row.price_before_wad
            # The latest move is undone first, as an order book is refilled from the top.
            while rest and stack and (stack[-1][1] > 0) != (rest > 0):
                undone, amount = stack.pop()
                back = rest if abs(rest) < abs(amount) else -amount
                self._add(number, undone, back)
                rest -= back
                if amount + back:
                    stack.append((undone, amount + back))
            if rest:
                stack.append((feeder, rest))
                self._add(number, feeder, rest)

    def _add(self, number: int, feeder: Feeder, amount: int) -> None:
        numbers, sums = self._of.setdefault(feeder, ([], [0]))
        if numbers and numbers[-1] == number:
            sums[-1] += amount
        else:
            numbers.append(number)
            sums.append(sums[-1] + amount)

    def price_wad(self, place: Place) -> int:
        """Return the price before a transaction (1e18 scale)."""
        number = bisect_left(self._places, place)
        return self._prices[number - 1] if number else self._start

    def split(self, place: Place, *, rise: bool = False) -> Parts:
        """Split the fall (or rise) since the start by feeder, as it stands before a transaction."""
        number, sign = bisect_left(self._places, place), 1 if rise else -1
        amounts = {
            feeder: Fraction(sign * sums[bisect_left(numbers, number)]) for feeder, (numbers, sums) in self._of.items()
        }
        return Parts.weighed({feeder: amount for feeder, amount in amounts.items() if amount > 0})


class Evidence:
    """The tables of a run, and the series that its links share.

    Attributes
    ----------
    frames : Frames
        The run.
    moves : Moves
        Its price moves.
    prices : PriceBook
        Its prices by asset, source and block.
    """

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self.moves = Moves(frames)
        self.prices = PriceBook(frames)
        self._movers = Movers(self.moves, self.prices)

    @cached_property
    def exchange(self) -> Parameters:
        """Parameters of the exchange, as JSON has them; empty where there is none."""
        return dict(self.frames.parameters.get("exchange") or {})

    @property
    def books(self) -> dict[str, Parameters]:
        """Parameters of the exchange's books by name."""
        return dict(self.exchange.get("books", {}))

    @property
    def cash(self) -> str:
        """Symbol of the exchange's stable; empty where there is no exchange."""
        return str(self.exchange.get("cash", ""))

    @cached_property
    def moments(self) -> dict[int, Moment]:
        """Time, step and number of every block of the crash phase, by number."""
        crash = self.frames.blocks[self.frames.blocks["phase"] == Phase.CRASH]
        columns = (crash[name].tolist() for name in ("timestamp", "step", "block_number"))
        return {block: Moment(timestamp, step, block) for timestamp, step, block in zip(*columns, strict=True)}

    @cached_property
    def start(self) -> Moment:
        """First block of the crash phase."""
        return min(self.moments.values(), key=lambda moment: moment.block)

    @cached_property
    def end(self) -> Moment:
        """Last block."""
        return max(self.moments.values(), key=lambda moment: moment.block)

    def moment(self, row: AtBlock | LiquidationCause) -> Moment:
        """Return the moment of a row of a table."""
        return Moment(row.timestamp, row.step, row.block_number)

    @cached_property
    def _by_market(self) -> dict[str, list[tuple[PriceMoveRow, Feeder]]]:
        found: defaultdict[str, list[tuple[PriceMoveRow, Feeder]]] = defaultdict(list)
        last: dict[str, int] = {}
        for number, row in enumerate(self.moves.records):
            # A book without bid, ask and last has no price, written as 0: it fell to no value.
            if row.phase != Phase.CRASH:
                continue
            after = row.price_after_wad
            # A move from no price at all has no size; it begins at the price that it sets.
            before = last.setdefault(row.market, row.price_before_wad or after)
            if not after:
                continue
            last[row.market] = after
            found[row.market] += self._movers.parts(number, before=before)
        return dict(found)

    @cached_property
    def _markets(self) -> dict[str, MarketMoves]:
        return {market: MarketMoves(rows) for market, rows in self._by_market.items()}

    @cached_property
    def _standing(self) -> dict[str, Standing]:
        return {market: Standing(rows) for market, rows in self._by_market.items()}

    def market(self, name: str) -> MarketMoves:
        """Return the moves of a market in the crash phase.

        Raises
        ------
        KeyError
            When the market did not move: `markets` lists those that did.
        """
        return self._markets[name]

    @property
    def markets(self) -> list[str]:
        """Markets that moved in the crash phase, sorted."""
        return sorted(self._by_market)

    def feeder_of(self, block: int, log_index: int) -> Feeder | None:
        """Return the feeder of the move at a place in the log; None where no move is there."""
        return self._movers.at(block, log_index)

    def index_of(self, tx_hash: str) -> int:
        """Return the position of a transaction in its block; -1 for an unknown one."""
        return self._indices.get(tx_hash, -1)

    @cached_property
    def _indices(self) -> dict[str, int]:
        frame = self.frames.transactions
        return dict(zip(frame["tx_hash"].tolist(), frame["transaction_index"].tolist(), strict=True))

    def link_of_sale(self, book: str, trade: TradeRow) -> str:
        """Return the link that a sale in a book belongs to, by its taker."""
        return self._movers.of_trade(book, trade)

    def dollars(self, asset: str, raw: int, block: int) -> Fraction:
        """Return an amount's value at the oracle, in dollars; a stable that no oracle prices counts as a dollar."""
        price = self.prices.last(asset, PriceSource.ORACLE, block)
        return Fraction(raw * (E8 if price is None else price), E8 * 10 ** self.frames.decimals(asset))

    @cached_property
    def path_assets(self) -> frozenset[str]:
        """Assets of the price path."""
        prices = self.frames.prices
        return frozenset(prices.loc[prices["source"] == PriceSource.PATH, "asset"].tolist())

    def source(self, asset: str, source: str) -> list[Point]:
        """Return a recorded price over the crash phase, in dollars, beginning with the one that held at its start.

        Blocks at which the source gave no price have no point.
        """
        rows = self.frames.prices
        rows = rows[(rows["asset"] == asset) & (rows["source"] == source)].sort_values("block_number", kind="stable")
        before = self.prices.last(asset, source, self.start.block - 1)
        points = [] if before is None else [Point(self.start, Fraction(before, E8))]
        return points + [
            Point(self.moment(row), Fraction(row.price_e8, E8))
            for row in rows_of(rows[rows["block_number"] >= self.start.block], PriceRow)
            if row.price_e8 is not None
        ]

    def before(self, row: AtLog) -> Place:
        """Return the place of an event's transaction: the transactions before it in its block have happened."""
        return row.block_number, self.index_of(row.tx_hash)

    def fall_of(self, asset: str, block: int) -> Parts:
        """Split the fall of an asset's oracle price, from the start of the crash to the end of a block, by feeder.

        The market is the feed of the asset where an agent posts to one, otherwise the venue that trades it.
        """
        venues = [name for name in self.markets if ":" not in name and self._asset(name) == asset]
        # Where an agent posts, positions follow the feed: the venue matters through the posts alone.
        for name in (f"feed:{asset}", *venues):
            if name in self._standing:
                return self._standing[name].split((block + 1, -1))
        return Parts.unknown()

    def book_fall(self, book: str, place: Place, *, rise: bool = False) -> Parts:
        """Split the fall of a book's own price, from the crash's start to right before a transaction, by feeder."""
        standing = self._standing.get(f"book:{book}")
        return Parts.unknown() if standing is None else standing.split(place, rise=rise)

    def own_price(self, book: str, place: Place) -> Fraction | None:
        """Return a book's own price before a transaction, in the stable; None where it never moved."""
        standing = self._standing.get(f"book:{book}")
        return None if standing is None else Fraction(standing.price_wad(place), WAD)

    def _asset(self, market: str) -> str:
        return self._by_market[market][0][0].asset
