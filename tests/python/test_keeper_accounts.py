"""Which pair of an account with several collaterals and debts a keeper takes, from what it sees alone."""

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

DECIMALS = {"USDe": 18, "WETH": 18, "USDC": 6, "USDT": 6}
PRICES = {"USDe": 1, "WETH": 4000, "USDC": 1, "USDT": 1}
TOKENS = {name: SimpleNamespace(address="0x" + str(i) * 40) for i, name in enumerate(DECIMALS, start=1)}
RESERVES = tuple(DECIMALS)


def venue(name: str, *coins: str) -> Any:
    return SimpleNamespace(exit_kind=1, coins=coins, contract=SimpleNamespace(address=f"at {name}"))


VENUES = {"usde-usdc": venue("usde-usdc", "USDC", "USDe"), "weth-usdc": venue("weth-usdc", "USDC", "WETH")}


def preview(borrower: str, collateral: str, debt: str, *, cover: int, bonus_bps: int) -> LiquidationPreview:
    """A liquidation that repays some whole tokens and seizes them with a bonus, without a protocol fee."""
    seized = cover * 10 ** DECIMALS[collateral] * bonus_bps // (PRICES[collateral] * 10_000)
    return LiquidationPreview(
        entry=BookEntry(borrower, f"0x{borrower:0>40}", "book", collateral, debt, RESERVES),
        health_factor_wad=9 * 10**17,
        debt_raw=4 * cover * 10 ** DECIMALS[debt],
        collateral_raw=4 * seized,
        debt_to_cover_raw=cover * 10 ** DECIMALS[debt],
        collateral_to_liquidator_raw=seized,
        protocol_fee_raw=0,
        bonus_bps=bonus_bps,
    )


class View:
    """What a keeper asks of a block view; each venue pays a share of the oracle's price."""

    def __init__(self, targets: list[LiquidationPreview], **pays: float) -> None:
        assets = {name: SimpleNamespace(decimals=decimals) for name, decimals in DECIMALS.items()}
        spec = SimpleNamespace(
            chain=SimpleNamespace(ether_price_usd=Decimal(4000)),
            assets=assets,
            lending=SimpleNamespace(flash_loan_premium_bps=0),
        )
        self.world = SimpleNamespace(scenario=SimpleNamespace(spec=spec), venues=VENUES, tokens=TOKENS)
        self.step, self.next_base_fee_wei = 0, 0
        self._targets, self._pays = tuple(targets), pays

    def unhealthy(self) -> tuple[LiquidationPreview, ...]:
        return self._targets

    def oracle_price_e8(self, asset: str) -> int:
        return PRICES[asset] * 10**8

    def token_balance_raw(self, token: Any, address: str) -> int:
        return 10**9 * 10**6

    def pool_cash_raw(self, asset: str) -> int:
        return 10**40

    def exit_curve(self, venue: str, *, asset_in: str, asset_out: str) -> ExitCurve:
        most, share = 10**6, int(self._pays[asset_in] * 10_000)
        paid = most * PRICES[asset_in] * share * 10 ** DECIMALS[asset_out] // 10_000
        return ExitCurve((most * 10 ** DECIMALS[asset_in],), (paid,))


def orders(view: View, **keys: Any) -> list[tuple[str, str, str]]:
    """Collateral, debt and borrower of each liquidation that a keeper proposes."""
    keeper = Keeper("bot", KeeperSpec.model_validate({"kind": "keeper", **keys}), 1)
    abi: list[AbiEntry] = [{"type": "function", "name": "liquidate", "inputs": [], "outputs": []}]
    keeper._liquidator = Contract("0x" + "99" * 20, Interface("Liquidator", abi))
    names = {token.address: name for name, token in TOKENS.items()}
    found = [proposal.arguments[0] for proposal in asked(keeper, view)]
    return [(names[order[0]], names[order[1]], order[2].lstrip("0x")) for order in found]


EXITS = ["usde-usdc", "weth-usdc"]


@pytest.mark.parametrize(
    ("usde", "weth", "chosen"),
    [
        # 10,000 repaid: USDe brings 10,850 of oracle value, WETH 10,500; the venues pay less and less of USDe.
        (1.0, 1.0, "USDe"),
        (0.97, 1.0, "USDe"),
        (0.96, 1.0, "WETH"),
        (0.93, 0.97, "WETH"),
    ],
)
def test_keeper__two_collaterals__takes_the_one_that_leaves_more(usde: float, weth: float, chosen: str) -> None:
    targets = [
        preview("a", "USDe", "USDC", cover=10_000, bonus_bps=10_850),
        preview("a", "WETH", "USDC", cover=10_000, bonus_bps=10_500),
    ]

    assert orders(View(targets, USDe=usde, WETH=weth), exits=EXITS) == [(chosen, "USDC", "a")]
    assert orders(View(targets[::-1], USDe=usde, WETH=weth), exits=EXITS) == [(chosen, "USDC", "a")]


def test_keeper__two_debts__repays_the_one_with_the_larger_bonus() -> None:
    targets = [
        preview("a", "USDe", "USDT", cover=9_000, bonus_bps=10_500),
        preview("a", "USDe", "USDC", cover=10_000, bonus_bps=10_500),
    ]

    held = {"exits": [], "funding": "inventory", "inventory": 10**6}
    assert orders(View(targets), **held) == [("USDe", "USDC", "a")]


def test_keeper__pair_without_an_exit__is_left_to_others() -> None:
    # No venue pays USDT for WETH: a flash loan of USDT could not be repaid.
    targets = [
        preview("a", "WETH", "USDT", cover=50_000, bonus_bps=10_500),
        preview("a", "WETH", "USDC", cover=10_000, bonus_bps=10_500),
    ]

    assert orders(View(targets, WETH=1.0), exits=EXITS) == [("WETH", "USDC", "a")]


def test_keeper__several_accounts__proposes_one_liquidation_of_each_up_to_its_limit() -> None:
    targets = [
        preview(name, collateral, "USDC", cover=10_000 - 100 * i, bonus_bps=10_500)
        for i, name in enumerate("abc")
        for collateral in ("USDe", "WETH")
    ]

    found = orders(View(targets, USDe=1.0, WETH=1.0), exits=EXITS, max_per_block=2)

    assert [borrower for _, _, borrower in found] == ["a", "b"]


def test_keeper__no_pair_pays__leaves_the_account_alone() -> None:
    targets = [
        preview("a", "USDe", "USDC", cover=10_000, bonus_bps=10_850),
        preview("a", "WETH", "USDC", cover=10_000, bonus_bps=10_500),
    ]

    assert orders(View(targets, USDe=0.92, WETH=0.95), exits=EXITS) == []
