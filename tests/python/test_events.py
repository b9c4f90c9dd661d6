"""Events of a scenario: what is refused before anything starts, when each is made, and by which call of its owner."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cascade.agents.event_calls import calls_of
from cascade.agents.events import Events
from cascade.agents.market_poster import MarketPoster
from cascade.chain.local import address_of
from cascade.errors import ScenarioError
from cascade.observation import BlockView
from cascade.scenario.condition import parse_comparison
from cascade.scenario.load import load_scenario
from cascade.scenario.model import EventSpec, MarketPosterSpec
from cascade.toolchain.paths import project_root

from .agent_views import E8, View, contract, world

UNWIND = project_root() / "scenarios" / "usde-unwind.yaml"
EXCHANGE = project_root() / "scenarios" / "maker-cascade.yaml"
START = datetime(2025, 10, 10, 20, 45, tzinfo=UTC)
OPEN: dict[str, Any] = {"kind": "redemption", "venue": "usde-minting", "open": True}
FREEZE: dict[str, Any] = {"kind": "reserve", "asset": "USDe", "frozen": True}
HALT: dict[str, Any] = {"kind": "halt", "book": "ALT-USDC", "halted": True}


def loaded(file: Any = UNWIND, **events: dict[str, Any]) -> dict[str, EventSpec]:
    return load_scenario(file, set={f"events.{name}": event for name, event in events.items()}).spec.events


# --- Conditions


@pytest.mark.parametrize(
    ("text", "figure", "holds"),
    [
        ("spot:usde-usdc < 0.9", "0.9", False),
        ("spot:usde-usdc < 0.9", "0.899999999999999999", True),
        ("spot:usde-usdc <= 0.9", "0.9", True),
        ("spot:usde-usdc >= 0.9", "0.9", True),
        ("spot:usde-usdc > 0.9", "0.9", False),
        ("unhealthy == 1_000", "1000", True),
    ],
)
def test_comparison__value_at_the_line__is_compared_exactly(text: str, figure: str, holds: bool) -> None:
    assert parse_comparison(text).holds_for(Decimal(figure)) is holds


@pytest.mark.parametrize("text", ["spot:pool < price", "0.9 > spot:pool", "__import__('os') > 1", "spot:pool", ""])
def test_comparison__of_another_form__is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected FIGURE"):
        parse_comparison(text)


# --- Refusals


@pytest.mark.parametrize(
    ("event", "key", "says"),
    [
        ({**OPEN, "step": 0, "venue": "usde-usdc"}, "venue", "expected a venue of kind par-mint"),
        ({**OPEN, "step": 0, "venue": "nowhere"}, "venue", "unknown venue"),
        ({**OPEN, "step": 0, "open": False, "limit_per_block": 5}, "limit_per_block", "redemption is closed"),
        ({**OPEN, "step": 0, "limit_per_block": 1e-19}, "limit_per_block", "decimals"),
        ({**OPEN, "step": 601}, "step", "expected within the run, 2025-10-10T20:45:00Z to 2025-10-10T22:45:00Z"),
        ({**OPEN, "step": 600, "delay_seconds": 1}, "step", "with its delay of 1 s at 2025-10-10T22:45:01Z"),
        ({**OPEN, "at": START - timedelta(seconds=1)}, "at", "expected within the run"),
        ({**OPEN, "after": "nobody"}, "after", "unknown event"),
        ({**OPEN, "after": "tried"}, "after", "events wait for each other: tried -> tried"),
        ({**OPEN, "when": "spot:usde-usdc < 0"}, "when", "can never hold"),
        ({**OPEN, "when": "oracle:USDe < -1"}, "when", "can never hold"),
        ({**OPEN, "when": "path:WETH < 3460.22"}, "when", "can never hold: the path is 3460.22"),
        ({**OPEN, "when": "path:WETH <= 3460.22", "delay_seconds": 7200}, "when", "expected within the run"),
        ({**OPEN, "when": "price of USDe < 1"}, "when", "expected FIGURE"),
        ({**OPEN, "when": "mood:USDe < 1"}, "when", "unknown figure"),
        ({**OPEN, "when": "oracle:BTC < 1"}, "when", "has no price source"),
        ({**OPEN, "when": "index:USDE < 1"}, "when", "there is no exchange"),
        ({**OPEN}, "", "needs one of at, step, when and after, and has none"),
        ({**OPEN, "step": 1, "at": START}, "", "has at and step"),
        ({**FREEZE, "step": 0, "asset": "BTC"}, "asset", "expected an asset of lending.reserves"),
        ({"kind": "reserve", "asset": "USDe", "step": 0}, "", "sets nothing"),
        ({**FREEZE, "step": 0, "ltv_zero": False}, "ltv_zero", "a frozen reserve has an LTV of 0"),
        ({"kind": "transfers", "open": False, "step": 0}, "", "there is no exchange"),
        ({"kind": "feed", "asset": "USDC", "frozen": True, "step": 0}, "asset", "no agent posts its price"),
        ({"kind": "oracle", "asset": "USDe", "source": {"kind": "posted"}, "step": 0}, "source", "another kind"),
        ({"kind": "emode", "mode": 1, "ltv_bps": 1, "liquidation_threshold_bps": 2, "liquidation_bonus_bps": 1,
          "step": 0}, "mode", "unknown mode"),
        ({"kind": "collateral", "asset": "USDe", "ltv_bps": 9000, "liquidation_threshold_bps": 9600,
          "liquidation_bonus_bps": 500, "step": 0}, "liquidation_bonus_bps", "expected at most 416"),
        ({"kind": "strike", "step": 0}, "kind", "unknown kind"),
    ],
)  # fmt: skip
def test_events__that_cannot_be_made__are_refused_in_one_line(event: dict[str, Any], key: str, says: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        loaded(tried=event)

    text = str(refusal.value)
    assert text.startswith(f"usde-unwind.yaml: events.tried{f'.{key}' if key else ''}"), text
    assert says in text
    assert "\n" not in text


def test_events__transfers_beside_the_period_that_closes_them__are_refused() -> None:
    period = {"degraded_from": START + timedelta(minutes=10), "degraded_until": START + timedelta(minutes=20)}
    change = {"exchange.transfers": period, "events.closes": {"kind": "transfers", "open": False, "step": 0}}
    with pytest.raises(ScenarioError, match=r"exchange\.transfers closes and opens them already"):
        load_scenario(EXCHANGE, set=change)


def test_events__in_a_circle_of_three__are_refused_with_the_circle() -> None:
    with pytest.raises(ScenarioError, match="events wait for each other: a -> b -> c -> a"):
        loaded(a={**OPEN, "after": "b"}, b={**OPEN, "after": "c"}, c={**OPEN, "after": "a"})


# --- When they are made


@dataclass
class Moment:
    """What the owners see before a block: its time, and the pool's price after the block before."""

    next_timestamp: int
    spot: int = 10**18
    world: Any = field(
        default_factory=lambda: SimpleNamespace(
            scenario=SimpleNamespace(spec=load_scenario(UNWIND).spec),
            venues={"usde-minting": SimpleNamespace(contract=contract("minting"))},
        )
    )

    def spot_price_wad(self, venue: str) -> int:
        assert venue == "usde-usdc"
        return self.spot


