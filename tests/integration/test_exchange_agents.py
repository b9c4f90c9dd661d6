"""Makers, bidders, retail, noise and a basis trader at one book, on a chain: every block is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from cascade.agents.roster import call_agents
from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import Block, LocalChain, Transaction, address_of
from cascade.deployment.deploy import deploy_world
from cascade.engine import Engine
from cascade.observation import Balance, BlockView, BookState, MarginAccount
from cascade.scenario.load import load_scenario
from cascade.world.conservation import check_conservation
from cascade.world.exchange import BUY, SELL
from cascade.world.world import World

SCENARIO = """
name: one-book
timeline: {start: 2025-10-10T21:00:00Z, end: 2025-10-10T21:09:48Z, block_seconds: 12}
assets:
  USDC: {decimals: 6}
  ALT: {decimals: 18}
prices: {path: path.csv}
oracle:
  USDC: {kind: posted}
lending: {reserves: {}}
positions: {}
exchange:
  cash: USDC
  books:
    alt:
      base: ALT
      tick: 0.0001
      lot: 0.01
      initial_price: 1
      reference: {kind: path, asset: ALT}
  margin:
    capital: 1_000_000
    collateral:
      alt: {tiers: [{rate_bps: 7000}]}
    markets:
      alt-perp: {book: alt, contract_size: 10, tiers: [{rate_bps: 500}]}
    debt_tiers: [{rate_bps: 3000}]
agents:
  makers:
    kind: market-maker
    count: 3
    inventory: {ALT: 100_000, USDC: 60_000}
    borrowed: 80_000
    ladders: {alt: {levels: 5, spread_bps: 10, step_bps: 20, bid_size: 20_000, ask_size: 20_000}}
    requote_bps: 20
    refill_blocks: 3
    pull_margin: 1.3
  bidders:
    kind: bidder
    count: 2
    book: alt
    size: 20_000
    capital: 100_000
    levels: 5
    from_bps: 200
    to_bps: 2000
    refill_blocks: 10
  retail:
    kind: perp-trader
    count: 6
    market: alt-perp
    equity: {kind: uniform, low: 4_000, high: 6_000}
    leverage: {kind: fixed, value: 4}
    stop_bps: 1000
  basis:
    kind: basis-trader
    market: alt-perp
    cash: 200_000
    quote_contracts: 20_000
    max_hedge_contracts: 1_500
  noise:
    kind: noise-trader
    count: 2
    book: alt
    order: {kind: uniform, low: 1, high: 20}
    chance_bps: 5000
    base: 10_000
    cash: 10_000
"""

PATH = """time,asset,price,status,source
2025-10-10T21:00:00Z,ALT,1,assumed,a level start
2025-10-10T21:02:00Z,ALT,1,assumed,a level start
2025-10-10T21:05:00Z,ALT,0.7,assumed,a fall of 30 % in 15 blocks
2025-10-10T21:09:48Z,ALT,0.7,assumed,level again
"""

USDC, ALT, WAD = 10**6, 10**18, 10**18
TICK, LOT = 100, 10**16
MAKERS = [f"makers-{i}" for i in range(3)]
BIDDERS = [f"bidders-{i}" for i in range(2)]
RETAIL = [f"retail-{i}" for i in range(6)]
FALLS, LEVEL_AGAIN = 10, 25
"""Steps at which the path begins to fall, and at which it has fallen: 2 % of its start a block."""

BIDDER_LOTS = 10_000 * ALT // LOT
BIDDER_REFILL = BIDDER_LOTS // 10
PULL_WAD = 13 * WAD // 10


@dataclass
class Seen:
    """One block: what everyone asked, and what stands."""

    book: BookState
    reference_wad: int
    balances: dict[str, dict[str, Balance]]
    accounts: dict[str, MarginAccount]
    orders: dict[str, list[int]]
    sizes: dict[str, int]


@dataclass
class Watcher:
    """The observer: writes down every block."""

    world: World
    blocks: list[Seen] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def rejected(self, *, error: str, **_: Any) -> None:
        self.faults.append(error)

    def noted(self, *_: Any, **__: Any) -> None: ...

    def before_block(self, step: int) -> None: ...

    def after_block(self, view: BlockView, block: Block, **_: int) -> None:
        self.blocks.append(seen(self.world, view))


def seen(world: World, view: BlockView) -> Seen:
    at, exchange = view.exchange, world.require_exchange()
    contract = exchange.books["alt"].contract
    names = {address: world.actors[address].name for address in exchange.accounts}
    return Seen(
        book=at.book("alt"),
        reference_wad=at.reference_wad("alt"),
        balances={n: {asset: at.balance(a, asset) for asset in exchange.assets} for a, n in names.items()},
        accounts={n: at.account(a) for a, n in names.items()},
        orders={n: list(world.chain.call(contract, "openOrders", a)) for a, n in names.items()},
        sizes={n: at.position("alt-perp", a).size for a, n in names.items()},
    )


@dataclass
class Played:
    world: World
    at_start: Seen
    blocks: list[Seen]
    faults: list[str]
    sent: list[tuple[Transaction, str]]
    """Transactions of the crash, and why they reverted."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("one-book")
    (folder / "path.csv").write_text(PATH, encoding="utf-8")
    (folder / "one-book.yaml").write_text(SCENARIO, encoding="utf-8")
    scenario = load_scenario(folder / "one-book.yaml")
    mined: list[tuple[Block, Sequence[Any]]] = []
    genesis = scenario.spec.timeline.start_timestamp - scenario.spec.timeline.build_seconds
    with Anvil(timestamp=genesis, gas_limit=1_000_000_000) as anvil:
        chain = LocalChain(anvil.rpc, on_block=lambda block, sent: mined.append((block, sent)))
        world = World(chain=chain, scenario=scenario, artifacts=load_artifacts())
        deploy_world(world)
        agents = call_agents(world, {})
        start = scenario.spec.timeline.start_timestamp
        at_start = seen(world, BlockView(world, book=(), step=0, next_timestamp=start))
        built = len(mined)
        watcher = Watcher(world)
        Engine(world, agents=agents, book=(), observer=watcher).run()
        check_conservation(world)
        sent = [
            (transaction, receipt.revert_reason)
            for block, transactions in mined[built:]
            for transaction, receipt in zip(transactions, block.receipts, strict=True)
        ]
        yield Played(world, at_start, watcher.blocks, watcher.faults, sent)
        chain.close()


