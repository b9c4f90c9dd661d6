"""Stops: who acts when, how much brings the health factor back, and when the pool is not asked."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from cascade.agents.interface import Proposal
from cascade.agents.stop_loss import StopLoss
from cascade.chain.local import address_of
from cascade.observation import ExitCurve, PositionState
from cascade.scenario.model import StopLossSpec

from .agent_views import E8, THRESHOLD_BPS, USDC, USDE, WAD, View, asked, at_price, cohort, contract, position, world

PRICE_E8 = 95_000_000
STATE = position("loopers-0", collateral=100_000 * USDE, debt=76_000 * USDC, price_e8=PRICE_E8)
"""95,000 dollars on 76,000: a health factor of 0.83 x 95 / 76 = 1.0375."""


def stops(*, count: int = 1, **keys: Any) -> StopLoss:
    spec = StopLossSpec.model_validate(
        {
            "kind": "stop-loss",
            "cohort": "loopers",
            "venue": "pool",
            "share_bps": 10_000,
            "trigger_health_factor": {"kind": "fixed", "value": 1.05},
            "target_health_factor": 1.15,
            **keys,
        }
    )
    return StopLoss("stops", spec, cohort("loopers", count=count), 1)


def seen(*states: PositionState, price_e8: int = PRICE_E8, **keys: Any) -> View:
    view = View(
        world(loopers=cohort("loopers")),
        states={state.entry.borrower: state for state in states},
        spot_wad=95 * WAD // 100,
        sells=at_price(95, 100),
        **keys,
    )
    view.oracle_e8["USDe"] = price_e8
    return view


def acts(agent: StopLoss, view: View) -> list[Proposal]:
    return asked(agent, view)


def test_stop__sells_what_brings_the_health_factor_back_to_the_target() -> None:
    (proposal,) = acts(stops(), seen(STATE))
    (order,) = proposal.arguments

    # (95,000 - s) 0.83 / (76,000 - s) = 1.15 where s = 26,718.75 dollars, 28,125 USDe at 0.95.
    sold = Fraction(28_125 * 95, 100)
    assert (95_000 - sold) * Fraction(THRESHOLD_BPS, 10_000) / (76_000 - sold) == Fraction(115, 100)
    assert order[2] == 28_125 * USDE
    assert order[3] == 0, "all of it repays"
    assert order[6] == 28_125 * USDC * 95 * 95 // 10_000, "five per cent under the pool's price at worst"
    assert (proposal.sender, order[7]) == (address_of("loopers-0"), address_of("loopers-0"))
    assert (proposal.contract, proposal.intent) == (contract("deleverager"), "stop")


@pytest.mark.parametrize(("health", "acts_now"), [(105 * WAD // 100, False), (105 * WAD // 100 - 1, True)])
def test_stop__health_factor_under_its_trigger_and_not_at_it__acts(health: int, acts_now: bool) -> None:
    state = position("loopers-0", collateral=100_000 * USDE, debt=76_000 * USDC, price_e8=PRICE_E8, health=health)

    assert bool(acts(stops(), seen(state))) == acts_now


def test_stop__no_position_with_one__proposes_nothing() -> None:
    assert acts(stops(share_bps=0), seen(STATE)) == []


def test_stop__share_of_a_cohort__is_drawn_once_and_the_same_members_act() -> None:
    states = [
        position(f"loopers-{i:02d}", collateral=100_000 * USDE, debt=76_000 * USDC, price_e8=PRICE_E8)
        for i in range(60)
    ]
    agent = stops(count=60, share_bps=5000)
    first, again = ({p.sender for p in acts(agent, seen(*states))} for _ in range(2))

    assert first == again == {p.sender for p in acts(stops(count=60, share_bps=5000), seen(*states))}
    assert 15 <= len(first) <= 45
    assert first <= {state.entry.address for state in states}


@pytest.mark.parametrize(("paid_bps", "acts_now"), [(9500, True), (9499, False)])
def test_stop__pool_pays_less_than_accepted__waits(paid_bps: int, acts_now: bool) -> None:
    # What the pool pays for the whole sale against its price of 0.95: five per cent less is accepted.
    paid = 28_125 * USDC * 95 * paid_bps // 10**6
    curve = ExitCurve((20_000 * USDE, 28_125 * USDE, 10**9 * USDE), (19_000 * USDC, paid, paid))
    view = seen(STATE)
    view.sells = curve

    assert bool(acts(stops(), view)) == acts_now


def test_stop__position_worth_its_debt_or_less__is_not_sold() -> None:
    above = position("loopers-0", collateral=80_001 * USDE, debt=76_000 * USDC, price_e8=PRICE_E8)
    under = position("loopers-0", collateral=79_999 * USDE, debt=76_000 * USDC, price_e8=PRICE_E8)

    assert len(acts(stops(), seen(above))) == 1
    assert acts(stops(), seen(under)) == []


def test_stop__price_refused_by_the_oracle__sells_nothing() -> None:
    assert acts(stops(), seen(STATE, price_e8=0)) == []


def test_stop__position_without_debt_or_of_dust__is_left_alone() -> None:
    free = position("loopers-0", collateral=USDE, debt=0, price_e8=PRICE_E8, health=WAD)
    dust = position("loopers-0", collateral=100 * USDE, debt=76 * USDC, price_e8=PRICE_E8)

    assert acts(stops(), seen(free)) == []
    assert acts(stops(), seen(dust)) == []


@pytest.mark.parametrize(("target", "accepted"), [(1.06, True), (1.05, False), (1.0, False)])
def test_stop_spec__target_not_above_its_triggers__refused(target: float, accepted: bool) -> None:
    if accepted:
        assert stops(target_health_factor=target)
        return
    with pytest.raises(ValueError, match=r"must be above 1 and above every trigger, 1\.05"):
        stops(target_health_factor=target)


def test_stop__at_another_oracle_price__values_the_sale_there() -> None:
    state = position("loopers-0", collateral=100_000 * USDE, debt=80_000 * USDC, price_e8=E8)
    (proposal,) = acts(stops(), seen(state, price_e8=E8))

    # (100,000 - s) 0.83 / (80,000 - s) = 1.15 where s = 28,125.
    assert proposal.arguments[0][2] == 28_125 * USDE
