"""Block space: who gets in, who waits, who is outbid; with a chain that only writes down what it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from cascade.agents.interface import Proposal
from cascade.chain.abi import Interface
from cascade.chain.local import Contract, Transaction
from cascade.engine import Engine
from cascade.errors import ChainError

TARGET = Contract(
    "0x" + "11" * 20, Interface("Target", [{"type": "function", "name": "act", "inputs": [], "outputs": []}])
)
GAS_LIMIT = 1_000


def proposal(sender: str, *, tip: int, gas: int = 400, key: str = "") -> Proposal:
    return Proposal(
        sender=sender, contract=TARGET, function="act", arguments=(), gas_limit=gas, tip_wei=tip,
        intent="act", reason="", key=key or sender,
    )  # fmt: skip


class Script:
    """An agent that proposes what a list says, step by step."""

    def __init__(self, name: str, steps: Sequence[Sequence[Proposal]]) -> None:
        self.name = name
        self.steps = list(steps)

    def see(self, view: Any) -> int:
        return int(view.step)

    def propose(self, sight: int) -> Sequence[Proposal]:
        return self.steps[sight] if sight < len(self.steps) else []


class Raises(Script):
    def propose(self, sight: int) -> Sequence[Proposal]:
        raise ZeroDivisionError(f"at step {sight}")


class DiesWithTheChain(Script):
    def propose(self, sight: int) -> Sequence[Proposal]:
        raise ChainError("the node stopped answering")


class WritingChain:
    timestamp = 0

    def __init__(self) -> None:
        self.blocks: list[list[str]] = []

    def set_block_gas_limit(self, gas_limit: int) -> None:
        assert gas_limit == GAS_LIMIT

    def set_base_fee_wei(self, base_fee_wei: int) -> None:
        assert base_fee_wei == 2 * 10**9

    def mine(self, transactions: Sequence[Transaction], *, timestamp: int) -> object:
        assert timestamp == 100 + 12 * len(self.blocks)
        self.blocks.append([transaction.sender for transaction in transactions])
        return object()


class Observer:
    def __init__(self) -> None:
        self.rejections: list[tuple[int, str, str]] = []
        self.queued: list[int] = []

    def rejected(self, *, step: int, sender: str, error: str, **_: object) -> None:
        self.rejections.append((step, sender, error))

    def before_block(self, step: int) -> None:
        self.step = step

    def after_block(self, view: object, block: object, *, queued: int) -> None:
        self.queued.append(queued)


def play(agents: Sequence[Any], *, steps: int = 1) -> tuple[list[list[str]], Observer]:
    chain, observer = WritingChain(), Observer()
    timeline = SimpleNamespace(steps=steps, start_timestamp=100, block_seconds=12)
    spec = SimpleNamespace(timeline=timeline, chain=SimpleNamespace(block_gas_limit=GAS_LIMIT, base_fee_gwei=2))
    world: Any = SimpleNamespace(chain=chain, scenario=SimpleNamespace(spec=spec))
    Engine(world, agents=agents, book=[], observer=observer).run()  # type: ignore[arg-type]
    return chain.blocks, observer


def test_queue__more_proposals_than_space__highest_tips_get_in() -> None:
    blocks, observer = play(
        [Script("all", [[proposal("low", tip=1), proposal("high", tip=3), proposal("mid", tip=2)]])]
    )

    assert blocks == [["high", "mid"]]
    assert observer.queued == [1]


def test_queue__equal_tips__keep_the_order_of_the_scenario() -> None:
    blocks, _ = play([Script("a", [[proposal("first", tip=5)]]), Script("b", [[proposal("second", tip=5)]])])

    assert blocks == [["first", "second"]]


def test_queue__waiting_proposal__is_outbid_by_a_later_one_and_gets_in_after() -> None:
    script = Script(
        "all",
        [[proposal("a", tip=9), proposal("b", tip=8), proposal("waits", tip=1)], [proposal("late", tip=5, gas=800)]],
    )
    blocks, _ = play([script], steps=3)

    assert blocks == [["a", "b"], ["late"], ["waits"]]


def test_queue__large_transaction_in_front__smaller_ones_behind_it_still_fit() -> None:
    blocks, _ = play(
        [
            Script(
                "all",
                [
                    [
                        proposal("big", tip=9, gas=900),
                        proposal("bigger", tip=8, gas=901),
                        proposal("small", tip=1, gas=100),
                    ]
                ],
            )
        ]
    )

    assert blocks == [["big", "small"]]


def test_queue__same_sender_and_key__newer_proposal_replaces_the_older() -> None:
    full = [proposal("x", tip=9), proposal("y", tip=9)]
    blocks, _ = play(
        [Script("all", [[*full, proposal("bot", tip=1, key="p")], [*full, proposal("bot", tip=2, key="p")]])], steps=3
    )

    assert blocks[2] == ["bot"]


def test_queue__no_space_for_three_blocks__dropped_and_recorded() -> None:
    full = [proposal("x", tip=9), proposal("y", tip=9)]
    blocks, observer = play([Script("all", [[*full, proposal("poor", tip=1)], full, full, full, []])], steps=5)

    assert all("poor" not in block for block in blocks)
    assert observer.rejections == [(3, "poor", "no block space")]


def test_agent__raises__is_recorded_and_the_others_go_on() -> None:
    blocks, observer = play([Raises("broken", []), Script("fine", [[proposal("fine", tip=1)]])])

    assert blocks == [["fine"]]
    assert observer.rejections == [(0, "broken", "ZeroDivisionError: at step 0")]


def test_agent__proposes_arguments_that_do_not_fit__is_refused_before_the_chain() -> None:
    bad = Proposal(
        sender="bad",
        contract=TARGET,
        function="missing",
        arguments=(),
        gas_limit=1,
        tip_wei=1,
        intent="act",
        reason="",
        key="",
    )
    blocks, observer = play([Script("bad", [[bad]])])

    assert blocks == [[]]
    assert observer.rejections == [(0, "bad", "KeyError: 'missing'")]


def test_chain__dies_while_an_agent_looks__ends_the_run() -> None:
    with pytest.raises(ChainError, match="stopped answering"):
        play([DiesWithTheChain("any", [])])
