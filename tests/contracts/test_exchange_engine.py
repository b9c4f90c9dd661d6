"""ExchangeEngine: makes a call that is still due, and does nothing, without a revert, where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.chain.local import Contract, Receipt, address_of

from ..conftest import Stage
from .exchange_world import ALT, EXCHANGE, IOC, MAKER, SELL, TAKER, USDT, price
from .margin_world import MANY, OWNER, Margin, indebted, rules
from .test_loan_desk import HOUR, WHALE, Desk, terms

CALLER = address_of("engine")
DESK_EVENTS = {"MarginCalled", "MarginCallMet", "LoanLiquidated"}
MARGIN_EVENTS = {"LiquidationStarted", "CollateralSold", "LiquidationEnded"}


class Engine:
    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.contract: Contract = stage.deploy("ExchangeEngine")

    def act(self, function: str, *arguments: Any, timestamp: int | None = None) -> set[str]:
        """Names of the events of a call, which must not revert, and answers whether it did anything."""
        at = timestamp or self.stage.chain.timestamp + 1
        answer = self.stage.view(self.contract, function, *arguments, timestamp=at)
        receipt: Receipt = self.stage.send(self.contract, function, *arguments, sender=CALLER, timestamp=timestamp)
        assert answer is bool(receipt.logs)
        return {log.event for log in receipt.logs}


@pytest.fixture
def engine(stage: Stage) -> Engine:
    return Engine(stage)


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage)


# --- The desk: 1,000 ALT pledged for 650 USDT. LTVs are rounded up: called under 0.86678, sold under 0.78323


def loan_call(engine: Engine, desk: Desk, function: str, *more: int, timestamp: int | None = None) -> set[str]:
    return engine.act(function, desk.desk.address, 0, WHALE, *more, timestamp=timestamp) & DESK_EVENTS


@pytest.mark.parametrize(("dollars", "called"), [(0.8668, False), (0.8667, True)])
def test_call_margin__below_or_at_the_line__does_nothing_or_calls(
    engine: Engine, desk: Desk, dollars: float, called: bool
) -> None:
    desk.post(dollars)

    assert loan_call(engine, desk, "callMargin") == ({"MarginCalled"} if called else set())
    assert loan_call(engine, desk, "callMargin") == set(), "once"


@pytest.mark.parametrize(("dollars", "lifted"), [(0.8668, True), (0.8667, False)])
def test_end_call__below_or_at_the_line__lifts_it_or_does_nothing(
    engine: Engine, desk: Desk, dollars: float, lifted: bool
) -> None:
    assert loan_call(engine, desk, "endCall") == set(), "none stands"
    desk.post(0.8)
    loan_call(engine, desk, "callMargin")
    desk.post(dollars)

    assert loan_call(engine, desk, "endCall") == ({"MarginCallMet"} if lifted else set())


@pytest.mark.parametrize(("dollars", "sold"), [(0.7833, False), (0.7832, True)])
def test_liquidate_loan__at_or_below_the_line__sells_or_does_nothing(
    engine: Engine, desk: Desk, dollars: float, sold: bool
) -> None:
    desk.bid(dollars, 100_000)
    desk.post(dollars)

    assert loan_call(engine, desk, "liquidateLoan", 100) == ({"LoanLiquidated"} if sold else set())
    assert (desk.loan()[0] < 1_000 * ALT) == sold


def test_liquidate_loan__deadline_passed__sells_after_it_and_not_at_it(engine: Engine, desk: Desk) -> None:
    desk.bid(0.8, 100_000)
    desk.post(0.8)
    loan_call(engine, desk, "callMargin")
    deadline = desk.loan()[3]
    assert deadline == desk.stage.chain.timestamp + HOUR

    assert loan_call(engine, desk, "liquidateLoan", 100, timestamp=deadline) == set()
    assert loan_call(engine, desk, "liquidateLoan", 100, timestamp=deadline + 1) >= {"LoanLiquidated"}


def test_liquidate_loan__book_without_bids__does_nothing(engine: Engine, desk: Desk) -> None:
    desk.post(0.7)

    assert loan_call(engine, desk, "liquidateLoan", 100) == set()
    assert desk.loan()[:2] == (1_000 * ALT, 650 * USDT)


def test_liquidate_loan__paused__waits(engine: Engine, desk: Desk) -> None:
    desk.own("setTerms", 0, terms(share_bps=10_00, pause=30))
    desk.bid(0.66, 100_000)
    desk.post(0.66)
    assert loan_call(engine, desk, "liquidateLoan", 100) == {"LoanLiquidated"}
    until = desk.paused_until()

    assert loan_call(engine, desk, "liquidateLoan", 100, timestamp=until - 1) == set()
    assert loan_call(engine, desk, "liquidateLoan", 100, timestamp=until) == {"LoanLiquidated"}


def test_liquidate_loan__book_halted__waits(engine: Engine, desk: Desk) -> None:
    desk.exchange.own(desk.exchange.book, "setCircuitBreaker", 10_00, HOUR, 60)
    desk.bid(1, 1)
    desk.exchange.act("placeLimit", SELL, price(1), 1, IOC, sender=TAKER)
    desk.bid(0.66, 100_000)
    desk.post(0.66)
    desk.exchange.act("placeLimit", SELL, price(0.66), 5, IOC, sender=TAKER)
    until = desk.stage.view(desk.exchange.book, "haltedUntil")
    desk.bid(0.95, 100_000)
    assert loan_call(engine, desk, "liquidateLoan", 100, timestamp=until - 1) == set()
    assert loan_call(engine, desk, "liquidateLoan", 100, timestamp=until) == {"LoanLiquidated"}


def test_liquidate_loan__reverts_for_another_reason__reverts_with_it(engine: Engine, desk: Desk) -> None:
    desk.bid(0.7, 100_000)
    desk.post(0.7)
    desk.stage.send(desk.exchange.vault, "setOperator", desk.desk.address, False, sender=EXCHANGE)

    reason = desk.stage.refusal(engine.contract, "liquidateLoan", desk.desk.address, 0, WHALE, 100, sender=CALLER)
    assert reason.startswith("CallerNotOperator")


def test_desk_calls__without_a_price__do_nothing(engine: Engine, desk: Desk) -> None:
    desk.post(0)

    assert loan_call(engine, desk, "callMargin") == set()
    assert loan_call(engine, desk, "endCall") == set()
    assert loan_call(engine, desk, "liquidateLoan", 100) == set()


# --- Unified margin: 1,000 ALT at 70 % for 600, of which the margin is a tenth


def account_call(engine: Engine, margin: Margin, timestamp: int | None = None) -> set[str]:
    arguments = (margin.margin.address, OWNER, MANY, MANY)
    return engine.act("liquidateAccount", *arguments, timestamp=timestamp) & MARGIN_EVENTS


@pytest.mark.parametrize(("dollars", "begun"), [(0.9429, False), (0.9428, True)])
def test_liquidate_account__at_or_above_the_line__begins_or_does_nothing(
    engine: Engine, margin: Margin, dollars: float, begun: bool
) -> None:
    indebted(margin)
    margin.post("ALT", dollars)

    assert account_call(engine, margin) == ({"LiquidationStarted"} if begun else set())
    assert margin.view("isLiquidating", OWNER) is begun


def test_liquidate_account__begun_and_paused__goes_on_over_the_line_after_the_pause(
    engine: Engine, margin: Margin
) -> None:
    margin.own("setRules", rules(slice_bps=5_00, pause=30))
    indebted(margin)
    margin.bid(margin.exchange.book, 0.5, 200_000)
    margin.post("ALT", 0.9)
    assert account_call(engine, margin) == {"LiquidationStarted", "CollateralSold"}
    until = margin.view("pausedUntil", OWNER)
    # 950 ALT at 0.672 less 575 is 1.1 of the maintenance: over the line, and not free. What has begun goes on.
    margin.post("ALT", 0.96)

    assert account_call(engine, margin, until - 1) == set()
    assert account_call(engine, margin, until) == {"CollateralSold"}


# --- Market orders


def test_continue_market__unfinished_order__continues_and_then_does_nothing(engine: Engine, desk: Desk) -> None:
    book = desk.exchange.book
    for _ in range(3):
        desk.bid(0.9, 10)
    desk.exchange.act("placeMarket", SELL, 30, 1, sender=TAKER)

    assert "Trade" in engine.act("continueMarket", book.address, TAKER, 2)
    assert engine.act("continueMarket", book.address, TAKER, 2) == set()


def test_continue_market__cancelled_meanwhile_or_halted__does_nothing(engine: Engine, desk: Desk) -> None:
    book = desk.exchange.book
    desk.exchange.own(book, "setCircuitBreaker", 10_00, HOUR, 60)
    for dollars in (1, 0.99, 0.5):
        desk.bid(dollars, 10)
    desk.exchange.act("placeMarket", SELL, 30, 1, sender=TAKER)
    desk.exchange.act("placeLimit", SELL, price(0.5), 20, IOC, sender=MAKER)
    until = desk.stage.view(book, "haltedUntil")
    desk.bid(0.95, 10)
    assert engine.act("continueMarket", book.address, TAKER, 2, timestamp=until - 1) == set()
    with desk.stage.chain.rolled_back():
        assert "Trade" in engine.act("continueMarket", book.address, TAKER, 2, timestamp=until)
    desk.exchange.act("cancelAll", sender=TAKER)
    assert engine.act("continueMarket", book.address, TAKER, 2, timestamp=until) == set()
