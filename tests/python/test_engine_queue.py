"""Block space: who gets in, who waits, who is outbid; with a chain that only writes down what it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cascade.agents.interface import MarginNote, Proposal
from cascade.chain.abi import AbiEntry, Interface
from cascade.chain.local import Contract, Transaction
from cascade.engine import Engine
from cascade.errors import AgentFailed, ChainError, RevertedCall, ScenarioError, WrongCall
from cascade.scenario.model import TimelineSpec
from cascade.vocabulary import MarginCallEvent

TARGET = Contract(
    "0x" + "11" * 20, Interface("Target", [{"type": "function", "name": "act", "inputs": [], "outputs": []}])
)
GAS_LIMIT = 1_000_000
K = 1_000
MOST_WAIT_BLOCKS = 3


def proposal(sender: str, *, tip: int, gas: int = 400 * K, key: str = "") -> Proposal:
    return Proposal(
        sender=sender,
        contract=TARGET,
        function="act",
        arguments=(),
        gas_limit=gas,
        tip_wei=tip,
        intent="act",
        reason="",
        key=key or sender,
    )


def altered(**fields: Any) -> Proposal:
    """A sound proposal with some fields replaced, by values of any type: an agent of the user's own is not checked."""
    return replace(proposal("bot", tip=1), **fields)


def note(**fields: Any) -> MarginNote:
    return replace(MarginNote("w", MarginCallEvent.CALL, 7000, 1, 0, 0), **fields)


class Script:
    """An agent that proposes what a list says, step by step."""

    def __init__(self, name: str, steps: Sequence[Sequence[Proposal | MarginNote]]) -> None:
        self.name = name
        self.steps = list(steps)

    def see(self, view: Any) -> int:
        return int(view.step)

    def propose(self, sight: int) -> Sequence[Proposal | MarginNote]:
        return self.steps[sight] if sight < len(self.steps) else []


class Raises(Script):
    def propose(self, sight: int) -> Sequence[Proposal | MarginNote]:
        raise ZeroDivisionError(f"at step {sight}")


class DiesWithTheChain(Script):
    def propose(self, sight: int) -> Sequence[Proposal | MarginNote]:
        raise ChainError("the node stopped answering")


class WritingChain:
    timestamp = 0

    def __init__(self) -> None:
        self.blocks: list[list[str]] = []
        self.proposed_steps: list[list[int]] = []
        self.data: list[str] = []
        self.block_number = 40

    def set_block_gas_limit(self, gas_limit: int) -> None:
        assert gas_limit == GAS_LIMIT

    def set_base_fee_wei(self, base_fee_wei: int) -> None:
        assert base_fee_wei == 2 * 10**9

    def expected_time(self, planned: int) -> int:
        return planned

    def mine(self, transactions: Sequence[Transaction], *, timestamp: int) -> object:
        assert timestamp == 100 + 12 * len(self.blocks)
        self.blocks.append([transaction.sender for transaction in transactions])
        self.proposed_steps.append([transaction.proposed_step for transaction in transactions])
        self.data += [transaction.data for transaction in transactions]
        self.block_number += 1
        return object()


class Everyone:
    """The world's actors: all but strangers."""

    def __contains__(self, sender: str) -> bool:
        return sender != "stranger"


class Observer:
    def __init__(self) -> None:
        self.rejections: list[tuple[int, str, str]] = []
        self.reasons: list[str] = []
        self.proposed_steps: list[list[int]] = []
        self.queued: list[int] = []
        self.queued_gas: list[int] = []
        self.notes: list[tuple[int, str]] = []

    def rejected(self, *, step: int, sender: str, error: str, reason: str, **_: object) -> None:
        self.rejections.append((step, sender, error))
        self.reasons.append(reason)

    def before_block(self, step: int) -> None:
        self.step = step

    def after_block(self, view: object, block: object, *, queued: int, queued_gas: int) -> None:
        self.queued.append(queued)
        self.queued_gas.append(queued_gas)

    def noted(self, note: MarginNote, *, step: int) -> None:
        self.notes.append((step, note.event))


