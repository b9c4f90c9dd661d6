"""The exchange's operator at both ends of degraded transfers: once each, ahead of everyone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cascade.agents.interface import GWEI
from cascade.agents.transfers_gate import TransfersGate
from cascade.chain.local import address_of

from .agent_views import contract
from .desk_views import ExchangeSight


def view(*, degraded: bool) -> Any:
    return SimpleNamespace(exchange=ExchangeSight(degraded=degraded))


def test_gate__start_and_end_of_the_window__closes_once_and_opens_once() -> None:
    gate = TransfersGate()
    asked = [list(gate.propose(gate.see(view(degraded=degraded)))) for degraded in (False, True, True, False, False)]

    assert [[proposal.arguments for proposal in proposals] for proposals in asked] == [
        [],
        [(False, False)],
        [],
        [(True, True)],
        [],
    ]
    (closing,) = asked[1]
    assert (closing.sender, closing.function) == (address_of("exchange"), "setTransfers")
    assert closing.contract.address == contract("vault").address
    # Posts of the oracle are at 1,000 gwei: nothing of the block comes before it.
    assert closing.tip_wei > 1000 * GWEI
