"""StableSwapPool against reference figures and an exact independent model of the invariant."""

from __future__ import annotations

import random
from decimal import Decimal, getcontext
from typing import Any

import pytest

from cascade.chain.local import address_of
from cascade.errors import RevertedCall

from ..conftest import EventReader, Stage

getcontext().prec = 120

FEE_SCALE = 10**10
UINT_MAX = 2**256 - 1
LP, TRADER, COLLECTOR = address_of("liquidity-provider"), address_of("trader"), address_of("fee-collector")
USDC_UNIT, USDE_UNIT = 10**6, 10**18


# ---- an independent model: the invariant itself, solved by bisection over integers


def residual(x: int, y: int, d: int, amp: int) -> int:
    """2A(x+y) + D - 2AD - D^3/(4xy), times 4xy so that it stays an integer; its sign falls as D grows."""
    return 4 * x * y * (2 * amp * (x + y) + d - 2 * amp * d) - d**3


def solve_invariant(x: int, y: int, amp: int) -> int:
    """Largest integer D that does not exceed the root."""
    low, high = 0, 2 * (x + y)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if residual(x, y, middle, amp) >= 0 else (low, middle)
    return low


def solve_other(x: int, d: int, amp: int) -> int:
    """Smallest integer y that keeps the invariant at D or above."""
    low, high = 0, 1
    while residual(x, high, d, amp) < 0:
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if residual(x, middle, d, amp) >= 0 else (middle, high)
    return high


def fee_rate(x: int, y: int, fee: int, multiplier: int) -> int:
    return multiplier * fee // ((multiplier - FEE_SCALE) * 4 * x * y // (x + y) ** 2 + FEE_SCALE)


