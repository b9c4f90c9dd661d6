"""FixedRatePool: the oracle's price, no fee, no slippage, a finite inventory."""

from __future__ import annotations

import pytest

from cascade.chain.local import Contract, address_of

from ..conftest import EventReader, LendingWorld

TRADER, RECEIVER = address_of("trader"), address_of("receiver")


@pytest.fixture
def pool(lending: LendingWorld) -> Contract:
    stage = lending.stage
    pool = stage.deploy("FixedRatePool", lending.oracle.address, lending.usdc.address, lending.usde.address)
    stage.send(lending.usdc, "mint", pool.address, 1_000_000 * 10**6)
    stage.send(lending.usde, "mint", pool.address, 1_000_000 * 10**18)
    for token in (lending.usdc, lending.usde):
        stage.fund(token, TRADER, 10**27, spender=pool)
    return pool


@pytest.mark.parametrize("price_e8", [100_000_000, 65_670_000, 33_333_333])
def test_exchange__both_ways__exactly_the_oracle_price_rounded_down(
    pool: Contract, lending: LendingWorld, event: EventReader, price_e8: int
) -> None:
    stage = lending.stage
    lending.post("USDe", price_e8)
    assert stage.view(pool, "get_p", 0) == price_e8 * 10**10

    dx = 1234 * 10**18 + 567
    dy = dx * price_e8 // (10**8 * 10**12)
    assert stage.view(pool, "get_dy", 1, 0, dx) == dy
    before = stage.balance(lending.usdc, TRADER)
    receipt = stage.send(pool, "exchange", 1, 0, dx, dy, sender=TRADER)
    assert event(receipt, "TokenExchange") == {
        "buyer": TRADER,
        "sold_id": 1,
        "tokens_sold": dx,
        "bought_id": 0,
        "tokens_bought": dy,
    }
    assert stage.balance(lending.usdc, TRADER) == before + dy
    assert stage.view(pool, "balances", 0) == 1_000_000 * 10**6 - dy
    assert stage.view(pool, "balances", 1) == 1_000_000 * 10**18 + dx

    bought = 777_777_777 * 10**8 * 10**12 // price_e8
    stage.send(pool, "exchange", 0, 1, 777_777_777, bought, RECEIVER, sender=TRADER)
    assert stage.balance(lending.usde, RECEIVER) == bought


def test_exchange__minimum_one_unit_above__reverts(pool: Contract, lending: LendingWorld) -> None:
    reason = lending.stage.refusal(pool, "exchange", 1, 0, 10**18, 10**6 + 1, sender=TRADER)
    assert reason == "Exchange resulted in fewer coins than expected"


def test_exchange__inventory_exactly_and_one_unit_more__works_and_reverts(
    pool: Contract, lending: LendingWorld
) -> None:
    stage = lending.stage
    stage.chain.know(lending.usdc)
    reason = stage.refusal(pool, "exchange", 1, 0, 1_000_001 * 10**18, 0, sender=TRADER)
    assert reason.startswith("ERC20InsufficientBalance")
    stage.send(pool, "exchange", 1, 0, 1_000_000 * 10**18, 0, sender=TRADER)
    assert stage.balance(lending.usdc, pool) == 0


@pytest.mark.parametrize(("i", "j"), [(0, 0), (1, 1), (2, 0), (0, -1)])
def test_exchange__indices_that_are_no_pair__reverts(pool: Contract, lending: LendingWorld, i: int, j: int) -> None:
    assert lending.stage.refusal(pool, "exchange", i, j, 1, 0, sender=TRADER) == f"InvalidCoinIndex({i}, {j})"


def test_exchange__zero_amount__reverts(pool: Contract, lending: LendingWorld) -> None:
    assert lending.stage.refusal(pool, "exchange", 0, 1, 0, 0, sender=TRADER) == "ZeroAmount"
