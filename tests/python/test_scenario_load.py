"""Scenarios that must be refused, each in one line that names file, key and value."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from cascade.errors import ScenarioError
from cascade.positions.plan import plan_positions
from cascade.positions.preflight import check_liquidity
from cascade.scenario.load import load_scenario
from cascade.toolchain.paths import project_root

SCENARIOS = project_root() / "scenarios"
FRICTIONLESS = SCENARIOS / "frictionless-loop.yaml"


def written(tmp_path: Path, text: str, csv: str | None = None) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    (tmp_path / "frictionless-loop.csv").write_text(
        csv if csv is not None else (SCENARIOS / "frictionless-loop.csv").read_text(encoding="utf-8"), encoding="utf-8"
    )
    return file


def read_and_plan(change: str) -> None:
    """What a command does before it starts anything."""
    scenario = load_scenario(FRICTIONLESS, overrides=[change])
    check_liquidity(scenario, plan_positions(scenario))


def require_one_line(refusal: ScenarioError, *parts: str) -> None:
    """Require that a refusal is one line and has every part."""
    message = str(refusal)
    assert "\n" not in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    "name", ["frictionless-loop", "loop-and-crash", "aave-peg", "usde-unwind", "redemption-open", "susde-carry"]
)
def test_scenario__shipped__loads(name: str) -> None:
    scenario = load_scenario(SCENARIOS / f"{name}.yaml")

    assert scenario.spec.name == name
    assert scenario.spec.provenance, "every shipped scenario says where its parameters come from"


@pytest.mark.parametrize(
    ("change", "key", "value", "expected"),
    [
        ("lending.reserves.USDe.ltvbps=8000", "lending.reserves.USDe.ltvbps", "8000", "unknown key"),
        (
            "lending.reserves.USDe.ltv_bps=8301",
            "lending.reserves.USDe",
            "8301",
            "exceeds liquidation_threshold_bps 8300",
        ),
        ("lending.reserves.USDe.ltv_bps='8000'", "lending.reserves.USDe.ltv_bps", "'8000'", "valid integer"),
        ("lending.reserves.USDe.ltv_bps=80.5", "lending.reserves.USDe.ltv_bps", "80.5", "valid integer"),
        ("lending.reserves.USDe.liquidation_bonus_bps=2500", "lending.reserves.USDe", "", "exceeds 100 %"),
        ("lending.reserves.USDC.lenders_supply='1000'", "lenders_supply", "'1000'", "not text"),
        ("lending.reserves.USDC.lenders_supply=true", "lenders_supply", "True", "not text"),
        ("lending.reserves.USDC.lenders_supply=-1", "lenders_supply", "-1", "greater than or equal to 0"),
        ("lending.reserves.USDC.lenders_supply=.inf", "lenders_supply", "inf", "finite"),
        ("lending.reserves.USDC.lenders_supply=0.0000001", "lenders_supply", "1E-7", "6 decimals"),
        (f"lending.reserves.USDC.lenders_supply={10**72}", "lenders_supply", "1000", "exceeds uint256"),
        ("lending.reserves.USDC.lenders_supply=268927", "lenders_supply", "268927", "borrow 268928 USDC"),
        ("venues.at-oracle.reserves.USDe=268927", "venues.at-oracle.reserves.USDe", "268927", "drain the pool"),
        ("venues.USDC={kind: par-mint, asset_in: USDC, asset_out: USDe}", "venues.USDC", "'USDC'", "name of an asset"),
        ("venues.m={kind: par-mint, asset_in: USDe, asset_out: USDC}", "venues.m.asset_out", "'USDC'", "kind usde"),
        (
            "venues.m={kind: par-mint, asset_in: USDC, asset_out: USDe, redemption: {fee_bps: 10000}}",
            "venues.m.redemption.fee_bps",
            "10000",
            "less than or equal to 9999",
        ),
        ("venues.at-oracle.reserves.USDe=0", "venues.at-oracle.reserves.USDe", "0", "without liquidity"),
        ("positions.looper.collateral=WETH", "positions.looper.collateral", "'WETH'", "expected an asset of lending"),
        ("positions.looper.venue=nowhere", "positions.looper.venue", "'nowhere'", "unknown venue"),
        ("positions.looper.emode=3", "positions.looper.emode", "3", "unknown mode"),
        ("positions.looper.target.ltv_per_round_bps=8001", "ltv_per_round_bps", "0.8001", "the pool lends 80.00%"),
        ("positions.looper.target={leverage: {kind: fixed, value: 6}}", "target.leverage", "6.0", "5 rounds can reach"),
        ("positions.looper.equity={kind: fixed}", "positions.looper.equity", "", "needs value"),
        ("oracle.USDC=null", "oracle.USDC", "", "dictionary"),
        ("oracle.USDe={kind: same-as, asset: USDe}", "oracle.USDe", "'USDe'", "form a cycle: USDe -> USDe"),
        ("oracle.USDe={kind: guessed}", "oracle.USDe.kind", "'guessed'", "unknown kind; known are posted, same-as"),
        ("agents.treasury={kind: path-flow, venue: at-oracle, asset: USDe}", "agents.treasury", "", "stable-swap"),
        (
            "agents.looper={kind: keeper, exits: [at-oracle]}",
            "agents.looper",
            "'looper-0'",
            "taken by positions.looper",
        ),
        ("agents.oracle.assets=[USDX]", "agents.oracle.assets", "'USDX'", "holds, a posted feed"),
        ("agents.keeper.exits=[]", "agents.keeper", "", "needs exits"),
        ("timeline.end=2025-10-10T21:39:00Z", "timeline", "", "is not after start"),
        (
            "timeline.start=2025-10-10T21:39:00",
            "timeline.start",
            "2025-10-10T21:39:00",
            "expected a time with a time zone",
        ),
        ("timeline.end=2025-10-10T21:43:00Z", "USDe", "21:42:00Z", "must cover the timeline"),
        ("prices.max_gap=35", "USDe", "36 s after", "at most max_gap, 35 s"),
        ("prices.path=missing.csv", "", "", "cannot be read"),
        ("seed=1.5", "seed", "1.5", "valid integer"),
        ("seed=one", "seed", "'one'", "valid integer"),
        ("seed=-1", "seed", "-1", "greater than or equal to 0"),
        ("name='../elsewhere'", "name", "'../elsewhere'", "match pattern"),
        ("seed.deeper=1", "seed.deeper", "1", "has no keys below it"),
        ("just-text", "", "'just-text'", "PATH=VALUE"),
        ("provenance=[{status: known, source: x, keys: [seed]}]", "provenance.0.status", "'known'", "'observed'"),
        ("provenance=[{status: assumed, source: x, keys: [nothing]}]", "provenance.0.keys", "'nothing'", "no such"),
    ],
)
def test_scenario__impossible_change__refused_in_one_line(change: str, key: str, value: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        read_and_plan(change)

    require_one_line(refusal.value, key, value, expected)


@pytest.mark.parametrize(
    ("change", "key", "value", "expected"),
    [
        ("assets.sUSDe.stakes=USDC", "assets.sUSDe.stakes", "'USDC'", "expected an asset of kind usde"),
        ("assets.sUSDe.stakes=null", "assets.sUSDe", "", "staked-usde needs stakes"),
        ("assets.USDC.stakes=USDe", "assets.USDC", "", "erc20 takes no stakes"),
        ("assets.USDe.decimals=6", "assets.USDe", "", "usde has 18 decimals"),
        ("ethena.minting=nowhere", "ethena.minting", "'nowhere'", "unknown venue"),
        ("ethena.staked=USDe", "ethena.staked", "'USDe'", "a staked-usde that stakes USDe"),
        ("ethena.spot=USDC", "ethena.spot", "'USDC'", "is the asset that minting is paid in"),
        ("ethena.spot=sUSDe", "ethena.spot", "'sUSDe'", "expected an asset of kind erc20"),
        ("oracle.WETH={kind: same-as, asset: USDC}", "ethena.spot", "'WETH'", "oracle.WETH to be posted"),
        ("ethena.rewards_interval_seconds=28799", "rewards_interval_seconds", "28799", "equal to 28800"),
        ("ethena.hedged_share_bps=10001", "hedged_share_bps", "10001", "equal to 10000"),
        ("ethena=null", "agents.reserve.kind", "'ethena-reserve'", "there is no reserve: add ethena"),
        ("agents.second={kind: ethena-reserve}", "agents.second.kind", "'ethena-reserve'", "run by reserve already"),
        ("agents.reserve.refill_per_block=0.0000001", "refill_per_block", "1E-7", "6 decimals"),
        ("positions.loopers.debt=sUSDe", "positions.loopers.debt", "'sUSDe'", "borrowing is off"),
    ],
)
def test_ethena__impossible_change__refused_in_one_line(change: str, key: str, value: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        load_scenario(SCENARIOS / "susde-carry.yaml", overrides=[change])

    require_one_line(refusal.value, key, value, expected)


@pytest.mark.parametrize(
    ("change", "key", "value", "expected"),
    [
        ("assets.wstETH.rate=null", "assets.wstETH", "", "rate-token needs rate"),
        ("assets.wstETH.rate=0", "assets.wstETH.rate", "0", "greater than 0"),
        ("assets.wstETH.of=null", "assets.wstETH", "", "rate-token needs of"),
        ("assets.wstETH.of=stETH", "assets.wstETH.of", "'stETH'", "unknown asset"),
        ("assets.wstETH.of=wstETH", "assets.wstETH.of", "'wstETH'", "expected an asset of kind erc20 or usde"),
        ("assets.WETH.rate=1.1", "assets.WETH", "", "erc20 takes no rate"),
        ("oracle.wstETH.asset=wstETH", "oracle.wstETH.asset", "'wstETH'", "expected WETH, which wstETH converts to"),
        (
            "oracle.WETH={kind: vault-rate, asset: WETH}",
            "oracle.WETH.kind",
            "'vault-rate'",
            "expected WETH to be of kind staked-usde or rate-token",
        ),
        ("oracle.wstETH.snapshot_age_seconds=60", "oracle.wstETH", "", "snapshot_age_seconds needs snapshot_ratio"),
        ("oracle.wstETH.snapshot_ratio=0", "oracle.wstETH", "0", "greater than 0"),
    ],
)
def test_rate_token__impossible_change__refused_in_one_line(change: str, key: str, value: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        load_scenario(SCENARIOS / "capo-2026-03.yaml", overrides=[change])

    require_one_line(refusal.value, key, value, expected)


def test_scenario__key_given_twice__refused_with_its_line(tmp_path: Path) -> None:
    text = FRICTIONLESS.read_text(encoding="utf-8") + "\nseed: 2\n"

    with pytest.raises(ScenarioError, match=r"mine\.yaml: line \d+: 'seed' is given twice"):
        load_scenario(written(tmp_path, text))


def test_scenario__cohort_given_twice__refused(tmp_path: Path) -> None:
    text = FRICTIONLESS.read_text(encoding="utf-8").replace("agents:\n", "agents:\n  oracle: {kind: keeper}\n")

    with pytest.raises(ScenarioError, match="'oracle' is given twice"):
        load_scenario(written(tmp_path, text))


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "name: [", "name: \x00", "just text"])
def test_scenario__not_a_mapping__refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScenarioError, match=r"mine\.yaml"):
        load_scenario(written(tmp_path, text))


def test_scenario__extends_itself__refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="extends itself"):
        load_scenario(written(tmp_path, "extends: mine.yaml\n"))


def test_scenario__extends_and_sets__later_wins(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(FRICTIONLESS.read_text(encoding="utf-8"), encoding="utf-8")
    file = written(tmp_path, "extends: base.yaml\nseed: 5\npositions: {looper: {rounds: 4}}\n")

    scenario = load_scenario(file, overrides=["positions.looper.rounds=3"])

    assert scenario.seed == 5
    assert scenario.spec.cohorts["looper"].rounds == 3
    assert scenario.spec.cohorts["looper"].count == 1


def test_scenario__set_from_python__same_as_from_text() -> None:
    by_text = load_scenario(FRICTIONLESS, overrides=["lending.reserves.USDC.lenders_supply=500000.25"])
    by_value = load_scenario(FRICTIONLESS, set={"lending.reserves.USDC.lenders_supply": 500_000.25})

    assert by_text.parameters_json() == by_value.parameters_json()
    assert by_text.spec.lending.reserves["USDC"].lenders_supply == Decimal("500000.25")


def test_scenario__set_from_python__leaves_the_callers_values_alone() -> None:
    given = {"rate": {"optimal_usage_bps": 9200, "base_bps": 0, "slope1_bps": 550, "slope2_bps": 4000}}
    load_scenario(
        FRICTIONLESS,
        set={"lending.reserves.USDC.rate": given["rate"], "lending.reserves.USDC.rate.slope1_bps": 600},
    )

    assert given["rate"]["slope1_bps"] == 550


def test_scenario__its_own_text__loads_to_the_same_parameters(tmp_path: Path) -> None:
    scenario = load_scenario(SCENARIOS / "aave-peg.yaml", overrides=["positions.loopers.count=7"])
    (tmp_path / "usde-binance-2025-10-10.csv").write_text(scenario.path_text, encoding="utf-8")
    file = tmp_path / "again.yaml"
    file.write_text(scenario.text, encoding="utf-8")

    assert load_scenario(file).parameters_json() == scenario.parameters_json()


def test_reserve__ltv_at_threshold__accepted_and_one_above_refused() -> None:
    at_line = load_scenario(FRICTIONLESS, overrides=["lending.reserves.USDe.ltv_bps=8300"])
    assert at_line.spec.lending.reserves["USDe"].ltv_bps == 8300

    with pytest.raises(ScenarioError, match="ltv_bps 8301 exceeds"):
        load_scenario(FRICTIONLESS, overrides=["lending.reserves.USDe.ltv_bps=8301"])
