"""The exchange's engine, a whale of its desk and its arbitrageur on a chain: one small world, quotes by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from cascade import load_scenario
from cascade.agents.interface import MarginNote, Proposal
from cascade.agents.roster import call_agents
from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import Block, LocalChain, Log, Transaction, address_of
from cascade.deployment.conservation import check_conservation
from cascade.deployment.deploy import deploy_world
from cascade.deployment.exchange import DeployedExchange, deposit
from cascade.deployment.world import World
from cascade.engine import Engine
from cascade.observation import BlockView, BookEntry
from cascade.positions.build import build_positions
from cascade.positions.plan import plan_positions

from .conftest import SCENARIOS

USDE, ALT, USDC, WAD = 10**18, 10**18, 10**6, 10**18
START = datetime(2025, 10, 10, 21, 0, tzinfo=UTC)
STEPS = 30
WHALE, BORROWER, QUOTER = "whales-0", "borrower", "quoter"
ENDLESS = 10**9
TIERS = [{"rate_bps": 10_000}]

SCENARIO: dict[str, Any] = {
    "name": "desk", "description": "one whale of the desk, quotes by hand", "sensitivity": {}, "provenance": [],
    "timeline.start": START,
    "timeline.end": START + timedelta(seconds=12 * STEPS),
    "timeline.block_seconds": 12,
    "assets.ALT": {"decimals": 18},
    "positions": {
        "whales": {
            "count": 1, "collateral": "USDe", "debt": "USDC", "venue": "usde-minting",
            "equity": {"kind": "fixed", "value": 100_000}, "rounds": 3,
            "target": {"leverage": {"kind": "fixed", "value": 2}},
            "pledge": {"collateral": "ALT", "ltv": {"kind": "fixed", "value": 0.65}, "line": "alt"},
        }
    },
    "exchange": {
        "cash": "USDC",
        "books": {
            "alt": {
                "base": "ALT", "tick": 0.0001, "lot": 1, "initial_price": 1,
                "reference": {"kind": "fixed", "price": 1},
            },
            "usde": {
                "base": "USDe", "tick": 0.0001, "lot": 1, "initial_price": 1,
                "reference": {"kind": "fixed", "price": 1},
            },
        },
        "desk": {"capital": 1_000_000, "lines": {"alt": {"call_seconds": 120, "rate_bps": 0}}},
        "margin": {
            "capital": 1_000_000,
            "collateral": {"alt": {"tiers": TIERS}, "usde": {"tiers": TIERS}},
            "debt_tiers": [{"rate_bps": 2000}],
            "rules": {"slice_bps": 5000},
        },
    },
    "agents": {
        "engine": {"kind": "exchange-keeper"},
        "owners": {
            "kind": "desk-whale", "cohort": "whales", "venue": "usde-usdc", "reaction_blocks": 0, "tranche_bps": 2000,
        },
    },
    "expect": {"liquidations": "none"},
}  # fmt: skip


class Quoter:
    """Bids and asks without end, one level a side and book, at prices given by step; nothing where none is given."""

    name, role = QUOTER, "maker"

    def __init__(self, script: dict[int, dict[str, Fraction]]) -> None:
        self.script = script

    def prepare(self, world: World) -> None:
        address, exchange = world.enlist(self.name, role=self.role), world.exchange
        assert exchange is not None
        world.chain.fund([address])
        exchange.enrol(address, self.name)
        deposit(world, [(address, "USDC", ENDLESS * USDC), (address, "ALT", ENDLESS * ALT), (address, "USDe", ENDLESS * USDE)])  # fmt: skip
        for name in exchange.books:
            world.setup(
                [(address, exchange.books[name].contract, *self._quote(exchange, name, Fraction(1)))], intent="quote"
            )

    def _quote(self, exchange: DeployedExchange, name: str, middle: Fraction) -> tuple[str, tuple[Any, ...]]:
        book = exchange.books[name]
        price = int(middle * 10_000) * book.tick_raw
        lots = 10**8
        return "requote", ([(price - book.tick_raw, lots)], [(price + book.tick_raw, lots)])

    def see(self, view: BlockView) -> BlockView:
        return view

    def propose(self, sight: BlockView) -> Sequence[Proposal]:
        exchange = sight.exchange.exchange
        found = []
        for name, middle in self.script.get(sight.step, {}).items():
            function, arguments = self._quote(exchange, name, middle)
            found.append(
                Proposal(
                    sender=address_of(self.name), contract=exchange.books[name].contract, function=function,
                    arguments=arguments, gas_limit=10**7, tip_wei=0, intent="quote", reason="", key=name,
                )
            )  # fmt: skip
        return found


@dataclass
class Played:
    """What happened in a run."""

    world: World
    notes: list[MarginNote] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    events: list[tuple[int, Log]] = field(default_factory=list)
    """With the time of their block."""
    sent: list[tuple[Transaction, str]] = field(default_factory=list)
    """With the reason where it reverted."""
    last: BlockView | None = None

    def noted(self, note: MarginNote, *, step: int) -> None:
        self.notes.append(note)

    def rejected(self, **what: Any) -> None:
        self.refused.append(what["error"])

    def before_block(self, step: int) -> None:
        pass

    def after_block(self, view: BlockView, block: Block, *, queued: int, queued_gas: int) -> None:
        pass

    def saw(self, block: Block, transactions: Sequence[Transaction]) -> None:
        for transaction, receipt in zip(transactions, block.receipts, strict=True):
            self.sent.append((transaction, receipt.revert_reason))
            self.events += [(block.timestamp, log) for log in receipt.logs]

    def told(self, name: str) -> list[dict[str, Any]]:
        return [dict(log.arguments) for _, log in self.events if log.event == name]

    def times(self, name: str) -> list[int]:
        return [at for at, log in self.events if log.event == name]

    def reverts(self) -> list[tuple[str, str]]:
        return [(transaction.intent, why) for transaction, why in self.sent if why]

    def did(self, name: str, intent: str) -> int:
        return sum(t.sender == address_of(name) and t.intent == intent for t, _ in self.sent)


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    with Anvil(timestamp=int(START.timestamp()) - 3600) as anvil:
        yield anvil


@pytest.fixture
def play(anvil: Anvil) -> Iterator[Callable[..., Played]]:
    heard: list[Played] = []
    chain = LocalChain(anvil.rpc, on_block=lambda block, sent: [played.saw(block, sent) for played in heard])  # type: ignore[func-returns-value]

    def made(
        script: dict[int, dict[str, Fraction]], *, set_up: Callable[[World], None] = lambda _: None, **changes: Any
    ) -> Played:
        scenario = load_scenario(SCENARIOS / "usde-unwind.yaml", set={**SCENARIO, **changes})
        world = World(chain=chain, scenario=scenario, artifacts=load_artifacts())
        deploy_world(world)
        quoter = Quoter(script)
        quoter.prepare(world)
        agents = call_agents(world, {})
        plans = plan_positions(scenario)
        build_positions(world, plans)
        set_up(world)
        played = Played(world)
        heard.append(played)
        book = [BookEntry(plan.borrower, address_of(plan.borrower), plan.cohort, "USDe", "USDC") for plan in plans]
        played.last = Engine(world, agents=[quoter, *agents], book=book, observer=played).run()
        check_conservation(world)
        assert played.refused == []
        return played

    with chain.rolled_back():
        yield made
    chain.close()


FALL = {2: {"alt": Fraction(85, 100)}}
"""The whale's LTV goes from 65 % to 76.5 %: called, not sold."""


def test_desk_whale__called__unwinds_pays_in_and_repays_to_its_cure_line(play: Callable[..., Played]) -> None:
    played = play(FALL)

    loan = played.last.exchange.loan("alt", address_of(WHALE))
    assert [note.event for note in played.notes] == ["call", "cured"]
    assert (played.notes[0].borrower, played.notes[0].ltv_bps) == (WHALE, 7648)
    assert loan.deadline == 0
    # Its pledge at 0.85 by the middle of the quotes; the line aimed at is a hundredth of a per cent under 65 %.
    pledged = -(-100_000 * 20 // 13 * ALT // 1) if False else loan.pledged
    assert 6498 <= Fraction(loan.debt * ALT * 10_000, pledged * 850_000) <= 6500
    assert (loan.ltv_bps, played.told("LoanLiquidated")) == (6499, [])
    assert played.did(WHALE, "unwind") > 0
    repaid = sum(event["amount"] for event in played.told("Repaid"))
    paid_in = sum(e["amount"] for e in played.told("Deposited") if e["account"] == address_of(WHALE))
    assert repaid == paid_in == 100_000 * USDC - loan.debt
    assert played.reverts() == []
