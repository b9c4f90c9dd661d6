"""What every test shares: options, a chain driven a transaction at a time, and the pinned anvil on the path.

The plugin of `ape test` looks for anvil on the path.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import Artifact, load_artifacts
from cascade.chain.local import Contract, LocalChain, Receipt, Transaction, address_of
from cascade.toolchain.paths import anvil_binary

# An example that takes long on a busy machine is no failure of the code.
settings.register_profile("cascade", deadline=None)
settings.load_profile("cascade")

os.environ["PATH"] = f"{anvil_binary().parent}{os.pathsep}{os.environ['PATH']}"

GENESIS_TIMESTAMP = 1_760_000_000
ADMIN = address_of("admin")
UINT_MAX = 2**256 - 1

EventReader = Callable[[Receipt, str], dict[str, Any]]
"""Reads the arguments of the one event of a name from a receipt: `only_event`, as a fixture."""


class Stage:
    """One chain, driven a transaction at a time, each in a block of its own one second after the last."""

    def __init__(self, chain: LocalChain, artifacts: dict[str, Artifact]) -> None:
        self.chain = chain
        self._artifacts = artifacts

    def deploy(self, name: str, *arguments: Any, sender: str = ADMIN) -> Contract:
        return self.chain.deploy(self._artifacts[name], *arguments, sender=sender)

    def token(self, symbol: str, decimals: int) -> Contract:
        return self.deploy("MockERC20", symbol, symbol, decimals)

    def attempt(
        self, contract: Contract, function: str, *arguments: Any, sender: str = ADMIN, timestamp: int | None = None
    ) -> Receipt:
        self.chain.fund([sender])
        data = contract.encode(overload(contract, function, len(arguments)), *arguments)
        transaction = Transaction(sender, contract.address, data, 30_000_000)
        return self.chain.mine([transaction], timestamp=timestamp or self.chain.timestamp + 1).receipts[0]

    def send(
        self, contract: Contract, function: str, *arguments: Any, sender: str = ADMIN, timestamp: int | None = None
    ) -> Receipt:
        receipt = self.attempt(contract, function, *arguments, sender=sender, timestamp=timestamp)
        assert receipt.ok, f"{contract.interface.name}.{function}: {receipt.revert_reason}"
        return receipt

    def refusal(self, contract: Contract, function: str, *arguments: Any, sender: str = ADMIN) -> str:
        receipt = self.attempt(contract, function, *arguments, sender=sender)
        assert not receipt.ok, f"{contract.interface.name}.{function} did not revert"
        return receipt.revert_reason

    def view(self, contract: Contract, function: str, *arguments: Any, timestamp: int | None = None) -> Any:
        signature = overload(contract, function, len(arguments))
        return self.chain.call(contract, signature, *arguments, timestamp=timestamp)

    def balance(self, token: Contract, account: str | Contract) -> int:
        holder = account.address if isinstance(account, Contract) else account
        return int(self.view(token, "balanceOf", holder))

    def fund(self, token: Contract, account: str, amount: int, *, spender: Contract | None = None) -> None:
        self.send(token, "mint", account, amount)
        if spender is not None:
            self.send(token, "approve", spender.address, UINT_MAX, sender=account)


def overload(contract: Contract, name: str, arguments: int) -> str:
    """Signature of the function of that name (or signature) with so many arguments."""
    found = {
        function.signature
        for function in contract.interface.functions.values()
        if name in (function.name, function.signature) and len(function.inputs) == arguments
    }
    assert len(found) == 1, f"{contract.interface.name}.{name} with {arguments} arguments: {sorted(found)}"
    return found.pop()


def only_event(receipt: Receipt, name: str) -> dict[str, Any]:
    """Arguments of the one event of that name."""
    found = [log.arguments for log in receipt.logs if log.event == name]
    assert len(found) == 1, f"{name}: {len(found)} times in {[log.event for log in receipt.logs]}"
    return dict(found[0])


@dataclass(frozen=True)
class LendingWorld:
    """A lending market of some assets, each with a feed."""

    stage: Stage
    pool: Contract
    configurator: Contract
    provider: Contract
    oracle: Contract
    assets: dict[str, Contract]
    """Symbol -> token."""
    feeds: dict[str, Contract]
    tokens: dict[str, tuple[Contract, Contract]]
    """Symbol -> aToken, variable debt token."""

    @property
    def usdc(self) -> Contract:
        return self.assets["USDC"]

    @property
    def usde(self) -> Contract:
        return self.assets["USDe"]

    @property
    def weth(self) -> Contract:
        return self.assets["WETH"]

    def post(self, symbol: str, price_e8: int) -> None:
        self.stage.send(self.feeds[symbol], "post", price_e8)

    def supply(self, account: str, token: Contract, amount: int) -> None:
        self.stage.fund(token, account, amount, spender=self.pool)
        self.stage.send(self.pool, "supply", token.address, amount, account, 0, sender=account)

    def borrow(self, account: str, token: Contract, amount: int) -> None:
        self.stage.send(self.pool, "borrow", token.address, amount, 2, 0, account, sender=account)


def open_market(
    stage: Stage, *, assets: Mapping[str, Contract], prices_e8: Mapping[str, int], rates_bps: tuple[int, int, int, int]
) -> LendingWorld:
    """A pool that lists every asset as collateral (80 % LTV, 83 % threshold, 5 % bonus) and for borrowing.

    `rates_bps` are optimal usage, base rate and the two slopes.
    """
    provider = stage.deploy("PoolAddressesProvider", "cascade", ADMIN)
    strategy = stage.deploy("DefaultReserveInterestRateStrategyV2", provider.address)
    pool = stage.deploy("LendingPool", provider.address, strategy.address)
    configurator = stage.deploy("PoolConfigurator", provider.address)
    stage.send(provider, "setPool", pool.address)
    stage.send(provider, "setPoolConfigurator", configurator.address)
    feeds = {symbol: stage.deploy("PostedPriceFeed", symbol, prices_e8[symbol], ADMIN) for symbol in assets}
    addresses = [token.address for token in assets.values()]
    oracle = stage.deploy("PriceOracle", provider.address, addresses, [feeds[symbol].address for symbol in assets])
    stage.send(provider, "setPriceOracle", oracle.address)
    tokens = {
        symbol: (
            stage.deploy("AToken", pool.address, address_of("treasury"), token.address, "a" + symbol, "a" + symbol),
            stage.deploy("VariableDebtToken", pool.address, token.address, "v" + symbol, "v" + symbol),
        )
        for symbol, token in assets.items()
    }
    for symbol, token in assets.items():
        entry = (token.address, tokens[symbol][0].address, tokens[symbol][1].address, rates_bps)
        stage.send(configurator, "initReserves", [entry])
        stage.send(configurator, "configureReserveAsCollateral", token.address, 80_00, 83_00, 105_00)
        stage.send(configurator, "setReserveBorrowing", token.address, True)
        stage.send(configurator, "setReserveFlashLoaning", token.address, True)
        stage.send(configurator, "setLiquidationProtocolFee", token.address, 10_00)
    return LendingWorld(stage, pool, configurator, provider, oracle, dict(assets), feeds, tokens)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--aave-vectors", type=Path, default=None, help="file of exact cases of Aave V3.6 (JSON lines)")
    parser.addoption("--fuzz-size", choices=["small", "large"], default="small", help="how long property tests run")


@pytest.fixture(scope="session")
def session_chain() -> Iterator[LocalChain]:
    with Anvil(timestamp=GENESIS_TIMESTAMP) as anvil:
        chain = LocalChain(anvil.rpc)
        chain.fund([ADMIN])
        yield chain


@pytest.fixture
def stage(session_chain: LocalChain) -> Iterator[Stage]:
    with session_chain.rolled_back():
        yield Stage(session_chain, load_artifacts())


@pytest.fixture
def event() -> EventReader:
    return only_event
