"""Holders who sell for cash, and borrowers of the desk: when, how much, at what price, and what is set up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cascade.agents.desk_borrower import DeskBorrower
from cascade.agents.holder_exit import HolderExit
from cascade.chain.local import address_of
from cascade.observation import Balance
from cascade.scenario.model import DeskBorrowerSpec, HolderExitSpec
from cascade.scenario.streams import stream
from cascade.world.exchange import SELL

from .exchange_views import ALT, LOT, USDC, SetUp, View, asked, book_at, contract, exchange, price

IMMEDIATE_OR_CANCEL = 1
NAME = "holders-0"
BEGIN_SECONDS = 120
"""From the view's first block on, whose time is the timeline's start."""


def holder(**keys: Any) -> tuple[HolderExit, View]:
    spec = HolderExitSpec.model_validate(
        {
            "kind": "holder-exit",
            "book": "alt",
            "base": 100,
            "sell_blocks": 8,
            "begin_seconds": {"kind": "fixed", "value": BEGIN_SECONDS},
            **keys,
        }
    )
    world = SetUp(exchange())
    world.scenario.spec.timeline.start_timestamp = 1_000
    world.enrol(NAME, cohort="holders")
    agent = HolderExit(NAME, spec, stream(7, f"agents/{NAME}"))
    agent.prepare(world.as_world)
    view = View(world, books={"alt": book_at("0.95")}, balances={"ALT": Balance(100 * ALT, 0)})
    return agent, replace(view, step=BEGIN_SECONDS // 12)


def test_holder__pays_in_what_it_holds() -> None:
    _, view = holder()

    assert view.world.minted == {(address_of(NAME), "ALT"): 100 * ALT}
    assert view.world.exchange.accounts == {address_of(NAME): "holders"}


def test_holder__from_its_time_on__sells_an_equal_part_at_any_price() -> None:
    agent, view = holder()
    (order,) = asked(agent, view)

    assert (order.function, order.sender) == ("placeLimit", address_of(NAME))
    # An eighth of 100 ALT, in lots of 0.01, at a tick or better.
    assert order.arguments == (SELL, 100, 1_250, IMMEDIATE_OR_CANCEL)


def test_holder__a_block_before_its_time__waits() -> None:
    agent, view = holder()

    assert asked(agent, replace(view, step=view.step - 1)) == []


@pytest.mark.parametrize(("bid", "sells"), [("0.9000", True), ("0.8999", False), ("", False)])
def test_holder__with_a_floor__sells_at_it_or_above(bid: str, sells: bool) -> None:
    agent, view = holder(not_below=0.9)
    orders = asked(agent, replace(view, books={"alt": book_at(bid)}))

    assert [order.arguments[1] for order in orders] == ([price("0.9")] if sells else [])


def test_holder__less_left_than_one_part__sells_the_rest_and_stops() -> None:
    agent, view = holder()

    (last,) = asked(agent, replace(view, balances={"ALT": Balance(3 * LOT + 1, 0)}))
    assert last.arguments[2] == 3
    assert asked(agent, replace(view, balances={"ALT": Balance(LOT - 1, 0)})) == []


def borrower(world: Any) -> DeskBorrower:
    spec = DeskBorrowerSpec.model_validate(
        {
            "kind": "desk-borrower",
            "line": "alt",
            "pledge": {"kind": "fixed", "value": 400},
            "ltv": {"kind": "fixed", "value": 0.6},
        }
    )
    return DeskBorrower("borrowers-0", spec, stream(7, "agents/borrowers-0"))


def test_borrower__pledges_borrows_by_the_desk_s_index_and_takes_the_stables_out() -> None:
    world = SetUp(exchange())
    world.enrol("borrowers-0", cohort="borrowers")
    made = world.exchange
    made.desk, made.lines = contract("desk"), {"alt": 3}
    made.index_feeds = {"alt": contract("index")}
    world.chain.call = lambda feed, function: 80_000_000  # 0.80 dollars
    agent = borrower(world)
    agent.prepare(world.as_world)
    agent.open(world.as_world)

    # 400 ALT at 0.80 are worth 320 dollars, of which 60 % are lent.
    assert world.sent_as("borrow") == [(3, 400 * ALT, 192 * USDC)]
    assert world.sent_as("withdraw") == [(world.tokens["USDC"].address, 192 * USDC)]
    assert list(agent.propose(None)) == []
