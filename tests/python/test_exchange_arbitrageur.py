"""Arbitrage between a book and a pool: which gaps pay, both legs of one size, and stock that is moved."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from cascade.agents.exchange_arbitrageur import ExchangeArbitrageur
from cascade.agents.interface import GWEI, Proposal
from cascade.chain.local import address_of
from cascade.observation.exchange_view import Balance
from cascade.scenario.model import ExchangeArbitrageurSpec

from .agent_views import DECIMALS, USDC, USDE, WAD, asked, contract, swap
from .desk_views import LANE, ExchangeSight, book_state

BUY, SELL, IMMEDIATE_OR_CANCEL = 0, 1, 1
ADDRESS = address_of("arb")
MANY = 10**6
DEAR = {"usde": book_state(bid=1.03, ask=1.0301)}
CHEAP = {"usde": book_state(bid=0.9699, ask=0.97)}
LEVELS = {
    ("usde", BUY): [(1_030_000, 400), (1_016_000, 300), (1_010_000, MANY)],
    ("usde", SELL): [(970_000, 400), (984_000, 300), (990_000, MANY)],
}


def arbitrageur(**keys: Any) -> ExchangeArbitrageur:
    spec = ExchangeArbitrageurSpec.model_validate(
        {
            "kind": "exchange-arbitrageur",
            "book": "usde",
            "venue": "pool",
            "cash": 1,
            "base": 1,
            "min_edge_bps": 0,
            "max_per_block": 10_000,
            **keys,
        }
    )
    return ExchangeArbitrageur("arb", spec)


@dataclass
class Pool:
    """A pool at a price, which takes a given amount until it is at any other."""

    exchange: ExchangeSight
    price_wad: int = WAD
    takes_raw: int = MANY * USDE
    fee_wad: int = 0
    chain: tuple[int, int] = (MANY * USDC, MANY * USDE)
    """Stables and base on chain."""
    asked: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        venue = SimpleNamespace(name="pool", coins=("USDC", "USDe"), highest_fee_wad=self.fee_wad, swap=swap)
        spec = SimpleNamespace(assets={asset: SimpleNamespace(decimals=at) for asset, at in DECIMALS.items()})
        self.world = SimpleNamespace(
            venues={"pool": venue},
            scenario=SimpleNamespace(spec=spec),
            tokens={asset: contract(asset) for asset in DECIMALS},
        )

    def spot_price_wad(self, venue: str) -> int:
        return self.price_wad

    def trade_to_price(self, venue: str, target_wad: int) -> tuple[str, int]:
        buys = target_wad > self.price_wad
        self.asked = ("USDC" if buys else "USDe", target_wad)
        return self.asked[0], self.takes_raw // 10**12 if buys else self.takes_raw

    def wallet_raw(self, address: str, asset: str) -> int:
        assert address == ADDRESS
        return self.chain[0] if asset == "USDC" else self.chain[1]


def sight(states: dict[str, Any], *, cash: int = MANY * USDC, base: int = MANY * USDE, **keys: Any) -> ExchangeSight:
    balances = {(ADDRESS, "USDC"): Balance(cash, 0), (ADDRESS, "USDe"): Balance(base, 0)}
    return ExchangeSight(states=states, ladders=LEVELS, balances=balances, **keys)


def acts(view: Pool, **keys: Any) -> dict[str, Proposal]:
    agent = arbitrageur(**keys)
    return {proposal.key: proposal for proposal in asked(agent, view)}


def legs(proposals: dict[str, Proposal]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Arguments of the book's order, and asset, amount and least proceeds of the pool's swap."""
    order, swapped = proposals["order"], proposals["swap"]
    assert (order.contract.address, order.function) == (contract("book usde").address, "placeLimit")
    assert order.sender == swapped.sender == swapped.arguments[3] == ADDRESS
    return order.arguments, swapped.arguments[:3]


