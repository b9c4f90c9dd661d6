"""The exchange's engine, a whale of its desk and its arbitrageur on a chain: one small world, quotes by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from cascade import load_scenario
from cascade.agents.interface import MarginNote, Proposal
from cascade.agents.roster import call_agents
from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import Block, LocalChain, Log, Transaction, address_of
from cascade.deployment.deploy import deploy_world
from cascade.deployment.exchange import deposit
from cascade.engine import Engine
from cascade.errors import AccountingViolation
from cascade.observation import BlockView, BookEntry
from cascade.positions.build import build_positions
from cascade.positions.plan import plan_positions
from cascade.world.conservation import check_conservation
from cascade.world.exchange import DeployedExchange
from cascade.world.world import World

from .conftest import SCENARIOS

USDE, ALT, USDC, WAD = 10**18, 10**18, 10**6, 10**18
START = datetime(2025, 10, 10, 21, 0, tzinfo=UTC)
STEPS = 30
WHALE, BORROWER, QUOTER = "whales-0", "borrower", "quoter"
ENDLESS = 10**9
TIERS = [{"rate_bps": 10_000}]

SCENARIO: dict[str, Any] = {
    "name": "desk",
    "description": "one whale of the desk, quotes by hand",
    "sensitivity": {},
    "provenance": [],
    "timeline.start": START,
    "timeline.end": START + timedelta(seconds=12 * STEPS),
    "timeline.block_seconds": 12,
    "assets.ALT": {"decimals": 18},
    "positions": {
        "whales": {
            "count": 1,
            "collateral": "USDe",
            "debt": "USDC",
            "venue": "usde-minting",
            "equity": {"kind": "fixed", "value": 100_000},
            "rounds": 3,
            "target": {"leverage": {"kind": "fixed", "value": 2}},
            "pledge": {"collateral": "ALT", "ltv": {"kind": "fixed", "value": 0.65}, "line": "alt"},
        }
    },
    "exchange": {
        "cash": "USDC",
        "books": {
            "alt": {
                "base": "ALT",
                "tick": 0.0001,
                "lot": 1,
                "initial_price": 1,
                "reference": {"kind": "fixed", "price": 1},
            },
            "usde": {
                "base": "USDe",
                "tick": 0.0001,
                "lot": 1,
                "initial_price": 1,
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
            "kind": "desk-whale",
            "cohort": "whales",
            "venue": "usde-usdc",
            "reaction_blocks": 0,
            "tranche_bps": 2000,
        },
    },
    "expect": {"liquidations": "none"},
}


class Quoter:
    """Bids and asks without end, one level a side and book, at prices given by step; nothing where none is given."""

    name, role = QUOTER, "maker"

    def __init__(self, script: dict[int, dict[str, Fraction]]) -> None:
        self.script = script

    def prepare(self, world: World) -> None:
        address, exchange = world.enlist(self.name, role=self.role), world.require_exchange()
        world.chain.fund([address])
        exchange.enrol(address, self.name)
        for asset, unit in (("USDC", USDC), ("ALT", ALT), ("USDe", USDE)):
            deposit(world, [(address, asset, ENDLESS * unit)])
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
                    sender=address_of(self.name),
                    contract=exchange.books[name].contract,
                    function=function,
                    arguments=arguments,
                    gas_limit=10**7,
                    tip_wei=0,
                    intent="quote",
                    reason="",
                    key=name,
                )
            )
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
    last: BlockView = field(init=False)
    """The view after the last block; there once the engine has run."""

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

    def tell(block: Block, sent: Sequence[Transaction]) -> None:
        for played in heard:
            played.saw(block, sent)

    chain = LocalChain(anvil.rpc, on_block=tell)

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
        set_up(world)
        build_positions(world, plans)
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
"""The whale's LTV goes from 65 % to 76.5 %: called, not sold. The index is the ask, as no trade was as low."""


