"""The pool gives the same result as Aave V3.6 in every exact case, to the unit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

FLAG_BITS = {"active": 56, "frozen": 57, "borrowingEnabled": 58, "paused": 60}
FLASHLOAN_BIT = 63
FIELDS = {
    "ltv": (0, 16), "liquidationThreshold": (16, 16), "liquidationBonus": (32, 16), "decimals": (48, 8),
    "reserveFactor": (64, 16), "borrowCap": (80, 36), "supplyCap": (116, 36), "liquidationProtocolFee": (152, 16),
    "debtCeiling": (212, 40),
}  # fmt: skip
TOKEN_ERRORS = ("Error(string)",)
RESERVE_INPUTS = ("price", "rateStrategyBps")
HOLDING_INPUTS = ("allowanceToPool",)


def test_pool__aave_case__equals_aave(vector: dict[str, Any], market: Any) -> None:
    action, result = vector["action"], vector["result"]

    with market.chain.rolled_back():
        market.load(vector["pre"])
        assert market.read(vector["pre"]) == stored(vector["pre"])
        assert market.read_at_call(vector["preAtCall"], action["timestamp"]) == vector["preAtCall"]

        passes, answer = market.try_call(action)
        passed, events = market.make_call(action)

        assert (passes, passed) == (result["ok"], result["ok"])
        if result["ok"]:
            assert events == pool_events(result, market.reserve_names)
            assert market.read(vector["post"]) == stored(vector["post"])
            assert market.read_at_call(vector["postAtCall"], action["timestamp"]) == vector["postAtCall"]
        else:
            assert_error_is_aaves(answer, result)
            assert market.read(vector["pre"]) == stored(vector["pre"])


def test_cases__of_the_file__all_run(request: Any, vectors_path: Path) -> None:
    in_file = sum(1 for line in vectors_path.read_text(encoding="utf-8").splitlines() if line.startswith('{"id"'))
    collected = [item for item in request.session.items if "vector" in getattr(item, "fixturenames", ())]

    assert in_file > 0
    assert len(collected) == in_file


def stored(state: Mapping[str, Any]) -> dict[str, Any]:
    """A case's stored state, without what the pool does not own: prices, rate parameters, allowances."""
    reserves = {}
    for name, reserve in state["reserves"].items():
        own = {key: value for key, value in reserve.items() if key not in (*RESERVE_INPUTS, "config")}
        reserves[name] = {**own, "configuration": word_of(reserve["config"])}
    accounts = {}
    for actor, account in state["accounts"].items():
        accounts[actor] = {
            "collaterals": account["collaterals"],
            "borrows": account["borrows"],
            "eMode": account["eMode"],
            **{name: holding(account.get(name, {})) for name in state["reserves"]},
        }
    return {"reserves": reserves, "accounts": accounts}


def holding(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in HOLDING_INPUTS and value != "0"}


def word_of(config: Mapping[str, Any]) -> int:
    assert set(config) == {*FIELDS, *FLAG_BITS}
    word = 1 << FLASHLOAN_BIT
    for name, (bit, width) in FIELDS.items():
        assert 0 <= config[name] < 1 << width
        word += int(config[name]) << bit
    return word + sum(int(config[name]) << bit for name, bit in FLAG_BITS.items())


def pool_events(result: Mapping[str, Any], underlyings: list[str]) -> list[dict[str, Any]]:
    """The events of pool, aTokens and debt tokens, in order; those of the underlying tokens are not the pool's."""
    return [event for event in result["events"] if event["emitter"] not in underlyings]


def assert_error_is_aaves(data: str, result: Mapping[str, Any]) -> None:
    """Same selector (and code of a panic); an empty revert is empty; a token's own words are not compared."""
    if result["error"] == "(empty)":
        assert data == "0x"
    elif result["error"] in TOKEN_ERRORS:
        assert data != "0x"
    elif result["error"] == "Panic(uint256)":
        assert data == result["selector"] + f"{int(result['code'], 16):064x}"
    else:
        assert data == result["selector"]