def play(
    agents: Sequence[Any], *, steps: int = 1, sent: list[str] | None = None, own: Sequence[str] | None = None
) -> tuple[list[list[str]], Observer]:
    chain, observer = WritingChain(), Observer()
    timeline = TimelineSpec(
        start=datetime.fromtimestamp(100, UTC), end=datetime.fromtimestamp(100 + 12 * steps - 1, UTC), block_seconds=12
    )
    limits = SimpleNamespace(block_gas_limit=GAS_LIMIT, base_fee_gwei=2, max_wait_blocks=MOST_WAIT_BLOCKS)
    scenario = SimpleNamespace(spec=SimpleNamespace(timeline=timeline, chain=limits), seed=7)
    world: Any = SimpleNamespace(chain=chain, scenario=scenario, actors=Everyone(), exchange=None, venues={})
    own = [agent.name for agent in agents] if own is None else own
    Engine(world, agents=agents, book=[], observer=observer, own=own).run()
    observer.proposed_steps = chain.proposed_steps
    if sent is not None:
        sent += chain.data
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
        [
            [proposal("a", tip=9), proposal("b", tip=8), proposal("waits", tip=1)],
            [proposal("late", tip=5, gas=800 * K)],
        ],
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
                        proposal("big", tip=9, gas=900 * K),
                        proposal("bigger", tip=8, gas=901 * K),
                        proposal("small", tip=1, gas=100 * K),
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
    assert observer.reasons == ["agent broken raised before block 41, seed 7"]


def test_built_in_agent__raises__ends_the_run_with_agent_block_and_seed() -> None:
    with pytest.raises(AgentFailed) as failed:
        play([Script("mine", [[]]), Raises("keepers-1", [])], own=["mine"])

    assert str(failed.value) == "agents.keepers-1: ZeroDivisionError: at step 0, before block 41, seed 7"
    assert failed.value.exit_code == 2


def test_agent__proposes_arguments_that_do_not_fit__is_refused_before_the_chain() -> None:
    bad = Proposal(
        sender="bad",
        contract=TARGET,
        function="missing",
        arguments=(),
        gas_limit=21_000,
        tip_wei=1,
        intent="act",
        reason="",
        key="",
    )
    blocks, observer = play([Script("bad", [[bad, proposal("good", tip=1)]])])

    assert blocks == [["good"]]
    assert observer.rejections == [(0, "bad", "agent bad: KeyError: 'missing'")]


def test_chain__dies_while_an_agent_reads__ends_the_run() -> None:
    with pytest.raises(ChainError, match="stopped answering"):
        play([DiesWithTheChain("any", [])])


@pytest.mark.parametrize(
    ("invalid", "fault"),
    [
        (proposal("stranger", tip=1), "sender stranger is no actor of this world"),
        (proposal("bot", tip=-1), "tip_wei -1: expected 0 to 10000000000000"),
        (proposal("bot", tip=10**13 + 1), "tip_wei 10000000000001: expected 0 to 10000000000000"),
        (proposal("bot", tip=1, gas=GAS_LIMIT + 1), "gas_limit 1000001: expected 21160 to the block's limit, 1000000"),
        # 21,000, and 40 a byte of the four that name the function, none of which is zero.
        (proposal("bot", tip=1, gas=21_159), "gas_limit 21159: expected 21160 to the block's limit, 1000000"),
        (altered(gas_limit=50_000.0), "gas_limit: expected int, got float"),
        (altered(tip_wei=True), "tip_wei: expected int, got bool"),
        (altered(tip_wei=np.int64(5)), "tip_wei: expected int, got int64"),
        (altered(sender=["bot"]), "sender: expected str, got list"),
        (altered(reason=None), "reason: expected str, got NoneType"),
        (altered(motive="bored"), "motive: expected a member of Motive, got 'bored'"),
        (altered(intent=7), "intent: expected str, got int"),
        (altered(key=[1]), "key: expected str, got list"),
        (altered(contract="0x00"), "contract: expected a Contract at an address, got '0x00'"),
        (altered(contract=replace(TARGET, address="0x11")), "contract: expected a Contract"),
        (altered(arguments=(1,)), "WrongCall: act(): takes 0 values, got 1"),
        (note(ltv_bps="7000"), "ltv_bps: expected int, got str"),
        (note(ltv_bps=2**63), "ltv_bps 9223372036854775808: expected 0 to 9223372036854775807"),
        (note(event="over"), "event 'over': expected call, cured or failed"),
        (note(borrower=None), "borrower: expected str, got NoneType"),
        ("a word", "expected a Proposal, got str"),
        (None, "expected a Proposal, got NoneType"),
    ],
)
def test_agent__invalid_proposal__is_recorded_and_the_rest_is_sent(invalid: Any, fault: str) -> None:
    blocks, observer = play([Script("odd", [[invalid, proposal("fine", tip=1)]])])

    assert blocks == [["fine"]]
    ((_, _, error),) = observer.rejections
    assert error.startswith(f"agent odd: {fault}")
    assert observer.notes == []


