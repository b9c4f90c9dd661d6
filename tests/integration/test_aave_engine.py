"""Aave V3.6 itself in the mock's place: the same run, to the unit, and one line where it is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cascade import load_scenario, replay
from cascade.errors import ToolMissing
from cascade.experiments.comparison.compare import NothingChanged, compare, compare_finished
from cascade.experiments.comparison.differences import IDENTITY
from cascade.experiments.comparison.result import Comparison
from cascade.scenario.load import vary
from cascade.toolchain import aave

from .conftest import SCENARIOS, small, small_unwind

CHANGE = {"positions.loopers.count": 30}


def require_aave() -> None:
    try:
        aave.aave_modules()
    except ToolMissing as missing:
        pytest.skip(f"Aave itself is not there to compare with: {missing}")


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    require_aave()
    mock, real = small(**CHANGE), small(**CHANGE, **{"lending.engine": "aave-v3"})
    return compare(mock, real, out=tmp_path_factory.mktemp("engines"))


@pytest.mark.xdist_group("aave")
def test_engines__same_crash__every_amount_price_and_health_factor_is_the_same(engines: Comparison) -> None:
    assert [(p.key, p.baseline, p.change) for p in engines.parameters] == [("lending.engine", "mock", "aave-v3")]
    assert {match.table: match.both for match in engines.rows} == {
        table: len(getattr(engines.baseline, table)) for table in IDENTITY
    }
    assert engines.rows[0].both >= 20
    assert [column for column in engines.columns if column.largest or column.rows_differing] == []
    assert engines.is_identical


@pytest.mark.xdist_group("aave")
def test_engines__same_crash__same_keepers_win_and_lose_for_the_same_reasons(engines: Comparison) -> None:
    # Not `reason`: it names a profit after gas, and Aave's own code takes a little more gas.
    columns = ["step", "actor", "intent", "target", "status", "revert_reason"]
    mock, real = (
        run.transactions[run.transactions["phase"] == "crash"][columns].to_dict("records")
        for run in (engines.baseline, engines.change)
    )

    assert mock == real


@pytest.mark.xdist_group("aave")
def test_engines__frictionless_loop__has_the_same_rounds_and_ends_the_same(tmp_path: Path) -> None:
    require_aave()
    scenario = SCENARIOS / "frictionless-loop.yaml"
    engines = compare(load_scenario(scenario), load_scenario(scenario, set={"lending.engine": "aave-v3"}), out=tmp_path)
    columns = ["round", "borrowed_raw", "swapped_raw", "supplied_raw", "collateral_raw", "debt_raw"]
    mock, real = (run.loops[columns].to_dict("records") for run in (engines.baseline, engines.change))

    assert mock == real
    assert real[-1]["debt_raw"] == 268_928 * 10**6
    assert engines.is_identical
    assert engines.rows[0].both == 1


@pytest.mark.xdist_group("aave")
def test_engines__lines_changed_under_standing_positions__stay_the_same_to_the_unit(tmp_path: Path) -> None:
    require_aave()
    mode = {
        "ltv_bps": 9000,
        "liquidation_threshold_bps": 9300,
        "liquidation_bonus_bps": 200,
        "collateral": ["USDe"],
        "borrowable": ["USDC"],
    }
    baseline = small_unwind(**{"lending.emodes": {1: mode}, "positions.loopers.emode": 1})
    change = {
        "lending.emodes.1.ltv_bps": 7500,
        "lending.emodes.1.liquidation_threshold_bps": 7700,
        "lending.emodes.1.liquidation_bonus_bps": 400,
        "lending.reserves.USDe.supply_cap": 100_000_000,
        "lending.reserves.USDC.rate.slope1_bps": 700,
        "lending.flash_loan_premium_bps": 9,
    }
    mock, real = (
        replay(vary(baseline, {**change, "lending.engine": engine}), like=baseline, out=tmp_path, report=False)
        for engine in ("mock", "aave-v3")
    )
    engines = compare_finished(mock, real)

    assert mock.manifest.built_like is not None
    assert len(mock.liquidations) > 0
    assert set(mock.liquidations.loc[mock.liquidations["collateral_asset"] == "USDe", "bonus_bps"]) <= {400, 500}
    assert engines.is_identical


@pytest.mark.xdist_group("aave")
def test_aave_run__manifest__names_the_engine_and_its_bytecode(engines: Comparison) -> None:
    mock, real = engines.baseline, engines.change

    assert list(mock.runs["engine"]) == ["mock"]
    assert list(real.runs["engine"]) == ["aave-v3"]
    assert set(real.manifest.contracts) - set(mock.manifest.contracts) >= {
        "aave-v3/PoolInstance",
        "aave-v3/ATokenInstance",
        "aave-v3/LiquidationLogic",
        "aave-v3/AaveOracle",
    }
    assert mock.runs["contracts_sha256"].iloc[0] != real.runs["contracts_sha256"].iloc[0]
    assert mock.folder != real.folder


def test_aave_engine__not_installed__one_line_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cascade.chain import aave_artifacts

    monkeypatch.setattr(aave, "checkout", lambda: tmp_path)
    aave_artifacts.load_aave_artifacts.cache_clear()
    try:
        with pytest.raises(ToolMissing, match=r"^lending\.engine = 'aave-v3': .* is not installed: run `make aave`$"):
            replay(small(**{"lending.engine": "aave-v3"}), out=tmp_path / "runs")
    finally:
        aave_artifacts.load_aave_artifacts.cache_clear()

    assert not (tmp_path / "runs").exists()


def test_compare__change_without_an_effect_on_parameters__is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingChanged, match="--set changes nothing"):
        compare(small(), small(**{"seed": 1}), out=tmp_path)

    assert list(tmp_path.iterdir()) == []
