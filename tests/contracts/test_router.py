"""Router: sales at either kind of market, in both directions, and venues that do not trade the tokens."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.chain.local import Contract, address_of

from ..conftest import Stage

LP, TRADER, RECEIVER = address_of("liquidity-provider"), address_of("trader"), address_of("receiver")
HOLD, STABLE_SWAP, CONSTANT_PRODUCT = 0, 1, 2
WETH, USDC = 10**18, 10**6
RESERVES = [5_000 * WETH, 10_000_000 * USDC]


class Markets:
    """A pair of 5,000 WETH and 10 M USDC, and a stable pool of a million DAI and USDC each."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.weth, self.usdc, self.dai = stage.token("WETH", 18), stage.token("USDC", 6), stage.token("DAI", 18)
        self.router = stage.deploy("Router")
        self.pair = stage.deploy("ConstantProductPair", self.weth.address, self.usdc.address)
        for token, amount in zip((self.weth, self.usdc), RESERVES, strict=True):
            stage.send(token, "mint", self.pair.address, amount)
        stage.send(self.pair, "mint", LP, sender=LP)
        coins = [self.dai.address, self.usdc.address]
        self.pool = stage.deploy("StableSwapPool", "LP", "LP", coins, 200, 10**6, 5 * 10**10, 5 * 10**9, LP)
        stage.fund(self.dai, LP, 10**6 * WETH, spender=self.pool)
        stage.fund(self.usdc, LP, 10**6 * USDC, spender=self.pool)
        stage.send(self.pool, "add_liquidity", [10**6 * WETH, 10**6 * USDC], 0, sender=LP)
        for token, amount in ((self.weth, 100 * WETH), (self.usdc, 10**6 * USDC), (self.dai, 1_000 * WETH)):
            stage.fund(token, TRADER, amount, spender=self.router)

    def arguments(
        self, kind: int, venue: Contract, sold: Contract, bought: Contract, amount: int, least: int
    ) -> tuple[Any, ...]:
        return ("swap", kind, venue.address, sold.address, bought.address, amount, least, RECEIVER)

    def sell(self, kind: int, venue: Contract, sold: Contract, bought: Contract, amount: int, least: int = 0) -> None:
        self.stage.send(self.router, *self.arguments(kind, venue, sold, bought, amount, least), sender=TRADER)

    def refusal(self, kind: int, venue: Contract, sold: Contract, bought: Contract, amount: int, least: int = 0) -> str:
        arguments = self.arguments(kind, venue, sold, bought, amount, least)
        return str(self.stage.refusal(self.router, *arguments, sender=TRADER))


@pytest.fixture
def markets(stage: Stage) -> Markets:
    return Markets(stage)


def out_of_pair(amount: int, reserve_in: int, reserve_out: int) -> int:
    """Uniswap V2's closed form."""
    return 997 * amount * reserve_out // (1_000 * reserve_in + 997 * amount)


@pytest.mark.parametrize("direction", [0, 1])
@pytest.mark.parametrize("amount", [1, 3 * 10**9, 10**11])
def test_swap__at_a_pair__pays_the_receiver_and_leaves_the_product(
    markets: Markets, direction: int, amount: int
) -> None:
    sold, bought = (markets.weth, markets.usdc)[:: 1 - 2 * direction]
    reserve_in, reserve_out = RESERVES[:: 1 - 2 * direction]
    expected = out_of_pair(amount, reserve_in, reserve_out)
    before = markets.stage.balance(sold, TRADER)
    if not expected:
        assert markets.refusal(CONSTANT_PRODUCT, markets.pair, sold, bought, amount).startswith("UniswapV2")
        return

    markets.sell(CONSTANT_PRODUCT, markets.pair, sold, bought, amount)

    assert markets.stage.balance(bought, RECEIVER) == expected
    assert markets.stage.balance(sold, TRADER) == before - amount
    assert markets.stage.balance(sold, markets.pair) == reserve_in + amount
    assert markets.stage.balance(bought, markets.pair) == reserve_out - expected
    assert [markets.stage.balance(token, markets.router) for token in (sold, bought)] == [0, 0]


@pytest.mark.parametrize("sells_dai", [True, False])
def test_swap__at_a_stable_pool__pays_what_the_pool_quotes_less_than_one_to_one(
    markets: Markets, sells_dai: bool
) -> None:
    sold, bought = (markets.dai, markets.usdc) if sells_dai else (markets.usdc, markets.dai)
    amount, even = (1_000 * WETH, 1_000 * USDC) if sells_dai else (1_000 * USDC, 1_000 * WETH)
    quoted = markets.stage.view(markets.pool, "get_dy", 0 if sells_dai else 1, 1 if sells_dai else 0, amount)

    markets.sell(STABLE_SWAP, markets.pool, sold, bought, amount)

    assert markets.stage.balance(bought, RECEIVER) == quoted
    # A fee of one basis point, and hardly any slippage.
    assert even * 9_998 // 10_000 < quoted < even * 9_999 // 10_000 + even // 10**6
    assert [markets.stage.balance(token, markets.router) for token in (sold, bought)] == [0, 0]


def test_swap__least_proceeds__are_met_to_the_unit(markets: Markets) -> None:
    expected = out_of_pair(WETH, *RESERVES)
    venue = (CONSTANT_PRODUCT, markets.pair, markets.weth, markets.usdc, WETH)
    assert markets.refusal(*venue, expected + 1) == f"InsufficientOutput({expected}, {expected + 1})"
    markets.sell(*venue, expected)


@pytest.mark.parametrize("kind", [STABLE_SWAP, CONSTANT_PRODUCT])
def test_swap__venue_that_has_one_of_the_tokens_or_the_same_twice__reverts(markets: Markets, kind: int) -> None:
    venue, first, second, other = {
        STABLE_SWAP: (markets.pool, markets.dai, markets.usdc, markets.weth),
        CONSTANT_PRODUCT: (markets.pair, markets.weth, markets.usdc, markets.dai),
    }[kind]
    for sold, bought in ((first, other), (second, other), (other, first), (other, second), (first, first)):
        reason = markets.refusal(kind, venue, sold, bought, 10**6)
        assert reason.lower() == f"VenueDoesNotTrade({venue.address}, {sold.address}, {bought.address})".lower()


def test_swap__of_nothing_or_held__pays_nothing(markets: Markets) -> None:
    markets.sell(CONSTANT_PRODUCT, markets.pair, markets.weth, markets.usdc, 0)
    markets.sell(STABLE_SWAP, markets.pool, markets.dai, markets.usdc, 0)
    assert markets.stage.balance(markets.usdc, RECEIVER) == 0
    # What is held is not sold: the venue is not called.
    assert markets.refusal(HOLD, markets.pair, markets.weth, markets.usdc, WETH, 1) == "InsufficientOutput(0, 1)"


def test_quote__of_nothing_held_and_one_unit__is_what_selling_would_pay(markets: Markets) -> None:
    lens = markets.stage.deploy("Lens")
    tokens = (markets.usdc.address, markets.weth.address)
    quote = ("quoteCumulative", markets.pair.address)
    one = out_of_pair(1, RESERVES[1], RESERVES[0])
    assert one > 0
    assert markets.stage.view(lens, *quote, CONSTANT_PRODUCT, *tokens, [0, 1]) == [0, one]
    assert markets.stage.view(lens, *quote, HOLD, *tokens, [0, 10**6]) == [0, 0]