def test_agent__returns_no_list__is_recorded() -> None:
    no_list: Any = 5
    blocks, observer = play([Script("odd", [no_list]), Script("fine", [[proposal("fine", tip=1)]])])

    assert blocks == [["fine"]]
    assert observer.rejections == [(0, "odd", "TypeError: 'int' object is not iterable")]


def test_agent__reads_a_view_that_reverts__is_recorded_and_the_run_goes_on() -> None:
    class LooksAtNothing(Script):
        def see(self, view: Any) -> int:
            raise RevertedCall(what="Pool.get_p", reason="no liquidity")

    blocks, observer = play([LooksAtNothing("blind", []), Script("fine", [[proposal("fine", tip=1)]])])

    assert blocks == [["fine"]]
    assert observer.rejections == [(0, "blind", "RevertedCall: Pool.get_p reverted: no liquidity")]


@pytest.mark.parametrize(
    "error", [SystemExit(3), ScenarioError(file="f", key="k", value=1, expected="x"), WrongCall("get_p: takes 1 value")]
)
def test_agent__raises_system_exit__is_recorded_and_the_run_goes_on(error: BaseException) -> None:
    class Leaves(Script):
        def see(self, view: Any) -> int:
            raise error

    blocks, observer = play([Leaves("odd", []), Script("fine", [[proposal("fine", tip=1)]])])

    assert blocks == [["fine"]]
    assert observer.rejections == [(0, "odd", f"{type(error).__name__}: {error}")]


def test_agent__raises_text_that_is_no_unicode__is_recorded_with_a_replacement() -> None:
    class RaisesBytes(Script):
        def propose(self, sight: int) -> Sequence[Proposal | MarginNote]:
            raise ValueError("\ud800")

    _, observer = play([RaisesBytes("odd", [])])

    assert observer.rejections == [(0, "odd", "ValueError: ?")]


def test_proposal__its_arguments_changed_while_it_waits__is_sent_as_proposed() -> None:
    amounts = [7]
    abi: list[AbiEntry] = [
        {"type": "function", "name": "take", "inputs": [{"name": "", "type": "uint256[]"}], "outputs": []}
    ]
    target = Contract("0x" + "22" * 20, Interface("Target", abi))
    waiting = replace(proposal("bot", tip=1), contract=target, function="take", arguments=(amounts,))

    class Fickle(Script):
        def propose(self, sight: int) -> Sequence[Proposal | MarginNote]:
            amounts[0] = 8 if sight else 7
            return [] if sight else [proposal("x", tip=9), proposal("y", tip=9), waiting]

    sent: list[str] = []
    play([Fickle("fickle", [])], steps=2, sent=sent)

    assert sent[2] == target.encode("take", [7])


def test_queue__wanted_since__is_kept_when_the_proposal_is_renewed() -> None:
    full = [proposal("x", tip=9), proposal("y", tip=9)]
    script = Script("all", [[*full, proposal("bot", tip=1)], [*full, proposal("bot", tip=2)], [proposal("bot", tip=3)]])
    blocks, observer = play([script], steps=3)

    assert blocks[2] == ["bot"]
    assert observer.proposed_steps[2] == [0]
    assert observer.queued_gas == [400 * K, 400 * K, 0]


def test_note__of_a_margin_call__goes_to_the_observer_and_not_to_the_chain() -> None:
    note = MarginNote("whale-pledge", MarginCallEvent.CALL, 7010, 1000, 5, 0)
    blocks, observer = play([Script("whale", [[note, proposal("whale", tip=1)]])])

    assert blocks == [["whale"]]
    assert observer.notes == [(0, "call")]
