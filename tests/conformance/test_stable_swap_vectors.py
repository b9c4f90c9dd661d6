"""StableSwapPool against sequences that another implementation computed in exact integers: equal to the unit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import Contract, LocalChain, Receipt, Transaction, address_of
from cascade.world.venues.stable_swap_math import StableSwapState

VECTORS = Path(__file__).parents[1] / "vectors" / "stable-swap.json"
SEQUENCES = json.loads(VECTORS.read_text(encoding="utf-8"))["sequences"]
PROVIDER, COLLECTOR = address_of("liquidity-provider"), address_of("fee-collector")
GENESIS_TIMESTAMP = 1_760_000_000
GAS_LIMIT = 10_000_000
UINT_MAX = 2**256 - 1
OVERLOADS = {
    "exchange": "exchange(int128,int128,uint256,uint256)",
    "add_liquidity": "add_liquidity(uint256[],uint256)",
    "remove_liquidity": "remove_liquidity(uint256,uint256[])",
    "remove_liquidity_one_coin": "remove_liquidity_one_coin(uint256,int128,uint256)",
    "remove_liquidity_imbalance": "remove_liquidity_imbalance(uint256[],uint256)",
}


@pytest.fixture(scope="module")
def chain() -> Iterator[LocalChain]:
    with Anvil(timestamp=GENESIS_TIMESTAMP) as anvil:
        found = LocalChain(anvil.rpc)
        found.fund([PROVIDER])
        yield found


def send(chain: LocalChain, *calls: tuple[Any, ...]) -> Receipt:
    """Calls of the provider in one block; the last one's receipt."""
    transactions = [
        Transaction(PROVIDER, contract.address, contract.encode(function, *arguments), GAS_LIMIT)
        for contract, function, *arguments in calls
    ]
    return chain.execute(transactions, timestamp=chain.timestamp + 1).receipts[-1]


def create_pool(chain: LocalChain, given: dict[str, Any]) -> Contract:
    artifacts = load_artifacts()
    coins = [chain.deploy(artifacts["MockERC20"], "C", "C", places, sender=PROVIDER) for places in given["decimals"]]
    pool = chain.deploy(
        artifacts["StableSwapPool"],
        "LP",
        "LP",
        [coin.address for coin in coins],
        given["a"],
        given["fee"],
        given["offpeg_fee_multiplier"],
        given["admin_fee"],
        COLLECTOR,
        sender=PROVIDER,
    )
    for coin in coins:
        send(chain, (coin, "mint", PROVIDER, 10**40), (coin, "approve", pool.address, UINT_MAX))
    send(chain, (pool, OVERLOADS["add_liquidity"], [int(amount) for amount in given["deposit"]], 0))
    return pool


def arguments_of(step: dict[str, Any]) -> list[Any]:
    amount, amounts = int(step.get("amount", 0)), [int(value) for value in step.get("amounts", ())]
    of_call: dict[str, Callable[[], list[Any]]] = {
        "exchange": lambda: [step["i"], 1 - step["i"], amount, 0],
        "add_liquidity": lambda: [amounts, 0],
        "remove_liquidity": lambda: [amount, [0, 0]],
        "remove_liquidity_one_coin": lambda: [amount, step["i"], 0],
        "remove_liquidity_imbalance": lambda: [amounts, UINT_MAX],
    }
    return of_call[step["call"]]()


def returned_by(chain: LocalChain, pool: Contract, step: dict[str, Any]) -> str | None:
    """What the call would return now: paid, minted or burnt. A proportional withdrawal shows in the balances alone."""
    if step["result"] is None:
        return None
    call = {"from": PROVIDER, "to": pool.address, "data": pool.encode(OVERLOADS[step["call"]], *arguments_of(step))}
    return str(int(chain.rpc.call_as(str, "eth_call", call, "latest"), 16))


@pytest.mark.parametrize("number", range(len(SEQUENCES)))
def test_pool__sequence_of_another_implementation__equal_to_the_unit(chain: LocalChain, number: int) -> None:
    given = SEQUENCES[number]
    pool = create_pool(chain, given)
    for position, step in enumerate(given["steps"]):
        returned = returned_by(chain, pool, step)
        send(chain, (pool, OVERLOADS[step["call"]], *arguments_of(step)))

        found = {
            "result": returned,
            "balances": [str(chain.call(pool, "balances", k)) for k in range(2)],
            "admin_balances": [str(chain.call(pool, "admin_balances", k)) for k in range(2)],
            "supply": str(chain.call(pool, "totalSupply")),
        }
        assert found == {name: step[name] for name in found}, f"step {position}: {step['call']}"


@pytest.mark.parametrize("number", range(len(SEQUENCES)))
def test_stable_swap_state__after_steps_of_another_implementation__is_the_lens_s_to_the_unit(
    chain: LocalChain, number: int
) -> None:
    given = SEQUENCES[number]
    pool, lens = create_pool(chain, given), chain.deploy(load_artifacts()["Lens"], sender=PROVIDER)
    compared = 0
    for position, step in enumerate(given["steps"]):
        send(chain, (pool, OVERLOADS[step["call"]], *arguments_of(step)))
        if position % 3:
            continue
        words = chain.call(lens, "stableSwapState", pool.address)
        state = StableSwapState((words[0], words[1]), (words[2], words[3]), *words[4:])
        compared += 1

        assert state.spot_price_wad == chain.call(pool, "get_p", 0)
        for sold in (0, 1):
            for share in (1, 10**3, 10**6, 10**8):
                amount = max(state.balances[sold] * share // 10**8, 1)
                assert state.pays(sold, amount) == chain.call(pool, "get_dy", sold, 1 - sold, amount)
        distances = [5, 200, 1_000, 5_000]
        assert state.depth(distances) == list(chain.call(lens, "stableSwapDepth", pool.address, distances))
        targets = [state.spot_price_wad * share // 100 for share in (20, 99, 100, 101, 300)]
        said = list(chain.call(lens, "stableSwapTradesToPrices", pool.address, targets))
        assert [word for target in targets for word in state.trade_to_price(target)] == said
    assert compared >= 3


def test_vectors__cover__every_rule_that_they_are_for() -> None:
    calls = {step["call"] for given in SEQUENCES for step in given["steps"]}
    assert calls == set(OVERLOADS)
    assert {given["a"] for given in SEQUENCES} >= {10, 10_000}
    assert {tuple(given["decimals"]) for given in SEQUENCES} == {(6, 18), (18, 6), (6, 6), (18, 18)}
    assert any(given["offpeg_fee_multiplier"] for given in SEQUENCES)
    shares = [scaled(given, 0) / (scaled(given, 0) + scaled(given, 1)) for given in SEQUENCES]
    assert min(shares) <= 0.0101
    assert max(shares) >= 0.9899
    sold = {step["i"] for given in SEQUENCES for step in given["steps"] if step["call"] == "exchange"}
    assert sold == {0, 1}


def scaled(given: dict[str, Any], k: int) -> int:
    scale: int = 10 ** (18 - int(given["decimals"][k]))
    return int(given["deposit"][k]) * scale
