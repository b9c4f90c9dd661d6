"""The exchange's lane: blocks of its own, in an order drawn by lot, that take nothing of the chain's space or fee."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from cascade.agents.interface import Proposal
from cascade.chain.abi import Interface
from cascade.chain.local import Contract, Transaction
from cascade.engine import Engine
from cascade.scenario.model import TimelineSpec
from cascade.vocabulary import Role
from cascade.world.world import Actor

ACT = Interface("Target", [{"type": "function", "name": "act", "inputs": [], "outputs": []}])
BOOK, POOL = Contract("0x" + "11" * 20, ACT), Contract("0x" + "22" * 20, ACT)
GAS_LIMIT, START, BLOCK_SECONDS = 1_000_000, 1_000, 12
BASE_FEE_WEI, SCENARIO_FEE_WEI = 7 * 10**9, 2 * 10**9


def proposal(sender: str, contract: Contract, *, gas: int = 400_000, intent: str = "act", tip: int = 1) -> Proposal:
    return Proposal(
        sender=sender,
        contract=contract,
        function="act",
        arguments=(),
        gas_limit=gas,
        tip_wei=tip,
        intent=intent,
        reason="",
        key=f"{sender}/{intent}",
    )


class Script:
    name = "script"

    def __init__(self, steps: Sequence[Sequence[Proposal]]) -> None:
        self.steps = list(steps)

    def see(self, view: Any) -> int:
        return int(view.step)

    def propose(self, sight: int) -> Sequence[Proposal]:
        return self.steps[sight] if sight < len(self.steps) else []


class WritingChain:
    timestamp = 0
    block_number = 0

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def set_block_gas_limit(self, gas_limit: int) -> None:
        self.calls.append(("gas limit", gas_limit))

    def set_base_fee_wei(self, base_fee_wei: int) -> None:
        self.calls.append(("base fee", base_fee_wei))

    def next_base_fee_wei(self) -> int:
        return BASE_FEE_WEI

    def expected_time(self, planned: int) -> int:
        return planned

    def mine(self, transactions: Sequence[Transaction], *, timestamp: int) -> object:
        content = [(transaction.sender, transaction.intent, transaction.lane) for transaction in transactions]
        self.calls.append(("block", (timestamp, content)))
        return object()

    @property
    def blocks(self) -> list[tuple[int, list[tuple[str, str, str]]]]:
        return [content for kind, content in self.calls if kind == "block"]


class Observer:
    def __init__(self) -> None:
        self.queued: list[int] = []

    def rejected(self, **_: object) -> None:
        raise AssertionError("nothing is refused here")

    def before_block(self, step: int) -> None: ...

    def after_block(self, view: object, block: object, *, queued: int, queued_gas: int) -> None:
        self.queued.append(queued)

    def noted(self, note: object, *, step: int) -> None: ...


def play(steps: Sequence[Sequence[Proposal]], *, seed: int = 7) -> tuple[WritingChain, Observer]:
    chain, observer = WritingChain(), Observer()
    end = START + BLOCK_SECONDS * len(steps) - 1
    timeline = TimelineSpec(
        start=datetime.fromtimestamp(START, UTC), end=datetime.fromtimestamp(end, UTC), block_seconds=BLOCK_SECONDS
    )
    limits = SimpleNamespace(block_gas_limit=GAS_LIMIT, base_fee_gwei=2, max_wait_blocks=3)
    scenario = SimpleNamespace(spec=SimpleNamespace(timeline=timeline, chain=limits), seed=seed)
    exchange = SimpleNamespace(is_own=lambda address: address == BOOK.address)
    everyone = {sender for proposals in steps for sender in (one.sender for one in proposals)}
    actors = {address: Actor(name=address, role=Role.AGENT) for address in everyone}
    world: Any = SimpleNamespace(chain=chain, scenario=scenario, actors=actors, exchange=exchange, venues={})
    Engine(world, agents=[Script(steps)], book=[], observer=observer).run()
    return chain, observer


def test_lane__call_to_a_book__is_mined_before_the_chain_s_block_half_a_block_earlier() -> None:
    chain, _ = play([[proposal("looper", POOL), proposal("maker", BOOK)]])

    assert chain.blocks == [
        (START - BLOCK_SECONDS // 2, [("maker", "act", "exchange")]),
        (START, [("looper", "act", "chain")]),
    ]


def test_lane__more_gas_than_a_block_of_the_chain_has__takes_none_of_its_space() -> None:
    chain, observer = play([[proposal("maker", BOOK, gas=9 * GAS_LIMIT), proposal("looper", POOL, gas=GAS_LIMIT)]])

    assert chain.blocks[1][1] == [("looper", "act", "chain")]
    assert observer.queued == [0]


def test_lane__after_its_block__limit_and_base_fee_of_the_chain_are_what_they_were() -> None:
    chain, _ = play([[proposal("maker", BOOK)]] * 2)
    first, second, third, fourth = (place for place, (kind, _) in enumerate(chain.calls) if kind == "block")

    # The chain's first block has the scenario's fee; the later ones what follows from the chain's own last block.
    assert chain.calls[first + 1 : second] == [("gas limit", GAS_LIMIT), ("base fee", SCENARIO_FEE_WEI)]
    assert chain.calls[third + 1 : fourth] == [("gas limit", GAS_LIMIT), ("base fee", BASE_FEE_WEI)]


def test_lane__nothing_proposed_to_the_exchange__still_has_an_empty_block() -> None:
    chain, _ = play([[proposal("looper", POOL)], []])

    assert chain.blocks[0] == (START - BLOCK_SECONDS // 2, [])
    assert [timestamp for timestamp, _ in chain.blocks] == [START - 6, START, START + 6, START + 12]


def test_lane__calls_of_one_sender__stay_in_its_order() -> None:
    proposals = [proposal("maker", BOOK, intent=f"{number}") for number in range(5)]
    chain, _ = play([[*proposals, proposal("other", BOOK)]])

    assert [intent for sender, intent, _ in chain.blocks[0][1] if sender == "maker"] == list("01234")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lane__order_of_senders__depends_on_step_and_seed_and_is_reproducible(seed: int) -> None:
    steps = [[proposal(f"maker-{number}", BOOK) for number in range(30)]] * 2

    first, again = play(steps, seed=seed)[0].blocks, play(steps, seed=seed)[0].blocks

    orders = [[sender for sender, _, _ in content] for _, content in first if content]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])
    assert first == again
    assert first != play(steps, seed=seed + 10)[0].blocks


def test_lane__one_more_sender__changes_the_order_of_no_other_two() -> None:
    makers = [proposal(f"maker-{number}", BOOK) for number in range(9)]
    orders = []
    for step in ([*makers], [proposal("newcomer", BOOK), *makers]):
        content = play([step])[0].blocks[0][1]
        orders.append([sender for sender, _, _ in content])

    assert len(orders[1]) == 10
    assert [sender for sender in orders[1] if sender in orders[0]] == orders[0]
