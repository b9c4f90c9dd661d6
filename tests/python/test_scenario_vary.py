"""A scenario changed from what it holds itself, restored from a manifest, and standing under another's change."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from cascade.errors import ScenarioError
from cascade.experiments.comparison.positions import impossible_positions
from cascade.experiments.comparison.result import ImpossiblePosition
from cascade.positions.plan import plan_positions
from cascade.positions.standing import standing_positions
from cascade.scenario.load import Scenario, load_scenario, restore_scenario, vary
from cascade.scenario.model import StableSwapVenue
from cascade.toolchain.paths import project_root

SCENARIOS = project_root() / "scenarios"
UNWIND = SCENARIOS / "usde-unwind.yaml"

MODE = {
    "ltv_bps": 9000,
    "liquidation_threshold_bps": 9300,
    "liquidation_bonus_bps": 200,
    "collateral": ["USDe"],
    "borrowable": ["USDC"],
}


@pytest.fixture(scope="module")
def unwind() -> Scenario:
    return load_scenario(UNWIND)


def test_vary__one_key__is_what_loading_with_it_gives(unwind: Scenario) -> None:
    varied = vary(unwind, {"lending.reserves.USDe.ltv_bps": 7300, "seed": 5})
    loaded = load_scenario(UNWIND, overrides=["lending.reserves.USDe.ltv_bps=7300", "seed=5"])

    assert varied.spec == loaded.spec
    assert varied.text == loaded.text
    assert varied.overrides == ("lending.reserves.USDe.ltv_bps=7300", "seed=5")
    assert unwind.spec.seed == 1


def test_vary__section__is_replaced_whole_and_shown_in_one_line(unwind: Scenario) -> None:
    varied = vary(unwind, {"oracle.USDe": {"kind": "same-as", "asset": "USDC"}})

    assert varied.spec.oracle["USDe"].kind == "same-as"
    assert varied.overrides == ("oracle.USDe={kind: same-as, asset: USDC}",)


def test_vary__value_changed_afterwards__does_not_change_the_scenario(unwind: Scenario) -> None:
    reserves = {"USDC": 1000, "USDe": 1000}
    varied = vary(unwind, {"venues.usde-usdc.reserves": reserves, "venues.usde-usdc.reserves.USDC": 2000})

    assert reserves == {"USDC": 1000, "USDe": 1000}
    pool = varied.spec.venues["usde-usdc"]
    assert isinstance(pool, StableSwapVenue)
    assert pool.reserves == {"USDC": Decimal(2000), "USDe": Decimal(1000)}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("colour", "red", "usde-unwind.yaml: colour = 'red': unknown key"),
        ("lending.reserves.USDe.ltv_bps", 8301, "ltv_bps 8301 exceeds liquidation_threshold_bps 8300"),
        ("oracle.USDe", {"kind": "same-as", "asset": "USDT"}, "oracle.USDe.asset = 'USDT': has no price source"),
    ],
)
def test_vary__what_loading_would_refuse__is_refused_alike(
    unwind: Scenario, path: str, value: object, expected: str
) -> None:
    with pytest.raises(ScenarioError, match=expected):
        vary(unwind, {path: value})


def test_restore__from_its_own_text__is_the_same_scenario(unwind: Scenario) -> None:
    restored = restore_scenario(
        text=unwind.text, path_file="macro-2025-10-10.csv", path_text=unwind.path_text, file="again.yaml"
    )

    assert restored.spec == unwind.spec
    assert restored.path_json() == unwind.path_json()
    assert restored.file == "again.yaml"


def test_standing__lines_of_a_reserve__are_the_baseline_s_while_building(unwind: Scenario) -> None:
    change = vary(
        unwind,
        {
            "lending.reserves.USDe.ltv_bps": 7300,
            "lending.reserves.USDC.lenders_supply": 130_000_000,
            "lending.flash_loan_premium_bps": 9,
            "lending.engine": "aave-v3",
            "lending.emodes": {1: MODE},
            "agents.buyers.capital": 1_000_000,
        },
    )
    standing = standing_positions(unwind, change)

    assert standing is not None
    built = standing.foundation.spec
    assert built.lending.reserves["USDe"] == unwind.spec.lending.reserves["USDe"]
    assert built.lending.flash_loan_premium_bps == 5
    assert built.lending.reserves["USDC"].lenders_supply == 130_000_000
    assert built.lending.engine == "aave-v3"
    assert list(built.lending.emodes) == [1]
    assert built.agents == change.spec.agents
    assert standing.plans == plan_positions(unwind)


@pytest.mark.parametrize(
    "changes",
    [
        {"agents.buyers.capital": 1_000_000},
        {"positions.loopers.count": 399, "lending.reserves.USDe.ltv_bps": 7900},
        {"seed": 2, "lending.reserves.USDe.ltv_bps": 8100},
        {"lending.engine": "aave-v3"},
    ],
)
def test_standing__same_lines_or_other_positions__is_what_the_change_builds_itself(
    unwind: Scenario, changes: dict[str, object]
) -> None:
    assert standing_positions(unwind, vary(unwind, changes)) is None


def test_standing__collateral_lines_to_zero__are_refused_as_the_configurator_does(unwind: Scenario) -> None:
    lines = {"ltv_bps": 0, "liquidation_threshold_bps": 0, "liquidation_bonus_bps": 0}
    change = vary(unwind, {f"lending.reserves.USDC.{key}": value for key, value in lines.items()})

    with pytest.raises(
        ScenarioError, match=r"lending\.reserves\.USDC\.liquidation_threshold_bps = 0: .*ReserveLiquidityNotZero"
    ) as refused:
        standing_positions(unwind, change)
    assert refused.value.exit_code == 2


def test_standing__mode_taken_away__is_refused(unwind: Scenario) -> None:
    with_mode = vary(unwind, {"lending.emodes": {1: MODE}})

    with pytest.raises(ScenarioError, match=r"lending\.emodes\.1: cannot be removed from a pool with open positions"):
        standing_positions(with_mode, unwind)


def test_impossible__limit_at_the_highest_ltv_used__names_nobody_and_a_basis_point_below__one(
    unwind: Scenario,
) -> None:
    plans = [plan for plan in plan_positions(unwind) if plan.rounds]
    most = max(plan.ltv_ppm for plan in plans)
    limit_bps = -(-most // 100)
    above = [plan for plan in plans if plan.ltv_ppm > (limit_bps - 1) * 100]

    at = vary(unwind, {"lending.reserves.USDe.ltv_bps": limit_bps})
    below = vary(unwind, {"lending.reserves.USDe.ltv_bps": limit_bps - 1})

    assert impossible_positions(unwind, at) == ()
    assert impossible_positions(unwind, below) == tuple(
        ImpossiblePosition(plan.borrower, plan.cohort, "USDe", plan.ltv_ppm, limit_bps - 1) for plan in above
    )
    assert above


def test_impossible__pledge_over_the_change_s_ltv__is_named_with_its_own_account(unwind: Scenario) -> None:
    change = vary(unwind, {"lending.reserves.WETH.ltv_bps": 6700})
    named = impossible_positions(unwind, change)

    # Pledges are drawn between 0.66 and 0.69; what is pledged is rounded up by less than a millionth.
    assert 0 < len(named) < 20
    assert all(one.account.endswith("-pledge") and one.asset == "WETH" for one in named)
    assert all(670_000 < one.ltv_ppm <= 690_000 and one.limit_bps == 6700 for one in named)


def test_impossible__mode_of_the_change__is_the_limit_of_its_members(unwind: Scenario) -> None:
    in_mode = vary(unwind, {"lending.emodes": {1: MODE}, "positions.loopers.emode": 1})
    change = vary(in_mode, {"lending.emodes.1.ltv_bps": 7000})
    named = impossible_positions(in_mode, change)

    assert named
    assert {one.cohort for one in named} == {"loopers"}
    assert {one.limit_bps for one in named} == {7000}


def test_impossible__positions_that_the_change_replaces__are_not_checked(unwind: Scenario) -> None:
    assert impossible_positions(unwind, vary(unwind, {"positions.loopers.count": 399})) == ()


def test_pledge__over_the_pool_s_ltv__is_refused_when_it_is_planned(unwind: Scenario) -> None:
    with pytest.raises(ScenarioError, match=r"positions\.whales\.pledge\.ltv = '0\.69': the pool lends 66\.00%"):
        plan_positions(vary(unwind, {"lending.reserves.WETH.ltv_bps": 6600}))


def test_load__sensitivity_of_an_unknown_entry__is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"sensitivity = 'venues\.curve\.fee': no such parameter"):
        load_scenario(UNWIND, set={"sensitivity": {"venues.curve.fee": [1]}})