class Model:
    """Balances of a pool whose coin 0 has 6 decimals and coin 1 has 18."""

    scale = (10**12, 1)

    def __init__(self, balances: list[int], amp: int, fee: int, multiplier: int, admin_fee: int) -> None:
        self.balances, self.amp, self.fee, self.multiplier, self.admin_fee = balances, amp, fee, multiplier, admin_fee
        self.admin = [0, 0]

    def scaled(self) -> tuple[int, int]:
        return self.balances[0] * self.scale[0], self.balances[1] * self.scale[1]

    def exchange(self, i: int, dx: int) -> int:
        j, before = 1 - i, self.scaled()
        x = before[i] + dx * self.scale[i]
        y = solve_other(x, solve_invariant(before[0], before[1], self.amp), self.amp)
        gross = before[j] - y - 1
        rate = fee_rate((before[i] + x) // 2, (before[j] + y) // 2, self.fee, self.multiplier)
        charged = gross * rate // FEE_SCALE
        dy = (gross - charged) // self.scale[j]
        admin = charged * self.admin_fee // FEE_SCALE // self.scale[j]
        self.balances[i] += dx
        self.balances[j] -= dy + admin
        self.admin[j] += admin
        return dy

    def price(self) -> Decimal:
        """dx0/dx1 of the invariant at the present balances, in decimals."""
        x, y = (Decimal(amount) for amount in self.scaled())
        d, amp = Decimal(solve_invariant(*self.scaled(), self.amp)), Decimal(self.amp)
        return (2 * amp + d**3 / (4 * x * y * y)) / (2 * amp + d**3 / (4 * x * x * y))


class Market:
    """A pool of 10 M and 10 M, as Curve would configure it."""

    def __init__(
        self, stage: Stage, *, a: int = 200, admin_fee: int = 5 * 10**9, deposit: tuple[int, int] | None = None
    ):
        self.stage = stage
        self.usdc, self.usde = stage.token("USDC", 6), stage.token("USDe", 18)
        self.pool = stage.deploy(
            "StableSwapPool",
            "USDC/USDe",
            "crvUSDe",
            [self.usdc.address, self.usde.address],
            a,
            10**6,
            5 * FEE_SCALE,
            admin_fee,
            COLLECTOR,
        )
        self.deposit = deposit or (10_000_000 * USDC_UNIT, 10_000_000 * USDE_UNIT)
        for account in (LP, TRADER):
            stage.fund(self.usdc, account, 10**9 * USDC_UNIT, spender=self.pool)
            stage.fund(self.usde, account, 10**9 * USDE_UNIT, spender=self.pool)
        self.first = stage.send(self.pool, "add_liquidity", list(self.deposit), 0, sender=LP)
        self.model = Model(list(self.deposit), a, 10**6, 5 * FEE_SCALE, admin_fee)

    def coins(self) -> list[Any]:
        return [self.usdc, self.usde]

    def sell(self, i: int, dx: int) -> Any:
        return self.stage.send(self.pool, "exchange", i, 1 - i, dx, 0, sender=TRADER)

    def balances(self) -> list[int]:
        return [self.stage.view(self.pool, "balances", k) for k in (0, 1)]


@pytest.fixture
def market(stage: Stage) -> Market:
    return Market(stage)


# ---- swaps


@pytest.mark.parametrize(
    ("sold_usde", "paid_usdc", "spot_after", "spot_after_fee_kept"),
    [(1_000_000, "999397.6178", "0.998986", "0.998986"), (9_000_000, "8824822.3130", "0.849613", "0.849824")],
)
def test_exchange__published_figures__paid_amount_and_price(
    stage: Stage, event: EventReader, sold_usde: int, paid_usdc: str, spot_after: str, spot_after_fee_kept: str
) -> None:
    prices = {}
    for admin_fee, spot in ((FEE_SCALE, spot_after), (0, spot_after_fee_kept)):
        market = Market(stage, admin_fee=admin_fee)
        receipt = market.sell(1, sold_usde * USDE_UNIT)
        bought = event(receipt, "TokenExchange")["tokens_bought"]
        assert round(Decimal(bought) / USDC_UNIT, 4) == Decimal(paid_usdc)
        prices[admin_fee] = Decimal(stage.view(market.pool, "get_p", 0)) / 10**18
        assert round(prices[admin_fee], 6) == Decimal(spot)
    assert prices[FEE_SCALE] <= prices[0]


def test_exchange__selling_usde__moves_event_return_and_every_balance(
    market: Market, stage: Stage, event: EventReader
) -> None:
    dx = 1_000_000 * USDE_UNIT
    quoted = stage.view(market.pool, "get_dy", 1, 0, dx)
    wallets = [stage.balance(coin, TRADER) for coin in market.coins()]

    receipt = market.sell(1, dx)

    dy = market.model.exchange(1, dx)
    assert quoted == dy
    assert event(receipt, "TokenExchange") == {
        "buyer": TRADER,
        "sold_id": 1,
        "tokens_sold": dx,
        "bought_id": 0,
        "tokens_bought": dy,
    }
    assert [stage.balance(coin, TRADER) for coin in market.coins()] == [wallets[0] + dy, wallets[1] - dx]
    assert market.balances() == market.model.balances
    assert [stage.view(market.pool, "admin_balances", k) for k in (0, 1)] == market.model.admin
    held = [stage.balance(coin, market.pool) for coin in market.coins()]
    assert held == [market.model.balances[k] + market.model.admin[k] for k in (0, 1)]


def test_exchange__receiver_given__receiver_is_paid(market: Market, stage: Stage) -> None:
    receiver = address_of("receiver")
    dx = 1000 * USDE_UNIT
    signature = "exchange(int128,int128,uint256,uint256,address)"
    stage.send(market.pool, signature, 1, 0, dx, 0, receiver, sender=TRADER)
    assert stage.balance(market.usdc, receiver) == market.model.exchange(1, dx)


def test_exchange__random_states_and_directions__equals_bisection(stage: Stage) -> None:
    rng = random.Random(20251010)
    for _ in range(6):
        deposit = (rng.randrange(10**12, 10**14), rng.randrange(10**24, 10**26))
        market = Market(stage, a=rng.choice([1, 5, 20, 200, 2000]), deposit=deposit)
        for _ in range(6):
            i = rng.randrange(2)
            dx = max(1, int(market.model.balances[i] * rng.uniform(0.0001, 0.5)))
            quoted = stage.view(market.pool, "get_dy", i, 1 - i, dx)
            market.sell(i, dx)
            dy = market.model.exchange(i, dx)
            # Six decimals swallow Newton's last unit; with eighteen it can show.
            assert abs(quoted - dy) <= (0 if i == 1 else 2)
            on_chain = market.balances()
            assert max(abs(a - b) for a, b in zip(on_chain, market.model.balances, strict=True)) <= (0 if i == 1 else 2)
            market.model.balances = on_chain
            price = Decimal(stage.view(market.pool, "get_p", 0)) / 10**18
            assert abs(price / market.model.price() - 1) < Decimal("1e-15")


def test_exchange__minimum_one_unit_above_quote__reverts(market: Market, stage: Stage) -> None:
    dx = 5_000_000 * USDE_UNIT
    quoted = stage.view(market.pool, "get_dy", 1, 0, dx)
    reason = stage.refusal(market.pool, "exchange", 1, 0, dx, quoted + 1, sender=TRADER)
    assert reason == "Exchange resulted in fewer coins than expected"
    stage.send(market.pool, "exchange", 1, 0, dx, quoted, sender=TRADER)


@pytest.mark.parametrize(("i", "j"), [(0, 0), (1, 1), (0, 2), (2, 0), (-1, 0)])
def test_exchange__indices_that_are_no_pair__reverts(market: Market, stage: Stage, i: int, j: int) -> None:
    assert stage.refusal(market.pool, "exchange", i, j, 10**6, 0, sender=TRADER) == f"InvalidCoinIndex({i}, {j})"


def test_exchange__zero_amount__reverts(market: Market, stage: Stage) -> None:
    assert stage.refusal(market.pool, "exchange", 0, 1, 0, 0, sender=TRADER) == "ZeroAmount"


def test_get_dx__quoted_input__buys_the_amount_within_the_fee_drift(market: Market, stage: Stage) -> None:
    wanted = 50_000 * USDC_UNIT
    dx = stage.view(market.pool, "get_dx", 1, 0, wanted)
    bought = market.model.exchange(1, dx)
    assert abs(bought - wanted) <= wanted // 10**6


def test_dynamic_fee__in_balance_and_far_from_it__plain_then_multiplied(market: Market, stage: Stage) -> None:
    assert stage.view(market.pool, "dynamic_fee", 0, 1) == 10**6
    market.sell(1, 20_000_000 * USDE_UNIT)
    x, y = (amount * scale for amount, scale in zip(market.balances(), Model.scale, strict=True))
    fee = stage.view(market.pool, "dynamic_fee", 1, 0)
    assert fee == fee_rate(y, x, 10**6, 5 * FEE_SCALE)
    assert 4 * 10**6 < fee < 5 * 10**6


# ---- liquidity


def test_add_liquidity__first_deposit__mints_the_invariant(market: Market, stage: Stage, event: EventReader) -> None:
    minted = 20_000_000 * 10**18
    assert event(market.first, "AddLiquidity") == {
        "provider": LP,
        "token_amounts": market.deposit,
        "fees": (),
        "invariant": minted,
        "token_supply": minted,
    }
    assert stage.balance(market.pool, LP) == minted
    assert stage.view(market.pool, "get_virtual_price") == 10**18


def test_add_liquidity__first_deposit_of_one_coin__reverts(stage: Stage) -> None:
    usdc, usde = stage.token("USDC", 6), stage.token("USDe", 18)
    pool = stage.deploy("StableSwapPool", "p", "p", [usdc.address, usde.address], 200, 0, 0, 0, COLLECTOR)
    stage.fund(usdc, LP, 10**12, spender=pool)
    assert stage.refusal(pool, "add_liquidity", [10**12, 0], 0, sender=LP) == "InitialDepositRequiresAllCoins"


def expected_imbalance(model: Model, new: list[int]) -> tuple[int, int, list[int]]:
    """D before, D after fees, fees: each coin's distance from the proportional change, at half the swap fee."""
    old = model.balances
    d0 = solve_invariant(*model.scaled(), model.amp)
    d1 = solve_invariant(new[0] * 10**12, new[1], model.amp)
    fees = []
    for k in (0, 1):
        x = (old[k] + new[k]) * model.scale[k]
        rate = fee_rate(x, (d0 + d1) // 2, model.fee // 2, model.multiplier)
        fees.append(rate * abs(d1 * old[k] // d0 - new[k]) // FEE_SCALE)
    kept = [amount - fee for amount, fee in zip(new, fees, strict=True)]
    return d0, solve_invariant(kept[0] * 10**12, kept[1], model.amp), fees


def test_add_liquidity__one_sided__charges_half_the_swap_fee(market: Market, stage: Stage, event: EventReader) -> None:
    amounts = [2_000_000 * USDC_UNIT, 0]
    new = [market.deposit[0] + amounts[0], market.deposit[1]]
    d0, d2, fees = expected_imbalance(market.model, new)
    supply = 20_000_000 * 10**18
    quoted = stage.view(market.pool, "calc_token_amount", amounts, True)

    receipt = stage.send(market.pool, "add_liquidity", amounts, 0, sender=LP)

    added = event(receipt, "AddLiquidity")
    minted = added["token_supply"] - supply
    assert quoted == minted
    assert abs(minted - supply * (d2 - d0) // d0) <= 4
    assert added["token_amounts"] == tuple(amounts)
    assert [abs(a - b) <= 1 for a, b in zip(added["fees"], fees, strict=True)] == [True, True]
    assert stage.balance(market.pool, LP) == supply + minted
    admin = [fee * 5 * 10**9 // FEE_SCALE for fee in added["fees"]]
    assert market.balances() == [new[k] - admin[k] for k in (0, 1)]


def test_add_liquidity__minimum_one_unit_above_quote__reverts(market: Market, stage: Stage) -> None:
    amounts = [10**12, 10**24]
    quoted = stage.view(market.pool, "calc_token_amount", amounts, True)
    assert stage.refusal(market.pool, "add_liquidity", amounts, quoted + 1, sender=LP) == "Slippage screwed you"
    stage.send(market.pool, "add_liquidity", amounts, quoted, sender=LP)


@pytest.mark.parametrize("amounts", [[], [10**12], [1, 1, 1]])
def test_add_liquidity__one_or_three_amounts__reverts(market: Market, stage: Stage, amounts: list[int]) -> None:
    reason = stage.refusal(market.pool, "add_liquidity", amounts, 0, sender=LP)
    assert reason == f"InvalidArrayLength({len(amounts)})"


def test_remove_liquidity__quarter__pays_a_quarter_of_each(market: Market, stage: Stage, event: EventReader) -> None:
    market.sell(1, 3_000_000 * USDE_UNIT)
    held = market.balances()
    wallets = [stage.balance(coin, LP) for coin in market.coins()]

    receipt = stage.send(market.pool, "remove_liquidity", 5_000_000 * 10**18, [0, 0], sender=LP)

    paid = tuple(amount // 4 for amount in held)
    supply = 15_000_000 * 10**18
    assert event(receipt, "RemoveLiquidity") == {
        "provider": LP,
        "token_amounts": paid,
        "fees": (),
        "token_supply": supply,
    }
    assert [stage.balance(coin, LP) for coin in market.coins()] == [wallets[k] + paid[k] for k in (0, 1)]
    assert market.balances() == [held[k] - paid[k] for k in (0, 1)]
    assert stage.balance(market.pool, LP) == supply


def test_remove_liquidity__minimum_one_unit_above__reverts(market: Market, stage: Stage) -> None:
    quarter = [amount // 4 for amount in market.deposit]
    for minimum in ([quarter[0] + 1, quarter[1]], [quarter[0], quarter[1] + 1]):
        reason = stage.refusal(market.pool, "remove_liquidity", 5_000_000 * 10**18, minimum, sender=LP)
        assert reason == "Withdrawal resulted in fewer coins than expected"
    stage.send(market.pool, "remove_liquidity", 5_000_000 * 10**18, quarter, sender=LP)


@pytest.mark.parametrize("coin", [0, 1])
def test_remove_liquidity_one_coin__tenth__pays_by_the_invariant(
    market: Market, stage: Stage, event: EventReader, coin: int
) -> None:
    model, burn = market.model, 2_000_000 * 10**18
    xp = model.scaled()
    d0 = solve_invariant(*xp, model.amp)
    d1 = d0 - d0 // 10
    y = solve_other(xp[1 - coin], d1, model.amp)
    fee = model.fee // 2
    own_rate = fee_rate((xp[coin] + y) // 2, (d0 + d1) // 4, fee, model.multiplier)
    other_rate = fee_rate(xp[1 - coin], (d0 + d1) // 4, fee, model.multiplier)
    own = xp[coin] - own_rate * (xp[coin] * d1 // d0 - y) // FEE_SCALE
    other = xp[1 - coin] - other_rate * (xp[1 - coin] - xp[1 - coin] * d1 // d0) // FEE_SCALE
    expected = (own - solve_other(other, d1, model.amp) - 1) // model.scale[coin]
    charged = (xp[coin] - y) // model.scale[coin] - expected
    wallet = stage.balance(market.coins()[coin], LP)
    quoted = stage.view(market.pool, "calc_withdraw_one_coin", burn, coin)

    receipt = stage.send(market.pool, "remove_liquidity_one_coin", burn, coin, 0, sender=LP)

    assert abs(quoted - expected) <= (0 if coin == 0 else 3)
    assert event(receipt, "RemoveLiquidityOne") == {
        "provider": LP,
        "token_id": coin,
        "token_amount": burn,
        "coin_amount": quoted,
        "token_supply": 18_000_000 * 10**18,
    }
    assert stage.balance(market.coins()[coin], LP) == wallet + quoted
    assert abs(stage.view(market.pool, "admin_balances", coin) - charged // 2) <= (0 if coin == 0 else 3)


def test_remove_liquidity_one_coin__minimum_one_unit_above_quote__reverts(market: Market, stage: Stage) -> None:
    quoted = stage.view(market.pool, "calc_withdraw_one_coin", 10**24, 0)
    reason = stage.refusal(market.pool, "remove_liquidity_one_coin", 10**24, 0, quoted + 1, sender=LP)
    assert reason == "Not enough coins removed"
    stage.send(market.pool, "remove_liquidity_one_coin", 10**24, 0, quoted, sender=LP)


def test_remove_liquidity_imbalance__one_coin__burns_one_more_than_the_share(
    market: Market, stage: Stage, event: EventReader
) -> None:
    amounts = [1_000_000 * USDC_UNIT, 0]
    new = [market.deposit[0] - amounts[0], market.deposit[1]]
    supply = 20_000_000 * 10**18
    d0, d2, fees = expected_imbalance(market.model, new)
    quoted = stage.view(market.pool, "calc_token_amount", amounts, False)
    reason = stage.refusal(market.pool, "remove_liquidity_imbalance", amounts, quoted, sender=LP)
    assert reason == "Slippage screwed you"

    receipt = stage.send(market.pool, "remove_liquidity_imbalance", amounts, quoted + 1, sender=LP)

    removed = event(receipt, "RemoveLiquidityImbalance")
    assert supply - removed["token_supply"] == quoted + 1
    assert abs(quoted - (d0 - d2) * supply // d0) <= 4
    assert [abs(a - b) <= 1 for a, b in zip(removed["fees"], fees, strict=True)] == [True, True]
    assert stage.balance(market.pool, LP) == supply - quoted - 1


def test_withdraw_admin_fees__after_swaps__pays_the_collector_once(market: Market, stage: Stage) -> None:
    market.sell(1, 1_000_000 * USDE_UNIT)
    market.model.exchange(1, 1_000_000 * USDE_UNIT)
    held = market.balances()
    for _ in range(2):
        stage.send(market.pool, "withdraw_admin_fees", sender=TRADER)
        assert stage.balance(market.usdc, COLLECTOR) == market.model.admin[0] > 0
    assert market.balances() == held
    assert stage.view(market.pool, "admin_balances", 0) == 0


# ---- price events


ACTIONS = {
    "exchange": (1, 0, 2_000_000 * USDE_UNIT, 0),
    "add_liquidity": ([3_000_000 * USDC_UNIT, 10**18], 0),
    "remove_liquidity": (4_000_000 * 10**18, [0, 0]),
    "remove_liquidity_one_coin": (2_000_000 * 10**18, 0, 0),
    "remove_liquidity_imbalance": ([5 * USDC_UNIT, 1_000_000 * USDE_UNIT], UINT_MAX),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_spot_price__after_each_action__is_the_last_event_and_the_price_of_the_balances(
    market: Market, stage: Stage, event: EventReader, action: str
) -> None:
    market.sell(1, 6_000_000 * USDE_UNIT)

    receipt = stage.send(market.pool, action, *ACTIONS[action], sender=LP)

    price = event(receipt, "SpotPrice")["priceWad"]
    assert receipt.logs[-1].event == "SpotPrice"
    assert price == stage.view(market.pool, "get_p", 0)
    market.model.balances = market.balances()
    assert abs(Decimal(price) / 10**18 / market.model.price() - 1) < Decimal("1e-15")


def test_spot_price__first_deposit_out_of_balance__price_of_the_deposit(stage: Stage, event: EventReader) -> None:
    market = Market(stage, a=20, deposit=(4_000_000 * USDC_UNIT, 9_000_000 * USDE_UNIT))
    price = Decimal(event(market.first, "SpotPrice")["priceWad"]) / 10**18
    assert Decimal("0.9") < price < 1
    assert abs(price / market.model.price() - 1) < Decimal("1e-15")


def test_spot_price__admin_fees_paid_out__no_event_as_the_price_stays(market: Market, stage: Stage) -> None:
    market.sell(1, 6_000_000 * USDE_UNIT)
    price = stage.view(market.pool, "get_p", 0)

    receipt = stage.send(market.pool, "withdraw_admin_fees", sender=TRADER)

    assert stage.balance(market.usdc, COLLECTOR) > 0
    assert "SpotPrice" not in {log.event for log in receipt.logs}
    assert stage.view(market.pool, "get_p", 0) == price


def test_spot_price__emptied_pool__reads_zero(market: Market, stage: Stage, event: EventReader) -> None:
    receipt = stage.send(market.pool, "remove_liquidity", 20_000_000 * 10**18, [0, 0], sender=LP)
    assert market.balances() == [0, 0]
    assert event(receipt, "SpotPrice") == {"priceWad": 0}


# ---- construction and views


@pytest.mark.parametrize(
    ("a", "fee", "multiplier", "admin_fee", "name"),
    [
        (0, 0, 0, 0, "A"),
        (10**6 + 1, 0, 0, 0, "A"),
        (200, FEE_SCALE // 2 + 1, 0, 0, "fee"),
        (200, 10**9, 5 * FEE_SCALE + 1, 0, "offpeg_fee_multiplier"),
        (200, 0, 0, FEE_SCALE + 1, "admin_fee"),
    ],
)
def test_constructor__parameter_out_of_range__names_it(
    stage: Stage, a: int, fee: int, multiplier: int, admin_fee: int, name: str
) -> None:
    coins = [stage.token("USDC", 6).address, stage.token("USDe", 18).address]
    stage.chain.know(stage.deploy("StableSwapPool", "p", "p", coins, 1, 0, 0, 0, COLLECTOR))
    with pytest.raises(RevertedCall, match="InvalidParameter") as caught:
        stage.deploy("StableSwapPool", "p", "p", coins, a, fee, multiplier, admin_fee, COLLECTOR)
    assert repr(name.encode().ljust(32, b"\0")) in str(caught.value)


def test_views__configured_pool__curve_names_and_scales(market: Market, stage: Stage) -> None:
    def view(name: str, *arguments: int) -> Any:
        return stage.view(market.pool, name, *arguments)

    assert [view("coins", 0), view("coins", 1)] == [market.usdc.address, market.usde.address]
    assert (view("A"), view("A_precise"), view("A_precision")) == (200, 20_000, 20_000)
    assert (view("fee"), view("offpeg_fee_multiplier"), view("admin_fee")) == (10**6, 5 * 10**10, 5 * 10**9)
    assert view("stored_rates") == [10**30, 10**18]
    assert view("get_balances") == list(market.deposit)
    assert (view("N_COINS"), view("get_p", 0), view("decimals")) == (2, 10**18, 18)
