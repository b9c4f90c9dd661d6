"""Deploy and replay on a chain of others: signatures, real blocks, a node that fails, and processes that are killed.

One story is told once: the flagship with thirty loopers goes to an anvil behind a proxy that refuses all that anvil
alone has, mines a block per second, and has another chain id. The deployment is killed in its middle and gone on with,
and so is the crash, while the proxy drops connections, limits requests, loses a transaction and lags, and a stranger
mints a token of the run. Until the crash begins, further blocks are mined so that nobody waits long.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from eth_account import Account
from eth_utils import keccak

from cascade import Run
from cascade.chain.artifacts import load_artifacts
from cascade.chain.live.wallet import Wallet
from cascade.chain.rpc import Rpc
from cascade.experiments.verify import verify
from cascade.toolchain.paths import project_root

from .refusing_proxy import CHAIN_ID, DROP, Proxy, decoded, node_of_others

ETHER = 10**18
STRANGER, MINTED_OUTSIDE = "0x" + "57" * 20, 41
LOOPERS, BLOCKS, KEEPERS = 30, 60, 2
PASSPHRASE = "a passphrase that no output may hold"
SCENARIO = (
    "loop-and-crash",
    *("--set", f"positions.loopers.count={LOOPERS}"),
    *("--set", "positions.loopers.rounds=2"),
    *("--set", "positions.loopers.target.leverage.low=1.8"),
    *("--set", "positions.loopers.target.leverage.high=2.4"),
    *("--set", "timeline.start=2025-10-10T21:38:00Z"),
    *("--set", "timeline.end=2025-10-10T21:49:48Z"),
    *("--set", f"agents.keeper.count={KEEPERS}"),
    *("--set", "venues.usde-usdc.reserves={USDC: 10000000, USDe: 10000000}"),
)
"""The flagship in the twelve minutes of the fall: 60 steps of 12 seconds."""
POST = load_artifacts()["PostedPriceFeed"].interface.functions["post"].selector[2:]
LIQUIDATION = "0x" + keccak(text="LiquidationCall(address,address,address,uint256,uint256,address,bool)").hex()


@dataclass
class Story:
    """What happened, and where it was written."""

    proxy: Proxy
    node: Rpc
    folder: Path
    payer: Any
    outputs: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    sent_when_killed: list[int] = field(default_factory=list)
    of_others: str = ""
    run: Run = field(init=False)

    def command(self, *arguments: str, kill_at: int | None = None, counts: str = "") -> None:
        """Run a command, and kill it outright when so many signed transactions with a text in them were sent."""
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("cascade")), *arguments],
            cwd=project_root(),
            env={
                **os.environ,
                "HOME": str(self.folder / "home"),
                "TMPDIR": str(self.folder / "temp"),
                "APE_ACCOUNTS_payer_PASSPHRASE": PASSPHRASE,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.02):
                if kill_at is not None and sum(counts in raw for raw in self.proxy.raw) >= kill_at:
                    process.send_signal(signal.SIGKILL)
                    return

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            printed = process.communicate(timeout=300)
        finally:
            process.kill()
            over.set()
            watching.join()
        self.outputs += printed
        self.codes.append(process.returncode)
        self.sent_when_killed.append(len(self.proxy.raw))

    def hurry(self) -> None:
        """Mine blocks between those of the interval until the crash begins."""
        rpc = Rpc(self.proxy.upstream)
        until = time.monotonic() + 120
        while not any(POST in raw for raw in self.proxy.raw) and time.monotonic() < until:
            rpc.call("evm_mine")
            time.sleep(0.25)
        rpc.close()

    def mint_from_outside(self) -> None:
        """Mint a token of the run to a stranger, from an account of the node that the run knows nothing of."""
        token = load_artifacts()["MockERC20"].interface.functions["mint"]
        account = self.node.call_as(list[str], "eth_accounts")[0]
        usdc = self.deployment["contracts"]["USDC"]["address"]
        call = {"from": account, "to": usdc, "data": token.encode(STRANGER, MINTED_OUTSIDE)}
        self.of_others = str(self.node.call("eth_sendTransaction", call))

    def receipts(self) -> dict[str, dict[str, Any]]:
        """Every receipt of the chain by hash, as the node itself has them."""
        found: dict[str, dict[str, Any]] = {}
        for height in range(int(self.node.call_as(str, "eth_blockNumber"), 16) + 1):
            for receipt in self.node.call_as(list[dict[str, Any]], "eth_getBlockReceipts", hex(height)):
                found[receipt["transactionHash"]] = receipt
        return found

    @property
    def deployment(self) -> dict[str, Any]:
        file = self.folder / "deployments" / f"chain-{CHAIN_ID}" / "loop-and-crash.json"
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found

    def balance(self, token: str, account: str, *, block: int) -> int:
        """What `balanceOf` of a token returns at a block and at its time."""
        header = self.node.call_as(dict[str, Any], "eth_getBlockByNumber", hex(block), False)
        data = "0x70a08231" + account[2:].lower().rjust(64, "0")
        call, time = {"to": token, "data": data}, {"time": header["timestamp"]}
        return int(self.node.call_as(str, "eth_call", call, hex(block), {}, time), 16)


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def faults(proxy: Proxy) -> Any:
    """Drop connections, limit requests, lag, and lose one transaction; seldom enough for a run to get on."""
    count = 0

    def fault(method: str, params: list[Any]) -> Any:
        nonlocal count
        count += 1
        if method == "eth_sendRawTransaction" and POST in params[0] and not proxy.injected["lost"]:
            proxy.injected["lost"] += 1
            return {"result": "0x" + keccak(hexstr=params[0]).hex()}
        if count % 301 == 0:
            proxy.injected["dropped"] += 1
            return DROP
        if count % 307 == 0:
            proxy.injected["limited"] += 1
            return 429
        if count % 97 == 0 and method == "eth_getTransactionReceipt":
            proxy.injected["lagging"] += 1
            return {"result": None}
        return None

    return fault


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("networks")
    for name in ("home/.ape/accounts", "temp"):
        (folder / name).mkdir(parents=True)
    payer = Account.from_key(keccak(text="the payer of the story"))
    encrypted = Account.encrypt(payer.key, PASSPHRASE, kdf="pbkdf2", iterations=1000)
    (folder / "home/.ape/accounts/payer.json").write_text(json.dumps(encrypted), encoding="ascii")
    with node_of_others(home=folder / "home") as (proxy, node):
        told = Story(proxy, node, folder, payer)
        node.call("anvil_setBalance", payer.address, hex(100 * ETHER))
        proxy.fault = faults(proxy)
        place = ("--network", proxy.url, "--account", "payer", "--deployments", str(folder / "deployments"))
        common = (*SCENARIO, *place, "--confirmations", "1", "--chain-id", str(CHAIN_ID))
        hurrying = threading.Thread(target=told.hurry)
        hurrying.start()
        told.command("deploy", *common, kill_at=25)
        told.command("deploy", *common)
        told.command("replay", *common, "--out", str(folder / "runs"), kill_at=20, counts=POST)
        told.mint_from_outside()
        told.command("replay", *common, "--out", str(folder / "runs"))
        hurrying.join()
        assert told.codes == [-signal.SIGKILL, 0, -signal.SIGKILL, 0], told.outputs
        proxy.fault = None
        told.run = Run(next((folder / "runs").glob("loop-and-crash-*")))
        yield told


def test_networks__no_method_of_anvil_alone_and_nothing_unsigned__was_asked_for(story: Story) -> None:
    assert story.proxy.refused == []
    assert set(story.proxy.counts) <= {
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_getBalance",
        "eth_getBlockByNumber",
        "eth_getCode",
        "eth_getLogs",
        "eth_getTransactionByHash",
        "eth_getTransactionCount",
        "eth_getTransactionReceipt",
        "eth_sendRawTransaction",
    }
    assert {"lost", "dropped", "limited", "lagging"} == set(story.proxy.injected)


def test_networks__killed_and_gone_on_with__nothing_was_done_twice(story: Story) -> None:
    done: dict[tuple[str, int], set[tuple[str, str, int]]] = defaultdict(set)
    receipts = story.receipts()
    for raw in dict.fromkeys(story.proxy.raw):
        one = decoded(raw)
        # The node has the sender of everything that was mined; of what was replaced only the signature tells it.
        mined = receipts.get("0x" + keccak(hexstr=raw).hex())
        sender = mined["from"] if mined is not None else Account.recover_transaction(raw).lower()
        done[sender, one.nonce].add((one.to, one.data, one.value))

    # Every nonce stands for one thing, and every thing is on the chain once, beside the stranger's.
    assert all(len(things) == 1 for things in done.values())
    assert len(receipts) == len(done) + 1
    created = [receipt["contractAddress"] for receipt in receipts.values() if receipt["contractAddress"]]
    stated = story.deployment["contracts"]
    assert sorted(created) == sorted(entry["address"].lower() for entry in stated.values())
    assert {"LendingPool", "usde-usdc", "Lens", *(f"Liquidator of keeper-{i}" for i in range(KEEPERS))} <= set(stated)
    # The first kill was in the middle of the deployment, and the second one in that of the crash.
    first, second, third, _ = story.sent_when_killed
    assert 0 < first < second < third < len(story.proxy.raw)
    steps = story.run.frames.blocks[story.run.frames.blocks["phase"] == "crash"]["step"]
    assert sorted(set(steps)) == list(range(BLOCKS))


def test_networks__transactions_of_the_table__are_those_of_the_receipts(story: Story) -> None:
    receipts, table = story.receipts(), story.run.transactions
    mined = table[table["status"] != "rejected"]

    assert len(mined) > 300
    for row in rows_of(mined):
        receipt = receipts[row["tx_hash"]]
        assert (row["block_number"], row["gas_used"]) == (int(receipt["blockNumber"], 16), int(receipt["gasUsed"], 16))
        assert row["transaction_index"] == int(receipt["transactionIndex"], 16)
        assert row["fee_wei"] == int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
        assert (row["status"] == "ok") == (receipt["status"] == "0x1")
        if row["tx_hash"] == story.of_others:
            assert (row["intent"], row["actor"].lower()) == ("of-others", receipt["from"])
        else:
            assert story.deployment["actors"][row["actor"]].lower() == receipt["from"]
    assert story.of_others in set(mined["tx_hash"])
    # What the table lacks are transfers of ether alone.
    others = set(receipts) - set(mined["tx_hash"])
    assert all(receipts[one]["gasUsed"] == hex(21_000) and not receipts[one]["logs"] for one in others)


def test_networks__liquidations__are_the_events_of_the_pool(story: Story) -> None:
    pool = story.deployment["contracts"]["LendingPool"]["address"].lower()
    events = {
        (receipt["transactionHash"], int(log["logIndex"], 16)): log
        for receipt in story.receipts().values()
        for log in receipt["logs"]
        if log["address"] == pool and log["topics"][0] == LIQUIDATION
    }
    rows = rows_of(story.run.liquidations)

    assert len(rows) == len(events) > 0
    for row in rows:
        log = events[row["tx_hash"], row["log_index"]]
        covered, to_liquidator = (int(log["data"][2 + 64 * i : 66 + 64 * i], 16) for i in range(2))
        assert row["debt_covered_raw"] == covered
        assert row["collateral_seized_raw"] - row["protocol_fee_raw"] == to_liquidator
        assert log["topics"][3][-40:] == story.deployment["actors"][row["borrower"]][2:].lower()


def test_networks__positions_at_the_end__are_the_balances_of_the_pool_s_tokens(story: Story) -> None:
    contracts, actors = story.deployment["contracts"], story.deployment["actors"]
    positions = story.run.positions
    end = positions[positions["event"] == "end"]

    assert len(end) == LOOPERS
    for row in rows_of(end):
        account, block = actors[row["borrower"]], row["block_number"]
        held = story.balance(contracts["aUSDe"]["address"], account, block=block)
        owed = story.balance(contracts["vUSDC"]["address"], account, block=block)
        assert (row["collateral_raw"], row["debt_raw"]) == (held, owed)


def test_networks__ether__is_where_the_receipts_say(story: Story) -> None:
    receipts = [one for one in story.receipts().values() if one["transactionHash"] != story.of_others]
    fees = sum(int(one["gasUsed"], 16) * int(one["effectiveGasPrice"], 16) for one in receipts)
    left = sum(
        int(story.node.call_as(str, "eth_getBalance", address, "latest"), 16)
        for address in story.deployment["actors"].values()
    )
    has = int(story.node.call_as(str, "eth_getBalance", story.payer.address, "latest"), 16)

    assert 100 * ETHER - has == fees + left
    assert int(story.deployment["cost_wei"]) == fees
    # What the actors had left went back: less than a hundredth of the cost stays, in change of their last transfers.
    assert left < fees // 4


def test_networks__crash__has_real_blocks_one_after_the_other(story: Story) -> None:
    blocks = story.run.frames.blocks
    crash = blocks[blocks["phase"] == "crash"]

    assert list(crash["block_number"]) == list(range(crash["block_number"].iloc[0], crash["block_number"].iloc[-1] + 1))
    for row in rows_of(crash):
        header = story.node.call_as(dict[str, Any], "eth_getBlockByNumber", hex(row["block_number"]), False)
        assert row["timestamp"] == int(header["timestamp"], 16)
        assert row["base_fee_wei"] == int(header["baseFeePerGas"], 16)
    # Posts of the path's prices go by the scenario's clock, a step at a time.
    posted = story.run.transactions[story.run.transactions["intent"] == "post"]
    assert posted["step"].is_monotonic_increasing


def test_networks__page_and_verification__say_what_cannot_be_promised(story: Story) -> None:
    page = (story.run.folder / "report.html").read_text(encoding="utf-8")

    assert f"chain {CHAIN_ID}" in page
    assert "the same bytes from a second run" in page
    assert story.run.manifest.network is not None
    assert story.run.manifest.network.account == story.payer.address
    assert "no second run is the same" in verify(story.run)


def test_networks__keys_and_passphrase__are_in_no_output_and_no_file(story: Story) -> None:
    signature = Account.sign_message(_message(), story.payer.key).signature
    secret = keccak(signature)
    wallet = Wallet(secret)
    names = ("deployer", "keeper-0", "price-poster", "loopers-00")
    assert [wallet.address(name) for name in names] == [story.deployment["actors"][name] for name in names]
    keys = [story.payer.key, signature, secret, *(keccak(secret + keccak(text=f"cascade/{name}")) for name in names)]
    needles = [bytes(key) for key in keys] + [bytes(key).hex().encode() for key in keys] + [PASSPHRASE.encode()]
    files = [
        file
        for place in ("runs", "deployments", "temp")
        for file in (story.folder / place).rglob("*")
        if file.is_file()
    ]
    haystacks = [file.read_bytes() for file in files]
    haystacks += [output.encode() for output in story.outputs]
    # Tables are compressed: what they hold is searched as text.
    tables = [getattr(story.run.frames, name) for name in story.run.manifest.tables]
    haystacks += [table.to_csv().encode() for table in tables]

    assert len(files) > 20
    for haystack in haystacks:
        assert not [needle for needle in needles if needle in haystack or needle.upper() in haystack]


def _message() -> Any:
    from eth_account.messages import encode_defunct

    return encode_defunct(text="cascade: derive the accounts of actors, version 1")
