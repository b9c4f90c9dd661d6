"""A limit order book in plain Python, written from the rules that `ISpotBook` states: a heap of orders for each side.

Sizes are in lots and prices in ticks; one lot at one tick is worth `worth` units of quote.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

BUY, SELL = 0, 1
GOOD_TILL_CANCELLED, IMMEDIATE_OR_CANCEL, POST_ONLY = 0, 1, 2
MOST_FILLS_OF_A_LIMIT_ORDER = 200


class Refused(Exception):
    """The book refuses the action, and nothing has changed; the message is the error's name."""


@dataclass
class Resting:
    owner: str
    side: int
    tick: int
    lots: int


@dataclass
class Purse:
    """Units of one asset."""

    free: int
    locked: int = 0


class ReferenceBook:
    """Orders are numbered as they come to rest; `told` has what the last action tells, in order."""

    def __init__(
        self, purses: dict[tuple[str, str], Purse], *, lot: int, worth: int, maker_bps: int, taker_bps: int
    ) -> None:
        self.purses = purses
        self.lot, self.worth = lot, worth
        self.maker_bps, self.taker_bps = maker_bps, taker_bps
        self.orders: dict[int, Resting] = {}
        self.lines: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
        self.pending: dict[str, tuple[int, int]] = {}
        self.last = self.rested = 0
        self.told: list[tuple[Any, ...]] = []

    # --- Actions

    def limit(self, account: str, side: int, tick: int, lots: int, kind: int) -> None:
        if kind == POST_ONLY and self._meets(side, tick):
            raise Refused("WouldCross")
        left = self._match(account, side, tick, lots, MOST_FILLS_OF_A_LIMIT_ORDER, pays_what_it_can=False)
        if left and kind != IMMEDIATE_OR_CANCEL and not self._meets(side, tick):
            number = self._rest(account, side, tick, left)
            self.told.append(("OrderPlaced", number, account, side, tick, left))
        elif left:
            self.told.append(("OrderExpired", account, side, left))

    def market(self, account: str, side: int, lots: int, most_fills: int) -> None:
        if account in self.pending:
            raise Refused("MarketOrderUnfinished")
        self._market(account, side, lots, most_fills)

    def go_on(self, account: str, most_fills: int) -> None:
        if account not in self.pending:
            raise Refused("NoMarketOrder")
        side, lots = self._drop_pending(account)
        self._market(account, side, lots, most_fills)

    def cancel(self, account: str, number: int) -> None:
        if number not in self.orders:
            raise Refused("UnknownOrder")
        if self.orders[number].owner != account:
            raise Refused("CallerNotMaker")
        self._cancel(number)

    def cancel_all(self, account: str) -> None:
        gone = self._remove_all(account)
        if account in self.pending:
            self._drop_pending(account)
        lots = [sum(order.lots for order in gone if order.side == side) for side in (BUY, SELL)]
        self.told.append(("AllCancelled", account, len(gone), *lots))

    def requote(self, account: str, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        gone = self._remove_all(account)
        if bids and asks and max(bids)[0] >= min(asks)[0]:
            raise Refused("CrossedQuotes")
        rungs = [(BUY, *bid) for bid in bids] + [(SELL, *ask) for ask in asks]
        numbers = [self._rest(account, *rung) for rung in rungs if not self._meets(rung[0], rung[1])]
        self.told.append(("Requoted", account, len(gone), *numbers))

    # --- What there is

    def top(self) -> tuple[int, int, int]:
        """Last price, best bid and best ask; zero for none."""
        best = [self.orders[number].tick if (number := self._best(side)) else 0 for side in (BUY, SELL)]
        return self.last, best[0], best[1]

    def line(self, side: int) -> list[tuple[int, int, int]]:
        """Number, tick and lots of a side's orders, in the order in which they would be met."""
        numbers = [number for _, number in sorted(self.lines[side]) if number in self.orders]
        return [(number, self.orders[number].tick, self.orders[number].lots) for number in numbers]

    # --- Matching

    def _market(self, account: str, side: int, lots: int, most_fills: int) -> None:
        limit = 2**24 if side == BUY else 0
        fills_before = len(self.told)
        left = self._match(account, side, limit, lots, most_fills, pays_what_it_can=True)
        if not left:
            return
        best = self._best(1 - side)
        used_up = len(self.told) - fills_before == most_fills
        can_pay = side == SELL or (best and self._affordable(account, self.orders[best].tick))
        if used_up and best and can_pay:
            self.pending[account] = (side, left)
            self.told.append(("MarketOrderPending", account, side, left))
            if side == SELL:
                self._lock(account, "base", left * self.lot)
        else:
            self.told.append(("OrderExpired", account, side, left))

    def _match(self, account: str, side: int, limit: int, left: int, most_fills: int, *, pays_what_it_can: bool) -> int:
        """Return what is left."""
        for _ in range(most_fills):
            number = self._best(1 - side)
            if not left or not self._meets(side, limit):
                break
            order = self.orders[number]
            if order.owner == account:
                self._cancel(number)
                continue
            lots = min(left, order.lots)
            if side == BUY and pays_what_it_can:
                lots = min(lots, self._affordable(account, order.tick))
            if not lots:
                break
            left -= lots
            self._trade(account, number, lots)
        return left

    def _trade(self, taker: str, number: int, lots: int) -> None:
        order = self.orders[number]
        amounts = {"base": lots * self.lot, "quote": lots * order.tick * self.worth}
        given, got = ("base", "quote") if order.side == BUY else ("quote", "base")
        maker_fee = -(-amounts[given] * self.maker_bps // 10_000)
        taker_fee = -(-amounts[got] * self.taker_bps // 10_000)
        self._pay(taker, given, amounts[given])
        self.purses[order.owner, got].locked -= amounts[got]
        self.purses[order.owner, given].free += amounts[given] - maker_fee
        self.purses[taker, got].free += amounts[got] - taker_fee
        self.purses["fees", given].free += maker_fee
        self.purses["fees", got].free += taker_fee
        self.last = order.tick
        self.told.append(("Trade", order.owner, taker, number, 1 - order.side, order.tick, lots, maker_fee, taker_fee))
        order.lots -= lots
        if not order.lots:
            del self.orders[number]

    # --- Resting orders

    def _best(self, side: int) -> int:
        """Number of the first order in line; zero for none."""
        line = self.lines[side]
        while line and line[0][1] not in self.orders:
            heapq.heappop(line)
        return line[0][1] if line else 0

    def _meets(self, side: int, tick: int) -> bool:
        opposite = self._best(1 - side)
        if not opposite:
            return False
        return tick >= self.orders[opposite].tick if side == BUY else tick <= self.orders[opposite].tick

    def _rest(self, account: str, side: int, tick: int, lots: int) -> int:
        self._lock(account, *self._cover(side, tick, lots))
        self.rested += 1
        self.orders[self.rested] = Resting(account, side, tick, lots)
        heapq.heappush(self.lines[side], (-tick if side == BUY else tick, self.rested))
        return self.rested

    def _cancel(self, number: int) -> None:
        order = self.orders.pop(number)
        self._lock(order.owner, *self._cover(order.side, order.tick, -order.lots))
        self.told.append(("OrderCancelled", number, order.owner, order.side, order.tick, order.lots))

    def _remove_all(self, account: str) -> list[Resting]:
        numbers = [number for number, order in self.orders.items() if order.owner == account]
        gone = [self.orders.pop(number) for number in numbers]
        for order in gone:
            self._lock(account, *self._cover(order.side, order.tick, -order.lots))
        return gone

    # --- Money

    def _drop_pending(self, account: str) -> tuple[int, int]:
        side, lots = self.pending.pop(account)
        if side == SELL:
            self._lock(account, "base", -lots * self.lot)
        return side, lots

    def _affordable(self, account: str, tick: int) -> int:
        return self.purses[account, "quote"].free // (tick * self.worth)

    def _cover(self, side: int, tick: int, lots: int) -> tuple[str, int]:
        return ("quote", lots * tick * self.worth) if side == BUY else ("base", lots * self.lot)

    def _lock(self, account: str, asset: str, amount: int) -> None:
        self._pay(account, asset, amount)
        self.purses[account, asset].locked += amount

    def _pay(self, account: str, asset: str, amount: int) -> None:
        if amount > self.purses[account, asset].free:
            raise Refused("InsufficientBalance")
        self.purses[account, asset].free -= amount
