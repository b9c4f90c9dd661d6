"""The chain as the engine sees it: order, atomic set-up, roll-back, receipts read beside."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import Block, Contract, LocalChain, Transaction, address_of
from cascade.chain.rpc import Rpc
from cascade.errors import ChainError, RevertedCall

HOLDERS = [address_of(f"holder-{i}") for i in range(250)]
GAS = 100_000


@pytest.fixture
def chain() -> Iterator[LocalChain]:
    with Anvil(timestamp=1_760_000_000) as anvil:
        local = LocalChain(anvil.rpc)
        local.fund([address_of("deployer"), *HOLDERS])
        yield local
        local.close()


@pytest.fixture
def token(chain: LocalChain) -> Contract:
    return chain.deploy(load_artifacts()["MockERC20"], "USD Coin", "USDC", 6, sender=address_of("deployer"))


def mint(token: Contract, holder: str, amount: int, *, tip: int = 0) -> Transaction:
    return Transaction(holder, token.address, token.encode("mint", holder, amount), GAS, tip_wei=tip)


def mint_and_fail(chain: LocalChain, token: Contract) -> None:
    with chain.rolled_back():
        chain.mine([mint(token, HOLDERS[0], 5)], timestamp=chain.timestamp + 100)
        assert chain.call(token, "totalSupply") == 5
        raise ZeroDivisionError


def test_mine__250_senders_in_one_block__stand_in_the_order_asked_for(chain: LocalChain, token: Contract) -> None:
    backwards = HOLDERS[::-1]
    block = chain.mine([mint(token, holder, 1) for holder in backwards], timestamp=chain.timestamp + 12)

    assert [receipt.sender for receipt in block.receipts] == backwards
    assert [receipt.transaction_index for receipt in block.receipts] == list(range(250))


def test_mine__rising_tips__do_not_change_the_order(chain: LocalChain, token: Contract) -> None:
    block = chain.mine(
        [mint(token, holder, 1, tip=i) for i, holder in enumerate(HOLDERS[:5])], timestamp=chain.timestamp + 1
    )

    assert [receipt.sender for receipt in block.receipts] == HOLDERS[:5]
    assert block.base_fee_wei is not None
    assert [r.effective_gas_price_wei for r in block.receipts] == [block.base_fee_wei + tip for tip in range(5)]


def test_mine__several_of_one_sender__keep_their_sequence(chain: LocalChain, token: Contract) -> None:
    sender, receiver = HOLDERS[:2]
    steps = [mint(token, sender, 7), Transaction(sender, token.address, token.encode("transfer", receiver, 7), GAS)]
    block = chain.mine(steps, timestamp=chain.timestamp + 1)

    assert all(receipt.ok for receipt in block.receipts)
    assert chain.call(token, "balanceOf", receiver) == 7


def test_mine__one_reverts__has_its_reason_and_the_rest_is_mined(chain: LocalChain, token: Contract) -> None:
    sender, receiver = HOLDERS[:2]
    steps = [
        Transaction(sender, token.address, token.encode("transfer", receiver, 7), GAS),
        mint(token, receiver, 3),
    ]
    block = chain.mine(steps, timestamp=chain.timestamp + 1)

    assert [receipt.ok for receipt in block.receipts] == [False, True]
    assert block.receipts[0].revert_reason == f"ERC20InsufficientBalance({sender.lower()}, 0, 7)"
    assert chain.call(token, "balanceOf", receiver) == 3


def test_execute__one_reverts__is_an_error(chain: LocalChain, token: Contract) -> None:
    with pytest.raises(RevertedCall, match=r"MockERC20\.transfer reverted: ERC20InsufficientBalance"):
        chain.execute(
            [Transaction(HOLDERS[0], token.address, token.encode("transfer", HOLDERS[1], 7), GAS)],
            timestamp=chain.timestamp + 1,
        )


def test_submit__many_blocks__are_recorded_in_order_by_the_time_it_settles(token: Contract, chain: LocalChain) -> None:
    seen: list[int] = []
    chain.on_block = lambda block, _: seen.append(block.number)
    first = chain.block_number + 1
    for holder in HOLDERS[:30]:
        chain.submit([mint(token, holder, 1)], timestamp=chain.timestamp + 1)
    chain.settle()

    assert seen == list(range(first, first + 30))


def test_submit__one_reverts__settle_raises_it(chain: LocalChain, token: Contract) -> None:
    chain.submit([mint(token, HOLDERS[0], 1)], timestamp=chain.timestamp + 1)
    chain.submit(
        [Transaction(HOLDERS[0], token.address, token.encode("transfer", HOLDERS[1], 7), GAS)],
        timestamp=chain.timestamp + 1,
    )

    with pytest.raises(RevertedCall, match="ERC20InsufficientBalance"):
        chain.settle()


def test_rolled_back__any_change_inside__is_reverted(chain: LocalChain, token: Contract) -> None:
    before = chain.block_number, chain.timestamp

    with pytest.raises(ZeroDivisionError):
        mint_and_fail(chain, token)

    assert (chain.block_number, chain.timestamp) == before
    assert chain.call(token, "totalSupply") == 0
    chain.execute([mint(token, HOLDERS[0], 2)], timestamp=chain.timestamp + 1)
    assert chain.call(token, "totalSupply") == 2


def test_next_base_fee__full_and_empty_blocks__follow_eip_1559(chain: LocalChain, token: Contract) -> None:
    chain.set_block_gas_limit(850_000)  # half of it is the target: eight first mints use more, three use less
    for count in (0, 8, 3):
        expected = chain.next_base_fee_wei()
        block: Block = chain.mine([mint(token, holder, 1) for holder in HOLDERS[:count]], timestamp=chain.timestamp + 1)
        assert block.base_fee_wei == expected


def test_anvil__after_a_harness_was_killed__removes_the_home_it_left() -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = Path(tempfile.gettempdir()) / f"cascade-anvil-{int(ended.stdout)}-left"
    left.mkdir()

    with Anvil(timestamp=1) as first, Anvil(timestamp=1) as second:
        assert not left.exists()
        assert first.home.is_dir(), "the home of a running one stays"
        assert second.home.is_dir()


def test_anvil__stopped__is_reported_and_removes_its_home() -> None:
    with Anvil(timestamp=1) as anvil:
        home, url = anvil.home, anvil.rpc.url
        assert home.is_dir()
    assert not home.exists()
    with pytest.raises(ChainError, match="the node stopped answering"):
        Rpc(url).call("eth_blockNumber")