def test_book_dearer__sells_there_and_buys_here_down_to_the_middle() -> None:
    view = Pool(sight(DEAR))
    order, bought = legs(acts(view, tip_gwei=5))

    # Between 1 and 1.03 they meet at 1.015: the book's first two levels are as good, 700 lots.
    assert view.asked == ("USDC", 1_015 * WAD // 1000)
    assert order == (SELL, 1_015_000, 700, IMMEDIATE_OR_CANCEL)
    assert bought == ("USDC", 700 * USDC, 700 * USDC * 1000 * USDE // (1_015 * USDC))
    assert acts(view, tip_gwei=5)["swap"].tip_wei == 5 * GWEI


def test_book_cheaper__buys_there_and_sells_here_up_to_the_middle() -> None:
    view = Pool(sight(CHEAP))
    order, sold = legs(acts(view))

    assert view.asked == ("USDe", 985 * WAD // 1000)
    assert order == (BUY, 985_000, 700, IMMEDIATE_OR_CANCEL)
    assert sold == ("USDe", 700 * USDE, 700 * 985_000)


@pytest.mark.parametrize(("edge_bps", "trades"), [(295, True), (296, False)])
def test_gap__narrower_than_the_edge__is_not_traded(edge_bps: int, trades: bool) -> None:
    # Half of the edge on each side of 1.015 must not pass 1 and 1.03: 300 of 10,150 is 2.955 %.
    dear = acts(Pool(sight(DEAR)), min_edge_bps=edge_bps)

    assert bool(dear) == trades
    if trades:
        order, bought = legs(dear)
        assert order[1] == 1_030_000
        worst = Fraction(1_015, 1000) * (1 - Fraction(295, 20_000))
        assert bought[2] == int(Fraction(bought[1] * 10**12) / Fraction(int(worst * WAD), WAD))


@pytest.mark.parametrize(
    ("pool_fee_wad", "taker_fee_bps", "trades"),
    [(29 * WAD // 1000, 0, True), (30 * WAD // 1000, 0, False), (0, 291, True), (0, 292, False)],
)
def test_gap__not_larger_than_a_fee__is_not_traded(pool_fee_wad: int, taker_fee_bps: int, trades: bool) -> None:
    # 1 / (1 - 0.029) is 1.02987 and 1 / (1 - 0.03) is 1.03093; 1.03 less 2.91 % is 1.000027, less 2.92 % 0.999924.
    view = Pool(sight(DEAR, taker_fee_bps=taker_fee_bps), fee_wad=pool_fee_wad)

    assert (acts(view) != {}) == trades


@pytest.mark.parametrize(
    ("states", "view", "exchange", "size"),
    [
        (DEAR, {}, {"base": 250 * USDE}, 250),
        (DEAR, {"chain": (200 * USDC, MANY * USDE)}, {}, 200),
        (DEAR, {"takes_raw": 150 * USDE}, {}, 150),
        (DEAR, {"takes_raw": 150 * USDE + USDE // 2}, {}, 150),
        (CHEAP, {"chain": (MANY * USDC, 250 * USDE)}, {}, 250),
        (CHEAP, {}, {"cash": 100 * 985_000 + 984_999}, 100),
        (CHEAP, {"takes_raw": 150 * USDE}, {}, 150),
    ],
)
def test_legs__less_stock_or_depth_on_one_side__have_the_same_size(
    states: dict[str, Any], view: dict[str, Any], exchange: dict[str, int], size: int
) -> None:
    order, swapped = legs(acts(Pool(sight(states, degraded=True, **exchange), **view)))

    assert order[2] == size
    assert swapped[1] == size * (USDC if order[0] == SELL else USDE)


def test_legs__larger_than_the_limit_per_block__are_cut_to_it() -> None:
    assert legs(acts(Pool(sight(DEAR)), max_per_block=60))[0][2] == 60


@pytest.mark.parametrize(("held", "trades"), [(10 * USDE, True), (10 * USDE - 1, False)])
def test_legs__below_a_thousandth_of_the_limit_per_block__are_not_traded(held: int, trades: bool) -> None:
    assert ("order" in acts(Pool(sight(DEAR, base=held, degraded=True)))) == trades


@pytest.mark.parametrize(("halted_until", "trades"), [(LANE, True), (LANE + 1, False)])
def test_book__halted__is_not_traded(halted_until: int, trades: bool) -> None:
    states = {"usde": book_state(bid=1.03, ask=1.0301, halted_until=halted_until)}

    assert ("order" in acts(Pool(sight(states)))) == trades


@pytest.mark.parametrize("states", [{"usde": book_state()}, {"usde": book_state(bid=0.9999, ask=1.0001)}])
def test_book__empty_or_around_the_pool_s_price__is_not_traded(states: dict[str, Any]) -> None:
    assert acts(Pool(sight(states))) == {}


AT_PEACE = {"usde": book_state(bid=0.9999, ask=1.0001)}


def moves(view: Pool) -> list[tuple[str, str, int]]:
    """Function, token and amount of each, a block's trade being 10,000."""
    return [(proposal.function, proposal.arguments[0], proposal.arguments[1]) for proposal in acts(view).values()]


@pytest.mark.parametrize(
    ("chain_base", "exchange_base", "expected"),
    [
        (9_999, 30_000, [("withdraw", 10_000)]),
        (30_001, 9_999, [("deposit", 10_001)]),
        (10_000, 90_000, []),
        (9_000, 10_000, []),
        (0, 10_001, [("withdraw", 5_000)]),
    ],
)
def test_stock__one_side_short_of_a_block_s_trade__gets_half_of_the_difference(
    chain_base: int, exchange_base: int, expected: list[tuple[str, int]]
) -> None:
    exchange = sight(AT_PEACE, base=exchange_base * USDE)
    view = Pool(exchange, chain=(MANY * USDC, chain_base * USDE))

    token = contract("USDe").address
    assert [(name, at, amount // USDE) for name, at, amount in moves(view)] == [(f, token, n) for f, n in expected]
    exchange.degraded = True
    assert moves(view) == []


def test_stock__cash_short__is_moved_by_the_pool_s_price() -> None:
    # A block's 10,000 cost 9,000 at 0.9.
    states = {"usde": book_state(bid=0.8999, ask=0.9001)}
    short = Pool(sight(states, cash=8_999 * USDC), price_wad=9 * WAD // 10, chain=(11_001 * USDC, MANY * USDE))
    enough = Pool(sight(states, cash=9_000 * USDC), price_wad=9 * WAD // 10, chain=(11_001 * USDC, MANY * USDE))

    assert moves(short) == [("deposit", contract("USDC").address, 1_001 * USDC)]
    assert moves(enough) == []


def test_stock__moved_in_the_block_of_a_trade__leaves_the_trade_what_it_spends() -> None:
    # 700 are sold at the exchange of 10,500 there: 9,800 stay, which is short of 10,000; on chain are 20,000.
    proposals = acts(Pool(sight(DEAR, base=10_500 * USDE), chain=(MANY * USDC, 20_000 * USDE)))

    assert proposals["order"].arguments[2] == 700
    assert proposals["move USDe"].arguments == (contract("USDe").address, 5_100 * USDE, ADDRESS)
