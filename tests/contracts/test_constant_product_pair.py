"""ConstantProductPair against Uniswap V2's rules, each computed here in exact integers."""

from __future__ import annotations

from math import isqrt
from typing import Any

import pytest

from cascade.chain.local import address_of

from ..conftest import EventReader, Stage

LP, TRADER, RECEIVER = address_of("liquidity-provider"), address_of("trader"), address_of("receiver")
DEAD = "0x000000000000000000000000000000000000dEaD"
RESERVES = (5_000 * 10**18, 10_000_000 * 10**6)


class Market:
    """A pair of 5,000 WETH and 10 M USDC."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.tokens = [stage.token("WETH", 18), stage.token("USDC", 6)]
        self.pair = stage.deploy("ConstantProductPair", self.tokens[0].address, self.tokens[1].address)
        self.first = self.deposit(*RESERVES)

    def give(self, token: int, amount: int) -> None:
        self.stage.send(self.tokens[token], "mint", self.pair.address, amount)

    def deposit(self, amount0: int, amount1: int) -> Any:
        self.give(0, amount0)
        self.give(1, amount1)
        return self.stage.send(self.pair, "mint", LP, sender=LP)

    def reserves(self) -> tuple[int, int]:
        reserve0, reserve1, _ = self.stage.view(self.pair, "getReserves")
        return reserve0, reserve1

    def wallet(self, account: Any) -> list[int]:
        return [self.stage.balance(token, account) for token in self.tokens]


@pytest.fixture
def market(stage: Stage) -> Market:
    return Market(stage)


def amount_out(amount_in: int, reserve_in: int, reserve_out: int) -> int:
    """The most that leaves (x + 0.997 in)(y - out) >= x y true, found without the closed form."""
    low, high = 0, reserve_out
    while high - low > 1:
        middle = (low + high) // 2
        holds = (1000 * reserve_in + 997 * amount_in) * (reserve_out - middle) >= 1000 * reserve_in * reserve_out
        low, high = (middle, high) if holds else (low, middle)
    return low


def test_mint__first_deposit__root_of_the_product_less_the_locked_part(
    market: Market, stage: Stage, event: EventReader
) -> None:
    minted = isqrt(RESERVES[0] * RESERVES[1]) - 1000
    assert stage.balance(market.pair, LP) == minted
    assert stage.balance(market.pair, DEAD) == 1000
    assert event(market.first, "Mint") == {"sender": LP, "amount0": RESERVES[0], "amount1": RESERVES[1]}
    assert event(market.first, "Sync") == {"reserve0": RESERVES[0], "reserve1": RESERVES[1]}
    assert market.reserves() == RESERVES


def test_mint__first_deposit_at_the_minimum__reverts_and_one_more_works(stage: Stage) -> None:
    tokens = [stage.token("A", 18), stage.token("B", 18)]
    pair = stage.deploy("ConstantProductPair", tokens[0].address, tokens[1].address)
    for token in tokens:
        stage.send(token, "mint", pair.address, 1000)
    assert stage.refusal(pair, "mint", LP) == "UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED"
    for token in tokens:
        stage.send(token, "mint", pair.address, 1)
    stage.send(pair, "mint", LP)
    assert stage.balance(pair, LP) == 1


def test_mint__uneven_deposit__pays_for_the_scarcer_side(market: Market, stage: Stage) -> None:
    supply = isqrt(RESERVES[0] * RESERVES[1])
    before = stage.balance(market.pair, LP)
    market.deposit(RESERVES[0] // 10, RESERVES[1] // 5)
    assert stage.balance(market.pair, LP) - before == RESERVES[0] // 10 * supply // RESERVES[0]


def test_burn__half__pays_the_share_and_keeps_the_rest(market: Market, stage: Stage, event: EventReader) -> None:
    supply = isqrt(RESERVES[0] * RESERVES[1])
    half = (supply - 1000) // 2
    stage.send(market.pair, "transfer", market.pair.address, half, sender=LP)

    receipt = stage.send(market.pair, "burn", RECEIVER, sender=LP)

    paid = [half * reserve // supply for reserve in RESERVES]
    assert event(receipt, "Burn") == {"sender": LP, "amount0": paid[0], "amount1": paid[1], "to": RECEIVER}
    assert market.wallet(RECEIVER) == paid
    assert market.reserves() == (RESERVES[0] - paid[0], RESERVES[1] - paid[1])
    assert stage.view(market.pair, "totalSupply") == supply - half


def test_burn__nothing_sent__reverts(market: Market, stage: Stage) -> None:
    assert stage.refusal(market.pair, "burn", RECEIVER) == "UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED"


@pytest.mark.parametrize("sold", [0, 1])
def test_swap__largest_output__works_and_one_unit_more_reverts(
    market: Market, stage: Stage, event: EventReader, sold: int
) -> None:
    amount_in = RESERVES[sold] // 7
    out = amount_out(amount_in, RESERVES[sold], RESERVES[1 - sold])
    market.give(sold, amount_in)
    outputs = [0, 0]
    outputs[1 - sold] = out + 1
    assert stage.refusal(market.pair, "swap", *outputs, RECEIVER, b"") == "UniswapV2: K"
    outputs[1 - sold] = out

    receipt = stage.send(market.pair, "swap", *outputs, RECEIVER, b"", sender=TRADER)

    expected = list(RESERVES)
    expected[sold] += amount_in
    expected[1 - sold] -= out
    assert event(receipt, "Swap") == {
        "sender": TRADER,
        "amount0In": amount_in * (1 - sold),
        "amount1In": amount_in * sold,
        "amount0Out": outputs[0],
        "amount1Out": outputs[1],
        "to": RECEIVER,
    }
    assert event(receipt, "Sync") == {"reserve0": expected[0], "reserve1": expected[1]}
    assert market.wallet(RECEIVER) == outputs
    assert market.wallet(market.pair) == expected


def test_swap__invalid_calls__revert_with_uniswap_strings(market: Market, stage: Stage) -> None:
    def why(*arguments: Any) -> str:
        return str(stage.refusal(market.pair, "swap", *arguments))

    assert why(0, 0, RECEIVER, b"") == "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT"
    assert why(RESERVES[0], 0, RECEIVER, b"") == "UniswapV2: INSUFFICIENT_LIQUIDITY"
    assert why(RESERVES[0] - 1, 0, RECEIVER, b"") == "UniswapV2: INSUFFICIENT_INPUT_AMOUNT"
    assert why(1, 0, market.tokens[0].address, b"") == "UniswapV2: INVALID_TO"


def test_swap__paid_in_the_callback__flash_swap_holds(market: Market, stage: Stage, event: EventReader) -> None:
    borrower = stage.deploy("FlashSwapBorrower")
    borrowed = 1000 * 10**6
    owed = -(-borrowed * 1000 // 997)
    stage.send(market.tokens[1], "mint", borrower.address, owed - borrowed)
    receipt = stage.send(borrower, "borrow", market.pair.address, 0, borrowed, owed)
    assert event(receipt, "Swap")["amount1In"] == owed
    assert stage.balance(market.tokens[1], borrower) == 0


def test_swap__callback_pays_one_unit_less__reverts(market: Market, stage: Stage) -> None:
    borrower = stage.deploy("FlashSwapBorrower")
    borrowed = 1000 * 10**6
    owed = -(-borrowed * 1000 // 997)
    stage.send(market.tokens[1], "mint", borrower.address, owed)
    assert stage.refusal(borrower, "borrow", market.pair.address, 0, borrowed, owed - 1) == "UniswapV2: K"


def test_swap__callback_calls_the_pair_again__locked(market: Market, stage: Stage) -> None:
    borrower = stage.deploy("FlashSwapBorrower")
    assert stage.refusal(borrower, "reenter", market.pair.address) == "UniswapV2: LOCKED"


def test_skim_and_sync__donation__is_paid_out_or_added_to_the_reserves(market: Market, stage: Stage) -> None:
    market.give(0, 123)
    stage.send(market.pair, "skim", RECEIVER)
    assert market.wallet(RECEIVER) == [123, 0]
    market.give(1, 456)
    stage.send(market.pair, "sync")
    assert market.reserves() == (RESERVES[0], RESERVES[1] + 456)


def test_sync__beyond_112_bits__reverts_and_at_the_limit_works(stage: Stage) -> None:
    tokens = [stage.token("A", 18), stage.token("B", 18)]
    pair = stage.deploy("ConstantProductPair", tokens[0].address, tokens[1].address)
    stage.send(tokens[0], "mint", pair.address, 2**112)
    assert stage.refusal(pair, "sync") == "UniswapV2: OVERFLOW"
    other = stage.deploy("ConstantProductPair", tokens[1].address, tokens[0].address)
    stage.send(tokens[1], "mint", other.address, 2**112 - 1)
    stage.send(other, "sync")
    assert stage.view(other, "getReserves")[0] == 2**112 - 1


def test_price_cumulative__time_passes__adds_the_old_price_times_seconds(market: Market, stage: Stage) -> None:
    before = [stage.view(market.pair, f"price{k}CumulativeLast") for k in (0, 1)]
    last = stage.view(market.pair, "getReserves")[2]
    later = stage.chain.timestamp + 3600
    market.give(0, 10**18)
    stage.send(market.pair, "sync", timestamp=later)
    after = [stage.view(market.pair, f"price{k}CumulativeLast") for k in (0, 1)]
    assert after[0] - before[0] == (RESERVES[1] << 112) // RESERVES[0] * (later - last)
    assert after[1] - before[1] == (RESERVES[0] << 112) // RESERVES[1] * (later - last)
    assert stage.view(market.pair, "getReserves")[2] == later % 2**32
