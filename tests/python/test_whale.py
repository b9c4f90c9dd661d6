"""Whales: margin calls with their delay and deadline, tranches with their bounds, and leaving by choice."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from cascade.agents.interface import MarginNote, Proposal
from cascade.agents.whale import Whale
from cascade.chain.local import address_of
from cascade.observation import ExitCurve, PositionState
from cascade.scenario.model import WhaleSpec
from cascade.vocabulary import MarginCallEvent

from .agent_views import (
    E8,
    UINT_MAX,
    USDC,
    USDE,
    WAD,
    WETH,
    View,
    answers,
    at_price,
    cohort,
    contract,
    delays,
    position,
    world,
)

WHALE, PLEDGE = "whales-0", "whales-0-pledge"
LOOP = position(WHALE, collateral=1_000_000 * USDE, debt=500_000 * USDC)
"""A loop at an LTV of one half: what it sells repays half of it, and leaves half less the loan's premium."""

CASH_A_TOKEN = Fraction(1) - Fraction(1, 2) * Fraction(10_005, 10_000)


def whale(*, call_delay: int = 0, leave_delay: int = 0, **keys: Any) -> Whale:
    spec = WhaleSpec.model_validate(
        {"kind": "whale", "cohort": "whales", "venue": "pool", "reaction_blocks": 100, **keys}
    )
    return Whale(WHALE, spec, delays(call_delay, leave_delay))


def pledge(debt_raw: int) -> PositionState:
    """100 WETH at 4,000 dollars: 280,000 is the warning line of 70 %, 260,000 the cure line of 65 %."""
    return position(PLEDGE, collateral=100 * WETH, debt=debt_raw, asset="WETH", price_e8=4000 * E8)


def seen(*, debt: int = 250_000, debt_raw: int | None = None, loop: PositionState = LOOP, **keys: Any) -> View:
    states = {WHALE: loop, PLEDGE: pledge(debt * USDC if debt_raw is None else debt_raw)}
    return View(world(whales=cohort("whales", pledge=True)), states=states, **keys)


def acts(agent: Whale, view: View) -> tuple[list[MarginNote], list[Proposal]]:
    found = answers(agent, view)
    notes = [answer for answer in found if isinstance(answer, MarginNote)]
    return notes, [answer for answer in found if isinstance(answer, Proposal)]


def sale(proposals: list[Proposal]) -> tuple[int, int, int]:
    """Amount, cash asked for, and least proceeds of the one unwinding among the proposals."""
    (unwinding,) = [proposal for proposal in proposals if proposal.intent == "unwind"]
    (order,) = unwinding.arguments
    assert order[0] == contract("USDe").address
    assert order[1] == contract("USDC").address
    assert order[7] == unwinding.sender == address_of(WHALE)
    return order[2], order[3], order[6]


@pytest.mark.parametrize(("debt_raw", "called"), [(280_000 * USDC, True), (280_000 * USDC - 1, False)])
def test_call__at_the_warning_ltv_and_not_one_unit_below__is_made(debt_raw: int, called: bool) -> None:
    notes, _ = acts(whale(), seen(debt_raw=debt_raw))

    assert [note.event for note in notes] == ["call"] * called
    if called:
        assert notes == [MarginNote(PLEDGE, MarginCallEvent.CALL, 7000, 1000 + 1800, 20_000 * USDC, 0)]


def test_called_whale__acts_after_its_own_delay__and_raises_what_cures() -> None:
    agent = whale(call_delay=3)
    sold = [acts(agent, seen(debt=280_000, step=step))[1] for step in (10, 11, 12, 13)]

    assert sold[:3] == [[], [], []]
    amount, cash, least = sale(sold[3])
    assert 0 <= amount - Fraction(20_000 * USDE) / CASH_A_TOKEN < 10 * USDE // USDC
    assert 20_000 * USDC <= cash <= 20_000 * USDC + 2
    assert least == amount * 97 // 100 * USDC // USDE


def test_called_whale__needs_more_than_a_tranche__sells_a_tranche() -> None:
    amount, cash, _ = sale(acts(whale(), seen(debt=320_000))[1])

    assert amount == 50_000 * USDE
    assert cash == 50_000 * USDC * CASH_A_TOKEN


