"""The pool's ABI is Aave's: a client that nobody here wrote supplies, borrows, reads, repays and withdraws."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cascade import load_scenario
from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import LocalChain, address_of
from cascade.deployment.deploy import deploy_world
from cascade.toolchain.paths import project_root
from cascade.world.world import World

CLIENTS = project_root() / ".cache" / "clients"
GENESIS_TIMESTAMP = 1_760_000_000
SUPPLIED, BORROWED = 10_000 * 10**18, 7_000 * 10**6
UINT_MAX = 2**256 - 1


@pytest.fixture(scope="module")
def read() -> dict[str, Any]:
    """What the client read on the way."""
    if not (CLIENTS / "eth_defi").is_dir():
        pytest.skip("PyPI's web3-ethereum-defi is not there to be the client: run `make test` or `make clients`")
    user = address_of("client")
    with Anvil(timestamp=GENESIS_TIMESTAMP) as anvil:
        chain = LocalChain(anvil.rpc)
        scenario = load_scenario(project_root() / "scenarios" / "loop-and-crash.yaml")
        world = World(chain=chain, scenario=scenario, artifacts=load_artifacts())
        deploy_world(world)
        data_provider = world.deploy("PoolDataProvider", world.provider.address, name="PoolDataProvider")
        chain.fund([user])
        world.mint("USDe", [(user, SUPPLIED)])
        world.mint("USDC", [(user, 10**6)])
        anvil.rpc.call("evm_setAutomine", True)
        return run_client(
            url=anvil.rpc.url,
            pool=world.pool.address,
            oracle=world.oracle.address,
            user=user,
            supply=SUPPLIED,
            borrow=BORROWED,
            data_provider=data_provider.address,
            collateral=world.tokens["USDe"].address,
            debt=world.tokens["USDC"].address,
        ) | {"addresses": {name: token.address for name, token in world.tokens.items()}}


def run_client(**given: Any) -> dict[str, Any]:
    program = Path(__file__).with_name("third_party_client.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(program), json.dumps(given)],
        env={**os.environ, "PYTHONPATH": str(CLIENTS)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_client__reserve__reads_the_listing(read: dict[str, Any]) -> None:
    # decimals, LTV, threshold, bonus, reserve factor; collateral, borrowing, stable borrowing, active, frozen
    assert read["configuration"] == [18, 8000, 8300, 10500, 2500, True, False, False, True, False]
    assert (read["price"], read["symbol"]) == (10**8, "USDe")
    assert read["reserves"] == [[name, read["addresses"][name]] for name in ("USDe", "USDC")]


def test_client__after_supply_and_borrow__reads_the_position(read: dict[str, Any]) -> None:
    collateral_e8, debt_e8, available_e8, threshold, ltv, health_factor = read["borrowed"]

    assert collateral_e8 == 10_000 * 10**8
    # One block a second passes between borrow and reading: at most 10 seconds of at most 46 % a year.
    assert 7_000 * 10**8 <= debt_e8 <= 7_000 * 10**8 + 7_000 * 10**8 * 46 * 10 // (100 * 365 * 86_400) + 100
    assert available_e8 == 8_000 * 10**8 - debt_e8
    assert (threshold, ltv) == (8300, 8000)
    assert health_factor == (8_300 * 10**8 * 10**18 + debt_e8 // 2) // debt_e8
    assert read["deposit"] == "10000"
    assert 7_000 * 10**6 <= Decimal(read["owed"]) * 10**18 <= 7_000 * 10**6 + 2_000
    assert read["user_reserve"][0] == 0
    assert 7_000 * 10**6 <= read["user_reserve"][2] <= 7_000 * 10**6 + 2_000


def test_client__after_repay_and_withdraw__has_everything_back(read: dict[str, Any]) -> None:
    assert read["closed"] == [0, 0, 0, 0, 0, UINT_MAX]
    assert read["collateral_back"] == SUPPLIED
