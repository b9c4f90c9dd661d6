"""Loads exact cases of Aave V3.6 into the pool: `--aave-vectors FILE` takes any file of the same form.

A case holds the stored state before a call, the call, and everything that the real pool answered. The pool under test
is the one that runs deploy; while a state is loaded, the code of `PoolStateWriter` stands in its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import eth_abi
import pytest

from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import Contract, LocalChain, Transaction, address_of
from cascade.chain.rpc import RpcFailure

DEFAULT_VECTORS = Path(__file__).parents[1] / "vectors" / "aave-v3.6.jsonl"
GENESIS_MARGIN_SECONDS = 3_600
GAS_LIMIT = 25_000_000
ACTORS = ("borrower", "liquidator", "lp", "treasury", "umbrella", "other")
REST = "rest"
RAY = 10**27
FLAG_BITS = {"active": 56, "frozen": 57, "borrowingEnabled": 58, "paused": 60}
FLASHLOAN_BIT = 63
FIELD_BITS = {
    "ltv": 0,
    "liquidationThreshold": 16,
    "liquidationBonus": 32,
    "decimals": 48,
    "reserveFactor": 64,
    "borrowCap": 80,
    "supplyCap": 116,
    "liquidationProtocolFee": 152,
    "debtCeiling": 212,
}
ARGUMENTS = {
    "supply": ("asset", "amount", "onBehalfOf", 0),
    "withdraw": ("asset", "amount", "to"),
    "borrow": ("asset", "amount", 2, 0, "onBehalfOf"),
    "repay": ("asset", "amount", 2, "onBehalfOf"),
    "setUserEMode": ("categoryId",),
    "eliminateReserveDeficit": ("asset", "amount"),
    "liquidationCall": ("collateralAsset", "debtAsset", "borrower", "debtToCover", "receiveAToken"),
}

Vector = dict[str, Any]


def read_vectors(path: Path) -> list[Vector]:
    lines = path.read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines if line.strip()]
    return [record for record in records if "meta" not in record]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "vector" in metafunc.fixturenames:
        vectors = read_vectors(_vectors_path(metafunc.config))
        metafunc.parametrize("vector", vectors, ids=[vector["id"] for vector in vectors])


def _vectors_path(config: pytest.Config) -> Path:
    return config.getoption("--aave-vectors") or DEFAULT_VECTORS


@pytest.fixture(scope="session")
def vectors_path(pytestconfig: pytest.Config) -> Path:
    return _vectors_path(pytestconfig)


@pytest.fixture(scope="session")
def market(vectors_path: Path) -> Iterator[Market]:
    vectors = read_vectors(vectors_path)
    start = min(vector["pre"]["timestamp"] for vector in vectors) - GENESIS_MARGIN_SECONDS
    with Anvil(timestamp=start) as anvil:
        yield Market(LocalChain(anvil.rpc), reserves=vectors[0]["pre"]["reserves"])


def configuration_word(config: Mapping[str, Any]) -> int:
    """The configuration bitmap of a case. Flash loans are on: the cases do not say, and none makes one."""
    word = 1 << FLASHLOAN_BIT
    for name, bit in FIELD_BITS.items():
        word |= int(config[name]) << bit
    for name, bit in FLAG_BITS.items():
        word |= int(config[name]) << bit
    return word


class Market:
    """The pool with the reserves of the cases, deployed once; each case starts from this state."""

    def __init__(self, chain: LocalChain, *, reserves: Mapping[str, Any]) -> None:
        self.chain = chain
        self._artifacts = load_artifacts()
        self._admin = address_of("admin")
        self.addresses = {name: address_of(name) for name in (*ACTORS, REST)} | {"zero": "0x" + "00" * 20}
        chain.fund([self._admin, *self.addresses.values()])

        self.provider = self._deploy("PoolAddressesProvider", "conformance", self._admin)
        self.strategy = self._deploy("DefaultReserveInterestRateStrategyV2", self.provider.address)
        self.pool = self._deploy("LendingPool", self.provider.address, self.strategy.address)
        writer = self._deploy("PoolStateWriter")
        # Its code stands at the pool's address while a state is loaded.
        self._writer = replace(writer, address=self.pool.address)
        self._pool_code, self._writer_code = (
            chain.rpc.call_as(str, "eth_getCode", contract.address, "latest") for contract in (self.pool, writer)
        )
        oracle = self._deploy("PriceOracle", self.provider.address, [], [])
        self.addresses["Pool"] = self.pool.address
        self.tokens: dict[str, Contract] = {}
        self.feeds: dict[str, Contract] = {}
        self.reserve_names = sorted(reserves, key=lambda name: reserves[name]["id"])
        for name in self.reserve_names:
            self._deploy_reserve(name, reserves[name]["config"]["decimals"])

        underlyings = [self.tokens[name].address for name in self.reserve_names]
        self._send(
            (self.provider, "setPool", self.pool.address),
            (self.provider, "setPoolConfigurator", self._admin),
            (self.provider, "setPriceOracle", oracle.address),
            (self.provider, "setAddress", b"UMBRELLA".ljust(32, b"\0"), self.addresses["umbrella"]),
            (oracle, "setAssetSources", underlyings, [self.feeds[name].address for name in self.reserve_names]),
        )
        self._send(
            *(
                (self.pool, "initReserve", *(self.tokens[kind + name].address for kind in ("", "a", "v")))
                for name in self.reserve_names
            )
        )
        self._send((self.provider, "setPoolConfigurator", self.pool.address))
        self.labels = {address.lower(): label for label, address in self.addresses.items()}

    # --- a case: load, call, read

    def load(self, state: Mapping[str, Any]) -> None:
        """Write a stored state into the pool, its tokens, its feeds and its rates, at the state's own time."""
        calls: list[tuple[Any, ...]] = []
        for category, mode in state["eModes"].items():
            lines = (mode["ltv"], mode["liquidationThreshold"], mode["liquidationBonus"])
            bitmaps = (self._bitmap(mode["collateral"]), self._bitmap(mode["borrowable"]), 0)
            calls.append((self._writer, "setEMode", int(category), (*lines, *bitmaps, "")))
        for name, reserve in state["reserves"].items():
            calls += self._reserve_calls(name, reserve)
        for actor, account in state["accounts"].items():
            for name in self.reserve_names:
                calls += self._holding_calls(actor, name, account.get(name, {}))
            flags = sum(1 << 2 * self._id(name) for name in account["borrows"])
            flags += sum(2 << 2 * self._id(name) for name in account["collaterals"])
            calls.append((self._writer, "setUser", self.addresses[actor], flags, account["eMode"]))
        calls += self._rest_calls(state)
        self._as_pool(calls, timestamp=state["timestamp"])

    def try_call(self, action: Mapping[str, Any]) -> tuple[bool, str]:
        """Whether the call would pass, and its answer or revert data (0x-hex), without making it."""
        request = {"from": self.addresses[action["sender"]], "to": self.pool.address, "data": self._call_data(action)}
        try:
            answer = self.chain.rpc.call_as(str, "eth_call", request, "latest", {}, {"time": hex(action["timestamp"])})
        except RpcFailure as failure:
            return False, failure.data or "0x"
        return True, answer

    def make_call(self, action: Mapping[str, Any]) -> tuple[bool, list[dict[str, Any]]]:
        """Make the call at its own time; whether it passed, and the events of pool, aTokens and debt tokens."""
        transaction = Transaction(
            self.addresses[action["sender"]], self.pool.address, self._call_data(action), GAS_LIMIT
        )
        receipt = self.chain.mine([transaction], timestamp=action["timestamp"]).receipts[0]
        events = [
            {
                "emitter": self._label(log.address),
                "event": log.event,
                "args": {name: self._plain(value) for name, value in log.arguments.items()},
            }
            for log in receipt.logs
        ]
        return receipt.ok, [event for event in events if event["emitter"] not in self.reserve_names]

    def read(self, expected: Mapping[str, Any]) -> dict[str, Any]:
        """What the pool stores of the reserves and accounts that `expected` (a case's pre or post) speaks of."""
        reserves = {name: self._reserve_views(name) for name in expected["reserves"]}
        accounts = {actor: self._account_views(actor) for actor in expected["accounts"]}
        answers = iter(self._views([view for views in (*reserves.values(), *accounts.values()) for view in views]))
        return {
            "reserves": {name: self._reserve_state([next(answers) for _ in views]) for name, views in reserves.items()},
            "accounts": {name: self._account_state([next(answers) for _ in views]) for name, views in accounts.items()},
        }

    def read_at_call(self, expected: Mapping[str, Any], timestamp: int) -> dict[str, Any]:
        """What the views of pool and tokens answer at a time: account data of the user, balances of everyone."""
        holdings = [
            (actor, kind + name) for actor in expected["balances"] for name in self.reserve_names for kind in ("a", "v")
        ]
        user = self.addresses[expected["user"]]
        account, *balances = self._views(
            [
                (self.pool, "getUserAccountData", user),
                *((self.tokens[token], "balanceOf", self.addresses[actor]) for actor, token in holdings),
            ],
            timestamp=timestamp,
        )
        found: dict[str, dict[str, str]] = {actor: {} for actor in expected["balances"]}
        for (actor, token), balance in zip(holdings, balances, strict=True):
            if balance:
                found[actor][token] = str(balance)
        names = [entry["name"] for entry in self.pool.interface.functions["getUserAccountData"].outputs]
        return {
            "user": expected["user"],
            "userAccountData": {name: str(value) for name, value in zip(names, account, strict=True)},
            "balances": found,
        }

    # --- what is loaded

    def _reserve_calls(self, name: str, reserve: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        underlying, a_token, v_token = (self.tokens[kind + name] for kind in ("", "a", "v"))
        rates = reserve["rateStrategyBps"]
        stored = (
            configuration_word(reserve["config"]),
            *(int(reserve[key]) for key in ("liquidityIndex", "currentLiquidityRate")),
            *(int(reserve[key]) for key in ("variableBorrowIndex", "currentVariableBorrowRate")),
            *(int(reserve[key]) for key in ("virtualUnderlyingBalance", "accruedToTreasuryScaled", "deficit")),
            *(int(reserve[key]) for key in ("lastUpdateTimestamp", "liquidationGracePeriodUntil", "id")),
            a_token.address,
            v_token.address,
            0,
        )
        names = ("optimalUsageRatio", "baseVariableBorrowRate", "variableRateSlope1", "variableRateSlope2")
        encoded_rates = eth_abi.encode(["uint256"] * 4, [rates[key] for key in names])
        return [
            (self._writer, "setReserve", underlying.address, stored),
            (self.strategy, "setInterestRateParams", underlying.address, encoded_rates),
            (self.feeds[name], "post", int(reserve["price"])),
            (underlying, "mint", a_token.address, int(reserve["underlyingInAToken"])),
        ]

    def _holding_calls(self, actor: str, name: str, holding: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        user = self.addresses[actor]
        underlying, a_token, v_token = (self.tokens[kind + name] for kind in ("", "a", "v"))
        calls: list[tuple[Any, ...]] = []
        if "wallet" in holding:
            calls.append((underlying, "mint", user, int(holding["wallet"])))
        if "allowanceToPool" in holding:
            calls.append((underlying, "setAllowance", user, self.pool.address, int(holding["allowanceToPool"])))
        if "aTokenLastIndex" in holding:
            scaled, index = int(holding.get("scaledAToken", 0)), int(holding["aTokenLastIndex"])
            calls.append((a_token, "mint", user, user, scaled or 1, index))
            if not scaled:  # the index of who held some before: what is minted is burnt again
                calls.append((a_token, "burn", user, a_token.address, 0, 1, index))
        if "vTokenLastIndex" in holding:
            scaled, index = int(holding.get("scaledDebt", 0)), int(holding["vTokenLastIndex"])
            calls.append((v_token, "mint", user, user, 0, scaled or 1, index))
            if not scaled:
                calls.append((v_token, "burn", user, 1, index))
        return calls

    def _rest_calls(self, state: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Where a reserve's totals exceed the listed holders, one more holder has the rest."""
        calls: list[tuple[Any, ...]] = []
        rest = self.addresses[REST]
        for name, reserve in state["reserves"].items():
            holdings = [account.get(name, {}) for account in state["accounts"].values()]
            supplied = int(reserve["scaledATokenSupply"]) - sum(int(held.get("scaledAToken", 0)) for held in holdings)
            borrowed = int(reserve["scaledVariableDebt"]) - sum(int(held.get("scaledDebt", 0)) for held in holdings)
            if supplied:
                calls.append((self.tokens["a" + name], "mint", rest, rest, supplied, RAY))
            if borrowed:
                calls.append((self.tokens["v" + name], "mint", rest, rest, 0, borrowed, RAY))
        return calls

    # --- what is read

    def _reserve_views(self, name: str) -> list[tuple[Any, ...]]:
        underlying, a_token, v_token = (self.tokens[kind + name] for kind in ("", "a", "v"))
        return [
            (self.pool, "getReserveData", underlying.address),
            (self.pool, "getReserveDeficit", underlying.address),
            (self.pool, "getVirtualUnderlyingBalance", underlying.address),
            (self.pool, "getLiquidationGracePeriod", underlying.address),
            (a_token, "scaledTotalSupply"),
            (v_token, "scaledTotalSupply"),
            (underlying, "balanceOf", a_token.address),
        ]

    @staticmethod
    def _reserve_state(answers: list[Any]) -> dict[str, Any]:
        data, deficit, virtual, grace, a_supply, v_supply, held = answers
        word, liquidity_index, liquidity_rate, borrow_index, borrow_rate, _stable, updated, number, *rest = data
        return {
            "id": number,
            "configuration": word,
            "liquidityIndex": str(liquidity_index),
            "currentLiquidityRate": str(liquidity_rate),
            "variableBorrowIndex": str(borrow_index),
            "currentVariableBorrowRate": str(borrow_rate),
            "lastUpdateTimestamp": updated,
            "accruedToTreasuryScaled": str(rest[4]),
            "deficit": str(deficit),
            "virtualUnderlyingBalance": str(virtual),
            "liquidationGracePeriodUntil": grace,
            "scaledATokenSupply": str(a_supply),
            "scaledVariableDebt": str(v_supply),
            "underlyingInAToken": str(held),
        }

    def _account_views(self, actor: str) -> list[tuple[Any, ...]]:
        user = self.addresses[actor]
        views: list[tuple[Any, ...]] = [(self.pool, "getUserConfiguration", user), (self.pool, "getUserEMode", user)]
        for name in self.reserve_names:
            views.append((self.tokens[name], "balanceOf", user))
            for kind in ("a", "v"):
                token = self.tokens[kind + name]
                views += [(token, "scaledBalanceOf", user), (token, "getPreviousIndex", user)]
        return views

    def _account_state(self, answers: list[Any]) -> dict[str, Any]:
        flags, e_mode, *holdings = answers
        state: dict[str, Any] = {
            "collaterals": [name for name in self.reserve_names if flags >> 2 * self._id(name) & 2],
            "borrows": [name for name in self.reserve_names if flags >> 2 * self._id(name) & 1],
            "eMode": e_mode,
        }
        keys = ("wallet", "scaledAToken", "aTokenLastIndex", "scaledDebt", "vTokenLastIndex")
        for position, name in enumerate(self.reserve_names):
            held = dict(zip(keys, holdings[5 * position : 5 * position + 5], strict=True))
            state[name] = {key: str(value) for key, value in held.items() if value}
        return state

    # --- plumbing

    def _deploy(self, contract: str, *arguments: Any) -> Contract:
        return self.chain.deploy(self._artifacts[contract], *arguments, sender=self._admin)

    def _deploy_reserve(self, name: str, decimals: int) -> None:
        underlying = self._deploy("SettableERC20", name, name, decimals)
        pool, treasury = self.pool.address, self.addresses["treasury"]
        self.tokens[name] = underlying
        self.tokens["a" + name] = self._deploy("AToken", pool, treasury, underlying.address, f"a{name}", f"a{name}")
        self.tokens["v" + name] = self._deploy("VariableDebtToken", pool, underlying.address, f"v{name}", f"v{name}")
        self.feeds[name] = self._deploy("PostedPriceFeed", f"{name} / USD", 10**8, pool)
        for kind in ("", "a", "v"):
            self.addresses[kind + name] = self.tokens[kind + name].address

    def _send(self, *calls: tuple[Any, ...]) -> None:
        transactions = [
            Transaction(self._admin, contract.address, contract.encode(function, *arguments), GAS_LIMIT)
            for contract, function, *arguments in calls
        ]
        self.chain.execute(transactions, timestamp=self.chain.timestamp + 1)

    def _as_pool(self, calls: list[tuple[Any, ...]], *, timestamp: int) -> None:
        encoded = [
            (contract.address, bytes.fromhex(contract.encode(function, *arguments)[2:]))
            for contract, function, *arguments in calls
        ]
        data = self._writer.encode("execute", encoded)
        self.chain.rpc.call("anvil_setCode", self.pool.address, self._writer_code)
        self.chain.execute([Transaction(self._admin, self.pool.address, data, GAS_LIMIT)], timestamp=timestamp)
        self.chain.rpc.call("anvil_setCode", self.pool.address, self._pool_code)

    def _views(self, views: list[tuple[Any, ...]], *, timestamp: int | None = None) -> list[Any]:
        overrides = [] if timestamp is None else [{}, {"time": hex(timestamp)}]
        requests = [
            (
                "eth_call",
                [{"to": contract.address, "data": contract.encode(function, *arguments)}, "latest", *overrides],
            )
            for contract, function, *arguments in views
        ]
        answers = self.chain.rpc.batch_as(str, requests)
        return [
            contract.interface.functions[function].decode(answer)
            for (contract, function, *_), answer in zip(views, answers, strict=True)
        ]

    def _call_data(self, action: Mapping[str, Any]) -> str:
        given = action["args"]
        unknown = set(given) - {name for name in ARGUMENTS[action["call"]] if isinstance(name, str)}
        assert not unknown, f"arguments that no call has: {unknown}"
        values = [self._argument(given[name]) if isinstance(name, str) else name for name in ARGUMENTS[action["call"]]]
        return self.pool.encode(action["call"], *values)

    def _argument(self, value: Any) -> Any:
        if isinstance(value, str) and not value.isdigit():
            return self.addresses.get(value, value)
        return value if isinstance(value, bool) else int(value)

    def _bitmap(self, names: list[str]) -> int:
        return sum(1 << self._id(name) for name in names)

    def _id(self, name: str) -> int:
        return self.reserve_names.index(name)

    def _label(self, address: str) -> str:
        return self.labels.get(address.lower(), address)

    def _plain(self, value: Any) -> Any:
        if isinstance(value, bool):
            return value
        return str(value) if isinstance(value, int) else self._label(value)