def test_called_whale__with_some_cash__repays_it_and_raises_the_rest() -> None:
    _, proposals = acts(whale(), seen(debt=280_000, wallet={"USDC": 5_000 * USDC}))
    repayment = proposals[0]

    assert (repayment.function, repayment.contract) == ("repay", contract("lending pool"))
    assert repayment.arguments == (contract("USDC").address, 5_000 * USDC, 2, address_of(PLEDGE))
    assert sale(proposals)[1] in range(15_000 * USDC, 15_000 * USDC + 3)


def test_called_whale__with_cash_enough__repays_what_cures_and_sells_nothing() -> None:
    _, proposals = acts(whale(), seen(debt=280_000, wallet={"USDC": 50_000 * USDC}))

    assert [(p.intent, p.arguments[1]) for p in proposals] == [("repay", 20_000 * USDC)]


@pytest.mark.parametrize(
    ("debt_raw", "events"),
    # 260,000 is 65 %; seconds of interest on it are still 65.00 %, 40 dollars more are 65.01 %.
    [(260_000 * USDC, ["cured"]), (260_039_999_999, ["cured"]), (260_040 * USDC, [])],
)
def test_call__ltv_back_at_the_cure_line__is_cured_in_whole_basis_points(debt_raw: int, events: list[str]) -> None:
    agent = whale()
    acts(agent, seen(debt=280_000))
    notes, _ = acts(agent, seen(debt_raw=debt_raw, step=5, timestamp=1060))
    later, _ = acts(agent, seen(debt=281_000, step=6, timestamp=1072))

    assert [note.event for note in notes] == events
    assert [note.event for note in later] == ["call"] * len(events), "a call that stands is not made again"


def test_call__cured_and_breached_again__is_a_new_call_with_a_new_deadline() -> None:
    agent = whale()
    acts(agent, seen(debt=280_000))
    acts(agent, seen(debt=250_000, step=1, timestamp=1012))
    notes, _ = acts(agent, seen(debt=281_000, step=2, timestamp=1024))

    assert [(note.event, note.deadline_timestamp) for note in notes] == [("call", 1024 + 1800)]


@pytest.mark.parametrize(("timestamp", "failed"), [(2799, False), (2800, True)])
def test_call__at_its_deadline_and_not_one_second_earlier__fails(timestamp: int, failed: bool) -> None:
    agent = whale(call_delay=50)
    acts(agent, seen(debt=280_000))
    view = seen(debt=280_000, step=1, timestamp=timestamp, wallet={"USDC": 7 * USDC})
    notes, proposals = acts(agent, view)

    assert [note.event for note in notes] == ["failed"] * failed
    assert [note.raised_raw for note in notes] == [7 * USDC] * failed
    assert [p.intent for p in proposals] == ["unwind"] * failed