def made(events: dict[str, EventSpec], spots: list[int]) -> list[list[str]]:
    """Names of the events that are made before each block, given the price before each."""
    timeline = load_scenario(UNWIND).spec.timeline
    agent, found = Events(events, timeline), []
    for step, spot in enumerate(spots):
        moment = cast(BlockView, Moment(timeline.time_of(step), spot))
        proposals = agent.propose(agent.see(moment))
        assert all(proposal.sender == address_of("deployer") for proposal in proposals)
        found.append(list(dict.fromkeys(proposal.event for proposal in proposals)))
    return found


def test_events__at_a_time_and_at_a_step__are_made_in_the_first_block_that_is_not_before() -> None:
    # Blocks are 12 seconds apart: 25 seconds after the start lies between steps 2 and 3.
    events = loaded(timed={**OPEN, "at": START + timedelta(seconds=25)}, stepped={**OPEN, "step": 1})
    assert made(events, [10**18] * 5) == [[], ["stepped"], [], ["timed"], []]


def test_events__condition__is_made_once_and_stays_made() -> None:
    events = loaded(opened={**OPEN, "when": "spot:usde-usdc < 0.9"})
    line = 9 * 10**17
    assert made(events, [10**18, line, line - 1, 10**18, 1]) == [[], [], ["opened"], [], []]


