"""SpotBook and a book in plain Python do the same at every step of random sequences of actions of three traders.

After each action both have the same refusal, or the same fills, prices, fees, cancellations and remainders in the same
order, and the same balances; and both books have the same orders in the same line.
"""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cascade.chain.local import Receipt, address_of

from ..conftest import Stage
from ..contracts.exchange_world import EXCHANGE, FEES, LOT, TICK, Exchange, open_exchange
from .reference_book import BUY, SELL, Purse, ReferenceBook, Refused

SIZES = {"small": (80, 40), "large": (1_500, 60)}
"""Sequences, and actions of each."""

TRADERS = [address_of(f"book-trader-{k}") for k in range(3)]
MAKER_BPS, TAKER_BPS = 3, 7
WORTH = 3
BIG_LOT = WORTH * LOT
"""A lot that is worth three units at the first tick."""

CASH, LOTS = 1_200_000, 60
"""Little enough that purses and inventories run out in the course of a sequence."""

Action = tuple[Any, ...]

_WHO = st.integers(0, len(TRADERS) - 1)
_SIDE = st.sampled_from([BUY, SELL])
_TICK = st.integers(9_995, 10_005)
_SIZE = st.integers(1, 20)
_FILLS = st.integers(1, 2)
_LIMIT = st.tuples(st.just("limit"), _WHO, _SIDE, _TICK, _SIZE, st.sampled_from([0, 0, 0, 1, 2]))
_MARKET = st.tuples(st.just("market"), _WHO, _SIDE, st.integers(1, 40), _FILLS)
_GO_ON = st.tuples(st.just("go_on"), _WHO, _FILLS)
_CANCEL = st.tuples(st.just("cancel"), _WHO, st.integers(0, 99))
_BIDS = st.lists(st.tuples(st.integers(9_995, 10_001), _SIZE), max_size=3)
_ASKS = st.lists(st.tuples(st.integers(10_000, 10_005), _SIZE), max_size=3)
_REQUOTE = st.tuples(st.just("requote"), _WHO, _BIDS, _ASKS)
_CANCEL_ALL = st.tuples(st.just("cancel_all"), _WHO)
_WEIGHED: list[st.SearchStrategy[Action]] = [
    *[_LIMIT] * 9,
    *[_MARKET] * 4,
    *[_GO_ON] * 3,
    *[_CANCEL] * 2,
    *[_REQUOTE] * 3,
    _CANCEL_ALL,
]
_ACTION = st.integers(0, len(_WEIGHED) - 1).flatmap(lambda k: _WEIGHED[k])

OUTCOMES = {
    *("limit", "market", "go_on", "cancel", "requote", "cancel_all"),
    *("limit: WouldCross", "limit: InsufficientBalance", "market: InsufficientBalance"),
    *(
        "market: MarketOrderUnfinished",
        "go_on: NoMarketOrder",
        "requote: CrossedQuotes",
        "requote: InsufficientBalance",
    ),
    *("cancel: UnknownOrder", "cancel: CallerNotMaker"),
    *("Trade", "OrderPlaced", "OrderExpired", "OrderCancelled", "MarketOrderPending", "AllCancelled", "Requoted"),
}
"""Everything that an action can come to; a run in which one does not happen proves less than it says."""


