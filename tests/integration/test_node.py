"""A node for hands: it has the world of a run, takes signed transactions, and ends cleanly."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from eth_account import Account

from cascade import Run, load_scenario, replay
from cascade.chain.rpc import Rpc
from cascade.node import TEST_ACCOUNTS
from cascade.toolchain.paths import project_root

from .conftest import SCENARIOS
from .free_port import free_port

CASCADE = str(Path(sys.executable).with_name("cascade"))
ETHER = 10**18
AT = 55
"""A block of the crash of `frictionless-loop`: its build ends at block 50, and its crash at block 61."""


def cascade(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CASCADE, *arguments], cwd=project_root(), capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Open:
    process: subprocess.Popen[str]
    printed: str
    rpc: Rpc
    url: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replay(load_scenario(SCENARIOS / "frictionless-loop.yaml"), out=tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def node() -> Iterator[Open]:
    port = free_port()
    process = subprocess.Popen(
        [CASCADE, "node", "frictionless-loop", "--at", str(AT), "--port", str(port)],
        cwd=project_root(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C ends it" in line:
                break
        url = f"http://127.0.0.1:{port}"
        rpc = Rpc(url)
        yield Open(process, "".join(lines), rpc, url)
        rpc.close()
    finally:
        process.kill()
        process.communicate()


def test_node__at_a_block__has_the_blocks_of_a_run_up_to_it(node: Open, run: Run) -> None:
    transactions = run.transactions
    expected = list(transactions[transactions["block_number"] == AT]["tx_hash"])

    assert int(str(node.rpc.call("eth_blockNumber")), 16) == AT
    block = node.rpc.call("eth_getBlockByNumber", hex(AT), False)
    assert isinstance(block, dict)
    assert block["transactions"] == expected
    assert int(str(block["timestamp"]), 16) == run.frames.blocks.set_index("block_number")["timestamp"][AT]


def test_node__what_it_prints__stands_there(node: Open) -> None:
    addresses = dict(re.findall(r"│ (\S[^│]*?) +│ [A-Za-z0-9]+ +│ (0x[0-9a-fA-F]{40}) │", node.printed))

    assert {"USDe", "USDC", "LendingPool", "PriceOracle", "Lens", "keeper-0", "looper-0"} <= set(addresses)
    for name in ("USDe", "LendingPool", "PriceOracle", "Liquidator of keeper-0"):
        assert len(str(node.rpc.call("eth_getCode", addresses[name], "latest"))) > 2, name
    # `totalSupply()`: the looper's 100,000 and the venue's million, which the loop swaps with.
    supply = node.rpc.call("eth_call", {"to": addresses["USDe"], "data": "0x18160ddd"}, "latest")
    assert int(str(supply), 16) == 1_100_000 * ETHER
    assert f"host: {node.url}" in node.printed


def receipt_of(node: Open, tx_hash: object) -> object:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if receipt := node.rpc.call("eth_getTransactionReceipt", tx_hash):
            return receipt
        time.sleep(0.02)
    return None


def test_node__test_account__signs_a_transaction_that_is_mined_at_once(node: Open) -> None:
    payer, payee = TEST_ACCOUNTS[0], TEST_ACCOUNTS[1]
    assert all(account.address in node.printed and account.key in node.printed for account in TEST_ACCOUNTS)
    assert [Account.from_key(account.key).address for account in TEST_ACCOUNTS] == [a.address for a in TEST_ACCOUNTS]
    before = int(str(node.rpc.call("eth_getBalance", payee.address, "latest")), 16)
    signed = Account.sign_transaction(
        {
            "to": payee.address,
            "value": ETHER,
            "gas": 21_000,
            "maxFeePerGas": 10**12,
            "maxPriorityFeePerGas": 0,
            "nonce": int(str(node.rpc.call("eth_getTransactionCount", payer.address, "latest")), 16),
            "chainId": 31337,
            "type": 2,
        },
        payer.key,
    )

    tx_hash = node.rpc.call("eth_sendRawTransaction", "0x" + signed.raw_transaction.hex())

    # anvil answers when the transaction is in its pool, and mines the block at once but by itself.
    receipt = receipt_of(node, tx_hash)
    assert isinstance(receipt, dict)
    assert receipt["status"] == "0x1"
    assert before == 10_000 * ETHER
    assert int(str(node.rpc.call("eth_getBalance", payee.address, "latest")), 16) == before + ETHER


def test_node__port_that_is_taken__is_one_line(node: Open) -> None:
    port = node.url.rpartition(":")[2]
    done = cascade("node", "frictionless-loop", "--port", port)

    assert done.returncode == 2
    assert f"error: port {port} of 127.0.0.1 is in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_node__block_that_is_none_of_the_crash__is_one_line() -> None:
    done = cascade("node", "frictionless-loop", "--at", "62", "--port", str(free_port()))

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "error: --at = 62: expected a block of the crash, from 51 to 61"


def test_node__interrupt__ends_it_and_its_anvil(node: Open) -> None:
    node.process.send_signal(signal.SIGINT)

    assert node.process.wait(timeout=20) == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(node.url.rpartition(":")[2]))) != 0
