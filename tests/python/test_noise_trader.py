"""Noise: how often, which way and how much, and that its stream depends on nothing that happens."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cascade.agents.interface import Proposal
from cascade.agents.noise_traders import NoiseTraders
from cascade.chain.local import address_of
from cascade.observation import Balance
from cascade.scenario.model import NoiseTraderSpec
from cascade.scenario.streams import stream
from cascade.world.exchange import BUY, SELL

from .exchange_views import ALT, LOT, USDC, SetUp, View, asked, book_at, exchange

MEMBERS = ["noise-0", "noise-1", "noise-2"]
BLOCKS = 400


def noise(count: int = 3, **keys: Any) -> tuple[NoiseTraders, View]:
    spec = NoiseTraderSpec.model_validate(
        {
            "kind": "noise-trader",
            "count": count,
            "book": "alt",
            "base": 50,
            "cash": 70,
            "chance_bps": 2_500,
            "order": {"kind": "uniform", "low": 1, "high": 3},
            **keys,
        }
    )
    world = SetUp(exchange())
    world.enrol(*MEMBERS[:count], cohort="noise")
    agent = NoiseTraders("noise", spec, [stream(7, f"agents/{member}") for member in MEMBERS[:count]])
    agent.prepare(world.as_world)
    balances = {"ALT": Balance(50 * ALT, 0), "USDC": Balance(70 * USDC, 0)}
    return agent, View(world, books={"alt": book_at("0.99", "1.01")}, balances=balances)


def played(agent: NoiseTraders, view: View, *, blocks: int = BLOCKS) -> list[list[Proposal]]:
    return [asked(agent, replace(view, step=step)) for step in range(blocks)]


def told(proposals: list[Proposal]) -> list[tuple[str, int, int]]:
    return [(p.sender, p.arguments[0], p.arguments[1]) for p in proposals]


def test_set_up__each_pays_in_what_it_holds() -> None:
    _, view = noise()

    assert view.world.minted == {
        (address_of(member), asset): raw
        for member in MEMBERS
        for asset, raw in (("USDC", 70 * USDC), ("ALT", 50 * ALT))
    }
    assert list(view.world.exchange.accounts.values()) == ["noise"] * 3


def test_orders__by_the_stated_probability__both_sides_and_within_the_sizes() -> None:
    agent, view = noise()
    orders = [order for proposals in played(agent, view) for order in told(proposals)]

    # 1,200 chances of a quarter: 300, with a standard deviation of 15.
    assert 240 < len(orders) < 360
    buys = sum(side == BUY for _, side, _ in orders)
    assert 0.4 < buys / len(orders) < 0.6
    assert {side for _, side, _ in orders} == {BUY, SELL}
    assert all(100 <= lots <= 300 for _, _, lots in orders)
    assert {sender for sender, _, _ in orders} == {address_of(member) for member in MEMBERS}


def test_orders__intent_is_that_of_the_side() -> None:
    agent, view = noise(chance_bps=10_000)
    proposals = [p for block in played(agent, view, blocks=20) for p in block]

    assert all((p.function, p.intent) == ("placeMarket", ("buy", "sell")[p.arguments[0]]) for p in proposals)
    assert len(proposals) == 60


def test_stream__market_moves__change_no_later_draw() -> None:
    agent, view = noise()
    other, _ = noise()
    empty = replace(view, books={"alt": book_at()})

    assert sum(map(len, played(agent, empty, blocks=30))) == 0
    played(other, view, blocks=30)

    assert list(map(told, played(agent, view))) == list(map(told, played(other, view)))


def test_stream__one_more_member__does_not_change_the_others_orders() -> None:
    agent, view = noise()
    fewer, _ = noise(count=2)

    all_three = [told(block) for block in played(agent, view)]
    two = [told(block) for block in played(fewer, view)]

    third = address_of("noise-2")
    assert [[order for order in block if order[0] != third] for block in all_three] == two


@pytest.mark.parametrize(
    ("keys", "sides"),
    [
        ({"balances": {"USDC": Balance(70 * USDC, 0)}}, {BUY}),
        ({"balances": {"ALT": Balance(50 * ALT, 0)}}, {SELL}),
        ({"books": {"alt": book_at("0.99")}}, {SELL}),
        ({"books": {"alt": book_at(ask="1.01")}}, {BUY}),
        ({"books": {"alt": book_at("0.99", "1.01", halted_until=10**9)}}, set()),
        ({"pending": [(address_of(member), SELL, 1) for member in MEMBERS]}, set()),
    ],
)
def test_order__that_cannot_be_filled_or_paid__is_not_placed(keys: dict[str, Any], sides: set[int]) -> None:
    agent, view = noise()

    assert {side for block in played(agent, replace(view, **keys)) for _, side, _ in told(block)} == sides


def test_sale__of_more_than_it_holds__is_cut_to_that() -> None:
    agent, view = noise(chance_bps=10_000)
    poor = replace(view, balances={"ALT": Balance(7 * LOT + 1, 0)})

    assert {lots for block in played(agent, poor, blocks=20) for _, _, lots in told(block)} == {7}


def test_members__that_differ__hold_and_trade_as_drawn_for_each() -> None:
    world = SetUp(exchange())
    world.enrol(*MEMBERS[:2], cohort="noise")
    agent, view = noise(2)
    members = [
        agent.spec.model_copy(update={"base": Decimal(base), "cash": Decimal(cash), "chance_bps": chance})
        for base, cash, chance in ((1, 2, 1), (3, 4, 10_000))
    ]
    differing = NoiseTraders("noise", agent.spec, [stream(7, f"agents/{member}") for member in MEMBERS[:2]], members)
    differing.prepare(world.as_world)
    first, second = (address_of(member) for member in MEMBERS[:2])

    assert world.minted == {
        (first, "ALT"): 1 * ALT,
        (first, "USDC"): 2 * USDC,
        (second, "ALT"): 3 * ALT,
        (second, "USDC"): 4 * USDC,
    }
    orders = played(differing, replace(view, world=world), blocks=20)
    assert all([proposal.sender for proposal in block] == [second] for block in orders)