class Pair:
    """The contract and the reference, from the same start."""

    def __init__(self, stage: Stage) -> None:
        world = open_exchange(stage)
        arguments = (world.vault.address, world.alt.address, world.usdt.address, TICK, BIG_LOT)
        book = stage.deploy("SpotBook", *arguments, MAKER_BPS, TAKER_BPS, EXCHANGE)
        stage.send(world.vault, "setOperator", book.address, True, sender=EXCHANGE)
        self.exchange: Exchange = replace(world, book=book)
        purses = {(account, asset): Purse(0) for account in ("fees", *TRADERS) for asset in ("base", "quote")}
        for trader in TRADERS:
            self.exchange.give(trader, self.exchange.alt, LOTS * BIG_LOT)
            self.exchange.give(trader, self.exchange.usdt, CASH)
            purses[trader, "base"], purses[trader, "quote"] = Purse(LOTS * BIG_LOT), Purse(CASH)
        self.reference = ReferenceBook(purses, lot=BIG_LOT, worth=WORTH, maker_bps=MAKER_BPS, taker_bps=TAKER_BPS)
        self.identifiers: dict[int, int] = {}
        """The reference's number of each order -> the contract's identifier."""

    def step(self, action: Action) -> list[str]:
        """Do it on both sides; return what came of it: its name, with the error's if it was refused, and its events."""
        name, trader, *rest = action
        account = TRADERS[trader]
        if name == "cancel":
            rest = [self._number_of(account, rest[0])]
        receipt = self._on_chain(name, account, rest)

        before, top = deepcopy(self.reference), self.reference.top()
        self.reference.told = []
        refusal = ""
        try:
            getattr(self.reference, name)(account, *rest)
        except Refused as refused:
            refusal, self.reference = str(refused), before
        assert receipt.revert_reason.split("(")[0] == refusal, f"{action}: {receipt.revert_reason}"
        if refusal:
            return [f"{name}: {refusal}"]
        told = self._told(receipt)
        assert [event for event in told if event[0] != "TopMoved"] == self.reference.told, action
        moved = [("TopMoved", *self.reference.top())] if self.reference.top() != top else []
        assert [event for event in told if event[0] == "TopMoved"] == moved, action
        self._assert_same_state()
        return [name, *(event[0] for event in told)]

    def _number_of(self, account: str, choice: int) -> int:
        """An order of the account's own, three times in four; else any that has ever rested, or the unknown order 1."""
        own = [number for number, order in self.reference.orders.items() if order.owner == account]
        return own[choice % len(own)] if own and choice % 4 else 1 + choice % max(1, self.reference.rested)

    def _on_chain(self, name: str, account: str, rest: list[Any]) -> Receipt:
        functions = {
            "limit": "placeLimit",
            "market": "placeMarket",
            "go_on": "continueMarket",
            "cancel": "cancel",
            "cancel_all": "cancelAll",
            "requote": "requote",
        }
        arguments = rest
        if name == "limit":
            side, tick, lots, kind = rest
            arguments = [side, tick * TICK, lots, kind]
        elif name == "go_on":
            arguments = [account, *rest]
        elif name == "cancel":
            arguments = [self.identifiers.get(rest[0], 2**32)]
        elif name == "requote":
            arguments = [[(tick * TICK, lots) for tick, lots in rungs] for rungs in rest]
        return self.exchange.stage.attempt(self.exchange.book, functions[name], *arguments, sender=account)

    def _told(self, receipt: Receipt) -> list[tuple[Any, ...]]:
        """The book's events as the reference tells them."""
        told: list[tuple[Any, ...]] = []
        for log in receipt.logs:
            event = dict(log.arguments)
            if log.event == "OrderPlaced":
                self.identifiers[self.reference.rested] = event["orderId"]
            if log.event == "Requoted":
                count = len(event["orders"])
                numbers = range(self.reference.rested - count + 1, self.reference.rested + 1)
                self.identifiers.update(zip(numbers, (word >> 80 for word in event["orders"]), strict=True))
                told.append((log.event, event["maker"], event["cancelled"], *numbers))
                continue
            for name in ("price", "last", "bid", "ask"):
                if name in event:
                    assert event[name] % TICK == 0
                    event[name] //= TICK
            for name in ("orderId", "makerOrderId"):
                if name in event:
                    event[name] = self._number(event[name])
            told.append((log.event, *event.values()))
        return told

    def _number(self, identifier: int) -> int:
        return next(number for number, known in self.identifiers.items() if known == identifier)

    def _assert_same_state(self) -> None:
        tokens = [self.exchange.alt.address, self.exchange.usdt.address]
        for account in ("fees", *TRADERS):
            purses = [self.reference.purses[account, asset] for asset in ("base", "quote")]
            holder = FEES if account == "fees" else account
            balances = self.exchange.stage.view(self.exchange.vault, "balances", holder, tokens)
            assert balances == [amount for purse in purses for amount in (purse.free, purse.locked)], account
        for trader in TRADERS:
            assert tuple(self.exchange.view("remainderOf", trader)) == self.reference.pending.get(trader, (0, 0))

    def assert_same_books(self) -> None:
        for side in (BUY, SELL):
            words = [
                word
                for at in self.exchange.view("levels", side, 100)[::2]
                for word in self.exchange.view("queue", side, at)
            ]
            line = [(self._number(word >> 80), word >> 8 & 2**24 - 1, word >> 32 & 2**48 - 1) for word in words]
            assert line == self.reference.line(side)


def test_spot_book__random_actions__does_as_a_plain_book_does(stage: Stage, pytestconfig: pytest.Config) -> None:
    size = pytestconfig.getoption("--fuzz-size")
    sequences, length = SIZES[size]
    done: Counter[str] = Counter()
    pair = Pair(stage)
    start = deepcopy(pair.reference)

    @settings(
        max_examples=sequences,
        derandomize=size == "small",
        database=None,
        # Shrinking a failure takes minutes, and the step that failed is named without it.
        phases=[Phase.generate] if size == "small" else [Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(_ACTION, min_size=length, max_size=length))
    def both_do_the_same(actions: list[Action]) -> None:
        with stage.chain.rolled_back():
            pair.reference, pair.identifiers = deepcopy(start), {}
            for action in actions:
                done.update(pair.step(action))
            pair.assert_same_books()

    both_do_the_same()
    assert set(done) >= OUTCOMES
