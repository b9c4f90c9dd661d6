"""Signed transactions on a chain of others, through a node that fails in every way that public nodes do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils import keccak

from cascade.chain.artifacts import load_artifacts
from cascade.chain.live.chain import LiveChain
from cascade.chain.live.funding import NotEnoughEther
from cascade.chain.live.journal import Journal, Opening
from cascade.chain.live.outbox import Terms
from cascade.chain.live.patient import PatientRpc
from cascade.chain.live.wallet import Signed, Wallet, signed_by
from cascade.chain.local import Block, Contract, Transaction
from cascade.chain.rpc import Rpc
from cascade.errors import ChainError, CostCeiling, RevertedCall
from cascade.vocabulary import Intent

from .refusing_proxy import CHAIN_ID, DROP, Decoded, Proxy, decoded, node_of_others

ETHER, GWEI = 10**18, 10**9
PAYER = Account.from_key(keccak(text="a payer of tests"))
STRANGER = "0x" + "57" * 20


class LocalPayer:
    address = PAYER.address

    def sign(self, fields: Any) -> Signed:
        return signed_by(PAYER, fields)


@dataclass
class Live:
    """A node with a proxy in front, whose blocks are mined every so often while the chain waits."""

    proxy: Proxy
    node: Rpc
    folder: Path
    wallet: Wallet = field(default_factory=lambda: Wallet(keccak(text="a secret of tests")))
    blocks: list[tuple[Block, Sequence[Transaction]]] = field(default_factory=list)

    @contextmanager
    def chain(
        self, *, confirmations: int = 1, max_cost_wei: int = ETHER, pace_seconds: float | None = None
    ) -> Iterator[LiveChain]:
        rpc = PatientRpc(self.proxy.url, patience_seconds=10, timeout=5)
        kept = Journal(self.folder / "journal")
        if kept.opening is None:
            kept.open_with(Opening(CHAIN_ID, "0x", PAYER.address, "", {}, 0))
        try:
            yield LiveChain(
                rpc,
                wallet=self.wallet,
                payer=LocalPayer(),
                journal=kept,
                chain_id=CHAIN_ID,
                terms=Terms(max_cost_wei, confirmations, poll_seconds=0.02),
                gas={},
                pace_seconds=pace_seconds,
                on_block=lambda block, sent: self.blocks.append((block, sent)),
            )
        finally:
            kept.close()
            rpc.close()

    def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.node.call("evm_mine")

    def mine_from_elsewhere(self) -> None:
        """Mine two blocks from another thread, whose connection is its own."""
        rpc = Rpc(self.proxy.upstream)
        rpc.call("anvil_mine", "0x2")
        rpc.close()

    @property
    def height(self) -> int:
        return int(self.node.call_as(str, "eth_blockNumber"), 16)

    def sent_by(self, sender: str) -> list[tuple[str, Decoded]]:
        """Every signed transaction of a sender that reached the proxy, in order: its encoding, and what it says."""
        return [(raw, decoded(raw)) for raw in self.proxy.raw if Account.recover_transaction(raw) == sender]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Proxy, Rpc]]:
    with node_of_others(block_seconds=None, home=tmp_path_factory.mktemp("home")) as (proxy, rpc):
        rpc.call("anvil_setBalance", PAYER.address, hex(1000 * ETHER))
        yield proxy, rpc


@pytest.fixture
def live(node: tuple[Proxy, Rpc], tmp_path: Path) -> Iterator[Live]:
    proxy, rpc = node
    proxy.fault = None
    proxy.raw.clear()
    proxy.injected.clear()
    snapshot = rpc.call("evm_snapshot")
    rpc.call("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    rpc.call("evm_mine")
    yield Live(proxy, rpc, tmp_path)
    proxy.fault = None
    rpc.call("evm_revert", snapshot)
    assert proxy.refused == []


@pytest.fixture
def mining(live: Live) -> Iterator[Callable[[], None]]:
    """Blocks of the node, ten a second, until it is told to stop."""
    over = threading.Event()
    rpc = Rpc(live.proxy.upstream)

    def work() -> None:
        while not over.wait(0.1):
            rpc.call("evm_mine")

    thread = threading.Thread(target=work, daemon=True)
    thread.start()

    def stop() -> None:
        over.set()
        thread.join()

    yield stop
    stop()
    rpc.close()


def token_of(chain: LiveChain, deployer: str) -> Contract:
    return chain.deploy(load_artifacts()["MockERC20"], "Token", "TKN", 18, sender=deployer)


def mint(token: Contract, sender: str, amount: int, *, to: str = STRANGER) -> Transaction:
    return Transaction(sender, token.address, token.encode("mint", to, amount), 200_000, intent=Intent.MINT)


def test_live_chain__several_calls_of_one_account__are_sent_without_waiting_and_mined_in_order(
    live: Live, mining: Callable[[], None]
) -> None:
    deployer = live.wallet.address("deployer")
    with live.chain() as chain:
        token = token_of(chain, deployer)
        chain.execute([mint(token, deployer, 5), mint(token, deployer, 7)], timestamp=0)
        assert live.blocks == []
        assert chain.call(token, "balanceOf", STRANGER) == 12

    own = [entry for _, entry in live.sent_by(deployer)]
    assert [entry.nonce for entry in own] == [0, 1, 2]
    assert all(entry.chain_id == CHAIN_ID for entry in own)
    receipts = [receipt for block, _ in live.blocks for receipt in block.receipts]
    assert [receipt.ok for receipt in receipts] == [True, True, True]
    assert receipts[0].contract_address == token.address
    for receipt in receipts:
        said = live.node.call("eth_getTransactionReceipt", receipt.tx_hash)
        assert isinstance(said, dict)
        assert receipt.fee_wei == int(str(said["gasUsed"]), 16) * int(str(said["effectiveGasPrice"]), 16)


def test_live_chain__set_up_call_that_fails__is_named_with_its_reason(live: Live, mining: Callable[[], None]) -> None:
    deployer, looper = (live.wallet.address(name) for name in ("deployer", "looper"))
    with live.chain() as chain:
        token = token_of(chain, deployer)
        data = token.encode("transferFrom", deployer, looper, 1)
        chain.execute([Transaction(looper, token.address, data, 200_000)], timestamp=0)
        with pytest.raises(
            RevertedCall, match=r"MockERC20.transferFrom reverted: ERC20InsufficientAllowance\(.*, 0, 1"
        ):
            chain.settle()


def test_live_chain__process_that_goes_on__sends_nothing_again_and_reports_the_same_blocks(
    live: Live, mining: Callable[[], None]
) -> None:
    deployer = live.wallet.address("deployer")

    def act(chain: LiveChain, upto: int) -> Contract:
        token = token_of(chain, deployer)
        for amount in range(1, upto + 1):
            chain.execute([mint(token, deployer, amount)], timestamp=0)
            chain.call(token, "balanceOf", STRANGER)
        return token

    with live.chain() as chain:
        act(chain, 2)
    first, blocks = len(live.proxy.raw), list(live.blocks)
    live.blocks.clear()
    with live.chain() as chain:
        token = act(chain, 2)
        assert len(live.proxy.raw) == first
        assert [block.number for block, _ in live.blocks] == [block.number for block, _ in blocks]
        chain.execute([mint(token, deployer, 3)], timestamp=0)
        assert chain.call(token, "balanceOf", STRANGER) == 6

    assert [entry.nonce for _, entry in live.sent_by(deployer)] == [0, 1, 2, 3]


def test_live_chain__process_that_ended_after_sending__is_gone_on_with_by_the_same_transaction(live: Live) -> None:
    deployer = live.wallet.address("deployer")
    live.node.call("anvil_setBalance", deployer, hex(ETHER))
    with live.chain() as chain:
        token_of(chain, deployer)
    # Neither mined nor waited for.
    with live.chain() as chain:
        token = token_of(chain, deployer)
        live.mine(2)
        chain.settle()
        assert chain.call(token, "decimals") == 18

    creations = live.sent_by(deployer)
    assert len(creations) == 2
    assert len({raw for raw, _ in creations}) == 1


def test_live_chain__process_that_does_something_else__is_refused_before_it_sends(
    live: Live, mining: Callable[[], None]
) -> None:
    deployer = live.wallet.address("deployer")
    with live.chain() as chain:
        token = token_of(chain, deployer)
        chain.call(token, "balanceOf", STRANGER)
    sent = len(live.proxy.raw)
    with live.chain() as chain, pytest.raises(ChainError, match="does something else than the one that it continues"):
        chain.call(token_of(chain, deployer), "totalSupply")

    assert len(live.proxy.raw) == sent


def test_live_chain__second_process_at_the_same_time__is_refused(live: Live) -> None:
    with live.chain(), pytest.raises(ChainError, match="another process deploys or plays there"), live.chain():
        pass


def test_live_chain__transaction_that_never_arrives__is_sent_again_as_it_was(
    live: Live, mining: Callable[[], None]
) -> None:
    deployer = live.wallet.address("deployer")
    live.node.call("anvil_setBalance", deployer, hex(ETHER))

    def swallow(method: str, params: list[Any]) -> Any:
        if method == "eth_sendRawTransaction" and not live.proxy.injected:
            live.proxy.injected["swallowed"] += 1
            return {"result": "0x" + keccak(hexstr=params[0]).hex()}
        return None

    live.proxy.fault = swallow
    with live.chain() as chain:
        token = token_of(chain, deployer)
        assert chain.call(token, "decimals") == 18

    assert live.proxy.injected["swallowed"] == 1
    assert len(live.proxy.raw) >= 2
    assert len(set(live.proxy.raw)) == 1


def test_live_chain__base_fee_that_rises_above_the_cap__replaces_the_transaction_with_a_higher_one(live: Live) -> None:
    deployer = live.wallet.address("deployer")
    live.node.call("anvil_setBalance", deployer, hex(10 * ETHER))
    with live.chain(max_cost_wei=10 * ETHER) as chain:
        token = token_of(chain, deployer)
        # More than the cap of twice the base fee that it was sent under.
        live.node.call("anvil_setNextBlockBaseFeePerGas", hex(9 * GWEI))
        live.mine()
        assert live.node.call("eth_getCode", token.address, "latest") == "0x"
        later = threading.Timer(0.5, live.mine_from_elsewhere)
        later.start()
        assert chain.call(token, "decimals") == 18
        later.join()

    (_, first), (raw, second) = live.sent_by(deployer)
    assert (first.nonce, second.nonce) == (0, 0)
    assert first.data == second.data
    assert first.max_fee_wei < 9 * GWEI < second.max_fee_wei
    assert second.max_fee_wei * 8 >= first.max_fee_wei * 9
    assert second.tip_wei * 8 >= first.tip_wei * 9
    (receipt,) = [receipt for block, _ in live.blocks for receipt in block.receipts]
    assert receipt.tx_hash == "0x" + keccak(hexstr=raw).hex()


def test_live_chain__connections_dropped_requests_limited_and_a_node_that_lags__are_survived(
    live: Live, mining: Callable[[], None]
) -> None:
    deployer, count = live.wallet.address("deployer"), 0

    def fail(method: str, params: list[Any]) -> Any:
        nonlocal count
        count += 1
        if count % 7 == 0:
            live.proxy.injected["dropped"] += 1
            return DROP
        if count % 11 == 0:
            live.proxy.injected["limited"] += 1
            return 429
        if count % 5 == 0 and method == "eth_getTransactionReceipt":
            live.proxy.injected["no receipt yet"] += 1
            return {"result": None}
        if count % 5 == 1 and method == "eth_getBlockByNumber" and params[0] == "latest":
            live.proxy.injected["earlier block"] += 1
            earlier = Rpc(live.proxy.upstream)
            found = earlier.call("eth_getBlockByNumber", hex(max(live_height(earlier) - 2, 0)), False)
            earlier.close()
            return {"result": found}
        if count % 3 == 0 and method == "eth_call":
            live.proxy.injected["block lacking"] += 1
            return {"error": {"code": -32000, "message": "header not found"}}
        return None

    live.proxy.fault = fail
    with live.chain() as chain:
        token = token_of(chain, deployer)
        for amount in range(1, 6):
            chain.execute([mint(token, deployer, amount)], timestamp=0)
            chain.call(token, "balanceOf", STRANGER)
        assert chain.call(token, "balanceOf", STRANGER) == 15

    assert {"dropped", "limited", "no receipt yet", "earlier block", "block lacking"} == set(live.proxy.injected)
    assert list(dict.fromkeys(entry.nonce for _, entry in live.sent_by(deployer))) == list(range(6))
    numbers = [block.number for block, _ in live.blocks]
    assert numbers == sorted(set(numbers))


def live_height(rpc: Rpc) -> int:
    return int(rpc.call_as(str, "eth_blockNumber"), 16)


def test_live_chain__node_that_stays_silent__is_one_error(live: Live) -> None:
    live.proxy.fault = lambda method, params: 503
    rpc = PatientRpc(live.proxy.url, patience_seconds=0.3)
    with pytest.raises(ChainError, match=r"HTTP status 503 .*, for 0 seconds"):
        rpc.call("eth_chainId")
    rpc.close()


def test_live_chain__address_of_a_node_with_a_key__is_named_without_it() -> None:
    rpc = PatientRpc("http://127.0.0.1:9/v3/0123456789abcdef", patience_seconds=0)
    with pytest.raises(ChainError) as error:
        rpc.call("eth_chainId")

    assert "0123456789abcdef" not in str(error.value)
    assert "http://127.0.0.1:9:" in str(error.value)


def test_live_chain__reorganization_of_two_blocks__is_survived_with_three_confirmations(live: Live) -> None:
    deployer = live.wallet.address("deployer")
    live.node.call("anvil_setBalance", deployer, hex(ETHER))
    live.mine(3)
    with live.chain(confirmations=3) as chain:
        token = token_of(chain, deployer)
        live.mine(2)
        mined_in = live.height - 1
        before = live.node.call("eth_getBlockByNumber", hex(mined_in), False)
        live.node.call("anvil_reorg", 2, [])
        after = live.node.call("eth_getBlockByNumber", hex(mined_in), False)
        assert isinstance(before, dict)
        assert isinstance(after, dict)
        assert len(before["transactions"]) == 1  # type: ignore[arg-type]
        assert after["transactions"] == []
        over = threading.Event()

        def work() -> None:
            rpc = Rpc(live.proxy.upstream)
            while not over.wait(0.1):
                rpc.call("evm_mine")
            rpc.close()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            assert chain.call(token, "decimals") == 18
        finally:
            over.set()
            thread.join()

    ((block, _),) = live.blocks
    header = live.node.call("eth_getBlockByNumber", hex(block.number), False)
    assert isinstance(header, dict)
    assert header["transactions"] == [block.receipts[0].tx_hash]
    assert len(set(live.proxy.raw)) == len({entry.nonce for _, entry in live.sent_by(deployer)}) == 1


def test_live_chain__reorganization_of_a_block_that_was_recorded__is_named(live: Live) -> None:
    deployer = live.wallet.address("deployer")
    live.node.call("anvil_setBalance", deployer, hex(ETHER))
    live.mine(3)
    with live.chain(confirmations=1) as chain:
        token = token_of(chain, deployer)
        live.mine()
        assert chain.call(token, "decimals") == 18
        recorded = live.height
        live.node.call("anvil_reorg", 2, [])
        live.mine()
        with pytest.raises(ChainError, match=rf"block {recorded} was read and recorded, and the chain has replaced it"):
            chain.mine([], timestamp=0)


def test_live_chain__cost_that_might_pass_the_ceiling__sends_nothing(live: Live) -> None:
    deployer = live.wallet.address("deployer")
    live.node.call("anvil_setBalance", deployer, hex(ETHER))
    with (
        live.chain(max_cost_wei=10**13) as chain,
        pytest.raises(CostCeiling, match="nothing more was sent") as it,
    ):
        token_of(chain, deployer)

    assert live.proxy.raw == []
    assert it.value.next_wei > it.value.ceiling_wei == 10**13


def test_live_chain__payer_without_ether__says_how_much_is_missing_and_sends_nothing(live: Live) -> None:
    live.node.call("anvil_setBalance", PAYER.address, hex(10**15))
    with live.chain() as chain, pytest.raises(NotEnoughEther) as missing:
        token_of(chain, live.wallet.address("deployer"))

    assert live.proxy.raw == []
    assert f"{missing.value.missing_wei / 1e18:.6f} are missing" in str(missing.value)
    assert "has 0.001000" in str(missing.value)


def test_live_chain__somebody_else_s_transaction_at_its_contracts__is_reported_as_such(
    live: Live, mining: Callable[[], None]
) -> None:
    deployer = live.wallet.address("deployer")
    with live.chain() as chain:
        token = token_of(chain, deployer)
        chain.settle()
        accounts = live.node.call_as(list[str], "eth_accounts")
        data = token.encode("mint", STRANGER, 41)
        tx_hash = live.node.call("eth_sendTransaction", {"from": accounts[0], "to": token.address, "data": data})
        while live.node.call("eth_getTransactionReceipt", tx_hash) is None:
            pass
        chain.execute([mint(token, deployer, 1)], timestamp=0)
        assert chain.call(token, "balanceOf", STRANGER) == 42

    found = {
        receipt.tx_hash: (sent, receipt)
        for block, transactions in live.blocks
        for sent, receipt in zip(transactions, block.receipts, strict=True)
    }
    sent, receipt = found[str(tx_hash)]
    assert sent.intent == Intent.OF_OTHERS
    assert sent.sender.lower() == accounts[0].lower()
    assert sent.data == data
    assert [log.arguments["value"] for log in receipt.logs] == [41]


def test_live_chain__what_is_left__goes_back_to_the_payer(live: Live, mining: Callable[[], None]) -> None:
    deployer = live.wallet.address("deployer")
    with live.chain() as chain:
        chain.call(token_of(chain, deployer), "decimals")
        held = int(live.node.call_as(str, "eth_getBalance", deployer, "latest"), 16)
        back = chain.give_back()
        left = int(live.node.call_as(str, "eth_getBalance", deployer, "latest"), 16)
        paid = 1000 * ETHER - int(live.node.call_as(str, "eth_getBalance", PAYER.address, "latest"), 16)
        assert back > held * 9 // 10
        # The difference is what gas has cost, and the rest of the last transfer's cap.
        assert paid == chain.budget.spent_wei + left


def test_live_chain__pace__is_the_least_time_between_steps_and_every_block_is_reported(
    live: Live, mining: Callable[[], None]
) -> None:
    with live.chain(pace_seconds=0.7) as chain:
        chain.built()
        chain.mine([], timestamp=0)
        began, first = time.monotonic(), chain.block_number
        chain.mine([], timestamp=0)
        chain.mine([], timestamp=0)
        took, last = time.monotonic() - began, chain.block_number

    assert took >= 2 * 0.7
    # A block comes every tenth of a second or so: a step spans several.
    assert last - first >= 4
    numbers = [block.number for block, _ in live.blocks]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[-1] == last
    for block, transactions in live.blocks:
        header = live.node.call_as(dict[str, Any], "eth_getBlockByNumber", hex(block.number), False)
        assert (block.timestamp, len(transactions)) == (int(header["timestamp"], 16), 0)


def test_live_chain__without_a_pace__a_step_takes_a_block(live: Live) -> None:
    with live.chain() as chain:
        chain.built()
        for _ in range(3):
            before = chain.block_number
            live.mine()
            chain.mine([], timestamp=0)
            assert chain.block_number == before + 1
