"""What does not fit together in a scenario with an exchange: refused in one line, before any chain."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cascade.errors import ScenarioError
from cascade.positions.plan import plan_positions
from cascade.positions.preflight import check_liquidity
from cascade.scenario.load import load_scenario
from cascade.toolchain.paths import project_root

UNWIND = project_root() / "scenarios" / "usde-unwind.yaml"
FIXED = {"kind": "fixed", "price": 1}
TIERS = [{"rate_bps": 7000}]
BOOK = {"base": "ALT", "tick": 0.0001, "lot": 1, "initial_price": 1, "reference": FIXED}
USDE_BOOK = {**BOOK, "base": "USDe", "redemption": {"asset": "USDC"}}
WETH_BOOK = {
    "base": "WETH",
    "tick": 0.01,
    "lot": 0.001,
    "initial_price": 4395.57,
    "reference": {"kind": "path", "asset": "WETH"},
}
LINE = {"initial_ltv_bps": 6500, "margin_call_ltv_bps": 7500, "liquidation_ltv_bps": 8300}
WHALES: dict[str, Any] = {
    "count": 2,
    "collateral": "USDe",
    "debt": "USDC",
    "venue": "usde-minting",
    "rounds": 2,
    "equity": {"kind": "fixed", "value": 1000},
    "target": {"leverage": {"kind": "fixed", "value": 2}},
    "pledge": {"collateral": "ALT", "ltv": {"kind": "fixed", "value": 0.6}, "line": "alt"},
}
DESK_WHALE = {"kind": "desk-whale", "cohort": "desk-whales", "venue": "usde-usdc"}
LADDER = {"bid_size": 10, "ask_size": 10}
MAKER = {"kind": "market-maker", "inventory": {"ALT": 100, "USDC": 100}, "ladders": {"alt": LADDER}}
BIDDER = {"kind": "bidder", "book": "alt", "size": 10, "capital": 10}
NOISE = {"kind": "noise-trader", "book": "alt", "order": {"kind": "fixed", "value": 1}, "base": 1, "cash": 1}
RETAIL = {
    "kind": "perp-trader",
    "market": "alt-perp",
    "equity": {"kind": "fixed", "value": 1},
    "leverage": {"kind": "fixed", "value": 2},
}
BASIS = {"kind": "basis-trader", "market": "alt-perp", "cash": 1, "quote_contracts": 1, "max_hedge_contracts": 1}
KEEPER = {"kind": "exchange-keeper"}
HOLDER = {"kind": "holder-exit", "book": "alt", "base": 10, "begin_seconds": {"kind": "fixed", "value": 60}}
DEBTOR = {
    "kind": "desk-borrower",
    "line": "alt",
    "pledge": {"kind": "fixed", "value": 10},
    "ltv": {"kind": "fixed", "value": 0.6},
}
ARBITRAGE = {
    "kind": "exchange-arbitrageur",
    "book": "usde",
    "venue": "usde-usdc",
    "cash": 10,
    "base": 10,
    "max_per_block": 5,
}
EXCHANGE: dict[str, Any] = {
    "cash": "USDC",
    "books": {"alt": BOOK, "usde": USDE_BOOK, "weth": WETH_BOOK},
    "desk": {"capital": 10_000_000, "lines": {"alt": LINE}},
    "margin": {
        "capital": 10_000_000,
        "collateral": {"alt": {"tiers": TIERS}, "usde": {"tiers": TIERS}},
        "markets": {"alt-perp": {"book": "alt", "contract_size": 10, "tiers": [{"rate_bps": 500}]}},
        "debt_tiers": [{"rate_bps": 500}],
    },
}
WITH_EXCHANGE = {"sensitivity": {}, "assets.ALT": {"decimals": 18}, "exchange": EXCHANGE}
AGENTS = {
    "engine": KEEPER,
    "maker": MAKER,
    "bids": BIDDER,
    "noise": NOISE,
    "retail": RETAIL,
    "basis": BASIS,
    "arb": ARBITRAGE,
    "holders": HOLDER,
    "debtors": DEBTOR,
    "desk-owners": DESK_WHALE,
}
BOOKS, MARGIN = "exchange.books", "exchange.margin"
NOON = datetime(2025, 10, 11, 12, 0, tzinfo=UTC)


def checked(changes: dict[str, Any]) -> None:
    """What a command does before it starts anything."""
    scenario = load_scenario(UNWIND, set={**WITH_EXCHANGE, **changes})
    check_liquidity(scenario, plan_positions(scenario))


def refusal(changes: dict[str, Any]) -> str:
    with pytest.raises(ScenarioError) as refused:
        checked(changes)
    message = str(refused.value)
    assert message.startswith(("usde-unwind.yaml: ", "macro-2025-10-10.csv: "))
    assert "\n" not in message
    assert refused.value.exit_code == 2
    return message


def test_exchange__that_fits_together__is_accepted() -> None:
    checked({"positions.desk-whales": WHALES, **{f"agents.{name}": agent for name, agent in AGENTS.items()}})


def forgotten(**changes: Any) -> dict[str, Any]:
    return {f"{BOOKS}.alt.forgotten_orders": [{"price": 0.1, "size": 5, **changes}]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"timeline.block_seconds": 1}, "timeline.block_seconds = 1: an exchange's blocks lie between the chain's"),
        ({"exchange.cash": "USDX"}, "exchange.cash = 'USDX': unknown asset"),
        ({"exchange.cash": "ALT"}, "exchange.cash = 'ALT': has no price source: add oracle.ALT"),
        ({f"{BOOKS}.alt.base": "XYZ"}, f"{BOOKS}.alt.base = 'XYZ': unknown asset"),
        ({f"{BOOKS}.alt.base": "USDC"}, f"{BOOKS}.alt.base = 'USDC': is the exchange's stable"),
        ({f"{BOOKS}.alt.base": "USDe"}, f"{BOOKS}.usde.base = 'USDe': is traded in alt: an asset has one book"),
        ({f"{BOOKS}.ALT": BOOK}, f"{BOOKS}.ALT = 'ALT': is the name of an asset: a book needs one of its own"),
        ({f"{BOOKS}.usde-usdc": BOOK}, f"{BOOKS}.usde-usdc = 'usde-usdc': is the name of a venue"),
        (
            {"agents.holders": {**HOLDER, "not_below": 0.90005}},
            "agents.holders.not_below = '0.90005': expected whole ticks of 0.0001",
        ),
        ({f"{BOOKS}.alt.tick": 0.0000001}, f"{BOOKS}.alt.tick = '1E-7': USDC has 6 decimals"),
        ({"assets.ALT": {"decimals": 2}, f"{BOOKS}.alt.lot": 0.001}, f"{BOOKS}.alt.lot = '0.001': ALT has 2 decimals"),
        (
            {f"{BOOKS}.alt.lot": 0.001},
            f"{BOOKS}.alt.lot = '0.001': a lot at one tick is worth 0.0000001 USDC: expected a whole number of its "
            "units, 0.000001",
        ),
        ({f"{BOOKS}.alt.initial_price": 0.00005}, f"{BOOKS}.alt.initial_price = '0.00005': expected 1 to 16777214"),
        (
            {f"{BOOKS}.alt.initial_price": 1678, f"{BOOKS}.alt.reference": {"kind": "fixed", "price": 1678}},
            f"{BOOKS}.alt.initial_price = '1678': expected 1 to 16777214 ticks of 0.0001",
        ),
        (
            {f"{BOOKS}.weth.initial_price": 4440},
            f"{BOOKS}.weth.initial_price = '4440': its reference starts at 4395.57: expected at most 1% from that",
        ),
        (
            {f"{BOOKS}.alt.initial_price": 1.02},
            f"{BOOKS}.alt.initial_price = '1.02': its reference starts at 1: expected at most 1% from that",
        ),
        ({f"{BOOKS}.weth.reference.asset": "SOL"}, "asset = 'SOL': no row for this asset; the file has WETH"),
        (
            {f"{BOOKS}.usde.reference": {"kind": "venue", "venue": "weth-usdc"}},
            f"{BOOKS}.usde.reference.venue = 'weth-usdc': expected a stable-swap or constant-product pool whose second",
        ),
        (
            {f"{BOOKS}.usde.redemption.asset": "ALT"},
            f"{BOOKS}.usde.redemption.asset = 'ALT': has no price source: add oracle.ALT",
        ),
        (
            {"oracle.ALT": {"kind": "exchange-index", "book": "alt"}, f"{BOOKS}.alt.redemption": {"asset": "ALT"}},
            f"{BOOKS}.alt.redemption.asset = 'ALT': its price is made of this book's own index",
        ),
        (
            {f"{BOOKS}.alt.index": {"redemption_weight_bps": 1}},
            f"{BOOKS}.alt.index.redemption_weight_bps = 1: nobody redeems ALT: add {BOOKS}.alt.redemption",
        ),
        ({f"{BOOKS}.alt.index": {"redemption_weight_bps": 10_001}}, "should be less than or equal to 10000"),
        (
            {f"{BOOKS}.alt.index": {"floor_price": 1.01}},
            f"{BOOKS}.alt.index.floor_price = '1.01': is above initial_price, 1",
        ),
        ({f"{BOOKS}.alt.index": {"floor_price": 0.0000001}}, f"{BOOKS}.alt.index.floor_price = '1E-7': USDC has 6"),
        (forgotten(size=0), f"{BOOKS}.alt.forgotten_orders.0.size = 0: Input should be greater than 0"),
        (forgotten(size=0.5), f"{BOOKS}.alt.forgotten_orders.0.size = '0.5': expected whole lots of 1"),
        (forgotten(price=0.00015), f"{BOOKS}.alt.forgotten_orders.0.price = '0.00015': expected whole ticks of 0.0001"),
        (
            forgotten(price=1),
            f"{BOOKS}.alt.forgotten_orders.0.price = '1': would be filled at once: a forgotten buy is under initial",
        ),
        (
            forgotten(price=1, side="sell"),
            f"{BOOKS}.alt.forgotten_orders.0.price = '1': would be filled at once: a forgotten sell is over initial",
        ),
        (
            {f"{BOOKS}.alt.forgotten_orders": [{"price": 0.1, "size": 1}] * 257},
            f"{BOOKS}.alt.forgotten_orders = 257: expected at most 256",
        ),
        (
            {"exchange.desk.lines": {"alt": {**LINE, "initial_ltv_bps": 7500}}},
            "exchange.desk.lines.alt: initial_ltv_bps 7500, margin_call_ltv_bps 7500 and liquidation_ltv_bps 8300 must",
        ),
        ({"exchange.desk.lines": {"btc": LINE}}, "exchange.desk.lines.btc = 'btc': unknown book; exchange.books has"),
        ({"exchange.desk.capital": 0.0000001}, "exchange.desk.capital = '1E-7': USDC has 6 decimals"),
        (
            {f"{MARGIN}.collateral": {"btc": {"tiers": TIERS}}},
            f"{MARGIN}.collateral.btc = 'btc': unknown book; exchange.books has alt, usde, weth",
        ),
        (
            {f"{MARGIN}.collateral.alt": {"tiers": TIERS, "priced_at": "redemption"}},
            f"{MARGIN}.collateral.alt.priced_at = 'redemption': nobody redeems ALT: add {BOOKS}.alt.redemption",
        ),
        (
            {f"{MARGIN}.collateral.alt": {"tiers": [{"rate_bps": 10_001}]}},
            f"{MARGIN}.collateral.alt.tiers.0.rate_bps = 10001: Input should be less than or equal to 10000",
        ),
        (
            {f"{MARGIN}.collateral.alt": {"tiers": TIERS, "haircut_add_on_bps": 10_001}},
            f"{MARGIN}.collateral.alt.haircut_add_on_bps = 10001: Input should be less than or equal to 10000",
        ),
        (
            {f"{MARGIN}.collateral.alt": {"tiers": [{"up_to": 0.0000001, "rate_bps": 1}, {"rate_bps": 1}]}},
            f"{MARGIN}.collateral.alt.tiers.0.up_to = '1E-7': USDC has 6 decimals",
        ),
        (
            {f"{MARGIN}.markets.alt-perp.book": "btc"},
            f"{MARGIN}.markets.alt-perp.book = 'btc': unknown book; exchange.books has alt, usde, weth",
        ),
        (
            {"oracle.ALT": {"kind": "exchange-index", "book": "btc"}},
            "oracle.ALT.book = 'btc': unknown book; exchange.books has alt, usde, weth",
        ),
        ({"oracle.ALT": {"kind": "exchange-index", "book": "usde"}}, "oracle.ALT.book = 'usde': trades USDe, not ALT"),
        (
            {"oracle.ALT": {"kind": "exchange-index", "book": "alt"}, "exchange": None},
            "oracle.ALT.book = 'alt': there is no exchange: add exchange",
        ),
        (
            {"exchange.transfers": {"degraded_from": datetime(2025, 10, 10), "degraded_until": NOON}},
            "exchange.transfers.degraded_from",
        ),
    ],
)
def test_exchange__that_does_not_fit__is_refused(changes: dict[str, Any], expected: str) -> None:
    assert expected in refusal(changes)


@pytest.mark.parametrize(
    "agent",
    [KEEPER, MAKER, BIDDER, NOISE, RETAIL, BASIS, ARBITRAGE, HOLDER, DEBTOR, {**DESK_WHALE, "cohort": "whales"}],
)
def test_agent_of_an_exchange__without_one__is_refused(agent: dict[str, Any]) -> None:
    message = refusal({"exchange": None, "agents.mine": agent, "agents.whales-owners.active": True})

    if agent["kind"] == "desk-whale":
        assert "agents.mine.cohort = 'whales': is owned by whales-owners already" in message
    else:
        assert f"agents.mine.kind = '{agent['kind']}': there is no exchange: add exchange" in message


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ({**BIDDER, "book": "btc"}, "agents.mine.book = 'btc': unknown book; exchange.books has alt, usde, weth"),
        ({**BIDDER, "to_bps": 100}, "agents.mine: from_bps 200 exceeds to_bps 100"),
        ({**BIDDER, "to_bps": 10_000}, "agents.mine.to_bps = 10000: Input should be less than or equal to 9999"),
        ({**NOISE, "book": "btc"}, "agents.mine.book = 'btc': unknown book"),
        ({**HOLDER, "book": "btc"}, "agents.mine.book = 'btc': unknown book"),
        ({**RETAIL, "market": "alt"}, "agents.mine.market = 'alt': unknown perpetual; exchange.margin.markets has"),
        ({**BASIS, "market": "alt"}, "agents.mine.market = 'alt': unknown perpetual"),
        ({**BASIS, "count": 65}, "agents.mine.count = 65: at most 64 traders quote a market"),
        ({**MAKER, "ladders": {"btc": LADDER}}, "agents.mine.ladders = 'btc': unknown book"),
        ({**MAKER, "inventory": {"XYZ": 1, "ALT": 1}}, "agents.mine.inventory = 'XYZ': expected an asset of the"),
        (
            {**MAKER, "inventory": {"USDC": 1}},
            "agents.mine.ladders.alt.ask_size = '10': asks ALT and holds none: add inventory.ALT",
        ),
        (
            {**MAKER, "ladders": {"alt": {**LADDER, "levels": 5, "spread_bps": 2000, "step_bps": 2000}}},
            "agents.mine.ladders.alt.levels = 5: the last bid is 10000 in 1e-4 below the middle",
        ),
        ({**MAKER, "short_contracts": {"alt": 1}}, "agents.mine.short_contracts = 'alt': unknown perpetual"),
        ({**MAKER, "borrowed": 0.0000001}, "agents.mine.borrowed = '1E-7': USDC has 6 decimals"),
        ({**ARBITRAGE, "book": "btc"}, "agents.mine.book = 'btc': unknown book"),
        ({**ARBITRAGE, "venue": "usde-minting"}, "agents.mine.venue = 'usde-minting': expected a stable-swap"),
        ({**ARBITRAGE, "venue": "weth-usdc"}, "or constant-product pool whose second coin is USDe"),
        ({**ARBITRAGE, "max_per_block": 0.5}, "agents.mine.max_per_block = '0.5': expected at least a lot, 1"),
        ({**DEBTOR, "line": "usde"}, "agents.mine.line = 'usde': unknown line; exchange.desk.lines has alt"),
        ({**DEBTOR, "ltv": {"kind": "fixed", "value": 0.651}}, "agents.mine.ltv = '0.651': the desk lends 65.00%"),
        ({**DESK_WHALE, "cohort": "nobody"}, "agents.mine.cohort = 'nobody': unknown cohort"),
        ({**DESK_WHALE, "cohort": "loopers"}, "agents.mine.cohort = 'loopers': has no loan of the desk"),
        ({**DESK_WHALE, "venue": "weth-usdc"}, "agents.mine.venue = 'weth-usdc': expected a stable-swap"),
        (
            {**DESK_WHALE, "cure_ltv_bps": 7500},
            "agents.mine.cure_ltv_bps = 7500: the desk calls at 7500: expected a cure",
        ),
        (
            {"kind": "whale", "cohort": "desk-whales", "venue": "usde-usdc"},
            "agents.mine.cohort = 'desk-whales': its pledge is at the exchange's desk: "
            "expected an agent of kind desk-whale",
        ),
        (
            {"kind": "custom", "agent": "a.py:A", "role": "maker"},
            "agents.mine.role = 'maker': is a class of the harness's own actors",
        ),
    ],
)
def test_agent__that_could_not_act_at_the_exchange__is_refused(agent: dict[str, Any], expected: str) -> None:
    assert expected in refusal({"positions.desk-whales": WHALES, "agents.mine": agent})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"agents.mine": KEEPER, "agents.other": KEEPER}, "agents.other.kind = 'exchange-keeper': the exchange's"),
        (
            {f"{MARGIN}.markets.alt-perp.contract_size": 10.5, "agents.mine": BASIS},
            "agents.mine.market = 'alt-perp': a contract is 10.5, which is not a whole number of lots of 1: "
            "it could not be hedged",
        ),
        (
            {"exchange.margin": None, "agents.mine": {**MAKER, "borrowed": 5}},
            "agents.mine.borrowed = '5': nobody lends: add exchange.margin",
        ),
        *(
            ({f"agents.{name}": {**ARBITRAGE}}, f"agents.{name} = '{name}': this actor's name is taken by the harness")
            for name in ("exchange", "exchange-fees", "desk-insurance", "margin-insurance", "forgotten")
        ),
        (
            {"positions.desk-whales": {**WHALES, "pledge": {**WHALES["pledge"], "line": "usde"}}},
            "positions.desk-whales.pledge.line = 'usde': unknown line; exchange.desk.lines has alt",
        ),
        (
            {"positions.desk-whales": WHALES, "exchange.desk": None},
            "positions.desk-whales.pledge.line = 'alt': there is no desk: add exchange.desk, or let the pool lend",
        ),
        (
            {"positions.desk-whales": {**WHALES, "pledge": {**WHALES["pledge"], "collateral": "WETH"}}},
            "positions.desk-whales.pledge.collateral = 'WETH': the line alt takes ALT",
        ),
        (
            {"positions.desk-whales": WHALES, "positions.desk-whales.pledge.ltv": {"kind": "fixed", "value": 0.651}},
            "positions.desk-whales.pledge.ltv = '0.651': the desk lends 65.00% on ALT",
        ),
        (
            {"positions.desk-whales": WHALES, "exchange.desk.capital": 1999},
            "exchange.desk.capital = 1999: the positions borrow 2000 from the desk: give it more, or build fewer",
        ),
    ],
)
def test_scenario__exchange_parts_that_do_not_fit__is_refused(changes: dict[str, Any], expected: str) -> None:
    assert expected in refusal(changes)