def test_events__delay_after_a_condition__counts_from_when_it_first_held() -> None:
    # The price recovers at once: the decision has been taken all the same. 30 seconds are three blocks, rounded up.
    events = loaded(opened={**OPEN, "when": "spot:usde-usdc < 0.9", "delay_seconds": 30})
    assert made(events, [10**18, 1, 10**18, 10**18, 10**18, 10**18]) == [[], [], [], [], ["opened"], []]


def test_events__two_conditions__must_hold_together() -> None:
    events = loaded(opened={**OPEN, "when": "spot:usde-usdc < 0.9 and spot:usde-usdc > 0.8"})
    assert made(events, [10**18, 7 * 10**17, 85 * 10**16]) == [[], [], ["opened"]]


def test_events__one_after_another__is_made_in_a_later_block_whichever_is_stated_first() -> None:
    events = loaded(second={**OPEN, "after": "first"}, first={**OPEN, "step": 1}, third={**OPEN, "after": "second"})
    assert made(events, [10**18] * 5) == [[], ["first"], ["second"], ["third"], []]


def test_events__price_that_there_is_none_of__holds_no_condition() -> None:
    events = loaded(opened={**OPEN, "when": "spot:usde-usdc < 0.9"})
    assert made(events, [0, 0]) == [[], []]


# --- Calls


def test_calls__redemption__set_fee_and_limits_or_close_both_ways() -> None:
    moment = Moment(0)
    opens = loaded(one={**OPEN, "step": 0, "limit_per_block": 2, "fee_bps": 10})["one"]
    closes = loaded(one={**OPEN, "step": 0, "open": False})["one"]
    assert [call[2:] for call in calls_of("one", opens, moment.world, timestamp=0)] == [
        ("setFees", (0, 10)),
        ("setMaxRedeemPerBlock", (2 * 10**18,)),
        ("setMaxMintPerBlock", (2**256 - 1,)),
    ]
    assert [call[2:] for call in calls_of("one", closes, moment.world, timestamp=0)] == [("disableMintRedeem", ())]


def test_calls__halt__lasts_its_seconds_or_until_it_is_ended() -> None:
    book = SimpleNamespace(contract=contract("book"))
    exchange = SimpleNamespace(books={"ALT-USDC": book})
    there = cast(Any, SimpleNamespace(require_exchange=lambda: exchange, scenario=SimpleNamespace(spec=None)))
    events = loaded(
        EXCHANGE,
        timed={**HALT, "step": 0, "seconds": 60},
        ended={**HALT, "after": "timed", "halted": False},
    )
    for name, until in (("timed", 1060), ("ended", 0)):
        ((sender, at, function, arguments),) = calls_of(name, events[name], there, timestamp=1000)
        assert (sender, at, function) == (address_of("exchange"), book.contract, "setHalt")
        assert arguments == (until,)


# --- Frozen feeds


def test_market_poster__frozen_feed__posts_nothing() -> None:
    spec = MarketPosterSpec(kind="market-poster", asset="USDe", venue="pool", deviation_bps=50, heartbeat_seconds=60)
    poster = MarketPoster("poster", spec)
    view = View(world(), spot_wad=9 * 10**17, oracle_e8={"USDe": E8, "USDC": E8, "WETH": 4000 * E8})
    assert poster.propose(poster.see(cast(BlockView, view)))
    view.frozen_feeds = ("USDe",)
    assert not poster.propose(poster.see(cast(BlockView, view)))
