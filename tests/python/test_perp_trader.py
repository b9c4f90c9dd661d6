"""Leveraged retail: what is opened, and when a stop closes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cascade.agents.perp_traders import PerpTraders
from cascade.chain.local import address_of
from cascade.errors import ScenarioError
from cascade.observation import PerpPosition
from cascade.scenario.model import PerpTraderSpec
from cascade.scenario.streams import stream

from .exchange_views import EMPTY, USDC, SetUp, View, asked, at_margin, exchange

MARK = 10 * USDC
FIRST, SECOND = address_of("retail-0"), address_of("retail-1")


def traders(*, seed: int = 1, **keys: Any) -> tuple[PerpTraders, SetUp]:
    spec = PerpTraderSpec.model_validate(
        {
            "kind": "perp-trader",
            "count": 2,
            "market": "alt-perp",
            "equity": {"kind": "fixed", "value": 105},
            "leverage": {"kind": "fixed", "value": 5},
            **keys,
        }
    )
    world = SetUp(exchange(), mark=MARK)
    world.enrol("retail-0", "retail-1", cohort="retail")
    agent = PerpTraders("retail", spec, seed)
    agent.prepare(world.as_world)
    return agent, world


@pytest.mark.parametrize(("side", "contracts", "limit"), [("long", 52, 10_100_000), ("short", -52, 9_900_000)])
def test_open__whole_contracts_of_equity_times_leverage__within_a_per_cent(
    side: str, contracts: int, limit: int
) -> None:
    # 105 x 5 = 525 USDC at 10 a contract.
    agent, world = traders(side=side)
    agent.open(world.as_world)

    assert world.minted == {(FIRST, "USDC"): 105 * USDC, (SECOND, "USDC"): 105 * USDC}
    assert world.exchange.accounts == {FIRST: "retail", SECOND: "retail"}
    assert [arguments[:3] for arguments in world.sent_as("tradePerp")] == [(0, contracts, limit)] * 2


def test_open__equity_and_leverage__are_drawn_for_each() -> None:
    agent, world = traders(
        equity={"kind": "uniform", "low": 100, "high": 200}, leverage={"kind": "uniform", "low": 2, "high": 10}
    )
    agent.open(world.as_world)
    equities, leverages = (stream(1, f"agents/retail/{name}").uniform(0, 1, 2) for name in ("equity", "leverage"))
    equity = [round((100 + 100 * x) * USDC) for x in equities]
    contracts = [int(e * (2 + 8 * x) // MARK) for e, x in zip(equity, leverages, strict=True)]

    assert list(world.minted.values()) == equity
    assert [arguments[1] for arguments in world.sent_as("tradePerp")] == contracts


def test_open__nobody_quotes_as_much__refused_in_one_line() -> None:
    agent, world = traders()
    world.fills = False

    with pytest.raises(ScenarioError, match="retail-0 found quotes for 0 contracts within 1 % of the mark"):
        agent.open(world.as_world)


def test_open__less_than_a_contract__refused_in_one_line() -> None:
    agent, world = traders(equity={"kind": "fixed", "value": 1.99})

    with pytest.raises(ScenarioError, match=r"agents\.retail\.equity = '1\.99': equity times leverage is less than"):
        agent.open(world.as_world)


def in_position(world: SetUp, *, mark: int, first: int = 52, second: int = 0) -> View:
    """The first entered at 10, the second at 12."""
    positions = {FIRST: PerpPosition(first, first * MARK), SECOND: PerpPosition(second, second * 12 * USDC)}
    return View(world, mark=mark, positions=positions, books={"alt": replace(EMPTY, index=1)})


def test_no_stop__waits_for_the_engine() -> None:
    agent, world = traders()

    assert asked(agent, in_position(world, mark=1)) == []


@pytest.mark.parametrize(
    ("size", "mark", "closes"),
    [(52, 9_000_000, True), (52, 9_000_001, False), (-52, 11_000_000, True), (-52, 10_999_999, False), (0, 1, False)],
)
def test_stop__price_so_far_against_the_entry__closes_at_any_price(size: int, mark: int, closes: bool) -> None:
    agent, world = traders(stop_bps=1_000)

    proposals = asked(agent, in_position(world, mark=mark, first=size))

    limit = 0 if size > 0 else 2**256 - 1
    assert [(p.sender, p.function, p.arguments[:3], p.intent) for p in proposals] == [
        (FIRST, "tradePerp", (0, -size, limit), "stop")
    ] * int(closes)


def test_stop__each_by_its_own_entry() -> None:
    agent, world = traders(stop_bps=1_000)

    assert [p.sender for p in asked(agent, in_position(world, mark=10_800_000, second=3))] == [SECOND]


def test_stop__no_price_or_frozen__proposes_nothing() -> None:
    agent, world = traders(stop_bps=1_000)
    view = in_position(world, mark=5 * USDC)

    assert asked(agent, replace(view, books={"alt": replace(EMPTY, index=0)})) == []
    assert asked(agent, replace(view, state=at_margin("0.5", level=3))) == []
    assert asked(agent, replace(view, state=at_margin("1.1", level=1), frozen=True)) == []
    assert [p.sender for p in asked(agent, replace(view, frozen=False))] == [FIRST]


def test_stop__of_each_trader__is_its_own() -> None:
    spec = PerpTraderSpec.model_validate(
        {
            "kind": "perp-trader",
            "count": 2,
            "market": "alt-perp",
            "equity": {"kind": "fixed", "value": 105},
            "leverage": {"kind": "fixed", "value": 5},
            "stop_bps": {"kind": "uniform", "low": 500, "high": 2_000},
        }
    )
    world = SetUp(exchange(), mark=MARK)
    world.enrol("retail-0", "retail-1", cohort="retail")
    members = [spec.model_copy(update={"stop_bps": stop}) for stop in (500, 2_000)]
    agent = PerpTraders("retail", spec, 1, members)
    agent.prepare(world.as_world)
    held = PerpPosition(size=52, entry=52 * 10 * USDC)
    view = View(world, mark=9 * USDC, positions={FIRST: held, SECOND: held}, books={"alt": EMPTY})

    assert [proposal.sender for proposal in asked(agent, view)] == [FIRST]
    assert [proposal.sender for proposal in asked(agent, replace(view, mark=8 * USDC))] == [FIRST, SECOND]