def rungs(words: list[int], side: int) -> dict[int, int]:
    """Lots by price of an account's orders of one side."""
    found: dict[int, int] = {}
    for word in words:
        if word & 0xFF == side:
            at = (word >> 8 & 0xFFFFFF) * TICK
            found[at] = found.get(at, 0) + (word >> 32 & (2**48 - 1))
    return found


def down(reference_wad: int, bps: int) -> int:
    """So far under the reference, on the grid under it."""
    return reference_wad * (10_000 - bps) * USDC // (10_000 * WAD * TICK) * TICK


def up(reference_wad: int, bps: int) -> int:
    return -(-reference_wad * (10_000 + bps) * USDC // (10_000 * WAD * TICK)) * TICK


def decided_on(played: Played, step: int) -> Seen:
    """What was seen when a step's proposals were made."""
    return played.blocks[step - 1] if step else played.at_start


def quoting_until(played: Played, maker: str) -> int:
    """Step in which a maker's margin was first seen under its line."""
    return next(
        step for step in range(len(played.blocks)) if decided_on(played, step).accounts[maker].uni_mmr_wad < PULL_WAD
    )


def test_set_up__makers_hold_their_inventory_and_owe_what_they_borrowed(played: Played) -> None:
    for maker in MAKERS:
        balances, account = played.at_start.balances[maker], played.at_start.accounts[maker]
        assert {asset: held.total for asset, held in balances.items()} == {"USDC": 60_000 * USDC, "ALT": 100_000 * ALT}
        assert account.debt == 80_000 * USDC
        # 100,000 ALT at 1 and 70 %, less 20,000 of debt net of cash, over 30 % of 80,000.
        assert account.uni_mmr_wad == 50_000 * WAD // 24_000
    paid = played.world.chain.call(played.world.tokens["USDC"], "balanceOf", address_of("exchange-outside"))
    assert paid == 3 * 80_000 * USDC


def test_set_up__ladders_stand_around_the_initial_price(played: Played) -> None:
    for maker in MAKERS:
        orders = played.at_start.orders[maker]
        level_lots = 4_000 * ALT // LOT
        assert rungs(orders, BUY) == {down(WAD, bps): level_lots for bps in (10, 30, 50, 70, 90)}
        assert rungs(orders, SELL) == {up(WAD, bps): level_lots for bps in (10, 30, 50, 70, 90)}
    for bidder in BIDDERS:
        expected = {down(WAD, bps): BIDDER_LOTS // 5 for bps in (200, 650, 1_100, 1_550, 2_000)}
        assert rungs(played.at_start.orders[bidder], BUY) == expected


def test_set_up__basis_trader_is_short_what_retail_is_long_and_holds_it_in_spot(played: Played) -> None:
    start = played.at_start
    bought = {name: start.sizes[name] for name in RETAIL}

    # 4,000 to 6,000 of equity, four times over, in contracts of 10.
    assert all(1_600 <= contracts <= 2_400 for contracts in bought.values())
    assert len(set(bought.values())) == len(RETAIL)
    assert start.sizes["basis-0"] == -sum(bought.values())
    assert start.balances["basis-0"]["ALT"].total == sum(bought.values()) * 10 * ALT


def test_level_path__tops_stay_where_the_ladders_are(played: Played) -> None:
    tops = {(seen.book.bid, seen.book.ask) for seen in played.blocks[:FALLS]}

    assert tops == {(999_000, 1_001_000)}
    assert {seen.book.last for seen in played.blocks[:FALLS]} <= {0, 999_000, 1_001_000}


def test_path_falls__ladders_follow_it_in_every_block(played: Played) -> None:
    for maker in MAKERS:
        until = quoting_until(played, maker)
        assert until > FALLS + 5
        for step in range(FALLS + 1, until):
            reference, orders = decided_on(played, step).reference_wad, played.blocks[step].orders[maker]
            assert reference == WAD - 2 * WAD // 100 * (step - FALLS)
            assert set(rungs(orders, BUY)) <= {down(reference, bps) for bps in (10, 30, 50, 70, 90)}
            assert set(rungs(orders, SELL)) <= {up(reference, bps) for bps in (10, 30, 50, 70, 90)}
            assert orders


def test_margin_under_its_line__each_maker_pulls_all_quotes_and_stays_away(played: Played) -> None:
    for maker in MAKERS:
        until = quoting_until(played, maker)
        assert until < LEVEL_AGAIN
        assert played.blocks[until - 1].orders[maker]
        assert all(not seen.orders[maker] for seen in played.blocks[until:])
        pulls = [t.intent for t, _ in played.sent if t.sender == address_of(maker) and t.intent == "pull"]
        assert pulls == ["pull"], "once"


def test_stops__close_all_of_retail__and_the_basis_trader_sells_its_hedge_on_the_spot_book(played: Played) -> None:
    end = played.blocks[-1]

    assert [end.sizes[name] for name in RETAIL] == [0] * 6
    assert end.sizes["basis-0"] == 0
    assert end.balances["basis-0"]["ALT"].total < 10 * ALT
    held = [seen.balances["basis-0"]["ALT"].total for seen in played.blocks]
    sold = [before - after for before, after in pairwise(held)]
    assert max(sold) == 15_000 * ALT, "the most of a block"


def test_bidders__bid_around_the_reference_and_never_the_last_price(played: Played) -> None:
    for bidder in BIDDERS:
        for step in range(FALLS + 1, len(played.blocks)):
            reference = decided_on(played, step).reference_wad
            wanted = {down(reference, bps) for bps in (200, 650, 1_100, 1_550, 2_000)}
            assert set(rungs(played.blocks[step].orders[bidder], BUY)) <= wanted


def test_bidders__filled__refill_a_tenth_per_block_until_they_are_whole(played: Played) -> None:
    for bidder in BIDDERS:
        resting = [sum(rungs(seen.orders[bidder], BUY).values()) for seen in played.blocks]
        assert min(resting) < BIDDER_LOTS // 2, "somebody sold to them"
        assert all(after - before <= BIDDER_REFILL for before, after in pairwise(resting))
        assert max(resting[-10:]) == BIDDER_LOTS
        bought = played.blocks[-1].balances[bidder]["ALT"].total
        assert bought > BIDDER_LOTS // 2 * LOT
        assert played.blocks[-1].balances[bidder]["USDC"].total < 50_000 * USDC


def test_bidders__alone_in_the_book__bring_the_price_back(played: Played) -> None:
    low, end = min(seen.book.last for seen in played.blocks), played.blocks[-1].book

    assert low < down(7 * WAD // 10, 200)
    assert end.bid == end.index == down(7 * WAD // 10, 200)


def test_everyone__no_transaction_reverts_and_no_proposal_is_refused(played: Played) -> None:
    assert played.faults == []
    assert [(t.intent, reason) for t, reason in played.sent if reason] == []
    assert {t.lane for t, _ in played.sent} == {"exchange"}
    assert {t.intent for t, _ in played.sent} >= {"requote", "pull", "stop", "hedge", "quote", "buy", "sell"}


def test_frozen_account__is_the_only_one_that_the_view_reports_frozen(played: Played) -> None:
    world, (maker, other), operator = played.world, [address_of(name) for name in MAKERS[:2]], address_of("exchange")
    exchange = world.require_exchange()

    def is_frozen(address: str) -> bool:
        view = BlockView(world, book=(), step=0, next_timestamp=world.chain.timestamp + 1)
        return view.exchange.is_frozen(address)

    assert not is_frozen(maker)
    with world.chain.rolled_back():
        calls = [("setOperator", operator, True), ("setFrozen", maker, True)]
        world.setup([(operator, exchange.vault, name, (who, on)) for name, who, on in calls], intent="freeze")
        assert is_frozen(maker)
        assert not is_frozen(other)
