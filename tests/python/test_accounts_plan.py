"""Accounts of a file, judged before there is a chain: values, health factors, caps, lenders, and who is refused."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from cascade.account_files import Account, Holding, canonical_text
from cascade.errors import ScenarioError
from cascade.experiments.comparison.positions import impossible_positions
from cascade.experiments.comparison.result import ImpossiblePosition
from cascade.positions.accounts.plan import AccountsPlan, market_of, plan_accounts, scenario_to_build
from cascade.positions.accounts.pool_rules import Market, ltv_of, worth_of
from cascade.positions.preflight import check_shock, note_unreached
from cascade.scenario.load import Scenario, load_scenario, restore_scenario, vary
from cascade.scenario.model import AccountsSpec, CohortSpec
from cascade.toolchain.paths import project_root
from cascade.units import NO_DEBT_WAD, WAD
from cascade.vocabulary import AccountStatus, Obstacle

SCENARIOS = project_root() / "scenarios"
A, B, C = (f"0x{digit * 40}" for digit in "123")
HEAD = "account,asset,supplied,borrowed,used_as_collateral,emode"

SCENARIO = f"""
extends: {SCENARIOS}/frictionless-loop.yaml
name: accounts
prices: {{path: path.csv}}
assets: {{WETH: {{decimals: 18}}, WBTC: {{decimals: 8}}}}
oracle:
  WETH: {{kind: posted, initial_price_usd: 4000}}
  WBTC: {{kind: posted, initial_price_usd: 100000}}
lending:
  reserves:
    USDC: {{ltv_bps: 7500, liquidation_threshold_bps: 7800, liquidation_bonus_bps: 450, lenders_supply: 1_000_000}}
    WETH: {{ltv_bps: 8000, liquidation_threshold_bps: 8300, liquidation_bonus_bps: 500}}
    WBTC: {{borrowing: false}}
  emodes:
    1:
      ltv_bps: 9000
      liquidation_threshold_bps: 9300
      liquidation_bonus_bps: 200
      collateral: [USDe]
      borrowable: [USDC]
positions:
  looper: {{kind: accounts, file: book.csv}}