def test_desk_whale__called__unwinds_pays_in_and_repays_to_its_cure_line(play: Callable[..., Played]) -> None:
    played = play(FALL)

    loan = played.last.exchange.loan("alt", address_of(WHALE))
    assert [note.event for note in played.notes] == ["call", "cured"]
    assert (played.notes[0].borrower, played.notes[0].ltv_bps) == (WHALE, 7647)
    assert loan.deadline == 0
    # 100,000 lent at 65 % of a pledge at 1; at 0.8501 the line that it aims at is a hundredth of a per cent under 65 %.
    assert loan.pledged == -(-100_000 * USDC * 100 // 65) * ALT // USDC
    assert loan.debt == loan.pledged * 850_100 // ALT * 6499 // 10_000
    assert (loan.ltv_bps, played.told("LoanLiquidated")) == (6499, [])
    assert played.did(WHALE, "unwind") > 0
    repaid = sum(event["amount"] for event in played.told("Repaid"))
    paid_in = sum(e["amount"] for e in played.told("Deposited") if e["account"] == address_of(WHALE))
    assert repaid == paid_in == 100_000 * USDC - loan.debt
    assert played.reverts() == []


def test_desk_whale__transfers_degraded__waits_with_its_cash_and_is_sold_by_the_desk(
    play: Callable[..., Played],
) -> None:
    window = {"degraded_from": START, "degraded_until": START + timedelta(seconds=12 * 20)}
    played = play(FALL, **{"exchange.transfers": window})

    assert [note.event for note in played.notes] == ["call", "failed"]
    assert played.notes[1].raised_raw > 0
    opened = [(event["depositsOpen"], event["withdrawalsOpen"]) for event in played.told("TransfersSet")]
    start = int(START.timestamp())
    assert (opened, played.times("TransfersSet")) == ([(False, False), (True, True)], [start, start + 240])
    assert played.did(WHALE, "deposit") == 0
    (called,) = played.told("MarginCalled")
    (sold,) = played.told("LoanLiquidated")
    (at,) = played.times("LoanLiquidated")
    # Overdue is later than the deadline, in the exchange's blocks of every 12 seconds.
    assert called["deadline"] < at <= called["deadline"] + 12
    # The excess over 65 % at 0.8501, sold at a fee of 2 %: (D - t C) / (1 - fee - t), up to whole lots of 1 ALT.
    value = Fraction(-(-100_000 * USDC * 100 // 65) * 850_100, USDC)
    amount = (100_000 * USDC - value * 65 / 100) / Fraction(33, 100) / 850_100
    assert sold["soldLots"] == -(-amount.numerator // amount.denominator)
    assert sold["proceeds"] == sold["soldLots"] * 849_900
    assert played.reverts() == []


def borrower(world: World) -> None:
    """10,000 ALT and 4,000 USDe at 1 in an account of the exchange, 10,000 USDC borrowed against them and taken out."""
    exchange, address = world.require_exchange(), world.enlist(BORROWER, role="holder")
    margin = exchange.require_margin()
    world.chain.fund([address])
    exchange.enrol(address, "borrowers")
    deposit(world, [(address, "ALT", 10_000 * ALT), (address, "USDe", 4_000 * USDE)])
    world.setup([(address, margin, "borrow", (10_000 * USDC,))], intent="borrow")
    world.setup(
        [(address, exchange.vault, "withdraw", (world.tokens["USDC"].address, 10_000 * USDC))], intent="withdraw"
    )


ALONE = {"positions": {}, "agents": {"engine": {"kind": "exchange-keeper"}}, "set_up": borrower}


def sales(played: Played) -> list[tuple[str, int, int]]:
    """Asset, lots and proceeds of each forced sale, in order."""
    return [
        (played.world.symbol_of(event["asset"]), event["lots"], event["proceeds"])
        for event in played.told("CollateralSold")
    ]


def test_account__under_its_maintenance__sells_half_of_each_asset_in_the_order_listed_and_is_free(
    play: Callable[..., Played],
) -> None:
    # ALT at 0.75: 7,500 + 4,000 - 10,000 = 1,500 over a maintenance of 2,000. Selling ALT leaves 1.1995, USDe more.
    played = play({2: {"alt": Fraction(75, 100)}}, **ALONE)

    assert sales(played) == [("ALT", 5_000, 5_000 * 749_900), ("USDe", 2_000, 2_000 * 999_900)]
    assert len(played.told("LiquidationStarted")) == len(played.told("LiquidationEnded")) == 1
    account = played.last.exchange.account(address_of(BORROWER))
    assert account.debt == 10_000 * USDC - 5_000 * 749_900 - 2_000 * 999_900
    assert (account.level, account.is_liquidating) == (0, False)
    assert played.did("engine", "liquidate-account") == 1
    assert played.reverts() == []


def test_account__worth_less_than_its_debt__sells_everything_and_leaves_bad_debt(play: Callable[..., Played]) -> None:
    played = play({2: {"alt": Fraction(1, 2)}}, **ALONE)

    assert [(asset, lots) for asset, lots, _ in sales(played)] == [("ALT", 5_000), ("USDe", 2_000)] * 2
    (bad,) = played.told("BadDebt")
    assert bad["amount"] == 10_000 * USDC - 10_000 * 499_900 - 4_000 * 999_900
    assert played.did("engine", "liquidate-account") == 2
    assert played.reverts() == []


def test_account__liquidations_off__keeps_its_assets_and_its_debt(play: Callable[..., Played]) -> None:
    played = play({2: {"alt": Fraction(1, 2)}}, **ALONE, **{"agents.engine.accounts": False})

    assert (played.told("LiquidationStarted"), sales(played)) == ([], [])
    account = played.last.exchange.account(address_of(BORROWER))
    assert (account.debt, account.level) == (10_000 * USDC, 3)


def test_account__liquidated_with_a_pause__waits_between_slices(play: Callable[..., Played]) -> None:
    changes = {"exchange.margin.rules.pause_seconds": 30, "exchange.margin.rules.slice_bps": 2500}
    played = play({2: {"alt": Fraction(1, 2)}}, **ALONE, **changes)

    times = sorted(set(played.times("CollateralSold")))
    # Blocks are 12 seconds apart: the third after a sale is the first that is 30 seconds later.
    assert [later - earlier for earlier, later in pairwise(times)] == [36] * 3
    assert played.reverts() == []


def test_market_order__more_than_one_transaction_takes__is_carried_on(play: Callable[..., Played]) -> None:
    def sells(world: World) -> None:
        exchange, seller = world.require_exchange(), world.enlist("seller", role="holder")
        world.chain.fund([seller])
        exchange.enrol(seller, "sellers")
        deposit(world, [(seller, "ALT", 50 * ALT), (address_of(QUOTER), "USDC", 50 * USDC)])
        book = exchange.books["alt"].contract
        orders = [(address_of(QUOTER), book, "placeLimit", (0, 9_000 * 100, 10, 0)) for _ in range(5)]
        world.setup([(address_of(QUOTER), book, "cancelAll", ())], intent="cancel")
        world.setup(orders, intent="quote")
        world.setup([(seller, book, "placeMarket", (1, 50, 1))], intent="sell")

    played = play({}, **{**ALONE, "set_up": sells}, **{"agents.engine.max_fills": 2})

    # One order is met by the seller itself; four are left, two a transaction.
    assert [trade["lots"] for trade in played.told("Trade")] == [10] * 4
    assert played.did("engine", "continue") == 2
    assert played.last.exchange.balance(address_of("seller"), "USDC").free == 50 * 900_000
    assert played.reverts() == []


ARBITRAGE = {
    "positions": {},
    "agents": {
        "arb": {
            "kind": "exchange-arbitrageur",
            "book": "usde",
            "venue": "usde-usdc",
            "cash": 500_000,
            "base": 100_000,
            "min_edge_bps": 20,
            "max_per_block": 20_000,
        }
    },
}
CHEAP = {1: {"usde": Fraction(97, 100)}}
"""The book asks 0.9701 for what the pool pays about 1 for."""


def holdings(played: Played, asset: str) -> tuple[int, int]:
    """What the arbitrageur has on chain and at the exchange."""
    address = address_of("arb")
    return played.last.wallet_raw(address, asset), played.last.exchange.balance(address, asset).free


def test_arbitrageur__book_cheaper_than_the_pool__buys_there_sells_here_and_moves_its_stock(
    play: Callable[..., Played],
) -> None:
    played = play(CHEAP, **ARBITRAGE)

    bought = sum(trade["lots"] for trade in played.told("Trade"))
    # Seen in the block after the quote, and once a block from then on, the last one included.
    assert bought == 20_000 * (STEPS - 1)
    assert {trade["price"] for trade in played.told("Trade")} == {970_100}
    assert sum(holdings(played, "USDe")) == 200_000 * USDE
    # At least the edge of 0.2 % on everything, and less than the whole gap of 3 %.
    gain = sum(holdings(played, "USDC")) - 1_000_000 * USDC
    assert bought * 970_100 * 2 // 1000 < gain < bought * 29_900
    assert played.did("arb", "withdraw") > 0
    assert played.reverts() == []


def test_arbitrageur__transfers_degraded__stops_when_one_side_is_sold_out(play: Callable[..., Played]) -> None:
    window = {"degraded_from": START, "degraded_until": START + timedelta(seconds=12 * 2 * STEPS)}
    played = play(CHEAP, **ARBITRAGE, **{"exchange.transfers": window})

    assert sum(trade["lots"] for trade in played.told("Trade")) == 100_000
    assert holdings(played, "USDe") == (0, 200_000 * USDE)
    assert played.did("arb", "withdraw") == played.did("arb", "deposit") == 0
    assert played.reverts() == []


def test_arbitrageur__book_dearer_than_the_pool__sells_there_and_buys_here(play: Callable[..., Played]) -> None:
    played = play({1: {"usde": Fraction(102, 100)}}, **ARBITRAGE)

    sold = sum(trade["lots"] for trade in played.told("Trade"))
    assert {(trade["price"], trade["takerSide"]) for trade in played.told("Trade")} == {(1_019_900, 1)}
    assert sold > 100_000
    # It pays the pool what the base costs before the trade and at the highest fee: about what it sold.
    assert abs(200_000 * USDE - sum(holdings(played, "USDe"))) < sold * USDE // 1000
    assert sum(holdings(played, "USDC")) > 1_000_000 * USDC
    assert played.reverts() == []


def by_an_operator(world: World, function: str, *arguments: Any) -> None:
    """What no contract does: an operator of the vault moves balances as it likes."""
    exchange, rogue = world.require_exchange(), world.enlist("rogue", role="holder")
    world.chain.fund([rogue])
    world.setup([(address_of("exchange"), exchange.vault, "setOperator", (rogue, True))], intent="break")
    world.setup([(rogue, exchange.vault, function, arguments)], intent="break")


def never_paid_in(world: World) -> None:
    world.mint("USDC", [(world.require_exchange().vault.address, 1)])


def unknown_holder(world: World) -> None:
    by_an_operator(world, "move", world.tokens["USDC"].address, address_of(QUOTER), "0x" + "12" * 20, 1)


def locked_for_no_order(world: World) -> None:
    by_an_operator(world, "adjustLock", address_of(QUOTER), world.tokens["ALT"].address, 1)


def from_the_desk(world: World) -> None:
    desk = world.require_exchange().require_desk()
    by_an_operator(world, "move", world.tokens["USDC"].address, desk.address, address_of(QUOTER), 1)


def from_the_pledges(world: World) -> None:
    desk = world.require_exchange().require_desk()
    by_an_operator(world, "move", world.tokens["ALT"].address, desk.address, address_of(QUOTER), 1)


def from_the_margin(world: World) -> None:
    margin = world.require_exchange().require_margin()
    by_an_operator(world, "move", world.tokens["USDC"].address, margin.address, address_of(QUOTER), 1)


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (never_paid_in, "the vault's USDC, and what its ledger owes, differ"),
        (unknown_holder, "USDC of the vault's ledger, and of its accounts, differ"),
        (locked_for_no_order, "ALT locked in the vault, and what open orders would pay, differ"),
        (from_the_desk, "the desk's cash, debts and losses, and what was paid in with interest, differ"),
        (from_the_pledges, "ALT that the desk holds, and that is pledged, differ"),
        (from_the_margin, "the margin's cash, debts and entry values, and what was paid in with interest and funding"),
    ],
)
def test_conservation__one_unit_missing__is_a_violation(
    play: Callable[..., Played], broken: Callable[[World], None], expected: str
) -> None:
    played = play({}, set_up=borrower)
    broken(played.world)

    with pytest.raises(AccountingViolation, match=re.escape(f"exchange: {expected}")):
        check_conservation(played.world)


def test_conservation__contracts_long_and_short_differ__is_a_violation(play: Callable[..., Played]) -> None:
    market = {"book": "alt", "contract_size": 100, "tiers": [{"rate_bps": 500}]}

    def trades(world: World) -> None:
        exchange, taker = world.require_exchange(), world.enlist("taker", role="holder")
        margin = exchange.require_margin()
        world.chain.fund([taker])
        exchange.enrol(taker, "takers")
        deposit(world, [(taker, "USDC", 10_000 * USDC)])
        quoter = address_of(QUOTER)
        world.setup([(quoter, margin, "quotePerp", (0, 50, 50, 0))], intent="quote")
        world.setup([(taker, margin, "tradePerp", (0, 7, 2**256 - 1, 10))], intent="open")

    played = play(
        {3: {"alt": Fraction(9, 10)}}, **{**ALONE, "set_up": trades}, **{"exchange.margin.markets": {"p": market}}
    )
    world, taker = played.world, address_of("taker")
    assert (played.last.exchange.position("p", taker).size, played.last.exchange.position("p", taker).entry) == (
        7,
        7 * 100 * USDC,
    )

    assert isinstance(world.chain, LocalChain)
    margin, rpc = world.require_exchange().require_margin(), world.chain.rpc
    read = {"from": taker, "to": margin.address, "data": margin.encode("positionOf", 0, taker)}
    (touched,) = rpc.call_as(dict[str, Any], "eth_createAccessList", read, "latest")["accessList"]
    words = {
        slot: int(rpc.call_as(str, "eth_getStorageAt", margin.address, slot, "latest"), 16)
        for slot in touched["storageKeys"]
    }
    # Size and entry share a word, the size in its lower half: one contract more, that nobody is short.
    (slot,) = [slot for slot, word in words.items() if word == 7 * 100 * USDC << 128 | 7]
    rpc.call("anvil_setStorageAt", margin.address, slot, f"0x{words[slot] + 1:064x}")

    with pytest.raises(AccountingViolation, match="exchange: contracts of p held long, and short, differ: 1 and 0"):
        check_conservation(world)
