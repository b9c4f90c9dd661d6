"""Deleverager on Aave V3.6 itself, and on the mock: the same closed forms hold on both, to the unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cascade import load_scenario
from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import Contract, LocalChain, Receipt, Transaction, address_of
from cascade.deployment.deploy import deploy_world
from cascade.deployment.lending import engine_artifacts
from cascade.errors import ToolMissing
from cascade.toolchain.paths import project_root
from cascade.world.world import World

GENESIS_TIMESTAMP = 1_760_000_000
UINT_MAX = 2**256 - 1
YEAR = 365 * 86_400
STABLE_SWAP, PREMIUM_BPS, THRESHOLD_BPS = 1, 5, 83_00
LOOPER, LP, HEIR, USDE_BORROWER = (address_of(n) for n in ("looper", "liquidity-provider", "heir", "usde-borrower"))
COLLATERAL, DEBT = 100_000 * 10**18, 79_000 * 10**6


class Desk:
    """A market of one engine whose indexes have grown for a year, a loop in it, and a pool that buys its collateral."""

    def __init__(self, chain: LocalChain, engine: str) -> None:
        scenario = load_scenario(
            project_root() / "scenarios" / "loop-and-crash.yaml",
            set={"lending.engine": engine, "lending.reserves.USDe.borrowing": True},
        )
        self.chain = chain
        self.world = World(chain=chain, scenario=scenario, artifacts={**load_artifacts(), **engine_artifacts(engine)})
        deploy_world(self.world)
        world, pool = self.world, self.world.pool
        self.usdc, self.usde = world.tokens["USDC"], world.tokens["USDe"]
        self.a_token, self.debt_token = world.a_tokens["USDe"], world.debt_tokens["USDC"]
        chain.fund([LOOPER, LP, USDE_BORROWER])
        self.curve = world.deploy(
            "StableSwapPool",
            "LP",
            "LP",
            [self.usdc.address, self.usde.address],
            200,
            10**6,
            5 * 10**10,
            5 * 10**9,
            LP,
            name="curve",
        )
        self.deleverager = world.deploy("Deleverager", pool.address, name="Deleverager")
        world.mint("USDe", [(LOOPER, COLLATERAL), (LP, 10_400_000 * 10**18)])
        world.mint("USDC", [(USDE_BORROWER, 200_000 * 10**6), (LP, 10_000_000 * 10**6)])
        owners = {LOOPER: pool, USDE_BORROWER: pool, LP: self.curve}
        world.setup(
            [
                (owner, token, "approve", (spender.address, UINT_MAX))
                for owner, spender in owners.items()
                for token in (self.usdc, self.usde)
            ],
            intent="approve",
        )
        calls: list[tuple[str, Contract, str, tuple[object, ...]]] = [
            (LP, self.curve, "add_liquidity(uint256[],uint256)", ([10_000_000 * 10**6, 10_000_000 * 10**18], 0)),
            (LP, self.usde, "approve", (pool.address, UINT_MAX)),
            (LP, pool, "supply", (self.usde.address, 400_000 * 10**18, LP, 0)),
            (LOOPER, pool, "supply", (self.usde.address, COLLATERAL, LOOPER, 0)),
            (LOOPER, pool, "borrow", (self.usdc.address, DEBT, 2, 0, LOOPER)),
            (USDE_BORROWER, pool, "supply", (self.usdc.address, 200_000 * 10**6, USDE_BORROWER, 0)),
            (USDE_BORROWER, pool, "borrow", (self.usde.address, 100_001 * 10**18 + 7, 2, 0, USDE_BORROWER)),
            (LOOPER, self.a_token, "approve", (self.deleverager.address, UINT_MAX)),
        ]
        for call in calls:
            world.setup([call], intent="prepare")
        chain.mine([], timestamp=chain.timestamp + YEAR)

    def unwind(self, *, sell: int, cash: int, timestamp: int) -> dict[str, Any]:
        order = (self.usde.address, self.usdc.address, sell, cash, STABLE_SWAP, self.curve.address, 0, HEIR)
        receipt = self._send(LOOPER, self.deleverager, "unwind", order, timestamp=timestamp)
        assert receipt.ok, receipt.revert_reason
        found = [dict(log.arguments) for log in receipt.logs if log.event == "Unwound"]
        assert len(found) == 1
        return found[0]

    def post(self, price_e8: int) -> None:
        poster = address_of("price-poster")
        receipt = self._send(poster, self.world.feeds["USDe"], "post", price_e8, timestamp=self.chain.timestamp + 1)
        assert receipt.ok, receipt.revert_reason

    def at(self, token: Contract, holder: str, timestamp: int) -> int:
        return int(self.chain.call(token, "balanceOf", holder, timestamp=timestamp))

    def quote(self, amount: int) -> int:
        return int(self.chain.call(self.curve, "get_dy", 1, 0, amount))

    def assert_contract_is_empty(self) -> None:
        contract = self.deleverager.address
        held = [self.chain.call(token, "balanceOf", contract) for token in (self.usdc, self.usde, self.debt_token)]
        assert held == [0, 0, 0]
        assert self.chain.call(self.a_token, "scaledBalanceOf", contract) == 0

    def _send(self, sender: str, contract: Contract, function: str, *arguments: Any, timestamp: int) -> Receipt:
        data = contract.encode(function, *arguments)
        block = self.chain.mine([Transaction(sender, contract.address, data, 5_000_000)], timestamp=timestamp)
        return block.receipts[0]


@pytest.fixture(params=["mock", "aave-v3"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    try:
        engine_artifacts(request.param)
    except ToolMissing as missing:
        pytest.skip(f"Aave itself is not there to unwind on: {missing}")
    with Anvil(timestamp=GENESIS_TIMESTAMP) as anvil:
        yield Desk(LocalChain(anvil.rpc), request.param)


@pytest.mark.xdist_group("aave")
def test_unwind_on_engine__part_right_above_health_factor_one__closed_forms(desk: Desk) -> None:
    at = desk.chain.timestamp + 2
    owned, debt = desk.at(desk.a_token, LOOPER, at), desk.at(desk.debt_token, LOOPER, at)
    assert (owned > COLLATERAL, debt > DEBT) == (True, True)
    # The price at which the health factor is 1.0002, whatever interest has made of collateral and debt.
    price = 10_002 * debt * 100 * 10**18 // (owned * THRESHOLD_BPS)
    desk.post(price)
    sold, cash = 15_000 * 10**18 + 77, 1_234 * 10**6
    proceeds = desk.quote(sold)
    repaid = (proceeds - cash) * 10_000 // (10_000 + PREMIUM_BPS)
    premium = -(-repaid * PREMIUM_BPS // 10_000)

    report = desk.unwind(sell=sold, cash=cash, timestamp=at)

    left, kept = desk.at(desk.debt_token, LOOPER, at), desk.at(desk.a_token, LOOPER, at)
    assert debt - repaid <= left <= debt - repaid + 1
    assert owned - sold - 1 <= kept <= owned - sold
    assert (report["collateralSold"], report["proceeds"]) == (sold, proceeds)
    assert (report["debtRepaid"], report["premium"]) == (repaid, premium)
    assert report["cashPaid"] == proceeds - repaid - premium == desk.chain.call(desk.usdc, "balanceOf", HEIR)
    assert 10**18 < report["healthFactorBeforeWad"] < 1_000_300_000_000_000_000
    exact = kept * price * THRESHOLD_BPS * 10**18 // (left * 100 * 10**18 * 10_000)
    assert abs(report["healthFactorAfterWad"] - exact) < 10**18 // 10**11
    assert (report["collateralPriceE8"], report["debtPriceE8"]) == (price, 10**8)
    desk.assert_contract_is_empty()


@pytest.mark.xdist_group("aave")
def test_unwind_on_engine__everything_after_a_year__leaves_neither_collateral_nor_debt(desk: Desk) -> None:
    at = desk.chain.timestamp + 13
    owned, debt = desk.at(desk.a_token, LOOPER, at), desk.at(desk.debt_token, LOOPER, at)
    proceeds, premium = desk.quote(owned), -(-debt * PREMIUM_BPS // 10_000)

    report = desk.unwind(sell=UINT_MAX, cash=0, timestamp=at)

    assert (report["collateralSold"], report["debtRepaid"]) == (owned, debt)
    assert report["cashPaid"] == proceeds - debt - premium == desk.chain.call(desk.usdc, "balanceOf", HEIR) > 0
    assert report["healthFactorAfterWad"] == UINT_MAX
    for token in (desk.a_token, desk.debt_token):
        assert desk.chain.call(token, "scaledBalanceOf", LOOPER) == 0
    assert desk.chain.call(desk.world.pool, "getUserConfiguration", LOOPER) == 0
    desk.assert_contract_is_empty()