def test_whale_that_gave_up__unwinds_in_tranches_and_repays_its_pledge_no_more() -> None:
    agent = whale(leave_below={"kind": "fixed", "value": 0.9}, leave_delay=90)
    acts(agent, seen(debt=280_000, spot_wad=89 * WAD // 100))
    acts(agent, seen(debt=280_000, step=1, timestamp=2800))
    notes, proposals = acts(agent, seen(debt=280_000, step=2, timestamp=2812, wallet={"USDC": 9_000 * USDC}))

    assert notes == []
    assert [p.intent for p in proposals] == ["unwind"]
    assert proposals[0].reason == "gives up: pool at 1.0000"
    assert sale(proposals)[0] == 50_000 * USDE


@pytest.mark.parametrize(("spot_wad", "leaves"), [(97 * WAD // 100, False), (97 * WAD // 100 - 1, True)])
def test_whale__price_under_its_line_and_not_at_it__leaves(spot_wad: int, leaves: bool) -> None:
    agent = whale(leave_below={"kind": "fixed", "value": 0.97})

    assert bool(acts(agent, seen(spot_wad=spot_wad))[1]) == leaves


def test_whale_below_its_leaving_price__leaves_after_its_delay_even_if_the_price_recovers() -> None:
    agent = whale(leave_below={"kind": "fixed", "value": 0.97}, leave_delay=2, call_delay=0)
    sold = [acts(agent, seen(step=step, spot_wad=price * WAD // 100))[1] for step, price in ((4, 96), (5, 99), (6, 99))]

    assert [len(proposals) for proposals in sold] == [0, 0, 1]
    assert sale(sold[2])[0] == 50_000 * USDE
    assert sold[2][0].reason == "leaves: pool at 0.9900"


def test_tranche__with_too_much_slippage__is_cut_to_the_slippage_accepted() -> None:
    # 10,000 sell at par, the rest at one half: the average of x is 0.97 at x = 5,000 / 0.47.
    curve = ExitCurve((10_000 * USDE, 110_000 * USDE), (10_000 * USDC, 60_000 * USDC))
    agent = whale(leave_below={"kind": "fixed", "value": 2})
    amount, _, least = sale(acts(agent, seen(sells=curve))[1])

    assert abs(amount - Fraction(5_000 * USDE * 100, 47)) < 10 * USDE // USDC
    assert curve.pays(amount) >= least >= curve.pays(amount) - 2


@pytest.mark.parametrize(("health", "takes_cash"), [(105 * WAD // 100, True), (105 * WAD // 100 - 1, False)])
def test_loop_near_its_own_line__is_saved_first(health: int, takes_cash: bool) -> None:
    _, cash, _ = sale(acts(whale(), seen(debt=320_000, loop=LOOP._replace(health_factor_wad=health)))[1])

    assert cash == (50_000 * USDC * CASH_A_TOKEN if takes_cash else 0)


@pytest.mark.parametrize(
    ("rest", "amount"),
    # A tranche is 50,000; it takes the rest along while it is nine tenths of it.
    [(50_000, UINT_MAX), (40_000, UINT_MAX), (55_555, UINT_MAX), (55_556, 50_000 * USDE)],
)
def test_last_tranche__takes_the_rest_and_asks_for_no_cash(rest: int, amount: int) -> None:
    agent = whale(leave_below={"kind": "fixed", "value": 2})
    acts(agent, seen())
    loop = position(WHALE, collateral=rest * USDE, debt=rest * USDC // 2)
    sold, cash, _ = sale(acts(agent, seen(step=1, loop=loop))[1])

    assert sold == amount
    assert (cash == 0) == (sold == UINT_MAX)


def test_last_tranche__whose_rest_the_pool_does_not_take__leaves_the_rest() -> None:
    # 50,000 sell at par and nothing beyond: 52,000 at once would cost 4 %.
    curve = ExitCurve((50_000 * USDE, 110_000 * USDE), (50_000 * USDC, 50_000 * USDC))
    agent = whale(leave_below={"kind": "fixed", "value": 2})
    acts(agent, seen())
    loop = position(WHALE, collateral=52_000 * USDE, debt=26_000 * USDC)

    assert sale(acts(agent, seen(step=1, loop=loop, sells=curve))[1])[0] == 50_000 * USDE


def test_loop_without_debt__pays_everything_out() -> None:
    agent = whale()
    loop = position(WHALE, collateral=1_000_000 * USDE, debt=0)
    amount, cash, _ = sale(acts(agent, seen(debt=280_000, loop=loop))[1])

    assert (amount, cash) == (20_000 * USDE, 20_000 * USDC)


@pytest.mark.parametrize("collateral", [0, 99 * USDE])
def test_loop__empty_or_dust__is_not_sold(collateral: int) -> None:
    agent = whale(leave_below={"kind": "fixed", "value": 2})
    loop = position(WHALE, collateral=collateral, debt=0)

    assert acts(agent, seen(loop=loop))[1] == []


@pytest.mark.parametrize("refused", ["USDC", "WETH"])
def test_price_refused_by_the_oracle__nothing_is_known_of_the_pledge(refused: str) -> None:
    agent = whale()
    view = seen(debt=280_000)
    # What the lens says of an account while a price is refused: amounts without values.
    view.states[PLEDGE] = view.states[PLEDGE]._replace(collateral_base_e8=0, debt_base_e8=0)
    view.oracle_e8[refused] = 0

    assert acts(agent, view) == ([], [])
    assert [note.event for note in acts(agent, seen(debt=280_000, step=1))[0]] == ["call"]
    view.step = 2
    assert acts(agent, view) == ([], []), "a call stands while nothing is known"


def test_pledge__liquidated_to_nothing_with_debt__is_beyond_every_line() -> None:
    view = seen()
    view.states[PLEDGE] = position(PLEDGE, collateral=0, debt=1_000 * USDC, asset="WETH")

    assert acts(whale(), view)[0] == [MarginNote(PLEDGE, MarginCallEvent.CALL, 10_000, 2800, 1_000 * USDC, 0)]


def test_whale_without_a_pledge__is_never_called() -> None:
    view = View(world(whales=cohort("whales")), states={WHALE: LOOP}, sells=at_price(1))

    assert acts(whale(), view) == ([], [])