provenance: []
"""

PATH = """time,asset,price
2025-10-10T21:40:00Z,USDe,1
2025-10-10T21:41:00Z,USDe,0.75
2025-10-10T21:42:00Z,USDe,0.75
"""


def scenario_of(tmp_path: Path, rows: str, **changes: object) -> Scenario:
    (tmp_path / "mine.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "path.csv").write_text(PATH, encoding="utf-8")
    (tmp_path / "book.csv").write_text(f"{HEAD}\n{rows}", encoding="utf-8")
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return load_scenario(tmp_path / "mine.yaml", set=dotted)


def planned(tmp_path: Path, rows: str, **changes: object) -> AccountsPlan:
    return plan_accounts(scenario_of(tmp_path, rows, positions__looper__skip=True, **changes))


def statuses(plan: AccountsPlan) -> list[tuple[AccountStatus, Obstacle | None]]:
    return [(one.status, one.obstacle) for one in plan.planned]


BUILT = (AccountStatus.BUILT, None)


def refused(obstacle: Obstacle) -> tuple[AccountStatus, Obstacle]:
    return AccountStatus.NOT_BUILT, obstacle


def test_worth__several_collaterals_and_debts__is_what_the_pool_computes(tmp_path: Path) -> None:
    rows = f"{A},USDe,50000.5,0,true,0\n{A},WETH,3,1,true,0\n{A},USDC,1000,20000,false,0\n"

    (one,) = planned(tmp_path, rows).planned

    # By hand: 50,000.5 USDe at 1 and 3 WETH at 4,000, both at 83 %; owed are 20,000 and 4,000. The supply of USDC is no
    # collateral.
    assert one.worth.supplied_e8 == 6_300_050_000_000
    assert one.worth.collateral_e8 == 6_200_050_000_000
    assert one.worth.debt_e8 == 2_400_000_000_000
    exact = Fraction(6_200_050_000_000 * 8300, 10_000) / 2_400_000_000_000
    assert one.worth.health_factor_wad == int(exact * WAD)
    assert statuses(AccountsPlan(planned=(one,))) == [BUILT]


def test_worth__amounts_below_a_cent__round_against_the_account() -> None:
    lending = load_scenario(SCENARIOS / "frictionless-loop.yaml").spec.lending
    market = Market(lending, {"USDe": 99_999_999, "USDC": 100_000_001}, {"USDe": 18, "USDC": 6})
    account = Account(A, 0, (Holding("USDe", 10**18 + 1, 0), Holding("USDC", 0, 500_001)))

    worth = worth_of(account, market)

    # 1.000000000000000001 x 0.99999999 rounds down to 0.99999999; 0.500001 x 1.00000001 = 0.50000100500001 rounds up.
    assert (worth.collateral_e8, worth.debt_e8) == (99_999_999, 50_000_101)


def test_worth__without_debt__has_no_health_factor(tmp_path: Path) -> None:
    (one,) = planned(tmp_path, f"{A},WETH,1,0,true,0\n").planned

    assert one.worth.health_factor_wad == NO_DEBT_WAD


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # At 93 % of 100,000 the health factor is exactly 1; the pool's own rounding of balances needs two units more.
        (f"{A},USDe,100000,0,true,1\n{A},USDC,,93000,,1\n", refused(Obstacle.LTV_ROUNDED)),
        (f"{A},USDe,100000,0,true,1\n{A},USDC,,92999.999997,,1\n", BUILT),
        (f"{A},USDe,100000,0,true,1\n{A},USDC,,93000.000001,,1\n", refused(Obstacle.HEALTH_FACTOR)),
        (f"{A},USDe,100000,0,true,0\n{A},USDC,,82999,,0\n", BUILT),
        (f"{A},USDe,100000,0,true,0\n{A},USDC,,83001,,0\n", refused(Obstacle.HEALTH_FACTOR)),
        (f"{A},USDe,100000,0,false,0\n{A},USDC,,10,,0\n", refused(Obstacle.NO_COLLATERAL)),
        (f"{A},WBTC,1,0,true,0\n{A},USDC,,10,,0\n", refused(Obstacle.NO_COLLATERAL)),
        (f"{A},USDe,100000,0,true,1\n{A},WETH,,1,,1\n", refused(Obstacle.MODE_WITHOUT_DEBT)),
        (f"{A},USDe,100000,0,true,7\n", refused(Obstacle.MODE_UNKNOWN)),
        (f"{A},WETH,100,0,true,0\n{A},WBTC,,1,,0\n", refused(Obstacle.BORROWING_OFF)),
        (f"{A},WETH,1,0,true,0\n{A},XYZ,1,0,true,0\n", refused(Obstacle.ASSET_LEFT_OUT)),
        (f"{A},WETH,1,0,true,0\n", BUILT),
        (f"{A},USDe,0.5,0,true,0\n{A},WETH,0.000124,0,true,0\n", (AccountStatus.DUST, None)),
        (f"{A},USDe,0.5,0,true,0\n{A},WETH,0.000125,0,true,0\n", BUILT),
    ],
)
def test_account__at_each_line_of_the_pool__stands_or_is_refused(
    tmp_path: Path, rows: str, expected: tuple[AccountStatus, Obstacle | None]
) -> None:
    plan = planned(
        tmp_path, rows, positions__looper__assets={"XYZ": None}, lending__reserves__USDC__lenders_supply=10**6
    )

    assert statuses(plan) == [expected]


def test_account__whose_average_threshold_is_rounded__needs_what_the_pool_asks(tmp_path: Path) -> None:
    # 100 of USDe at 93 % and 50 of USDC at 78 %: 132.00 of weighted value over 150 is 88 % exactly; with 51 it is
    # 132.78 / 151 = 87.9337 %, which the pool rounds to 87.93 %, so that 132.7743 and not 132.78 may be owed.
    even = f"{A},USDe,100,0,true,1\n{A},USDC,50,{{}},true,1\n"
    odd = f"{A},USDe,100,0,true,1\n{A},USDC,51,{{}},true,1\n"

    assert statuses(planned(tmp_path, even.format("131.99999"))) == [BUILT]
    assert statuses(planned(tmp_path, odd.format("132.7742"))) == [BUILT]
    assert statuses(planned(tmp_path, odd.format("132.7744"))) == [refused(Obstacle.LTV_ROUNDED)]
    assert statuses(planned(tmp_path, odd.format("132.7801"))) == [refused(Obstacle.HEALTH_FACTOR)]


def test_caps__accounts_in_the_order_of_the_file__take_the_room(tmp_path: Path) -> None:
    rows = f"{A},WETH,6,0,true,0\n{A},USDC,,100,,0\n{B},WETH,5,0,true,0\n{C},WETH,4,0,true,0\n{C},USDC,,901,,0\n"

    plan = planned(tmp_path, rows, lending__reserves__WETH__supply_cap=10)
    assert statuses(plan) == [BUILT, refused(Obstacle.SUPPLY_CAP), BUILT]

    plan = planned(tmp_path, rows, lending__reserves__USDC__borrow_cap=1001)
    assert statuses(plan) == [BUILT, BUILT, BUILT]
    plan = planned(tmp_path, rows, lending__reserves__USDC__borrow_cap=1000)
    assert statuses(plan) == [BUILT, BUILT, refused(Obstacle.BORROW_CAP)]


def test_supply_cap__lenders_supply__counts_too(tmp_path: Path) -> None:
    rows = f"{A},USDC,10,0,true,0\n"

    assert statuses(planned(tmp_path, rows, lending__reserves__USDC__supply_cap=1_000_010)) == [BUILT]
    plan = planned(tmp_path, rows, lending__reserves__USDC__supply_cap=1_000_009)
    assert statuses(plan) == [refused(Obstacle.SUPPLY_CAP)]


def test_utilisation__stated__is_met_from_above_by_lenders(tmp_path: Path) -> None:
    rows = f"{A},WETH,100,0,true,0\n{A},USDC,,70000.000001,,0\n{B},USDC,20000,0,true,0\n"
    changes = {"lending__reserves__USDC__lenders_supply": 0, "positions__looper__utilisation_bps": {"USDC": 7000}}

    plan = planned(tmp_path, rows, **changes)

    # 70,000.000001 / 0.7 = 100,000.0000014...: 100,000.000002 in all, of which the accounts supply 20,000.
    assert plan.lenders_raw == {"USDC": 80_000_000_002}
    scenario = scenario_of(tmp_path, rows, **changes)
    assert scenario_to_build(scenario, plan).spec.lending.reserves["USDC"].lenders_supply == Decimal("80000.000002")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"utilisation_bps": {"USDC": 9000}}, "expected at most 5000"),
        ({"utilisation_bps": {"USDX": 9000}}, "unknown reserve"),
        ({"utilisation_bps": {"USDC": 10_001}}, "less than or equal to 10000"),
    ],
)
def test_utilisation__that_cannot_be__is_refused(tmp_path: Path, changes: dict[str, object], expected: str) -> None:
    rows = f"{A},WETH,100,0,true,0\n{A},USDC,20000,10000,,0\n"
    dotted = {f"positions__looper__{key}": value for key, value in changes.items()}

    with pytest.raises(ScenarioError, match=expected):
        planned(tmp_path, rows, lending__reserves__USDC__lenders_supply=0, **dotted)


def test_utilisation__beside_a_stated_supply_of_lenders__is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="expected one of the two"):
        planned(tmp_path, f"{A},WETH,1,0,true,0\n", positions__looper__utilisation_bps={"USDC": 5000})


def test_utilisation__over_the_supply_cap__is_refused(tmp_path: Path) -> None:
    rows = f"{A},WETH,100,0,true,0\n{A},USDC,,10000,,0\n"
    changes: dict[str, object] = {"lending__reserves__USDC__lenders_supply": 0}
    changes["positions__looper__utilisation_bps"] = {"USDC": 5000}

    assert planned(tmp_path, rows, **changes, lending__reserves__USDC__supply_cap=20_000).lenders_raw
    with pytest.raises(ScenarioError, match="needs 20,000 USDC supplied, over its supply cap 19,999"):
        planned(tmp_path, rows, **changes, lending__reserves__USDC__supply_cap=19_999)


def test_borrowed_beyond_supply__is_refused_at_the_line_that_exceeds_it(tmp_path: Path) -> None:
    rows = f"{A},WETH,100,0,true,0\n{A},USDC,,600,,0\n{B},WETH,100,0,true,0\n{B},USDC,,{{}},,0\n"

    assert planned(tmp_path, rows.format(400), lending__reserves__USDC__lenders_supply=1000).built
    with pytest.raises(
        ScenarioError, match=r"book.csv: line 5 = .*with this account 1,001 USDC are borrowed, and 1,000"
    ):
        planned(tmp_path, rows.format(401), lending__reserves__USDC__lenders_supply=1000)


def test_amounts__worth_a_trillion_dollars__are_taken_for_raw_ones_and_refused(tmp_path: Path) -> None:
    # One WETH is 4,000 dollars before the crash.
    assert statuses(planned(tmp_path, f"{A},WETH,249999999,0,true,0\n")) == [BUILT]
    with pytest.raises(ScenarioError) as refusal:
        planned(tmp_path, f"{B},WETH,1,0,true,0\n{A},WETH,250000000,0,true,0\n")

    assert str(refusal.value).startswith(f"book.csv: line 3 = '{A}': its amounts are worth 1,000,000,000,000 dollars")
    assert "columns: {supplied_raw: NAME, borrowed_raw: NAME}" in str(refusal.value)


def test_obstacles__without_skip__are_an_error_that_lists_accounts_and_reasons(tmp_path: Path) -> None:
    bad = "".join(f"0x{i:040x},USDe,100,0,true,1\n0x{i:040x},USDC,,94,,1\n" for i in range(0x10001, 0x10006))

    with pytest.raises(ScenarioError) as error:
        plan_accounts(scenario_of(tmp_path, f"{A},WETH,1,0,true,0\n{bad}"))

    message = str(error.value)
    assert message.startswith("book.csv: 5 of 6 accounts cannot be built (5 health-factor): line 3: 0x")
    assert "health factor 0.9893 is under 1" in message
    assert "; and 2 more; positions.looper.skip: true" in message
    assert "\n" not in message


def test_borrows_false__accounts__keep_their_supplies_alone(tmp_path: Path) -> None:
    plan = planned(tmp_path, f"{A},WETH,1,0,true,0\n{A},USDC,,94000,,0\n", positions__looper__borrows=False)

    assert plan.built == [Account(A, 0, (Holding("WETH", 10**18, 0),))]
    assert not plan.borrowers


def test_impossible_positions__accounts__are_those_that_only_the_baseline_lends_for(tmp_path: Path) -> None:
    # 80 % is lent on USDe before and 70 % after: 75,000 of 100,000 is lent before only, 65,000 by both, 82,000 by none.
    debts = ((A, 75_000), (B, 65_000), (C, 82_000))
    rows = "".join(f"{account},USDe,100000,0,true,0\n{account},USDC,,{debt},,0\n" for account, debt in debts)
    baseline = scenario_of(tmp_path, rows)
    change = vary(baseline, {"lending.reserves.USDe.ltv_bps": 7000})

    assert impossible_positions(baseline, change) == (ImpossiblePosition(A, "looper", "USDe", 750_000, 7000),)
    assert impossible_positions(baseline, baseline) == ()


def test_ltv__two_collaterals__is_lent_on_their_rounded_average(tmp_path: Path) -> None:
    # 100 of USDe at 90 % and 51 of USDC at 75 %: 128.25 / 151 = 84.9337 %, of which the pool lends 84.93 %.
    scenario = scenario_of(tmp_path, f"{A},USDe,100,0,true,1\n{A},USDC,51,75.5,true,1\n")

    assert ltv_of(plan_accounts(scenario).built[0], market_of(scenario)) == (500_000, 8493)


def test_scenario_to_build__lends_up_to_the_threshold_without_caps(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path, f"{A},WETH,1,0,true,0\n", lending__reserves__WETH__supply_cap=5)

    lending = scenario_to_build(scenario, plan_accounts(scenario)).spec.lending

    assert (lending.reserves["WETH"].ltv_bps, lending.reserves["WETH"].supply_cap) == (8300, 0)
    assert lending.emodes[1].ltv_bps == 9300
    assert scenario_to_build(scenario, AccountsPlan()) is scenario


def test_check_shock__accounts_alone__are_judged_on_the_path(tmp_path: Path) -> None:
    # USDe falls to 0.75: a debt of 69.75 % of the collateral is exactly on the line of 93 %.
    rows = f"{A},USDe,100000,0,true,1\n{A},USDC,,{{}},,1\n"
    falls, stays = (scenario_of(tmp_path, rows.format(debt)) for debt in (69_751, 69_749))

    assert check_shock(falls, [], plan_accounts(falls)) is None
    with pytest.raises(ScenarioError, match=f"the weakest, {A}, stays at 1.0000 at 21:41:00"):
        check_shock(stays, [], plan_accounts(stays))


def test_note_unreached__accounts_without_an_exit__are_counted_unless_a_keeper_has_an_inventory(tmp_path: Path) -> None:
    # The keeper of the scenario sells USDe for USDC: whoever has either of the two otherwise is out of its reach.
    rows = (
        f"{A},USDe,1000,0,true,0\n{A},USDC,,500,,0\n"
        f"{B},WETH,1,0,true,0\n{B},USDC,,1500,,0\n"
        f"{C},WETH,1,0,true,0\n{C},USDe,100,0,true,0\n{C},USDC,,50,,0\n"
    )
    flash, held = (
        scenario_of(tmp_path, rows, **{"agents__keeper__funding": funding, "agents__keeper__inventory": inventory})
        for funding, inventory in (("flash-loan", 0), ("inventory", 1000))
    )

    assert note_unreached(flash, plan_accounts(flash)) == (
        "accounts that no keeper can liquidate: 1, with 1,500 dollars of debt: no exit pays USDC for their collateral, "
        "and none has an inventory"
    )
    assert note_unreached(held, plan_accounts(held)) is None
    assert note_unreached(flash, AccountsPlan()) is None


def test_scenario__without_a_kind__is_a_cohort_and_its_parameters_have_none() -> None:
    scenario = load_scenario(SCENARIOS / "frictionless-loop.yaml")
    stated = load_scenario(SCENARIOS / "frictionless-loop.yaml", set={"positions.looper.kind": "loops"})

    assert isinstance(scenario.spec.positions["looper"], CohortSpec)
    assert '"kind":"loops"' not in scenario.parameters_json()
    assert stated.parameters_json() == scenario.parameters_json()


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("positions.looper.kind", "account", "unknown kind: did you mean accounts?"),
        ("positions.looper.count", 5, "unknown key"),
        ("positions.looper.format", "csv", "Input should be 'long', 'subgraph', 'query' or 'wide'"),
        ("positions.looper.file", "missing.csv", "cannot be read"),
        ("positions.second", {"kind": "accounts", "file": "book.csv"}, "positions.looper has a file of accounts"),
        (
            "agents.stop",
            {
                "kind": "stop-loss", "cohort": "looper", "venue": "at-oracle",
                "trigger_health_factor": {"kind": "fixed", "value": 1.05}, "target_health_factor": 1.1,
            },
            "is a file of accounts, which nobody acts for",
        ),
    ],
)  # fmt: skip
def test_scenario__entry_of_accounts_that_is_wrong__is_refused(
    tmp_path: Path, key: str, value: object, expected: str
) -> None:
    with pytest.raises(ScenarioError) as error:
        scenario_of(tmp_path, f"{A},WETH,1,0,true,0\n", **{key.replace(".", "__"): value})

    assert expected in str(error.value)


def test_restored_scenario__has_the_accounts_and_the_identity_of_the_run(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path, f"{A},WETH,1,0,true,0\n{A},XYZ,2,0,,\n", positions__looper__assets={"XYZ": None})

    again = restore_scenario(
        text=scenario.text,
        path_file="path.csv",
        path_text=scenario.path_text,
        file="mine.yaml",
        account_texts=scenario.account_texts(),
    )

    assert again.accounts == scenario.accounts
    assert again.parameters_json() == scenario.parameters_json()
    assert again.account_texts() == {"looper": canonical_text(scenario.accounts["looper"])}


def test_vary__another_key__reads_no_file_again(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path, f"{A},WETH,1,0,true,0\n")
    (tmp_path / "book.csv").unlink()

    changed = vary(scenario, {"positions.looper.dust_usd": 5})

    assert changed.accounts == scenario.accounts
    entry = changed.spec.positions["looper"]
    assert isinstance(entry, AccountsSpec)
    assert entry.dust_usd == 5
    with pytest.raises(ScenarioError, match="cannot be read"):
        vary(scenario, {"positions.looper.file": "other.csv"})
