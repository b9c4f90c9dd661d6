"""Basis traders: spot held against contracts short, and quotes kept up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cascade.agents.basis_trader import BasisTrader
from cascade.chain.local import address_of
from cascade.observation import Balance, PerpPosition
from cascade.scenario.model import BasisTraderSpec
from cascade.world.exchange import BUY, SELL

from .exchange_views import ALT, USDC, SetUp, View, asked, at_margin, book_at, exchange

# A contract is 10 ALT, 1,000 lots.
LOTS_A_CONTRACT = 1_000
QUOTE = (0, 50, 50, 10)


def trader(*, size: int = -8, **keys: Any) -> tuple[BasisTrader, View]:
    """A trader that others sold it contracts to (bought from, where negative) in set-up; hedged."""
    spec = BasisTraderSpec.model_validate(
        {
            "kind": "basis-trader",
            "market": "alt-perp",
            "cash": 500,
            "quote_contracts": 50,
            "max_hedge_contracts": 5,
            **keys,
        }
    )
    world = SetUp(exchange())
    world.enrol("basis-0", cohort="basis")
    agent = BasisTrader("basis-0", spec)
    agent.prepare(world.as_world)
    world.sizes[agent.address] = size
    agent.hedge(world.as_world)
    return agent, seen(View(world, books={"alt": book_at("0.99", "1.01")}), size=size, base=max(-size, 0) * 10)


def seen(view: View, *, size: int, base: int, step: int = 0, **keys: Any) -> View:
    return replace(
        view,
        step=step,
        positions={address_of("basis-0"): PerpPosition(size, size * 10 * USDC)},
        balances={"ALT": Balance(base * ALT, 0), "USDC": Balance(500 * USDC, 0)},
        **keys,
    )


def orders(agent: BasisTrader, view: View) -> list[tuple[int, int]]:
    """Sides and lots of its market orders."""
    placed = [p for p in asked(agent, view) if p.function == "placeMarket"]
    assert all(p.contract.address == view.world.exchange.books["alt"].contract.address for p in placed)
    return [(p.arguments[0], p.arguments[1]) for p in placed]


@pytest.mark.parametrize(("size", "base"), [(-8, 80), (0, None), (6, None)])
def test_set_up__pays_in_cash_and_the_base_of_what_it_is_short(size: int, base: int | None) -> None:
    agent, view = trader(size=size)

    expected = {(agent.address, "USDC"): 500 * USDC}
    if base is not None:
        expected[agent.address, "ALT"] = base * ALT
    assert view.world.minted == expected
    assert view.world.sent_as("quotePerp") == [QUOTE, QUOTE]


def test_hedged__proposes_nothing() -> None:
    agent, view = trader()

    assert asked(agent, view) == []


def test_sold_contracts__sells_spot_and_quotes_again() -> None:
    agent, view = trader()
    # Longs of 3 contracts were closed against its bid: 5 short, 80 ALT held, 30 too many.
    closed = seen(view, size=-5, base=80)

    quote, hedge = asked(agent, closed)

    assert (quote.function, quote.arguments, quote.intent) == ("quotePerp", QUOTE, "quote")
    assert (hedge.function, hedge.arguments[:2], hedge.intent) == ("placeMarket", (SELL, 3 * LOTS_A_CONTRACT), "hedge")
    assert asked(agent, seen(view, size=-5, base=50, step=1)) == []


def test_bought_contracts__buys_spot() -> None:
    agent, view = trader()

    assert orders(agent, seen(view, size=-10, base=80)) == [(BUY, 2 * LOTS_A_CONTRACT)]


def test_far_from_hedged__trades_the_largest_amount_per_block() -> None:
    agent, view = trader()

    assert orders(agent, seen(view, size=0, base=80)) == [(SELL, 5 * LOTS_A_CONTRACT)]
    assert orders(agent, seen(view, size=-30, base=80, step=1)) == [(BUY, 5 * LOTS_A_CONTRACT)]


def test_net_long__holds_no_spot() -> None:
    agent, view = trader()

    assert orders(agent, seen(view, size=4, base=20)) == [(SELL, 2 * LOTS_A_CONTRACT)]
    assert orders(agent, seen(view, size=4, base=0, step=1)) == []


@pytest.mark.parametrize(
    ("base", "expected"), [(89, []), (90, [(SELL, LOTS_A_CONTRACT)]), (71, []), (70, [(BUY, 1_000)])]
)
def test_hedge_off_by_less_than_a_contract__is_not_traded(base: int, expected: list[tuple[int, int]]) -> None:
    agent, view = trader()

    assert orders(agent, seen(view, size=-8, base=base)) == expected


def test_base_locked_by_an_order__only_what_is_free_is_sold() -> None:
    agent, view = trader()
    locked = replace(
        seen(view, size=-5, base=80), balances={"ALT": Balance(12 * ALT + 1, 68 * ALT), "USDC": Balance(1, 0)}
    )

    assert orders(agent, locked) == [(SELL, 1_200)]


@pytest.mark.parametrize(
    "keys",
    [
        {"books": {"alt": book_at(ask="1.01")}},
        {"books": {"alt": book_at("0.99", "1.01", halted_until=995)}},
        {"pending": [(address_of("basis-0"), SELL, 1)]},
    ],
)
def test_order__that_would_find_no_counterparty_or_revert__is_not_placed(keys: dict[str, Any]) -> None:
    # The exchange's next block comes half a block before the chain's: at 1,000 - 6.
    agent, view = trader()

    assert orders(agent, seen(view, size=-5, base=80, **keys)) == []


@pytest.mark.parametrize(
    "keys", [{"books": {"alt": book_at("0.99", halted_until=994)}}, {"pending": [(address_of("other"), SELL, 1)]}]
)
def test_order__halt_is_over_or_another_is_unfinished__is_placed(keys: dict[str, Any]) -> None:
    agent, view = trader()

    assert orders(agent, seen(view, size=-5, base=80, **keys)) == [(SELL, 3 * LOTS_A_CONTRACT)]


def test_liquidated__proposes_nothing_while_frozen_and_quotes_again_after() -> None:
    agent, view = trader()
    moved = seen(view, size=-5, base=80)

    assert asked(agent, replace(moved, state=at_margin("1", level=3))) == []
    assert asked(agent, replace(moved, step=1, state=at_margin("1.1", level=1), frozen=True)) == []
    assert [p.function for p in asked(agent, replace(moved, step=2))] == ["quotePerp", "placeMarket"]


def test_liquidated_and_released_unchanged__quotes_again() -> None:
    agent, view = trader()

    assert asked(agent, replace(view, state=at_margin("1", level=3))) == []
    (quote,) = asked(agent, replace(view, step=1))
    assert quote.function == "quotePerp"
