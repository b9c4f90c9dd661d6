"""A keeper's decisions, from what it sees alone: no chain, closed forms."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from cascade.agents.keeper import Keeper
from cascade.chain.abi import AbiEntry, Interface
from cascade.chain.local import Contract
from cascade.observation import BookEntry, ExitCurve, LiquidationPreview
from cascade.scenario.model import KeeperSpec

from .agent_views import asked

USDE, USDC, GWEI = 10**18, 10**6, 10**9
UINT_MAX = 2**256 - 1
LIQUIDATOR = "0x" + "11" * 20
VENUE = SimpleNamespace(exit_kind=1, coins=("USDC", "USDe"), contract=SimpleNamespace(address="0x" + "22" * 20))
TOKENS = {name: SimpleNamespace(address="0x" + digit * 40) for name, digit in (("USDe", "3"), ("USDC", "4"))}


def preview(borrower: str, *, debt: int, collateral: int, cover: int | None = None) -> LiquidationPreview:
    """A position at par with a bonus of 5 % and no protocol fee; amounts in whole tokens."""
    repaid = debt if cover is None else cover
    return LiquidationPreview(
        entry=BookEntry(borrower, f"0x{borrower:0>40}", "loopers", "USDe", "USDC"),
        health_factor_wad=9 * 10**17,
        debt_raw=debt * USDC,
        collateral_raw=collateral * USDE,
        debt_to_cover_raw=repaid * USDC,
        collateral_to_liquidator_raw=repaid * USDE * 105 // 100,
        protocol_fee_raw=0,
        bonus_bps=10_500,
    )


class View:
    """What a keeper asks of a block view."""

    def __init__(self, targets: list[LiquidationPreview], *, pays: float, base_fee_gwei: int = 0) -> None:
        chain = SimpleNamespace(ether_price_usd=Decimal(4000))
        assets = {"USDe": SimpleNamespace(decimals=18), "USDC": SimpleNamespace(decimals=6)}
        spec = SimpleNamespace(chain=chain, assets=assets, lending=SimpleNamespace(flash_loan_premium_bps=0))
        self.world = SimpleNamespace(scenario=SimpleNamespace(spec=spec), venues={"pool": VENUE}, tokens=TOKENS)
        self.step = 0
        self.next_base_fee_wei = base_fee_gwei * GWEI
        self.stock = self.cash = 10**9 * USDC
        self._targets, self._pays = tuple(targets), pays

    def unhealthy(self) -> tuple[LiquidationPreview, ...]:
        return self._targets

    def oracle_price_e8(self, asset: str) -> int:
        return 10**8

    def token_balance_raw(self, token: Any, address: str) -> int:
        assert (token, address) == (TOKENS["USDC"], LIQUIDATOR)
        return self.stock

    def pool_cash_raw(self, asset: str) -> int:
        assert asset == "USDC"
        return self.cash

    def exit_curve(self, venue: str, *, asset_in: str, asset_out: str) -> ExitCurve:
        most = 10**9
        return ExitCurve((most * USDE,), (int(most * self._pays) * USDC,))


def bot(**keys: Any) -> Keeper:
    spec = KeeperSpec.model_validate({"kind": "keeper", "exits": ["pool"], **keys})
    keeper = Keeper("bot", spec, 1)
    abi: list[AbiEntry] = [{"type": "function", "name": "liquidate", "inputs": [], "outputs": []}]
    keeper._liquidator = Contract(LIQUIDATOR, Interface("Liquidator", abi))
    return keeper


def decide(view: View, keeper: Keeper | None = None, **keys: Any) -> list[Any]:
    """Orders a keeper sends: the tuple of its one argument, in the order proposed."""
    keeper = keeper or bot(**keys)
    return [proposal.arguments[0] for proposal in asked(keeper, view)]


def test_keeper__bonus_above_slippage__takes_all_that_the_pool_allows() -> None:
    orders = decide(View([preview("a", debt=10_000, collateral=20_000)], pays=1.0))

    assert len(orders) == 1
    assert orders[0][3] == UINT_MAX
    assert orders[0][6] is True


@pytest.mark.parametrize(("pays", "count"), [(0.9534, 1), (0.9533, 0)])
def test_keeper__exit_price__is_where_ten_dollars_are_left(pays: float, count: int) -> None:
    # 10,000 repaid for 10,500 USDe sold: 10,500 x pays - 10,000 is 10.70 at 0.9534 and 9.65 at 0.9533.
    assert len(decide(View([preview("a", debt=10_000, collateral=20_000)], pays=pays))) == count


@pytest.mark.parametrize(("base_fee_gwei", "count"), [(188, 1), (189, 0)])
def test_keeper__gas__counts_in_the_profit_test(base_fee_gwei: int, count: int) -> None:
    # 500 dollars of bonus less 650,000 gas x 188 gwei x 4,000 dollars = 488.80 leaves 11.20; at 189 gwei 8.60.
    view = View([preview("a", debt=10_000, collateral=20_000)], pays=1.0, base_fee_gwei=base_fee_gwei)

    assert len(decide(view)) == count


def test_keeper__several_targets__proposes_up_to_its_limit_in_the_order_seen() -> None:
    targets = [preview(str(i), debt=10_000 - i, collateral=20_000) for i in range(5)]
    orders = decide(View(targets, pays=1.0), max_per_block=3)

    assert [order[2] for order in orders] == [target.entry.address for target in targets[:3]]


def test_keeper__whole_does_not_pay__takes_a_part_that_leaves_no_dust() -> None:
    class Shallow(View):
        def exit_curve(self, venue: str, *, asset_in: str, asset_out: str) -> ExitCurve:
            # The first 6,000 USDe sell at par, what is beyond brings nothing.
            return ExitCurve((6_000 * USDE, 10**9 * USDE), (6_000 * USDC, 6_000 * USDC))

    orders = decide(Shallow([preview("a", debt=10_000, collateral=20_000)], pays=1.0))

    assert [order[3] for order in orders] == [5_000 * USDC]


def test_keeper__part_would_leave_dust__leaves_the_position_alone() -> None:
    class Shallow(View):
        def exit_curve(self, venue: str, *, asset_in: str, asset_out: str) -> ExitCurve:
            return ExitCurve((1_000 * USDE, 10**9 * USDE), (1_000 * USDC, 1_000 * USDC))

    # Half of 1,900 leaves 950 dollars of debt, under the 1,000 of MustNotLeaveDust; every smaller part leaves enough.
    assert [order[3] for order in decide(Shallow([preview("a", debt=1_900, collateral=20_000)], pays=1.0))] == [
        475 * USDC
    ]
    assert decide(Shallow([preview("a", debt=1_900, collateral=2_000)], pays=1.0), min_profit_usd=24) == []


def test_keeper__without_attention__sees_nothing() -> None:
    assert decide(View([preview("a", debt=10_000, collateral=20_000)], pays=1.0), attention_bps=0) == []


def test_keeper__one_more_target__changes_nobody_elses_draws() -> None:
    known = [preview(str(number), debt=10_000 - number, collateral=20_000) for number in range(20)]
    # The largest debt of all comes first, before everybody else.
    joined = [preview("99", debt=90_000, collateral=200_000), *known]
    noticed: list[set[tuple[int, str]]] = []
    for targets in (known, joined):
        found = set()
        for step in range(30):
            view = View(targets, pays=1.0)
            view.step = step
            found |= {(step, order[2]) for order in decide(view, attention_bps=5_000, max_per_block=100)}
        noticed.append(found)
    extra = joined[0].entry.address

    assert {pair for pair in noticed[1] if pair[1] != extra} == noticed[0]
    # Half of 600 looks, with a standard deviation of 12, and some of the newcomer's 30.
    assert 240 < len(noticed[0]) < 360
    assert 5 < len(noticed[1]) - len(noticed[0]) < 25


def test_keeper__inventory__borrows_nothing() -> None:
    orders = decide(View([preview("a", debt=10_000, collateral=20_000)], pays=1.0), funding="inventory", inventory=1)

    assert orders[0][6] is False


def test_keeper__holding__needs_no_exit_and_values_the_seizure_at_the_oracle() -> None:
    orders = decide(
        View([preview("a", debt=10_000, collateral=20_000)], pays=0.0), exits=[], funding="inventory", inventory=1
    )

    assert (orders[0][4], orders[0][5]) == (0, "0x" + "00" * 20)


@pytest.mark.parametrize(("stock", "covered"), [(10_000, UINT_MAX), (9_999, 5_000 * USDC), (4_999, 2_500 * USDC)])
def test_keeper__inventory__takes_no_more_than_it_can_pay(stock: int, covered: int) -> None:
    view = View([preview("a", debt=10_000, collateral=20_000)], pays=1.0)
    view.stock = stock * USDC

    assert [order[3] for order in decide(view, funding="inventory", inventory=1)] == [covered]


@pytest.mark.parametrize(("cash", "covered"), [(10_000, UINT_MAX), (9_999, 5_000 * USDC), (4_999, 2_500 * USDC)])
def test_keeper__flash_loan__takes_no_more_than_the_pool_can_lend(cash: int, covered: int) -> None:
    view = View([preview("a", debt=10_000, collateral=20_000)], pays=1.0)
    view.cash = cash * USDC

    assert [order[3] for order in decide(view)] == [covered]


def test_keeper__flash_loans_of_a_block__are_paid_back_before_the_next() -> None:
    view = View([preview(name, debt=10_000, collateral=20_000) for name in "ab"], pays=1.0)
    view.cash = 10_000 * USDC

    assert [order[3] for order in decide(view, max_per_block=2)] == [UINT_MAX, UINT_MAX]


def test_keeper__inventory__is_spent_once_in_a_block() -> None:
    view = View([preview(name, debt=10_000, collateral=20_000) for name in "abc"], pays=1.0)
    view.stock = 15_000 * USDC
    orders = decide(view, funding="inventory", inventory=1)

    # 10,000 for the first, half of the second, and nothing that leaves no dust for the third.
    assert [(order[2][-1], order[3]) for order in orders] == [("a", UINT_MAX), ("b", 5_000 * USDC)]


def test_keeper__inventory_gone__sends_nothing() -> None:
    view = View([preview("a", debt=10_000, collateral=20_000)], pays=1.0)
    view.stock = 0

    assert decide(view, funding="inventory", inventory=1) == []


def test_keeper__latency__acts_on_positions_unhealthy_for_as_long() -> None:
    keeper = bot(latency_blocks=2)
    sick = [preview("a", debt=10_000, collateral=20_000)]

    def at(step: int, targets: list[LiquidationPreview]) -> int:
        view = View(targets, pays=1.0)
        view.step = step
        return len(decide(view, keeper))

    assert [at(5, sick), at(6, sick), at(7, sick)] == [0, 0, 1]
    assert at(8, []) == 0
    assert [at(9, sick), at(10, sick), at(11, sick)] == [0, 0, 1], "healed in between, it counts anew"
