"""Plans of positions: closed forms, exactness, independence of the random streams."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import ScenarioError
from cascade.positions.plan import leverage_after, plan_positions
from cascade.positions.preflight import check_shock, oracle_price_path_e8
from cascade.scenario.load import load_scenario
from cascade.toolchain.paths import project_root

SCENARIOS = project_root() / "scenarios"
FLAGSHIP = SCENARIOS / "loop-and-crash.yaml"
FRICTIONLESS = SCENARIOS / "frictionless-loop.yaml"


@given(ltv=st.floats(0.01, 0.99), rounds=st.integers(0, 20))
def test_leverage__any_ltv_and_rounds__is_the_geometric_sum(ltv: float, rounds: int) -> None:
    closed_form = (1 - ltv ** (rounds + 1)) / (1 - ltv)

    assert leverage_after(ltv, rounds) == pytest.approx(closed_form, rel=1e-9)


def test_leverage__account_of_the_day__is_3_68928() -> None:
    assert leverage_after(0.8, 5) == pytest.approx(3.68928, abs=1e-12)


def test_plan__target_leverage__reached_to_a_millionth() -> None:
    scenario = load_scenario(FRICTIONLESS, overrides=["positions.looper.target={leverage: {kind: fixed, value: 3}}"])

    assert plan_positions(scenario)[0].leverage == pytest.approx(3, abs=2e-5)


def test_plan__target_health_factor__gives_the_leverage_of_its_closed_form() -> None:
    # HF = LT L / (L - 1), so L = HF / (HF - LT) with LT = 0.83.
    scenario = load_scenario(
        FRICTIONLESS, overrides=["positions.looper.target={health_factor: {kind: fixed, value: 1.2}}"]
    )

    assert plan_positions(scenario)[0].leverage == pytest.approx(1.2 / (1.2 - 0.83), abs=2e-5)


def test_plan__efficiency_mode__lends_on_its_own_lines() -> None:
    lines = "ltv_bps: 9000, liquidation_threshold_bps: 9300, liquidation_bonus_bps: 200"
    mode = f"{{{lines}, collateral: [USDe], borrowable: [USDC]}}"
    changes = [f"lending.emodes={{1: {mode}}}", "positions.looper.target.ltv_per_round_bps=9000"]

    with pytest.raises(ScenarioError, match=r"the pool lends 80\.00%"):
        plan_positions(load_scenario(FRICTIONLESS, overrides=changes))
    in_mode = load_scenario(FRICTIONLESS, overrides=[*changes, "positions.looper.emode=1"])
    assert plan_positions(in_mode)[0].ltv_ppm == 900_000


def test_plan__same_seed__same_positions_and_another_seed__others() -> None:
    scenario = load_scenario(FLAGSHIP)

    assert plan_positions(scenario) == plan_positions(load_scenario(FLAGSHIP))
    assert plan_positions(scenario) != plan_positions(load_scenario(FLAGSHIP, seed=2))


def test_plan__second_cohort__leaves_the_first_ones_draws_alone() -> None:
    second = (
        "positions.others={count: 3, collateral: USDe, debt: USDC, venue: usde-minting, "
        "equity: {kind: fixed, value: 1000}, target: {leverage: {kind: fixed, value: 2}}}"
    )

    alone = plan_positions(load_scenario(FLAGSHIP))
    beside = plan_positions(load_scenario(FLAGSHIP, overrides=[second]))

    assert beside[: len(alone)] == alone
    assert [plan.borrower for plan in beside[len(alone) :]] == ["others-0", "others-1", "others-2"]


def test_plan__flagship_cohort__keeps_to_its_distribution() -> None:
    plans = plan_positions(load_scenario(FLAGSHIP))
    equities = sorted(plan.equity_raw for plan in plans)

    assert len({plan.borrower for plan in plans}) == 1000
    assert all(plan.equity_raw % 10**16 == 0 for plan in plans)  # whole hundredths of a token
    assert equities[0] >= 2_000 * 10**18
    assert equities[-1] <= 1_000_000 * 10**18
    # The median of 1,000 lognormal draws: 20,000 within four standard errors (1.2533 / sqrt(1000) in the logarithm).
    assert abs(math.log(equities[500] / (20_000 * 10**18))) < 4 * 1.2533 / math.sqrt(1000)
    assert all(2.0 - 1e-4 <= plan.leverage <= 3.65 for plan in plans)


def test_shock__reaches_the_weakest_position__gives_no_warning() -> None:
    # HF at par of five rounds at 80 % is 0.83 x 3.68928 / 2.68928 = 1.13863; it is 1 at 0.87825.
    at_line = load_scenario(FRICTIONLESS)

    assert check_shock(at_line, plan_positions(at_line)) is None


def test_shock__too_shallow__refused_before_anything_starts() -> None:
    scenario = load_scenario(SCENARIOS / "aave-peg.yaml", overrides=["expect.liquidations=some"])

    with pytest.raises(ScenarioError, match="takes no position below a health factor of 1"):
        check_shock(scenario, plan_positions(scenario))


def test_shock__no_liquidation_expected__is_stated_in_a_sentence() -> None:
    scenario = load_scenario(SCENARIOS / "aave-peg.yaml")
    note = check_shock(scenario, plan_positions(scenario))

    assert note is not None
    assert "takes no position below a health factor of 1" in note


def test_oracle_path__same_as_another_feed__is_that_feeds() -> None:
    scenario = load_scenario(SCENARIOS / "aave-peg.yaml")

    assert set(oracle_price_path_e8(scenario, "USDe")) == {100_000_000}
    assert min(oracle_price_path_e8(load_scenario(FLAGSHIP), "USDe")) == 65_670_000


@pytest.mark.parametrize(
    "target", ["leverage: {kind: uniform, low: 2, high: 3}", "health_factor: {kind: uniform, low: 1.1, high: 1.5}"]
)
def test_plan__one_more_position__changes_no_other(target: str) -> None:
    base = [
        f"positions.loopers.target={{{target}}}",
        "positions.loopers.equity={kind: lognormal, median: 20000, sigma: 1, low: 1000, high: 90000}",
        "positions.loopers.rounds=8",
    ]
    few, more = (
        plan_positions(load_scenario(FLAGSHIP, overrides=[*base, f"positions.loopers.count={count}"]))
        for count in (10, 11)
    )
    drawn = [[(plan.equity_raw, plan.ltv_ppm) for plan in plans if plan.cohort == "loopers"] for plans in (few, more)]

    assert drawn[1][:10] == drawn[0]
    assert len(set(drawn[1])) == 11
