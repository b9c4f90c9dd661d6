"""Rows of the exchange from made-up events and views: what a chain's run does not show by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cascade.chain.local import Transaction, address_of
from cascade.errors import RevertedCall
from cascade.observation.exchange_view import Balance, BookState, MarginAccount
from cascade.recording.book_events import BookEvents, own_price_raw
from cascade.recording.exchange_accounts import ExchangeAccounts
from cascade.recording.exchange_events import event_rows, perp_trade_rows
from cascade.recording.exchange_state import ExchangeState
from cascade.recording.mined import MinedTransaction
from cascade.recording.tables import BlockStamp, MarginCohortRow
from cascade.scenario.model import BookSpec
from cascade.vocabulary import Lane, Phase, PositionEvent
from cascade.world.exchange import DeployedBook
from cascade.world.world import Actor

USDC, ALT, WAD, E8 = 10**6, 10**18, 10**18, 10**8
ENDLESS = 2**255 - 1
BOOK, DESK, MARGIN, VAULT, ENGINE = (
    address_of(f"contract {name}") for name in ("alt", "desk", "margin", "vault", "engine")
)
LIQUIDATE = "0x11111111"
FOR_ACCOUNT, FOR_LOAN, FOR_MARKET = "0x22222222", "0x33333333", "0x44444444"


AT: BlockStamp = {
    "run_id": "by-hand",
    "seed": 7,
    "phase": Phase.CRASH,
    "step": 0,
    "block_number": 1,
    "timestamp": 12,
}


def contract(address: str) -> Any:
    return SimpleNamespace(
        address=address, interface=SimpleNamespace(functions={"liquidate": SimpleNamespace(selector=LIQUIDATE)})
    )


def engine() -> Any:
    selectors = {"liquidateAccount": FOR_ACCOUNT, "liquidateLoan": FOR_LOAN, "continueMarket": FOR_MARKET}
    functions = {name: SimpleNamespace(selector=selector) for name, selector in selectors.items()}
    return SimpleNamespace(address=ENGINE, interface=SimpleNamespace(functions=functions))


def book(name: str = "alt", address: str = BOOK, base: str = "ALT") -> DeployedBook:
    spec = BookSpec.model_validate(
        {
            "base": base,
            "tick": 0.01,
            "lot": 1,
            "initial_price": 1,
            "reference": {"kind": "fixed", "price": 1.5},
        }
    )
    return DeployedBook(name, spec, contract(address), ALT, USDC, 10_000, ALT)


@pytest.fixture
def world() -> Any:
    exchange = SimpleNamespace(
        cash="USDC",
        books={"alt": book()},
        desk=contract(DESK),
        margin=contract(MARGIN),
        vault=contract(VAULT),
        engine=engine(),
        lines={"alt": 0},
        collateral={"alt": 0},
        markets={"perp-a": 0, "perp-b": 1},
        accounts={},
        assets=["USDC", "ALT"],
        redemption_feeds={},
        book_of=lambda base: book(),
        spec=SimpleNamespace(
            require_margin=lambda: SimpleNamespace(collateral={"alt": SimpleNamespace(priced_at="index")}),
        ),
    )
    actors = {}
    for name, role in (("mm", "maker"), ("whale", "whale"), ("trader", "trader"), ("engine", "exchange-keeper")):
        actors[address_of(name)] = Actor(name, role, "entry")
        exchange.accounts[address_of(name)] = f"{name}s"
    spec = SimpleNamespace(
        assets={"USDC": SimpleNamespace(decimals=6), "ALT": SimpleNamespace(decimals=18)}, redemption_price_usd={}
    )
    return SimpleNamespace(
        exchange=exchange,
        actors=actors,
        contract_names={DESK: "LoanDesk"},
        scenario=SimpleNamespace(spec=spec),
        symbol_of=lambda token: {"ALT-token": "ALT"}[token],
    )


@pytest.fixture
def accounts(world: Any) -> ExchangeAccounts:
    return ExchangeAccounts(world, world.exchange)


def logs(*events: tuple[str, str, dict[str, Any]]) -> Any:
    return [
        SimpleNamespace(address=address, event=event, log_index=number, arguments=arguments)
        for number, (address, event, arguments) in enumerate(events)
    ]


def sent(by: str, to: str, *, data: str = "0x", intent: str = "trade") -> MinedTransaction:
    receipt: Any = SimpleNamespace(sender=address_of(by), tx_hash="0xabc", ok=True)
    transaction = Transaction(address_of(by), to, data, 1, intent=intent, lane=Lane.EXCHANGE)
    return MinedTransaction(AT, transaction, receipt, Actor(by, "trader"))


def trade(maker: str, taker: str, price: int, lots: int, *, side: int = 1) -> tuple[str, str, dict[str, Any]]:
    parties = {"maker": address_of(maker), "taker": taker if taker.startswith("0x") else address_of(taker)}
    return BOOK, "Trade", {**parties, "takerSide": side, "price": price, "lots": lots, "makerFee": 1, "takerFee": 2}


def top(last: int, bid: int, ask: int) -> tuple[str, str, dict[str, Any]]:
    return BOOK, "TopMoved", {"last": last, "bid": bid, "ask": ask}


@pytest.mark.parametrize(
    ("last", "bid", "ask", "expected"),
    [
        (0, 0, 0, 0),
        (0, 90, 0, 0),
        (0, 0, 110, 0),
        (0, 90, 111, 100),
        (100, 90, 110, 100),
        (100, 0, 0, 100),
        (100, 101, 110, 101),
        (100, 90, 99, 99),
        (100, 100, 100, 100),
        (100, 0, 99, 99),
        (100, 101, 0, 101),
    ],
)
def test_own_price__last_bid_and_ask__is_the_last_held_between_them(
    last: int, bid: int, ask: int, expected: int
) -> None:
    assert own_price_raw(last, bid, ask) == expected


def test_book_moves__limit_order_that_sweeps_and_rests__is_trades_and_then_a_quote(accounts: ExchangeAccounts) -> None:
    events = BookEvents(accounts)
    transaction = sent("trader", BOOK, intent="buy")
    told = logs(
        trade("mm", "trader", 1_000_000, 5, side=0), trade("mm", "trader", 1_000_000, 5, side=0),
        trade("mm", "trader", 1_010_000, 5, side=0), (BOOK, "OrderPlaced", {"maker": address_of("trader")}),
        top(1_010_000, 1_020_000, 1_050_000),
    )  # fmt: skip
    moves = list(events.moves(transaction, told))
    # The first price moves nothing; the second trade at the same one has no row.
    assert [(move.log_index, move.kind, move.before_wad, move.after_wad) for move in moves] == [
        (0, "trade", WAD, WAD),
        (2, "trade", WAD, 101 * WAD // 100),
        (4, "quote", 101 * WAD // 100, 102 * WAD // 100),
    ]
    assert {(move.account, move.intent) for move in moves} == {(address_of("trader"), "buy")}


@pytest.mark.parametrize(
    ("event", "fields", "kind"),
    [
        ("Requoted", {"orders": [1]}, "quote"),
        ("Requoted", {"orders": []}, "cancel"),
        ("OrderPlaced", {}, "quote"),
        ("AllCancelled", {}, "cancel"),
        ("OrderCancelled", {}, "cancel"),
    ],
)
def test_book_moves__top_moved_by_an_order__is_its_owner_s(
    event: str, fields: dict[str, Any], kind: str, accounts: ExchangeAccounts
) -> None:
    events = BookEvents(accounts)
    engine = sent("engine", MARGIN)
    list(events.moves(sent("trader", BOOK), logs(trade("mm", "trader", 1_000_000, 1))))
    told = logs((BOOK, event, {"maker": address_of("mm"), **fields}), top(1_000_000, 0, 900_000))
    (move,) = events.moves(engine, told)
    assert (move.kind, move.account, move.intent) == (kind, address_of("mm"), "account-liquidation")
    assert (move.before_wad, move.after_wad) == (WAD, 9 * WAD // 10)


def test_book_moves__all_quotes_removed_before_a_first_trade__fall_to_zero(accounts: ExchangeAccounts) -> None:
    events = BookEvents(accounts)
    quoted = logs((BOOK, "OrderPlaced", {"maker": address_of("mm")}), top(0, 900_000, 1_100_000))
    pulled = logs((BOOK, "AllCancelled", {"maker": address_of("mm")}), top(0, 900_000, 0))
    moves = [move for told in (quoted, pulled) for move in events.moves(sent("mm", BOOK), told)]
    assert [(move.before_wad, move.after_wad) for move in moves] == [(WAD, WAD), (WAD, 0)]


def test_trades__of_an_account_liquidated__are_its_own_not_the_engine_s(accounts: ExchangeAccounts) -> None:
    transaction = sent("engine", MARGIN, intent="liquidate")
    (row,) = BookEvents(accounts).trades(transaction, logs(trade("trader", "mm", 1_230_000, 7)))
    assert row.intent == "account-liquidation"
    assert (row.taker, row.taker_role, row.taker_cohort) == ("mm", "maker", "mms")
    assert (row.maker, row.maker_role, row.maker_cohort) == ("trader", "trader", "traders")
    assert (row.price_raw, row.base_raw, row.quote_raw) == (1_230_000, 7 * ALT, 8_610_000)
    assert (row.maker_fee_raw, row.taker_fee_raw, row.taker_side) == (1, 2, "sell")


def test_trades__of_the_desk__are_the_borrower_s_whose_pledge_it_was(accounts: ExchangeAccounts) -> None:
    transaction = sent("engine", DESK)
    told = logs(
        trade("mm", DESK, 1_000_000, 1),
        (DESK, "LoanLiquidated", {"account": address_of("trader")}),
        trade("mm", DESK, 900_000, 1),
        (DESK, "LoanLiquidated", {"account": address_of("whale")}),
    )
    found = list(BookEvents(accounts).trades(transaction, told))
    assert [(row.taker, row.intent) for row in found] == [
        ("trader", "desk-liquidation"),
        ("whale", "desk-liquidation"),
    ]


def perp(event: str, market: int, contracts: int, price: int, **parties: str) -> tuple[str, str, dict[str, Any]]:
    names = {key: address_of(name) for key, name in parties.items()}
    told = {"marketId": market, "contracts": contracts, "price": price, "markPrice": 9, "rankWad": 5 * WAD, **names}
    return MARGIN, event, told


def test_perp_trades__of_a_liquidation__are_told_from_trades_and_deleveraging(accounts: ExchangeAccounts) -> None:
    told = logs(
        perp("PerpTrade", 1, -3, 10, taker="mm", maker="trader"),
        perp("AutoDeleveraged", 0, -2, 7, bankrupt="mm", counterparty="whale"),
    )
    columns = ("market", "taker", "maker", "kind", "contracts", "price_raw", "mark_raw", "rank_wad")
    engine = sent("engine", MARGIN, data=f"{LIQUIDATE}00")
    found = [tuple(getattr(row, name) for name in columns) for row in perp_trade_rows(accounts, engine, told)]
    # Of deleveraging the event says what the bankrupt sold: minus two, it bought two back.
    assert found == [
        ("perp-b", "mm", "trader", "liquidation", -3, 10, 9, 0),
        ("perp-a", "mm", "whale", "adl", 2, 7, 9, 5 * WAD),
    ]
    by_itself = sent("mm", MARGIN, data="0x22222222")
    (row,) = perp_trade_rows(accounts, by_itself, told[:1])
    assert row.kind == "trade"


def test_events__deleveraging_against_several__is_one_row_a_market(accounts: ExchangeAccounts) -> None:
    told = logs(
        perp("AutoDeleveraged", 0, 2, 7, bankrupt="mm", counterparty="whale"),
        perp("AutoDeleveraged", 0, 3, 7, bankrupt="mm", counterparty="trader"),
        perp("AutoDeleveraged", 1, -4, 5, bankrupt="mm", counterparty="trader"),
    )
    columns = ("log_index", "kind", "account", "book", "amount_raw", "proceeds_raw")
    found = [
        tuple(getattr(row, name) for name in columns) for row in event_rows(accounts, sent("engine", MARGIN), told)
    ]
    assert found == [
        (0, "auto-deleveraged", "mm", "perp-a", 5, 35),
        (2, "auto-deleveraged", "mm", "perp-b", -4, 20),
    ]


@pytest.mark.parametrize(
    ("address", "event", "told", "expected"),
    [
        (MARGIN, "BadDebt", {"amount": 5}, {"kind": "bad-debt", "asset": "USDC", "amount_raw": 5, "account": "mm"}),
        (MARGIN, "LiquidationEnded", {"uniMmrWad": -3}, {"kind": "liquidation-ended", "uni_mmr_wad": -3}),
        (DESK, "MarginCallMet", {"lineId": 0, "ltvBps": 7}, {"kind": "margin-call-met", "ltv_bps": 7, "book": "alt"}),
        (DESK, "ShortfallCovered", {"lineId": 0, "amount": 8}, {"kind": "shortfall-covered", "amount_raw": 8}),
        (DESK, "DeskLoss", {"lineId": 0, "amount": 9}, {"kind": "desk-loss", "amount_raw": 9, "book": "alt"}),
    ],
)
def test_events__each__has_its_kind_and_amounts(
    address: str, event: str, told: dict[str, Any], expected: dict[str, Any], accounts: ExchangeAccounts
) -> None:
    made = logs((address, event, {"account": address_of("mm"), **told}))
    (row,) = event_rows(accounts, sent("engine", address), made)
    assert {key: getattr(row, key) for key in expected} == expected
    assert (row.run_id, row.step, row.tx_hash, row.log_index) == ("by-hand", 0, "0xabc", 0)


def test_events__of_no_account__have_an_empty_account(accounts: ExchangeAccounts) -> None:
    made = logs(
        (BOOK, "BookHalted", {"anchor": 12, "until": 99}),
        (VAULT, "TransfersSet", {"depositsOpen": True, "withdrawalsOpen": False}),
        (VAULT, "TransfersSet", {"depositsOpen": True, "withdrawalsOpen": True}),
        (VAULT, "Moved", {}),
    )
    halted, closed, opened = event_rows(accounts, sent("engine", BOOK), made)
    assert (halted.kind, halted.book, halted.amount_raw, halted.until_timestamp) == (
        "book-halted",
        "alt",
        12,
        99,
    )
    assert (closed.kind, opened.kind) == ("transfers-closed", "transfers-open")
    assert {row.account for row in (halted, closed, opened)} == {""}


def account(*, equity: int, ratio: int, level: int, debt: int = 0, notional: int = 0) -> MarginAccount:
    return MarginAccount(equity, equity, 1, ratio, 0, debt, notional, level)


def view(states: dict[str, MarginAccount], alt: dict[str, int], *, index: int = 2_000_000) -> Any:
    state = BookState(0, 0, 0, 0, 0, 0, index, 0, (5, 9, 6, 9, 7, 9, 8, 9, 0, 0, 0, 0))
    exchange = SimpleNamespace(
        book=lambda name: state,
        account=lambda address: states[address],
        reference_wad=lambda name: 3 * WAD // 2,
        balance=lambda address, asset: Balance(alt.get(address, 0), 0) if asset == "ALT" else Balance(1, 2),
    )
    return SimpleNamespace(exchange=exchange, oracle_price_e8=lambda asset: 99 * E8 // 100)


def test_margin_cohorts__three_accounts__sum_count_and_take_the_lower_median(
    world: Any, accounts: ExchangeAccounts
) -> None:
    names = ("mm", "whale", "trader", "engine")
    who = {name: address_of(name) for name in names}
    world.exchange.accounts = {
        who["mm"]: "makers",
        who["whale"]: "makers",
        who["trader"]: "makers",
        who["engine"]: "idle",
        address_of("fund"): "exchange",
    }
    states = {
        who["mm"]: account(equity=-5, ratio=-2, level=3, debt=10),
        who["whale"]: account(equity=100, ratio=9, level=0, notional=40),
        who["trader"]: account(equity=30, ratio=3, level=1),
        who["engine"]: account(equity=7, ratio=ENDLESS, level=0),
    }
    # Index 2 times the stable's 0.99: 1.5 ALT are 2.97. The trader has ALT alone, the engine neither.
    seen = view(states, {who["trader"]: 3 * ALT // 2})
    (row,) = ExchangeState(accounts).margin_cohorts(AT, seen)
    assert row == MarginCohortRow(
        **AT,
        cohort="makers",
        accounts=3,
        free=1,
        warning=1,
        reduce_only=0,
        liquidation=1,
        equity_raw=125,
        adjusted_equity_raw=125,
        maintenance_raw=3,
        debt_raw=10,
        notional_raw=40,
        gross_raw=40 + 2_970_000,
        median_uni_mmr_wad=3,
        lowest_uni_mmr_wad=-2,
    )


def test_margin__level_that_did_not_change__has_no_row(world: Any, accounts: ExchangeAccounts) -> None:
    who = address_of("mm")
    world.exchange.accounts = {who: "makers", address_of("fund"): "exchange"}
    state = ExchangeState(accounts)
    told = []
    steps = ((1, PositionEvent.BUILT), (1, None), (2, None), (2, None), (0, None), (0, PositionEvent.END))
    for level, event in steps:
        seen = view({who: account(equity=1, ratio=1, level=level)}, {})
        told.append([(row.event, row.level) for row in state.margin(AT, seen, event=event)])
    assert told == [
        [("built", "warning")],
        [],
        [("changed", "reduce-only")],
        [],
        [("changed", "free")],
        [("end", "free")],
    ]


def test_margin__market_without_a_price__records_no_account_until_there_is_one(accounts: ExchangeAccounts) -> None:
    def refuse(address: str) -> MarginAccount:
        raise RevertedCall(what="ExchangeLens.accounts", reason="PriceNotAvailable(0)")

    state, unpriced = ExchangeState(accounts), view({}, {})
    unpriced.exchange.account = refuse
    assert list(state.margin(AT, unpriced)) == []
    assert list(state.margin_cohorts(AT, unpriced)) == []
    assert len(list(state.holdings(AT, unpriced))) == 4
    priced = view({who: account(equity=1, ratio=1, level=3) for who in accounts.exchange.accounts}, {})
    assert {row.level for row in state.margin(AT, priced)} == {"liquidation"}


def test_state__that_did_not_change__has_no_second_row(accounts: ExchangeAccounts) -> None:
    state, seen = ExchangeState(accounts), view({}, {address_of("mm"): ALT})
    held = {(row.cohort, row.asset): row.amount_raw for row in state.holdings(AT, seen)}
    assert held == {
        ("mms", "USDC"): 3,
        ("mms", "ALT"): ALT,
        ("whales", "USDC"): 3,
        ("traders", "USDC"): 3,
        ("engines", "USDC"): 3,
    }
    assert list(state.holdings(AT, seen)) == []
    gone = list(state.holdings(AT, view({}, {})))
    assert [(row.cohort, row.asset, row.amount_raw) for row in gone] == [("mms", "ALT", 0)]
    depth = list(state.liquidity(AT, seen))
    assert [(row.within_bps, row.sell_raw, row.buy_raw) for row in depth] == [
        (50, 5 * ALT, 6 * ALT),
        (200, 7 * ALT, 8 * ALT),
        (1000, 0, 0),
    ]
    assert list(state.liquidity(AT, seen)) == []


def test_prices__of_a_book_that_never_traded__have_no_last_one(accounts: ExchangeAccounts) -> None:
    found = {source: price for _, source, price in ExchangeState(accounts).prices(view({}, {}))}
    assert found == {"bid:alt": None, "ask:alt": None, "index:alt": 198_000_000, "reference:alt": 148_500_000}


@pytest.mark.parametrize(
    ("to", "data", "intent"),
    [
        (MARGIN, LIQUIDATE, "account-liquidation"),
        (DESK, LIQUIDATE, "desk-liquidation"),
        (ENGINE, FOR_ACCOUNT, "account-liquidation"),
        (ENGINE, FOR_LOAN, "desk-liquidation"),
        (ENGINE, FOR_MARKET, "go-on"),
        (BOOK, FOR_ACCOUNT, "go-on"),
    ],
)
def test_trades__of_a_sale_by_an_engine__are_marked_for_any_caller(
    accounts: ExchangeAccounts, to: str, data: str, intent: str
) -> None:
    transaction = sent("engine", to, data=f"{data}00", intent="go-on")
    told = logs(trade("mm", "whale", 1_000_000, 5))

    assert [row.intent for row in BookEvents(accounts).trades(transaction, told)] == [intent]


@pytest.mark.parametrize(
    ("to", "data", "kind"),
    [
        (MARGIN, LIQUIDATE, "liquidation"),
        (MARGIN, "0x55555555", "trade"),
        (ENGINE, FOR_ACCOUNT, "liquidation"),
        (ENGINE, FOR_MARKET, "trade"),
    ],
)
def test_perp_trades__of_an_account_that_the_engine_closes__are_liquidations_whoever_called_it(
    accounts: ExchangeAccounts, to: str, data: str, kind: str
) -> None:
    transaction = sent("engine", to, data=f"{data}00")
    parties = {"taker": address_of("whale"), "maker": address_of("mm")}
    told = logs((MARGIN, "PerpTrade", {**parties, "marketId": 0, "contracts": -5, "price": 9, "markPrice": 9}))

    assert [row.kind for row in perp_trade_rows(accounts, transaction, told)] == [kind]
