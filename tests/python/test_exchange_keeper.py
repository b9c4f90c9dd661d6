"""The exchange's engine: whom it calls, what it sells, in which order, and which calls it does not waste."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cascade.agents.exchange_keeper import ExchangeKeeper
from cascade.agents.interface import Proposal
from cascade.chain.local import address_of
from cascade.observation.exchange_view import Balance, DeskLoan, MarginAccount
from cascade.scenario.model import ExchangeKeeperSpec

from .agent_views import UINT_MAX, USDE, WAD, contract
from .desk_views import LANE, SOUND, ExchangeSight, book_state

SMALL, LARGE, THIRD = sorted(address_of(name) for name in ("small", "large", "third"))
UNDER = replace(SOUND, level=3, uni_mmr_wad=9 * WAD // 10, debt=50)
FROZEN = replace(UNDER, is_liquidating=True)
MARGIN, DESK = contract("margin").address, contract("desk").address
BUY = 0
DEEP = {("alt", BUY): [(10**6, 1_000)]}


def keeper(**keys: Any) -> ExchangeKeeper:
    return ExchangeKeeper("engine", ExchangeKeeperSpec.model_validate({"kind": "exchange-keeper", **keys}))


def proposed(sight: ExchangeSight, **keys: Any) -> Sequence[Proposal]:
    actors = {address: SimpleNamespace(name=f"name of {address}") for address in (SMALL, LARGE, THIRD)}
    view: Any = SimpleNamespace(exchange=sight, world=SimpleNamespace(actors=actors))
    agent = keeper(**keys)
    return agent.propose(agent.see(view))


def calls(sight: ExchangeSight, **keys: Any) -> list[tuple[Any, ...]]:
    return [(proposal.function, *proposal.arguments) for proposal in proposed(sight, **keys)]


def held(**lots: int) -> dict[tuple[str, str], Balance]:
    return {(SMALL, asset): Balance(amount * USDE, 0) for asset, amount in lots.items()}


# --- Accounts


def test_accounts__at_the_liquidation_level__are_called_the_largest_debt_first() -> None:
    sight = ExchangeSight(accounts={SMALL: UNDER, THIRD: replace(SOUND, level=2), LARGE: replace(UNDER, debt=51)})

    first, second = proposed(sight, max_steps=3, max_fills=7)
    assert (first.function, first.arguments) == ("liquidateAccount", (MARGIN, LARGE, 3, 7))
    assert (second.function, second.arguments) == ("liquidateAccount", (MARGIN, SMALL, 3, 7))
    assert first.contract.address == contract("engine").address
    assert (first.sender, first.intent) == (address_of("engine"), "liquidate-account")
    assert first.reason == f"name of {LARGE}: uniMMR 0.9000"


def test_accounts__switched_off__are_not_liquidated() -> None:
    assert calls(ExchangeSight(accounts={SMALL: UNDER}), accounts=False) == []


@pytest.mark.parametrize(("paused_until", "called"), [(LANE, True), (LANE + 1, False)])
def test_account__paused__is_called_when_the_pause_is_over(paused_until: int, called: bool) -> None:
    sight = ExchangeSight(accounts={SMALL: replace(FROZEN, paused_until=paused_until)}, balances=held(WETH=5))

    assert (calls(sight) != []) == called


@pytest.mark.parametrize(
    ("account", "lots", "states", "called"),
    [
        (FROZEN, {"WETH": 5}, {}, True),
        (FROZEN, {"WETH": 5}, {"alt": book_state(ask=1)}, False),
        (FROZEN, {"WETH": 5}, {"alt": book_state(bid=1, halted_until=LANE)}, True),
        (FROZEN, {"WETH": 5}, {"alt": book_state(bid=1, halted_until=LANE + 1)}, False),
        (FROZEN, {"WETH": 5, "USDe": 1}, {"alt": book_state(ask=1)}, True),
        (FROZEN, {}, {}, False),
        (replace(FROZEN, notional=1), {}, {}, True),
        (replace(FROZEN, equity=0), {}, {}, True),
        (replace(FROZEN, level=0), {}, {}, True),
        (replace(FROZEN, level=1), {}, {}, False),
        (replace(UNDER, level=2), {"WETH": 5}, {}, False),
        (UNDER, {}, {"alt": book_state(ask=1)}, True),
    ],
)
def test_account__being_liquidated__is_called_only_where_a_call_has_an_effect(
    account: MarginAccount, lots: dict[str, int], states: dict[str, Any], called: bool
) -> None:
    sight = ExchangeSight(accounts={SMALL: account}, balances=held(**lots), states=states)

    assert [function for function, *_ in calls(sight)] == ["liquidateAccount"] * called


# --- Loans; lines at 65, 75 and 83 %


@pytest.mark.parametrize(
    ("ltv_bps", "deadline", "called"),
    [
        (7499, 0, []),
        (7500, 0, ["callMargin"]),
        (8299, 0, ["callMargin"]),
        (8300, 0, ["liquidateLoan"]),
        (7500, LANE, []),
        (7500, LANE - 1, ["liquidateLoan"]),
        (8300, LANE + 9, ["liquidateLoan"]),
        (7499, LANE + 9, ["endCall"]),
        (7499, LANE - 9, ["endCall"]),
    ],
)
def test_loan__by_its_ltv_and_deadline__is_called_sold_or_released(
    ltv_bps: int, deadline: int, called: list[str]
) -> None:
    sight = ExchangeSight(loans={SMALL: DeskLoan(100 * USDE, 50, ltv_bps, deadline)}, offers={SMALL: 5}, ladders=DEEP)

    arguments: dict[str, tuple[Any, ...]] = dict.fromkeys(("callMargin", "endCall"), (DESK, 3, SMALL))
    arguments["liquidateLoan"] = (DESK, 3, SMALL, 100)
    assert calls(sight) == [(function, *arguments[function]) for function in called]
    assert calls(sight, desk=False) == []


@pytest.mark.parametrize(("paused_until", "called"), [(LANE, ["liquidateLoan"]), (LANE + 1, [])])
def test_loan__paused__is_sold_when_the_pause_is_over(paused_until: int, called: list[str]) -> None:
    sight = ExchangeSight(
        loans={SMALL: DeskLoan(100 * USDE, 50, 9000, 1, paused_until)}, offers={SMALL: 5}, ladders=DEEP
    )

    assert [function for function, *_ in calls(sight)] == called


@pytest.mark.parametrize(
    "sight",
    [
        {"ladders": {}},
        {"ladders": DEEP, "states": {"alt": book_state(bid=1, halted_until=LANE + 1)}},
    ],
)
def test_loan__whose_pledge_has_no_bids__is_called_once_and_not_sold(sight: dict[str, Any]) -> None:
    loan = DeskLoan(100 * USDE, 50, 9000, 0)

    assert calls(ExchangeSight(loans={SMALL: loan}, offers={SMALL: 5}, **sight)) == [("callMargin", DESK, 3, SMALL)]
    called = ExchangeSight(loans={SMALL: replace(loan, deadline=LANE)}, offers={SMALL: 5}, **sight)
    assert calls(called) == []


def test_loans__more_than_the_book_takes__are_sold_until_nothing_is_bid() -> None:
    loans = {
        SMALL: DeskLoan(100 * USDE, 50, 9000, 1), LARGE: DeskLoan(100 * USDE, 70, 9000, 1),
        THIRD: DeskLoan(100 * USDE, 60, 9000, 1),
    }  # fmt: skip
    sight = ExchangeSight(
        loans=loans, offers={SMALL: 600, LARGE: 999, THIRD: 600}, ladders={("alt", BUY): [(10**6, 400), (10**5, 600)]}
    )

    # The largest leaves one lot of 1,000, which the next one still may sell.
    assert [account for _, _, _, account, *_ in calls(sight)] == [LARGE, THIRD]


@pytest.mark.parametrize(("bid", "sold"), [(500, False), (501, True)])
def test_loan__behind_an_account_that_sells_into_the_same_book__gets_what_that_leaves(bid: int, sold: bool) -> None:
    # The account offers half of its 1,000 first.
    sight = ExchangeSight(
        accounts={SMALL: FROZEN},
        balances=held(WETH=1_000),
        loans={LARGE: DeskLoan(USDE, 50, 9000, LANE)},
        offers={LARGE: 5},
        ladders={("alt", BUY): [(10**6, bid)]},
    )

    assert ("liquidateLoan", DESK, 3, LARGE, 100) in calls(sight) if sold else len(calls(sight)) == 1


def test_loan__of_less_than_a_lot__is_settled_without_a_bid() -> None:
    sight = ExchangeSight(
        loans={SMALL: DeskLoan(USDE - 1, 50, UINT_MAX, 1)}, offers={SMALL: 0}, states={"alt": book_state(ask=1)}
    )

    assert calls(sight) == [("liquidateLoan", DESK, 3, SMALL, 100)]


def test_loan__without_a_price__is_left_alone() -> None:
    sight = ExchangeSight(
        loans={SMALL: DeskLoan(100 * USDE, 50, UINT_MAX, 0)}, states={"alt": replace(book_state(), index=0)}
    )

    assert calls(sight) == []


# --- Market orders


def test_market_orders__unfinished__go_on_where_orders_meet() -> None:
    pending = {"alt": [(SMALL, 1, 5)], "usde": [(LARGE, 0, 5)]}
    sight = ExchangeSight(pending=pending, states={"usde": book_state(bid=1, halted_until=LANE + 1)})

    (proposal,) = proposed(sight, max_fills=9)
    assert (proposal.function, proposal.arguments) == ("continueMarket", (contract("book alt").address, SMALL, 9))


def test_market_order__of_an_account_whose_liquidation_begins__is_not_carried_on() -> None:
    beginning = ExchangeSight(pending={"alt": [(SMALL, 1, 5)]}, accounts={SMALL: UNDER})

    # To begin cancels it; the engine knows no other call of its own that would.
    assert [function for function, *_ in calls(beginning)] == ["liquidateAccount"]
