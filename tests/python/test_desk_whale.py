"""Whales of the desk: called by it, raising cash on chain, moving it over, repaying, giving up, and leaving."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pytest

from cascade.agents.desk_whale import DeskWhale
from cascade.agents.interface import GWEI, MarginNote, Proposal
from cascade.chain.local import address_of
from cascade.observation.exchange_view import Balance, DeskLoan
from cascade.scenario.model import CohortSpec, DeskWhaleSpec
from cascade.vocabulary import MarginCallEvent

from .agent_views import UINT_MAX, USDC, USDE, WAD, View, answers, at_price, cohort, contract, delays, position, world
from .desk_views import ExchangeSight

WHALE = "whales-0"
ADDRESS = address_of(WHALE)
LOOP = position(WHALE, collateral=1_000_000 * USDE, debt=500_000 * USDC)
PLEDGED = 1_000_000 * USDE
"""At a dollar each: 650,000 is the cure line, 649,900 what a repayment aims at."""

DEADLINE = 2_000
CALLED = DeskLoan(PLEDGED, 760_000 * USDC, 7600, DEADLINE)
NEEDED = 110_100 * USDC


def whale(*, call_delay: int = 0, leave_delay: int = 0, **keys: Any) -> DeskWhale:
    spec = DeskWhaleSpec.model_validate(
        {"kind": "desk-whale", "cohort": "whales", "venue": "pool", "reaction_blocks": 100, **keys}
    )
    return DeskWhale(WHALE, spec, delays(call_delay, leave_delay))


def desk_cohort() -> CohortSpec:
    pledged = cohort("whales", pledge=True)
    assert pledged.pledge is not None
    return pledged.model_copy(update={"pledge": pledged.pledge.model_copy(update={"line": "alt"})})


@dataclass
class DeskView(View):
    """A view that shows the exchange too."""

    exchange: ExchangeSight = field(default_factory=ExchangeSight)


def seen(loan: DeskLoan = CALLED, *, paid_in: int = 0, sight: dict[str, Any] | None = None, **keys: Any) -> View:
    view = DeskView(world(whales=desk_cohort()), states={WHALE: LOOP}, **keys)
    view.exchange = ExchangeSight(
        loans={ADDRESS: loan}, balances={(ADDRESS, "USDC"): Balance(paid_in, 7)}, **(sight or {})
    )
    return view


def acts(agent: DeskWhale, view: View) -> tuple[list[MarginNote], dict[str, Proposal]]:
    found = answers(agent, view)
    notes = [answer for answer in found if isinstance(answer, MarginNote)]
    return notes, {answer.intent: answer for answer in found if isinstance(answer, Proposal)}


def unwound(proposals: dict[str, Proposal]) -> tuple[int, int]:
    """Collateral sold, and cash kept."""
    (order,) = proposals["unwind"].arguments
    return order[2], order[3]


def test_whale__the_desk_has_not_called__does_nothing() -> None:
    assert acts(whale(), seen(DeskLoan(PLEDGED, 749_999 * USDC, 7500, 0), wallet={"USDC": 10**12})) == ([], {})


def test_whale__called__records_the_call_and_acts_after_its_own_delay() -> None:
    agent = whale(call_delay=2)
    first, second, third = (acts(agent, seen(step=step)) for step in (5, 6, 7))

    assert first == ([MarginNote(WHALE, MarginCallEvent.CALL, 7600, DEADLINE, NEEDED, 0)], {})
    assert second == ([], {})
    amount, cash = unwound(third[1])
    assert (list(third[1]), third[1]["unwind"].reason) == (["unwind"], "called by the desk: pool at 1.0000")
    # A tranche of 5 % repays half of itself with a premium of 0.05 %, and leaves the rest.
    assert amount == 50_000 * USDE
    assert cash == 50_000 * USDC - 25_000 * USDC * 10_005 // 10_000


def test_whale__needs_less_than_a_tranche__unwinds_what_it_needs() -> None:
    loan = DeskLoan(PLEDGED, 659_900 * USDC, 6599, DEADLINE)
    amount, cash = unwound(acts(whale(), seen(loan))[1])

    assert 10_000 * USDC <= cash <= 10_000 * USDC + 2
    assert 0 <= Fraction(amount, USDE) - Fraction(10_000) / (1 - Fraction(10_005, 20_000)) < Fraction(1, 10**5)


def test_whale__has_cash_on_chain__pays_it_in_and_raises_the_rest() -> None:
    _, proposals = acts(whale(tip_gwei=3), seen(wallet={"USDC": 100_000 * USDC}))

    deposit = proposals["deposit"]
    assert (deposit.contract.address, deposit.function) == (contract("vault").address, "deposit")
    assert deposit.arguments == (contract("USDC").address, 100_000 * USDC, ADDRESS)
    assert (deposit.sender, deposit.tip_wei) == (ADDRESS, 3 * GWEI)
    assert unwound(proposals)[1] - 10_100 * USDC in (0, 1, 2)
    assert "repay" not in proposals


def test_whale__has_paid_in__repays_what_is_needed_and_pays_in_the_rest_of_it() -> None:
    _, proposals = acts(whale(), seen(paid_in=60_000 * USDC, wallet={"USDC": 60_000 * USDC}))

    repay = proposals["repay"]
    assert (repay.contract.address, repay.function) == (contract("desk").address, "repay")
    assert (repay.sender, repay.arguments) == (ADDRESS, (3, 60_000 * USDC))
    assert proposals["deposit"].arguments[1] == NEEDED - 60_000 * USDC
    assert "unwind" not in proposals


def test_whale__more_paid_in_than_needed__repays_to_a_hundredth_of_a_per_cent_under_its_cure_line() -> None:
    _, proposals = acts(whale(), seen(paid_in=500_000 * USDC))
    assert list(proposals) == ["repay"]
    assert proposals["repay"].arguments == (3, NEEDED)


def test_whale__pledge_worth_less__needs_more() -> None:
    _, proposals = acts(whale(cure_ltv_bps=6000), seen(paid_in=10**12, sight={"index_e8_": {"alt": 90_000_000}}))
    # 900,000 at 59.99 %.
    assert proposals["repay"].arguments == (3, 760_000 * USDC - 539_910 * USDC)


def test_whale__transfers_degraded__keeps_unwinding_and_waits_with_its_cash() -> None:
    _, proposals = acts(whale(), seen(wallet={"USDC": 50_000 * USDC}, sight={"degraded": True}))
    assert list(proposals) == ["unwind"]
    _, proposals = acts(whale(), seen(wallet={"USDC": NEEDED}, sight={"degraded": True}))
    assert proposals == {}


def test_whale__desk_lifts_the_call_before_the_cure_line__works_on() -> None:
    agent = whale()
    acts(agent, seen())
    notes, proposals = acts(agent, seen(DeskLoan(PLEDGED, 740_000 * USDC, 7400, 0), step=1))

    assert notes == []
    assert list(proposals) == ["unwind"]


@pytest.mark.parametrize(("ltv_bps", "cured"), [(6500, True), (6501, False)])
def test_whale__ltv_at_its_cure_line__is_cured(ltv_bps: int, cured: bool) -> None:
    agent = whale()
    acts(agent, seen())
    notes, _ = acts(agent, seen(DeskLoan(PLEDGED, 100 * ltv_bps * USDC, ltv_bps, 0), step=1))

    assert [note.event for note in notes] == ["cured"] * cured
    again = acts(agent, seen(step=2))[0]
    assert [note.event for note in again] == ["call"] * cured


@pytest.mark.parametrize(("now", "failed"), [(DEADLINE - 1, False), (DEADLINE, True)])
def test_whale__deadline_passes_under_a_standing_call__gives_up_and_leaves(now: int, failed: bool) -> None:
    agent = whale()
    acts(agent, seen())
    notes, proposals = acts(agent, seen(step=1, timestamp=now, paid_in=10**12))

    assert [note.event for note in notes] == ["failed"] * failed
    assert list(proposals) == (["unwind"] if failed else ["repay"])
    if failed:
        assert (notes[0].deadline_timestamp, notes[0].raised_raw) == (DEADLINE, 10**12)
        assert proposals["unwind"].reason == "gives up: pool at 1.0000"
        assert acts(agent, seen(DeskLoan(PLEDGED, 1, 1, 0), step=2))[0] == [], "nothing more is said of it"


def test_whale__the_desk_sells_from_its_pledge__has_failed() -> None:
    agent = whale()
    acts(agent, seen())
    notes, proposals = acts(agent, seen(DeskLoan(PLEDGED - 1, 600_000 * USDC, 6001, 0), step=1))

    assert [(note.event, note.ltv_bps) for note in notes] == [("failed", 6001)]
    assert list(proposals) == ["unwind"]


def test_whale__whose_pledge_has_no_price__records_the_largest_ltv_of_the_table_and_waits() -> None:
    loan = DeskLoan(PLEDGED, 1, UINT_MAX, DEADLINE)
    notes, proposals = acts(whale(), seen(loan, sight={"index_e8_": {"alt": 0}}, wallet={"USDC": 5}))

    assert notes == [MarginNote(WHALE, MarginCallEvent.CALL, 2**63 - 1, DEADLINE, 0, 5)]
    assert proposals == {}


@pytest.mark.parametrize(("spot_wad", "leaves"), [(98 * WAD // 100, False), (98 * WAD // 100 - 1, True)])
def test_whale__pool_under_its_own_line__leaves_after_its_delay(spot_wad: int, leaves: bool) -> None:
    agent = whale(leave_delay=2, leave_below={"kind": "fixed", "value": 0.98})
    sound = DeskLoan(PLEDGED, 1, 1, 0)
    sold = [
        list(acts(agent, seen(sound, step=step, spot_wad=spot_wad, sells=at_price(98, 100)))[1]) for step in (3, 4, 5)
    ]

    assert sold == [[], [], ["unwind"] * leaves]
